"""What stands in the way of a code: each thing by its name, and nothing where nothing does."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from latchwork.hub.guests.preconditions import DoorState, Obstacle, of_code, preconditions
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind, Door
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.status import LockStatus

UTC = ZoneInfo("UTC")
FRONT = Door(id="door_1", name="Front", lock_id="lock_1")
CAN = Capabilities(has_users=True, users=2, credentials_per_user=5, kinds={CredentialKind.PIN: 2})
FINE = DoorState(door=FRONT, status=LockStatus(is_reachable=True, since=1.0), capabilities=CAN)
NO_ANSWER = Trouble(code=TroubleCode.UNREACHABLE, message="The lock does not answer.")


def codes(state):
    return [each.code for each in preconditions(state, UTC)]


def test_nothing_stands_in_the_way_of_a_lock_that_is_there():
    assert codes(FINE) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": None}, [Obstacle.NO_LOCK]),
        ({"status": LockStatus(why="the hub has no connection to it")}, [Obstacle.NO_ROUTE]),
        ({"status": LockStatus(since=5.0, why="no answer"), "troubles": (NO_ANSWER,)}, [Obstacle.UNREACHABLE]),
        ({"capabilities": None}, [Obstacle.NOT_READ]),
        ({"capabilities": replace(CAN, has_users=False)}, [Obstacle.FIRMWARE_TOO_OLD]),
        ({"capabilities": replace(CAN, kinds={})}, [Obstacle.NO_CODES]),
        ({"capabilities": replace(CAN, is_sleepy=True, sleep_s=1800)}, [Obstacle.ASLEEP]),
        ({"status": LockStatus(is_reachable=True, battery_level="critical")}, [Obstacle.BATTERY_CRITICAL]),
        (
            {"troubles": (Trouble(code=TroubleCode.CLOCK_WRONG, message="Its clock is wrong."),)},
            [Obstacle.CLOCK_NOT_SET],
        ),
        ({"troubles": (Trouble(code=TroubleCode.LOCK_FULL, message="No place."),)}, [Obstacle.FULL]),
        ({"troubles": (Trouble(code=TroubleCode.DRIFTED, message="Somebody else's."),)}, []),
    ],
)
def test_each_cause_has_its_name_and_an_advice(change, expected):
    state = replace(FINE, **change)
    assert codes(state) == expected
    for each in preconditions(state, UTC):
        assert "Front" in each.message
        assert each.message.endswith(".")


def test_a_full_lock_is_told_from_what_was_read_and_an_unreadable_place_is_no_taken_one():
    users = {1: SeenUser(index=1), 2: SeenUser(index=2)}
    assert codes(replace(FINE, observed=Observed(users=users))) == [Obstacle.FULL]
    pins = {(CredentialKind.PIN, index): SeenCredential(kind=CredentialKind.PIN, index=index) for index in (1, 2)}
    free = {1: SeenUser(index=1), 2: Slot.EMPTY}
    found = preconditions(replace(FINE, observed=Observed(users=free, credentials=pins)), UTC)
    assert [each.code for each in found] == [Obstacle.FULL]
    assert "2 places for codes" in found[0].message
    assert codes(replace(FINE, observed=Observed(users={1: SeenUser(index=1)}))) == []


def test_a_sleeping_lock_blocks_only_while_something_waits_for_it():
    sleepy = replace(FINE, capabilities=replace(CAN, is_sleepy=True, sleep_s=1800))
    (found,) = preconditions(sleepy, UTC)
    assert not found.is_blocking
    assert "within 30 minutes" in found.message
    asleep = Trouble(code=TroubleCode.ASLEEP, message="It sleeps.")
    (found,) = preconditions(replace(sleepy, troubles=(asleep,), status=LockStatus(since=3.0)), UTC)
    assert (found.code, found.is_blocking) == (Obstacle.ASLEEP, True)


def test_the_gravest_comes_first_and_each_is_said_once():
    state = DoorState(
        door=FRONT,
        status=LockStatus(since=5.0, battery_level="critical", battery_percent=3),
        capabilities=None,
        troubles=(
            Trouble(code=TroubleCode.LOCK_FULL, message="One."),
            Trouble(code=TroubleCode.LOCK_FULL, message="Two."),
        ),
    )
    assert codes(state) == [Obstacle.UNREACHABLE, Obstacle.NOT_READ, Obstacle.FULL, Obstacle.BATTERY_CRITICAL]


def test_what_compiling_a_code_finds_is_told_with_the_doors_name():
    hub = Trouble(code=TroubleCode.NEEDS_HUB, message="The hub keeps the times.", is_error=False, advice="Keep it on.")
    short = Trouble(code=TroubleCode.CODE_LENGTH, message="Too short.")
    odd = Trouble(code=TroubleCode.DRIFTED, message="Something.", is_error=False)
    found = of_code("Front", [hub, short, odd])
    assert [(each.code, each.is_blocking) for each in found] == [
        (Obstacle.CODE_LENGTH, True),
        (Obstacle.NEEDS_HUB, False),
        (Obstacle.OTHER, False),
    ]
    assert found[1].message == "Front: The hub keeps the times."
