"""The C++ SDK's controller, driven by JSON lines on standard input as matter.js's and ours are.

Runs in the virtual environment that `setup` made, by way of `private`. Standard output carries JSON lines only, the SDK's log goes to
standard error. Names are the SDK's; times are as on the wire.
"""

import argparse
import asyncio
import dataclasses
import enum
import json
import logging
import os
import sys
import time
import typing
from pathlib import Path
from typing import Any

_OUT = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # the native library prints

import chip.logging  # noqa: E402 - after standard output is ours
from chip import CertificateAuthority, ChipStack, clusters, native  # noqa: E402 - after standard output is ours
from chip.ChipDeviceCtrl import DiscoveryType  # noqa: E402 - after standard output is ours
from chip.clusters.Attribute import ValueDecodeFailure  # noqa: E402 - after standard output is ours
from chip.clusters.ClusterObjects import ALL_ATTRIBUTES, ALL_CLUSTERS  # noqa: E402 - after standard output is ours
from chip.clusters.Types import Nullable, NullValue  # noqa: E402 - after standard output is ours
from chip.interaction_model import InteractionModelError, Status  # noqa: E402 - after standard output is ours

FABRIC, OWN_NODE, VENDOR = 1, 112233, 0xFFF1


def emit(message: dict[str, Any]) -> None:
    _OUT.write(json.dumps(message) + "\n")


