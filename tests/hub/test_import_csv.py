"""People from a table: whatever octets come, there is a report or one documented refusal, and no code is repeated."""

import codecs
import csv
import io
import logging
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latchwork.base.clock import ManualClock
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Credential, CredentialKind, Door, Person, Site
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rules import MIDNIGHT, Always, Hours, Weekly, Window
from latchwork.hub.journal.journal import Journal
from latchwork.hub.people import import_texts as texts
from latchwork.hub.people.import_csv import MAX_ROWS, MAX_SIZE, Column, CsvRefused, read_table
from latchwork.hub.people.import_rows import read_rows
from latchwork.hub.people.importing import Imports, Result
from latchwork.store.database import Database

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 1, tzinfo=ZONE).timestamp()
FRONT, BACK = Door(id="d1", name="Front"), Door(id="d2", name="Back, left", lock_id="l2")
DOORS = (FRONT, BACK)
WEEK = frozenset(range(7))


def at(*when):
    return datetime(*when, tzinfo=ZONE).timestamp()


def table(text):
    return read_table(text.encode())


def rows(text, doors=DOORS, **rest):
    return read_rows(table(text), doors, ZONE, NOW, **rest)


def one(header, *cells, **rest):
    out = io.StringIO()
    csv.writer(out).writerows([header.split(","), cells])
    (row,) = rows(out.getvalue(), **rest)
    return row


# The table


@pytest.mark.parametrize(
    "octets",
    [
        b"Name,PIN\r\nAda,739164\r\n",
        b"name;pin code\nAda;739164",
        b"Full Name\tAccess code\nAda\t739164\n",
        b'"User name","userCode"\n"Ada","739164"\n',
        b"\n\n NAME , Code (6 digits) \n\nAda,739164\n",
        b"\xef\xbb\xbfname,code\nAda,739164\n",
        codecs.BOM_UTF16_LE + "name\tcode\r\nAda\t739164\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "name\tcode\r\nAda\t739164\r\n".encode("utf-16-be"),
        b'name,code,"Notes, if any"\nAda,739164,"a;b;c;d"\n',
        b"door_code,guest_name\n739164,Ada\n",
        b"name;code\rAda;739164\r",
        b"First name,Last-Name,PIN\nAda,,739164\n",
    ],
)
def test_the_ways_in_which_programs_write_tables_are_understood(octets):
    found = read_table(octets)
    (row,) = found.rows
    assert row.code == b"739164"
    assert Column.CODE not in row.cells
    assert " ".join(row.cells.values()) == "Ada"


def test_columns_that_are_not_understood_are_named():
    found = table("name,slot,colour,,739164\nAda,3,red,,x\n")
    assert found.columns == (Column.NAME,)
    assert found.ignored == ("slot", "colour"), "a header that is a number may be somebody's code"


def test_lines_are_counted_as_an_editor_counts_them():
    found = table('name,email\n\n"Ada\nByron",a\n\n\nBen,b\n')
    assert [(row.line, row.cells[Column.NAME]) for row in found.rows] == [(3, "Ada Byron"), (7, "Ben")]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "names no column"),
        (b"739164,Ada\n", "names no column"),
        (b"name,pin,code\n", "two columns"),
        (b"name,user name\n", "two columns"),
        (b"\xff\xfe\x00", "no text"),
        (b"name\nJos\xe9\n", "no text"),
        (b'name,code\nAda,"739164\n', "line 2"),
        (b'name,code\n"Ada"x,739164\n', "line 2"),
        (b"name" + b",x" * 64, "columns"),
        (b"name\n" + b"Ada\n" * (MAX_ROWS + 1), "lines"),
        (b"name\n" + b"A" * MAX_SIZE, "MiB"),
        (b'name\n"' + b"A" * 200_000 + b'"', "line 2"),
    ],
)
def test_what_is_no_table_of_people_is_refused_with_the_reason(octets, words):
    with pytest.raises(CsvRefused, match=words) as caught:
        read_table(octets)
    assert "739164" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__cause__ is None


def test_a_code_is_not_printed_with_its_line():
    (row,) = table("name,code\nAda,739164\n").rows
    assert "739164" not in repr(row)
    assert "739164" not in repr(rows("name,code\nAda,739164\n"))


# Lines


