"""The journal as a file: everything in it, nothing that a spreadsheet would run, and no more memory for more entries."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import GENESIS, Entry, How, Kind, Why, chained, octets_of
from latchwork.hub.journal.export import FIELDS, as_csv, as_json_lines
from latchwork.hub.journal.journal import Filter, Journal
from latchwork.store.database import Database

FULL = Entry(
    at=1_700_000_000.123456,
    kind=Kind.OPENED,
    lock_at=1_700_000_000.5,
    door_id="door_1",
    door_name="Vordertür",
    lock_id="lock_1",
    person_id="person_1",
    person_name="Ann",
    credential_kind=CredentialKind.PIN,
    credential_id="credential_1",
    how=How.KEYPAD,
    fabric_index=2,
    fabric_name="Apple (Home)",
    node_id=0x1_0000_0002,
    event_number=7,
    detail={"a": 1},
)


@pytest.fixture
async def journal():
    async with Database.memory() as database:
        yield Journal(database)


async def whole(pieces):
    return "".join([piece async for piece in pieces])


async def table(journal, *wanted):
    return list(csv.DictReader(io.StringIO(await whole(as_csv(journal, *wanted)), newline="")))


async def test_a_csv_file_says_everything(journal):
    (kept,) = await journal.append([FULL])
    assert await table(journal) == [
        {
            "seq": "1",
            "at": "2023-11-14T22:13:20.123456Z",
            "lock_at": "2023-11-14T22:13:20.500000Z",
            "kind": "opened",
            "door_id": "door_1",
            "door_name": "Vordertür",
            "lock_id": "lock_1",
            "person_id": "person_1",
            "person_name": "Ann",
            "credential_kind": "pin",
            "credential_id": "credential_1",
            "how": "keypad",
            "fabric_index": "2",
            "fabric_name": "Apple (Home)",
            "node_id": "0000000100000002",
            "event_number": "7",
            "why_unknown": "",
            "actor": "",
            "detail": '{"a":1}',
            "hash": kept.hash.hex(),
        }
    ]


async def test_a_journal_with_nothing_in_it_is_a_line_of_names(journal):
    assert await whole(as_csv(journal)) == f"{','.join(FIELDS)}\r\n"
    assert await whole(as_json_lines(journal)) == ""


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\xa0=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
        '=HYPERLINK("x")',
    ],
)
async def test_no_cell_is_a_formula(journal, name):
    await journal.append(
        [Entry(at=1, kind=Kind.OPENED, person_name=name, door_name=name, actor=name, fabric_name=name)]
    )
    (line,) = await table(journal)
    for field in ("person_name", "door_name", "actor", "fabric_name"):
        assert line[field] == f"'{name}"


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(names, names), max_size=6))
@settings(max_examples=60, deadline=None)
async def test_any_name_comes_through_both_forms(said):
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append([Entry(at=1, kind=Kind.AUDIT, person_name=one, actor=two) for one, two in said])
        lines = await table(journal)
        objects = [json.loads(line) for line in (await whole(as_json_lines(journal))).split("\n")[:-1]]
    assert [(each["person_name"], each["actor"]) for each in objects] == said
    for line, (one, two) in zip(lines, said, strict=True):
        assert line["person_name"] in {one, f"'{one}"}
        assert line["actor"] in {two, f"'{two}"}
        assert not any(value[:1] in "=+-@\t\r" for value in line.values() if value)


async def test_json_lines_are_enough_to_make_every_hash_again(journal):
    await journal.append([FULL, Entry(at=2, kind=Kind.LOCKED, why_unknown=Why.MANUAL, how=How.MANUAL)])
    said = [json.loads(line) for line in (await whole(as_json_lines(journal))).splitlines()]
    digest = GENESIS
    for each in sorted(said, key=lambda each: each["seq"]):
        values = [each[field] for field in FIELDS[:-1]]
        for place in (1, 2):
            values[place] = values[place] and micros(values[place])
        node = values[FIELDS.index("node_id")]
        values[FIELDS.index("node_id")] = node and int(node, 16)
        values[-1] = json.dumps(values[-1], separators=(",", ":"), sort_keys=True)
        digest = chained(digest, octets_of(values))
        assert each["hash"] == digest.hex()
    assert digest == journal.head().hash


def micros(text):
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


async def test_only_what_was_asked_for_comes_oldest_first(journal):
    await journal.append([Entry(at=at, kind=kind) for at in (3, 1, 2) for kind in (Kind.OPENED, Kind.LOCKED)])
    lines = await table(journal, Filter(kinds=frozenset([Kind.LOCKED]), start=2))
    assert [(line["kind"], line["at"][:19]) for line in lines] == [
        ("locked", "1970-01-01T00:00:02"),
        ("locked", "1970-01-01T00:00:03"),
    ]


async def test_what_is_written_meanwhile_is_not_in_it(journal):
    await journal.append([Entry(at=float(at), kind=Kind.OPENED) for at in range(1500)])
    pieces = as_json_lines(journal)
    found = await anext(pieces)
    await journal.append([Entry(at=5000.0, lock_at=4999.0, kind=Kind.ALARM)])
    found += "".join([piece async for piece in pieces])
    assert [json.loads(line)["seq"] for line in found.splitlines()] == list(range(1, 1501))


async def test_a_date_that_no_calendar_has_is_written_as_a_number(journal):
    await journal.append([Entry(at=1, lock_at=1e12, kind=Kind.OPENED)])
    assert (await table(journal))[0]["lock_at"] == "1000000000000000000 us"


async def test_a_long_journal_takes_no_more_memory_than_a_page(journal):
    for begin in range(0, 12_000, 1000):
        await journal.append(
            [Entry(at=float(at), kind=Kind.OPENED, door_name="x" * 100) for at in range(begin, begin + 1000)]
        )
    async for _ in as_csv(journal):
        pass
    tracemalloc.start()
    try:
        size = 0
        async for piece in as_csv(journal):
            size += len(piece)
        verdict = await journal.verify()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict.checked == 12_000
    assert size > 2_800_000
    assert peak < 2_500_000
