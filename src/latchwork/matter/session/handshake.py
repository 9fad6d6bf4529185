"""What PASE and CASE have in common: the shape of a handshake, its result and its failure (Core 4.13, 4.14).

Pure. A handshake is a generator that reads like the specification's ladder: it yields what it wants (`Send` a message, have `Pbkdf`
done) and is given the peer's next message. Whoever drives it owns time, network and threads.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, NoReturn, TypeAlias, TypeVar

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.matter.crypto.primitives import KEY_LENGTH, hkdf
from latchwork.matter.messages.secure_channel import Opcode, SessionParameters
from latchwork.matter.messages.status import GeneralCode, SecureChannelCode, StatusReport, StatusReportError
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import Struct

MAX_INTERVAL_MS: Final = 3_600_000
"""Longest idle or active interval, milliseconds: one hour (Core 4.13.1)."""


class Send(NamedTuple):
    """Wanted: send this message. A STATUS_REPORT ends the handshake; every other message wants an answer."""

    opcode: int
    payload: bytes


class Received(NamedTuple):
    """Given: the peer's next message."""

    opcode: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Pbkdf:
    """Wanted: stretch a passcode, which takes milliseconds."""

    password: Secret
    salt: bytes
    iterations: int
    length: int


class SessionKeys(NamedTuple):
    """What both sides derive at the end (Core 4.14.1, 4.14.2.6)."""

    i2r: Secret
    r2i: Secret
    attestation_challenge: Secret


@dataclass(frozen=True, slots=True)
class Established:
    """A finished handshake: all that a session is made of.

    Attributes:
        peer_session_id, local_session_id: what each side writes into its messages for the other.
        encrypt_i2r, encrypt_r2i: keys of the initiator's and of the responder's messages.
        attestation_challenge: binds attestation to the session.
        peer_parameters: the peer's intervals and limits.
        is_initiator: whether we began.
        fabric_index: 0 for PASE.
        peer_node_id, local_node_id: 0 for PASE.
        cats: the peer's CASE authenticated tags.
        shared_secret, resumption_id: for resuming; None for PASE.
        resumed: whether it was a resumption.
    """

    peer_session_id: int
    local_session_id: int
    encrypt_i2r: Secret
    encrypt_r2i: Secret
    attestation_challenge: Secret
    peer_parameters: SessionParameters
    is_initiator: bool
    fabric_index: int = 0
    peer_node_id: int = 0
    local_node_id: int = 0
    cats: tuple[int, ...] = ()
    shared_secret: Secret | None = None
    resumption_id: Secret | None = None
    resumed: bool = False


class FailureKind(Enum):
    """Why a handshake failed; the value says what a person can do."""

    WRONG_PASSCODE = (
        "The passcode is wrong: compare the setup code with the label or with the app that opened the window."
    )
    BUSY = "The device is busy with somebody else: wait a moment, then try again."
    NO_SHARED_TRUST_ROOTS = "The device does not know this controller (any more): pair it again."
    INVALID_PARAMETER = (
        "The device refused: restart it; if that does not help, open its pairing window and pair it again."
    )
    UNTRUSTED_CERTIFICATE = (
        "The other side's certificate is not valid on this fabric: check both clocks, then pair again."
    )
    NOT_AUTHENTIC = "The other side could not prove who it is: try again; if it repeats, pair the device again."
    WRONG_NODE = "Another device answered in its place: look the device up again."
    CLOSED = "The device ended the conversation: try again."
    MALFORMED = "The other side does not keep to the protocol: update its firmware."


