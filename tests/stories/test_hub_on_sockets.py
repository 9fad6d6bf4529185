"""The hub once over real sockets: a database on disk, UDP and multicast DNS on the loopback interface, and two locks."""

import asyncio
from contextlib import suppress

from latchwork.base.logs import Secret
from latchwork.devices.lock_device import lock_of
from latchwork.devices.models import MODELS
from latchwork.doorlock.credentials import CredentialKind as Kinds
from latchwork.hub.house.entities import Access, Credential, Person
from latchwork.hub.house.placed import Proof
from latchwork.hub.journal.entries import How, Kind
from latchwork.hub.journal.query import Filter
from latchwork.hub.service import Hub
from latchwork.sim.home import VirtualHome

OWNER = "account:owner"
CODE = b"739218"
PATIENCE = 60.0
"""Seconds that anything may take: it takes milliseconds, this is for a machine that is busy."""


async def until(hub, is_so):
    """Wait until something is so, looking again whenever the hub tells of anything."""
    async with asyncio.timeout(PATIENCE):
        told = hub.bus.listen(0)
        while not is_so():
            # What a lock does without telling the hub is looked at now and then.
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(told)
                    continue
            told = hub.bus.listen(None)


def codes(device):
    return {bytes(each.secret) for each in lock_of(device.node).register.credentials(Kinds.PIN)}


async def opened(hub):
    """Entries that say that a door was opened."""
    page = await hub.journal.page(Filter(kinds=frozenset({Kind.OPENED})), limit=50, oldest_first=True)
    return page.entries


async def paired(hub, home):
    names = ("Front", "Garden")
    for name, device in zip(names, home.locks, strict=True):
        await hub.locks.add(device.qr, door_name=name, door_id=None, actor=OWNER, tell=lambda _: None)


async def test_somebody_lives_with_two_locks_and_a_hub_that_starts_again(tmp_path):
    folder = tmp_path / "hub"
    models = (MODELS["generic"], MODELS["u400"])
    async with VirtualHome(2, model=models, storage=tmp_path / "home") as home:
        hub = await Hub.open(folder, controller=home.controller)
        try:
            await paired(hub, home)
            person = await hub.people.add_person(Person(id="", name="Ada", unique_id=0), actor=OWNER)
            credential = Credential(id="", person_id=person.id)
            credential = await hub.people.add_credential(credential, Secret(CODE), actor=OWNER)
            doors = tuple(door.id for door in hub.repository.doors())
            await hub.people.grant(Access(id="", person_id=person.id, door_ids=doors), actor=OWNER)

            def is_everywhere():
                places = hub.repository.places_of(credential.id)
                return len(places) == 2 and all(each.proof >= Proof.OCCUPIED for each in places)

            await until(hub, is_everywhere)
            assert [codes(device) for device in home.locks] == [{CODE}, {CODE}]
            for lock in hub.repository.locks():
                assert hub.repository.troubles(lock.id) == ()
                assert hub.locks.status(lock.id).is_reachable

            home.locks[1].handle({"keys": f"{CODE.decode()}#"})
            await until(hub, lambda: any(each.proof is Proof.USED for each in hub.repository.places_of(credential.id)))
            (entry,) = await opened(hub)
            assert (entry.person_name, entry.door_name, entry.how) == ("Ada", "Garden", How.KEYPAD)
            assert entry.lock_at is not None
        finally:
            await hub.close()

        home.locks[0].handle({"keys": f"{CODE.decode()}#"})
        hub = await Hub.open(folder, controller=home.controller)
        try:
            await until(hub, lambda: len(hub.repository.places_of(credential.id)) == 2)
            await until(hub, lambda: all(p.proof is Proof.USED for p in hub.repository.places_of(credential.id)))
            assert [entry.door_name for entry in await opened(hub)] == ["Garden", "Front"]
            await hub.people.move_out(person.id, actor=OWNER)
            await until(hub, lambda: hub.people.removal(person.id).is_complete)
            assert [codes(device) for device in home.locks] == [set(), set()]
            assert (await hub.journal.verify()).is_whole
        finally:
            await hub.close()
