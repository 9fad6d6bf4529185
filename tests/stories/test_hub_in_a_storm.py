"""A house with a hub in bad weather: messages are lost, doubled and late, and nothing of it shows in the books."""

from random import Random

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.logs import Secret
from latchwork.hub.journal.entries import Kind
from latchwork.stack.memory import Weather

STORM = Weather(loss=0.25, duplication=0.1, delay=0.02, spread=0.3)
CODES = {"Ada": "739218", "Ben": "481604", "Cleo": "926357", "Dora": "350947"}


@pytest.mark.parametrize("seed", range(4))
def test_everybody_who_came_in_a_storm_is_in_the_journal_once_and_by_the_right_name(seed):
    async def play(house):
        chance, came = Random(seed), {"Front": [], "Back": []}
        for name, model in (("Front", "u400"), ("Back", "generic")):
            await house.door(name, model)
        for name, code in CODES.items():
            await house.person(name, code, ["Front", "Back"])
        await house.settle(60)
        house.world.air.weather = STORM
        for _ in range(25):
            door, name = chance.choice(("Front", "Back")), chance.choice(sorted(CODES))
            await house.enter(door, CODES[name])
            came[door].append(name)
            house.device_at(door).handle({"turn": "lock"})
            await house.settle(chance.choice((1, 20, 400)))
        house.world.air.weather = Weather()
        await house.settle(1800)
        for door, names in came.items():
            opened = await house.journal(door_id=house.door_id(door), kinds=frozenset({Kind.OPENED}))
            assert [entry.person_name for entry in sorted(opened, key=lambda entry: entry.event_number)] == names
            numbers = [each.event_number for each in await house.journal(lock_id=house.lock_id(door))]
            numbers = [number for number in numbers if number is not None]
            assert len(numbers) == len(set(numbers))
            assert house.hub.journal.numbers(house.peer(door).node_id).missing == ()
            assert house.hub.locks.status(house.lock_id(door)).is_reachable
        assert (await house.hub.journal.verify()).is_whole

    tell(play, seed=seed)


@pytest.mark.parametrize("seed", range(6))
def test_people_who_come_change_and_go_in_a_storm_are_as_they_should_be_after_it(seed):
    async def play(house):
        chance = Random(seed)
        for name, model in (("Front", "u200"), ("Back", "u400")):
            await house.door(name, model)
        house.world.air.weather = STORM
        people = {}
        for name, code in CODES.items():
            people[name] = await house.person(name, code, ["Front", "Back"])
            await house.settle(chance.choice((0.1, 2, 30)))
        await house.hub.people.set_secret(people["Ben"][1].id, Secret(b"604183"), actor=OWNER)
        await house.settle(chance.choice((0.1, 2, 30)))
        await house.hub.people.move_out(people["Ada"][0].id, actor=OWNER)
        await house.settle(chance.choice((0.1, 2, 30)))
        house.world.air.weather = Weather()
        await house.settle(1800)
        for door in ("Front", "Back"):
            assert house.codes(door) == {"604183", CODES["Cleo"], CODES["Dora"]}
            assert sorted(user.name for user in house.users(door)) == ["Ben", "Cleo", "Dora"]
            assert house.hub.repository.troubles(house.lock_id(door)) == ()
            placed = house.hub.repository.placed(house.lock_id(door))
            assert {user.index for user in placed.users} == {user.index for user in house.users(door)}
            assert not any(each.is_pending for each in (*placed.users, *placed.credentials))
        report = house.hub.people.removal(people["Ada"][0].id)
        assert report is None or report.is_complete
        assert await house.journal(kinds=frozenset({Kind.REPAIRED})) == []

    tell(play, seed=seed)
