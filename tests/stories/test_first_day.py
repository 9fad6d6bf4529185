"""The first day of a hub, with real processes on the loopback: it starts, gets an owner, a lock and people, and is asked who came."""

import asyncio
import contextlib
import json
import os
import re
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 30.0
"""Seconds that anything may take: it takes milliseconds, this is for a machine that is busy."""
PASSWORD = "four plain words here"


class Process:
    """A `latchwork` process that tells in JSON lines what happens."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._heard = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._heard:
                self.said.append(json.loads(line))
                self._heard.notify_all()
        async with self._heard:
            self._heard.notify_all()

    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE), self._heard:
            await self._heard.wait_for(lambda: any(map(wanted, self.said)) or self._reading.done())
        return next(message for message in self.said if wanted(message))

    async def event(self, name: str) -> dict[str, Any]:
        return await self.hears(lambda said: said.get("event") == name)

    def tell(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await self._reading
        return code


class Day:
    """Somebody's machine: the processes that run on it, and a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub_folder = folder / "hub"
        self.env = os.environ | {
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONWARNINGS": "default",
            "COLUMNS": "160",
        }
        for name in ("LATCHWORK_URL", "LATCHWORK_TOKEN", "FORCE_COLOR"):
            self.env.pop(name, None)
        self.processes: list[Process] = []

    async def starts(self, *words: str, **further: str) -> Process:
        process = Process(await self._spawn(*words, "--json", env=self.env | further))
        self.processes.append(process)
        return process

    async def starts_hub(self, *words: str, **further: str) -> Process:
        options = ("--folder", str(self.hub_folder), "--interface", "lo", "--port", "0")
        return await self.starts("hub", *options, *words, **further)

    async def types(self, *words: str, stdin: str = "", code: int = 0) -> str:
        """What a verb says in the terminal; fails where it ends otherwise than by this exit code."""
        process = await self._spawn(*words, env=self.env)
        async with asyncio.timeout(PATIENCE):
            out, error = await process.communicate(stdin.encode())
        assert process.returncode == code, (words, process.returncode, out, error)
        return (out if code == 0 else error).decode()

    async def facts(self, *words: str, **rest: Any) -> dict[str, Any]:
        """The last JSON line that a verb says."""
        found: dict[str, Any] = json.loads((await self.types(*words, "--json", **rest)).splitlines()[-1])
        return found

    async def _spawn(self, *words: str, env: dict[str, str]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "latchwork.cli", *words, stdin=pipe, stdout=pipe, stderr=pipe, env=env
        )

    async def ends(self) -> None:
        for each in self.processes:
            with contextlib.suppress(ProcessLookupError):
                each.process.kill()
            await each.ended()
            for pipe in (each.process.stdin, each.process.stderr):
                if isinstance(pipe, asyncio.StreamWriter):
                    pipe.close()
                elif pipe is not None:
                    await pipe.read()


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    day = Day(tmp_path)
    yield day
    await day.ends()


async def test_from_the_first_start_to_who_came_in(day: Day) -> None:
    hub = await day.starts_hub()
    ready = await hub.event("ready")
    assert ready["pid"] == hub.process.pid
    assert 0 < ready["ms"] < 30_000
    assert stat.S_IMODE(day.hub_folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in day.hub_folder.iterdir())

    await day.types("login", ready["owner_link"], "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")
    lock = await day.starts("lock", "--storage", str(day.folder / "lock"), "--interface", "lo", "--port", "0")
    code = (await lock.event("ready"))["qr"]
    paired = await day.facts("pair", code, "--name", "Front door")
    assert paired["event"] == "paired"
    await lock.event("commissioned")

    ada = await day.facts("people", "add", "Ada", "--door", "front")
    await day.types("people", "add", "Ben")
    assert "Ben may open Front door" in await day.types("access", "grant", "ben", "--door", "front", "--until", "+3h")
    await day.types("sync", "front", "--wait", "20")
    assert re.search(r"Front door +locked", await day.types("doors"))

    assert "Front door is unlocked" in await day.types("unlock", "front")
    await lock.hears(lambda said: said.get("event") == "operation" and said["lockState"] == "Unlocked")
    assert "Front door is locked" in await day.types("lock", "front")
    following = await day.starts("journal", "--follow", "--last", "1")
    await following.hears(lambda _: True)
    lock.tell({"keys": f"{ada['code']}#"})
    came = await following.hears(lambda said: said["kind"] == "opened" and said["how"] == "keypad")
    assert (came["person_name"], came["door_name"]) == ("Ada", "Front door")
    assert "Ada opened at the keypad" in await day.types("journal")
    assert "is whole" in await day.types("journal", "verify")
    assert ada["code"] not in await day.types("journal", "--all", "--json")

    hub.process.send_signal(signal.SIGTERM)
    assert await hub.ended() == 0
    assert "is whole" in await day.types("journal", "verify", "--folder", str(day.hub_folder))


