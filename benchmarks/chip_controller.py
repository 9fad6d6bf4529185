"""The interoperability tests' controller on the C++ SDK, which can also repeat a request and answer with each duration.

Runs in the SDK's virtual environment; "repeat" and "parallel" mean what they mean to matter.js's controller and to ours.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "interop" / "chip"))

import controller


class Repeating(controller.Operations):
    """Takes the operation {"op": "repeat", "what": "read" | "invoke", "times", "parallel"?, …}, done by the SDK's own calls alone."""

    async def repeat(self, request: dict[str, Any]) -> dict[str, Any]:
        perform = {"read": self._reading, "invoke": self._invoking}[request["what"]](request)
        left, durations = iter(range(request["times"])), []
        started = time.perf_counter()

        async def work() -> None:
            for _ in left:
                begun = time.perf_counter()
                await perform()
                durations.append((time.perf_counter() - begun) * 1000)

        await asyncio.gather(*(work() for _ in range(request.get("parallel", 1))))
        return {"total": (time.perf_counter() - started) * 1000, "durations": durations}

    async def invoke(self, request: dict[str, Any]) -> Any:
        """As the base does, with octets and structures."""
        return await super().invoke(request | {"fields": _fields(request.get("fields", {}))})

    def _reading(self, request: dict[str, Any]) -> Callable[[], Awaitable[Any]]:
        node, device = int(request["node"]), self._controller
        if "attribute" not in request:
            return lambda: device.Read(node, ["*"])
        attribute = getattr(getattr(controller.clusters, request["cluster"]).Attributes, request["attribute"])
        return lambda: device.ReadAttribute(node, [(request["endpoint"], attribute)])

    def _invoking(self, request: dict[str, Any]) -> Callable[[], Awaitable[Any]]:
        node, endpoint, timed = int(request["node"]), request["endpoint"], int(request["timed"] * 1000)
        command = getattr(getattr(controller.clusters, request["cluster"]).Commands, request["command"])
        return lambda: self._controller.SendCommand(node, endpoint, command(), timedRequestTimeoutMs=timed)


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    """A command's fields as the SDK calls them and wants them."""
    return {_NAMES.get(name, name): _field(name, value) for name, value in fields.items()}


def _field(name: str, value: Any) -> Any:
    if name == "credential":
        return controller.clusters.DoorLock.Structs.CredentialStruct(**value)
    if isinstance(value, dict) and "hex" in value:
        return bytes.fromhex(value["hex"])
    return controller.clusters.Types.NullValue if value is None else value


_NAMES = {"userUniqueId": "userUniqueID"}
controller.Operations = Repeating
controller.main()
