"""What an engine's owner gives it and may ask of it: its hooks, its credentials for PASE, its counts.

Bottom of the engine: values only, and knows nothing of how the engine works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from latchwork.base.errors import Unreachable
from latchwork.matter.crypto.primitives import pbkdf2
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.exchange.exchange import Exchange, Message
from latchwork.matter.session.handshake import Pbkdf
from latchwork.matter.session.secure import SecureSession


class SessionClosed(Unreachable):
    """The session ended while something was under way in it."""

    advice = "Try again: a new session is made."


@dataclass(frozen=True, slots=True, repr=False)
class PaseCredentials:
    """What an open commissioning window answers PASE with.

    Attributes:
        verifier: the passcode's verifier.
        salt: 16 to 32 octets.
        iterations: 1,000 to 100,000.
    """

    verifier: Verifier
    salt: bytes
    iterations: int


def _nothing(*_: object) -> None:
    return None


def _stretch_now(work: Pbkdf, done: Callable[[bytes], None]) -> None:
    done(pbkdf2(work.password, work.salt, work.iterations, work.length))


@dataclass(slots=True)
class Hooks:
    """What the engine asks of its owner; every default does nothing but `stretch`, which works at once.

    Attributes:
        transmit: send a datagram to an address.
        on_request: a peer opened an exchange with this message.
        on_session: a secure session came to be.
        on_session_closed: a secure session ended, whoever ended it.
        on_pase_failed: somebody tried a passcode in vain.
        on_check_in: a Check-In message's payload arrived from an address, not yet authenticated (Core 4.22).
        on_deadline: `next_deadline` is earlier than it was.
        stretch: do slow key derivation and call back with its result.
    """

    transmit: Callable[[bytes, object], None] = _nothing
    on_request: Callable[[Exchange, Message], None] = _nothing
    on_session: Callable[[SecureSession], None] = _nothing
    on_session_closed: Callable[[SecureSession], None] = _nothing
    on_pase_failed: Callable[[], None] = _nothing
    on_check_in: Callable[[bytes, object], None] = _nothing
    on_deadline: Callable[[float], None] = _nothing
    stretch: Callable[[Pbkdf, Callable[[bytes], None]], None] = _stretch_now


@dataclass(slots=True)
class Counts:
    """Why datagrams were not delivered; for tests and for the doctor."""

    malformed: int = 0
    unknown_session: int = 0
    not_authentic: int = 0
    duplicate: int = 0
    unexpected: int = 0
    received: int = field(default=0)
