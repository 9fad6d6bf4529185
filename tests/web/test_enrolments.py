"""Enrolments over the web: what is taken at the door, and everything that comes and is not what was named."""

import asyncio

import pytest

from latchwork.base.errors import Unreachable
from latchwork.hub.enrolment.texts import steps
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind, Lock
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import PlacedUser, Proof

FINGER = CredentialKind.FINGERPRINT
OURS, THEIRS = 1, 2


class AtTheDoor:
    """A person with a user on a lock, and what the lock shows of it."""

    def __init__(self, world, owner, lock_id, person_id):
        self.world, self.owner, self.lock_id, self.person_id = world, owner, lock_id, person_id
        self.fingers = {}

    async def on_lock(self, index=5, key=None):
        repository = self.world.house.repository
        await repository.save_placed_user(PlacedUser(lock_id=self.lock_id, key=key or self.person_id, index=index))
        self.show()

    def show(self, creator=OURS):
        """The lock holds the user and these fingers: by index whose and who made it."""
        users = {}
        for index in {5} | {user for user, _ in self.fingers.values()}:
            mine = tuple((FINGER, place) for place, (user, _) in self.fingers.items() if user == index)
            users[index] = SeenUser(index=index, creator=creator if index == 5 else None, credentials=mine)
        credentials = {
            (FINGER, place): SeenCredential(kind=FINGER, index=place, user_index=user, creator=by)
            for place, (user, by) in self.fingers.items()
        }
        self.world.house.locks.seen[self.lock_id] = Observed(users=users, credentials=credentials)

    async def begin(self, kind="fingerprint"):
        path = f"/api/v1/people/{self.person_id}/enrolments"
        return await self.owner.post(path, {"lock_id": self.lock_id, "kind": kind})

    async def waiting(self):
        begun = await self.begin()
        assert begun.status == 202, begun
        return await self.until(begun.json["id"], "waiting")

    async def until(self, enrolment_id, state):
        for _ in range(200):
            found = (await self.owner.get(f"/api/v1/enrolments/{enrolment_id}")).json
            if found["state"] == state:
                return found
            self.nudge()
            await asyncio.sleep(0.005)
        raise AssertionError(found)

    async def after_a_look(self, enrolment_id, notice=""):
        for _ in range(200):
            self.nudge()
            await asyncio.sleep(0.005)
            found = (await self.owner.get(f"/api/v1/enrolments/{enrolment_id}")).json
            if notice in found["notice"]:
                return found
        raise AssertionError(found)

    def nudge(self):
        """The journal tells of something at the lock."""
        for going in self.world.house.enrolments._going.values():
            going.nudge.set()

    def comes(self, place, user=5, by=None):
        self.fingers[place] = (user, by)
        self.show()


