"""What lasts: silent locks, and accesses whose code is not where it should be."""

import pytest

from latchwork.hub.desk import Household
from latchwork.hub.house.desired import Desired, DesiredUser, Enforcement
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock, Person, Site
from latchwork.hub.house.placed import PlacedCredential, Proof
from latchwork.hub.house.rules import Always, FirstUse, Once, Window
from latchwork.hub.notify.conditions import (
    GRACE_S,
    LEAD_S,
    Sight,
    answering_again,
    beginning,
    missing_codes,
    silent_locks,
    unreachable_key,
)
from latchwork.hub.notify.rules import Rule
from latchwork.hub.status import LockStatus

START = 10_000.0
ADA = Person(id="ada", name="Ada", unique_id=1)
CODE = Credential(id="code", person_id="ada", length=6, version=2)
DOOR, LOCK = Door(id="door", name="Front", lock_id="lock"), Lock(id="lock", node_id=1)


def house(*accesses):
    return Household(
        site=Site(),
        persons={"ada": ADA},
        credentials={"ada": [CODE]},
        doors={"door": DOOR},
        door_of={"lock": DOOR},
        locks={"lock": LOCK},
        locks_on={1: [LOCK]},
        accesses={"door": accesses},
    )


def access(rule, **rest):
    return Access(**({"id": "access", "person_id": "ada", "door_ids": ("door",), "rule": rule} | rest))


def sight(enforcement=None, proof=None, version=2, is_reachable=True, **rest):
    users = ()
    if enforcement is not None:
        user = DesiredUser(key="ada", person_id="ada", access_ids=("access",), name="Ada", unique_id=1)
        users = (DesiredUser(**{name: getattr(user, name) for name in user.__slots__} | {"enforcement": enforcement}),)
    placed = ()
    if proof is not None:
        code = PlacedCredential(
            lock_id="lock",
            credential_id="code",
            version=version,
            kind=CredentialKind.PIN,
            index=1,
            user_key="ada",
            proof=proof,
        )
        placed = (code,)
    return Sight(status=LockStatus(is_reachable=is_reachable), desired=Desired(users=users), placed=placed, **rest)


def missing(rule, now, seen, **rest):
    home = house(access(rule, **rest))
    return [each.text for each in missing_codes(home, beginning(home, now), {"lock": seen}, now)]


WINDOW = Window(START, START + 86_400)
SOON, LATER = START - LEAD_S + 1, START + GRACE_S + 1


def test_a_code_that_the_lock_keeps_by_itself_should_be_there_ahead_of_time():
    assert missing(WINDOW, SOON, sight(Enforcement.LOCK)) == [
        "Front: the access of Ada is about to begin, and the code is not on the lock"
    ]
    assert missing(WINDOW, SOON - 2, sight(Enforcement.LOCK)) == []


@pytest.mark.parametrize("rule", [WINDOW, Once(START, START + 86_400), FirstUse(60, START, START + 86_400)])
def test_a_code_that_the_hub_brings_at_the_minute_should_be_there_once_it_has_begun(rule):
    assert missing(rule, SOON, sight(Enforcement.HUB)) == []
    assert missing(rule, START + GRACE_S - 1, sight(Enforcement.HUB)) == []
    assert missing(rule, LATER, sight(Enforcement.HUB)) == [
        "Front: the access of Ada has begun, and the code is not on the lock"
    ]


def test_what_stands_in_the_way_is_told_ahead_of_time():
    assert missing(WINDOW, SOON, sight(is_reachable=False))
    assert missing(WINDOW, SOON, sight(in_trouble=frozenset({"ada"})))
    assert not missing(WINDOW, SOON, sight(in_trouble=frozenset({"ben"})))


def test_a_code_counts_when_it_was_read_on_the_lock_and_is_the_right_one():
    assert not missing(WINDOW, LATER, sight(Enforcement.LOCK, Proof.OCCUPIED))
    assert missing(WINDOW, LATER, sight(Enforcement.LOCK, Proof.ACCEPTED))
    assert missing(WINDOW, LATER, sight(Enforcement.LOCK, Proof.PROVED, version=1))


def test_what_is_over_used_up_or_switched_off_is_not_missed():
    assert not missing(Window(START, START + 300), START + 301, sight())
    assert not missing(Once(START), LATER, sight(), first_used_at=START + 5)
    assert not missing(WINDOW, LATER, sight(), is_enabled=False)
    assert not missing(Always(), LATER, sight())
    assert not missing(WINDOW, START + 2 * 3600, sight())


def test_a_lock_is_silent_after_as_long_as_the_rule_says():
    rule = Rule(id="r", unreachable_after_s=600.0)
    silent = {"lock": LockStatus(is_reachable=False, since=1000.0)}
    assert list(silent_locks(rule, house(), silent, 1599.0)) == []
    (notice,) = silent_locks(rule, house(), silent, 1600.0)
    assert (notice.door_id, notice.key) == ("door", unreachable_key("lock"))
    assert notice.text == "Front: the lock has not answered for 10 minutes"
    assert list(silent_locks(rule, house(), {"lock": LockStatus()}, 1600.0)) == []


def test_its_return_is_told_to_whoever_was_told_of_its_silence():
    back = {"lock": LockStatus(is_reachable=True, since=2000.0)}
    assert answering_again([], house(), back, 2000.0) == []
    (notice,) = answering_again([unreachable_key("lock")], house(), back, 2000.0)
    assert notice.text == "Front: the lock answers again"
