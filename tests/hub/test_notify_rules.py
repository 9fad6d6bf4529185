"""Who hears of what, in which words, and how many messages that makes."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.hub.notify.outbox import GATHER_S, MAX_WAITING, PER_MINUTE, STALE_S, Outbox
from latchwork.hub.notify.rules import Notice, Rule, Topic, quiet_until, topics_of, wants
from latchwork.hub.notify.texts import SHOWN, message_of, text_of

BERLIN = ZoneInfo("Europe/Berlin")
OURS = {"lock_1": 1}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def entry(kind=Kind.OPENED, **rest):
    values = {"at": at("2026-05-04T14:05"), "door_name": "Front", "door_id": "door_1", "lock_id": "lock_1"} | rest
    return Entry(kind=kind, **values)


def notice(topic="opened", when=0.0, **rest):
    return Notice(**({"topics": frozenset({topic}), "text": f"{topic}", "at": when} | rest))


# What is what


def test_an_entry_is_a_case_of_its_kind_and_of_what_that_means():
    assert topics_of(entry(), OURS) == {"opened"}
    assert topics_of(entry(Kind.BATTERY, detail={"level": "critical"}), OURS) == {"battery", "low_battery"}
    assert topics_of(entry(Kind.BATTERY, detail={"level": "ok"}), OURS) == {"battery"}
    assert topics_of(entry(Kind.CODE_ADDED, fabric_index=1), OURS) == {"code_added"}
    assert topics_of(entry(Kind.CODE_ADDED, fabric_index=2), OURS) == {"code_added", "foreign_code"}
    assert topics_of(entry(Kind.USER_ADDED), OURS) == {"user_added", "foreign_code"}
    assert topics_of(entry(Kind.AUDIT, detail={"did": "calendar_failed"}), OURS) == {"audit", "calendar_failed"}
    assert topics_of(entry(Kind.AUDIT, detail={"did": "granted"}), OURS) == {"audit"}


def test_a_rule_asks_by_kind_door_and_person():
    rule = Rule(id="r", topics=frozenset({"opened", Topic.LOW_BATTERY}))
    assert wants(rule, notice())
    assert not wants(rule, notice("locked"))
    at_front, for_ada = replace(rule, door_ids=("door_1",)), replace(rule, person_ids=("ada",))
    assert wants(at_front, notice(door_id="door_1"))
    assert not wants(at_front, notice(door_id="door_2"))
    assert not wants(at_front, notice())
    assert wants(for_ada, notice(person_id="ada"))
    assert not wants(for_ada, notice(person_id="ben"))


@pytest.mark.parametrize(
    ("begin", "end", "now", "until"),
    [
        ("22:00", "07:00", "2026-05-04T23:00", "2026-05-05T07:00"),
        ("22:00", "07:00", "2026-05-05T06:59", "2026-05-05T07:00"),
        ("22:00", "07:00", "2026-05-05T07:00", None),
        ("22:00", "07:00", "2026-05-05T21:59", None),
        ("13:00", "15:00", "2026-05-05T14:00", "2026-05-05T15:00"),
        ("13:00", "15:00", "2026-05-05T16:00", None),
        ("22:00", "07:00", "2026-03-28T23:00", "2026-03-29T07:00"),
        ("22:00", "07:00", "2026-10-24T23:00", "2026-10-25T07:00"),
        ("22:00", "24:00", "2026-05-05T23:00", "2026-05-06T00:00"),
        ("08:00", "08:00", "2026-05-05T23:00", None),
    ],
)
def test_quiet_hours_are_by_the_wall_of_the_site(begin, end, now, until):
    minutes = [int(each[:2]) * 60 + int(each[3:]) for each in (begin, end)]
    rule = Rule(id="r", quiet_from=minutes[0], quiet_to=minutes[1])
    assert quiet_until(rule, at(now), BERLIN) == (None if until is None else at(until))


@given(st.integers(0, 1440), st.integers(0, 1440), st.floats(1.7e9, 1.9e9))
def test_quiet_ends_within_a_day_and_after_now(begin, end, now):
    until = quiet_until(Rule(id="r", quiet_from=begin, quiet_to=end), now, BERLIN)
    assert until is None or now < until <= now + 25 * 3600 + 60


# Words


def test_a_text_says_where_what_who_and_how():
    assert text_of(entry(person_name="Ada", how=How.KEYPAD)) == "Front: opened by Ada with a code"
    assert text_of(entry(Kind.LOCKED, how=How.AUTO)) == "Front: locked by itself"
    assert text_of(entry(Kind.DURESS, person_name="Ada")) == "Front: OPENED UNDER DURESS by Ada"
    assert (
        text_of(entry(Kind.BATTERY, detail={"level": "warning", "percent": 12})) == "Front: the battery is low (12 %)"
    )
    assert text_of(entry(Kind.CODE_ADDED, fabric_name="Apple")) == "Front: a code or key was put on the lock by Apple"
    assert text_of(entry(Kind.REACHABILITY, detail={"reachable": False})) == "Front: the lock does not answer"
    assert text_of(entry(Kind.RESTORED, door_name="")) == "The hub was restored from a backup"


@given(st.sampled_from(Kind), st.sampled_from(How), st.dictionaries(st.text(max_size=8), st.just("739218"), max_size=4))
def test_nothing_of_the_details_gets_into_a_text(kind, how, detail):
    text = text_of(entry(kind, how=how, detail=detail, credential_kind=CredentialKind.PIN))
    assert "739218" not in text
    assert text.startswith("Front: ")


def test_a_message_shows_some_and_counts_the_rest():
    now = at("2026-05-04T14:05")
    notices = [notice(when=now - 86_400 * (number == 0), text=f"line {number}") for number in range(SHOWN + 3)]
    message = message_of(notices, 9, site="Home", now=now, zone=BERLIN)
    lines = message.body.split("\n")
    assert message.title == "Home"
    assert lines[0] == "line 0, 2026-05-03 14:05"
    assert lines[1] == "line 1, 14:05"
    assert lines[SHOWN:] == ["and 12 more"]


# How many


def sent(outbox, start, end, quiet=lambda _: None):
    """When messages go out, and what is in them."""
    found, now = [], start
    while (due := outbox.due_at(now, quiet(now))) is not None and max(due, now) < end:
        now = max(due, now)
        batch = outbox.take(now)
        if batch is not None:
            found.append((now, batch))
    return found


def test_what_happens_together_is_one_message():
    outbox = Outbox()
    outbox.put(notice(when=100.0), 100.0)
    outbox.put(notice("locked", 100.5), 100.5)
    ((when, batch),) = sent(outbox, 100.5, 200.0)
    assert when == 100.0 + GATHER_S
    assert len(batch.notices) == 2


def test_a_storm_is_a_few_messages_and_nothing_is_lost_from_the_count():
    outbox, messages = Outbox(), []
    for number in range(600):
        now = 1000.0 + number * 0.1
        outbox.put(notice(when=now), now)
        messages += sent(outbox, now, now + 0.1)
    messages += sent(outbox, 1060.0, 2000.0)
    assert sum(len(batch.notices) + batch.more for _, batch in messages) == 600
    times = [when for when, _ in messages]
    for begin in times:
        assert sum(begin <= each < begin + 60 for each in times) <= PER_MINUTE


def test_there_is_a_bound_on_what_waits():
    outbox = Outbox()
    for number in range(MAX_WAITING + 50):
        outbox.put(notice(when=10.0), 10.0 + number * 0.001)
    assert len(outbox.waiting) == MAX_WAITING
    batch = outbox.take(20.0)
    assert len(batch.notices) + batch.more == MAX_WAITING + 50


def test_it_is_quiet_until_the_end_of_the_quiet_hours_but_for_duress():
    outbox = Outbox()
    outbox.put(notice(when=100.0), 100.0)
    quiet = lambda now: 5000.0 if now < 5000 else None  # noqa: E731 - one of several small changes
    assert sent(outbox, 100.0, 4999.0, quiet) == []
    outbox.put(notice("duress", 200.0), 200.0)
    ((when, batch),) = sent(outbox, 200.0, 4999.0, quiet)
    assert when == 200.0
    assert [each.is_urgent for each in batch.notices] == [True]
    ((when, batch),) = sent(outbox, 201.0, 6000.0, quiet)
    assert when == 5000.0
    assert len(batch.notices) == 1


def test_what_is_old_is_no_news():
    outbox = Outbox()
    outbox.put(notice(when=0.0), 0.0)
    assert outbox.take(STALE_S + 1) is None
    assert outbox.waiting == []


def test_what_could_not_be_sent_waits_again_behind_what_is_urgent():
    outbox = Outbox()
    outbox.put(notice(when=10.0), 10.0)
    batch = outbox.take(20.0)
    outbox.put(notice("duress", 21.0), 21.0)
    outbox.put_back(batch)
    assert [each.is_urgent for each in outbox.take(21.0).notices] == [True]
    assert [each.text for each in outbox.waiting] == ["opened"]
    assert Outbox(waiting=[notice(seq=7), notice(seq=9)]).told_until(20) == 6
    assert Outbox().told_until(20) == 20
