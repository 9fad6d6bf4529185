"""One lock kept in line: what should be on it is compared with what is, and made so, step by step, for as long as the hub runs.

Layer hub, on controller and store. It sleeps until something changes: the house, the lock, the time. It speaks to the lock only when there
is something to do, and what it tells of itself is what was read on the lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from logging import WARNING
from typing import Any, Final

from latchwork.base.errors import Bug, LatchworkError, Misuse, Unreachable
from latchwork.base.logs import log, logger
from latchwork.controller import Peer
from latchwork.hub.books.capabilities_json import capabilities_from_json, capabilities_to_json
from latchwork.hub.desk import Desk
from latchwork.hub.house.desired import Desired, Trouble
from latchwork.hub.house.entities import Lock
from latchwork.hub.house.observed import Capabilities, Observed, SeenCredential, SeenUser
from latchwork.hub.house.placed import Placed
from latchwork.hub.house.steps import Plan, Step
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.keeping import texts
from latchwork.hub.keeping.carrying import Carrier, has_any
from latchwork.hub.keeping.clocks import ClockState, Timekeeper
from latchwork.hub.keeping.door_sensor import door_sensor_troubles
from latchwork.hub.keeping.drift import Quarrels, person_of, repairs
from latchwork.hub.keeping.performing import Outcome
from latchwork.hub.keeping.proof import Models, Prober
from latchwork.hub.keeping.reading import read_capabilities
from latchwork.hub.keeping.restored import Review
from latchwork.hub.keeping.waking import Backoff, WakeBudget
from latchwork.hub.plan.compile import compile_lock
from latchwork.hub.plan.places import vanished
from latchwork.hub.plan.plan import plan
from latchwork.hub.plan.schedules import BY_SCHEDULE
from latchwork.hub.plan.texts import WRITTEN_OVER
from latchwork.hub.status import LockStatus
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.session.handshake import FailureKind, HandshakeFailed
from latchwork.store.errors import StoreError

_log = logger(__name__)
MAX_ROUNDS: Final = 6
"""Plans in a row before the lock is taken for one that does not keep its word."""
AUDIT_S: Final = 86_400.0
SLEEPY_AUDIT_S: Final = 7 * 86_400.0
"""Seconds after which a lock is read again though nothing was heard: of a change on a lock that tells of none."""
_SOON_S: Final = 60.0
_LATER_S: Final = 3600.0
"""Seconds until a step is tried again that was refused for the moment, or for a reason of its own."""
_LONGEST_WAIT_S: Final = 300.0
"""Seconds after which the date is looked at again: somebody may have set the clock."""
_FAREWELL_S: Final = 10.0
"""Seconds after which a lock that is being reset does not answer as if it were not."""
_SPACING_S: Final = 2.0
"""Seconds between a failure and the next attempt, whatever wakes us: a lock may report and yet not take commands."""


class Wake(StrEnum):
    """Why to look again."""

    HOUSE = "house"
    """People, accesses or codes changed."""
    LOCK = "lock"
    """Somebody else changed something on the lock."""
    HEARD = "heard"
    """It is awake or in reach again."""
    ASKED = "asked"
    """Somebody wants to know."""
    CLOCK = "clock"
    """Its clock may have changed."""
    DOOR = "door"
    """Its door sensor is worth more or less than before."""
    SILENT = "silent"
    """It stopped telling: see whether it is there."""
    RESET = "reset"
    """It told that it is being reset."""


class State(StrEnum):
    """How far a lock is."""

    STARTING = "starting"
    WORKING = "working"
    IN_LINE = "in_line"
    WAITING = "waiting"
    """It does not answer; what is to be done is tried again."""
    TROUBLED = "troubled"
    """It holds what it can; the troubles say what it does not."""


@dataclass(slots=True)
class _Refusal:
    until: float
    trouble: Trouble


class Keeper:
    """Keeps one lock in line, from `start` to `close`.

    Attributes:
        lock: which, as it was known when it was started.
        state: how far it is.
        desired: what should be on it, when that was asked last.
        capabilities: what it can do; None before it was read for the first time ever.
    """

    def __init__(
        self,
        desk: Desk,
        lock: Lock,
        peer: Peer,
        *,
        models: Models,
        turns: asyncio.Semaphore,
        sleeps_until_check_in: Callable[[], bool],
        on_contact: Callable[[str, str], None],
        status: Callable[[], LockStatus] = LockStatus,
    ) -> None:
        """Know a lock; nothing is done before `start`.

        Args:
            desk: the books.
            lock: which.
            peer: its node.
            models: what is known about how models answer.
            turns: limits how many locks are spoken to at a time.
            sleeps_until_check_in: whether it tells us by itself when it wakes.
            on_contact: told the lock's id and why it does not answer, which is empty when it does.
            status: how it stands.
        """
        self.lock = lock
        self.state = State.STARTING
        self.desired = Desired()
        self._desk = desk
        self._peer = peer
        self._models = models
        self._turns = turns
        self._sleeps_until_check_in = sleeps_until_check_in
        self._on_contact = on_contact
        self._status = status
        self._carrier = Carrier(desk, lock, peer)
        self._prober = Prober(desk, lock, models)
        self._review = Review(desk, lock)
        self._budget = WakeBudget()
        self._backoff = Backoff(desk.entropy)
        self._quarrels = Quarrels()
        self._refused: dict[Step, _Refusal] = {}
        self._settled: dict[str, Any] = {}
        self._repaired: dict[str, list[str]] = {}
        self._seen: Observed | None = None
        self._troubles: tuple[Trouble, ...] | None = None
        self._names_creators = desk.repository.setting(self._setting("creators")) is True
        modifiers = desk.repository.setting(self._setting("modifiers"))
        self._names_modifiers = modifiers if isinstance(modifiers, bool) else None
        self.capabilities = capabilities_from_json(desk.repository.setting(self._setting("capabilities")))
        self._has_met = False
        self._must_read = True
        self._is_leaving = False
        self._is_outdated = False
        self._failed_at: float | None = None
        self._audit_at = 0.0
        self._time = Timekeeper(desk.clock)
        self._must_see = False
        self._reset_at: float | None = None
        self._run_at: float | None = 0.0
        self._nudge = asyncio.Event()
        self._settling = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def _setting(self, what: str) -> str:
        return f"lock/{self.lock.id}/{what}"

    # Life

    def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"keeper of {self.lock.id}")

    async def close(self) -> None:
        """Stop between or in steps: what is under way stays in the books as a question."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._settling.set()

    def wake(self, why: Wake) -> None:
        """Look again, soon."""
        if why is Wake.HEARD:
            if self._failed_at is None:
                return
        elif why is Wake.HOUSE:
            self._is_outdated = True
        elif why is Wake.CLOCK:
            self._time.doubt()
        elif why is Wake.DOOR:
            pass  # what is on the lock has not changed, only what is told of it
        elif why is Wake.SILENT:
            self._must_see = self._must_read = True  # what changes on it meanwhile, nobody tells
        else:
            self._must_read = True
        if why in {Wake.ASKED, Wake.HOUSE}:
            self._quarrels.settle()
        if why is Wake.ASKED:
            self._refused.clear()
            self._time.doubt()
        self._run_at = self._desk.now()
        if why is Wake.RESET:
            self._reset_at = self._run_at = self._run_at + _FAREWELL_S
        self._settling.clear()
        self._nudge.set()

    @property
    def observed(self) -> Observed | None:
        """What the lock held when it was read last."""
        return self._carrier.observed or self._seen

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is not as it should be."""
        return self._desk.repository.troubles(self.lock.id) if self._troubles is None else self._troubles

    async def settle(self) -> None:
        """Wait until there is nothing left that can be done now."""
        await self._settling.wait()

    async def _run(self) -> None:
        while True:
            await self._rest()
            self._settling.clear()
            try:
                await self._bring_in_line()
            except LatchworkError as error:
                await self._failed(error)
            except Exception as error:  # noqa: BLE001 - a defect of ours is told, and must not end all work on this lock
                _log.exception("keeping a lock in line failed")
                await self._failed(Bug(f"{type(error).__name__} at lock {self.lock.id}"))
            if self._run_at is None or self._desk.now() < self._run_at:
                self._settling.set()

    async def _rest(self) -> None:
        while True:
            now = self._desk.now()
            if self._time.has_jumped():
                self._run_at = now
            if self._run_at is not None and now >= self._run_at:
                if self._failed_at is None or now >= self._failed_at + _SPACING_S:
                    self._run_at = None
                    return
                pause = self._failed_at + _SPACING_S - now
            else:
                pause = _LONGEST_WAIT_S if self._run_at is None else self._run_at - now
            self._nudge.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(pause, 0.001), _LONGEST_WAIT_S)):
                    await self._nudge.wait()

    def _look_at(self, when: float | None) -> None:
        """Run at this instant, or sooner."""
        if when is not None and (self._run_at is None or when < self._run_at):
            self._run_at = when

    async def _failed(self, error: LatchworkError) -> None:
        now = self._desk.now()
        self._failed_at = now
        self._must_read = True  # it was out of reach for us, and not for whoever else may change something on it
        self._look_at(now + self._backoff.failed())
        trouble = self._why(error)
        if isinstance(error, Unreachable | HandshakeFailed):
            self._on_contact(self.lock.id, str(error))
        else:
            log(_log, WARNING, "lock not brought in line", lock=self.lock.id, error=type(error).__name__, reason=error)
        with suppress(LatchworkError):  # the storage itself may be what fails; it is tried again with the lock
            others = (each for each in self.troubles if each.code is not trouble.code)
            await self._tell(State.WAITING, (*(() if self._is_idle() else (trouble,)), *others))

    def _why(self, error: LatchworkError) -> Trouble:
        """What is told of a lock that does not answer."""
        if self._reset_at is not None:
            return texts.was_reset()
        if isinstance(error, HandshakeFailed) and error.kind is FailureKind.NO_SHARED_TRUST_ROOTS:
            return texts.disowned()
        if isinstance(error, Bug | Misuse | StoreError):
            return texts.hub_failed(str(error), error.advice)
        is_sleeping = self.capabilities is not None and self.capabilities.is_sleepy
        return texts.unreachable(str(error), error.advice, is_sleeping=is_sleeping)

    def _is_idle(self) -> bool:
        """Whether nothing of ours is, or should be, on the lock."""
        placed = self._desk.repository.placed(self.lock.id)
        return not placed.users and not self.desired.users

    # Work

    async def _bring_in_line(self) -> None:
        now = self._desk.now()
        can = await self._meet()
        rounds = 0
        while True:
            if self._must_read:  # somebody else changed something while we were at it
                can = await self._meet()
            found, placed = await self._planned(can)
            if not has_any(found.steps, partial(self._may, placed=placed)):
                if not await self._prove(can, placed):
                    break
            elif rounds == MAX_ROUNDS and any(step.because == WRITTEN_OVER for step in found.steps):
                await self._names_who_wrote(is_so=False)  # we wrote it, and the lock says still that it was another
            elif rounds == MAX_ROUNDS:
                for step in found.steps:
                    self._refused.setdefault(_bare(step), _Refusal(now + _LATER_S, texts.not_kept(step)))
                break
            else:
                await self._carry_out(found, placed, can)
                # What somebody changed in between is no fault of the lock's.
                rounds = 0 if self._is_outdated else rounds + 1
        await self._finished(found)

    async def _meet(self) -> Capabilities:
        """Know what the lock can do and what it holds."""
        can = self.capabilities
        if self._desk.now() >= self._audit_at:
            self._must_read = True
            self._time.doubt()
        has_all = can is not None and self._has_met and self._carrier.observed is not None
        zone = self._desk.household().site.time_zone
        if can is not None and has_all and not (self._must_read or self._must_see or self._time.is_due(zone)):
            return can
        await self._wake_up()
        async with self._turns:
            if can is None or not self._has_met:
                can = await read_capabilities(self._peer, self.lock.endpoint)
                if can != self.capabilities:
                    await self._desk.repository.put_setting(self._setting("capabilities"), capabilities_to_json(can))
                self.capabilities, self._has_met = can, True
            if self._time.is_due(zone):
                await self._time.look(self._peer, zone, self.lock.added_at)
            elif self._must_see:
                await self._peer.get(self.lock.endpoint, DoorLock.lock_state)
            must_read, self._must_read = self._must_read, False
            try:
                if must_read or not self._carrier.is_known:
                    await self._carrier.read(can, self._has_hours)
                    self._audit_at = self._desk.now() + (SLEEPY_AUDIT_S if can.is_sleepy else AUDIT_S)
                else:
                    await self._carrier.look_again(can)
            except BaseException:
                self._must_read = must_read
                raise
        self._answered()
        await self._learn_creators()
        return can

    def _has_hours(self, user: SeenUser) -> bool:
        if user.creator not in {None, self.lock.fabric_index}:
            return False
        if user.type in BY_SCHEDULE:
            return True
        by_index = {each.index: each.key for each in self._desk.repository.placed(self.lock.id).users}
        wanted = self._compiled(self._desk.now()).users
        return any(each.key == by_index.get(user.index) and (each.week_days or each.year_days) for each in wanted)

    async def _learn_creators(self) -> None:
        seen = self._carrier.observed
        if not self._names_creators and seen is not None:
            users = (each for each in seen.users.values() if isinstance(each, SeenUser))
            if any(user.creator is not None for user in users):
                self._names_creators = True
                await self._desk.repository.put_setting(self._setting("creators"), True)
        if self._names_modifiers is None and seen is not None and self.lock.fabric_index:
            credentials = (each for each in seen.credentials.values() if isinstance(each, SeenCredential))
            if any(each.modifier == self.lock.fabric_index for each in credentials):
                await self._names_who_wrote(is_so=True)

    async def _names_who_wrote(self, *, is_so: bool) -> None:
        self._names_modifiers = is_so
        await self._desk.repository.put_setting(self._setting("modifiers"), is_so)

    def _compiled(self, now: float) -> Desired:
        """What should be on the lock."""
        house = self._desk.household()
        door = house.door_of.get(self.lock.id)
        can = self.capabilities
        if door is None or can is None or self._is_leaving:
            return Desired()
        accesses = house.accesses.get(door.id, ())
        ids = {access.person_id for access in accesses}
        persons = [person for person_id in ids if (person := house.persons.get(person_id)) is not None]
        credentials = [each for person in persons for each in house.credentials.get(person.id, ())]
        bodies = {each.id for each in credentials if not each.length}
        enrolled = {
            each.credential_id
            for each in (self._desk.repository.placed(self.lock.id).credentials if bodies else ())
            if each.credential_id in bodies
        }
        return compile_lock(self.lock.id, house.site, persons, credentials, accesses, can, now, enrolled=enrolled)

    async def _planned(self, can: Capabilities) -> tuple[Plan, Placed]:
        """The steps from what is to what should be, and the books as they are before them."""
        self._is_outdated = False
        now, seen = self._desk.now(), self._carrier.observed
        assert seen is not None, "it was read"
        self._seen = seen
        await self._review.take_stock(seen)
        self.desired = desired = self._compiled(now)
        placed = self._desk.repository.placed(self.lock.id)
        fabric, names = self.lock.fabric_index, self._names_creators or None
        gone = vanished(desired, seen, placed, fabric, names_creators=names)
        if gone.users or gone.credentials:
            await self._carrier.forget(gone)
            placed = self._desk.repository.placed(self.lock.id)
        found = plan(
            *(desired, seen, can, placed, fabric, now),
            names_creators=names,
            names_modifiers=self._names_modifiers is True,
        )
        await self._review.look(found, desired, placed, seen)
        wanted = {user.key: user for user in desired.users}
        for person_id, whats in repairs(found.steps, wanted, self._settled, placed).items():
            known = self._repaired.setdefault(person_id, [])
            known.extend(what for what in whats if what not in known)
        return found, placed

    def _may(self, step: Step, placed: Placed) -> bool:
        """Whether a step is to be tried now."""
        refusal = self._refused.get(_bare(step))
        if refusal is not None and self._desk.now() < refusal.until:
            return False
        if not self._review.may(step, placed, self.desired):
            return False
        return person_of(step, placed) not in self._quarrels.persons

    async def _carry_out(self, found: Plan, placed: Placed, can: Capabilities) -> None:
        await self._wake_up()
        self._tell_state(State.WORKING, len(found.steps))
        async with self._turns:
            carried = await self._carrier.carry_out(
                found.steps, lambda step: self._may(step, placed), lambda: self._is_outdated or self._must_read
            )
            self._must_read = self._must_read or carried.is_changed
            for step, outcome in carried.refused:
                self._note_refusal(step, outcome)
            for step in carried.not_kept:
                until = self._desk.now() + _LATER_S
                self._refused[_bare(step)] = _Refusal(until, texts.not_kept(step))
            if carried.error is not None:
                raise carried.error
            await self._carrier.look_again(can)
        self._answered()
        await self._learn_creators()

    def _note_refusal(self, step: Step, outcome: Outcome) -> None:
        assert outcome.trouble is not None, "it was refused"
        until = self._desk.now() + (_SOON_S if outcome.is_transient else _LATER_S)
        self._refused[_bare(step)] = _Refusal(until, outcome.trouble)

    async def _wake_up(self) -> None:
        """Wait for a lock that tells us when it wakes; others hear us sooner or later."""
        can, now = self.capabilities, self._desk.now()
        if can is None or not can.is_sleepy:
            return
        self._budget.woke(now)
        if self._sleeps_until_check_in():
            trouble = texts.unreachable("", "", is_sleeping=True)
            await self._tell(State.WAITING, (trouble, *(each for each in self.troubles if each.code != trouble.code)))
            await self._peer.wait_awake()

    def _answered(self) -> None:
        self._failed_at = None
        self._must_see = False
        if self._reset_at is not None and self._desk.now() >= self._reset_at:
            self._reset_at = None  # it is still ours
        self._backoff.succeeded()
        self._on_contact(self.lock.id, "")

    async def _finished(self, found: Plan) -> None:
        now = self._desk.now()
        self._refused = {step: each for step, each in self._refused.items() if step in set(map(_bare, found.steps))}
        left = [each.trouble for each in self._refused.values()]
        if not found.steps:
            await self._carrier.answer_questions()
            await self._tell_repairs()
            self._settled = {user.key: user for user in self.desired.users}
            await self._review.close(can_prove=self._models.works(self.lock) is not False)
        quarrels = [texts.quarrel(person_id) for person_id in sorted(self._quarrels.persons & set(self._repaired))]
        for each in self._refused.values():
            self._look_at(max(each.until, now + 1))
        self._look_at(self.desired.next_change)
        self._look_at(self._audit_at)
        self._look_at(self._time.again_at)
        has_hours = any(user.week_days or user.year_days for user in self.desired.users)
        clock = [texts.clock_wrong()] if has_hours and self._time.state is ClockState.WRONG else []
        parts = (*clock, *door_sensor_troubles(self._status(), self.lock.vendor))
        troubles = tuple(dict.fromkeys((*found.troubles, *left, *quarrels, *parts, *self._review.troubles())))
        is_troubled = bool(found.steps) or any(each.is_error for each in troubles)
        await self._tell(State.TROUBLED if is_troubled else State.IN_LINE, troubles)

    async def _tell_repairs(self) -> None:
        """What was put right is written down, with whose it was."""
        repaired, self._repaired = self._repaired, {}
        now, house = self._desk.now(), self._desk.household()
        door = house.door_of.get(self.lock.id)
        entries = []
        for person_id, whats in repaired.items():
            self._quarrels.repaired(person_id, now)
            person = house.persons.get(person_id)
            entries.append(
                Entry(
                    at=now,
                    kind=Kind.REPAIRED,
                    door_id=None if door is None else door.id,
                    door_name="" if door is None else door.name,
                    lock_id=self.lock.id,
                    person_id=person_id,
                    person_name="" if person is None else person.name,
                    detail={"what": list(whats)},
                )
            )
        if entries:
            await self._desk.note(*entries)

    async def _prove(self, can: Capabilities, placed: Placed) -> bool:
        """Ask the lock about one code, if there is one to be asked about; says whether to look at the plan again."""
        now, seen = self._desk.now(), self._carrier.observed
        can_wait = can.is_sleepy and self._budget.again_at(now) > now
        if seen is None or self._is_leaving or can_wait or self._is_outdated:
            self._look_at(self._budget.again_at(now) if can_wait and not self._is_leaving else None)
            return self._is_outdated
        async with self._turns:
            concluded = await self._prober.prove_one(self._peer, self._carrier.save, placed, seen)
        if concluded is None:
            self._look_at(self._prober.again_at(now) if self._prober.again_at(now) > now else None)
            return False
        if concluded.repairs is not None:
            await self._review.doubt(concluded.repairs)
            self._repaired.setdefault(concluded.repairs, ["code"])
        return True

    # Leaving

    async def clear_all(self) -> None:
        """Take everything of ours off the lock; this keeper does nothing else from now on.

        Raises:
            Unreachable: the lock does not answer, or keeps something.
            LatchworkError: something else failed.
        """
        await self.close()
        self._is_leaving = True
        self._refused.clear()
        await self._bring_in_line()
        if self._desk.repository.placed(self.lock.id).users:
            raise Unreachable(
                "not everything that this hub put on the lock could be taken off",
                advice="Bring the lock near, and try again.",
            )

    # Telling

    async def _tell(self, state: State, troubles: tuple[Trouble, ...]) -> None:
        if troubles != self.troubles:
            await self._desk.repository.save_troubles(self.lock.id, troubles)
            errors = sum(each.is_error for each in troubles)
            self._desk.bus.publish(
                "troubles", {"lock_id": self.lock.id, "errors": errors, "warnings": len(troubles) - errors}
            )
        self._troubles = troubles
        self._tell_state(state, 0)

    def _tell_state(self, state: State, left: int) -> None:
        if state is not self.state:
            self.state = state
            self._desk.bus.publish("sync", {"lock_id": self.lock.id, "state": state.value, "left": left})


def _bare(step: Step) -> Step:
    """The step without its reason: the same for whatever reason."""
    return replace(step, because="")