@pytest.fixture
async def door(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    lock = world.house.repository.lock(lock_id)
    await world.house.repository.put_lock(Lock(id=lock_id, node_id=lock.node_id, fabric_index=OURS, vendor="Aqara"))
    world.house.locks.can = {"kinds": {CredentialKind.PIN: 10, FINGER: 10}}
    person = await world.person(owner)
    await owner.post("/api/v1/accesses", {"person_id": person, "door_ids": [door_id], "rule": {"kind": "always"}})
    yield AtTheDoor(world, owner, lock_id, person)
    await world.house.enrolments.close()


async def test_it_is_prepared_then_waits_and_takes_what_comes(world, owner, door):
    begun = await door.begin()
    assert begun.status == 202
    assert begun.headers["location"] == f"/api/v1/enrolments/{begun.json['id']}"
    assert (begun.json["state"], begun.json["user_index"]) == ("preparing", None)
    assert begun.json["steps"] == [
        "The hub is making a place for this person on the lock. Wait a moment before you begin."
    ]
    await door.on_lock()
    waiting = await door.until(begun.json["id"], "waiting")
    assert waiting["user_index"] == 5
    assert any("enter 5 and #" in step for step in waiting["steps"])
    door.comes(3)
    done = await door.until(begun.json["id"], "done")
    assert done["steps"] == []
    (credential,) = (await owner.get(f"/api/v1/people/{door.person_id}/credentials")).json["data"]
    assert (credential["kind"], credential["lock_id"]) == ("fingerprint", door.lock_id)
    assert credential["places"][0]["proof"] == Proof.OCCUPIED.name.lower()
    assert (door.lock_id, "wake") in world.house.locks.done, "the lock is read again"
    again = await owner.delete(f"/api/v1/enrolments/{begun.json['id']}")
    assert again.json["state"] == "done"


async def test_what_the_hubs_own_fabric_made_is_taken_too(door):
    await door.on_lock()
    waiting = await door.waiting()
    door.comes(3, by=OURS)
    await door.until(waiting["id"], "done")


async def test_what_another_ecosystem_put_on_our_user_is_left_alone(world, door):
    await door.on_lock()
    waiting = await door.waiting()
    door.comes(3, by=THEIRS)
    found = await door.after_a_look(waiting["id"], "Another ecosystem added a fingerprint")
    assert found["state"] == "waiting"
    assert world.house.repository.placed(door.lock_id).credentials == ()


async def test_an_orphans_finger_is_left_alone(door):
    await door.on_lock()
    waiting = await door.waiting()
    door.comes(3, by=0)
    assert (await door.after_a_look(waiting["id"], "Another ecosystem"))["state"] == "waiting"


async def test_what_came_for_another_user_is_told_and_left_alone(door):
    await door.on_lock()
    waiting = await door.waiting()
    door.comes(3, user=7)
    found = await door.after_a_look(waiting["id"], "for user 7, not for user 5")
    assert found["state"] == "waiting"
    door.comes(4)
    await door.until(waiting["id"], "done")


async def test_what_was_there_before_is_not_what_was_named(door):
    await door.on_lock()
    door.comes(3)
    waiting = await door.waiting()
    await door.after_a_look(waiting["id"])
    assert (await door.after_a_look(waiting["id"]))["state"] == "waiting"


async def test_a_user_that_goes_and_a_lock_that_falls_silent_are_told(world, door):
    await door.on_lock()
    waiting = await door.waiting()
    seen = world.house.locks.seen[door.lock_id]
    world.house.locks.seen[door.lock_id] = Observed(users={5: Slot.EMPTY})
    await door.after_a_look(waiting["id"], "not on the lock any more")
    world.house.locks.seen[door.lock_id] = seen
    read = world.house.locks.user

    async def silent(lock, index):
        raise Unreachable("no answer")

    world.house.locks.user = silent
    await door.after_a_look(waiting["id"], "does not answer at the moment: no answer")
    world.house.locks.user = read
    door.comes(3)
    await door.until(waiting["id"], "done")


async def test_an_access_that_goes_meanwhile_leaves_the_finger_alone(world, owner, door):
    await door.on_lock()
    waiting = await door.waiting()
    (access,) = (await owner.get("/api/v1/accesses")).json["data"]
    await owner.delete(f"/api/v1/accesses/{access['id']}")
    door.comes(3)
    found = await door.until(waiting["id"], "failed")
    assert "leaves it alone" in found["notice"]
    assert world.house.repository.placed(door.lock_id).credentials == ()


async def test_nothing_in_time_ends_it_and_takes_the_credential_back(world, owner, door):
    await door.on_lock()
    waiting = await door.waiting()
    world.clock.advance(601)
    found = await door.until(waiting["id"], "timed_out")
    assert found["notice"].startswith("Nothing came within ten minutes.")
    assert (await owner.get(f"/api/v1/people/{door.person_id}/credentials")).json["data"] == []


async def test_a_place_that_cannot_be_made_says_why(world, door):
    asleep = Trouble(code=TroubleCode.ASLEEP, message="It sleeps.")
    await world.house.repository.save_troubles(door.lock_id, [asleep])
    begun = await door.begin()
    await door.after_a_look(begun.json["id"], "The lock sleeps")
    world.clock.advance(601)
    found = await door.until(begun.json["id"], "timed_out")
    assert "could not make a place" in found["notice"]


async def test_cancelling_ends_it(owner, door):
    await door.on_lock()
    waiting = await door.waiting()
    assert (await owner.delete(f"/api/v1/enrolments/{waiting['id']}")).json["state"] == "cancelled"
    assert (await owner.get(f"/api/v1/enrolments/{waiting['id']}")).json["state"] == "cancelled"
    assert (await owner.get("/api/v1/enrolments/none")).status == 404


async def test_what_cannot_be_enrolled_is_refused(world, owner, door):
    assert (await door.begin("face")).status == 422
    assert (await door.begin("pin")).status == 422
    world.house.locks.can = {}
    refused = await door.begin()
    assert (refused.status, refused.json["code"]) == (422, "not_supported")
    path = f"/api/v1/people/{await world.person(owner, 'Bo')}/enrolments"
    world.house.locks.can = {"kinds": {FINGER: 1}}
    answer = await owner.post(path, {"lock_id": door.lock_id, "kind": "fingerprint"})
    assert answer.status == 422
    assert "no access at Front" in answer.json["detail"]
    assert (await owner.post(path, {"lock_id": "lock_none", "kind": "fingerprint"})).status == 404


async def test_an_access_for_other_codes_beside_one_for_all_would_move_the_finger_and_is_refused(owner, door):
    code = (await owner.post(f"/api/v1/people/{door.person_id}/credentials", {"code": "739218"})).json["id"]
    door_id = (await owner.get("/api/v1/doors")).json["data"][0]["id"]
    named = {"person_id": door.person_id, "door_ids": [door_id], "credential_ids": [code], "rule": {"kind": "once"}}
    await owner.post("/api/v1/accesses", named)
    answer = await door.begin()
    assert answer.status == 422
    assert "everything that the person has" in answer.json["detail"]
    assert len((await owner.get(f"/api/v1/people/{door.person_id}/credentials")).json["data"]) == 1


@pytest.mark.parametrize("vendor", ["Latchwork", "Aqara", "Somebody"])
@pytest.mark.parametrize("kind", [FINGER, CredentialKind.RFID, CredentialKind.FACE])
def test_the_steps_name_the_number_the_person_and_what_to_show(vendor, kind):
    told = steps(Lock(id="l", node_id=1, vendor=vendor, product="Lock"), kind, 12, "Ada")
    text = " ".join(told)
    assert "12" in text
    assert "Ada" in text
    assert {FINGER: "finger", CredentialKind.RFID: "card", CredentialKind.FACE: "face"}[kind] in text.lower()
    assert all(step.endswith(".") for step in told)
