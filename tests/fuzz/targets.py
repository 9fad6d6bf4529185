"""Everything that reads octets of others, each with the errors that it may raise and seeds to begin from."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.fuzz import recorded
from tests.support.world import dice

from latchwork.base.clock import ManualClock
from latchwork.base.logs import Secret
from latchwork.matter import discovery
from latchwork.matter.crypto import keys, spake2p
from latchwork.matter.crypto.primitives import AuthenticationFailed
from latchwork.matter.interaction.client import ReportCollector, parse_invoke_response, parse_write_response
from latchwork.matter.messages import header, interaction, secure_channel, status
from latchwork.matter.model.clusters import CLUSTERS
from latchwork.matter.onboarding import OnboardingCodeError, parse
from latchwork.matter.onboarding.reading import parse_all
from latchwork.matter.session.group import GroupKey, GroupReceiver
from latchwork.matter.session.resumption import ResumptionRecord
from latchwork.matter.tlv import elements
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust import attestation, certificates, declaration, der, device_certificates, fabric
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.matter.trust.groups import group_session_id, privacy_key
from latchwork.node.config import NodeConfig
from latchwork.sim.lock import VirtualLock
from latchwork.stack.mdns_records import read_text
from latchwork.store.kv import MemoryStore

VECTORS = Path(__file__).parents[1] / "vectors"


@dataclass(frozen=True)
class Target:
    """Something that reads octets.

    Attributes:
        name: for reports.
        read: takes the octets.
        errors: what it may raise; anything else is a defect.
        seeds: octets that it understands.
    """

    name: str
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = ()
    seeds: Callable[[], Iterable[bytes]] = field(default=lambda: ())

    def __call__(self, data: bytes) -> None:
        with suppress(*self.errors):
            self.read(data)


def _vectors(name: str, *path: str) -> list[bytes]:
    found = json.loads((VECTORS / name).read_text())
    for step in path:
        found = found[step]
    texts = [each if isinstance(each, str) else each.get("tlv") for each in found.values()]
    return [base64.b64decode(text) for text in texts if text]


def _payloads(protocol: int, *opcodes: int) -> list[bytes]:
    return [payload for its, opcode, payload in recorded.plain_messages() if its == protocol and opcode in opcodes]


def _unsecured() -> list[bytes]:
    found = []
    for datagram, _ in recorded.a_life():
        message, start = header.MessageHeader.decode(datagram)
        if message.session_id == 0:
            _, payload = header.ProtocolHeader.decode(datagram[start:])
            found.append(datagram[start + payload :])
    return found


def _datagrams() -> list[bytes]:
    return [datagram for datagram, _ in recorded.a_life()]


def _structs(module: object) -> list[Target]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Struct)]
    seeds = _unsecured if module is secure_channel else lambda: _payloads(1, *range(1, 11))
    return [Target(kind.__name__, kind.decode, (TlvError,), seeds) for kind in kinds if kind is not Struct]


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _txt(read: Callable[[dict[str, str]], object]) -> Callable[[bytes], object]:
    """A TXT record of lines `key=value`."""

    def take(data: bytes) -> object:
        pairs = (line.partition("=") for line in data.decode("utf-8", "replace").splitlines())
        return read({key: value for key, _, value in pairs})

    return take


TXT = (
    b"SII=500\nSAI=300\nSAT=4000\nT=6\nICD=0",
    b"D=3840\nVP=65521+32768\nCM=1\nDT=10\nDN=Lock\nRI=0102\nPH=33\nPI=\nSII=500",
)


def _group(data: bytes) -> object:
    secret = Secret(bytes(range(16)))
    receiver = GroupReceiver()
    receiver.set_keys([GroupKey(1, group_session_id(secret), secret, privacy_key(secret), frozenset({1}))])
    return receiver.open(group_session_id(secret), data) if len(data) >= 8 else None


def _report(data: bytes) -> object:
    return ReportCollector(CLUSTERS).add(data)


@cache
def _lock() -> VirtualLock:
    lock = VirtualLock(NodeConfig(), MemoryStore(), clock=ManualClock(), entropy=dice("fuzz"))
    lock.node.start_local()
    return lock


_ADMIN = Subject(AuthMode.PASE, 0, is_commissioning=True)


def serve(data: bytes) -> object:
    """A conversation with a whole lock's server: the first octet of each message is its opcode, the next two its length."""
    node = _lock().node
    transaction = node.server.begin(_ADMIN, session=None, max_payload=1200)
    replies = None
    try:
        for _ in range(4):
            if len(data) < 3:
                break
            opcode, length = data[0], int.from_bytes(data[1:3], "little")
            with node.turn():
                replies = transaction.receive(opcode, data[3 : 3 + length], now=0.0)
            data = data[3 + length :]
    finally:
        transaction.close()
    if hasattr(replies, "close"):
        replies.close()
    return replies


