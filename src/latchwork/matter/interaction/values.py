"""What a client gets to know: values, statuses, events and results of commands.

Interaction storey of `matter`; knows no bytes. Every value says whether it is of its declared type or just what the wire said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from latchwork.matter.messages.status import Status, StatusError


class AttributeValue(NamedTuple):
    """An attribute that was reported.

    Attributes:
        endpoint: where.
        cluster: the cluster's id.
        attribute: the attribute's id.
        value: as declared when `is_typed`, else as the TLV reader gives it.
        data_version: the cluster's, or None where the peer left it out.
        is_typed: the declaration is known and the value fits it.
    """

    endpoint: int
    cluster: int
    attribute: int
    value: Any
    data_version: int | None
    is_typed: bool


class AttributeStatus(NamedTuple):
    """Why an attribute was not reported, or how writing it went; a path's absent part is None."""

    endpoint: int | None
    cluster: int | None
    attribute: int | None
    status: int
    cluster_status: int | None = None

    def check(self) -> None:
        """Raise StatusError unless it is a success."""
        if self.status != Status.SUCCESS:
            raise StatusError(Status(self.status), f"attribute {self.attribute}", cluster_status=self.cluster_status)


@dataclass(frozen=True, slots=True)
class EventValue:
    """An event that was reported.

    Attributes:
        number: the node's own, growing.
        endpoint: where.
        cluster: the cluster's id.
        event: the event's id.
        priority: 0 debug, 1 info, 2 critical.
        timestamp_ms: milliseconds, since 1970 UTC when `is_epoch`, else since the node started; None where the peer left it out.
        is_epoch: whether the node knew the date.
        value: as declared when `is_typed`, else as the TLV reader gives it.
        is_typed: the declaration is known and the value fits it.
    """

    number: int
    endpoint: int
    cluster: int
    event: int
    priority: int
    timestamp_ms: int | None
    is_epoch: bool
    value: Any
    is_typed: bool


class EventStatus(NamedTuple):
    """Why an event path was not reported; a path's absent part is None."""

    endpoint: int | None
    cluster: int | None
    event: int | None
    status: int


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """How one command went.

    Attributes:
        endpoint: where.
        cluster: the cluster's id.
        command: the response's id when there is a response, else the request's.
        value: the response: as declared when `is_typed`, else as the TLV reader gives it; None when only a status came.
        status: SUCCESS when a response came.
        cluster_status: the cluster's own code, or None.
        reference: which command of a batch this answers, or None.
        is_typed: the declaration is known and the value fits it.
    """

    endpoint: int
    cluster: int
    command: int
    value: Any
    status: int
    cluster_status: int | None
    reference: int | None
    is_typed: bool

    def check(self) -> Any:
        """The response.

        Raises:
            StatusError: the peer refused.
        """
        if self.status != Status.SUCCESS:
            raise StatusError(Status(self.status), f"command {self.command}", cluster_status=self.cluster_status)
        return self.value
