"""`latchwork controller`: a Matter controller driven by JSON lines on standard input, answered on standard output.

The roof: reads requests, has `operations` do them side by side, writes answers. Its requests and answers are those of the matter.js
controller that the interoperability tests use, so that one script drives either.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from latchwork.base.errors import Bug, LatchworkError, Misuse, Refused
from latchwork.cli.lean import import_message_format
from latchwork.cli.lines import StandardInput, emit, parse
from latchwork.cli.process import settle, since_start_ms
from latchwork.cli.values import pascal
from latchwork.matter.messages.status import Status, StatusError

if TYPE_CHECKING:
    import_message_format()
    from latchwork.cli.operations import Operations

_LEVELS: Final = ("debug", "info", "warn", "error")
_MAX_PARALLEL: Final = 256
_MAX_REPEAT: Final = 1_000_000
_MAX_PENDING: Final = 4096
"""Requests at work at once: more come from a script that does not read its answers."""


@click.command("controller")
@click.option(
    "--storage", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for fabric and peers."
)
@click.option("--interface", required=True, help="Network interface, such as eth0; lo stays on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="UDP port; 0 takes a free one.")
@click.option("--label", default="Latchwork", show_default=True, help="The fabric's label on devices.")
@click.option(
    "--trust",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with makers' attestation authorities, *.der; without it only development devices are genuine.",
)
@click.option(
    "--log", "level", type=click.Choice(_LEVELS), default="warn", show_default=True, help="Log on standard error."
)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line: this verb speaks nothing else.")
def command(
    storage: Path, interface: str, port: int, label: str, trust: Path | None, level: str, json_lines: bool
) -> None:
    """Drive Matter devices by JSON lines.

    \b
    {"id":1,"op":"commission","code":"MT:…"}
    {"id":2,"op":"read","node":"1","endpoint":1,"cluster":"DoorLock","attribute":"LockState"}
    {"id":3,"op":"invoke","node":"1","endpoint":1,"cluster":"DoorLock","command":"UnlockDoor","fields":{}}

    Operations: commission, nodes, read, write, invoke, subscribe, openWindow, decommission, memory. "repeat" and
    "parallel" measure: they answer with each duration. Ends when standard input does.
    """  # noqa: D301 - \b is click's mark for lines to keep
    del json_lines
    logging.basicConfig(stream=sys.stderr, level=getattr(logging, level.upper().replace("WARN", "WARNING")))
    asyncio.run(_run(storage, interface, port, label, trust))


async def _run(storage: Path, interface: str, port: int, label: str, trust: Path | None) -> None:
    from latchwork.cli.operations import Operations
    from latchwork.controller.controller import Controller
    from latchwork.controller.trust import trust_store
    from latchwork.matter.messages.secure_channel import SessionParameters
    from latchwork.stack.mdns import MdnsDiscovery
    from latchwork.stack.runtime import Runtime
    from latchwork.stack.udp import UdpTransport
    from latchwork.store.kv import FileStore

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = FileStore(storage / "controller.db")
    try:
        runtime = Runtime([UdpTransport(interface, port)], parameters=SessionParameters())
        controller = await Controller.open(
            store=store, runtime=runtime, discovery=MdnsDiscovery(interface), label=label, trust=trust_store(trust)
        )
        try:
            settle()
            emit({"event": "ready", "ms": since_start_ms(), "pid": os.getpid()})
            await _serve(Operations(controller, emit), stop)
        finally:
            await controller.close()
    finally:
        store.close()


async def _serve(operations: Operations, stop: asyncio.Event) -> None:
    pending: set[asyncio.Task[None]] = set()

    def take(line: str) -> None:
        if len(pending) >= _MAX_PENDING:
            emit(_failure({}, Misuse("too many requests are at work"), 0.0))
            return
        task = asyncio.create_task(answer(line, operations.perform))
        pending.add(task)
        task.add_done_callback(pending.discard)

    lines = StandardInput(take)
    ended, stopped = (asyncio.create_task(event.wait()) for event in (lines.ended, stop))
    await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
    lines.close()
    if stop.is_set():
        for task in pending:
            task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for waiting in (ended, stopped):
        waiting.cancel()


async def answer(line: str, perform: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> None:
    """Do what a line asks and write its answer."""
    started = time.perf_counter()
    request: dict[str, Any] = {}
    try:
        request = _request(line)
        result = await _performed(request, perform)
    except LatchworkError as error:
        emit(_failure(request, error, started))
        return
    except Exception as error:
        logging.getLogger(__name__).debug("request failed", exc_info=True)
        emit(_failure(request, Bug(f"{type(error).__name__}: {error}"), started))
        return
    found = {"id": request.get("id"), "ok": True}
    emit(found | ({} if result is None else {"result": result}) | {"ms": _since(started)})


def _request(line: str) -> dict[str, Any]:
    parsed = parse(line)
    if not isinstance(parsed, dict):
        raise Misuse("a request is an object")
    return parsed


async def _performed(request: dict[str, Any], perform: Callable[[str, dict[str, Any]], Awaitable[Any]]) -> Any:
    rest = {key: value for key, value in request.items() if key not in {"id", "op", "repeat", "parallel"}}
    operation, repeat = request.get("op"), request.get("repeat")
    if not isinstance(operation, str):
        raise Misuse("a request needs an operation", advice='Name it: {"op":"nodes"}.')
    if not repeat:
        return await perform(operation, rest)
    parallel = request.get("parallel", 1)
    if (
        type(repeat) is not int
        or type(parallel) is not int
        or not 0 < repeat <= _MAX_REPEAT
        or not 0 < parallel <= _MAX_PARALLEL
    ):
        raise Misuse(f"repeat is 1 to {_MAX_REPEAT}, parallel 1 to {_MAX_PARALLEL}")
    return await _repeated(lambda: perform(operation, rest), repeat, parallel)


async def _repeated(perform: Callable[[], Awaitable[Any]], repeat: int, parallel: int) -> dict[str, Any]:
    """Each duration and the whole, milliseconds."""
    durations: list[float] = []
    left = iter(range(repeat))
    started = time.perf_counter()

    async def work() -> None:
        for _ in left:
            begun = time.perf_counter()
            await perform()
            durations.append(_since(begun))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, repeat)):
                group.create_task(work())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None  # the others failed with it, or were cancelled for it
    return {"total": _since(started), "durations": durations}


def _failure(request: dict[str, Any], error: LatchworkError, started: float) -> dict[str, Any]:
    found: dict[str, Any] = {"id": request.get("id"), "ok": False, "error": str(error)}
    if isinstance(error, StatusError) and error.status is not None:
        # The name alone, as the twin says it; what we know beyond stands beside it.
        found |= {"error": pascal(Status(error.status).name), "message": str(error)}
    if error.advice:
        found["advice"] = error.advice
    if isinstance(error, Refused):
        found |= {
            key: int(code)
            for key, code in (("status", error.status), ("clusterStatus", error.cluster_status))
            if code is not None
        }
    return found | {"ms": _since(started) if started else 0.0}


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
