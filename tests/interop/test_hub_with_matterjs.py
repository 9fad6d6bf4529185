"""A hub with matter.js's door lock, which nobody of ours wrote: once as the specification has it, once with all its own habits.

The stories follow one another on one lock, which another administrator holds too.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from cast import Cast
from network import Network
from peers import Controller, Hub, Lock, Refusal

from latchwork.hub.house.observed import ORPHANED
from latchwork.hub.house.rule_json import encode_rule
from latchwork.hub.house.rules import Always, Hours, Rule, Weekly, Window

ANA, BEN, CAS, DAN = "739218", "481604", "604183", "926357"
THEIRS = "350947"
WEEK = Weekly((Hours(frozenset({0, 2, 6}), 495, 1065),))
"""Monday, Wednesday and Sunday, from 08:15 until 17:45."""
ON_THE_LOCK = [0b0001011, 495, 1065]
"""The same as a lock has it: bit 0 is Sunday."""
DAY = 86_400
NIGHT_OF_TIME = 946_684_800
"""2000-01-01, from which locks count."""
SOON = 15.0
ENABLED, DISABLED, PIN = 1, 3, 1


@dataclass
class House:
    """A hub and another administrator, `theirs`, with one lock on the front door."""

    cast: Cast
    lock: Lock
    hub: Hub
    theirs: Controller | None = None
    node: str = ""
    habits: str = "specified"
    people: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        return self.habits == "own"

    def held(self) -> dict[str, Any]:
        """What is on the lock, asked of itself: PINs by their text, and users by index."""
        since = len(self.lock.said)
        self.lock.send({"list": True})
        said = self.lock.wait_for(lambda line: line.get("event") == "held", "list", since=since)
        return {
            "pins": {each["pin"]: each["user"] for each in said["pins"]},
            "users": {each["userIndex"]: each for each in said["users"]},
        }

    def pins(self) -> set[str]:
        return set(self.held()["pins"])

    def known(self) -> dict[str, Any]:
        """What the hub knows of the lock."""
        return self.hub.ask("lock", door="Front")

    def proof(self, name: str) -> str:
        credential = self.people[name]["credential"]
        return next((proof for found, proof, _ in self.known()["placed"] if found == credential), "gone")

    def journal(self, *kinds: str) -> list[dict[str, Any]]:
        return self.hub.ask("journal", kinds=list(kinds))

    def add(self, name: str, pin: str, rule: Rule = Always()) -> None:  # noqa: B008 - a value
        self.people[name] = self.hub.ask("person", name=name, pin=pin, door="Front", rule=encode_rule(rule))
        self.hub.ask("settle")

    def until(self, holds: Callable[[], Any], what: str, seconds: float = SOON) -> Any:
        """Wait until something holds; gives what it gave."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{self.known()}\n{self.hub.tail()}"
            time.sleep(0.1)
        return found


def invoke(controller: Controller, node: str, command: str, **fields: Any) -> Any:
    about = {"endpoint": 1, "cluster": "DoorLock", "command": command, "fields": fields}
    return controller.ask("invoke", node=node, timed=5, **about)


def put(controller: Controller, node: str, index: int, name: str, pin: str) -> None:
    """Another administrator puts a user with a PIN there."""
    about = {"userUniqueId": 70 + index, "userStatus": ENABLED, "userType": 0, "credentialRule": 0}
    invoke(controller, node, "SetUser", operationType=0, userIndex=index, userName=name, **about)
    said = invoke(
        controller,
        node,
        "SetCredential",
        operationType=0,
        credential={"credentialType": PIN, "credentialIndex": index},
        credentialData={"hex": pin.encode().hex()},
        userIndex=index,
        userStatus=None,
        userType=None,
    )
    assert said["status"] == 0, said


