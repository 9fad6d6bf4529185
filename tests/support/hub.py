"""A hub in a virtual world, with its words: whose database works on the loop's own thread, since virtual time waits for no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.support.world import World, dice
from tests.support.world import tell as tell_world

from latchwork.base.logs import Secret
from latchwork.devices.models import MODELS
from latchwork.hub.house.entities import Access, Credential, Person, Site
from latchwork.hub.journal.query import Filter
from latchwork.hub.service import Hub
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.node.config import NodeConfig
from latchwork.sim.faults import make_fault
from latchwork.sim.lock import VirtualLock
from latchwork.store.database import Database, _Job
from latchwork.store.kv import MemoryStore

OWNER = "account:owner"


class OwnThreadDatabase(Database):
    """Writes at once, on the thread that asks: the same commits in the same order."""

    async def write(self, function):
        self._check_open()
        job = _Job(function, None, None)
        with self._writing:
            self._commit([job])
        if job.error is not None:
            raise job.error
        return job.result

    async def read_in_thread(self, function):
        return self.read(function)

    async def close(self):
        self._is_closing = True
        self._jobs.put(None)
        self._thread.join()


class HubWorld:
    """One house: a world, a controller and a hub; the hub can be restarted."""

    def __init__(self, world: World, folder=None):
        self.world = world
        self.folder = folder
        self.hub: Hub
        self._opened = 0
        self._is_off = False
        self._discriminator = 100

    async def open(self):
        controller = self.world.controllers.get("hub") or await self.world.controller("hub", require_attestation=False)
        self._opened += 1
        database = OwnThreadDatabase(None if self.folder is None else self.folder / "hub.db")
        self.hub = await Hub.open(
            None,
            controller=controller,
            clock=self.world.clock,
            entropy=dice((self.world.seed, "the hub", self._opened)),
            database=database,
        )
        return self

    async def close(self):
        if not self._is_off:
            await self.hub.close()

    async def switch_off(self):
        """The hub says goodbye and is off until `open`."""
        await self.hub.close()
        await self.world.controllers.pop("hub").close()

    async def switch_off_for_good(self):
        """The hub is off, and stays so."""
        await self.hub.close()
        self._is_off = True
        await self.world.controllers.pop("hub").close()

    async def crash(self):
        """The process is gone without a goodbye; what is in its folder is all that is left of it."""
        hub = self.hub
        own = str(Path("latchwork", "hub"))
        tasks = [task for task in asyncio.all_tasks() if own in task.get_coro().cr_code.co_filename]
        # A killed process writes nothing on its way out, and a cancelled task might.
        hub._database._is_closing = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.world.leave("hub")
        await hub._database.close()

    # Locks

    async def device(self, name, model="u200", **config) -> VirtualLock:
        """A virtual lock of a model, on the air."""
        world = self.world
        self._discriminator += 1
        config = {"discriminator": self._discriminator} | config
        store = world.stores.setdefault(name, MemoryStore())
        lock = VirtualLock(
            NodeConfig(**config),
            store,
            model=MODELS[model] if isinstance(model, str) else model,
            clock=world.clock,
            entropy=world._entropy(name),
        )
        host = world._host(name)
        await lock.start(world.air.attach(host), world.air.discovery(host), use_threads=False)
        world.locks[name] = lock
        return lock

    async def door(self, name="Front", model="u200", **config):
        """A door with a lock of this model that the hub has taken in; gives the lock's id."""
        device = await self.device(name, model, **config)
        lock = await self.hub.locks.add(device.qr, door_name=name, door_id=None, actor=OWNER, tell=lambda _: None)
        return lock.id

    def device_at(self, name) -> VirtualLock:
        return self.world.locks[name]

    def door_id(self, name):
        return next(door.id for door in self.hub.repository.doors() if door.name == name)

    def lock_id(self, name):
        return next(door.lock_id for door in self.hub.repository.doors() if door.name == name)

    # People

    async def person(self, name, code=None, doors=None, rule=None, **access):
        """Somebody with a code and, for some doors, a rule of time; gives the person and the credential."""
        people = self.hub.people
        person = await people.add_person(Person(id="", name=name, unique_id=0), actor=OWNER)
        credential = None
        if code is not None:
            credential = await people.add_credential(
                Credential(id="", person_id=person.id), Secret(code.encode()), actor=OWNER
            )
        if doors:
            given = Access(id="", person_id=person.id, door_ids=tuple(map(self.door_id, doors)), **access)
            await people.grant(given if rule is None else replace(given, rule=rule), actor=OWNER)
        return person, credential

    async def zone(self, name):
        await self.hub.repository.put_site(Site(time_zone=name))
        self.hub.keepers.wake_doors(None)

    # Others

    def peer(self, name):
        """A lock as the hub's own controller knows it, past the hub."""
        lock = self.hub.repository.lock(self.lock_id(name))
        return self.world.controllers["hub"].peers[lock.node_id]

    async def other(self, name="Front", controller="other"):
        """Another ecosystem joins a lock; gives the lock as it knows it."""
        theirs = self.world.controllers.get(controller)
        theirs = theirs or await self.world.controller(controller, require_attestation=False)
        return await theirs.commission(await self.peer(name).open_window())

    # What is

    def codes(self, name):
        """The PINs on a lock, as the lock itself holds them."""
        from latchwork.devices.lock_device import lock_of
        from latchwork.doorlock.credentials import CredentialKind

        register = lock_of(self.device_at(name).node).register
        return {bytes(each.secret).decode() for each in register.credentials(CredentialKind.PIN)}

    def users(self, name):
        """The users on a lock, as the lock itself holds them."""
        from latchwork.devices.lock_device import lock_of

        return list(lock_of(self.device_at(name).node).register.users())

    def proofs(self, credential):
        """By lock, how well it is known that a credential is there."""
        return {each.lock_id: each.proof.name for each in self.hub.repository.places_of(credential.id)}

    async def settle(self, seconds=30.0):
        """Let the locks get what they should have."""
        await asyncio.sleep(seconds)

    async def journal(self, **wanted):
        """Entries, oldest first."""
        page = await self.hub.journal.page(Filter(**wanted), limit=500, oldest_first=True)
        return list(page.entries)

    # At the door

    async def enter(self, name, code):
        """Somebody types a code."""
        self.device_at(name).handle({"keys": f"{code}#"})
        await asyncio.sleep(5)

    def fault(self, name, fault, value=None):
        self.device_at(name).put_fault(make_fault(fault, value))


