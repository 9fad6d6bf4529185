"""The vocabulary of stories with whole processes: start one, send it lines, wait for what it says."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

PATIENCE = 30.0
"""Seconds that anything may take: it takes milliseconds, this is for a machine that is busy."""


class Twin:
    """A `latchwork` process that speaks JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._next = 0
        self._heard = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, *arguments: str, stdin: int | None = asyncio.subprocess.PIPE) -> "Twin":
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "latchwork.cli",
            *arguments,
            "--json",
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONWARNINGS": "default"},
        )
        return cls(process)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._heard:
                self.said.append(json.loads(line))
                self._heard.notify_all()
        async with self._heard:
            self._heard.notify_all()

    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is wanted, said before or yet to come."""
        async with asyncio.timeout(PATIENCE), self._heard:
            await self._heard.wait_for(lambda: any(map(wanted, self.said)) or self._reading.done())
        return next(message for message in self.said if wanted(message))

    async def event(self, name: str, /, **fields: Any) -> dict[str, Any]:
        return await self.hears(lambda said: said.get("event") == name and fields.items() <= said.items())

    def tell(self, message: object) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, str) else json.dumps(message)
        self.process.stdin.write(line.encode() + b"\n")

    async def answer(self, op: str, /, **fields: Any) -> dict[str, Any]:
        self._next += 1
        number = self._next
        self.tell({"id": number, "op": op, **fields})
        return await self.hears(lambda said: said.get("id") == number)

    async def result(self, op: str, /, **fields: Any) -> Any:
        answer = await self.answer(op, **fields)
        assert answer["ok"], answer
        return answer.get("result")

    async def end(self) -> int:
        """Close its standard input; its exit code."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await self._reading
        return code


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Starts processes that do not outlive the test."""
    started: list[Twin] = []

    async def begin(*arguments: str, **options: Any) -> Twin:
        twin = await Twin.start(*arguments, **options)
        started.append(twin)
        return twin

    yield begin
    for twin in started:
        if twin.process.returncode is None:
            twin.process.kill()
        await twin.process.wait()
        await twin._reading
