"""The journal: what was written stays, and whoever changes, removes or adds a line is found out."""

import random
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.hub.books.rows import RowDamaged
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal import journal as journal_module
from latchwork.hub.journal.entries import COLUMNS, GENESIS, Entry, Head, How, Kind, Why
from latchwork.hub.journal.journal import Fault, Journal, append
from latchwork.store.database import ConstraintBroken, Database
from latchwork.store.errors import StoreDamaged

ANN = {"person_id": "person_ann", "person_name": "Ann Example"}
TRIGGERS = ("journal_is_not_rewritten", "journal_keeps_what_is_chained", "journal_goes_forward")


def opened(at=1000.0, **said):
    return Entry(at=at, kind=Kind.OPENED, how=How.KEYPAD, door_id="door_front", door_name="Front door", **said)


def some(count):
    return [opened(1000.0 + index, event_number=index, **(ANN if index % 2 else {})) for index in range(count)]


@pytest.fixture
async def journal():
    async with Database.memory() as database:
        yield Journal(database)


async def forge(journal, *statements):
    """What somebody does who holds the file."""

    def write(connection):
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)

    await journal.database.write(write)


async def fault(journal, *against):
    verdict = await journal.verify(*against)
    assert verdict.is_whole == (verdict.fault is None) == (verdict.first_bad is None)
    return verdict.first_bad, verdict.fault


# Keeping


async def test_what_was_appended_comes_back_as_it_was(journal):
    full = Entry(
        at=1_700_000_000.123456,
        kind=Kind.REFUSED,
        lock_at=1_700_000_000.5,
        door_id="door_front",
        door_name="Vordertür 🚪",
        lock_id="lock_1",
        person_id="person_ann",
        person_name='Ann "the" Example\n',
        credential_kind=CredentialKind.PIN,
        credential_id="credential_1",
        how=How.KEYPAD,
        fabric_index=2,
        fabric_name="Apple (Home)",
        node_id=0xFFFF_FFEF_FFFF_FFFF,
        event_number=(1 << 63) - 1,
        why_unknown=Why.NOT_SAID,
        actor="account:1",
        detail={"b": [1, None, True], "a": {"x": "ü"}},
    )
    kept = await journal.append([full, opened()])
    page = await journal.page(oldest_first=True)
    assert [entry.seq for entry in kept] == [1, 2]
    assert sorted(page.entries, key=lambda entry: entry.seq) == kept
    assert kept[0] == Entry(**{name: getattr(full, name) for name in full.__slots__} | {"seq": 1, "hash": kept[0].hash})
    assert journal.head() == Head(2, kept[1].hash)


async def test_nothing_appended_changes_nothing(journal):
    assert await journal.append([]) == []
    assert journal.head() == Head(0, GENESIS)
    assert (await journal.verify()).is_whole


async def test_whoever_follows_gets_every_entry_in_the_order_of_writing(journal):
    await journal.append(some(5))
    assert [entry.seq for entry in await journal.since(2, limit=2)] == [3, 4]
    assert [entry.seq for entry in await journal.since(4)] == [5]
    assert await journal.since(5) == []


async def test_entries_of_one_call_are_kept_together_or_not_at_all(journal):
    with pytest.raises(Misuse):
        await journal.append([opened(), opened(actor="x" * 301)])
    assert journal.head().seq == 0


async def test_entries_join_the_transaction_of_what_they_tell_of(journal):
    def write(connection):
        append(connection, [opened()])
        raise sqlite3.IntegrityError("what it tells of failed")

    with pytest.raises(ConstraintBroken):
        await journal.database.write(write)
    assert journal.head().seq == 0
    assert (await journal.verify()).is_whole


async def test_the_journal_survives_its_process(tmp_path):
    async with Database(tmp_path / "hub.db") as database:
        await Journal(database).append(some(3))
        head = Journal(database).head()
    async with Database(tmp_path / "hub.db") as database:
        journal = Journal(database)
        await journal.append(some(1))
        verdict = await journal.verify(head)
    assert (verdict.is_whole, verdict.checked) == (True, 4)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET person_name = 'Bob'",
        "DELETE FROM journal WHERE seq = 2",
        "UPDATE journal_chain SET head_seq = 1",
        "DELETE FROM journal",
    ],
)
async def test_our_own_mistakes_are_stopped_before_they_are_written(journal, statement):
    await journal.append(some(3))
    with pytest.raises(ConstraintBroken):
        await journal.database.write(lambda connection: connection.execute(statement).rowcount)
    assert (await journal.verify()).checked == 3


# Never a secret


