"""What a script can have a controller do, by name: requests as JSON objects in, results as JSON objects out.

The roof; `controller` reads and writes the lines. Names follow the matter.js controller of the interoperability tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.cli import model_names as names
from latchwork.cli.process import memory
from latchwork.cli.values import from_json, raw_from_json, struct_from_json, to_json
from latchwork.controller.controller import FIND_TIMEOUT, Controller
from latchwork.controller.peer import Peer
from latchwork.controller.steps import Step, StepReport
from latchwork.matter.interaction.client import AttributeWrite, Invocation
from latchwork.matter.interaction.paths import AttributeQuery, EventQuery
from latchwork.matter.interaction.values import AttributeStatus, AttributeValue, EventStatus, EventValue
from latchwork.matter.onboarding import manual_code, qr_code
from latchwork.matter.tlv.elements import encode
from latchwork.matter.tlv.schema import Struct

Emit = Callable[[dict[str, Any]], None]
_MAX_TIMED_S: Final = 65.535


class _RawFields(Struct):
    """Fields of a command that nobody declared here, by their numbers."""

    members: dict[int, Any]

    def encode_members(self, out: bytearray) -> None:
        """Append the fields without the container around them."""
        for tag, value in self.members.items():
            out += encode(value, tag)


class Operations:
    """One controller's operations.

    Args:
        controller: what does the work.
        emit: writes the reports of subscriptions.
    """

    def __init__(self, controller: Controller, emit: Emit) -> None:
        self._controller = controller
        self._emit = emit
        self._by_name = {
            "commission": self.commission,
            "nodes": self.nodes,
            "read": self.read,
            "write": self.write,
            "invoke": self.invoke,
            "subscribe": self.subscribe,
            "openWindow": self.open_window,
            "decommission": self.decommission,
            "memory": self.memory,
        }

    async def perform(self, operation: str, request: dict[str, Any]) -> Any:
        """Do one operation; None where there is no result.

        Raises:
            Misuse: there is no such operation, or the request does not fit it.
            LatchworkError: it failed.
        """
        act = self._by_name.get(operation)
        if act is None:
            raise Misuse(f"unknown operation {operation}", advice=f"There are: {', '.join(self._by_name)}.")
        return await act(request)

    # nodes

    async def commission(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"code", "nodeId"?, "allowUncertified"?, "timeout"?} → {"node", "nodeId", "attestation", "phases"}, milliseconds.

        `timeout` is how long the device may take to be found, seconds.
        """
        code = request.get("code")
        if not isinstance(code, str):
            raise Misuse("commission needs a code")
        node_id = request.get("nodeId")
        watch = _Watch()
        peer = await self._controller.commission(
            code,
            node_id=None if node_id is None else _integer(node_id, "nodeId"),
            on_step=watch.step,
            timeout=_integer(request.get("timeout", round(FIND_TIMEOUT)), "timeout"),
            accept=(lambda _: True) if request.get("allowUncertified") is True else None,
        )
        joined = time.perf_counter()
        await peer.read(AttributeQuery(None, None, None))
        return {
            "node": str(peer.node_id),
            "nodeId": peer.node_id,
            "attestation": watch.attestation,
            "phases": watch.phases(joined, time.perf_counter()),
        }

    async def nodes(self, _request: dict[str, Any]) -> list[dict[str, Any]]:
        """[{"node", "nodeId"}]."""
        return [{"node": str(node_id), "nodeId": node_id} for node_id in self._controller.peers]

    async def decommission(self, request: dict[str, Any]) -> None:
        """{"node"}: the device leaves the fabric."""
        await self._controller.decommission(self._peer(request))

    async def open_window(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"node", "timeout"?, "discriminator"?, "iterations"?} → {"passcode", "discriminator", "manual", "qr"}."""
        payload = await self._peer(request).open_window(
            seconds=_integer(request.get("timeout", 180), "timeout"),
            iterations=_integer(request.get("iterations", 1000), "iterations"),
            discriminator=_integer(request.get("discriminator", 2023), "discriminator"),
        )
        return {
            "passcode": payload.passcode,
            "discriminator": payload.discriminator.long,
            "manual": manual_code(payload),
            "qr": qr_code(payload),
        }

    async def memory(self, _request: dict[str, Any]) -> dict[str, int]:
        """{"rss", "peak"} in octets."""
        return memory()

    # interactions

    async def read(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """{"node", "endpoint"?, "cluster"?, "attribute"? | "event"? | "events": true, "fabricFilter"?} → entries."""
        endpoint, cluster = _where(request)
        query: AttributeQuery | EventQuery
        if request.get("events") or "event" in request:
            query = EventQuery(endpoint, cluster, _element(request, "event", cluster, names.event))
        else:
            query = AttributeQuery(endpoint, cluster, _element(request, "attribute", cluster, names.attribute))
        entries = await self._peer(request).read(query, fabric_filtered=request.get("fabricFilter", True) is not False)
        return [entry_object(entry) for entry in entries]

    async def write(self, request: dict[str, Any]) -> None:
        """{"node", "endpoint", "cluster", "attribute", "value", "timed"?: seconds}."""
        endpoint, cluster = _exactly(request)
        attribute = names.attribute(cluster, request.get("attribute", ""))
        value, timed_ms = request.get("value"), _timed(request.get("timed"))
        peer = self._peer(request)
        if isinstance(attribute, int):
            write = AttributeWrite(endpoint, cluster, attribute, raw_from_json(value))
            for status in await peer.write([write], timed_ms=timed_ms or None):
                status.check()
            return
        if value is not None or not attribute.is_nullable:
            value = from_json(attribute.hint, value, attribute.name, attribute.spec_name)
        await peer.set(endpoint, attribute, value, timed_ms=timed_ms)

    async def invoke(self, request: dict[str, Any]) -> Any:
        """{"node", "endpoint", "cluster", "command", "fields"?, "timed"?: seconds or false} → the response, or None."""
        endpoint, cluster = _exactly(request)
        command = names.command(cluster, request.get("command", ""))
        fields, timed_ms = request.get("fields") or {}, _timed(request.get("timed"))
        peer = self._peer(request)
        if isinstance(command, int):
            invocation = Invocation(endpoint, cluster, command, _RawFields(members=raw_from_json(fields)))
            result = await peer.invoke_raw(lambda requests: requests.invoke_raw(invocation, timed_ms=timed_ms or None))
            response = result.check()
        else:
            made = None if command.request is None else struct_from_json(command.request, fields, command.spec_name)
            response = await peer.invoke(endpoint, command, made, timed_ms=timed_ms)
        return None if response is None else to_json(response)

    async def subscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        """{"node", "endpoint"?, "cluster"?, "min"?, "max"?} → {"subscription", "id", "maxInterval"}; reports follow."""
        endpoint, cluster = _where(request)
        shown = "*" if request.get("cluster") is None else request["cluster"]
        name = f"{request.get('node')}/{'*' if endpoint is None else endpoint}/{shown}"

        def reported(entries: list[Any]) -> None:
            for entry in entries:
                is_attribute = isinstance(entry, AttributeValue | AttributeStatus)
                self._emit(
                    {"event": "attribute" if is_attribute else "event", "subscription": name} | entry_object(entry)
                )

        subscription = await self._peer(request).subscribe(
            AttributeQuery(endpoint, cluster, None),
            EventQuery(endpoint, cluster, None, is_urgent=True),
            min_s=_integer(request.get("min", 0), "min"),
            max_s=_integer(request.get("max", 60), "max"),
            on_report=reported,
        )
        return {"subscription": name, "id": subscription.id, "maxInterval": subscription.max_interval}

    def _peer(self, request: dict[str, Any]) -> Peer:
        node = request.get("node")
        try:
            return self._controller.peers[int(str(node), 0)]
        except (KeyError, ValueError):
            raise Misuse(f"no node {node}", advice='Ask for the nodes with {"op":"nodes"}.') from None


class _Watch:
    """When the phases of a commissioning began, from the reports of its steps."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._done: dict[Step, float] = {}
        self.attestation: list[str] = []

    def step(self, report: StepReport) -> None:
        """A step began, was done or failed."""
        if report.state == "done":
            self._done[report.step] = time.perf_counter()
            result = report.facts.get("attestation", "SUCCESS")
            self.attestation = [] if result == "SUCCESS" else [f"warning: {result}"]

    def phases(self, joined: float, read: float) -> dict[str, float]:
        """Milliseconds of each phase."""
        found = self._done.get(Step.FIND, self._started)
        secured = self._done.get(Step.PASE, found)
        return {
            "discovery": _ms(found - self._started),
            "pase": _ms(secured - found),
            "commissioning": _ms(joined - secured),
            "firstRead": _ms(read - joined),
        }