class Operations:
    """One controller on one storage."""

    def __init__(self, storage: Path, authorities: Path) -> None:
        native.Init()
        chip.logging.RedirectToPythonLogging()
        self._stack = ChipStack.ChipStack(
            persistentStoragePath=str(storage / "controller.json"), enableServerInteractions=True
        )
        self._kept = storage / "nodes.json"
        self._nodes = json.loads(self._kept.read_text()) if self._kept.exists() else []
        self._authorities = CertificateAuthority.CertificateAuthorityManager(
            self._stack, self._stack.GetStorageManager()
        )
        self._authorities.LoadAuthoritiesFromStorage()
        if self._authorities.activeCaList:
            admin = self._authorities.activeCaList[0].adminList[0]
        else:
            admin = self._authorities.NewCertificateAuthority().NewFabricAdmin(vendorId=VENDOR, fabricId=FABRIC)
        self._controller = admin.NewController(nodeId=OWN_NODE, paaTrustStorePath=str(authorities))
        self._subscriptions: list[Any] = []

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.Shutdown()
        self._controller.Shutdown()
        self._authorities.Shutdown()
        self._stack.Shutdown()

    def _keep(self, nodes: list[int]) -> None:
        self._nodes = nodes
        self._kept.write_text(json.dumps(nodes))

    async def commission(self, request: dict[str, Any]) -> dict[str, Any]:
        node = request.get("nodeId") or max(self._nodes, default=0) + 1
        await self._controller.CommissionWithCode(request["code"], node, DiscoveryType.DISCOVERY_NETWORK_ONLY)
        self._keep([*self._nodes, node])
        return {"node": str(node), "nodeId": node}

    async def nodes(self, _request: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"node": str(node), "nodeId": node} for node in self._nodes]

    async def read(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        node, filtered = int(request["node"]), request.get("fabricFilter", True)
        if request.get("events") or "event" in request:
            found = await self._controller.ReadEvent(node, [(*_path(request, "event"), 1)], fabricFiltered=filtered)
            return [_event(entry) for entry in found]
        found = await self._controller.Read(
            node, attributes=[_path(request, "attribute") or "*"], fabricFiltered=filtered
        )
        return [
            _attribute(endpoint, cluster, attribute, value)
            for endpoint, clusters in found.tlvAttributes.items()
            for cluster, attributes in clusters.items()
            for attribute, value in attributes.items()
        ]

    async def write(self, request: dict[str, Any]) -> None:
        attribute = getattr(_cluster(request).Attributes, request["attribute"])
        (written,) = await self._controller.WriteAttribute(
            int(request["node"]), [(request["endpoint"], attribute(request["value"]))]
        )
        if written.Status is not Status.Success:
            raise InteractionModelError(written.Status)

    async def invoke(self, request: dict[str, Any]) -> Any:
        kind = getattr(_cluster(request).Commands, request["command"])
        timed = request.get("timed")
        if timed is None and kind.must_use_timed_invoke:
            timed = 1
        fields = _sent(request.get("fields", {}), kind)
        command = kind(**fields)
        if not timed and kind.must_use_timed_invoke:
            command = _plain(kind)(**fields)  # the SDK itself would refuse to send it
        response = await self._controller.SendCommand(
            int(request["node"]),
            request["endpoint"],
            command,
            timedRequestTimeoutMs=int(timed * 1000) if timed else None,
        )
        return None if response is None else _plain_value(response)

    async def subscribe(self, request: dict[str, Any]) -> dict[str, Any]:
        path = _path(request, "attribute")
        subscription = await self._controller.Read(
            int(request["node"]),
            attributes=[path],
            events=[(*path, 1)],
            reportInterval=(request.get("min", 0), request.get("max", 60)),
            keepSubscriptions=True,
        )
        name = f"{request['node']}/{request.get('endpoint', '*')}/{request.get('cluster', '*')}"

        def changed(path: Any, transaction: Any) -> None:
            where = path.Path
            entry = _attribute(where.EndpointId, where.ClusterId, where.AttributeId, transaction.GetTLVAttribute(where))
            emit({"event": "attribute", "subscription": name, **entry})

        subscription.SetAttributeUpdateCallback(changed)
        subscription.SetEventUpdateCallback(
            lambda event, _: emit({"event": "event", "subscription": name, **_event(event)})
        )
        self._subscriptions.append(subscription)
        _, longest = subscription.GetReportingIntervalsSeconds()
        return {"subscription": name, "id": subscription.subscriptionId, "maxInterval": longest}

    async def openWindow(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - named as in the lines
        discriminator = request.get("discriminator", 2023)
        opened = await self._controller.OpenCommissioningWindow(
            int(request["node"]),
            request.get("timeout", 180),
            request.get("iterations", 1000),
            discriminator,
            self._controller.CommissioningWindowPasscode.kTokenWithRandomPin,
        )
        return {
            "passcode": opened.setupPinCode,
            "discriminator": discriminator,
            "manual": opened.setupManualCode,
            "qr": opened.setupQRCode,
        }

    async def decommission(self, request: dict[str, Any]) -> None:
        node = int(request["node"])
        await self._controller.UnpairDevice(node)
        self._keep([other for other in self._nodes if other != node])


def _plain(kind: type) -> type:
    """The command without its mark that it must be timed."""
    return type(kind.__name__, (kind,), {"must_use_timed_invoke": False, "__module__": kind.__module__})


def _cluster(request: dict[str, Any]) -> Any:
    return getattr(clusters, request["cluster"])


def _path(request: dict[str, Any], key: str) -> tuple[Any, ...]:
    parts: list[Any] = [] if request.get("endpoint") is None else [request["endpoint"]]
    if "cluster" in request:
        cluster = _cluster(request)
        owner = cluster.Attributes if key == "attribute" else cluster.Events
        parts.append(getattr(owner, request[key]) if key in request else cluster)
    return tuple(parts)


def _attribute(endpoint: int, cluster: int, attribute: int, value: Any) -> dict[str, Any]:
    """An entry of a report; what this SDK does not know keeps its numbers."""
    where: dict[str, Any] = {"endpoint": endpoint, "cluster": cluster, "attribute": attribute}
    if isinstance(value, ValueDecodeFailure):
        return where | {"error": str(value.Reason)}
    if cluster in ALL_CLUSTERS:
        where["cluster"] = ALL_CLUSTERS[cluster].__name__
    kind = ALL_ATTRIBUTES.get(cluster, {}).get(attribute)
    if kind is None:
        return where | {"value": _plain_value(value)}
    where["attribute"] = kind.__name__
    try:
        return where | {"value": _plain_value(kind.FromTagDictOrRawValue(value))}
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises, it could not read the value
        return where | {"error": f"{type(error).__name__}: {error}"}


def _event(event: Any) -> dict[str, Any]:
    header, kind = event.Header, type(event.Data)
    name = kind.__qualname__.split(".")
    where = {"endpoint": header.EndpointId, "cluster": name[0], "name": name[-1], "number": header.EventNumber}
    return where | {"priority": _plain_value(header.Priority), "value": _plain_value(event.Data)}


def _sent(values: dict[str, Any], kind: Any) -> dict[str, Any]:
    """Fields of a structure as the SDK takes them: octets, null, bitmaps and nested structures are not what JSON has."""
    fields = {field.Label.lower(): field for field in kind.descriptor.Fields}  # the SDK says PINCode, others pinCode
    known = {name: fields[name.lower()] for name in values}
    return {known[name].Label: _sent_value(name, value, known[name].Type) for name, value in values.items()}


def _sent_value(name: str, value: Any, kind: Any) -> Any:
    if value is None:
        return NullValue
    if isinstance(value, dict) and value.keys() == {"hex"}:
        return bytes.fromhex(value["hex"])
    kinds = typing.get_args(kind) or (kind,)
    for one in kinds:
        if isinstance(value, dict) and hasattr(one, "descriptor"):
            return one(**_sent(value, one))
        if isinstance(one, type) and issubclass(one, enum.Enum):
            return one(value)
    if isinstance(value, dict):  # a bitmap by its flags
        bits = getattr(clusters.DoorLock.Bitmaps, f"{name[0].upper()}{name[1:]}".replace("Mask", "MaskMap"))
        return sum(getattr(bits, f"k{flag[0].upper()}{flag[1:]}") for flag, is_set in value.items() if is_set)
    return value


def _plain_value(value: Any) -> Any:
    """What JSON takes: structures are objects, absent fields are left out."""
    if isinstance(value, Nullable):
        return None
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: _plain_value(item) for name, item in fields.items() if item is not None}
    return value


async def answer(operations: Operations, line: str) -> None:
    request = json.loads(line)
    began, found = time.perf_counter(), {"id": request.pop("id", None)}
    try:
        result = await getattr(operations, request.pop("op"))(request)
        found |= {"ok": True, "result": result}
    except InteractionModelError as error:
        found |= {"ok": False, "error": error.status.name, "status": int(error.status)}
        if error.hasClusterStatus:
            found["clusterStatus"] = error.clusterStatus
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the answer
        found |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
    emit(found | {"ms": round((time.perf_counter() - began) * 1000, 3)})


async def serve(operations: Operations) -> None:
    loop = asyncio.get_running_loop()
    pending: set[asyncio.Task[None]] = set()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = loop.create_task(answer(operations, line))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending)


def main() -> None:
    began = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paa", type=Path, required=True)
    parser.add_argument("--log", default="error", choices=("debug", "info", "warn", "error"))
    parser.add_argument("--storage", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=getattr(logging, options.log.upper().replace("WARN", "WARNING")))
    operations = Operations(options.storage, options.paa)
    emit({"event": "ready", "ms": round((time.perf_counter() - began) * 1000), "pid": os.getpid()})
    try:
        asyncio.run(serve(operations))
    finally:
        operations.close()


if __name__ == "__main__":
    main()
