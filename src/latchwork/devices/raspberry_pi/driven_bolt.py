"""A bolt that something turns, and that is never turned for longer than its limit.

Layer devices: the `Bolt` port over a drive, two end stops and a latch's relay, of which only the drive must be there. Three things cut
the motor: the end stop in the direction it runs, the limit in the event loop, and a thread should the event loop be stuck.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import logger
from latchwork.devices.hardware import Outcome
from latchwork.devices.raspberry_pi.contacts import Contact
from latchwork.devices.raspberry_pi.drives import Drive
from latchwork.devices.raspberry_pi.relay import Relay
from latchwork.devices.raspberry_pi.watchdog import MARGIN_S, Watchdog
from latchwork.doorlock.bolt import BoltPosition

LOG: Final = logger(__name__)

PAUSE_S: Final = 0.1
"""Seconds between running one way and the other: gears and bridge are spared the jolt."""
COASTING_S: Final = 0.5
"""Seconds after the motor was cut in which a moving bolt is its own swing, not a hand's doing."""


class EndStops:
    """The two contacts that the bolt closes at its ends.

    Args:
        locked: closed when the bolt is thrown.
        unlocked: closed when it is drawn.
    """

    __slots__ = ("_contacts",)

    def __init__(self, locked: Contact, unlocked: Contact) -> None:
        self._contacts = {BoltPosition.LOCKED: locked, BoltPosition.UNLOCKED: unlocked}

    def position(self) -> BoltPosition:
        """Where the bolt is; BETWEEN with no contact closed, and with both, which only a fault does."""
        at = [position for position, contact in self._contacts.items() if contact.is_active]
        return at[0] if len(at) == 1 else BoltPosition.BETWEEN

    def is_at(self, position: BoltPosition) -> bool:
        """Whether the contact of that end is closed, whatever the other one says."""
        return self._contacts[position].is_active

    @property
    def is_faulty(self) -> bool:
        """Both ends at once: a wire has come off, or a magnet is in the wrong place."""
        return all(contact.is_active for contact in self._contacts.values())

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called whenever a contact changes."""
        for contact in self._contacts.values():
            contact.listen(lambda _is_active: changed())


class DrivenBolt:
    """A motor's or a servo's bolt.

    Args:
        drive: what turns it.
        loop: the event loop.
        limit_s: seconds that the drive may run. With end stops, a bolt that has not arrived by then is jammed; without, it counts as
            arrived then, and neither a jam nor a hand is ever noticed.
        stops: the end stops, if there are any.
        latch: the relay that pulls the latch, if there is one.
        watchdog: what cuts the drive when the event loop does not.
    """

    __slots__ = (
        "_arrival",
        "_believed",
        "_cut_at",
        "_direction",
        "_drive",
        "_goal",
        "_latch",
        "_limit_s",
        "_loop",
        "_stops",
        "_target",
        "_timer",
        "_turned",
        "_watchdog",
    )

    def __init__(
        self,
        drive: Drive,
        loop: asyncio.AbstractEventLoop,
        *,
        limit_s: float,
        stops: EndStops | None = None,
        latch: Relay | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._drive = drive
        self._loop = loop
        self._limit_s = limit_s
        self._stops = stops
        self._latch = latch
        self._watchdog = watchdog or Watchdog()
        self._turned: Callable[[BoltPosition, bool], None] | None = None
        self._arrival: asyncio.Future[Outcome] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._goal = self._target = BoltPosition.BETWEEN
        self._direction: BoltPosition | None = None
        self._cut_at = -COASTING_S
        self._believed = BoltPosition.BETWEEN
        if stops is not None:
            self._believed = stops.position()
            stops.listen(self._stop_changed)
        if latch is not None:
            latch.ended = self._latch_let_go

    def position(self) -> BoltPosition:
        """Where it is; without end stops where it was last sent, and BETWEEN before it was sent anywhere."""
        bolt = self._bolt()
        if bolt is BoltPosition.UNLOCKED and self._latch is not None and self._latch.is_on:
            return BoltPosition.UNLATCHED
        return bolt

    def move(self, position: BoltPosition) -> Outcome | asyncio.Future[Outcome]:
        """Drive the bolt there, then pull the latch where that was asked for.

        Raises:
            Misuse: it is a position that this bolt does not have.
        """
        if position is BoltPosition.BETWEEN or (position is BoltPosition.UNLATCHED and self._latch is None):
            raise Misuse(f"this bolt cannot be {position.name}", advice="Give the door plan a [latch].")
        self.stop()
        if self._stops is not None and self._stops.is_faulty:
            LOG.warning(
                "Both end stops say that the bolt is there: check their wires and magnets. The motor stays off."
            )
            return Outcome.JAMMED
        self._goal = position
        self._target = BoltPosition.LOCKED if position is BoltPosition.LOCKED else BoltPosition.UNLOCKED
        if self._bolt() is self._target:
            return self._arrive()
        arrival: asyncio.Future[Outcome] = self._loop.create_future()
        arrival.add_done_callback(self._given_up)
        self._arrival = arrival
        pause = self._cut_at + PAUSE_S - self._loop.time()
        if pause > 0 and self._direction is not self._target:
            self._timer = self._loop.call_later(pause, self._start)
        else:
            self._start()
        return arrival

    def stop(self) -> None:
        """Cut the motor where it is, and let the latch go."""
        arrival, self._arrival = self._arrival, None
        self._cut()
        if self._latch is not None:
            self._latch.off()
        if arrival is not None:
            arrival.cancel()

    def listen(self, turned: Callable[[BoltPosition, bool], None]) -> None:
        """Have `turned(position, by_hand)` called when the bolt moves by itself, by a hand or a key."""
        self._turned = turned

    def _bolt(self) -> BoltPosition:
        return self._believed if self._stops is None else self._stops.position()

    def _start(self) -> None:
        self._direction = self._target
        if self._stops is None:
            self._believed = BoltPosition.BETWEEN
        self._timer = self._loop.call_later(self._limit_s, self._limit_reached)
        self._watchdog.arm(self._limit_s + MARGIN_S, self._drive.cut)
        self._drive.start(self._target)

    def _cut(self) -> None:
        self._drive.cut()
        self._watchdog.disarm()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._cut_at = self._loop.time()

    def _limit_reached(self) -> None:
        self._cut()
        if self._stops is None:
            self._believed = self._target
            self._finish(self._arrive())
        else:
            LOG.warning("The bolt did not reach its end stop in %s s: jammed. The motor is off.", self._limit_s)
            self._finish(Outcome.JAMMED)

    def _stop_changed(self) -> None:
        """An end stop has opened or closed: the motor's doing while it runs, a hand's or a key's otherwise."""
        position = self._bolt()
        before, self._believed = self._believed, position
        if self._arrival is not None:
            if self._stops is not None and self._stops.is_at(self._target):
                self._cut()
                self._finish(self._arrive() if position is self._target else Outcome.JAMMED)
        elif self._turned is not None and position is not before:
            self._turned(self.position(), self._loop.time() - self._cut_at >= COASTING_S)

    def _arrive(self) -> Outcome:
        if self._goal is BoltPosition.UNLATCHED and self._latch is not None:
            self._latch.on()
        return Outcome.ARRIVED

    def _finish(self, outcome: Outcome) -> None:
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_result(outcome)

    def _given_up(self, arrival: asyncio.Future[Outcome]) -> None:
        """Whoever waits for a movement and cancels it wants the motor off."""
        if arrival is self._arrival and arrival.cancelled():
            self.stop()

    def _latch_let_go(self) -> None:
        if self._turned is not None:
            self._turned(self.position(), False)