def entry_object(entry: AttributeValue | AttributeStatus | EventValue | EventStatus) -> dict[str, Any]:
    """One entry of a report, readable."""
    cluster = entry.cluster
    found: dict[str, Any] = {
        "endpoint": entry.endpoint,
        "cluster": None if cluster is None else names.cluster_name(cluster),
    }
    if isinstance(entry, AttributeValue | AttributeStatus):
        found["attribute"] = _name(cluster, "attribute", entry.attribute)
    else:
        found["name"] = _name(cluster, "event", entry.event)
    if isinstance(entry, AttributeStatus | EventStatus):
        found["status"] = int(entry.status)
        return {key: value for key, value in found.items() if value is not None}
    if isinstance(entry, EventValue):
        found |= {"number": entry.number, "priority": entry.priority}
        return found | ({} if entry.value is None else {"value": to_json(entry.value)})
    return found | {"value": names.attribute_json(entry.cluster, entry.attribute, entry.value)}


def _name(cluster: int | None, kind: str, number: int | None) -> str | int | None:
    return number if cluster is None or number is None else names.element_name(cluster, kind, number)


def _where(request: dict[str, Any]) -> tuple[int | None, int | None]:
    endpoint, cluster = request.get("endpoint"), request.get("cluster")
    return (
        None if endpoint is None else _integer(endpoint, "endpoint"),
        None if cluster is None else names.cluster_id(cluster),
    )


def _exactly(request: dict[str, Any]) -> tuple[int, int]:
    endpoint, cluster = _where(request)
    if endpoint is None or cluster is None:
        raise Misuse("this operation needs an endpoint and a cluster")
    return endpoint, cluster


def _element(request: dict[str, Any], key: str, cluster: int | None, find: Callable[[int, Any], Any]) -> int | None:
    wanted = request.get(key)
    if wanted is None:
        return None
    if cluster is None:
        if isinstance(wanted, int):
            return wanted
        raise Misuse(f"to name an {key}, name its cluster too")
    return names.number_of(find(cluster, wanted))


def _integer(value: Any, where: str) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if type(value) is not int or value < 0:
        raise Misuse(f"{where} is a whole number")
    return value


def _timed(value: Any) -> int | None:
    """Seconds → milliseconds; absent → None: as the declaration says; false → 0: plain whatever it says."""
    if value is None:
        return None
    if value is False:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MAX_TIMED_S:
        raise Misuse(f"timed is a number of seconds up to {_MAX_TIMED_S}, or false")
    return round(value * 1000)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
