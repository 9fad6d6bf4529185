"""Virtual locks as doors that pages draw: seen as they are, laid hands on, and heard on the hub's bus."""

import asyncio
import urllib.error
import urllib.request

import pytest
from tests.support.hub import HubWorld
from tests.support.world import tell

from latchwork.base.errors import Misuse
from latchwork.cli.virtual_doors import FLASH_S, LONGEST_HOLD_S, HomeDoors
from latchwork.sim.vocabulary import WORDS
from latchwork.web.pages.routes.virtual import _WORDS
from latchwork.web.virtual_doors import VirtualDoors

CODE = "739218"


def before_a_door(play, model="u400"):
    """Tell a story of a hub with one door and its drawn one, in virtual time."""

    async def story(world):
        house = await HubWorld(world).open()
        try:
            await house.door("Front", model)
            doors = HomeDoors(lambda: list(world.locks.values()), house.hub, world.controllers["hub"])
            doors.list()
            try:
                return await play(house, doors)
            finally:
                doors.close()
        finally:
            await house.close()

    return tell(story)


def heard(house):
    """What the bus told of virtual doors."""
    return [each.data for each in house.hub.bus._ring if each.kind == "virtual"]


def test_the_contract_is_kept():
    async def play(house, doors):
        kept: VirtualDoors = doors
        return kept.list()

    assert before_a_door(play) == ["1"]


def test_a_door_is_seen_as_it_is():
    async def play(house, doors):
        door = doors.state("1")
        assert (door.bolt, door.leaf, door.light, door.homes) == ("locked", "closed", "idle", 1)
        assert door.door_id == house.door_id("Front")
        assert doors.of_door(door.door_id) == "1"
        assert (door.build.model, door.build.reset_hold_s, door.build.latch) == ("u400", 5.0, False)
        assert door.qr.startswith("MT:")
        device = house.device_at("Front")
        device.handle({"turn": "unlock"})
        device.handle({"open": True})
        door = doors.state("1")
        assert (door.bolt, door.leaf) == ("unlocked", "open")

    before_a_door(play)


@pytest.mark.parametrize("virtual_id", ["0", "2", "-1", "one", "", "²", "1.0"])
def test_a_door_that_is_not_there_is_nothing(virtual_id):
    async def play(house, doors):
        assert doors.state(virtual_id) is None
        with pytest.raises(Misuse):
            doors.act(virtual_id, {"turn": "lock"})

    before_a_door(play)


def test_a_code_opens_the_door_and_is_nowhere_to_be_seen():
    async def play(house, doors):
        await house.person("Ada", CODE, ["Front"])
        await house.settle()
        doors.act("1", {"keys": CODE[:4]})
        assert doors.state("1").typed == 4
        doors.act("1", {"keys": CODE[4:] + "#"})
        await asyncio.sleep(0.5)
        door = doors.state("1")
        assert (door.bolt, door.typed, door.light) == ("unlocked", 0, "good")
        assert door.said.facts["text"] == "Unlocked."
        assert {"said", "bolt", "operated", "touched"} <= {each["event"] for each in heard(house)}
        assert CODE not in repr(heard(house)) + repr(door)
        await asyncio.sleep(FLASH_S + 0.1)
        assert doors.state("1").light == "idle"
        assert heard(house)[-1]["event"] == "touched"

    before_a_door(play)


def test_a_wrong_code_is_refused_in_red_and_the_words_go_away():
    async def play(house, doors):
        doors.act("1", {"keys": "000000#"})
        await asyncio.sleep(0.1)
        door = doors.state("1")
        assert (door.bolt, door.light) == ("locked", "bad")
        assert "does not open" in door.said.facts["text"]
        await asyncio.sleep(door.said_s)
        assert doors.state("1").said is None
        assert doors.state("1").told[0].event in {"said", "refused"}

    before_a_door(play)


def test_digits_that_nobody_confirms_are_forgotten_and_it_is_told():
    async def play(house, doors):
        doors.act("1", {"keys": "12"})
        before = len(heard(house))
        await asyncio.sleep(11)
        assert doors.state("1").typed == 0
        assert len(heard(house)) == before + 1

    before_a_door(play)


def test_set_opens_pairing_and_says_so():
    async def play(house, doors):
        doors.act("1", {"press": "set"})
        assert "set" in doors.state("1").down
        doors.act("1", {"release": "set"})
        door = doors.state("1")
        assert door.down == frozenset()
        assert door.light == "pairing"
        assert 590 < door.pairing_s <= 600
        assert "Ready to pair" in door.said.facts["text"]
        assert door.is_in_setup

    before_a_door(play)


def test_reset_needs_its_time():
    async def play(house, doors):
        doors.act("1", {"press": "reset"})
        await asyncio.sleep(4)
        doors.act("1", {"release": "reset"})
        await asyncio.sleep(5)
        assert doors.state("1").homes == 1
        doors.act("1", {"press": "reset"})
        await asyncio.sleep(8)
        doors.act("1", {"release": "reset"})
        door = doors.state("1")
        assert (door.homes, door.door_id) == (0, None)
        assert door.said.facts["prompt"] == "reset.done"

    before_a_door(play)