@pytest.mark.parametrize("written", ["739164", " 739164 ", "'739164", '="739164"', '"739164"', "#739164"])
def test_what_keeps_a_spreadsheet_off_a_code_is_taken_off(written):
    assert one("name,code", "Ada", written).code == b"739164"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("7.39164E+05", texts.CODE_ROUNDED),
        ("7E5", texts.CODE_ROUNDED),
        ("739164.0", texts.CODE_ROUNDED),
        ("73916a", texts.CODE_NOT_DIGITS),
        ("7391-64", texts.CODE_NOT_DIGITS),
        ("٧٣٩١٦٤", texts.CODE_NOT_DIGITS),
        ("739", texts.CODE_TOO_SHORT.format(least=4)),
        ("7" * 33, texts.CODE_TOO_LONG.format(greatest=32)),
    ],
)
def test_a_code_that_is_none_is_refused(written, problem):
    found = one("name,code", "Ada", written)
    assert found.problem == problem
    assert written not in found.problem
    assert found.code == b""


def test_codes_that_may_have_lost_their_zeros_are_pointed_at():
    found = rows("name,code\nA,739164\nB,481604\nC,39164\nD,9268357\n")
    assert [texts.LOST_ZEROS in row.warnings for row in found] == [False, False, True, False]
    assert texts.LOST_ZEROS in one("name,code", "Ada", "39164", code_length=6).warnings
    assert not any(texts.LOST_ZEROS in row.warnings for row in rows("name,code\nA,739164\nB,48160\n"))


def test_weak_codes_missing_ones_and_missing_doors_are_pointed_at():
    found = one("name,code", "Ada", "111111")
    assert found.warnings == (texts.WEAK.format(why="the same digits again and again"), texts.NO_DOOR)
    assert one("name,doors", "Ada", "front").warnings == (texts.NO_CODE,)
    assert one("name,code,doors", "Ada", "739164", "Front").warnings == ()


@pytest.mark.parametrize(
    ("written", "doors"),
    [
        ("Front", (FRONT,)),
        (" front ", (FRONT,)),
        ("FRONT; front", (FRONT,)),
        ("Back, left", (BACK,)),
        ("all", DOORS),
        ("*", DOORS),
        ("", ()),
    ],
)
def test_doors_are_found_by_name(written, doors):
    assert one("name,doors", "Ada", written).doors == doors


def test_a_door_that_is_not_there_or_there_twice_is_refused():
    assert one("name,doors", "Ada", "Front;Shed").problem == texts.UNKNOWN_DOOR.format(name="Shed")
    twins = (FRONT, Door(id="d3", name="front"))
    assert one("name,doors", "Ada", "Front", doors=twins).problem == texts.DOORS_ALIKE.format(name="Front")


@pytest.mark.parametrize(
    ("header", "cells", "rule"),
    [
        ("name", (), Always()),
        ("from,until", ("2026-05-02", "2026-05-03"), Window(at(2026, 5, 2), at(2026, 5, 4))),
        ("from,until", ("2026-05-02 15:00", "2026-05-03T11:00"), Window(at(2026, 5, 2, 15), at(2026, 5, 3, 11))),
        ("check-in,check-out", ("02.05.2026 15:00", "3.5.2026"), Window(at(2026, 5, 2, 15), at(2026, 5, 4))),
        ("start,end", ("05/14/2026 3:00 PM", "16/05/2026"), Window(at(2026, 5, 14, 15), at(2026, 5, 17))),
        ("start,end", ("2026-05-02T13:00Z", "2026-05-02T15:00+0100"), Window(at(2026, 5, 2, 15), at(2026, 5, 2, 16))),
        (
            "arrival date,check in time,departure date,check out time",
            ("2026-10-24", "15:00", "2026-10-25", "11:00"),
            Window(at(2026, 10, 24, 15), at(2026, 10, 25, 11)),
        ),
        ("from,until", ("2026-05-02", ""), Weekly((Hours(WEEK, 0, MIDNIGHT),), start=at(2026, 5, 2))),
        ("from,until", ("", "2026-05-02"), Weekly((Hours(WEEK, 0, MIDNIGHT),), end=at(2026, 5, 3))),
        ("weekdays", ("Mon-Fri",), Weekly((Hours(frozenset(range(5)), 0, MIDNIGHT),))),
        ("days,hours", ("Thu", "9:00-12:30"), Weekly((Hours(frozenset({3}), 540, 750),))),
        ("days,hours", ("daily", "22:00 \u2013 06:00"), Weekly((Hours(WEEK, 1320, 360),))),
        ("hours", ("9 am to 5 pm",), Weekly((Hours(WEEK, 540, 1020),))),
        ("start time,end time", ("00:00", "24:00"), Weekly((Hours(WEEK, 0, MIDNIGHT),))),
        (
            "days,hours,from,until",
            ("Mo We Fr", "08:00-16:00", "2026-05-04", "2026-05-29"),
            Weekly((Hours(frozenset({0, 2, 4}), 480, 960),), start=at(2026, 5, 4), end=at(2026, 5, 30)),
        ),
    ],
)
def test_times_are_read_in_the_zone_of_the_site(header, cells, rule):
    found = one(f"name,{header}" if cells else "name", "Ada", *cells)
    assert (found.problem, found.rule) == ("", rule)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("Mon", {0}),
        ("monday, TUESDAY", {0, 1}),
        ("Mo/Di".replace("Di", "Tu"), {0, 1}),
        ("Fri-Mon", {4, 5, 6, 0}),
        ("Sat and Sun", {5, 6}),
        ("weekends", {5, 6}),
        ("weekdays + Sat", {0, 1, 2, 3, 4, 5}),
        ("M W F", {0, 2, 4}),
        ("Tues, Thurs", {1, 3}),
        ("Wed to Fri", {2, 3, 4}),
    ],
)
def test_days_of_the_week(written, days):
    (hours,) = one("name,weekdays", "Ada", written).rule.hours
    assert hours.days == days


