"""Status codes and the errors that carry them (Core 8.10, 4.11.1 and appendix D).

Stands beside the messages; knows no session and no model.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from latchwork.base.errors import PeerViolation, Refused
from latchwork.matter.tlv.schema import OpenEnum


class Status(OpenEnum):
    """Status codes of the interaction model (Core 8.10.1)."""

    SUCCESS = 0x00
    FAILURE = 0x01
    INVALID_SUBSCRIPTION = 0x7D
    UNSUPPORTED_ACCESS = 0x7E
    UNSUPPORTED_ENDPOINT = 0x7F
    INVALID_ACTION = 0x80
    UNSUPPORTED_COMMAND = 0x81
    INVALID_COMMAND = 0x85
    UNSUPPORTED_ATTRIBUTE = 0x86
    CONSTRAINT_ERROR = 0x87
    UNSUPPORTED_WRITE = 0x88
    RESOURCE_EXHAUSTED = 0x89
    NOT_FOUND = 0x8B
    UNREPORTABLE_ATTRIBUTE = 0x8C
    INVALID_DATA_TYPE = 0x8D
    UNSUPPORTED_READ = 0x8F
    DATA_VERSION_MISMATCH = 0x92
    TIMEOUT = 0x94
    UNSUPPORTED_NODE = 0x9B
    BUSY = 0x9C
    ACCESS_RESTRICTED = 0x9D
    UNSUPPORTED_CLUSTER = 0xC3
    NO_UPSTREAM_SUBSCRIPTION = 0xC5
    NEEDS_TIMED_INTERACTION = 0xC6
    UNSUPPORTED_EVENT = 0xC7
    PATHS_EXHAUSTED = 0xC8
    TIMED_REQUEST_MISMATCH = 0xC9
    FAILSAFE_REQUIRED = 0xCA
    INVALID_IN_STATE = 0xCB
    NO_COMMAND_RESPONSE = 0xCC
    TERMS_AND_CONDITIONS_CHANGED = 0xCD
    MAINTENANCE_REQUIRED = 0xCE
    DYNAMIC_CONSTRAINT_ERROR = 0xCF
    ALREADY_EXISTS = 0xD0
    INVALID_TRANSPORT_TYPE = 0xD1


_ADVICE: Final = {
    Status.UNSUPPORTED_ACCESS: "This administrator may not do that: ask one that may to change the device's access control list.",
    Status.UNSUPPORTED_ENDPOINT: "The device has no such endpoint: read the PartsList of its Descriptor on endpoint 0.",
    Status.UNSUPPORTED_CLUSTER: "The device has no such function: read the ServerList of the endpoint's Descriptor.",
    Status.UNSUPPORTED_ATTRIBUTE: "The device has no such value: read the cluster's AttributeList.",
    Status.UNSUPPORTED_COMMAND: "The device has no such command: read the cluster's AcceptedCommandList.",
    Status.UNSUPPORTED_WRITE: "The value can only be read.",
    Status.CONSTRAINT_ERROR: "A value is outside what the device allows: read its limits.",
    Status.INVALID_COMMAND: "A field is missing or of another type.",
    Status.RESOURCE_EXHAUSTED: "The device is full: remove something first.",
    Status.BUSY: "The device is busy: wait a moment and try again.",
    Status.TIMEOUT: "The device waited too long for the rest of the request: try again.",
    Status.NEEDS_TIMED_INTERACTION: "Send it as a timed request.",
    Status.INVALID_IN_STATE: "The device cannot do that now: look at its state.",
    Status.FAILSAFE_REQUIRED: "Arm the fail-safe first.",
    Status.ACCESS_RESTRICTED: "The device's maker restricts this: ask them.",
}


class StatusError(Refused):
    """A refusal with a status of the interaction model.

    The serving side's handlers raise it; the asking side raises it for a peer's refusal.
    """

    def __init__(
        self, status: Status, message: str = "", *, cluster_status: int | None = None, advice: str | None = None
    ) -> None:
        text = f"{status.name}: {message}" if message else status.name
        told = _ADVICE.get(status) if advice is None else advice
        super().__init__(text, status=int(status), cluster_status=cluster_status, advice=told)
        self.code = status


class GeneralCode(OpenEnum):
    """General codes of a status report (Core appendix D.3.1)."""

    SUCCESS = 0
    FAILURE = 1
    BAD_PRECONDITION = 2
    OUT_OF_RANGE = 3
    BAD_REQUEST = 4
    UNSUPPORTED = 5
    UNEXPECTED = 6
    RESOURCE_EXHAUSTED = 7
    BUSY = 8
    TIMEOUT = 9
    CONTINUE = 10
    ABORTED = 11
    INVALID_ARGUMENT = 12
    NOT_FOUND = 13
    ALREADY_EXISTS = 14
    PERMISSION_DENIED = 15
    DATA_LOSS = 16
    MESSAGE_TOO_LARGE = 17


class SecureChannelCode(OpenEnum):
    """Protocol codes of the secure channel's status reports (Core 4.11.1.3)."""

    SESSION_ESTABLISHMENT_SUCCESS = 0
    NO_SHARED_TRUST_ROOTS = 1
    INVALID_PARAMETER = 2
    CLOSE_SESSION = 3
    BUSY = 4
    SESSION_NOT_FOUND = 5


class StatusReportError(PeerViolation):
    """The octets are no status report."""


_REPORT: Final = struct.Struct("<HIH")
MAX_REPORT_DATA: Final = 1024
"""Octets of protocol data kept of a status report; the protocols we speak need two."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What one protocol tells the other side beside its own messages (Core appendix D).

    Attributes:
        general: the general code.
        protocol_id: whose `code` it is; the vendor id in the upper 16 bits.
        code: the protocol's code.
        data: the protocol's own octets.
    """

    general: int
    protocol_id: int
    code: int
    data: bytes = b""

    def encode(self) -> bytes:
        """The report's octets."""
        return _REPORT.pack(self.general, self.protocol_id, self.code) + self.data

    @classmethod
    def decode(cls, payload: bytes) -> StatusReport:
        """A report from its octets.

        Raises:
            StatusReportError: too few octets, or far too many.
        """
        if not _REPORT.size <= len(payload) <= _REPORT.size + MAX_REPORT_DATA:
            raise StatusReportError("no status report has this length")
        general, protocol_id, code = _REPORT.unpack_from(payload)
        return cls(GeneralCode(general), protocol_id, code, payload[_REPORT.size :])

    @property
    def busy_wait_ms(self) -> int | None:
        """How long a Busy asks to wait, milliseconds, or None (Core 4.11.1.5)."""
        if self.protocol_id == 0 and self.code == SecureChannelCode.BUSY and len(self.data) >= 2:
            return int.from_bytes(self.data[:2], "little")
        return None
