"""Steps carried out on one lock with the books kept: written before the command goes out, after its answer, and when it was read again.

Layer hub, on controller and store. A crash at any instant leaves a question in the books, never a code that nobody knows of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.controller import Peer
from latchwork.hub.books import placed as books
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import CredentialKind, Lock
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser, Slot, WeekDay, YearDay
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    ClearWeekDay,
    ClearYearDay,
    SetCredential,
    SetWeekDay,
    SetYearDay,
    Step,
)
from latchwork.hub.keeping import reading, texts
from latchwork.hub.keeping.performing import Answer, Outcome, perform
from latchwork.hub.people import removal
from latchwork.matter.model.clusters.door_lock import StatusCodeEnum

_Write = Callable[[sqlite3.Connection], None]


@dataclass(slots=True)
class Carried:
    """How it went.

    Attributes:
        done: steps that the lock took.
        refused: those that it did not, and why.
        not_kept: clears that it took and does not show.
        is_changed: somebody else has changed what was to be cleared: it was not, and everything is to be read again.
        error: why it stopped answering, or None.
    """

    done: list[Step] = field(default_factory=list)
    refused: list[tuple[Step, Outcome]] = field(default_factory=list)
    not_kept: list[Step] = field(default_factory=list)
    is_changed: bool = False
    error: LatchworkError | None = None


class Carrier:
    """One lock's hands and eyes.

    Attributes:
        observed: what the lock held when it was read last; None before, or when that cannot be relied on any more.
    """

    __slots__ = (
        "_credentials",
        "_desk",
        "_is_known",
        "_lock",
        "_peer",
        "_placed",
        "_touched",
        "_unwritten",
        "_users",
        "observed",
    )

    def __init__(self, desk: Desk, lock: Lock, peer: Peer) -> None:
        self._desk = desk
        self._lock = lock
        self._peer = peer
        self._users: dict[int, SeenUser | Slot] = {}
        self._credentials: dict[tuple[CredentialKind, int], SeenCredential | Slot] = {}
        self._placed = _Books(Placed())
        self._unwritten: list[_Write] = []
        self._touched = _Touched()
        self._is_known = False
        self.observed: Observed | None = None

    # Eyes

    async def read(self, capabilities: Capabilities, has_hours: Callable[[SeenUser], bool]) -> Observed:
        """Read everything.

        Raises:
            LatchworkError: the lock does not answer.
        """
        self.observed = None
        found = await reading.read_observed(self._peer, self._lock.endpoint, capabilities, self._desk.now, has_hours)
        self._users, self._credentials = dict(found.users), dict(found.credentials)
        self._touched, self._is_known = _Touched(), True
        self._placed = _Books(self._desk.repository.placed(self._lock.id))
        for index, seen in self._users.items():
            self._note_seen(index, seen)
        await self._flush()
        return self._saw(found.read_at)

    def _saw(self, at: float) -> Observed:
        self.observed = Observed(users=self._users, credentials=self._credentials, read_at=at)
        return self.observed

    async def _read_user(self, index: int, capabilities: Capabilities, *, is_new: bool) -> SeenUser | Slot:
        seen = await reading.read_user(self._peer, self._lock.endpoint, index)
        if isinstance(seen, SeenUser):
            before = self._users.get(index)
            if isinstance(before, SeenUser) and not is_new:
                seen = replace(seen, week_days=before.week_days, year_days=before.year_days)
            elif is_new:
                weeks: dict[int, WeekDay | Slot] = dict.fromkeys(range(1, capabilities.week_days + 1), Slot.EMPTY)
                years: dict[int, YearDay | Slot] = dict.fromkeys(range(1, capabilities.year_days + 1), Slot.EMPTY)
                seen = replace(seen, week_days=weeks, year_days=years)
        self._users[index] = seen
        return seen

    async def _read_credential(self, kind: CredentialKind, index: int) -> SeenCredential | Slot:
        seen = await reading.read_credential(self._peer, self._lock.endpoint, kind, index)
        self._credentials[kind, index] = seen
        return seen

    async def look_again(self, capabilities: Capabilities) -> None:
        """Read what was touched since; what is as it should be is `Proof.OCCUPIED` from now on.

        Raises:
            LatchworkError: the lock does not answer: what is known of it cannot be relied on.
        """
        touched = self._touched
        self._placed = _Books(self._desk.repository.placed(self._lock.id))
        self.observed, peer, endpoint = None, self._peer, self._lock.endpoint
        for index in sorted(touched.users):
            self._note_seen(index, await self._read_user(index, capabilities, is_new=index in touched.new))
        for user_index, index in sorted(touched.week_days):
            week_day = await reading.read_week_day(peer, endpoint, user_index, index)
            self._put_hours(user_index, "week_days", index, week_day)
        for user_index, index in sorted(touched.year_days):
            year_day = await reading.read_year_day(peer, endpoint, user_index, index)
            self._put_hours(user_index, "year_days", index, year_day)
        for kind, index in sorted(touched.credentials):
            seen = await self._read_credential(kind, index)
            placed = self._placed.credentials.get((kind, index))
            if placed is not None and not placed.is_pending and self._is_right(placed, seen):
                self.raise_proof(placed, Proof.OCCUPIED)
        await self._flush()
        self._touched = _Touched()
        self._saw(self._desk.now())

    def _note_seen(self, index: int, seen: SeenUser | Slot) -> None:
        """Whether a command about a user has arrived is no question any more when the user is there."""
        if isinstance(seen, SeenUser) and seen.creator in {None, self._lock.fabric_index}:
            for user in self._placed.users.values():
                if user.index == index and user.is_pending:
                    self._placed.users[user.key] = row = replace(user, is_pending=False)
                    self._unwritten.append(partial(_save_user, row))
                    return

    def _put_hours(self, user_index: int, name: str, index: int, seen: WeekDay | YearDay | Slot) -> None:
        user = self._users.get(user_index)
        if isinstance(user, SeenUser):
            hours = {**getattr(user, name), index: seen}
            self._users[user_index] = (
                replace(user, week_days=hours) if name == "week_days" else replace(user, year_days=hours)
            )

    def _is_right(self, placed: PlacedCredential, seen: SeenCredential | Slot) -> bool:
        owner = self._placed.users.get(placed.user_key)
        return (
            isinstance(seen, SeenCredential)
            and owner is not None
            and seen.user_index in {None, owner.index}
            and seen.creator in {None, self._lock.fabric_index}
        )

    def raise_proof(self, placed: PlacedCredential, proof: Proof) -> None:
        """Note, with the next write, that a credential is known to be there that well."""
        if placed.proof < proof:
            at = {**placed.proof_at, proof.name.lower(): self._desk.now()}
            self._placed.credentials[placed.kind, placed.index] = found = replace(placed, proof=proof, proof_at=at)
            self._unwritten.append(partial(_save_credential, found))

    @property
    def is_known(self) -> bool:
        """Whether everything was read once, so that `look_again` is enough."""
        return self._is_known

    # Hands

    async def carry_out(
        self, steps: Iterable[Step], may: Callable[[Step], bool], is_outdated: Callable[[], bool]
    ) -> Carried:
        """Carry out steps in their order.

        A user of whom a step is refused gets nothing more: a code must not be there before its hours are.

        Args:
            steps: of a plan.
            may: whether a step is to be tried now.
            is_outdated: whether something else is wanted by now; asked between steps.

        Raises:
            LatchworkError: the storage failed.
        """
        self._placed = _Books(self._desk.repository.placed(self._lock.id))
        self.observed = None
        carried, blocked = Carried(), set[int]()
        for step in steps:
            index = _user_index(step)
            if is_outdated() or carried.error is not None or carried.is_changed:
                break
            if index is not None and index in blocked:
                continue
            if not may(step):
                blocked.update(() if index is None or isinstance(step, SetCredential) else (index,))
                continue
            if isinstance(step, ClearUser | ClearCredential) and not await self._is_still_there(step, carried):
                continue
            outcome = await self._carry_out(step, carried)
            if outcome.answer is Answer.REFUSED and index is not None and not isinstance(step, SetCredential):
                blocked.add(index)
        await self._flush()
        return carried

    async def _carry_out(self, step: Step, carried: Carried) -> Outcome:
        secret = None
        if isinstance(step, SetCredential):
            try:
                secret = self._secret(step)
            except LatchworkError:
                trouble = texts.secret_gone(step.credential.credential_id, step.user_key.split("/", 1)[0])
                outcome = Outcome(answer=Answer.REFUSED, trouble=trouble)
                carried.refused.append((step, outcome))
                return outcome
        earlier = self._before(step)
        await self._flush()
        outcome = await perform(self._peer, self._lock.endpoint, step, secret)
        if _was_there(step, outcome, earlier):
            outcome = Outcome(answer=Answer.DONE, status=outcome.status)
        self._touched.add(step)
        self._after(step, outcome, earlier)
        if outcome.answer is Answer.REFUSED:
            carried.refused.append((step, outcome))
        elif outcome.answer is Answer.LOST:
            carried.error = outcome.error
        else:
            carried.done.append(step)
            if isinstance(step, ClearUser | ClearCredential):
                try:
                    await self._check_clear(step, carried)
                except LatchworkError as error:
                    carried.error = error
        return outcome

    async def _is_still_there(self, step: ClearUser | ClearCredential, carried: Carried) -> bool:
        """Look once more before a clear, since no command clears a place only if it holds what we think."""
        try:
            if isinstance(step, ClearCredential):
                place = step.kind, step.index
                credential = await reading.read_credential(self._peer, self._lock.endpoint, *place)
                is_same = credential is Slot.EMPTY or _is_same_credential(credential, self._credentials.get(place))
            else:
                user = await reading.read_user(self._peer, self._lock.endpoint, step.index)
                is_same = user is Slot.EMPTY or _is_same_user(user, self._users.get(step.index))
        except LatchworkError as error:
            carried.error = error
            return False
        carried.is_changed = not is_same
        return is_same

    def _secret(self, step: SetCredential) -> Secret:
        return self._desk.secrets.get(step.credential.credential_id, step.credential.version)

    def _before(self, step: Step) -> PlacedUser | PlacedCredential | None:
        """Note that a command is about to go out; gives what stood in its place in the books."""
        lock_id = self._lock.id
        match step:
            case AddUser(index=index, user=user):
                earlier = self._placed.users.get(user.key)
                row = PlacedUser(lock_id=lock_id, key=user.key, index=index, is_pending=True)
                self._placed.users[user.key] = row
                self._unwritten.append(partial(_save_user, row))
                return earlier
            case SetCredential(kind=kind, index=index, credential=credential):
                before = self._placed.credentials.get((kind, index))
                new = PlacedCredential(
                    lock_id=lock_id,
                    credential_id=credential.credential_id,
                    version=credential.version,
                    kind=kind,
                    index=index,
                    user_key=step.user_key,
                    is_pending=True,
                )
                self._placed.credentials[kind, index] = new
                self._unwritten.append(partial(_save_credential, new))
                return before
            case ClearCredential(kind=kind, index=index):
                self._doubt_user_of(kind, index)
                return None
            case _:
                return None

    def _doubt_user_of(self, kind: CredentialKind, index: int) -> None:
        """Some locks let a user go with its last credential: when it is gone afterwards, nobody has used it up."""
        credential = self._placed.credentials.get((kind, index))
        user = None if credential is None else self._placed.users.get(credential.user_key)
        if user is not None and not user.is_pending:
            self._placed.users[user.key] = row = replace(user, is_pending=True)
            self._unwritten.append(partial(_save_user, row))

    def _after(self, step: Step, outcome: Outcome, earlier: PlacedUser | PlacedCredential | None) -> None:
        """Note what became of it; without an answer the question stays in the books."""
        lock_id = self._lock.id
        match step:
            case AddUser(user=user) if outcome.answer is not Answer.LOST:
                row = replace(self._placed.users[user.key], is_pending=False)
                if outcome.answer is Answer.REFUSED:
                    if not isinstance(earlier, PlacedUser):
                        del self._placed.users[user.key]
                        self._unwritten.append(partial(books.forget_placed_user, lock_id=lock_id, key=user.key))
                        return
                    row = earlier
                self._placed.users[user.key] = row
                self._unwritten.append(partial(_save_user, row))
            case SetCredential(kind=kind, index=index) if outcome.answer is not Answer.LOST:
                new = self._placed.credentials[kind, index]
                if outcome.answer is Answer.DONE:
                    self._placed.credentials[kind, index] = new = replace(new, is_pending=False)
                    self.raise_proof(new, Proof.ACCEPTED)
                elif isinstance(earlier, PlacedCredential):
                    self._placed.credentials[kind, index] = earlier
                    self._unwritten.append(partial(_save_credential, earlier))
                else:
                    del self._placed.credentials[kind, index]
                    forget = partial(books.forget_placed_credential, lock_id=lock_id, kind=kind, index=index)
                    self._unwritten.append(forget)
            case _:
                pass

    async def _check_clear(self, step: ClearUser | ClearCredential, carried: Carried) -> None:
        """What was cleared is forgotten when the lock shows that it is gone, and not before: until then it is still ours."""
        if isinstance(step, ClearCredential):
            placed = self._placed.credentials.get((step.kind, step.index))
            owner = None if placed is None else self._placed.users.get(placed.user_key)
            if owner is not None:
                self._touched.users.add(owner.index)  # some locks let a user go with its last credential
            if await self._read_credential(step.kind, step.index) is Slot.EMPTY:
                self._forget_credential(step.kind, step.index)
            else:
                carried.not_kept.append(step)
            return
        held = [each for each in self._placed.credentials.values() if each.user_key == step.key]
        gone = await reading.read_user(self._peer, self._lock.endpoint, step.index)
        self._users[step.index] = gone
        left = [each for each in held if await self._read_credential(each.kind, each.index) is not Slot.EMPTY]
        if gone is not Slot.EMPTY or left:
            carried.not_kept.append(step)
            return
        for each in held:
            del self._placed.credentials[each.kind, each.index]
        self._placed.users.pop(step.key, None)
        self._unwritten.append(partial(removal.forget_user, lock_id=self._lock.id, key=step.key, at=self._desk.now()))

    def _forget_credential(self, kind: CredentialKind, index: int) -> None:
        if self._placed.credentials.pop((kind, index), None) is not None:
            forget = partial(books.forget_placed_credential, lock_id=self._lock.id, kind=kind, index=index)
            self._unwritten.append(forget)

    async def forget(self, gone: Placed) -> None:
        """Take out of the books what the lock does not hold any more."""
        now, lock_id = self._desk.now(), self._lock.id
        for each in gone.credentials:
            self._unwritten.append(
                partial(books.forget_placed_credential, lock_id=lock_id, kind=each.kind, index=each.index)
            )
        for user in gone.users:
            self._unwritten.append(partial(removal.forget_user, lock_id=lock_id, key=user.key, at=now))
        await self._flush()

    async def answer_questions(self) -> None:
        """Nothing is left to be done: users of whom it was not known whether they had arrived are there.

        Raises:
            LatchworkError: the storage failed.
        """
        for row in self._desk.repository.placed(self._lock.id).users:
            if row.is_pending and isinstance(self._users.get(row.index), SeenUser):
                self._unwritten.append(partial(_save_user, replace(row, is_pending=False)))
        await self._flush()

    async def save(self, *credentials: PlacedCredential) -> None:
        """Write credentials into the books as they are given.

        Raises:
            LatchworkError: the storage failed.
        """
        self._unwritten.extend(partial(_save_credential, each) for each in credentials)
        await self._flush()

    async def _flush(self) -> None:
        """Write everything that is known by now, durably, in one transaction."""
        writes, self._unwritten = self._unwritten, []
        if writes:
            await self._desk.repository.database.write(partial(_all, writes))


class _Books:
    """What is ours on the lock, as it will stand when all is written."""

    __slots__ = ("credentials", "users")

    def __init__(self, placed: Placed) -> None:
        self.users = {user.key: user for user in placed.users}
        self.credentials = {(each.kind, each.index): each for each in placed.credentials}


class _Touched:
    """Places to be read again; users in `new` were made, so that they have no other schedules."""

    __slots__ = ("credentials", "new", "users", "week_days", "year_days")

    def __init__(self) -> None:
        self.users: set[int] = set()
        self.new: set[int] = set()
        self.credentials: set[tuple[CredentialKind, int]] = set()
        self.week_days: set[tuple[int, int]] = set()
        self.year_days: set[tuple[int, int]] = set()

    def add(self, step: Step) -> None:
        match step:
            case AddUser(index=index):
                self.users.add(index)
                self.new.add(index)
            case ChangeUser(index=index) | ClearUser(index=index):
                self.users.add(index)
            case SetCredential(kind=kind, index=index, user_index=user_index):
                self.credentials.add((kind, index))
                self.users.add(user_index)
            case ClearCredential(kind=kind, index=index):
                self.credentials.add((kind, index))
            case SetWeekDay() | ClearWeekDay():
                self.week_days.add((step.user_index, step.index))
                self.users.add(step.user_index)  # a lock may change the kind of user by itself
            case SetYearDay() | ClearYearDay():
                self.year_days.add((step.user_index, step.index))
                self.users.add(step.user_index)


def has_any(steps: Iterable[Step], may: Callable[[Step], bool]) -> bool:
    """Whether `carry_out` would try any of these steps."""
    blocked = set[int]()
    for step in steps:
        index = _user_index(step)
        if index is not None and index in blocked:
            continue
        if may(step):
            return True
        if index is not None and not isinstance(step, SetCredential):
            blocked.add(index)
    return False


def _is_same_user(seen: SeenUser | Slot, before: SeenUser | Slot | None) -> bool:
    """Whether it is the same user, with nothing more than it had."""
    if not isinstance(seen, SeenUser) or not isinstance(before, SeenUser):
        return False
    is_more = not set(seen.credentials) <= set(before.credentials)
    return not is_more and (seen.creator, seen.unique_id) == (before.creator, before.unique_id)


def _is_same_credential(seen: SeenCredential | Slot, before: SeenCredential | Slot | None) -> bool:
    """Whether it is of the same user and the same maker."""
    if not isinstance(seen, SeenCredential) or not isinstance(before, SeenCredential):
        return False
    return (seen.creator, seen.user_index) == (before.creator, before.user_index)


def _was_there(step: Step, outcome: Outcome, earlier: PlacedUser | PlacedCredential | None) -> bool:
    """Whether a refusal only says that a command without an answer had arrived: older locks call a code in its own place a duplicate."""
    return (
        outcome.answer is Answer.REFUSED
        and outcome.status == StatusCodeEnum.DUPLICATE
        and isinstance(step, SetCredential)
        and not step.is_new
        and isinstance(earlier, PlacedCredential)
        and earlier.is_pending
        and (earlier.credential_id, earlier.version) == (step.credential.credential_id, step.credential.version)
    )


def _user_index(step: Step) -> int | None:
    match step:
        case AddUser() | ChangeUser():
            return step.index
        case SetCredential() | SetWeekDay() | ClearWeekDay() | SetYearDay() | ClearYearDay():
            return step.user_index
        case _:
            return None


def _save_user(row: PlacedUser, connection: sqlite3.Connection) -> None:
    books.save_placed_user(connection, row)


def _save_credential(row: PlacedCredential, connection: sqlite3.Connection) -> None:
    books.save_placed_credential(connection, row)


def _all(writes: list[_Write], connection: sqlite3.Connection) -> None:
    for write in writes:
        write(connection)
