"""A desk in memory with a small house: Ann and Bob, a front door with a lock, and a clock that is set by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from random import Random

from latchwork.base.clock import ManualClock
from latchwork.base.logs import Secret
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock, Person
from latchwork.hub.house.placed import PlacedCredential, PlacedUser, Proof
from latchwork.hub.journal.journal import Journal
from latchwork.store.database import Database

NOW = 1_700_000_000.0
LOCK = Lock(id="lock_front", node_id=7, fabric_index=1, vendor_id=0xFFF1, product_id=0x8000, firmware="1.0")
FRONT = Door(id="door_front", name="Front", lock_id="lock_front")
BACK_LOCK = Lock(id="lock_back", node_id=8, fabric_index=1, vendor_id=0xFFF1, product_id=0x8000, firmware="1.0")
BACK = Door(id="door_back", name="Back", lock_id="lock_back")
CODES = {"ann": b"739218", "bob": b"481604"}


@asynccontextmanager
async def at_desk():
    """A desk with the house in its books."""
    async with Database.memory() as database:
        entropy = Random(7).randbytes
        secrets = await Secrets.open(database, entropy)
        made = Desk(
            repository=Repository(database),
            secrets=secrets,
            journal=Journal(database),
            bus=Bus(),
            clock=ManualClock(utc=NOW),
            entropy=entropy,
        )
        repository = made.repository
        for lock, door in ((LOCK, FRONT), (BACK_LOCK, BACK)):
            await repository.put_lock(lock)
            await repository.put_door(door)
        for number, (name, code) in enumerate(CODES.items(), 1):
            await repository.put_person(Person(id=f"person_{name}", name=name.title(), unique_id=number))
            await repository.put_credential(credential(name))
            await secrets.put(f"credential_{name}", 1, Secret(code))
        yield made


def credential(name):
    return Credential(id=f"credential_{name}", person_id=f"person_{name}", length=6)


async def grant(desk, name, access_id, rule, doors=("door_front", "door_back"), **more):
    return await desk.repository.put_access(
        Access(id=access_id, person_id=f"person_{name}", door_ids=doors, rule=rule, **more)
    )


async def put_on(desk, name, lock_id="lock_front", *, index=1, key=None, proof=Proof.OCCUPIED, **row):
    """Somebody's code is on a lock, by the books; gives its row."""
    key = key or f"person_{name}"
    await desk.repository.save_placed_user(PlacedUser(lock_id=lock_id, key=key, index=index))
    placed = PlacedCredential(
        **{
            "lock_id": lock_id,
            "credential_id": f"credential_{name}",
            "version": 1,
            "kind": CredentialKind.PIN,
            "index": index,
            "user_key": key,
            "proof": proof,
            "proof_at": {} if proof is Proof.NONE else {"accepted": NOW - 100},
        }
        | row
    )
    await desk.repository.save_placed_credential(placed)
    return placed


def rows(desk, lock_id="lock_front"):
    """What is on a lock by the books, by credential."""
    return {each.credential_id: each for each in desk.repository.placed(lock_id).credentials}
