"""The proof that a code is on a lock, although no lock gives a code back.

Layer hub, on controller. The question is a command that must be refused: add our code in a place that holds another code. A lock looks for
the same code elsewhere first (Application Clusters 5.2.10.20), so `DUPLICATE` shows that it is there and `OCCUPIED` that it is not; either
way nothing is written. The place is always one of ours: on a lock that breaks this rule nothing of anybody else is at stake.

Not every lock looks in this order, so `OCCUPIED` counts only where the model has said `DUPLICATE` before. To anybody who may ask, this
is an oracle for codes: it is asked of our own codes only, and seldom.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from latchwork.base.errors import Refused
from latchwork.base.logs import Secret
from latchwork.controller import Peer
from latchwork.hub.books.repository import Repository
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import CredentialKind, Lock
from latchwork.hub.house.observed import Observed, SeenCredential
from latchwork.hub.house.placed import Placed, PlacedCredential, Proof
from latchwork.hub.keeping.performing import probe_request
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters.door_lock import DoorLock, SetCredentialResponse, StatusCodeEnum

PER_HOUR: Final = 12
"""Questions to one lock in an hour."""
_HOUR: Final = 3600.0
_DOUBTS: Final = 2
"""Codes that a model must not know, freshly written as they are, before it is taken for one that looks in another order."""


class Probe(StrEnum):
    """What came of a question."""

    THERE = "there"
    ABSENT = "absent"
    INCONCLUSIVE = "inconclusive"
    """The lock does not look in the order that would tell."""
    WRITTEN = "written"
    """The lock took what it had to refuse: the place that was asked about holds the wrong code now."""


class Models:
    """What is known about how each model answers, learnt from all locks of it.

    Args:
        repository: keeps it as settings.
    """

    __slots__ = ("_doubts", "_known", "_repository")

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._doubts: dict[str, set[str]] = {}
        self._known: dict[str, bool | None] = {}

    def works(self, lock: Lock) -> bool | None:
        """Whether the question tells something on this model; None is not known yet."""
        name = _name(lock)
        if name not in self._known:
            kept = self._repository.setting(name)
            self._known[name] = None if kept is None else kept == "works"
        return self._known[name]

    async def learn(self, lock: Lock, *, works: bool) -> None:
        """This model was seen to answer, or not to.

        Raises:
            LatchworkError: the storage failed.
        """
        if self.works(lock) is not works:
            await self._repository.put_setting(_name(lock), "works" if works else "inconclusive")
            self._known[_name(lock)] = works

    async def doubt(self, lock: Lock, credential_id: str) -> None:
        """It did not know a code that was just written.

        Raises:
            LatchworkError: the storage failed.
        """
        doubts = self._doubts.setdefault(_name(lock), set())
        doubts.add(credential_id)
        if len(doubts) >= _DOUBTS:
            doubts.clear()
            await self.learn(lock, works=False)


@dataclass(frozen=True, slots=True)
class Concluded:
    """A question was asked.

    Attributes:
        answer: what came of it.
        repairs: whose code is to be put on again although it was there by our account, or None.
    """

    answer: Probe
    repairs: str | None = None


class Prober:
    """Asks one lock.

    Args:
        desk: the books.
        lock: which.
        models: what is known about its like.
    """

    __slots__ = ("_absent", "_asked", "_desk", "_lock", "_models", "_unsure")

    def __init__(self, desk: Desk, lock: Lock, models: Models) -> None:
        self._desk = desk
        self._lock = lock
        self._models = models
        self._asked: deque[float] = deque(maxlen=PER_HOUR)
        self._unsure: set[tuple[str, int]] = set()
        self._absent: set[tuple[str, int]] = set()

    def again_at(self, now: float) -> float:
        """When the next question may be asked, UTC seconds since 1970."""
        return max(now, self._asked[0] + _HOUR) if len(self._asked) == PER_HOUR else now

    async def prove_one(
        self, peer: Peer, save: Callable[..., Awaitable[None]], placed: Placed, observed: Observed
    ) -> Concluded | None:
        """Ask about one code and write down what came of it; None: there is none to be asked about now.

        Args:
            peer: the node.
            save: writes placed credentials down.
            placed: what is ours on the lock.
            observed: what it holds.

        Raises:
            LatchworkError: no answer, or the storage failed.
        """
        now = self._desk.now()
        found = self._next(placed, observed, now)
        if found is None:
            return None
        wanted, other = found
        owner = next(user for user in placed.users if user.key == other.user_key)
        secret = self._desk.secrets.get(wanted.credential_id, wanted.version)
        answer = await self._ask(peer, wanted, other.index, owner.index, secret, now)
        name = wanted.credential_id, wanted.version
        if answer is Probe.THERE:
            self._absent.discard(name)
            await self._proved(wanted, save)
        elif answer is Probe.WRITTEN:
            await save(replace(other, proof=Proof.NONE, proof_at={}, is_pending=True))
        elif answer is Probe.INCONCLUSIVE or name in self._absent:
            # Written twice and never found: it is the question that tells nothing here.
            self._unsure.add(name)
            if answer is Probe.ABSENT:
                await self._models.learn(self._lock, works=False)
        else:
            self._absent.add(name)
            await save(replace(wanted, proof=Proof.NONE, proof_at={}, is_pending=True))
            return Concluded(answer, wanted.user_key.split("/", 1)[0])
        return Concluded(answer)

    async def _proved(self, wanted: PlacedCredential, save: Callable[..., Awaitable[None]]) -> None:
        at = {**wanted.proof_at, "proved": self._desk.now()}
        await save(replace(wanted, proof=Proof.PROVED, proof_at=at))
        self._desk.bus.publish(
            "proof", {"lock_id": self._lock.id, "credential_id": wanted.credential_id, "proof": "proved"}
        )

    def _next(self, placed: Placed, observed: Observed, now: float) -> tuple[PlacedCredential, PlacedCredential] | None:
        """A code to ask about and a place of ours that holds another."""
        if self.again_at(now) > now or self._models.works(self._lock) is False:
            return None
        codes = [each for each in placed.credentials if not each.is_pending and self._is_surely_ours(observed, each)]
        unsure = self._unsure
        wanted = next(
            (
                each
                for each in codes
                if each.proof is Proof.OCCUPIED and (each.credential_id, each.version) not in unsure
            ),
            None,
        )
        if wanted is None:
            return None
        other = next((each for each in codes if each.credential_id != wanted.credential_id), None)
        return None if other is None else (wanted, other)

    def _is_surely_ours(self, observed: Observed, placed: PlacedCredential) -> bool:
        seen = observed.credential(placed.kind, placed.index)
        if placed.kind is not CredentialKind.PIN or not isinstance(seen, SeenCredential):
            return False
        return seen.creator in {None, self._lock.fabric_index}

    async def _ask(
        self, peer: Peer, wanted: PlacedCredential, index: int, user_index: int, secret: Secret, now: float
    ) -> Probe:
        self._asked.append(now)
        request = probe_request(index, user_index, secret)
        status: int | None
        try:
            said = await peer.invoke(self._lock.endpoint, DoorLock.set_credential, request)
        except Refused as error:
            status = error.cluster_status if error.cluster_status is not None else error.status
        else:
            status = said.status if isinstance(said, SetCredentialResponse) else None
        return await self._concluded(status, wanted)

    async def _concluded(self, status: int | None, wanted: PlacedCredential) -> Probe:
        match status:
            case StatusCodeEnum.DUPLICATE:
                await self._models.learn(self._lock, works=True)
                return Probe.THERE
            case StatusCodeEnum.OCCUPIED:
                if self._models.works(self._lock):
                    return Probe.ABSENT
                await self._models.doubt(self._lock, wanted.credential_id)
                return Probe.INCONCLUSIVE
            case Status.SUCCESS:
                await self._models.learn(self._lock, works=False)
                return Probe.WRITTEN
            case _:
                await self._models.doubt(self._lock, wanted.credential_id)
                return Probe.INCONCLUSIVE


def _name(lock: Lock) -> str:
    """Of the model with its firmware: another one may answer otherwise."""
    return f"probe/{lock.vendor_id:04X}/{lock.product_id:04X}/{lock.firmware}"[:200]