@pytest.fixture(scope="module", params=["specified", "own"])
def house(
    request: pytest.FixtureRequest, network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with Cast(network, tmp_path_factory.mktemp("hub")) as cast:
        lock = cast.lock("matterjs", habits=request.param)
        hub, theirs = cast.hub(), cast.controller("matterjs")
        node = theirs.commission(lock.qr)
        made = House(cast, lock, hub, theirs, node, request.param)
        put(theirs, node, 1, "Theirs", THEIRS)
        yield made


def test_the_lock_of_another_house_is_taken_in_and_read(house: House) -> None:
    code = house.theirs.ask("openWindow", node=house.node)["qr"]
    paired = house.hub.ask("pair", code=code, door="Front", seconds=60)
    assert (paired["vendor"], paired["product"]) == ("Interop", "Peer Lock")
    assert paired["steps"][-1] == "register for when it wakes"
    house.hub.ask("settle")
    known = house.until(lambda: (found := house.known())["status"]["lock_state"] and found, "state of the lock")
    assert (known["state"], known["troubles"]) == ("in_line", [])
    can = known["capabilities"]
    assert (can["users"], can["kinds"]["pin"], can["week_days"], can["year_days"]) == (20, 20, 10, 10)
    assert (can["has_latch"], can["has_door_sensor"], can["is_sleepy"]) == (True, True, False)
    status = known["status"]
    assert (status["lock_state"], status["door_state"], status["is_reachable"]) == ("locked", "closed", True)
    assert len(status["fabrics"]) == 2
    (entry,) = house.journal("commissioned")
    assert (entry["door_name"], entry["actor"]) == ("Front", "account:owner")


def test_whom_another_ecosystem_put_there_is_seen_and_left_alone(house: House) -> None:
    (user,) = house.known()["users"]
    assert (user["name"], user["credentials"]) == ("Theirs", [["pin", 1]])
    house.add("Ana", ANA)
    held = house.held()
    assert set(held["pins"]) == {ANA, THEIRS}
    assert held["pins"][THEIRS] == 1
    assert held["users"][1]["userName"] == "Theirs"


def test_a_person_gets_a_code_and_the_hub_has_read_it_back(house: House) -> None:
    house.add("Ben", BEN)
    assert house.pins() == {ANA, BEN, THEIRS}
    wanted = "occupied" if house.is_own else "proved"
    for name in ("Ana", "Ben"):
        house.until(lambda name=name: house.proof(name) == wanted, f"code of {name} {wanted}")
    known = house.known()
    # matter.js itself answers FAILURE to a code that it has, and to a place that is taken: this tells nothing, and is no trouble.
    assert known["capabilities"]["probe"] is (not house.is_own)
    assert (known["state"], known["troubles"]) == ("in_line", [])
    assert {user["name"] for user in known["users"]} == {"Theirs", "Ana", "Ben"}


def test_hours_of_the_week_are_kept_by_the_lock_itself(house: House) -> None:
    house.hub.ask("zone", name="Europe/Berlin")
    house.add("Cas", CAS, WEEK)
    (user,) = (user for user in house.known()["users"] if user["name"] == "Cas")
    assert user["week_days"] == [ON_THE_LOCK]
    assert user["type"] in {"WEEK_DAY_SCHEDULE", "SCHEDULE_RESTRICTED"}
    assert house.proof("Cas") in {"occupied", "proved"}
    assert house.known()["troubles"] == []


def test_a_stretch_of_days_is_kept_by_the_lock_itself(house: House) -> None:
    start = int(time.time()) // DAY * DAY
    house.add("Dan", DAN, Window(float(start), float(start + 2 * DAY)))
    (user,) = (user for user in house.known()["users"] if user["name"] == "Dan")
    ((begin, end),) = user["year_days"]
    assert end - begin == 2 * DAY
    assert begin + NIGHT_OF_TIME - start in {3600, 7200}, "the lock's time is the wall's"
    assert DAN in house.pins()
    assert house.known()["troubles"] == []


def test_a_code_at_the_door_is_in_the_journal_with_its_person(house: House) -> None:
    house.lock.send({"keys": ANA})
    (entry,) = house.until(lambda: house.journal("opened"), "entry of the opening")
    assert (entry["person_name"], entry["how"], entry["credential_kind"]) == ("Ana", "keypad", "pin")
    assert entry["person_id"] == house.people["Ana"]["person"]
    house.until(lambda: house.proof("Ana") == "used", "use that proves the code")
    house.lock.send({"keys": "111111"})
    (entry,) = house.until(lambda: house.journal("refused"), "entry of the refusal")
    assert (entry["person_id"], entry["how"]) == (None, "keypad")


def test_a_code_of_theirs_at_the_door_is_nobody_of_ours(house: House) -> None:
    before = len(house.journal("opened"))
    house.lock.send({"keys": THEIRS})
    entry = house.until(lambda: house.journal("opened")[before:], "entry of the opening")[0]
    assert (entry["person_id"], entry["why_unknown"]) == (None, "foreign_user")


def test_the_hub_locks_and_unlocks_and_the_lock_tells_that_it_was_the_hub(house: House) -> None:
    house.hub.ask("operate", door="Front", what="lock")
    (locked,) = house.until(lambda: house.journal("locked"), "entry of the locking")
    assert (locked["how"], locked["why_unknown"]) == ("remote", "hub")
    house.until(lambda: house.known()["status"]["lock_state"] == "locked", "state")
    before = len(house.journal("opened"))
    house.hub.ask("operate", door="Front", what="unlock")
    house.until(lambda: house.journal("opened")[before:], "entry of the opening")
    house.until(lambda: house.known()["status"]["lock_state"] == "unlocked", "state")
    audits = [entry["detail"]["did"] for entry in house.journal("audit")]
    assert audits[-2:] == ["lock", "unlock"]


def test_what_another_ecosystem_opens_is_told_with_its_name(house: House) -> None:
    before = len(house.journal("opened"))
    house.theirs.operate(house.node, "UnlockDoor")
    entry = house.until(lambda: house.journal("opened")[before:], "entry of the opening")[0]
    assert (entry["how"], entry["why_unknown"], entry["person_id"]) == ("remote", "ecosystem", None)
    assert entry["fabric_name"] not in {"", "Latchwork"}


def test_the_door_and_hands_are_told_too(house: House) -> None:
    house.lock.send({"turn": "lock"})
    entry = house.until(lambda: [each for each in house.journal("locked") if each["how"] == "manual"], "entry")[0]
    assert entry["why_unknown"] == "manual"
    house.lock.send({"door": "DoorOpen"})
    house.until(lambda: house.journal("door_opened"), "entry of the door")
    house.until(lambda: house.known()["status"]["door_state"] == "open", "state of the door")
    house.lock.send({"door": "DoorClosed"})
    house.until(lambda: house.journal("door_closed"), "entry of the door")


def test_another_code_replaces_the_one_before(house: House) -> None:
    house.hub.ask("set_pin", credential=house.people["Ben"]["credential"], pin="206839")
    house.hub.ask("settle")
    assert house.pins() == {ANA, "206839", CAS, DAN, THEIRS}
    assert house.known()["troubles"] == []


def test_what_another_ecosystem_clears_is_put_back_and_told(house: House) -> None:
    before = house.held()["pins"]
    invoke(house.theirs, house.node, "ClearUser", userIndex=before[ANA])
    house.until(lambda: house.journal("repaired"), "repair")
    house.until(lambda: ANA in house.pins(), "code of Ana")
    entry = house.journal("repaired")[-1]
    assert entry["person_name"] == "Ana"
    assert [each["fabric_index"] for each in house.journal("user_removed")]
    assert THEIRS in house.pins()


def test_the_lock_restarts_and_nothing_is_lost_or_told_twice(house: House) -> None:
    house.hub.ask("settle")
    opened = len(house.journal("opened"))
    house.lock.stop()
    house.lock = house.cast.again(house.lock, habits=house.habits)
    house.lock.send({"keys": ANA})
    # matter.js forgets subscriptions when it restarts. Once it is asked for something, the hub finds its session dead and subscribes anew.
    house.hub.until_it_works(lambda: house.hub.ask("operate", door="Front", what="lock"), seconds=60)
    house.until(lambda: len(house.journal("opened")) == opened + 1, "entry of the opening")
    # Its event numbers have leapt, and it has forgotten older events: whether it was Ana's place still is not known, and not said.
    assert house.journal("opened")[-1]["why_unknown"] == "missed"
    house.until(lambda: house.journal("gap_lost"), "gap")
    house.hub.ask("settle")
    house.lock.send({"keys": ANA})
    house.until(lambda: len(house.journal("opened")) == opened + 2, "entry of the next opening")
    assert house.journal("opened")[-1]["person_name"] == "Ana"
    assert house.pins() == {ANA, "206839", CAS, DAN, THEIRS}
    assert house.hub.ask("verify") is True
    numbers = [
        entry["event_number"] for entry in house.journal("opened", "locked") if entry["event_number"] is not None
    ]
    assert len(numbers) == len(set(numbers))


def test_the_hub_restarts_and_goes_on_where_it_was(house: House) -> None:
    before = house.held()
    house.hub.stop()
    house.lock.send({"keys": "206839"})
    house.hub = house.cast.again(house.hub)
    house.hub.ask("settle", seconds=60)
    entry = house.until(
        lambda: [each for each in house.journal("opened") if each["person_name"] == "Ben"], "what was missed"
    )[0]
    assert entry["how"] == "keypad"
    assert house.held() == before
    assert house.known()["troubles"] == []


def test_an_ecosystem_that_leaves_the_lock_leaves_an_orphan_that_is_found(house: House) -> None:
    third = house.cast.controller("matterjs")
    opened, _ = house.theirs.until_it_works(lambda: house.theirs.ask("openWindow", node=house.node), seconds=60)
    node = third.commission(opened["qr"])
    house.until(lambda: len(house.known()["status"]["fabrics"]) == 3, "third ecosystem")
    (added,) = house.journal("fabric_added")
    put(third, node, 9, "Former", "864201")
    house.until(lambda: "Former" in {user["name"] for user in house.known()["users"]}, "user of the third")
    third.ask("decommission", node=node)
    (removed,) = house.until(lambda: house.journal("fabric_removed"), "its leaving")
    assert removed["fabric_name"] == added["fabric_name"]
    # matter.js keeps the number of the fabric that is gone.
    orphans = house.until(lambda: [user for user in house.known()["users"] if user["creator"] == ORPHANED], "orphan")
    assert [user["name"] for user in orphans] == ["Former"]
    house.lock.send({"keys": "864201"})
    entry = house.until(lambda: [each for each in house.journal("opened") if each["why_unknown"] == "orphan"], "entry")[
        0
    ]
    assert entry["person_id"] is None
    house.hub.ask("clear_foreign", door="Front", user=9)
    house.hub.ask("settle")
    assert house.pins() == {ANA, "206839", CAS, DAN, THEIRS}


def test_who_moves_out_is_gone_from_the_lock_and_the_report_says_so(house: House) -> None:
    house.hub.ask("move_out", person=house.people["Ben"]["person"])
    house.hub.ask("settle")
    report = house.hub.ask("removal", person=house.people["Ben"]["person"])
    assert report["is_complete"] is True
    (door,) = report["doors"]
    assert (door["door_name"], door["why"]) == ("Front", "")
    assert door["cleared_at"] is not None
    assert house.pins() == {ANA, CAS, DAN, THEIRS}


def test_the_hub_leaves_the_lock_as_others_have_it(house: House) -> None:
    house.hub.ask("remove", door="Front", seconds=60)
    held = house.held()
    assert held["pins"] == {THEIRS: 1}
    assert [user["userName"] for user in held["users"].values()] == ["Theirs"]
    fabrics, _ = house.theirs.until_it_works(
        lambda: house.theirs.value(house.node, 0, "OperationalCredentials", "Fabrics", fabricFilter=False), seconds=60
    )
    assert len(fabrics) == 1
    (entry,) = house.journal("removed")
    assert entry["detail"]["cleared"] is True
    assert house.hub.ask("verify") is True


@pytest.fixture(scope="module")
def plain(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A lock with PINs and nothing else: neither schedules nor latch nor sensor."""
    with Cast(network, tmp_path_factory.mktemp("plain")) as cast:
        made = House(cast, cast.lock("matterjs", features="plain"), cast.hub())
        made.hub.ask("pair", code=made.lock.qr, door="Front", seconds=60)
        made.hub.ask("settle")
        yield made


def test_what_a_plain_lock_cannot_do_is_known(plain: House) -> None:
    can = plain.known()["capabilities"]
    assert (can["users"], can["kinds"], can["week_days"], can["year_days"]) == (20, {"pin": 20}, 0, 0)
    assert (can["has_latch"], can["has_door_sensor"], can["holidays"]) == (False, False, 0)
    with pytest.raises(Refusal, match="no latch"):
        plain.hub.ask("operate", door="Front", what="unbolt")


def test_the_hub_keeps_the_hours_that_a_plain_lock_cannot_and_says_so(plain: House) -> None:
    today = time.gmtime().tm_wday
    now, other = (Weekly((Hours(frozenset(days), 0, 1440),)) for days in ({today, (today + 1) % 7}, {(today + 3) % 7}))
    plain.add("Ana", ANA, now)
    plain.add("Ben", BEN, other)
    users = {user["userName"]: user["userStatus"] for user in plain.held()["users"].values()}
    assert users.pop("Ana") == ENABLED
    assert users.pop("Ben", DISABLED) == DISABLED
    troubles = plain.known()["troubles"]
    assert {(code, is_error) for code, _, is_error in troubles} == {("needs_hub", False)}
    plain.lock.send({"keys": BEN})
    plain.until(lambda: plain.journal("refused"), "entry of the refusal")
    plain.lock.send({"keys": ANA})
    (entry,) = plain.until(lambda: plain.journal("opened"), "entry of the opening")
    assert entry["person_name"] == "Ana"


def test_a_stretch_of_some_seconds_begins_and_ends_on_a_plain_lock(plain: House) -> None:
    begins = time.time() + 3
    plain.add("Cas", CAS, Window(begins, begins + 4))

    def is_on() -> bool:
        held = plain.held()
        return CAS in held["pins"] and held["users"][held["pins"][CAS]]["userStatus"] == ENABLED

    assert time.time() > begins or not is_on()
    plain.until(is_on, "code")
    assert time.time() >= begins
    plain.until(lambda: not is_on(), "end of the code")
    assert time.time() >= begins + 4


def test_a_code_that_is_too_long_for_the_lock_is_told_and_not_cut(plain: House) -> None:
    plain.add("Dan", "926357104")
    assert not any("926357104".startswith(pin) for pin in plain.pins())
    codes = [code for code, _, is_error in plain.known()["troubles"] if is_error]
    assert codes == ["code_length"]
    assert plain.known()["state"] == "troubled"