def _conversations() -> list[bytes]:
    messages = [(opcode, payload) for protocol, opcode, payload in recorded.plain_messages() if protocol == 1]
    one = [bytes([opcode]) + len(payload).to_bytes(2, "little") + payload for opcode, payload in messages]
    return one + [first + second for first, second in itertools.pairwise(one)]


TARGETS = (
    Target("tlv", elements.decode, (TlvError,), lambda: [*_unsecured(), *_payloads(1, *range(1, 11))]),
    Target("tlv, tagged", elements.decode_tagged, (TlvError,), lambda: _payloads(1, *range(1, 11))),
    Target("message header", header.MessageHeader.decode, (header.HeaderError,), _datagrams),
    Target("protocol header", header.ProtocolHeader.decode, (header.HeaderError,), _datagrams),
    Target(
        "status report",
        status.StatusReport.decode,
        (status.StatusReportError,),
        lambda: [bytes(8), b"\x08\x00\x00\x00\x00\x00\x04\x00\x88\x13"],
    ),
    *_structs(secure_channel),
    *_structs(interaction),
    Target("report", _report, (TlvError,), lambda: _payloads(1, 5)),
    Target("invoke response", lambda data: parse_invoke_response(data, CLUSTERS), (TlvError,), lambda: _payloads(1, 9)),
    Target("write response", parse_write_response, (TlvError,), lambda: _payloads(1, 7)),
    Target("interaction server", serve, (), _conversations),
    Target(
        "onboarding code", _text(parse), (OnboardingCodeError,), lambda: [b"MT:Y.K9042C00KA0648G00", b"34970112332"]
    ),
    Target("onboarding codes", _text(parse_all), (OnboardingCodeError,), lambda: [b"MT:Y.K9042C00KA0648G00"]),
    Target(
        "certificate",
        certificates.Certificate.from_tlv,
        (certificates.CertificateError,),
        lambda: _vectors("trust_certificates.json", "certificates"),
    ),
    Target(
        "X.509 certificate",
        certificates.Certificate.from_der,
        (certificates.CertificateError,),
        lambda: _vectors("trust_attestation.json", "certificates"),
    ),
    Target(
        "device certificate",
        device_certificates.DeviceCertificate.from_der,
        (certificates.CertificateError,),
        lambda: _vectors("trust_attestation.json", "certificates"),
    ),
    Target(
        "certification declaration",
        declaration.open_declaration,
        (declaration.DeclarationError,),
        lambda: _vectors("trust_attestation.json", "declarations"),
    ),
    Target("DER", der.whole, (der.DerError,), lambda: _vectors("trust_attestation.json", "declarations")),
    Target("NOCSR elements", attestation.NocsrElements.decode, (TlvError,), lambda: _payloads(1, 9)),
    Target("stored fabric", fabric.Fabric.decode, (TlvError,)),
    Target("stored resumption", ResumptionRecord.decode, (TlvError,)),
    Target(
        "signing request",
        keys.parse_csr,
        (keys.InvalidKey, AuthenticationFailed),
        lambda: [keys.csr(keys.KeyPair.generate(dice("csr")))],
    ),
    Target("public key", keys.PublicKey.from_bytes, (keys.InvalidKey,), lambda: [b"\x04" + bytes(64)]),
    Target("passcode verifier", spake2p.Verifier.decode, (keys.InvalidKey,), lambda: [bytes(97)]),
    Target("group message", _group, (), _datagrams),
    Target("session hints", _txt(discovery.SessionHints.from_txt), (), lambda: TXT),
    Target("commissionable TXT", _txt(discovery.CommissionableAdvert.from_txt), (), lambda: TXT),
    Target(
        "operational name",
        _text(discovery.OperationalService.from_instance),
        (discovery.ServiceNameError,),
        lambda: [b"2906C908D115D362-8FC7772401CD0696._matter._tcp.local."],
    ),
    Target("TXT octets", read_text, (), lambda: [b"\x07SII=500\x03T=6"]),
)
"""Every decoder."""