def test_a_button_whose_page_is_gone_is_let_go():
    async def play(house, doors):
        doors.act("1", {"press": "set"})
        await asyncio.sleep(LONGEST_HOLD_S + 1)
        assert doors.state("1").down == frozenset()

    before_a_door(play)


def test_without_power_only_hands_work():
    async def play(house, doors):
        doors.act("1", {"power_cut": True})
        doors.act("1", {"keys": "1234"})
        await asyncio.sleep(1)
        door = doors.state("1")
        assert (door.has_power, door.light, door.typed, door.pairing_s) == (False, "off", 0, 0.0)
        doors.act("1", {"turn": "unlock"})
        assert doors.state("1").bolt == "unlocked"
        doors.act("1", {"power_on": True})
        await asyncio.sleep(1)
        assert doors.state("1").has_power

    before_a_door(play)


def test_a_low_battery_shows_and_new_ones_help():
    async def play(house, doors):
        doors.act("1", {"battery": 12.0})
        assert (doors.state("1").battery, doors.state("1").light) == (12.0, "low")
        doors.act("1", {"change_batteries": True})
        await asyncio.sleep(1)
        assert (doors.state("1").battery, doors.state("1").light) == (100.0, "idle")

    before_a_door(play)


def test_the_bolt_holds_the_door_and_it_is_told():
    async def play(house, doors):
        doors.act("1", {"open": True})
        door = doors.state("1")
        assert (door.leaf, door.light, door.told[0].event) == ("closed", "bad", "held")

    before_a_door(play)


def test_fingers_and_cards_that_the_lock_knows_are_marked():
    async def play(house, doors):
        doors.act("1", {"finger": "Ada"})
        doors.act("1", {"card": "blue"})
        door = doors.state("1")
        assert (door.finger, door.card, door.known_fingers) == ("Ada", "blue", frozenset())
        house.device_at("Front").fingerprints.learn("Ada")
        assert doors.state("1").known_fingers == frozenset()  # the sensor has it, the lock's memory has not

    before_a_door(play)


def test_a_fault_is_switched_on_and_off():
    async def play(house, doors):
        names = {each.name for each in doors.faults("1")}
        assert {"slow", "jammed", "out-of-range"} <= names
        doors.set_fault("1", "slow", "2", is_on=True)
        (slow,) = [each for each in doors.faults("1") if each.name == "slow"]
        assert (slow.is_on, slow.value, slow.takes) == (True, "2", "SECONDS")
        doors.set_fault("1", "slow", None, is_on=False)
        assert not any(each.is_on for each in doors.faults("1"))
        for name, value in (("slow", "much"), ("nonsense", None)):
            with pytest.raises(Misuse):
                doors.set_fault("1", name, value, is_on=True)

    before_a_door(play)


def test_whoever_listened_before_still_hears_everything():
    async def play(house, doors):
        device = await house.device("Cellar", "generic")
        told, joined = [], []
        device.on_told, device.on_commissioned = told.append, joined.append
        assert doors.list() == ["1", "2"]
        assert doors.state("2").door_id is None
        doors.act("2", {"turn": "unlock"})
        assert told[0]["event"] == "bolt"
        await house.hub.locks.add(device.qr, door_name="Cellar", door_id=None, actor="me", tell=lambda _: None)
        assert joined == [True]
        assert doors.state("2").door_id == house.door_id("Cellar")

    before_a_door(play)


def test_a_key_that_is_none_does_nothing():
    async def play(house, doors):
        for words in ({"keys": "12x"}, {"nonsense": 1}, {}, {"turn": "sideways"}):
            with pytest.raises(Misuse):
                doors.act("1", words)
        assert doors.state("1").typed == 0

    before_a_door(play)


@pytest.mark.parametrize(("verb", "is_there"), [("home", True), ("hub", False)])
async def test_only_a_virtual_house_has_pages_for_them(start, tmp_path, verb, is_there):
    options = ("--locks", "1") if verb == "home" else ("--folder", str(tmp_path / "hub"))
    house = await start(verb, *options, "--port", "0")
    hub = await house.event("hub" if verb == "home" else "ready")

    def look():
        request = urllib.request.Request(hub["url"] + "/virtual", headers={"accept": "text/html"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.url
        except urllib.error.HTTPError as error:
            return error.code, error.url

    status, url = await asyncio.to_thread(look)
    # Nobody is signed in: where there is something, one is asked to.
    assert (status, url.endswith("/virtual")) == ((200, False) if is_there else (404, True))


def test_whatever_can_happen_at_a_lock_can_be_done_at_the_drawn_door():
    # Time does not pass for the lock alone, its sensor sees what is drawn, and its app comes with a phone; faults have a way of their own.
    assert {*WORDS} - {"advance", "app", "door", "fault"} == {*_WORDS} - {"seconds"}