@pytest.mark.parametrize(
    "detail",
    [
        {"pin": "1234"},
        {"was": {"Code": 1234}},
        {"list": [{"password": "x"}]},
        {"octets": b"1234"},
        {"fraction": 0.5},
        {1: "x"},
        {"long": "x" * 5000},
        {"half": "\ud800"},
        {"deep": [[[[[[[[1]]]]]]]]},
    ],
)
async def test_details_that_could_be_a_secret_or_cannot_be_kept_are_refused_without_quoting_them(journal, detail):
    with pytest.raises(Misuse) as refused:
        await journal.append([opened(detail=detail)])
    assert "1234" not in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        {"person_name": "x" * 301},
        {"person_name": "half \ud800"},
        {"lock_id": "a\0b"},
        {"event_number": -1},
        {"event_number": 1 << 63},
        {"node_id": 1 << 64},
        {"lock_at": float("nan")},
        {"lock_at": 1e300},
    ],
)
async def test_what_cannot_be_kept_is_refused(journal, said):
    with pytest.raises(Misuse):
        await journal.append([opened(**said)])


# The chain

CHANGES = {
    "seq": 99,
    "at_us": 5,
    "lock_at_us": 5,
    "kind": "locked",
    "door_id": "x",
    "door_name": "x",
    "lock_id": "",
    "person_id": "x",
    "person_name": "x",
    "credential_kind": "pin",
    "credential_id": "x",
    "how": "card",
    "fabric_index": 0,
    "fabric_name": "x",
    "node_id": 0,
    "event_number": 99,
    "why_unknown": "manual",
    "actor": "x",
    "detail_json": '{"x":1}',
    "hash": b"\0" * 32,
}


def test_every_column_has_a_change_that_is_tried():
    assert tuple(CHANGES) == COLUMNS


@given(count=st.integers(1, 12), data=st.data())
@settings(max_examples=60, deadline=None)
async def test_any_change_of_any_value_is_found(count, data):
    seq = data.draw(st.integers(1, count))
    column = data.draw(st.sampled_from(COLUMNS))
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append(some(count))
        await forge(journal, (f"UPDATE journal SET {column} = ? WHERE seq = ?", (CHANGES[column], seq)))
        first_bad, found = await fault(journal)
    assert first_bad == seq
    assert found is (Fault.MISSING if column == "seq" and seq < count else found)


@given(count=st.integers(2, 12), data=st.data())
@settings(max_examples=60, deadline=None)
async def test_any_deletion_insertion_and_swap_is_found(count, data):
    one, other = data.draw(st.lists(st.integers(1, count), min_size=2, max_size=2, unique=True))
    how = data.draw(st.sampled_from(["delete", "insert", "swap", "move", "in front", "behind"]))
    rest = ", ".join(COLUMNS[1:])
    copy = f"INSERT INTO journal (seq, {rest}) SELECT ?, {rest} FROM journal WHERE seq = ?"
    done = {
        "delete": [("DELETE FROM journal WHERE seq = ?", (one,))],
        "insert": [
            ("UPDATE journal SET seq = -seq WHERE seq >= ?", (one,)),
            ("UPDATE journal SET seq = 1 - seq WHERE seq < 0", ()),
            (copy, (one, one + 1)),
        ],
        "swap": [
            ("UPDATE journal SET seq = 0 WHERE seq = ?", (one,)),
            ("UPDATE journal SET seq = ? WHERE seq = ?", (one, other)),
            ("UPDATE journal SET seq = ? WHERE seq = 0", (other,)),
        ],
        "move": [
            ("DELETE FROM journal WHERE seq = ?", (one,)),
            (copy, (one, other)),
        ],
        "in front": [(copy, (-one, one))],
        "behind": [(copy, (count + 1, one))],
    }[how]
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append(some(count))
        await forge(journal, *done)
        first_bad, found = await fault(journal)
    assert first_bad is not None
    assert found is (Fault.ADDED if how in {"in front", "behind"} else found)
    assert first_bad <= {"behind": count + 1, "swap": min(one, other)}.get(how, one + 1)


async def test_a_cut_tail_is_found_even_when_the_newest_place_was_forged_too(journal):
    kept = await journal.append(some(8))
    head = journal.head()
    cut = ("UPDATE journal_chain SET head_seq = 5, head_hash = ?", (kept[4].hash,))
    await forge(journal, "DELETE FROM journal WHERE seq > 5", cut)
    assert await fault(journal) == (None, None), "the chain alone cannot know"
    assert await fault(journal, head) == (6, Fault.OTHER_CHAIN)
    assert await fault(journal, Head(5, kept[4].hash)) == (None, None)


async def test_a_tail_cut_without_that_is_found_by_itself(journal):
    await journal.append(some(8))
    await forge(journal, "DELETE FROM journal WHERE seq > 5")
    assert await fault(journal) == (6, Fault.MISSING)


async def test_a_forged_newest_hash_is_found(journal):
    await journal.append(some(3))
    await forge(journal, ("UPDATE journal_chain SET head_hash = ?", (b"\1" * 32,)))
    assert await fault(journal) == (3, Fault.CHANGED)


