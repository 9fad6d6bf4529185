"""People on pages: added once, given access with times, shown with what is known, and gone when they leave."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData
from tests.web.test_pages import HTML, send, token_of

from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.web.api.shapes import to_rule
from latchwork.web.pages.forms import Fields
from latchwork.web.pages.routes.guests import until
from latchwork.web.pages.rule_forms import fields_of_rule, rule_of_fields, rule_words
from latchwork.web.pages.texts import texts_of
from latchwork.web.pages.words import Words
from latchwork.web.problems import Problem

NOW = 1_800_000_000.0
WORDS = Words(texts_of("en"), "Europe/Berlin", NOW)
DAY = 86_400.0


async def token(owner):
    return token_of((await owner.get("/people/add", **HTML)).text)


async def post(owner, path, referer="/", **fields):
    return await send(owner, path, referer, csrf_token=await token(owner), **fields)


async def added(world, owner, name="Ada", **fields):
    """Somebody was added by the form; gives the answer and the person's id."""
    answer = await post(owner, "/people/add", name=name, **fields)
    person = next(each for each in world.house.repository.persons() if each.name == name)
    return answer, person.id


async def test_somebody_is_added_once_for_all_doors_and_the_code_is_shown_once(world, owner):
    front, _ = await world.door_with_lock(owner)
    answer, person_id = await added(world, owner, door_ids=front, code_choice="random")
    (code,) = re.findall(r'class="big-code"[^>]*>(\d+)<', answer.text)
    assert "content-encoding" not in answer.headers
    (access,) = world.house.repository.accesses(person_id=person_id)
    assert (access.door_ids, access.rule) == ((front,), Always())
    for path in ("/people", f"/people/{person_id}", "/people/matrix"):
        page = await owner.get(path, **HTML)
        assert "Ada" in page.text
        assert code not in page.text


async def test_what_was_typed_stays_when_something_is_not_right(world, owner):
    answer = await post(owner, "/people/add", name="Ada", email="ada@example.org", code_choice="own", code="739218a")
    assert answer.status == 422
    assert 'value="Ada"' in answer.text
    assert 'value="ada@example.org"' in answer.text
    assert "739218a" not in answer.text
    assert world.house.repository.persons() == []


async def test_reading_a_code_back_needs_the_password_again_after_a_while(world, owner):
    answer, person_id = await added(world, owner, code_choice="own", code="739218")
    assert answer.status == 200
    (credential,) = world.house.repository.credentials(person_id)
    shown = await post(owner, f"/credentials/{credential.id}/reveal")
    assert "739218" in shown.text
    world.clock.advance(3600)
    asked = await owner.get(f"/credentials/{credential.id}/reveal", **HTML)
    assert asked.headers["location"].startswith("/confirm?next=")
    refused = await post(owner, f"/credentials/{credential.id}/reveal")
    assert refused.headers["location"].startswith("/confirm?next=")


async def test_a_resident_sees_people_and_changes_none(world, owner):
    _, person_id = await added(world, owner, code_choice="own", code="739218")
    resident = await world.account(owner, "Rita", "resident")
    page = await resident.get(f"/people/{person_id}", **HTML)
    assert "Ada" in page.text
    assert "Give access" not in page.text
    assert (await resident.get("/people/add", **HTML)).status == 403
    (credential,) = world.house.repository.credentials(person_id)
    assert (await resident.get(f"/credentials/{credential.id}/reveal", **HTML)).status == 403


async def test_access_is_given_changed_and_ended(world, owner):
    front, _ = await world.door_with_lock(owner)
    _, person_id = await added(world, owner, code_choice="no")
    weekly = {"rule": "weekly", "days_0": ["tue", "thu"], "from_0": "09:00", "to_0": "12:00"}
    none = await post(owner, f"/people/{person_id}/access", **weekly)
    assert none.status == 422
    assert (await post(owner, f"/people/{person_id}/access", door_ids=front, **weekly)).status == 303
    (access,) = world.house.repository.accesses(person_id=person_id)
    assert access.rule == Weekly((Hours(frozenset({1, 3}), 540, 720),))
    page = (await owner.get(f"/accesses/{access.id}", **HTML)).text
    assert 'name="days_0" value="tue" checked' in page
    changes = {"door_ids": front, "rule": "always", "is_enabled": "1", "etag": f'"v{access.version}"'}
    assert (await post(owner, f"/accesses/{access.id}", **changes)).status == 303
    late = await post(owner, f"/accesses/{access.id}", **changes)
    assert late.status == 412
    assert world.house.repository.access(access.id).rule == Always()
    await post(owner, f"/accesses/{access.id}/end")
    assert world.house.repository.accesses(person_id=person_id) == []


async def test_somebody_moves_out_only_when_their_name_is_typed(world, owner):
    _, person_id = await added(world, owner, code_choice="no")
    wrong = await post(owner, f"/people/{person_id}/move-out", confirm="Ben")
    assert wrong.status == 422
    assert world.house.repository.person(person_id).left_at is None
    right = await post(owner, f"/people/{person_id}/move-out", confirm=" ada ")
    assert right.status == 303, right.text[-900:]
    page = (await owner.get(f"/people/{person_id}", **HTML)).text
    assert "Gone from every lock" in page
    assert "Ada" not in (await owner.get("/people", **HTML)).text
    assert "Ada" in (await owner.get("/people?left=true", **HTML)).text


