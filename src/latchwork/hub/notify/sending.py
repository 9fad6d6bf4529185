"""Sending through Apprise, which knows a hundred services by their addresses: in threads, and without a word about the address.

Layer hub. Apprise is the extra `[notify]`: without it everything is kept, and whoever wants to send is told what to install. What Apprise
logs may quote an address, so none of it gets further than here, where only a status number is looked for.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from latchwork.base.errors import Misuse, Unreachable
from latchwork.hub.addresses import AddressRefused, check_address

if TYPE_CHECKING:
    from apprise import NotifyBase

MAX_URL: Final = 2000
TIMEOUT_S: Final = 60.0
_THREADS: Final = 4
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{1,30})://", re.IGNORECASE)
_STATUS: Final = re.compile(r"error=([1-5][0-9]{2})\b")
_OWN: Final = frozenset({"dbus", "qt", "kde", "glib", "gnome", "macosx", "windows", "syslog", "blink1", "deltachat"})
"""Schemes by which this very machine is meant: whoever writes rules need not reach into it."""


class NotInstalled(Misuse):
    """Apprise is not there."""

    advice = "Install it: pip install latchwork[notify]."


class NotSent(Unreachable):
    """Nobody took it; the text is for people and names no address."""


class Sender(Protocol):
    """Sends notifications."""

    def check(self, url: str, *, is_local: bool) -> str:
        """The scheme of an address, when something can be sent there.

        Raises:
            Misuse: nothing can.
            NotInstalled: what is needed for sending is not there.
        """

    async def send(self, url: str, title: str, body: str, *, is_local: bool) -> None:
        """Send one message.

        Raises:
            NotSent: nobody took it.
            AddressRefused: the hub does not go there.
            NotInstalled: what is needed for sending is not there.
        """


class AppriseSender:
    """Sends through Apprise."""

    __slots__ = ("_threads",)

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    def check(self, url: str, *, is_local: bool) -> str:
        """The scheme of an address, when something can be sent there.

        Raises:
            Misuse: nothing can.
            AddressRefused: the hub does not go there.
            NotInstalled: Apprise is not there.
        """
        plugin = _plugin(url)
        host = _host(plugin)
        if host:
            try:
                check_address(host.strip("[]"), is_local=is_local)
            except ValueError:
                if host.lower() == "localhost" and not is_local:
                    raise AddressRefused("this address is this machine: an owner can allow that") from None
        return scheme_of(url)

    async def send(self, url: str, title: str, body: str, *, is_local: bool) -> None:
        """Send one message.

        Raises:
            NotSent: nobody took it.
            AddressRefused: the hub does not go there.
            NotInstalled: Apprise is not there.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="notifications")
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await asyncio.get_running_loop().run_in_executor(self._threads, _send, url, title, body, is_local)
        except TimeoutError:
            raise NotSent(f"the service did not answer within {TIMEOUT_S:g} s") from None

    def close(self) -> None:
        """Let the threads go; what they do is not waited for."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


def scheme_of(url: str) -> str:
    """The part of an address that may be shown.

    Raises:
        Misuse: it has none.
    """
    found = _SCHEME.match(url)
    if found is None or len(url) > MAX_URL or not url.isprintable():
        raise Misuse(
            "this is no address of a service",
            advice="It looks like tgram://… or mailto://…; Apprise's documentation lists them.",
        )
    return found[1].lower()


def _plugin(url: str) -> NotifyBase:
    scheme = scheme_of(url)
    if scheme in _OWN:
        raise AddressRefused(f"{scheme}:// means this machine, and the hub is no desktop")
    try:
        import apprise  # noqa: PLC0415 - an extra; and a tenth of a second that most starts do not need
    except ImportError:
        raise NotInstalled("what sends notifications is not installed") from None
    _hush()
    asset = apprise.AppriseAsset(
        app_id="Latchwork", app_desc="Latchwork", async_mode=False, http_redirects=False, storage_mode="memory"
    )
    with _Heard():
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None or not plugin.enabled:
        raise Misuse(
            f"this is no address that Apprise understands for {scheme}://",
            advice="Compare it with Apprise's documentation; some services need another library beside it.",
        )
    # An answer that sends us elsewhere could send us inside.
    plugin.redirects = False
    return plugin


def _host(plugin: NotifyBase) -> str:
    """The host that an address names, where it is one: other services keep keys in its place."""
    templates: Iterable[str] = plugin.templates
    if not any("{host}" in template for template in templates):
        return ""
    return str(getattr(plugin, "host", None) or "")


def _send(url: str, title: str, body: str, is_local: bool) -> None:
    plugin = _plugin(url)
    host = _host(plugin)
    if host:
        try:
            found = getaddrinfo(host.strip("[]"), None, type=SOCK_STREAM)
        except (gaierror, UnicodeError):
            found = []
        for *_, sockaddr in found:
            check_address(str(sockaddr[0]), is_local=is_local)
    with _Heard() as heard:
        is_sent = plugin.notify(title=title, body=body, notify_type="info")
    if not is_sent:
        raise NotSent(heard.why())


class _Heard:
    """What Apprise says in this thread while this is open; of it, only a status number is kept."""

    __slots__ = ("_is_connection", "_status")

    def __init__(self) -> None:
        self._status = ""
        self._is_connection = False

    def __enter__(self) -> Self:
        _thread.heard = self
        return self

    def __exit__(self, *_: object) -> None:
        del _thread.heard

    def hear(self, text: str) -> None:
        """Look for a status."""
        found = _STATUS.search(text)
        self._status = found[1] if found is not None else self._status
        self._is_connection = self._is_connection or "onnection error" in text

    def why(self) -> str:
        """Why nothing was sent, in words that hold nothing of the address."""
        if self._status in {"401", "403"}:
            return f"the service does not know these keys (it answered {self._status})"
        if self._status:
            return f"the service did not take it (it answered {self._status})"
        if self._is_connection:
            return "the service cannot be reached"
        return "the service did not take it"


_thread: Final = threading.local()


def _swallow(record: logging.LogRecord) -> bool:
    """Lets nothing of Apprise into a log: it quotes addresses and messages."""
    heard = getattr(_thread, "heard", None)
    if isinstance(heard, _Heard):
        heard.hear(record.getMessage())
    return False


def _hush() -> None:
    """Keep what Apprise and its HTTP library log from everybody's logs."""
    to = logging.getLogger("apprise")
    to.setLevel(logging.WARNING)
    if _swallow not in to.filters:
        to.addFilter(_swallow)
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def close(sender: Any) -> None:
    """Close a sender that can be closed."""
    end = getattr(sender, "close", None)
    if end is not None:
        end()
