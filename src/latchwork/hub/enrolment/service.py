"""Fingers, cards and faces: begun from the hub, done at the door, followed until the lock holds them, and then in the books.

Layer hub, on controller and store. The hub sends no finger: it makes the person's user on the lock, says what to do there, and looks what
comes. What the lock itself took has no creator. It becomes ours only because whoever began the enrolment named it beforehand: this kind,
for this person, on this lock, within these minutes. Everything else that comes meanwhile is left alone.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from logging import ERROR
from typing import Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse, Unreachable, Unsupported
from latchwork.base.logs import log, logger
from latchwork.hub.books.accesses import put_access
from latchwork.hub.books.people import put_credential
from latchwork.hub.books.placed import get_placed, save_placed_credential
from latchwork.hub.books.rows import NotFound
from latchwork.hub.desk import Desk
from latchwork.hub.enrolment import texts
from latchwork.hub.enrolment.places import EnrolmentPlaces, Eyes, LockFacts, taken
from latchwork.hub.enrolment.rows import (
    Enrolment,
    EnrolmentState,
    forget_old,
    get_enrolment,
    list_going,
    put_enrolment,
)
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.entities import Credential, CredentialKind, Lock
from latchwork.hub.house.observed import SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import PlacedCredential, Proof
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.hub.journal.journal import name_place

ENROL_S: Final = 600.0
"""Seconds that somebody at the door has, and that making the user may take before."""
KINDS: Final = frozenset({CredentialKind.FINGERPRINT, CredentialKind.RFID, CredentialKind.FACE})
_PREPARE_LOOK_S: Final = 1.0
_LOOK_S: Final = 15.0
"""Seconds between looks at a lock that tells nothing by itself; one that sleeps is left to tell."""
_CHANGES: Final = frozenset(
    {Kind.CODE_ADDED.value, Kind.CODE_CHANGED.value, Kind.USER_ADDED.value, Kind.USER_CHANGED.value}
)
_log = logger(__name__)


class RemoveCredential(Protocol):
    """Takes a credential out of use."""

    def __call__(self, credential_id: str, *, actor: str) -> Awaitable[None]:
        """Take it out of use."""


class Enrolments:
    """Enrolments of one hub, from `resume` to `close`.

    Args:
        desk: the books.
        locks: what is known of locks.
        eyes: look at a lock.
        wake_doors: called with the doors whose locks should hold something else now.
        remove_credential: takes one out of use that came to nothing.
    """

    __slots__ = (
        "_beginning",
        "_desk",
        "_ears",
        "_eyes",
        "_going",
        "_locks",
        "_places",
        "_remove_credential",
        "_wake_doors",
    )

    def __init__(
        self,
        desk: Desk,
        *,
        locks: LockFacts,
        eyes: Eyes,
        wake_doors: Callable[[Iterable[str] | None], None],
        remove_credential: RemoveCredential,
    ) -> None:
        self._desk = desk
        self._locks = locks
        self._eyes = eyes
        self._places = EnrolmentPlaces(desk, locks)
        self._wake_doors = wake_doors
        self._remove_credential = remove_credential
        self._going: dict[str, _Going] = {}
        self._beginning: set[str] = set()
        self._ears: asyncio.Task[None] | None = None

    # What can be asked

    async def begin(self, person_id: str, lock_id: str, kind: CredentialKind, *, actor: str) -> Enrolment:
        """Begin to take a credential of somebody at a lock; it is followed from now on.

        Raises:
            NotFound: there is no such person or lock.
            Unsupported: the lock takes nothing of this kind.
            Misuse: the person has no access to its door now, or another enrolment is under way on it.
        """
        desk, now = self._desk, self._desk.now()
        person, lock, house = desk.repository.person(person_id), desk.repository.lock(lock_id), desk.household()
        door = house.door_of.get(lock_id)
        if kind not in KINDS:
            raise Misuse("only fingers, cards and faces are taken at the door")
        if lock.gone_at is not None or door is None:
            raise Misuse("this lock is on no door")
        if lock_id in self._beginning or any(each.enrolment.lock_id == lock_id for each in self._going.values()):
            raise Misuse(
                "another enrolment is under way on this lock: what comes could not be told apart",
                advice="Wait for it to end, or cancel it.",
            )
        self._check_kind(lock_id, kind)
        credential = self._places.waiting_credential(person_id, lock_id, kind)
        is_new = credential is None
        if credential is None:
            credential = Credential(
                id=desk.new_id("credential"), person_id=person_id, kind=kind, lock_id=lock_id, created_at=now
            )
        named = self._places.access_that_names(door, credential) if is_new else None
        if self._places.wanted(lock_id, credential, named) is None:
            raise Misuse(
                f"{person.name} has no access at {door.name} that a {texts.WORDS[kind]} could be for now",
                advice="Give an access to this door first, for everything that the person has.",
            )
        enrolment = Enrolment(
            id=desk.new_id("enrolment"),
            person_id=person_id,
            lock_id=lock_id,
            kind=kind,
            credential_id=credential.id,
            is_new=is_new,
            actor=actor,
            begun_at=now,
            ends_at=now + ENROL_S,
        )
        made = credential

        def write(to: sqlite3.Connection) -> None:
            forget_old(to, now)
            if is_new:
                put_credential(to, made)
            if named is not None:
                put_access(to, named)
            put_enrolment(to, enrolment)

        entry = self._audit(enrolment, "enrolment_started")
        self._beginning.add(lock_id)
        try:
            await desk.write(write, lambda _: [entry])
            self._follow(enrolment)
        finally:
            self._beginning.discard(lock_id)
        self._wake_doors([door.id])
        self._tell(enrolment)
        return enrolment

    def get(self, enrolment_id: str) -> Enrolment:
        """How far it is.

        Raises:
            NotFound: there is none, or it ended long ago.
        """
        going = self._going.get(enrolment_id)
        if going is not None:
            return going.enrolment
        return self._desk.repository.database.read(lambda connection: get_enrolment(connection, enrolment_id))

    def steps(self, enrolment: Enrolment) -> tuple[str, ...]:
        """What to do at the door, in plain words for this lock."""
        lock = self._desk.repository.lock(enrolment.lock_id)
        person = self._desk.repository.person(enrolment.person_id)
        return texts.steps(lock, enrolment.kind, enrolment.user_index, person.name)

    async def cancel(self, enrolment_id: str, *, actor: str) -> Enrolment:
        """End it without a result; one that has ended stays as it is.

        Raises:
            NotFound: there is none.
        """
        going = self._going.get(enrolment_id)
        if going is None:
            return self.get(enrolment_id)
        going.cancelled_by = actor
        going.nudge.set()
        await asyncio.wait([going.task])
        return self.get(enrolment_id)

    # Life

    def resume(self) -> None:
        """Go on with what was under way when the hub ended."""
        for each in self._desk.repository.database.read(list_going):
            self._follow(each)

    async def close(self) -> None:
        """Stop watching; what is under way is gone on with by the next `resume`."""
        tasks = [each.task for each in self._going.values()]
        if self._ears is not None:
            tasks.append(self._ears)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ears = None

    def _follow(self, enrolment: Enrolment) -> None:
        if self._ears is None:
            self._ears = asyncio.create_task(self._hear(), name="ears of enrolments")
        going = _Going(enrolment)
        going.task = asyncio.create_task(self._run(going), name=f"enrolment {enrolment.id}")
        self._going[enrolment.id] = going

    async def _hear(self) -> None:
        async for event in self._desk.bus.listen():
            for each in self._going.values():
                is_news = event is None or (
                    event.kind == "journal"
                    and event.data.get("lock_id") == each.enrolment.lock_id
                    and event.data.get("kind") in _CHANGES
                )
                if is_news:
                    each.nudge.set()

    async def _run(self, going: _Going) -> None:
        try:
            if going.enrolment.state is EnrolmentState.PREPARING:
                await self._prepare(going)
            if going.enrolment.state is EnrolmentState.WAITING:
                await self._wait(going)
        except LatchworkError as error:
            log(_log, ERROR, "enrolment failed", error=type(error).__name__, reason=error)
            with suppress(LatchworkError):
                await self._end(going, EnrolmentState.FAILED, str(error))
        finally:
            if not going.enrolment.is_going:
                del self._going[going.enrolment.id]

    async def _prepare(self, going: _Going) -> None:
        """Wait until the lock has a user for the person."""
        while True:
            index = self._places.of_user(going.enrolment)
            before = () if index is None else await self._before(going, index)
            if index is not None and before is not None:
                break
            if await self._is_over(going, texts.NOT_PREPARED):
                return
            await self._notice(going, self._what_keeps(going.enrolment))
            await self._pause(going, _PREPARE_LOOK_S)
        await self._keep(
            going,
            replace(
                going.enrolment,
                state=EnrolmentState.WAITING,
                user_index=index,
                ends_at=self._desk.now() + ENROL_S,
                notice="",
                before=before,
            ),
        )

    async def _before(self, going: _Going, index: int) -> tuple[int, ...] | None:
        """What the lock holds of the kind before anybody begins; None: it does not answer."""
        each, seen = going.enrolment, self._locks.observed(going.enrolment.lock_id)
        try:
            user = await self._eyes.user(self._desk.repository.lock(each.lock_id), index)
        except Unreachable as error:
            await self._notice(going, texts.unanswered(str(error)))
            return None
        there = set() if seen is None else {place for _, place in taken(seen, each.kind)}
        if isinstance(user, SeenUser):
            there |= {place for kind, place in user.credentials if kind is each.kind}
        return tuple(sorted(there))

    async def _wait(self, going: _Going) -> None:
        """Look what comes, until it has come or the time is over."""
        can = self._locks.capabilities(going.enrolment.lock_id)
        pause = ENROL_S if can is not None and can.is_sleepy else _LOOK_S
        while True:
            is_last = going.cancelled_by is None and self._desk.now() >= going.enrolment.ends_at
            if going.cancelled_by is None and await self._look(going):
                return
            if (is_last or going.cancelled_by is not None) and await self._is_over(going, texts.TIMED_OUT):
                return
            await self._pause(going, pause)

    async def _pause(self, going: _Going, seconds: float) -> None:
        left = max(0.001, min(seconds, going.enrolment.ends_at - self._desk.now()))
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await going.nudge.wait()
        going.nudge.clear()

    # What comes

    async def _look(self, going: _Going) -> bool:
        """Whether it has come, and is in the books now."""
        each, repository = going.enrolment, self._desk.repository
        lock, index = repository.lock(each.lock_id), each.user_index
        assert index is not None, "it waits"
        try:
            user = await self._eyes.user(lock, index)
            if not isinstance(user, SeenUser):
                await self._notice(going, texts.USER_GONE if user is Slot.EMPTY else "")
                return False
            known = {(one.kind, one.index) for one in repository.placed(lock.id).credentials}
            for kind, place in user.credentials:
                if kind is each.kind and (kind, place) not in known and place not in each.before:
                    seen = await self._eyes.credential(lock, kind, place)
                    if isinstance(seen, SeenCredential) and await self._take(going, lock, seen):
                        return True
        except Unreachable as error:
            await self._notice(going, texts.unanswered(str(error)))
            return False
        await self._look_elsewhere(going, index)
        return False

    async def _look_elsewhere(self, going: _Going, index: int) -> None:
        each, seen = going.enrolment, self._locks.observed(going.enrolment.lock_id)
        if seen is None:
            return
        for kind, place in taken(seen, each.kind):
            found = seen.credential(kind, place)
            if place not in each.before and isinstance(found, SeenCredential) and found.user_index not in {None, index}:
                await self._notice(going, texts.elsewhere(kind, found.user_index, index))

    async def _take(self, going: _Going, lock: Lock, seen: SeenCredential) -> bool:
        """Into the books with it, if it is what was named: made at the lock or through us, for this very user."""
        each, desk = going.enrolment, self._desk
        if seen.user_index not in {None, each.user_index}:
            return False
        if seen.creator not in {None, lock.fabric_index}:
            await self._notice(going, texts.by_another(each.kind))
            return False
        house, now = desk.household(), desk.now()
        credential = next(
            (one for one in house.credentials.get(each.person_id, ()) if one.id == each.credential_id), None
        )
        wanted = None if credential is None else self._places.wanted(lock.id, credential, None)
        keys = {user.key for user in desk.repository.placed(lock.id).users if user.index == each.user_index}
        if credential is None or wanted is None or wanted.key not in keys:
            # In the books it would be taken off the lock at once: as something of ours that nobody wants.
            await self._end(going, EnrolmentState.FAILED, texts.moved(each.kind))
            return True
        row = PlacedCredential(
            lock_id=lock.id,
            credential_id=credential.id,
            version=credential.version,
            kind=seen.kind,
            index=seen.index,
            user_key=wanted.key,
            proof=Proof.OCCUPIED,
            proof_at={"occupied": now},
        )
        done = replace(each, state=EnrolmentState.DONE, notice="", ends_at=now)

        def write(to: sqlite3.Connection) -> None:
            if all(user.key != wanted.key for user in get_placed(to, lock.id).users):
                raise Misuse(texts.USER_GONE)
            save_placed_credential(to, row)
            name_place(to, lock.node_id, f"{lock.endpoint}/{seen.kind.value}/{seen.index}", credential.id)
            put_enrolment(to, done)

        detail: dict[str, Detail] = {"user": each.user_index, "place": seen.index}
        entry = self._audit(each, "enrolled", detail)
        await desk.write(write, lambda _: [entry])
        going.enrolment = done
        self._locks.wake(lock.id)
        self._tell(done)
        return True

    # Ends

    async def _is_over(self, going: _Going, why: str) -> bool:
        if going.cancelled_by is not None:
            await self._end(going, EnrolmentState.CANCELLED, "")
            return True
        if self._desk.now() < going.enrolment.ends_at:
            return False
        said = going.enrolment.notice
        await self._end(going, EnrolmentState.TIMED_OUT, f"{why} {said}".strip())
        return True

    async def _end(self, going: _Going, state: EnrolmentState, notice: str) -> None:
        each = replace(going.enrolment, state=state, notice=notice[:500], ends_at=self._desk.now())
        actor = going.cancelled_by or each.actor
        going.enrolment = each
        entry = self._audit(replace(each, actor=actor), "enrolment_ended", {"how": state.value})
        await self._desk.write(lambda to: put_enrolment(to, each), lambda _: [entry])
        self._tell(each)
        if each.is_new:
            with suppress(NotFound):
                await self._remove_credential(each.credential_id, actor=actor)

    async def _notice(self, going: _Going, notice: str) -> None:
        if notice != going.enrolment.notice:
            await self._keep(going, replace(going.enrolment, notice=notice))

    async def _keep(self, going: _Going, changed: Enrolment) -> None:
        going.enrolment = changed
        await self._desk.repository.database.write(lambda to: put_enrolment(to, changed))
        self._tell(changed)

    def _tell(self, each: Enrolment) -> None:
        door = self._desk.household().door_of.get(each.lock_id)
        self._desk.bus.publish(
            "enrolment",
            {
                "enrolment_id": each.id,
                "lock_id": each.lock_id,
                "door_id": None if door is None else door.id,
                "person_id": each.person_id,
                "kind": each.kind.value,
                "state": each.state.value,
                "notice": each.notice,
            },
        )

    # What is around

    def _check_kind(self, lock_id: str, kind: CredentialKind) -> None:
        can = self._locks.capabilities(lock_id)
        if can is None:
            raise Unreachable("the lock has not been read yet", advice="Wait until it has answered once.")
        if not can.has_users or can.kinds.get(kind, 0) <= 0:
            raise Unsupported(f"this lock takes no {texts.WORDS[kind]}", advice="Use something else at this door.")

    def _what_keeps(self, each: Enrolment) -> str:
        troubles = [
            one
            for one in self._desk.repository.troubles(each.lock_id)
            if one.is_error and one.person_id in {None, each.person_id}
        ]
        if any(one.code is TroubleCode.ASLEEP for one in troubles):
            return texts.WAKE_IT
        return troubles[0].message if troubles else ""

    def _audit(self, each: Enrolment, did: str, detail: dict[str, Detail] | None = None) -> Entry:
        desk = self._desk
        return replace(
            desk.audit(
                each.actor,
                did,
                person=desk.everybody().get(each.person_id),
                door=desk.household().door_of.get(each.lock_id),
                lock_id=each.lock_id,
                detail={"enrolment": each.id, **(detail or {})},
            ),
            credential_id=each.credential_id,
            credential_kind=each.kind,
        )


class _Going:
    """One enrolment that is followed."""

    __slots__ = ("cancelled_by", "enrolment", "nudge", "task")

    def __init__(self, enrolment: Enrolment) -> None:
        self.enrolment = enrolment
        self.nudge = asyncio.Event()
        self.cancelled_by: str | None = None
        self.task: asyncio.Task[None]
