"""People on a lock: another house's controller puts them on ours, ours puts them on another house's, and the door obeys."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cast import Cast
from network import Network
from peers import Controller, Lock, Refusal

LOCK, UNLOCK = 0, 1
LOCKED, UNLOCKED = 1, 2
KEYPAD, REMOTE = 3, 7
ADD, MODIFY = 0, 2
ENABLED = 1
PIN = 1
USER, PIN_DATA, WEEK_DAY, YEAR_DAY = 2, 6, 3, 4
FAILURE, DUPLICATE, OCCUPIED, INVALID_COMMAND = 1, 2, 3, 0x85
CODE, OTHER = b"246813", b"975310"
WEEK = {
    "days": {"monday": True, "wednesday": True, "sunday": True},
    "hours": {"startHour": 8, "startMinute": 15, "endHour": 17, "endMinute": 45},
}
STRETCH = {"localStartTime": 860_000_000, "localEndTime": 860_086_400}
"""A day, in seconds since 2000 as on the wire; all controllers but the SDK's count from 1970."""
FROM_1970_TO_2000 = 946_684_800
WRONG = "111111#"
WRONG_CODE_ENTRY_LIMIT = 4
INVALID_CREDENTIAL = 1
LOCKOUT_S = 3


@dataclass(frozen=True)
class Home:
    """A lock that belongs to `first`, which calls it `node`, and to `second`, which calls it `other`."""

    cast: Cast
    lock: Lock
    first: Controller
    second: Controller
    node: str
    other: str


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("latchwork", "matterjs", "chip"), id="our-lock-matterjs-first"),
        pytest.param(("latchwork", "chip", "matterjs"), id="our-lock-chip-first"),
        pytest.param(("matterjs", "latchwork", "latchwork"), id="matterjs-lock"),
    ],
)
def home(request: pytest.FixtureRequest, network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    lock_kind, first_kind, second_kind = request.param
    with Cast(network, tmp_path_factory.mktemp("people")) as cast:
        lock, first, second = cast.lock(lock_kind), cast.controller(first_kind), cast.controller(second_kind)
        node = first.commission(lock.qr)
        other = second.commission(first.ask("openWindow", node=node)["qr"])
        yield Home(cast, lock, first, second, node, other)


def ours(home: Home) -> None:
    if home.lock.kind != "latchwork":
        pytest.skip("this is about our lock")


def ask(controller: Controller, node: str, command: str, *, timed: float | None = 5, **fields: Any) -> Any:
    """A command of the door lock → its response."""
    about = {"endpoint": 1, "cluster": "DoorLock", "command": command, "fields": fields}
    return controller.ask("invoke", node=node, **about, **({} if timed is None else {"timed": timed}))


def octets(code: bytes) -> dict[str, str]:
    return {"hex": code.hex()}


def set_user(controller: Controller, node: str, index: int, name: str, *, operation: int = ADD) -> Any:
    return ask(
        controller,
        node,
        "SetUser",
        operationType=operation,
        userIndex=index,
        userName=name,
        userUniqueId=index + 70,
        userStatus=ENABLED,
        userType=0,
        credentialRule=0,
    )


def set_pin(
    controller: Controller, node: str, index: int, user: int | None, code: bytes, *, operation: int = ADD
) -> Any:
    return ask(
        controller,
        node,
        "SetCredential",
        operationType=operation,
        credential={"credentialType": PIN, "credentialIndex": index},
        credentialData=octets(code),
        userIndex=user,
        userStatus=None,
        userType=None,
    )


def week(controller: Controller, node: str) -> Any:
    """The second user's weekly schedule, its days as numbers of a bitmap."""
    read = ask(controller, node, "GetWeekDaySchedule", timed=None, weekDayIndex=1, userIndex=2)
    days = read["daysMask"]
    return read | {"daysMask": {day for day, is_set in days.items() if is_set} if isinstance(days, dict) else days}


def offset(controller: Controller) -> int:
    """What this controller adds to times on the wire."""
    return 0 if controller.kind == "chip" else FROM_1970_TO_2000


def stretch(controller: Controller, node: str) -> Any:
    """The second user's year-day schedule, its times as on the wire."""
    read = ask(controller, node, "GetYearDaySchedule", timed=None, yearDayIndex=1, userIndex=2)
    return read | {key: read[key] - offset(controller) for key in STRETCH}


def itself(controller: Controller, node: str) -> tuple[int, str]:
    """The controller as the lock knows it: fabric index and node id (as text: it may be wider than JSON allows)."""
    (entry,) = controller.value(node, 0, "AccessControl", "Acl")
    return controller.value(node, 0, "OperationalCredentials", "CurrentFabricIndex"), str(entry["subjects"][0])


def events(controller: Controller, node: str, name: str) -> list[dict[str, Any]]:
    entries = controller.ask("read", node=node, endpoint=1, cluster="DoorLock", event=name)
    return [entry["value"] for entry in sorted(entries, key=lambda entry: entry["number"])]


def until(controller: Controller, node: str, state: int) -> None:
    """The lock gets there, soon: what is done at the door is not answered to a controller."""
    deadline = time.monotonic() + 5
    while controller.lock_state(node) != state:
        assert time.monotonic() < deadline, controller.tail()
        time.sleep(0.05)


def test_a_user_with_a_code_is_put_on_and_read_back(home: Home) -> None:
    set_user(home.first, home.node, 1, "Ana")
    assert set_pin(home.first, home.node, 1, 1, CODE)["status"] == 0
    user = ask(home.first, home.node, "GetUser", timed=None, userIndex=1)
    assert (user["userName"], user["userStatus"], user["userType"]) == ("Ana", ENABLED, 0)
    assert user["credentials"] == [{"credentialType": PIN, "credentialIndex": 1}]
    assert user["creatorFabricIndex"] == home.first.value(home.node, 0, "OperationalCredentials", "CurrentFabricIndex")


def test_the_same_code_again_is_a_duplicate_and_a_taken_place_is_occupied(home: Home) -> None:
    assert set_pin(home.first, home.node, 2, None, CODE)["status"] == DUPLICATE
    if home.lock.kind == "latchwork":
        assert set_pin(home.first, home.node, 1, 1, OTHER)["status"] == OCCUPIED


def test_a_weekly_schedule_comes_back_as_it_was_written(home: Home) -> None:
    set_user(home.first, home.node, 2, "Ben")
    written = {"daysMask": WEEK["days"], **WEEK["hours"]}
    ask(home.first, home.node, "SetWeekDaySchedule", timed=None, weekDayIndex=1, userIndex=2, **written)
    for controller, node in ((home.first, home.node), (home.second, home.other)):
        read = week(controller, node)
        assert {key: read[key] for key in ("status", *WEEK["hours"])} == {"status": 0, **WEEK["hours"]}
        assert read["daysMask"] in (0b0001011, set(WEEK["days"]))


def test_a_stretch_of_days_comes_back_as_it_was_written_whoever_asks(home: Home) -> None:
    written = {key: at + offset(home.first) for key, at in STRETCH.items()}
    ask(home.first, home.node, "SetYearDaySchedule", timed=None, yearDayIndex=1, userIndex=2, **written)
    for controller, node in ((home.first, home.node), (home.second, home.other)):
        read = stretch(controller, node)
        assert {key: read[key] for key in ("status", *STRETCH)} == {"status": 0, **STRETCH}


def test_a_code_opens_from_afar_and_the_event_names_its_user(home: Home) -> None:
    home.first.operate(home.node, "LockDoor")
    home.first.operate(home.node, "UnlockDoor", fields={"pinCode": octets(CODE)})
    assert home.first.lock_state(home.node) == UNLOCKED
    last = events(home.first, home.node, "LockOperation")[-1]
    assert (last["lockOperationType"], last["operationSource"], last["userIndex"]) == (UNLOCK, REMOTE, 1)
    if home.lock.kind == "latchwork":
        assert last["credentials"] == [{"credentialType": PIN, "credentialIndex": 1}]


def test_every_change_is_told_with_who_made_it(home: Home) -> None:
    changes = events(home.second, home.other, "LockUserChange")
    made = {(change["lockDataType"], change["dataOperationType"], change["userIndex"]) for change in changes}
    assert {(USER, ADD, 1), (PIN_DATA, ADD, 1), (USER, ADD, 2), (WEEK_DAY, ADD, 2), (YEAR_DAY, ADD, 2)} <= made
    by = {(change["fabricIndex"], str(change["sourceNode"]), change["operationSource"]) for change in changes}
    assert by == {(*itself(home.first, home.node), REMOTE)}


def test_a_code_at_the_keypad_opens_and_the_event_names_its_user(home: Home) -> None:
    ours(home)
    home.first.operate(home.node, "LockDoor")
    home.lock.send({"keys": f"{CODE.decode()}#"})
    until(home.first, home.node, UNLOCKED)
    last = events(home.second, home.other, "LockOperation")[-1]
    assert (last["lockOperationType"], last["operationSource"], last["userIndex"]) == (UNLOCK, KEYPAD, 1)
    assert last["credentials"] == [{"credentialType": PIN, "credentialIndex": 1}]
    assert (last["fabricIndex"], last["sourceNode"]) == (None, None)


def test_another_ecosystem_cannot_change_a_user_that_is_not_its_own(home: Home) -> None:
    ours(home)
    with pytest.raises(Refusal) as refusal:
        set_user(home.second, home.other, 1, "Eve", operation=MODIFY)
    assert refusal.value.status == INVALID_COMMAND
    assert set_pin(home.second, home.other, 1, 1, OTHER, operation=MODIFY)["status"] == INVALID_COMMAND
    assert set_pin(home.second, home.other, 2, 1, OTHER)["status"] == INVALID_COMMAND
    user = ask(home.first, home.node, "GetUser", timed=None, userIndex=1)
    assert (user["userName"], len(user["credentials"])) == ("Ana", 1)


def test_a_door_that_is_held_open_does_not_lock_itself(home: Home) -> None:
    ours(home)
    path = {"endpoint": 1, "cluster": "DoorLock", "attribute": "AutoRelockTime"}
    home.first.ask("write", node=home.node, value=1, **path)
    home.first.operate(home.node, "UnlockDoor")
    home.lock.send({"open": True})
    time.sleep(2)
    assert home.first.lock_state(home.node) == UNLOCKED
    home.lock.send({"close": True})
    until(home.first, home.node, LOCKED)
    home.first.ask("write", node=home.node, value=0, **path)


def test_wrong_codes_lock_everybody_out_even_who_knows_the_right_one(home: Home) -> None:
    ours(home)
    path = {"node": home.node, "endpoint": 1, "cluster": "DoorLock", "attribute": "UserCodeTemporaryDisableTime"}
    home.first.ask("write", **path, value=LOCKOUT_S)
    home.first.operate(home.node, "LockDoor")
    limit = home.first.value(home.node, 1, "DoorLock", "WrongCodeEntryLimit")
    told = home.first.subscribe(home.node)
    home.lock.send({"keys": WRONG * limit})
    home.first.reported(told, event="DoorLockAlarm", alarmCode=WRONG_CODE_ENTRY_LIMIT)
    began = time.monotonic()
    refused = events(home.second, home.other, "LockOperationError")[-limit:]
    assert {(one["operationError"], one["operationSource"], one["userIndex"]) for one in refused} == {
        (INVALID_CREDENTIAL, KEYPAD, None)
    }
    home.lock.send({"keys": f"{CODE.decode()}#"})
    with pytest.raises(Refusal) as refusal:
        home.first.operate(home.node, "UnlockDoor", fields={"pinCode": octets(CODE)})
    assert refusal.value.status == FAILURE
    assert home.first.lock_state(home.node) == LOCKED
    assert time.monotonic() - began < LOCKOUT_S
    time.sleep(began + LOCKOUT_S + 0.2 - time.monotonic())
    home.lock.send({"keys": f"{CODE.decode()}#"})
    until(home.first, home.node, UNLOCKED)


def test_a_restart_keeps_everybody(home: Home) -> None:
    ours(home)
    before = week(home.first, home.node), stretch(home.first, home.node)
    home.lock.stop()
    again = home.cast.again(home.lock)
    user, _ = home.first.until_it_works(
        lambda: ask(home.first, home.node, "GetUser", timed=None, userIndex=1), seconds=30
    )
    assert (user["userName"], user["credentials"]) == ("Ana", [{"credentialType": PIN, "credentialIndex": 1}])
    assert (week(home.first, home.node), stretch(home.first, home.node)) == before
    home.first.operate(home.node, "LockDoor")
    again.send({"keys": f"{CODE.decode()}#"})
    until(home.first, home.node, UNLOCKED)
