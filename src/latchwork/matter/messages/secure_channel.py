"""Messages of the secure channel: PASE, CASE and session parameters (Core 4.11, 4.13, 4.14).

Stands on `tlv`; knows no key and no order of messages.
"""

from __future__ import annotations

from typing import Annotated, Final

from latchwork.matter.tlv.schema import U16, U32, Hidden, Len, OpenEnum, Struct, Tag


class Opcode(OpenEnum):
    """Message types of the secure channel protocol (Core 4.11.1)."""

    MSG_COUNTER_SYNC_REQ = 0x00
    MSG_COUNTER_SYNC_RSP = 0x01
    STANDALONE_ACK = 0x10
    PBKDF_PARAM_REQUEST = 0x20
    PBKDF_PARAM_RESPONSE = 0x21
    PAKE1 = 0x22
    PAKE2 = 0x23
    PAKE3 = 0x24
    SIGMA1 = 0x30
    SIGMA2 = 0x31
    SIGMA3 = 0x32
    SIGMA2_RESUME = 0x33
    STATUS_REPORT = 0x40
    ICD_CHECK_IN = 0x50


class SessionParameters(Struct):
    """What a node tells of itself when a session is made; the defaults stand for a silent peer (Core 4.13.1)."""

    idle_interval_ms: Annotated[U32, Tag(1)] = 500
    active_interval_ms: Annotated[U32, Tag(2)] = 300
    active_threshold_ms: Annotated[U16, Tag(3)] = 4000
    data_model_revision: Annotated[U16 | None, Tag(4)] = None
    interaction_model_revision: Annotated[U16 | None, Tag(5)] = None
    specification_version: Annotated[U32 | None, Tag(6)] = None
    max_paths_per_invoke: Annotated[U16 | None, Tag(7)] = None
    supported_transports: Annotated[U16 | None, Tag(8)] = None
    max_tcp_message_size: Annotated[U32 | None, Tag(9)] = None


class PbkdfParameters(Struct):
    """How the passcode is stretched (Core 3.9)."""

    iterations: Annotated[U32, Tag(1)]
    salt: Annotated[bytes, Tag(2), Len(16, 32)]


class PbkdfParamRequest(Struct):
    """PASE, first message, initiator to responder (Core 4.14.1.2)."""

    initiator_random: Annotated[bytes, Tag(1), Len(32)]
    initiator_session_id: Annotated[U16, Tag(2)]
    passcode_id: Annotated[U16, Tag(3)]
    has_pbkdf_parameters: Annotated[bool, Tag(4)]
    initiator_session_params: Annotated[SessionParameters | None, Tag(5)] = None


class PbkdfParamResponse(Struct):
    """PASE, second message (Core 4.14.1.2)."""

    initiator_random: Annotated[bytes, Tag(1), Len(32)]
    responder_random: Annotated[bytes, Tag(2), Len(32)]
    responder_session_id: Annotated[U16, Tag(3)]
    pbkdf_parameters: Annotated[PbkdfParameters | None, Tag(4)] = None
    responder_session_params: Annotated[SessionParameters | None, Tag(5)] = None


class Pake1(Struct):
    """PASE, the prover's share (Core 4.14.1.2)."""

    p_a: Annotated[bytes, Tag(1), Len(65)]


class Pake2(Struct):
    """PASE, the verifier's share and confirmation (Core 4.14.1.2)."""

    p_b: Annotated[bytes, Tag(1), Len(65)]
    c_b: Annotated[bytes, Tag(2), Len(32)]


class Pake3(Struct):
    """PASE, the prover's confirmation (Core 4.14.1.2)."""

    c_a: Annotated[bytes, Tag(1), Len(32)]


class Sigma1(Struct):
    """CASE, first message, initiator to responder (Core 4.14.2.3)."""

    initiator_random: Annotated[bytes, Tag(1), Len(32)]
    initiator_session_id: Annotated[U16, Tag(2)]
    destination_id: Annotated[bytes, Tag(3), Len(32)]
    initiator_eph_pub_key: Annotated[bytes, Tag(4), Len(65)]
    initiator_session_params: Annotated[SessionParameters | None, Tag(5)] = None
    resumption_id: Annotated[bytes | None, Tag(6), Len(16)] = None
    initiator_resume_mic: Annotated[bytes | None, Tag(7), Len(16)] = None


MAX_CERTIFICATE: Final = 400
"""Octets of the longest operational certificate in Matter TLV (Core 6.1.3)."""
_MAX_ENCRYPTED: Final = 2 * MAX_CERTIFICATE + 200


class Sigma2(Struct):
    """CASE, second message, full handshake (Core 4.14.2.3)."""

    responder_random: Annotated[bytes, Tag(1), Len(32)]
    responder_session_id: Annotated[U16, Tag(2)]
    responder_eph_pub_key: Annotated[bytes, Tag(3), Len(65)]
    encrypted2: Annotated[bytes, Tag(4), Len(17, _MAX_ENCRYPTED)]
    responder_session_params: Annotated[SessionParameters | None, Tag(5)] = None


class Sigma3(Struct):
    """CASE, third message (Core 4.14.2.3)."""

    encrypted3: Annotated[bytes, Tag(1), Len(17, _MAX_ENCRYPTED)]


class Sigma2Resume(Struct):
    """CASE, second message, resumption (Core 4.14.2.3)."""

    resumption_id: Annotated[bytes, Tag(1), Len(16)]
    sigma2_resume_mic: Annotated[bytes, Tag(2), Len(16)]
    responder_session_id: Annotated[U16, Tag(3)]
    responder_session_params: Annotated[SessionParameters | None, Tag(4)] = None


class SignedData(Struct):
    """What each side of CASE signs: TBSData2 and TBSData3 (Core 4.14.2.3)."""

    sender_noc: Annotated[bytes, Tag(1), Len(1, MAX_CERTIFICATE)]
    sender_icac: Annotated[bytes | None, Tag(2), Len(1, MAX_CERTIFICATE)] = None
    sender_pub_key: Annotated[bytes, Tag(3), Len(65)]
    receiver_pub_key: Annotated[bytes, Tag(4), Len(65)]


class EncryptedData2(Struct):
    """TBEData2 (Core 4.14.2.3)."""

    responder_noc: Annotated[bytes, Tag(1), Len(1, MAX_CERTIFICATE)]
    responder_icac: Annotated[bytes | None, Tag(2), Len(1, MAX_CERTIFICATE)] = None
    signature: Annotated[bytes, Tag(3), Len(64)]
    resumption_id: Annotated[bytes, Tag(4), Len(16), Hidden]


class EncryptedData3(Struct):
    """TBEData3 (Core 4.14.2.3)."""

    initiator_noc: Annotated[bytes, Tag(1), Len(1, MAX_CERTIFICATE)]
    initiator_icac: Annotated[bytes | None, Tag(2), Len(1, MAX_CERTIFICATE)] = None
    signature: Annotated[bytes, Tag(3), Len(64)]


PASSCODE_ID: Final[int] = 0
"""The only passcode id that is used (Core 4.14.1.2)."""