@pytest.mark.parametrize(
    ("header", "cells", "problem"),
    [
        ("from,until", ("05/06/2026", "06/06/2026"), texts.NO_DATE.format(column="from")),
        ("until", ("2026-02-30",), texts.NO_DATE.format(column="until")),
        ("until", ("46143",), texts.NO_DATE.format(column="until")),
        ("until", ("2026-05-02 25:00",), texts.NO_DATE.format(column="until")),
        ("until", ("2026-05-02 12:00+99:00",), texts.NO_DATE.format(column="until")),
        ("until", ("9999-05-02",), texts.NO_DATE.format(column="until")),
        ("from,until", ("2026-05-03", "2026-05-02"), texts.END_BEFORE_START),
        ("until", ("2026-04-30",), texts.IS_OVER),
        ("days", ("T",), texts.NO_DAYS),
        ("days", ("1-5",), texts.NO_DAYS),
        ("days", (",",), texts.NO_DAYS),
        ("hours", ("9-5",), texts.NO_TIME.format(column="hours")),
        ("hours", ("09:00",), texts.NO_TIME.format(column="hours")),
        ("hours", ("09:00-09:00",), texts.END_BEFORE_START),
        ("start time", ("09:00",), texts.HALF_HOURS),
        ("start time,end time", ("13 pm", "14:00"), texts.NO_TIME.format(column="from_time")),
        ("hours,start time", ("09:00-10:00", "09:00"), texts.HOURS_TWICE),
        ("email", ("a" * 301,), texts.CONTACT_TOO_LONG.format(limit=300)),
        ("email", ("a" * 1001,), texts.NOT_A_LINE),
        ("email", ("\x00",), texts.NOT_A_LINE),
        ("email", ("a", "b"), texts.NOT_A_LINE),
    ],
)
def test_what_has_no_single_meaning_is_refused_and_not_guessed(header, cells, problem):
    assert one(f"name,{header}", "Ada", *cells).problem == problem


def test_a_line_without_a_name_is_refused():
    assert one("name,code", "", "739164").problem == texts.NO_NAME
    assert one("name,code", "A" * 101, "739164").problem == texts.NAME_TOO_LONG.format(limit=100)


# The house


class House:
    def __init__(self, database, secrets):
        self.woken = []
        self.desk = Desk(
            repository=Repository(database),
            secrets=secrets,
            journal=Journal(database),
            bus=Bus(),
            clock=ManualClock(now=0.0, utc=NOW),
            entropy=__import__("random").Random(7).randbytes,
        )
        can = Capabilities(has_users=True, users=9, kinds={CredentialKind.PIN: 9}, pin_length=(4, 6))
        self.imports = Imports(self.desk, wake_doors=self.woken.append, capabilities={"l2": can}.get)

    async def people(self, text, *, dry_run=False):
        octets = text.encode() if isinstance(text, str) else text
        return await self.imports.people(octets, dry_run=dry_run, actor="account:a")


