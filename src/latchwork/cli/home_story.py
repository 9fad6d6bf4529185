"""The first evening in a virtual house: a family and a guest get their codes, and somebody comes home.

The roof; everything is done by the hub, as it would be in a house of stone.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from latchwork.base.errors import Unreachable
from latchwork.cli.home_lines import Screen
from latchwork.cli.household import ACTOR, Household
from latchwork.cli.moments import told
from latchwork.hub.house.entities import Access, Credential, Person
from latchwork.hub.house.placed import Proof
from latchwork.hub.house.rules import Always, Hours, Rule, Weekly, Window

_GUEST_S: Final = 3 * 3600.0
_WAIT_S: Final = 30.0
"""How long codes may take to be on all locks: they take part of a second, this is for a machine that is busy."""
_LOOK_S: Final = 0.02


class Story:
    """What happens in a new house.

    Args:
        household: the house, moved in.
        screen: is told.
    """

    def __init__(self, household: Household, screen: Screen) -> None:
        self._house = household
        self._hub = household.hub
        self._screen = screen
        self._credentials: dict[str, tuple[Credential, tuple[str, ...]]] = {}

    async def play(self) -> None:
        """People move in where there is nobody; somebody comes home, and the guest tries a door that is not theirs.

        Raises:
            LatchworkError: something did not work.
        """
        if self._hub.repository.persons():
            return
        doors = [door for number in range(1, len(self._house.home.locks) + 1) if (door := self._house.place(number))]
        every, first = tuple(door.id for door in doors), (doors[0].id,)
        until = self._hub.desk.now() + _GUEST_S
        await self._person("Ada", every, "every door, always", Always())
        await self._person("Ben", every, "every door, always", Always())
        thursdays = Weekly((Hours(frozenset({3}), 9 * 60, 12 * 60),))
        await self._person("Cleo", first, f"{doors[0].name}, Thursdays 9:00 to 12:00", thursdays)
        stay = Window(until - _GUEST_S, until)
        await self._person("Kim", first, f"{doors[0].name}, until {self._clock(until)}, a guest", stay)
        await self._until_placed()
        await self._come_home(1, "Ada")
        if len(doors) > 1:
            await self._try(2, "Kim")

    async def _person(self, name: str, doors: tuple[str, ...], words: str, rule: Rule) -> None:
        people = self._hub.people
        person = await people.add_person(Person(id="", name=name, unique_id=0), actor=ACTOR)
        code = people.random_code(person.id)
        credential = await people.add_credential(Credential(id="", person_id=person.id), code, actor=ACTOR)
        await people.grant(Access(id="", person_id=person.id, door_ids=doors, rule=rule), actor=ACTOR)
        self._credentials[name] = credential, doors
        self._screen.person(name, bytes(code).decode(), words)

    def _clock(self, seconds: float) -> str:
        zone = ZoneInfo(self._hub.repository.site().time_zone)
        now = datetime.fromtimestamp(self._hub.desk.now(), zone)
        return told(datetime.fromtimestamp(seconds, zone).isoformat(), zone, now)

    async def _until_placed(self) -> None:
        """Until every lock shows that it holds what it should."""
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(_WAIT_S):
                while not self._is_placed():  # noqa: ASYNC110 - proofs have no one event
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise Unreachable(
                f"the codes are not on all locks after {_WAIT_S:g} s", advice="The machine may be too busy: try again."
            ) from None
        count = sum(len(doors) for _, doors in self._credentials.values())
        ms = round((asyncio.get_running_loop().time() - started) * 1000)
        self._screen.placed(count, len(self._house.home.locks), ms)

    def _is_placed(self) -> bool:
        return all(
            sum(each.proof >= Proof.OCCUPIED for each in self._hub.repository.places_of(credential.id)) == len(doors)
            for credential, doors in self._credentials.values()
        )

    async def _come_home(self, number: int, name: str) -> None:
        """Somebody types their code and comes in; the door is locked behind them."""
        after = self._hub.bus.last_id
        await self._type(number, name)
        await self._house.hears(number, "opened", after=after)
        after = self._hub.bus.last_id
        self._house.turn(number, is_lock=True)
        await self._house.hears(number, "locked", after=after)

    async def _try(self, number: int, name: str) -> None:
        """Somebody types their code where it opens nothing."""
        after = self._hub.bus.last_id
        await self._type(number, name)
        await self._house.hears(number, "refused", after=after)

    async def _type(self, number: int, name: str) -> None:
        secret = await self._hub.people.reveal(self._credentials[name][0].id, actor=ACTOR)
        self._screen.types(number, name)
        self._house.keys(number, bytes(secret).decode())
