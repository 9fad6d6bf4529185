"""`latchwork home` as its user meets it: a process on the loopback."""

import asyncio
import signal
import urllib.request
from typing import Any

import pytest

from latchwork.cli.home_screen import PlainScreen


def of(said: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "event"} for line in said if line["event"] == event]


async def test_one_round_commissions_unlocks_and_locks_every_lock(start) -> None:
    home = await start("home", "--once", "--locks", "3")
    assert await home.end() == 0
    assert [line["node"] for line in of(home.said, "commissioned")] == [1, 2, 3]
    wanted = [("UnlockDoor", "Unlocked"), ("LockDoor", "Locked")]
    for node in (1, 2, 3):
        operations = [line for line in of(home.said, "operation") if line["node"] == node][:2]
        assert [(line["command"], line["state"]) for line in operations] == wanted
    told = {line["event"] for line in home.said}
    assert told == {"door", "step", "commissioned", "operation", "person", "placed", "typed", "journal"}


async def test_every_line_has_exactly_its_fields(start) -> None:
    home = await start("home", "--once", "--locks", "1")
    await home.end()
    fields = {
        "step": {"node", "step", "state", "ms"},
        "commissioned": {"node", "ms"},
        "operation": {"node", "command", "state"},
        "door": {"node", "name", "model"},
        "person": {"name", "code", "may"},
        "placed": {"codes", "locks", "ms"},
        "typed": {"node", "name"},
    }
    for line in home.said:
        if line["event"] != "journal":
            assert line.keys() == fields[line["event"]] | {"event"}
    steps = of(home.said, "step")
    assert [line["state"] for line in steps] == ["started", "done"] * (len(steps) // 2)
    assert all((line["ms"] is None) == (line["state"] == "started") for line in steps)


async def test_two_homes_do_not_disturb_each_other(start) -> None:
    homes = [await start("home", "--once") for _ in range(2)]
    assert await asyncio.gather(*(home.end() for home in homes)) == [0, 0]
    for home in homes:
        assert len(of(home.said, "commissioned")) == 3
        assert [line["person_name"] for line in of(home.said, "journal")] == ["Ada", ""]


async def test_the_doors_have_locks_of_different_models(start) -> None:
    home = await start("home", "--once", "--port", "0")
    assert await home.end() == 0
    doors = of(home.said, "door")
    assert [line["name"] for line in doors] == ["Front door", "Back door", "Garage"]
    assert len({line["model"] for line in doors}) == 3


async def test_a_family_gets_codes_and_the_journal_tells_who_came(start) -> None:
    home = await start("home", "--once", "--locks", "2")
    assert await home.end() == 0
    assert [line["name"] for line in of(home.said, "person")] == ["Ada", "Ben", "Cleo", "Kim"]
    assert len({line["code"] for line in of(home.said, "person")}) == 4
    assert of(home.said, "placed")[0]["codes"] == 6
    came, refused = of(home.said, "journal")
    assert (came["kind"], came["person_name"], came["door_name"], came["how"]) == (
        *("opened", "Ada", "Front door"),
        "keypad",
    )
    assert (refused["kind"], refused["person_id"], refused["door_name"]) == ("refused", None, "Back door")


async def test_the_page_of_a_home_that_is_up_can_be_asked(start) -> None:
    home = await start("home", "--locks", "1", "--port", "0")
    hub = await home.event("hub")
    await home.event("ready")

    def ask(path: str) -> int:
        with urllib.request.urlopen(hub["url"] + path, timeout=5) as answer:
            return answer.status

    assert await asyncio.to_thread(ask, "/healthz") == 200
    assert await asyncio.to_thread(ask, "/readyz") == 200
    assert hub["owner_link"].startswith(f"{hub['url']}/setup#")
    home.tell("quit")
    assert await home.end() == 0


async def test_a_code_can_be_tried_at_a_keypad(start) -> None:
    home = await start("home", "--locks", "1", "--port", "0")
    await home.event("ready")
    code = (await home.event("person", name="Ben"))["code"]
    home.tell(f"keys 1 {code}")
    assert (await home.event("journal", person_name="Ben"))["kind"] == "opened"
    home.tell("quit")
    assert await home.end() == 0


async def test_a_home_that_stays_up_obeys(start) -> None:
    home = await start("home", "--locks", "1")
    await home.event("ready")
    before = len(home.said)
    for line in (
        "list",
        "unlock 1",
        "door 1 open",
        "door 1 closed",
        "lock 1",
        "turn 1 unlock",
        "code 1",
        "share 1",
        "dance",
        "events",
    ):
        home.tell(line)
    home.tell("quit")
    assert await home.end() == 0
    later = home.said[before:]
    operations = [(line["command"], line["state"]) for line in later if line["event"] == "operation"]
    assert operations == [("UnlockDoor", "Unlocked"), ("LockDoor", "Locked"), ("UnlockDoor", "Unlocked")]
    answers = [line for line in later if line["event"] == "answer"]
    assert answers[0]["state"] == "Locked"
    codes = [line for line in answers if "manual" in line]
    assert len(codes) == 2
    assert codes[0]["manual"] != codes[1]["manual"]
    assert [line["kind"] for line in later if line["event"] == "error"] == ["misuse"]


async def test_a_home_remembers_its_locks(start, tmp_path) -> None:
    for expected, operations in ((2, 5), (0, 4)):
        home = await start("home", "--once", "--locks", "2", "--storage", str(tmp_path))
        assert await home.end() == 0
        assert len(of(home.said, "commissioned")) == expected
        assert len(of(home.said, "operation")) == operations


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_home_that_is_up(start, number) -> None:
    home = await start("home", "--locks", "1", stdin=asyncio.subprocess.DEVNULL)
    await home.event("ready")
    home.process.send_signal(number)
    assert await home.end() == 0


async def test_an_interface_that_is_not_there_is_misuse(start) -> None:
    home = await start("home", "--once", "--interface", "nowhere0")
    assert await home.end() == 2


def test_people_see_steps_times_and_operations(capsys) -> None:
    screen = PlainScreen()
    screen.step(1, "find", "find the device", "started", None)
    screen.step(1, "find", "find the device", "done", 12.4)
    screen.step(1, "pase", "secure the connection", "started", None)
    screen.step(1, "pase", "secure the connection", "failed", 3.0)
    screen.commissioned(1, 40.0)
    screen.operation(1, "LockDoor", "Locked")
    screen.ready(1)
    screen.close()
    shown = capsys.readouterr().out
    for words in (
        "Lock 1",
        "✓ find the device 12 ms",
        "✗ secure the connection",
        "lock 1 reports LockDoor: Locked",
        "help",
    ):
        assert words in shown


def test_a_quiet_screen_says_only_what_it_must(capsys) -> None:
    screen = PlainScreen(quiet=True)
    screen.step(1, "find", "find the device", "done", 1.0)
    screen.commissioned(1, 40.0)
    screen.operation(1, "LockDoor", "Locked")
    screen.note("hello")
    assert capsys.readouterr().out == ""