async def test_a_journal_written_anew_is_found_by_a_head_that_was_kept(journal):
    await journal.append(some(4))
    head = journal.head()
    async with Database.memory() as database:
        forged = Journal(database)
        await forged.append([opened(person_name="Bob"), *some(6)])
        assert await fault(forged) == (None, None)
        assert await fault(forged, head) == (4, Fault.OTHER_CHAIN)
    assert await fault(journal, head, Head(4, b"\1" * 32)) == (4, Fault.OTHER_CHAIN), "both cannot be right"


async def test_octets_that_are_no_text_are_found_and_not_thrown(journal):
    await journal.append(some(3))
    await forge(journal, "UPDATE journal SET person_name = CAST(x'ff' AS TEXT) WHERE seq = 2")
    assert await fault(journal) == (2, Fault.UNREADABLE)


async def test_a_line_that_cannot_be_read_is_neither_skipped_nor_guessed(journal):
    await journal.append(some(3))
    await forge(journal, "UPDATE journal SET kind = 'burgled' WHERE seq = 2")
    with pytest.raises(RowDamaged):
        await journal.page()


async def test_a_damaged_list_of_numbers_is_said(journal):
    await journal.database.write(
        lambda connection: connection.execute("INSERT INTO journal_source VALUES (7, '[]', '{}')").rowcount
    )
    with pytest.raises(StoreDamaged):
        journal.numbers(7)


def test_a_head_survives_being_written_down():
    head = Head(12, bytes(range(32)))
    assert Head.parse(f" {head}\n") == head
    for text in ("", "12", "x:00", f"-1:{'00' * 32}", "1:00", f"1;{'00' * 32}"):
        with pytest.raises(Misuse):
            Head.parse(text)


# Retention


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(journal_module, "PRUNED_AT_ONCE", 3)


@pytest.mark.usefixtures("small_steps")
@given(count=st.integers(1, 15), rounds=st.lists(st.integers(990, 1020), max_size=4))
@settings(max_examples=40, deadline=None)
async def test_retention_keeps_the_chain_verifiable(count, rounds):
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append(some(count))
        early = journal.head()
        for before in rounds:
            kept = [entry for entry in await journal.since(0, 1000) if entry.at >= before]
            removed = await journal.prune(before, at=5000.0)
            now = await journal.since(0, 1000)
            assert now[: len(kept)] == kept
            assert all(entry.kind is Kind.PRUNED for entry in now[len(kept) :])
            assert sum(entry.detail["entries"] for entry in now[len(kept) :]) == removed
        verdict = await journal.verify(early)
        assert verdict.is_whole
        assert verdict.unchecked == ((early,) if early.seq < verdict.anchor.seq else ())
        await journal.append(some(2))
        assert (await journal.verify(early)).is_whole


async def test_everything_may_be_pruned_and_places_are_never_given_again(journal):
    await journal.append(some(5))
    assert await journal.prune(2000.0, at=3000.0) == 5
    assert await journal.prune(4000.0, at=5000.0) == 1
    assert [entry.seq for entry in await journal.since(0)] == [7]
    assert (await journal.verify()).is_whole


async def test_removing_the_oldest_entries_in_silence_is_found(journal):
    kept = await journal.append(some(6))
    cut = ("UPDATE journal_chain SET anchor_seq = 3, anchor_hash = ?", (kept[2].hash,))
    await forge(journal, "DELETE FROM journal WHERE seq <= 3", cut)
    assert await fault(journal) == (3, Fault.ANCHOR)


async def test_removing_more_than_retention_said_is_found(journal):
    kept = await journal.append(some(6))
    await journal.prune(1002.0, at=2000.0)
    assert await fault(journal) == (None, None)
    assert await fault(journal, Head(2, kept[1].hash)) == (None, None)
    assert await fault(journal, Head(2, kept[0].hash)) == (2, Fault.OTHER_CHAIN)
    cut = ("UPDATE journal_chain SET anchor_seq = 3, anchor_hash = ?", (kept[2].hash,))
    await forge(journal, "DELETE FROM journal WHERE seq <= 3", cut)
    assert await fault(journal) == (3, Fault.ANCHOR)


async def test_an_entry_from_the_future_stops_retention_at_itself(journal):
    await journal.append([opened(1.0), opened(9e9), opened(2.0)])
    assert await journal.prune(1000.0, at=1000.0) == 1
    assert [entry.at for entry in await journal.since(0)] == [9e9, 2.0, 1000.0]


async def test_random_stories_of_appending_and_pruning_end_whole(journal):
    dice = random.Random(3)
    heads = []
    at = 0.0
    for _ in range(60):
        at += dice.random() * 100
        if dice.random() < 0.2:
            await journal.prune(at - 500, at=at)
        else:
            await journal.append([opened(at) for _ in range(dice.randrange(4))])
        heads.append(journal.head())
    verdict = await journal.verify(*heads)
    assert verdict.is_whole
    assert verdict.unchecked