async def put_user(peer, index, name, code=None, place=None):
    """A controller, past every hub, makes a user with a code on a lock."""
    added = wire.DataOperationTypeEnum.ADD
    await peer.invoke(
        1,
        DoorLock.set_user,
        wire.SetUser(
            operation_type=added,
            user_index=index,
            user_name=name,
            user_unique_id=None,
            user_status=wire.UserStatusEnum.OCCUPIED_ENABLED,
            user_type=wire.UserTypeEnum.UNRESTRICTED_USER,
            credential_rule=wire.CredentialRuleEnum.SINGLE,
        ),
    )
    if code is not None:
        await put_code(peer, index, code, place or index)


async def put_code(peer, index, code, place, how=wire.DataOperationTypeEnum.ADD):
    """A controller, past every hub, writes a code."""
    said = await peer.invoke(
        1,
        DoorLock.set_credential,
        wire.SetCredential(
            operation_type=how,
            credential=pin(place),
            credential_data=Secret(code.encode()),
            user_index=index,
            user_status=None,
            user_type=None,
        ),
    )
    assert said.status == 0


def pin(place):
    """The place of a code."""
    return wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=place)


def tell(play, seed=0, folder=None):
    """Play a story about a house with a hub in virtual time."""

    async def main(world):
        house = await HubWorld(world, folder).open()
        try:
            return await play(house)
        finally:
            await house.close()

    return tell_world(main, seed)
