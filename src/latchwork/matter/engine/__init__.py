"""The engine: datagrams, calls and time in; datagrams, messages and the next deadline out.

Top of the protocol's floor: joins sessions, exchanges and handshakes. Knows no socket, no clock and no dice.
"""

from latchwork.matter.engine.engine import Engine
from latchwork.matter.engine.handshakes import HandshakeRun
from latchwork.matter.engine.ports import Counts, Hooks, PaseCredentials, SessionClosed

__all__ = ["Counts", "Engine", "HandshakeRun", "Hooks", "PaseCredentials", "SessionClosed"]
