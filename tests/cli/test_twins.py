"""`latchwork lock` and `latchwork controller` as processes that meet on the loopback, driven by the lines that drive matter.js too."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OCTETS = {"hex": b"1234".hex()}


@pytest.fixture
async def lock(start: Callable[..., Any], tmp_path: Path) -> Any:
    twin = await start(
        "lock", "--storage", str(tmp_path / "lock"), "--interface", "lo", "--port", "0", "--discriminator", "77"
    )
    await twin.event("ready")
    return twin


@pytest.fixture
async def controller(start: Callable[..., Any], tmp_path: Path) -> Any:
    twin = await start("controller", "--storage", str(tmp_path / "controller"), "--interface", "lo")
    await twin.event("ready")
    return twin


async def commissioned(lock: Any, controller: Any) -> dict[str, Any]:
    """What names the door lock of a lock that has been commissioned."""
    found = await controller.result("commission", code=(await lock.event("ready"))["qr"])
    await lock.event("commissioned")
    return {"node": found["node"], "endpoint": 1, "cluster": "DoorLock"}


async def test_a_lock_says_how_it_can_be_reached(lock: Any) -> None:
    ready = await lock.event("ready")
    assert ready["port"] > 0
    assert ready["qr"].startswith("MT:")
    assert len(ready["manual"]) == 11
    assert ready["commissioned"] is False
    assert ready["pid"] == lock.process.pid
    assert 0 < ready["ms"] < 30_000
    assert await lock.end() == 0


async def test_commissioning_answers_with_its_phases(lock: Any, controller: Any) -> None:
    found = await controller.result("commission", code=(await lock.event("ready"))["manual"])
    assert found["phases"].keys() == {"discovery", "pase", "commissioning", "firstRead"}
    assert all(ms >= 0 for ms in found["phases"].values())
    assert found["attestation"] == []
    assert await controller.result("nodes") == [{"node": found["node"], "nodeId": found["nodeId"]}]


async def test_reading_names_everything(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    (entry,) = await controller.result("read", **door, attribute="LockState")
    assert entry == {"endpoint": 1, "cluster": "DoorLock", "attribute": "LockState", "value": 1}
    (features,) = await controller.result("read", **door, attribute="FeatureMap")
    assert features["value"]["doorPositionSensor"] is True
    assert features["value"]["pinCredential"] is False or "pinCredential" in features["value"]
    everything = await controller.result("read", node=door["node"])
    assert {"BasicInformation", "Descriptor", "DoorLock"} <= {entry["cluster"] for entry in everything}
    assert all(isinstance(entry["attribute"], str) for entry in everything)
    (missing,) = await controller.result("read", **(door | {"endpoint": 9}), attribute="LockState")
    assert missing["status"] == 0x7F


async def test_commands_are_timed_as_declared_and_operations_are_told(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    assert "result" not in await controller.answer("invoke", **door, command="UnlockDoor", fields={})
    told = await lock.event("operation", command="UnlockDoor")
    assert told == {
        "event": "operation",
        "command": "UnlockDoor",
        "pin": False,
        "fabric": 1,
        "status": 0,
        "lockState": "Unlocked",
    }
    plain = await controller.answer("invoke", **door, command="LockDoor", fields={}, timed=False)
    assert (plain["ok"], plain["status"], plain["error"]) == (False, 0xC6, "NeedsTimedInteraction")
    assert (await controller.answer("invoke", **door, command="LockDoor", fields={}, timed=5))["ok"]
    assert (await controller.result("read", **door, event="LockOperation"))[-1]["value"]["lockOperationType"] == 0


async def test_writing_changes_and_refuses(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    assert (await controller.answer("write", **door, attribute="AutoRelockTime", value=7))["ok"]
    assert (await controller.result("read", **door, attribute="AutoRelockTime"))[0]["value"] == 7
    refused = await controller.answer("write", **door, attribute="LockState", value=2)
    assert (refused["ok"], refused["status"]) == (False, 0x88)
    for wrong in (
        {"attribute": "Nonsense"},
        {"attribute": "AutoRelockTime", "value": "x"},
        {"attribute": "AutoRelockTime", "value": None},
    ):
        answer = await controller.answer("write", **door, **wrong)
        assert answer["ok"] is False
        assert "status" not in answer


async def test_a_subscription_reports_what_hands_do(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    found = await controller.result("subscribe", **door, min=0, max=60)
    assert found["subscription"] == f"{door['node']}/1/DoorLock"
    assert found["maxInterval"] <= 60
    await controller.event("attribute", attribute="LockState", value=1)
    lock.tell({"turn": "unlock"})
    lock.tell({"door": "DoorOpen"})
    await controller.event("attribute", attribute="LockState", value=2)
    operation = await controller.event("event", name="LockOperation")
    assert operation["value"]["operationSource"] == 1
    assert operation["subscription"] == found["subscription"]
    await controller.event("event", name="DoorStateChange", value={"doorState": 0})


async def test_a_second_controller_joins_through_a_window_and_the_first_leaves(
    lock: Any, controller: Any, start: Callable[..., Any], tmp_path: Path
) -> None:
    door = await commissioned(lock, controller)
    window = await controller.result("openWindow", node=door["node"])
    assert window["discriminator"] == 2023
    second = await start("controller", "--storage", str(tmp_path / "second"), "--interface", "lo", "--label", "second")
    found = await second.result("commission", code=window["manual"])
    fabrics = await second.result(
        "read",
        node=found["node"],
        endpoint=0,
        cluster="OperationalCredentials",
        attribute="Fabrics",
        fabricFilter=False,
    )
    assert [(fabric["fabricIndex"], fabric["label"]) for fabric in fabrics[0]["value"]] == [
        (1, "Latchwork"),
        (2, "second"),
    ]
    assert set(fabrics[0]["value"][0]["rootPublicKey"]) == {"hex"}
    await controller.result("decommission", node=door["node"])
    assert await controller.result("nodes") == []
    await second.result("decommission", node=found["node"])
    await lock.event("decommissioned")


async def test_repeating_measures(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    found = await controller.result("read", **door, attribute="LockState", repeat=50, parallel=4)
    assert len(found["durations"]) == 50
    assert (await controller.result("memory"))["rss"] > 1_000_000


async def test_both_remember_after_a_restart(
    start: Callable[..., Any], lock: Any, controller: Any, tmp_path: Path
) -> None:
    door = await commissioned(lock, controller)
    assert await lock.end() == 0
    assert await controller.end() == 0
    lock = await start(
        "lock", "--storage", str(tmp_path / "lock"), "--interface", "lo", "--port", "0", "--discriminator", "77"
    )
    assert (await lock.event("ready"))["commissioned"] is True
    controller = await start("controller", "--storage", str(tmp_path / "controller"), "--interface", "lo")
    (entry,) = await controller.result("read", **door, attribute="LockState")
    assert entry["value"] == 1


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("read", {"node": "99"}),
        ("commission", {"code": "hello"}),
        ("commission", {}),
        ("read", {"node": "2", "cluster": "Nonsense"}),
        ("fly", {}),
    ],
)
async def test_a_request_that_makes_no_sense_is_answered(
    controller: Any, operation: str, fields: dict[str, Any]
) -> None:
    answer = await controller.answer(operation, **fields)
    assert answer["ok"] is False
    assert answer["error"]


async def test_a_service_goes_on_without_input_until_it_is_told_to_end(
    start: Callable[..., Any], tmp_path: Path
) -> None:
    arguments = ("lock", "--storage", str(tmp_path), "--interface", "lo", "--port", "0")
    lock = await start(*arguments, "--keep", stdin=asyncio.subprocess.DEVNULL)
    await lock.event("ready")
    lock.process.send_signal(signal.SIGTERM)
    assert await lock.end() == 0
    without = await start(*arguments, stdin=asyncio.subprocess.DEVNULL)
    assert await without.end() == 0


def resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell how much memory a process holds")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))


async def test_a_lock_stays_small(lock: Any, controller: Any) -> None:
    await commissioned(lock, controller)
    resident = resident_kib(lock.process.pid)
    assert resident < 48 * 1024


async def test_what_a_lock_cannot_do_is_said(lock: Any) -> None:
    for line in ('{"fly":true}', "nonsense", '{"door":"DoorPink"}', '{"turn":"round"}', "[]"):
        lock.tell(line)
    lock.tell({"door": "DoorClosed"})
    await lock.end()
    errors = [said for said in lock.said if said["event"] == "error"]
    assert len(errors) == 5
    assert all(said["kind"] == "misuse" for said in errors)


async def test_two_locks_cannot_share_a_storage(start: Callable[..., Any], lock: Any, tmp_path: Path) -> None:
    second = await start("lock", "--storage", str(tmp_path / "lock"), "--interface", "lo", "--port", "0")
    assert await second.end() == 1


async def test_an_older_lock_says_so(start: Callable[..., Any], controller: Any, tmp_path: Path) -> None:
    arguments = (
        "--storage",
        str(tmp_path / "old"),
        "--interface",
        "lo",
        "--port",
        "0",
        "--spec",
        "1.4.2",
        "--name",
        "Old Lock",
    )
    old = await start("lock", *arguments)
    found = await controller.result("commission", code=(await old.event("ready"))["qr"])
    basics = {"node": found["node"], "endpoint": 0, "cluster": "BasicInformation"}
    (version,) = await controller.result("read", **basics, attribute="SpecificationVersion")
    assert version["value"] == 0x01040200
    (name,) = await controller.result("read", **basics, attribute="ProductName")
    assert name["value"] == "Old Lock"


async def test_people_are_told_the_codes_in_words(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "latchwork.cli",
            "lock",
            "--storage",
            str(tmp_path),
            "--interface",
            "lo",
            "--port",
            "0",
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        said = [(await process.stdout.readline()).decode() for _ in range(3)]
        await process.communicate(b"")
    assert said[0].startswith("The lock is up on UDP port")
    assert "MT:" in said[1]
    assert "34970112332" in said[2]
    assert process.returncode == 0


async def test_elements_that_nobody_declared_go_by_number(lock: Any, controller: Any) -> None:
    door = await commissioned(lock, controller)
    there = {"node": door["node"], "endpoint": 1, "cluster": "LevelControl"}
    (entry,) = await controller.result("read", **there, attribute="CurrentLevel")
    assert entry == {"endpoint": 1, "cluster": "LevelControl", "attribute": "CurrentLevel", "status": 0xC3}
    refused = await controller.answer("invoke", **there, command="MoveToLevel", fields={"0": 1, "1": None})
    assert refused["status"] == 0xC3
    refused = await controller.answer("write", **there, attribute=0x4000, value={"0": [1]})
    assert refused["status"] == 0xC3
    unnamed = await controller.answer("invoke", **there, command="MoveToLevel", fields={"level": 1})
    assert "numbers" in unnamed["error"]


@pytest.mark.parametrize(
    ("options", "code"),
    [({"--passcode": "12345678"}, 2), ({"--interface": "nowhere0"}, 2), ({"--discriminator": "4096"}, 2)],
)
async def test_a_lock_that_cannot_be_ends_with_a_line(
    start: Callable[..., Any], tmp_path: Path, options: dict[str, str], code: int
) -> None:
    given = {"--storage": str(tmp_path), "--interface": "lo", "--port": "0"} | options
    lock = await start("lock", *(word for pair in given.items() for word in pair))
    assert await lock.end() == code
    assert lock.said == []


async def test_a_port_that_is_taken_is_no_defect(start: Callable[..., Any], lock: Any, tmp_path: Path) -> None:
    port = (await lock.event("ready"))["port"]
    second = await start("lock", "--storage", str(tmp_path / "second"), "--interface", "lo", "--port", str(port))
    assert await second.end() == 4
