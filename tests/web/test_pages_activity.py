"""Activity on pages: each line says what the journal says and no more, and a day is a day also when clocks change."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.test_pages import HTML

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import Entry, How, Kind, Why
from latchwork.web.pages.charts import day_strip, line_chart
from latchwork.web.pages.routes.activity import _day
from latchwork.web.pages.telling import ATTENTION, GROUPS, told
from latchwork.web.pages.texts import texts_of
from latchwork.web.pages.words import Words

TEXTS = texts_of("en")
NOW = 1_800_000_000.0


def entry(kind, **said):
    return Entry(seq=1, at=NOW, kind=kind, door_id="door_1", door_name="Front", lock_id="lock_1", **said)


ENTRIES = st.builds(
    Entry,
    at=st.just(NOW),
    kind=st.sampled_from(Kind),
    how=st.sampled_from(How),
    why_unknown=st.none() | st.sampled_from(Why),
    person_name=st.sampled_from(["", "Ada"]),
    fabric_name=st.sampled_from(["", "Apple (Home)"]),
    credential_kind=st.none() | st.sampled_from(CredentialKind),
    actor=st.sampled_from(["", "account:a", "calendar:x"]),
    detail=st.sampled_from(
        [{}, {"did": "granted"}, {"did": "something_new"}, {"reachable": True}, {"level": "warning"}]
    ),
)


@given(ENTRIES)
def test_everything_that_the_journal_can_say_has_words(found):
    line = told(found, TEXTS, {"account:a": "Olive"})
    assert line.what
    assert line.who == found.person_name
    assert line.is_attention == (found.kind in ATTENTION)


def test_every_kind_way_and_reason_has_its_own_text():
    for area, values in (("kind", Kind), ("how", How), ("why", Why)):
        for value in values:
            assert f"word.{area}.{value.value}" in TEXTS


def test_nobody_is_named_who_was_not_said():
    line = told(entry(Kind.LOCKED, how=How.MANUAL, why_unknown=Why.MANUAL), TEXTS, {})
    assert (line.who, line.how) == ("", "by hand")
    assert "not known" in line.unknown
    line = told(entry(Kind.OPENED, how=How.REMOTE, why_unknown=Why.ECOSYSTEM, fabric_name="Google (Home)"), TEXTS, {})
    assert "Google (Home)" in line.unknown
    assert "Google (Home)" in line.how


def test_what_somebody_should_look_at_is_among_comings_and_goings():
    assert GROUPS["passages"] >= ATTENTION


@pytest.mark.parametrize(("day", "hours"), [("2027-03-28", 23), ("2027-10-31", 25), ("2027-05-01", 24)])
def test_a_day_has_as_many_hours_as_it_has(day, hours):
    start, end = _day(day, Words(TEXTS, "Europe/Berlin", NOW), NOW)
    assert end - start == hours * 3600


@given(st.lists(st.tuples(st.floats(-1, 2), st.sampled_from(["open", "bad"])), max_size=20), st.text(max_size=20))
def test_pictures_are_sound_whatever_they_show(marks, label):
    label = "".join(each for each in label if each.isprintable())
    for picture in (
        day_strip(marks, label),
        line_chart([(at, at * 100) for at, _ in marks], label, start=0, end=1, grid=[50]),
    ):
        assert ET.fromstring(picture).get("aria-label") == label


async def journal_of(world, *entries):
    await world.house.journal.append(entries)


async def test_a_page_has_what_was_asked_for_and_the_rest_behind_a_link(world, owner):
    await journal_of(
        world,
        *(entry(Kind.OPENED, how=How.KEYPAD, person_id=None, person_name=f"Guest {n}") for n in range(60)),
        entry(Kind.REFUSED, how=How.KEYPAD, why_unknown=Why.UNKNOWN_CREDENTIAL),
    )
    page = (await owner.get("/activity", **HTML)).text
    assert "Refused" in page
    assert page.count('class="line happening') == 50
    older = re.search(r'href="(/activity\?[^"]*cursor=[^"]+)"', page)[1].replace("&amp;", "&")
    second = (await owner.get(older, **HTML)).text
    assert second.count('class="line happening') == 11
    only = (await owner.get("/activity?show=attention", **HTML)).text
    assert "Guest" not in only.partition('id="activity"')[2]
    assert "attention" in only


async def test_the_page_is_not_for_guests_and_takes_no_nonsense(world, owner):
    guest = await world.account(owner, "Gus", "guest")
    assert (await guest.get("/activity", **HTML)).status == 403
    assert (await owner.get("/activity?show=nonsense", **HTML)).status == 422
    assert (await owner.get("/activity?day=tomorrow", **HTML)).status == 422
    assert (await owner.get("/activity?cursor=nonsense", **HTML)).status == 422
    assert "Nothing like this" in (await owner.get("/activity?search=zzz", **HTML)).text
