"""Two engines face to face, without a network: datagrams lie in outboxes until somebody carries, drops or repeats them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.world import dice

from latchwork.base.logs import Secret
from latchwork.matter.engine import Engine, Hooks
from latchwork.matter.exchange.exchange import Exchange, Message
from latchwork.matter.messages.header import MessageHeader, ProtocolHeader
from latchwork.matter.messages.secure_channel import SessionParameters
from latchwork.matter.session.secure import SecureSession
from latchwork.matter.trust.access import AuthMode, Subject

I2R, R2I, CHALLENGE = Secret(b"i" * 16), Secret(b"r" * 16), Secret(b"c" * 16)


@dataclass(eq=False)
class Side:
    """One engine and everything that it told its owner."""

    name: str
    address: object
    options: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.out: list[tuple[bytes, object]] = []
        self.requests: list[tuple[Exchange, Message]] = []
        self.opened: list[SecureSession] = []
        self.closed: list[SecureSession] = []
        self.failed_passcodes = 0
        self.slow_work: list = []
        hooks = Hooks(
            transmit=lambda datagram, address: self.out.append((datagram, address)),
            on_request=lambda exchange, message: self.requests.append((exchange, message)),
            on_session=self.opened.append,
            on_session_closed=self.closed.append,
            on_pase_failed=self._failed,
        )
        options = {"entropy": dice(self.name), "parameters": SessionParameters()} | self.options
        self.engine = Engine(hooks=hooks, **options)

    def _failed(self) -> None:
        self.failed_passcodes += 1

    def session(self, local_id: int, peer_id: int, other: object, *, is_initiator: bool, now: float = 0.0, **changes):
        """A secure session that came from nowhere, with the keys above."""
        session = SecureSession(
            **{
                "local_id": local_id,
                "peer_id": peer_id,
                "encrypt_key": I2R if is_initiator else R2I,
                "decrypt_key": R2I if is_initiator else I2R,
                "attestation_challenge": CHALLENGE,
                "subject": Subject(AuthMode.CASE, 1, 0xB if is_initiator else 0xA),
                "local_node_id": 0xA if is_initiator else 0xB,
                "peer_parameters": SessionParameters(),
                "is_initiator": is_initiator,
                "address": other,
                "first_counter": 100,
                "now": now,
            }
            | changes
        )
        self.engine.sessions.add(session)
        return session


class Link:
    """Two sides and the time between them."""

    def __init__(self, left: Side, right: Side) -> None:
        self.left, self.right = left, right
        self.now = 0.0

    def step(self, sender: Side, *, drop: bool = False) -> list[bytes]:
        """Carry (or lose) what one side has said until now; gives the datagrams."""
        datagrams, sender.out = sender.out, []
        receiver = self.right if sender is self.left else self.left
        for datagram, _ in datagrams:
            if not drop:
                receiver.engine.receive_datagram(datagram, sender.address, self.now)
        return [datagram for datagram, _ in datagrams]

    def carry(self) -> int:
        """Carry until nobody has anything to say; gives how many datagrams that were."""
        count = 0
        while self.left.out or self.right.out:
            count += len(self.step(self.left)) + len(self.step(self.right))
            assert count < 1000, "they never stop talking"
        return count

    def drop(self) -> int:
        """Lose what was said; gives how many datagrams that were."""
        return len(self.step(self.left, drop=True)) + len(self.step(self.right, drop=True))

    def advance(self, seconds: float, *, deaf: bool = False) -> None:
        """Let time pass, deadline by deadline; what is said meanwhile is carried, or stays in the outboxes when `deaf`."""
        end, turns = self.now + seconds, 0
        while True:
            turns += 1
            assert turns < 10_000, "time does not pass"
            deadlines = [d for d in (side.engine.next_deadline() for side in (self.left, self.right)) if d is not None]
            upcoming = min(deadlines, default=end)
            if upcoming >= end:
                break
            self.now = max(self.now, upcoming)
            for side in (self.left, self.right):
                if (side.engine.next_deadline() or end) <= self.now:
                    side.engine.handle_deadline(self.now)
            if not deaf:
                self.carry()
        self.now = end


LEFT, RIGHT = ("fd00::1", 5540, 0, 0), ("fd00::2", 5540, 0, 0)


def strangers(**options) -> Link:
    """Two engines that share nothing yet; `options` are the engines'."""
    return Link(Side("left", LEFT, dict(options)), Side("right", RIGHT, dict(options)))


def pair(**options) -> tuple[Link, SecureSession, SecureSession]:
    """Two engines with a session; `options` are the engines'."""
    link = strangers(**options)
    left = link.left.session(0x1111, 0x2222, RIGHT, is_initiator=True)
    right = link.right.session(0x2222, 0x1111, LEFT, is_initiator=False)
    return link, left, right


def peek(datagram: bytes, receiver: SecureSession) -> tuple[MessageHeader, ProtocolHeader, bytes]:
    """What a datagram of a session says, without the receiver noticing it."""
    header, start = MessageHeader.decode(datagram)
    plain = receiver.open(datagram[:start], datagram[3], header.counter, datagram[start:])
    protocol, payload = ProtocolHeader.decode(plain)
    return header, protocol, plain[payload:]