async def test_a_second_start_is_refused_and_the_first_goes_on(day: Day) -> None:
    hub = await day.starts_hub()
    await hub.event("ready")
    refused = await day.types("hub", "--folder", str(day.hub_folder), "--interface", "lo", "--port", "0", code=2)
    assert f"process {hub.process.pid}" in refused
    assert "--folder" in refused
    hub.process.send_signal(signal.SIGINT)
    assert await hub.ended() == 0


async def test_a_port_that_is_taken_is_told_and_nothing_is_left_behind(day: Day) -> None:
    hub = await day.starts_hub()
    port = (await hub.event("ready"))["url"].rpartition(":")[2]
    other = str(day.folder / "other")
    assert "in use" in await day.types("hub", "--folder", other, "--interface", "lo", "--port", port, code=2)
    second = await day.starts("hub", "--folder", other, "--interface", "lo", "--port", "0")
    assert (await second.event("ready"))["owner_link"]


async def test_a_hub_remembers_its_owner_and_its_locks(day: Day) -> None:
    hub = await day.starts_hub()
    ready = await hub.event("ready")
    await day.types("login", ready["owner_link"], "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")
    lock = await day.starts("lock", "--storage", str(day.folder / "lock"), "--interface", "lo", "--port", "0")
    await day.types("pair", (await lock.event("ready"))["manual"], "--name", "Front door")
    hub.process.send_signal(signal.SIGKILL)
    await hub.ended()

    again = await day.starts_hub("--host", "127.0.0.1", "--port", ready["url"].rpartition(":")[2])
    second = await again.event("ready")
    assert (second["owner_link"], second["locks"], second["url"]) == (None, 1, ready["url"])
    assert "Front door is unlocked" in await day.types("unlock", "front")
    again.process.send_signal(signal.SIGTERM)
    assert await again.ended() == 0


async def test_a_backup_goes_on_with_the_same_lock_on_another_machine(day: Day) -> None:
    hub = await day.starts_hub()
    ready = await hub.event("ready")
    await day.types("login", ready["owner_link"], "--name", "Olive", "--password-stdin", stdin=f"{PASSWORD}\n")
    lock = await day.starts("lock", "--storage", str(day.folder / "lock"), "--interface", "lo", "--port", "0")
    await day.types("pair", (await lock.event("ready"))["qr"], "--name", "Front door")
    file, words = str(day.folder / "home.backup"), "a passphrase of some length\n"
    await day.types("backup", "create", file, "--passphrase-stdin", stdin=words)
    hub.process.send_signal(signal.SIGTERM)
    await hub.ended()

    day.hub_folder = day.folder / "second"
    await day.types("backup", "restore", file, "--folder", str(day.hub_folder), "--passphrase-stdin", stdin=words)
    restored = await day.starts_hub("--port", ready["url"].rpartition(":")[2])
    assert (await restored.event("ready"))["locks"] == 1
    assert "Front door is unlocked" in await day.types("unlock", "front")


async def test_the_service_manager_hears_that_it_is_ready(day: Day, tmp_path: Path) -> None:
    import socket

    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.setblocking(False)
        hub = await day.starts_hub("--log", "info", "--log-format", "json", NOTIFY_SOCKET=name)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            assert (await loop.sock_recv(manager, 1000)).startswith(b"READY=1\nSTATUS=Serving http://")
        hub.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await loop.sock_recv(manager, 1000) == b"STOPPING=1"
        assert await hub.ended() == 0
    assert hub.process.stderr is not None
    for line in (await hub.process.stderr.read()).decode().splitlines():
        assert json.loads(line)["event"]
