"""What this hub did not put on a lock: cleared only where somebody names it, and taken over only where our fabric made it.

Layer hub, on controller and store. The only place from which a command goes out for a place that is not in our books.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from latchwork.base.errors import Misuse, Unsupported
from latchwork.controller import Peer
from latchwork.hub.books import people as repository_people
from latchwork.hub.books import placed as repository_placed
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Credential, CredentialKind, Door, Lock, Person
from latchwork.hub.house.observed import SeenUser
from latchwork.hub.house.placed import PlacedCredential, PlacedUser, Proof
from latchwork.hub.journal.entries import Detail
from latchwork.hub.keeping.reading import TYPES, read_user
from latchwork.hub.plan.places import MAX_INDEX
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock


async def clear(
    desk: Desk,
    lock: Lock,
    door: Door | None,
    peer: Peer,
    user_index: int | None,
    credential: tuple[CredentialKind, int] | None,
    *,
    actor: str,
) -> None:
    """Clear one user or one credential that is not ours.

    Raises:
        Misuse: it is ours, or not exactly one thing is named.
        LatchworkError: the lock said no, or nothing.
    """
    placed = desk.repository.placed(lock.id)
    detail: dict[str, Detail]
    if (user_index is None) is (credential is None):
        raise Misuse("name one user, or one credential")
    if credential is not None:
        kind, index = credential
        is_ours = any((each.kind, each.index) == credential for each in placed.credentials)
        detail = {"kind": kind.value, "place": index}
    else:
        index = user_index or 0
        is_ours = any(each.index == index for each in placed.users)
        detail = {"user": index}
    if not 1 <= index <= MAX_INDEX:
        raise Misuse("this names no single place")
    if is_ours:
        raise Misuse("this hub put it there", advice="Take the access away instead.")
    await desk.note(desk.audit(actor, "foreign_cleared", door=door, lock_id=lock.id, detail=detail))
    if credential is None:
        await peer.invoke(lock.endpoint, DoorLock.clear_user, wire.ClearUser(user_index=index))
    else:
        place = wire.CredentialStruct(credential_type=TYPES[credential[0]], credential_index=index)
        await peer.invoke(lock.endpoint, DoorLock.clear_credential, wire.ClearCredential(credential=place))


async def adopt(
    desk: Desk, lock: Lock, door: Door | None, peer: Peer, user_index: int, person: Person, *, actor: str
) -> None:
    """Take a user that our fabric made, and nobody remembers, into the books as this person's.

    Its codes cannot be read: they are kept as they are, without a secret, until somebody sets new ones.

    Raises:
        Unsupported: another ecosystem, or somebody at the door, made it.
        Misuse: it is in the books, is not there, or would be taken away at once.
        Unreachable: the lock does not answer.
    """
    if not 1 <= user_index <= MAX_INDEX:
        raise Misuse("this names no single place")
    # What was read before may be old: whose a user is now decides.
    seen = await read_user(peer, lock.endpoint, user_index)
    if not isinstance(seen, SeenUser):
        raise Misuse("there is no such user on the lock")
    if seen.creator != lock.fabric_index or not lock.fabric_index:
        raise Unsupported(
            "this hub did not make this user, so that the lock does not let it change anything",
            advice="Clear the user, and give the person a code from here.",
        )
    placed = desk.repository.placed(lock.id)
    if any(user.index == user_index or user.key == person.id for user in placed.users):
        raise Misuse("this user, or this person on this lock, is known already")
    if door is None or not desk.repository.accesses(person_id=person.id, door_id=door.id):
        raise Misuse(
            f"{person.name} has no access to this door: the user would be taken away at once",
            advice="Give the person access to this door first.",
        )
    now = desk.now()
    credentials = [
        Credential(id=desk.new_id("credential"), person_id=person.id, kind=kind, lock_id=lock.id, created_at=now)
        for kind, _ in seen.credentials
    ]

    def write(connection: sqlite3.Connection) -> None:
        repository_placed.save_placed_user(connection, PlacedUser(lock_id=lock.id, key=person.id, index=user_index))
        for credential, (kind, index) in zip(credentials, seen.credentials, strict=True):
            repository_people.put_credential(connection, credential)
            row = PlacedCredential(
                lock_id=lock.id,
                credential_id=credential.id,
                version=credential.version,
                kind=kind,
                index=index,
                user_key=person.id,
            )
            at = {"occupied": now}
            repository_placed.save_placed_credential(connection, replace(row, proof=Proof.OCCUPIED, proof_at=at))

    detail: dict[str, Detail] = {"user": user_index}
    await desk.write(write, lambda _: [desk.audit(actor, "adopted", person=person, door=door, detail=detail)])
