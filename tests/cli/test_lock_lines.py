"""`latchwork lock` as a process: what its standard input takes and its standard output tells."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latchwork.cli.lock_words import words
from latchwork.sim.faults import FAULTS

LO = ("--interface", "lo", "--port", "0")


async def lock_of(start: Callable[..., Any], folder: Path, *options: str) -> Any:
    lock = await start("lock", "--storage", str(folder / "lock"), *LO, *options)
    await lock.event("ready")
    return lock


async def test_what_people_do_is_told_with_what_comes_of_it(start: Callable[..., Any], tmp_path: Path) -> None:
    lock = await lock_of(start, tmp_path, "--model", "u400")
    lock.tell({"press": "set"})
    lock.tell({"release": "set"})
    await lock.event("window", open=True, seconds=600)
    assert "setup code" in (await lock.event("said", prompt="set.factory"))["text"]
    lock.tell({"keys": "864200#"})
    await lock.event("refused", what="Unlock", source="Keypad", error="InvalidCredential")
    await lock.event("said", prompt="entry.wrong")
    lock.tell({"turn": "unlock", "open": True})
    await lock.event("bolt", position="Unlocked")
    await lock.event("door", position="DoorOpen")
    await lock.event("operated", what="Unlock", source="Manual", user=None)
    lock.tell({"advance": 601})
    await lock.event("window", open=False)
    assert await lock.end() == 0
    assert not [said for said in lock.said if "864200" in str(said)]


async def test_a_power_cut_takes_nothing_that_was_written(start: Callable[..., Any], tmp_path: Path) -> None:
    lock = await lock_of(start, tmp_path, "--sleepy", "2", "--firmware", str(tmp_path / "firmware"))
    controller = await start("controller", "--storage", str(tmp_path / "controller"), "--interface", "lo")
    found = await controller.result("commission", code=(await lock.event("ready"))["manual"])
    door = {"node": found["node"], "endpoint": 1, "cluster": "DoorLock"}
    lock.tell({"power_cut": True})
    await lock.event("power", on=False)
    lock.tell({"power_on": True})
    await lock.event("power", on=True)
    (entry,) = await controller.result("read", **door, attribute="LockState")
    assert entry["value"] == 1
    everything = await controller.result("read", node=found["node"], endpoint=0)
    assert {"IcdManagement", "OtaSoftwareUpdateRequestor"} <= {each["cluster"] for each in everything}


async def test_faults_come_with_options_and_lines(start: Callable[..., Any], tmp_path: Path) -> None:
    lock = await lock_of(start, tmp_path, "--fault", "no-spaces-in-names", "--fault", "slow=0.1")
    await lock.event("fault", name="no-spaces-in-names", on=True)
    await lock.event("fault", name="slow", on=True, value="0.1")
    lock.tell({"fault": "jammed"})
    await lock.event("fault", name="jammed", on=True)
    lock.tell({"fault": "jammed", "on": False})
    await lock.event("fault", name="jammed", on=False)
    lock.tell({"fault": "nonsense"})
    assert "no fault" in (await lock.event("error"))["message"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_lock_can_begin_with_any_fault(start: Callable[..., Any], tmp_path: Path, fault: str) -> None:
    lock = await start("lock", "--storage", str(tmp_path), *LO, "--fault", fault)
    await lock.event("fault", name=fault, on=True)
    if fault != "power-cut-at-write":
        await lock.event("ready")
    assert await lock.end() == 0


def test_faults_are_listed_without_a_lock() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "latchwork.cli", "lock", "--faults"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert len(done.stdout.splitlines()) >= len(FAULTS)
    assert all(name in done.stdout for name in FAULTS)


@pytest.mark.parametrize(
    ("option", "value"), [("--fault", "nonsense"), ("--fault", "slow=x"), ("--model", "u999"), ("--sleepy", "0")]
)
async def test_options_that_make_no_sense_end_with_two(
    start: Callable[..., Any], tmp_path: Path, option: str, value: str
) -> None:
    lock = await start("lock", "--storage", str(tmp_path), *LO, option, value)
    assert await lock.end() == 2
    assert not [said for said in lock.said if said["event"] == "ready"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"event": "commissioned"}, "The lock was commissioned."),
        (
            {"event": "operated", "what": "Unlock", "source": "Keypad", "user": 3, "fabric": None, "credentials": []},
            "Unlocked by user 3 at the keypad.",
        ),
        (
            {"event": "operated", "what": "Lock", "source": "Remote", "user": None, "fabric": 2, "credentials": []},
            "Locked from afar of home 2.",
        ),
        (
            {"event": "refused", "what": "Unlock", "error": "InvalidCredential", "source": "Rfid", "user": None}
            | {"fabric": None},
            "Refused to unlock with a card: invalid credential.",
        ),
        (
            {"event": "users", "change": "Add", "what": "Pin", "user": 4, "index": 2, "source": "Remote", "fabric": 1},
            "Pin 2 of user 4 added.",
        ),
        (
            {"event": "users", "change": "Clear", "what": "UserIndex", "user": 4, "index": 4, "source": "Remote"},
            "User 4 removed.",
        ),
        ({"event": "window", "open": True, "seconds": None}, "Pairing is open."),
        ({"event": "window", "open": True, "seconds": 600}, "Pairing is open for 600 seconds."),
        ({"event": "window", "open": False}, "Pairing is closed."),
        ({"event": "fault", "name": "slow", "on": True, "value": "3"}, "Fault slow=3 is on."),
        ({"event": "said", "prompt": "x", "text": "Locked."}, "“Locked.”"),
        ({"event": "door", "position": "DoorForcedOpen"}, "The door is forced open."),
        ({"event": "alarm", "alarm": "LockJammed"}, "Alarm: lock jammed."),
        ({"event": "held", "what": "open", "by": "bolt"}, "The bolt is in the way: the door does not open."),
        ({"event": "battery", "percent": 80.0}, "The battery has 80 per cent left."),
        ({"event": "power", "on": False}, "The power is off."),
    ],
)
def test_people_get_words(message: dict[str, Any], line: str) -> None:
    assert words(message) == line
