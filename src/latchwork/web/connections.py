"""HTTP over one TCP connection, within bounds: who connects and says nothing, or too slowly, does not stay.

Layer web; asyncio, on uvicorn's protocol. A process has few descriptors, and the hub needs some of them for its locks: no stranger takes
them all.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from latchwork.web.networks import network_of

MAX_CONNECTIONS: Final = 400
MAX_OF_ONE: Final = 200
"""Connections from one network: half of all, for behind a proxy everybody comes from there."""
HEAD_S: Final = 20.0
"""Seconds in which a request's head has to be whole, from its first octet on or from the connection's begin."""


class Connection(H11Protocol):
    """One of them."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Somebody has connected; whoever is one too many is let go."""
        super().connection_made(transport)
        others = [each.client for each in self.connections if isinstance(each, Connection)]
        network = _network(self.client)
        if len(others) > MAX_CONNECTIONS or sum(_network(each) == network for each in others) > MAX_OF_ONE:
            transport.abort()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Some octets have come."""
        super().data_received(data)
        if self._is_idle() and self._late is None:
            self._wait_for_head()
        elif not self._is_idle():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        at_work: RequestResponseCycle | None = self.cycle
        return at_work is None or at_work.response_complete

    def _wait_for_head(self) -> None:
        self._late = self.loop.call_later(HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self._is_idle():
            self.transport.abort()


def _network(client: tuple[str, int] | None) -> str:
    return "" if client is None else network_of(client[0])
