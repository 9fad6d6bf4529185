"""Two halves of a handshake against each other, and fabrics to hold it on."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.crypto.primitives import pbkdf2
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.handshake import Established, HandshakeFailed, Pbkdf, Received, Send
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.matter.trust.issuing import issue_intermediate, issue_node, issue_root

STATUS_REPORT = 0x40
YEAR = 365 * 86400
BEGIN = 24 * YEAR
NOW_UTC = float(MATTER_EPOCH_S + 25 * YEAR)
IPK = Secret(bytes(range(16)))
OURS = SessionParameters(idle_interval_ms=600, active_interval_ms=310, active_threshold_ms=4100, max_paths_per_invoke=9)
THEIRS = SessionParameters(
    idle_interval_ms=5000, active_interval_ms=320, active_threshold_ms=4200, max_paths_per_invoke=3
)

Message = Send | Received


def entropy(seed: object = 0) -> Callable[[int], bytes]:
    """Octets that depend on the seed alone."""
    counter = itertools.count()
    return lambda length: hashlib.shake_256(f"{seed} {next(counter)}".encode()).digest(length)


def _same(opcode: int, payload: bytes) -> tuple[int, bytes]:
    return opcode, payload


@dataclass
class Half:
    """One side of a handshake: what it wants next, and how it ended."""

    machine: object
    outbox: list[Send] = field(default_factory=list)
    result: Established | None = None
    failure: HandshakeFailed | None = None

    @property
    def is_over(self) -> bool:
        return self.result is not None or self.failure is not None

    def give(self, value: Received | bytes | None) -> None:
        """Let the machine go on until it wants a message."""
        if self.is_over:
            return
        try:
            wanted = self.machine.send(value)
            while wanted is not None:
                if isinstance(wanted, Pbkdf):
                    wanted = self.machine.send(pbkdf2(wanted.password, wanted.salt, wanted.iterations, wanted.length))
                    continue
                self.outbox.append(wanted)
                if wanted.opcode != STATUS_REPORT:
                    return
                wanted = self.machine.send(None)
        except StopIteration as finished:
            self.result = finished.value
        except HandshakeFailed as failure:
            self.failure = failure
            if failure.reply is not None:
                self.outbox.append(Send(STATUS_REPORT, failure.reply))


@dataclass
class Ladder:
    """A whole handshake.

    Attributes:
        messages: opcodes and payloads in the order of sending.
    """

    initiator: Half
    responder: Half
    messages: list[Send]

    @property
    def opcodes(self) -> list[int]:
        return [message.opcode for message in self.messages]

    @property
    def failures(self) -> list[object]:
        return [half.failure and half.failure.kind for half in (self.initiator, self.responder)]


def run(initiator: object, responder: object, *, meddle: Callable[[int, bytes], tuple[int, bytes]] = _same) -> Ladder:
    """Play a handshake to its end; `meddle` sees every message on its way and gives what arrives."""
    first, second = Half(initiator), Half(responder)
    second.give(None)
    first.give(None)
    ladder = Ladder(first, second, [])
    while first.outbox or second.outbox:
        sender, receiver = (first, second) if first.outbox else (second, first)
        sent = sender.outbox.pop(0)
        ladder.messages.append(sent)
        receiver.give(Received(*meddle(*sent)))
    return ladder


class World:
    """A fabric's authority: gives out memberships."""

    def __init__(
        self,
        name: str = "home",
        *,
        fabric_id: int = 0x2906_C908_D115_D362,
        has_icac: bool = True,
        not_after: int = 0,
        ipk: tuple[Secret, ...] = (IPK,),
    ) -> None:
        self.name = name
        self.fabric_id = fabric_id
        self.not_after = not_after
        self.ipk = GroupKeySet(0, 0, tuple(EpochKey(key, start) for start, key in enumerate(ipk)))
        self.root_key = KeyPair.generate(entropy(f"{name} root"))
        self.root = issue_root(self.root_key, 1, serial=b"\x41", not_before=BEGIN)
        self.icac_key = KeyPair.generate(entropy(f"{name} icac"))
        self.icac = issue_intermediate(
            self.root_key, self.root, self.icac_key.public, 2, serial=b"\x42", not_before=BEGIN
        )
        self.has_icac = has_icac

    def member(
        self,
        node_id: int,
        *,
        index: int = 1,
        cats: tuple[int, ...] = (),
        key: KeyPair | None = None,
        fabric_id: int | None = None,
    ) -> Fabric:
        """A node of the fabric; its certificates are not verified, so that wrong ones can be made."""
        key = key or KeyPair.generate(entropy(f"{self.name} {node_id}"))
        issuer_key, issuer = (self.icac_key, self.icac) if self.has_icac else (self.root_key, self.root)
        noc = issue_node(
            issuer_key,
            issuer,
            key.public,
            node_id=node_id,
            fabric_id=fabric_id or self.fabric_id,
            serial=b"\x43",
            not_before=BEGIN,
            not_after=self.not_after,
            cats=cats,
        )
        return Fabric(
            index=index,
            fabric_id=self.fabric_id,
            node_id=node_id,
            root=self.root.to_tlv(),
            noc=noc.to_tlv(),
            icac=self.icac.to_tlv() if self.has_icac else None,
            key=key,
            vendor_id=0xFFF1,
            label=self.name,
            ipk=self.ipk,
        )


def flip(opcode: int, place: int, mask: int = 0x01) -> Callable[[int, bytes], tuple[int, bytes]]:
    """A meddler that changes one octet of one message."""

    def meddle(seen: int, payload: bytes) -> tuple[int, bytes]:
        if seen == opcode and payload:
            at = place % len(payload)
            payload = payload[:at] + bytes((payload[at] ^ mask,)) + payload[at + 1 :]
        return seen, payload

    return meddle


def replace(opcode: int, other: Send) -> Callable[[int, bytes], tuple[int, bytes]]:
    """A meddler that puts another message in the place of one."""
    return lambda seen, payload: tuple(other) if seen == opcode else (seen, payload)
