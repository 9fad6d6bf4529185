"""Doors, people and the journal in words: nothing is said that the API did not say."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from latchwork.base.errors import Misuse
from latchwork.cli.asking import ask_secret
from latchwork.cli.door_words import battery, leaf_state, lock_state, reach, troubles
from latchwork.cli.journal_words import in_words, what
from latchwork.cli.people_words import move_out_words, progress, row_of
from latchwork.hub.journal.entries import How, Kind, Why

NOW = datetime(2027, 3, 24, 15, 30, tzinfo=UTC)
ENTRY = {
    "kind": "opened",
    "person_name": "",
    "how": "unknown",
    "why_unknown": None,
    "fabric_name": "",
    "actor": "",
    "credential_kind": None,
    "detail": {},
}


def plain(markup):
    console = Console(no_color=True, width=200)
    with console.capture() as capture:
        console.print(markup, end="")
    return capture.get()


def door(**status):
    whole = {
        "lock_state": "locked",
        "door_state": "closed",
        "battery_percent": 80,
        "battery_level": "ok",
        "is_reachable": True,
        "why_unreachable": "",
        "since": None,
    }
    return {"id": "door_1", "name": "Front", "lock_id": "lock_1", "status": whole | status}


def test_a_door_says_what_its_lock_said():
    assert plain(lock_state(door())) == "locked"
    assert plain(lock_state(door(lock_state=None))) == "-"
    assert plain(leaf_state(door(door_state="forced_open"))) == "forced open"
    assert plain(leaf_state(door(door_state=None))) == "-"
    assert plain(battery(door(battery_percent=12, battery_level="critical"))) == "12 %"
    assert plain(battery(door(battery_percent=None))) == "ok"
    assert plain(battery(door(battery_percent=None, battery_level=None))) == "-"
    assert plain(lock_state({"status": None})) == "no lock"


def test_a_lock_that_does_not_answer_says_since_when_and_why():
    since = (NOW - timedelta(hours=3)).isoformat()
    gone = door(is_reachable=False, why_unreachable="no answer [x]", since=since)
    assert plain(reach(gone, NOW)) == "no for 3 h: no answer [x]"
    assert plain(reach(door(), NOW)) == "yes"


def test_the_worst_trouble_comes_first():
    def wrong(message):
        return {"message": message}

    sync = {"errors": [], "warnings": [], "pending": 0, "is_in_step": True}
    assert troubles(sync) == troubles(None) == ""
    assert plain(troubles(sync | {"pending": 2, "is_in_step": False})) == "2 under way"
    assert plain(troubles(sync | {"is_in_step": False})) == "not read yet"
    assert plain(troubles(sync | {"warnings": [wrong("needs the hub")]})) == "needs the hub"
    both = sync | {"errors": [wrong("full"), wrong("asleep")], "warnings": [wrong("needs the hub")]}
    assert plain(troubles(both)) == "full (+1)"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"person_name": "Ada", "how": "keypad"}, "Ada opened at the keypad"),
        ({"how": "manual", "why_unknown": "manual"}, "was opened by hand"),
        (
            {"how": "remote", "why_unknown": "ecosystem", "fabric_name": "Apple"},
            "was opened from afar (Apple does not say who)",
        ),
        ({"kind": "refused", "how": "keypad", "why_unknown": "unknown_credential"}, "refused somebody at the keypad"),
        ({"kind": "code_added", "credential_kind": "rfid", "person_name": "Ben"}, "a card was added · Ben"),
        ({"kind": "battery", "detail": {"percent": 15, "level": "warning"}}, "battery 15 %, warning"),
        (
            {"kind": "reachability", "detail": {"reachable": False, "why": "asleep"}},
            "reachability does not answer, asleep",
        ),
        (
            {"kind": "audit", "actor": "account:1", "detail": {"did": "moved_out"}, "person_name": "Kim"},
            "Olive: moved out · Kim",
        ),
        ({"person_name": "[red]Eve[/]", "how": "card"}, "[red]Eve[/] opened with a card"),
    ],
)
def test_an_entry_in_words(said, words):
    assert plain(what(ENTRY | said, {"account:1": "Olive"})).startswith(words)
    if said.get("kind") != "audit":
        assert in_words(ENTRY | said).startswith(words)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("who", ["", "Ada"])
def test_every_kind_of_entry_has_words(kind, who):
    assert plain(what(ENTRY | {"kind": kind.value, "person_name": who}, {}))


@pytest.mark.parametrize(("how", "why"), [(How.KEYPAD, each) for each in Why] + [(each, None) for each in How])
def test_every_way_and_every_reason_has_words(how, why):
    entry = ENTRY | {"how": how.value, "why_unknown": None if why is None else why.value}
    shown = plain(what(entry, {}))
    assert shown.startswith("was opened")
    assert in_words(entry) == shown


def access(proof="proved", pending=(), errors=()):
    lock = {"door_id": "door_1", "pending": list(pending), "proof": proof, "errors": list(errors), "warnings": []}
    return {"rule": {"kind": "always"}, "door_ids": ["door_1"], "is_enabled": True, "locks": [lock]}


def test_progress_is_that_of_the_weakest_lock():
    assert plain(progress([access("used"), access("occupied")])) == "on the lock"
    assert plain(progress([access("used"), access("none", ["waiting"])])) == "1 of 2"
    assert plain(progress([access("accepted", ["changing_code"])])) == "0 of 1"
    assert plain(progress([access(errors=[{"message": "the lock is full"}])])) == "the lock is full"


def test_people_in_a_row():
    person = {"name": "Ada", "left_at": None, "accesses": []}
    doors = {"door_1": "Front"}
    assert plain(row_of(person, doors, UTC, NOW)[1]) == "nothing"
    assert [plain(each) for each in row_of(person | {"accesses": [access()]}, doors, UTC, NOW)] == [
        *("Ada", "Front"),
        *("always", "proved"),
    ]
    assert "moved out" in row_of(person | {"left_at": NOW.isoformat()}, doors, UTC, NOW)[1]


def test_moving_out_names_what_is_left():
    person = {"name": "Kim"}
    left = {"lock_id": "lock_1", "door_name": "Garage", "credentials": 1, "is_reachable": False}
    said = plain(move_out_words({"person": person, "is_gone_everywhere": False, "still_on": [left]}))
    assert "Garage: the lock does not answer" in said
    assert "gone from every lock" in plain(
        move_out_words({"person": person, "is_gone_everywhere": True, "still_on": []})
    )


@pytest.mark.parametrize(
    ("prompt", "option"),
    [("Password", "password"), ("Passphrase", "passphrase"), ("Code", "code"), ("Code of your app", "password")],
)
def test_a_program_that_cannot_be_asked_is_told_which_option_reads_what_it_writes(prompt, option, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(Misuse) as caught:
        ask_secret(prompt, is_piped=False)
    assert f"--{option}-stdin" in caught.value.advice
