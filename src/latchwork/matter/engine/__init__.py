"""The engine: datagrams, calls and time in; datagrams, messages and the next deadline out.

Top of the protocol's floor: joins sessions, exchanges and handshakes. Knows no socket, no clock and no dice.
"""

from latchwork.matter.engine.engine import Engine, Hooks, PaseCredentials
from latchwork.matter.engine.handshakes import HandshakeRun

__all__ = ["Engine", "HandshakeRun", "Hooks", "PaseCredentials"]