@pytest.fixture
async def house():
    async with Database.memory() as database:
        secrets = await Secrets.open(database, __import__("random").Random(3).randbytes)
        made = House(database, secrets)
        from latchwork.hub.house.entities import Lock

        await made.desk.repository.put_site(Site(time_zone="Europe/Berlin"))
        await made.desk.repository.put_lock(Lock(id="l2", node_id=2))
        for door in DOORS:
            await made.desk.repository.put_door(door)
        yield made


FAMILY = (
    "name,email,phone,code,doors,days\n"
    "Ada,ada@example.com,,739164,Front,\n"
    "Ben,,+49 30 123,481604,all,Mon-Fri\n"
    'Ada,ADA@example.com,,926357,"Back, left",weekends\n'
    "Cleo,,,,,\n"
)


async def test_people_come_with_codes_doors_and_times(house):
    report = await house.people(FAMILY)
    assert [(row.line, row.name, row.result) for row in report.rows] == [
        (2, "Ada", Result.ADDED),
        (3, "Ben", Result.ADDED),
        (4, "Ada", Result.ADDED),
        (5, "Cleo", Result.ADDED),
    ]
    assert report.persons == 3
    repository = house.desk.repository
    ada, ben, cleo = repository.persons()
    assert (ada.email, ben.phone, cleo.email) == ("ada@example.com", "+49 30 123", "")
    assert len({person.unique_id for person in (ada, ben, cleo)}) == 3
    code_at = {
        access.door_ids: [bytes(house.desk.secrets.get(each, 1)) for each in access.credential_ids]
        for access in repository.accesses(person_id=ada.id)
    }
    assert code_at == {("d1",): [b"739164"], ("d2",): [b"926357"]}, "each code for its own doors"
    (bens,) = repository.accesses(person_id=ben.id)
    assert (set(bens.door_ids), bens.credential_ids) == ({"d1", "d2"}, ())
    assert [set(doors) for doors in house.woken] == [{"d1", "d2"}]
    said = [entry.detail["did"] for entry in await house.desk.journal.since(0)]
    assert said.count("person_added") == 3
    assert said.count("credential_added") == 3
    assert said.count("granted") == 3


async def test_a_dry_run_says_the_same_and_does_nothing(house):
    dry = await house.people(FAMILY, dry_run=True)
    assert dry.is_dry_run
    assert house.desk.repository.persons() == []
    assert house.woken == []
    assert house.desk.journal.head().seq == 0
    real = await house.people(FAMILY)
    assert (dry.rows, dry.persons) == (real.rows, real.persons)


async def test_whoever_is_there_already_stays_as_they_are(house):
    await house.people(FAMILY)
    before = house.desk.journal.head()
    again = await house.people(FAMILY.replace("739164", "350947").replace("Front", "all"))
    assert {row.result for row in again.rows} == {Result.EXISTS}
    assert again.persons == 0
    assert house.desk.journal.head() == before


async def test_a_name_with_another_address_is_another_person(house):
    await house.desk.repository.put_person(Person(id="p", name="Ada  LOVELACE", unique_id=5, email="ada@example.com"))
    report = await house.people("name,email,phone\nada lovelace,other@example.com,\nAda Lovelace,,\n")
    assert [row.result for row in report.rows] == [Result.ADDED, Result.EXISTS]
    assert texts.SAME_NAME in report.rows[0].warnings


async def test_a_code_that_somebody_has_is_refused_without_saying_whose(house):
    await house.people("name,code\nAda,739164\n")
    report = await house.people("name,code\nBen,739164\nCleo,481604\nDora,481604\n")
    assert [row.result for row in report.rows] == [Result.REFUSED, Result.ADDED, Result.REFUSED]
    assert report.rows[0].problem == report.rows[2].problem == texts.CODE_TAKEN
    assert "Ada" not in repr(report)
    assert [person.name for person in house.desk.repository.persons()] == ["Ada", "Cleo"]


async def test_a_person_comes_wholly_or_not_at_all(house):
    report = await house.people("name,code,doors\nAda,739164,Front\nAda,481604,Shed\nBen,926357,Front\n")
    assert [row.result for row in report.rows] == [Result.REFUSED, Result.REFUSED, Result.ADDED]
    assert report.rows[0].problem == texts.OTHER_LINE
    assert [person.name for person in house.desk.repository.persons()] == ["Ben"]


