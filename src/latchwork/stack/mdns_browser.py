"""Browsing: what is known at once, questions that come less and less often, each find once.

Stack; sees what was heard and a way to ask, neither sockets nor messages (RFC 6762 5.2).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from latchwork.stack.mdns_contract import ServiceRecord
from latchwork.stack.mdns_heard import Heard
from latchwork.stack.mdns_records import OTHER_TTL, TYPE_PTR

_LONGEST_PAUSE_S: Final = 3600.0
"""Pauses between questions double up to an hour (RFC 6762 5.2)."""
_MAX_KNOWN: Final = 40
"""Known answers sent along with a question: what fits one datagram."""
_MAX_FOUND: Final = 2048
"""Services waiting to be taken from a browser; the oldest go first and come back with their next change."""


class Asking(Protocol):
    """Puts questions to the link."""

    def __call__(
        self, wanted: Iterable[tuple[str, int]], *, direct: bool, known: Iterable[tuple[str, str, int]] = ()
    ) -> None:
        """Ask for names and record types, with pointers that are known already."""


def pauses() -> Iterator[float]:
    """Seconds between one question and the next.

    The second comes sooner than RFC 6762 5.2 lets one repeat a question, because it is another one: the first wants a
    direct answer, which some peers send to port 5353, where the kernel may give it to a neighbour process; the second
    wants a multicast one.
    """
    yield 0.2
    yield 0.8
    pause = 2.0
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_S)


class MdnsBrowser:
    """Services of one type or subtype, as they come."""

    def __init__(
        self, heard: Heard, ask: Asking, ended: Callable[[MdnsBrowser], None], service_type: str, subtype: str | None
    ) -> None:
        """Prepare to browse; `start` begins.

        Args:
            heard: what is known of the link.
            ask: puts questions to the link.
            ended: called when this browser is closed.
            service_type: such as `_matterc._udp`.
            subtype: such as `_L3840`, or None.
        """
        self._heard = heard
        self._put = ask
        self._ended = ended
        self._service_type = service_type
        self._subtype = subtype
        domain = f"{service_type}.local."
        self._name = domain if subtype is None else f"{subtype}._sub.{domain}"
        self._loop = asyncio.get_running_loop()
        self._found: OrderedDict[str, ServiceRecord] = OrderedDict()
        self._given: dict[str, tuple[object, ...]] = {}
        self._asked: set[tuple[str, int]] = set()
        self._changed = asyncio.Event()
        self._pauses = pauses()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def start(self) -> None:
        """Take what is known, ask the link."""
        self.notice(None)
        self._ask(direct=True)

    def __aiter__(self) -> MdnsBrowser:
        """Itself."""
        return self

    async def __anext__(self) -> ServiceRecord:
        """The next service found or changed."""
        while not self._found:
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._found.popitem(last=False)[1]

    def close(self) -> None:
        """Stop asking; what was found before can still be taken, then iteration ends."""
        self._closed = True
        self._ended(self)
        if self._timer is not None:
            self._timer.cancel()
        self._changed.set()

    def notice(self, touched: set[str] | None) -> None:
        """Look at the services called `touched`, or at all of them."""
        now, heard = self._loop.time(), self._heard
        keys: Iterable[str] = touched or ()
        if touched is None:
            keys = [key for key, _ in heard.instances(self._service_type, self._subtype, now)]
        for key in keys:
            each = heard.instance(key, self._service_type, self._subtype, now)
            if each is None:
                self._given.pop(key, None)
                continue
            record = heard.record(key, now)
            if record is None:
                self._complete(heard.missing(key, f"{each.label}.{self._service_type}.local.", now))
                continue
            seen = (record.port, record.host, frozenset(record.addresses), tuple(sorted(record.txt.items())))
            if self._given.get(key) != seen:
                self._given[key] = seen
                self._found[key] = record
                if len(self._found) > _MAX_FOUND:
                    self._given.pop(self._found.popitem(last=False)[0], None)
                self._changed.set()

    def _complete(self, missing: tuple[tuple[str, int], ...]) -> None:
        """Ask at once for what an answer left out, but only once between two rounds."""
        wanted = [each for each in missing if each not in self._asked]
        if wanted:
            self._asked.update(wanted)
            self._put(wanted, direct=True)

    def _ask(self, *, direct: bool) -> None:
        now = self._loop.time()
        self._asked.clear()
        known: list[tuple[str, str, int]] = []
        for key, each in self._heard.instances(self._service_type, self._subtype, now):
            until = each.lives_until(self._subtype)
            complete = self._heard.record(key, now) is not None
            if complete and until - now > OTHER_TTL / 2 and len(known) < _MAX_KNOWN:
                known.append((self._name, f"{each.label}.{self._service_type}.local.", int(until - now)))
        self._put(((self._name, TYPE_PTR),), direct=direct, known=known)
        self._timer = self._loop.call_later(next(self._pauses), self._ask_again)

    def _ask_again(self) -> None:
        self._ask(direct=False)
        self.notice(None)
