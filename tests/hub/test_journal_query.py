"""Looking things up: what a list in memory would give, page by page, whatever is written meanwhile."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.journal.journal import Filter, Journal
from latchwork.hub.journal.query import MAX_PAGE
from latchwork.store.database import Database

SOME_KINDS = (Kind.OPENED, Kind.LOCKED, Kind.ALARM, Kind.AUDIT)
NAMES = ("", "Ann", "ann_b", "50 %", "Özgür", "ÖZGÜR", "a\\b")


def entry(at, **said):
    return Entry(at=float(at), kind=said.pop("kind", Kind.OPENED), **said)


entries = st.builds(
    entry,
    at=st.integers(100_000, 100_006),
    lock_at=st.none() | st.sampled_from([0.0, 100_003.0, 100_004.5, 100_200.0, 9e9]),
    kind=st.sampled_from(SOME_KINDS),
    door_id=st.sampled_from([None, "door_1", "door_2"]),
    lock_id=st.sampled_from([None, "lock_1"]),
    person_id=st.sampled_from([None, "person_1", "person_2"]),
    person_name=st.sampled_from(NAMES),
    door_name=st.sampled_from(NAMES),
    detail=st.sampled_from([{}, {"x": "Ann"}]),
)


def seldom(*values, otherwise=None):
    """Mostly nothing asked for: a filter of everything at once finds nothing, and tests nothing."""
    return st.sampled_from([otherwise] * 4 * len(values) + list(values))


filters = st.builds(
    Filter,
    door_id=seldom("door_1"),
    lock_id=seldom("lock_1"),
    person_id=seldom("person_1"),
    kinds=st.just(frozenset()) | st.frozensets(st.sampled_from(SOME_KINDS), max_size=3),
    text=seldom("ann", "ANN", "_", "%", "\\", "özgür", "Özgür", "nobody", otherwise=""),
    start=seldom(100_001.0, 100_003.0),
    end=seldom(100_003.0, 100_004.6, 100_006.0),
)


def happened(one):
    """When it was: by the lock where its clock can be right, else when it was told."""
    is_right = one.lock_at is not None and one.at - 35 * 86400 <= one.lock_at <= one.at + 120
    return one.lock_at if is_right else one.at


def holds(wanted, one):
    texts = (one.door_name, one.person_name, one.fabric_name, one.actor, '{"x":"Ann"}' if one.detail else "{}")
    spellings = {wanted.text, wanted.text.lower(), wanted.text.upper(), wanted.text.title()}
    return (
        wanted.door_id in (None, one.door_id)
        and wanted.lock_id in (None, one.lock_id)
        and wanted.person_id in (None, one.person_id)
        and (not wanted.kinds or one.kind in wanted.kinds)
        and (wanted.start is None or happened(one) >= wanted.start)
        and (wanted.end is None or happened(one) < wanted.end)
        and any(re.search(re.escape(each), text, re.ASCII | re.IGNORECASE) for each in spellings for text in texts)
    )


def oracle(kept, wanted, *, oldest_first):
    found = sorted((one for one in kept if holds(wanted, one)), key=lambda one: (happened(one), one.seq))
    return found if oldest_first else found[::-1]


async def pages(journal, wanted, limit, **how):
    found, cursor = [], None
    while True:
        page = await journal.page(wanted, cursor=cursor, limit=limit, **how)
        assert len(page.entries) == limit or page.cursor is None
        found += page.entries
        assert len(found) < 1000, "the pages have no end"
        cursor = page.cursor
        if cursor is None:
            return found


@given(st.lists(entries, max_size=25), st.lists(filters, min_size=1, max_size=6), st.integers(1, 8), st.booleans())
@settings(max_examples=120, deadline=None)
async def test_every_question_is_answered_as_a_list_would(written, questions, limit, oldest_first):
    async with Database.memory() as database:
        journal = Journal(database)
        kept = await journal.append(written)
        for wanted in questions:
            found = await pages(journal, wanted, limit, oldest_first=oldest_first)
            assert found == oracle(kept, wanted, oldest_first=oldest_first)


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_entries_of_the_same_instant_are_all_shown_once(oldest_first):
    async with Database.memory() as database:
        journal = Journal(database)
        kept = await journal.append([entry(5) for _ in range(7)])
        for limit in range(1, 9):
            found = await pages(journal, Filter(), limit, oldest_first=oldest_first)
            assert found == (kept if oldest_first else kept[::-1])


@given(st.lists(st.lists(entries, max_size=6), min_size=1, max_size=8), st.integers(1, 4), filters)
@settings(max_examples=80, deadline=None)
async def test_a_reader_misses_nothing_and_sees_nothing_twice_while_others_write(batches, limit, wanted):
    async with Database.memory() as database:
        journal = Journal(database)
        at_first = [one for one in await journal.append(batches[0]) if holds(wanted, one)]
        page = await journal.page(wanted, limit=limit)
        found = list(page.entries)
        waiting = batches[1:]
        while page.cursor is not None:
            if waiting:
                await journal.append(waiting.pop())
            page = await journal.page(wanted, cursor=page.cursor, limit=limit)
            found += page.entries
    order = [(happened(one), one.seq) for one in found]
    assert order == sorted(set(order), reverse=True)
    assert {one.seq for one in at_first} <= {one.seq for one in found}


async def test_an_event_that_was_read_late_stands_where_it_happened():
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append([entry(1000, lock_at=999.0), entry(90_000, lock_at=500.0), entry(95_000)])
        page = await journal.page()
    assert [one.lock_at for one in page.entries] == [None, 999.0, 500.0]


async def test_a_lock_whose_clock_is_thirty_years_off_does_not_hide_what_it_says():
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.append([entry(1.7e9), entry(1.7e9 + 5, lock_at=7.5e8), entry(1.7e9 + 9)])
        page = await journal.page(Filter(start=1.7e9 + 1, end=1.7e9 + 8))
    assert [one.lock_at for one in page.entries] == [7.5e8]


async def test_names_stay_as_they_were_when_people_are_called_otherwise_later():
    async with Database.memory() as database:
        journal = Journal(database)
        old = entry(1, person_id="person_1", person_name="Ann Smith", door_name="Front")
        await journal.append([old, replace(old, person_name="Ann Miller", door_name="Garden")])
        page = await journal.page(Filter(person_id="person_1"), oldest_first=True)
        (found,) = (await journal.page(Filter(text="smith"))).entries
    assert [one.person_name for one in page.entries] == ["Ann Smith", "Ann Miller"]
    assert found.door_name == "Front"


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", "1.2.3", f"{1 << 64}.1", "1.1;DROP TABLE journal"])
async def test_a_cursor_that_nobody_gave_is_refused(cursor):
    async with Database.memory() as database:
        with pytest.raises(Misuse):
            await Journal(database).page(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
async def test_a_page_has_a_bound(limit):
    async with Database.memory() as database:
        with pytest.raises(Misuse):
            await Journal(database).page(limit=limit)
        with pytest.raises(Misuse):
            await Journal(database).since(0, limit=limit)


@pytest.mark.parametrize("text", ["x" * 101, "a\0"])
async def test_what_cannot_be_looked_for_is_refused(text):
    async with Database.memory() as database:
        with pytest.raises(Misuse):
            await Journal(database).page(Filter(text=text))


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(start=5.0, end=9.0),
        Filter(person_id="person_1", start=5.0, end=9.0),
        Filter(door_id="door_1"),
        Filter(kinds=frozenset([Kind.ALARM])),
        Filter(kinds=frozenset(SOME_KINDS)),
    ],
)
async def test_no_common_question_looks_at_every_entry(wanted):
    """The plan of SQLite walks an index in the order of the answer and sorts nothing that grows with the journal."""
    from latchwork.hub.journal.query import _statement

    statement, parameters = _statement(wanted, "7.7", 51, oldest_first=False, until_seq=None)
    async with Database.memory() as database:
        plan = database.read(
            lambda connection: [
                row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            ]
        )
    assert not [step for step in plan if step.startswith("SCAN journal")]
    if not wanted.kinds:
        assert not [step for step in plan if "TEMP B-TREE" in step]