async def test_a_code_that_is_taken_at_the_last_moment_leaves_nothing_behind(house):
    holders = house.desk.secrets.holders
    await house.desk.repository.put_person(Person(id="p", name="Zoe", unique_id=5))
    await house.desk.repository.put_credential(Credential(id="c", person_id="p", length=6))
    await house.desk.secrets.put("c", 1, b"739164")

    class Late:
        def __getattr__(self, name):
            return getattr(secrets, name)

        def holders(self, _):
            return []

    secrets, house.desk.secrets = house.desk.secrets, Late()
    report = await house.people("name,code,doors\nAda,739164,Front\n")
    assert holders(b"739164") == [("c", 1)]
    assert report.rows[0].problem == texts.CODE_TAKEN
    assert report.persons == 0
    assert [person.name for person in house.desk.repository.persons()] == ["Zoe"]
    assert house.woken == []


async def test_a_code_that_does_not_fit_a_lock_is_pointed_at(house):
    report = await house.people("name,code,doors\nAda,73916482,all\nBen,739164,all\n", dry_run=True)
    told = texts.CODE_LENGTH.format(door="Back, left", least=4, greatest=6)
    assert [told in row.warnings for row in report.rows] == [True, False]


async def test_no_code_is_told_anywhere(house, caplog):
    table = "name,code,doors,739164\nAda,739164,Front,\nBen,481604,Shed,\nCleo,9263x7,Front,\nDora,739164,all,\nEve,350947,,x,y\n"
    with caplog.at_level(logging.DEBUG):
        report = await house.people(table)
        entries = await house.desk.journal.since(0)
    told = repr(report) + repr(entries) + caplog.text
    for code in ("739164", "481604", "9263x7", "350947"):
        assert code not in told


CELLS = st.one_of(
    st.sampled_from(
        ["Ada", "ada", "Ben", "739164", "0042", "Front", "all", "2026-05-02", "Mon-Fri", "09:00-17:00", "", '"']
    ),
    st.text(max_size=12),
)
HEADERS = st.lists(st.sampled_from([column.value for column in Column] + ["x", ""]), min_size=1, max_size=8)


@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(str.encode),
        st.tuples(HEADERS, st.lists(st.lists(CELLS, max_size=9), max_size=6), st.sampled_from(",;\t")).map(
            lambda drawn: "\n".join(drawn[2].join(line) for line in (drawn[0], *drawn[1])).encode("utf-8", "replace")
        ),
    )
)
@example(b"name\n\x00")
@example(b'name,code\n"')
@example(b"\xff\xfe")
@example(b"name,until\nAda,2026-10-25 02:30\n")
@settings(deadline=None, max_examples=300)
def test_any_octets_give_a_report_or_the_one_refusal(octets):
    try:
        found = read_table(octets)
    except CsvRefused:
        return
    for row in read_rows(found, DOORS, ZONE, NOW):
        assert row.line >= 1
        assert not row.problem or row.problem[0].isupper() or row.problem[0] == "\u201c"
        assert row.code == b"" or (row.code.isdigit() and 4 <= len(row.code) <= 32)


@given(
    st.tuples(
        HEADERS.map(lambda header: list(dict.fromkeys(["name", *header]))),
        st.lists(st.lists(CELLS, max_size=9), max_size=6),
    )
)
@settings(deadline=None, max_examples=40)
def test_the_real_run_keeps_what_the_dry_run_promised(drawn):
    import asyncio
    from random import Random

    out = io.StringIO()
    csv.writer(out).writerows([drawn[0], *drawn[1]])
    octets = out.getvalue().encode("utf-8", "replace")

    async def play():
        async with Database.memory() as database:
            house = House(database, await Secrets.open(database, Random(3).randbytes))
            for door in (FRONT, Door(id="d2", name="Back")):
                await house.desk.repository.put_door(door)
            try:
                dry = await house.people(octets, dry_run=True)
            except CsvRefused:
                return
            real = await house.people(octets)
            assert (dry.rows, dry.persons) == (real.rows, real.persons)
            assert len(house.desk.repository.persons()) == real.persons
            again = await house.people(octets)
            assert again.persons == 0

    asyncio.run(play())
