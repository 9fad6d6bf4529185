"""What a captured message says: its headers, and its contents when they are readable or the key is given.

The roof; headers are read by `matter.messages.header`, ciphers are those of `matter.crypto` (Core 4.4, 4.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from latchwork.base.errors import Misuse, PeerViolation
from latchwork.cli.explain_tlv import Branch, fits, grow, name_members
from latchwork.cli.model_names import note_paths
from latchwork.matter.messages.header import (
    MIC_LENGTH,
    HeaderError,
    MessageHeader,
    ProtocolHeader,
    ProtocolId,
    obfuscated_span,
)
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import OpenEnum, Struct

_PROTOCOLS: Final = {
    ProtocolId.SECURE_CHANNEL: "secure-channel",
    ProtocolId.INTERACTION_MODEL: "interaction-model",
    ProtocolId.BDX: "bdx",
    ProtocolId.USER_DIRECTED_COMMISSIONING: "user-directed-commissioning",
}
Protocol = ProtocolId | int


@cache
def structures() -> Mapping[str, type[Struct]]:
    """Message name, as `--as` takes it, → its structure; those of the interaction model first."""
    from latchwork.matter.messages import interaction, secure_channel

    found: dict[str, type[Struct]] = {}
    for opcode in Opcode:
        kind = getattr(interaction, f"{_pascal(opcode.name)}Message", None)
        if kind is not None:
            found[_kebab(opcode.name)] = kind
    for name in secure_channel.Opcode.__members__:
        kind = _secure_channel_structure(vars(secure_channel), name)
        if kind is not None:
            found[_kebab(name)] = kind
    return found


def _secure_channel_structure(space: Mapping[str, Any], opcode: str) -> type[Struct] | None:
    wanted = opcode.replace("_", "").lower()
    for name, kind in space.items():
        folded = name.lower()
        if isinstance(kind, type) and issubclass(kind, Struct) and folded.removesuffix("message") == wanted:
            return kind
    return None


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _kebab(name: str) -> str:
    return name.lower().replace("_", "-")


def explain_tree(data: bytes, name: str | None = None) -> tuple[str | None, Branch]:
    """TLV octets as a tree, with the name of the message that they are.

    Args:
        data: one element.
        name: which message it is; None guesses among those of the interaction model.

    Raises:
        Misuse: `name` is no message.
        TlvError: it is not one element.
    """
    branch = grow(data)
    known = structures()
    if name is None:
        name = _guess(branch, data)
    elif name not in known:
        raise Misuse(f"there is no message {name}", advice=f"Known are: {', '.join(known)}.")
    if name is not None:
        name_members(branch, known[name])
        note_paths(branch, is_response=name == "invoke-response")
    return name, branch


def _guess(branch: Branch, data: bytes) -> str | None:
    """A message of the interaction model that has exactly such members; the revision tag is what gives it away."""
    if branch.type != "structure" or branch.member(0xFF) is None:
        return None
    for opcode in Opcode:
        name = _kebab(opcode.name)
        kind = structures().get(name)
        if kind is not None and fits(branch, kind):
            try:
                kind.decode(data)
            except TlvError:
                continue
            return name
    return None


def explain_message(
    datagram: bytes, *, key: bytes | None = None, node: int = 0, show_secrets: bool = False
) -> dict[str, Any]:
    """A captured datagram: {"kind": "message", "header": …, "protocol": …, "payload": …}.

    Args:
        datagram: as it was on the wire.
        key: 16 octets: the key of this direction, when the message is encrypted.
        node: the sender's node id as it goes into the nonce; 0 for a session that a passcode opened (Core 4.8.2).
        show_secrets: show values that are secrets.

    Raises:
        HeaderError: it is no message.
        Misuse: the key does not open it.
    """
    header, position = MessageHeader.decode(datagram)
    is_open = header.session_id == 0 and not header.is_group
    found: dict[str, Any] = {"kind": "message", "session": _session_kind(header)}
    if not is_open and header.has_privacy:
        if key is None:
            return found | {"header": {"sessionId": header.session_id, "privacy": True}, **_sealed(datagram, position)}
        datagram = _without_privacy(datagram, key)
        header, position = MessageHeader.decode(datagram)
    found["header"] = _header(header)
    if is_open:
        return found | _contents(datagram[position:], show_secrets=show_secrets)
    if key is None:
        return found | _sealed(datagram, position)
    return found | _contents(_opened(datagram, header, position, key, node), show_secrets=show_secrets)


def _session_kind(header: MessageHeader) -> str:
    if header.is_group:
        return "group"
    return "unsecured" if header.session_id == 0 else "secure"


def _header(header: MessageHeader) -> dict[str, Any]:
    shown: dict[str, Any] = {"sessionId": header.session_id, "counter": header.counter}
    flags = {"control": header.is_control, "privacy": header.has_privacy}
    nodes = {
        "sourceNode": header.source_node,
        "destinationNode": header.destination_node,
        "destinationGroup": header.destination_group,
    }
    return shown | {k: True for k, on in flags.items() if on} | {k: v for k, v in nodes.items() if v is not None}


def _sealed(datagram: bytes, position: int) -> dict[str, Any]:
    length = len(datagram) - position - MIC_LENGTH
    if length < 0:
        raise HeaderError("too short for an encrypted message")
    return {
        "encrypted": {"octets": length, "mic": datagram[-MIC_LENGTH:]},
        "hint": "Give the key with --key to open it.",
    }


def _without_privacy(datagram: bytes, key: bytes) -> bytes:
    from latchwork.matter.crypto.primitives import hkdf, privacy_transform

    start, end = obfuscated_span(datagram)
    privacy_key = hkdf(key, b"", b"PrivacyKey", 16)
    nonce = datagram[1:3][::-1] + datagram[-MIC_LENGTH:][5:]
    plain = privacy_transform(privacy_key, nonce, datagram[start:end])
    return datagram[:start] + plain + datagram[end:]


def _opened(datagram: bytes, header: MessageHeader, position: int, key: bytes, node: int) -> bytes:
    from latchwork.matter.crypto.primitives import Aead, AuthenticationFailed

    source = node if header.source_node is None else header.source_node
    nonce = datagram[3:4] + header.counter.to_bytes(4, "little") + source.to_bytes(8, "little")
    try:
        return Aead(key).decrypt(nonce, datagram[position:], datagram[:position])
    except AuthenticationFailed:
        raise Misuse(
            "the key does not open this message",
            advice="Check that it is the key of this direction, and give the sender's node id with --node.",
        ) from None


def _contents(plain: bytes, *, show_secrets: bool) -> dict[str, Any]:
    protocol, position = ProtocolHeader.decode(plain)
    opcode = _opcode(protocol)
    shown: dict[str, Any] = {
        "protocol": _PROTOCOLS.get(ProtocolId(protocol.protocol_id), "?")
        if protocol.protocol_id < 4
        else protocol.protocol_id,
        "opcode": protocol.opcode,
        "exchangeId": protocol.exchange_id,
        "fromInitiator": protocol.is_initiator,
        "reliable": protocol.is_reliable,
    }
    if opcode is not None:
        shown["name"] = opcode
    if protocol.acknowledged is not None:
        shown["acknowledges"] = protocol.acknowledged
    if protocol.vendor_id:
        shown["vendorId"] = protocol.vendor_id
    return {"protocol": shown} | _payload(plain[position:], opcode, show_secrets=show_secrets)


def _opcode(protocol: ProtocolHeader) -> str | None:
    from latchwork.matter.messages import secure_channel

    if protocol.vendor_id:
        return None
    kinds: dict[int, type[OpenEnum]] = {
        ProtocolId.SECURE_CHANNEL: secure_channel.Opcode,
        ProtocolId.INTERACTION_MODEL: Opcode,
    }
    kind = kinds.get(protocol.protocol_id)
    opcode = kind(protocol.opcode) if kind is not None else None
    return _kebab(opcode.name) if opcode is not None and opcode.is_known else None


def _payload(data: bytes, opcode: str | None, *, show_secrets: bool) -> dict[str, Any]:
    if opcode == "status-report":
        return {"statusReport": _status_report(data)}
    if not data:
        return {"payload": None}
    try:
        _, branch = explain_tree(data, opcode if opcode in structures() else None)
    except (TlvError, PeerViolation):
        return {"octets": data}
    return {"payload": branch.to_json(show_secrets=show_secrets)}


def _status_report(data: bytes) -> Any:
    from latchwork.matter.messages.status import StatusReport

    try:
        report = StatusReport.decode(data)
    except PeerViolation:
        return data
    return {"general": int(report.general), "protocolId": report.protocol_id, "code": report.code, "data": report.data}