async def test_a_guest_has_a_code_in_three_answers(world, owner):
    front, _ = await world.door_with_lock(owner)
    nobody = await post(owner, "/guest", name="", door_ids=front, until="today")
    assert "Say who comes" in nobody.text
    nowhere = await post(owner, "/guest", name="Plumber", until="today")
    assert "Choose a door" in nowhere.text
    assert 'value="Plumber"' in nowhere.text
    ready = await post(owner, "/guest", name="Plumber", door_ids=front, until="tomorrow")
    assert ready.status == 200
    (code,) = re.findall(r'class="big-code"[^>]*>(\d+)<', ready.text)
    assert code in ready.text.split("<textarea")[1]
    assert "on this computer alone" not in ready.text


@pytest.mark.parametrize("host", ["127.0.0.1:8126", "localhost:8126", "[::1]:8126"])
async def test_a_link_that_the_guest_could_not_open_is_told_before_it_is_sent(world, owner, host):
    front, _ = await world.door_with_lock(owner)
    sent = {"name": "Plumber", "door_ids": front, "until": "tomorrow", "csrf_token": await token(owner)}
    ready = await owner.ask(
        "POST",
        "/guest",
        body=urlencode(sent).encode(),
        content_type="application/x-www-form-urlencoded",
        host=host,
        origin=f"http://{host}",
        x_csrf_token=None,
        **HTML,
    )
    assert ready.status == 200
    assert "on this computer alone" in ready.text


def test_a_tap_means_a_time_of_the_site_also_when_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2027, 3, 27, 20, 0, tzinfo=berlin).timestamp()
    words = Words(texts_of("en"), "Europe/Berlin", evening)
    rule = to_rule(until("tomorrow", words, evening))
    assert datetime.fromtimestamp(rule.end, berlin) == datetime(2027, 3, 28, 12, 0, tzinfo=berlin)
    assert to_rule(until("today", words, evening)).end == datetime(2027, 3, 28, 0, 0, tzinfo=berlin).timestamp()
    with pytest.raises(Problem):
        until("never", words, evening)


MINUTES = st.integers(0, 1439)
SPAN = st.tuples(st.integers(0, 300), st.integers(1, 300)).map(
    lambda days: (NOW + days[0] * DAY, NOW + (days[0] + days[1]) * DAY)
)
STRETCH = st.builds(Hours, st.frozensets(st.integers(0, 6), min_size=1), MINUTES, st.integers(1, 1439)).filter(
    lambda hours: hours.start != hours.end
)
RULES = st.one_of(
    st.just(Always()),
    st.builds(
        lambda hours, off: Weekly(tuple(hours), is_off_on_holidays=off),
        st.lists(STRETCH, min_size=1, max_size=6),
        st.booleans(),
    ),
    SPAN.map(lambda span: Window(*span)),
    st.just(Once()) | SPAN.map(lambda span: Once(*span)),
    st.integers(1, 192).map(lambda quarters: FirstUse(quarters * 15)),
)


@given(rule=RULES)
def test_a_rule_that_goes_through_a_form_is_the_same(rule):
    fields = fields_of_rule(rule, WORDS)
    sent = [("rule", fields.kind), ("start", fields.start), ("end", fields.end), ("hours", str(fields.hours))]
    sent += [("is_off_on_holidays", "1")] if fields.is_off_on_holidays else []
    for number, stretch in enumerate(fields.stretches):
        sent += [(f"days_{number}", day) for day in stretch.days]
        sent += [(f"from_{number}", stretch.start), (f"to_{number}", stretch.end)]
    again = to_rule(rule_of_fields(Fields(FormData(sent)), WORDS))
    assert again == rule
    assert rule_words(again, texts_of("en"), WORDS)


@given(
    st.dictionaries(
        st.sampled_from(["rule", "start", "end", "hours", "days_0", "from_0", "to_0", "except_on"]),
        st.text(max_size=30),
    )
)
def test_a_form_with_anything_in_it_is_a_rule_or_says_what_is_wrong(sent):
    problem = None
    try:
        to_rule(rule_of_fields(Fields(FormData(list(sent.items()))), WORDS))
    except Problem as raised:
        problem = raised
    assert problem is None or problem.status == 422


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Weekly((Hours(frozenset(range(5)), 540, 1020),)), "Mon\N{EN DASH}Fri 09:00\N{EN DASH}17:00"),
        (Weekly((Hours(frozenset({5, 6}), 0, 1440),), is_off_on_holidays=True), "Sat, Sun 00:00\N{EN DASH}24:00, not on holidays"),
        (Window(NOW, NOW + DAY), "Today, 09:00 until Tomorrow, 09:00"),
        (FirstUse(90), "an hour and 30 minutes from the first use"),
        (Once(), "One opening"),
    ],
)  # fmt: skip
def test_rules_are_said_in_few_words(rule, said):
    assert rule_words(rule, texts_of("en"), WORDS) == said


def test_days_are_named_as_people_name_them():
    assert [WORDS.day(NOW + days * DAY) for days in (-1, 0, 1, 3, 30, 400)] == [
        *("Yesterday", "Today", "Tomorrow", "Monday"),
        *("Sun 14 Feb", "19 Feb 2028"),
    ]
    assert WORDS.local(NOW) == datetime.fromtimestamp(NOW, UTC)
    assert [WORDS.lasting(seconds) for seconds in (10, 60, 3600, 5400, 90_000)] == [
        *("a minute", "a minute", "an hour", "an hour and 30 minutes", "a day and an hour"),
    ]