class HandshakeFailed(LatchworkError):
    """A handshake ended without a session.

    Attributes:
        kind: why.
        reply: the status report to send to the peer, encoded, or None when it knows already.
        busy_wait_ms: how long a busy peer asks to wait, milliseconds, or None.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, reply: bytes | None = None, busy_wait_ms: int | None = None
    ) -> None:
        advice = kind.value
        if busy_wait_ms:
            advice = f"The device is busy with somebody else: try again in {-(-busy_wait_ms // 1000)} s."
        super().__init__(message, advice=advice)
        self.kind = kind
        self.reply = reply
        self.busy_wait_ms = busy_wait_ms


Handshake: TypeAlias = Generator[Send | Pbkdf | None, Received | bytes | None, Established]

SUCCESS: Final = StatusReport(GeneralCode.SUCCESS, 0, SecureChannelCode.SESSION_ESTABLISHMENT_SUCCESS).encode()
"""The status report that ends a handshake well."""

_KINDS: Final = {
    SecureChannelCode.NO_SHARED_TRUST_ROOTS: FailureKind.NO_SHARED_TRUST_ROOTS,
    SecureChannelCode.INVALID_PARAMETER: FailureKind.INVALID_PARAMETER,
    SecureChannelCode.CLOSE_SESSION: FailureKind.CLOSED,
    SecureChannelCode.BUSY: FailureKind.BUSY,
}


def fail(kind: FailureKind, message: str, code: SecureChannelCode = SecureChannelCode.INVALID_PARAMETER) -> NoReturn:
    """End the handshake and tell the peer.

    Raises:
        HandshakeFailed: always.
    """
    raise HandshakeFailed(kind, message, reply=StatusReport(GeneralCode.FAILURE, 0, code).encode())


def expect(received: Received | bytes | None, *opcodes: int) -> Received:
    """The peer's message if it is one of the expected ones.

    Raises:
        HandshakeFailed: the peer refused, or sent something else.
    """
    if not isinstance(received, Received):
        fail(FailureKind.MALFORMED, "a message was expected")
    if received.opcode in opcodes:
        return received
    if received.opcode == Opcode.STATUS_REPORT:
        raise _refusal(_report(received))
    fail(FailureKind.MALFORMED, f"message 0x{received.opcode:02x} stands where it may not")


def expect_success(received: Received | bytes | None) -> None:
    """Check that the peer reports success.

    Raises:
        HandshakeFailed: it does not.
    """
    report = _report(expect(received, Opcode.STATUS_REPORT))
    if not _is_success(report):
        raise _refusal(report)


_S = TypeVar("_S", bound=Struct)


def parsed(kind: type[_S], payload: bytes) -> _S:
    """A message from its octets.

    Raises:
        HandshakeFailed: they are no such message.
    """
    try:
        return kind.decode(payload)
    except TlvError as error:
        fail(FailureKind.MALFORMED, f"{kind.__name__} is malformed: {error}")


def session_keys(secret: bytes, salt: bytes, info: bytes) -> SessionKeys:
    """The keys of a session from the handshake's secret (Core 4.14.1, 4.14.2.6)."""
    keys = hkdf(secret, salt, info, 3 * KEY_LENGTH)
    i2r, r2i, challenge = (Secret(keys[start : start + KEY_LENGTH]) for start in range(0, 3 * KEY_LENGTH, KEY_LENGTH))
    return SessionKeys(i2r, r2i, challenge)


def peer_parameters(told: SessionParameters | None) -> SessionParameters:
    """What the peer told of itself, or the defaults; intervals beyond the allowed are brought within (Core 4.13.1)."""
    if told is None:
        return SessionParameters()
    idle, active = (min(max(1, each), MAX_INTERVAL_MS) for each in (told.idle_interval_ms, told.active_interval_ms))
    if (idle, active) == (told.idle_interval_ms, told.active_interval_ms):
        return told
    return told.replace(idle_interval_ms=idle, active_interval_ms=active)


def _report(received: Received) -> StatusReport:
    try:
        return StatusReport.decode(received.payload)
    except StatusReportError:
        # Never answered: two nodes that find each other's reports malformed would not stop.
        raise HandshakeFailed(FailureKind.MALFORMED, "a status report is malformed") from None


def _is_success(report: StatusReport) -> bool:
    return (
        report.general == GeneralCode.SUCCESS
        and report.protocol_id == 0
        and report.code == SecureChannelCode.SESSION_ESTABLISHMENT_SUCCESS
    )


def _refusal(report: StatusReport) -> HandshakeFailed:
    if _is_success(report):
        return HandshakeFailed(FailureKind.MALFORMED, "the peer reports success before the end")
    if report.protocol_id != 0:
        return HandshakeFailed(FailureKind.INVALID_PARAMETER, f"the peer refused for protocol 0x{report.protocol_id:x}")
    code = SecureChannelCode(report.code)
    kind = _KINDS.get(code, FailureKind.INVALID_PARAMETER)
    return HandshakeFailed(kind, f"the peer answered {code.name}", busy_wait_ms=report.busy_wait_ms)
