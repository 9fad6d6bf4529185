"""Fetching a calendar over HTTP: only from where it may come, within bounds of time, length and turns.

Layer hub; asyncio. The address that was looked at is the one that is dialled, at every turn that a server sends us on. What went wrong
is told in plain words and never with the address: it is what opens the calendar.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from dataclasses import dataclass
from socket import SOCK_STREAM, gaierror
from typing import Final, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

import h11

from latchwork.base.errors import Unreachable
from latchwork.hub.addresses import AddressRefused, check_address, is_inside
from latchwork.hub.calendars.feeds import MAX_OCTETS

TIMEOUT_S: Final = 30.0
"""For all of it."""
MAX_TURNS: Final = 5
MAX_URL: Final = 2000
_MAX_HEAD: Final = 32 * 1024
_MAX_TAG: Final = 500
_TURNS: Final = frozenset({301, 302, 303, 307, 308})
_WORDS: Final = {
    401: "the calendar's server wants a password: make a new secret address there",
    403: "the calendar's server does not allow it: the address may have been withdrawn",
    404: "the calendar's server does not know this address: it may have been withdrawn",
    410: "the calendar's server says that this address is gone for good",
    429: "the calendar's server says that it is asked too often",
}


class NotFetched(Unreachable):
    """The calendar did not come; the text is for people and names no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A server's answer.

    Attributes:
        octets: the calendar; None is the one that was fetched before.
        etag, last_modified: to be shown to the server the next time, or empty.
    """

    octets: bytes | None
    etag: str = ""
    last_modified: str = ""


class Fetcher(Protocol):
    """Fetches calendars."""

    async def fetch(self, url: str, *, etag: str, last_modified: str, is_local: bool) -> Fetched:
        """The calendar at an address.

        Raises:
            NotFetched: it did not come.
            AddressRefused: the hub does not go there.
        """


@dataclass(frozen=True, slots=True)
class _Target:
    parts: SplitResult
    host: str
    port: int
    is_tls: bool

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


def checked_url(url: str, *, is_local: bool) -> str:
    """The address as it is kept: `webcal://` is `https://`.

    Raises:
        AddressRefused: no calendar can be there, as far as the text shows it.
    """
    url = url.strip()
    scheme, mark, rest = url.partition("://")
    if mark and scheme.lower() in {"webcal", "webcals"}:
        url = f"https://{rest}"
    target = _parse(url)
    _check_scheme(target, is_local=is_local)
    try:
        address = check_address(target.host, is_local=is_local)
    except ValueError:
        return url
    _check_plain(target, is_private=is_inside(address))
    return url


def host_of(url: str) -> str:
    """The part of an address that may be shown."""
    return _parse(url).host


class HttpFetcher:
    """Fetches over this machine's network.

    Args:
        context: for TLS; None trusts what this machine trusts.
        timeout_s: for all of it.
    """

    __slots__ = ("_context", "_timeout_s")

    def __init__(self, context: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._context = context
        self._timeout_s = timeout_s

    async def fetch(self, url: str, *, etag: str, last_modified: str, is_local: bool) -> Fetched:
        """The calendar at an address.

        Raises:
            NotFetched: it did not come.
            AddressRefused: the hub does not go there.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(url, etag, last_modified, is_local=is_local)
        except TimeoutError:
            raise NotFetched(f"the calendar's server did not answer within {self._timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise NotFetched(f"no secure connection to the calendar's server: {error.reason or 'TLS'}") from None
        except gaierror:
            raise NotFetched("the name of the calendar's server is not known, or there is no internet") from None
        except h11.ProtocolError:
            raise NotFetched("the answer of the calendar's server was not HTTP") from None
        except OSError as error:
            raise NotFetched(f"no connection to the calendar's server: {type(error).__name__}") from None

    async def _follow(self, url: str, etag: str, last_modified: str, *, is_local: bool) -> Fetched:
        conditions = [("if-none-match", etag)] if etag else []
        conditions += [("if-modified-since", last_modified)] if last_modified else []
        for _ in range(MAX_TURNS + 1):
            target = _parse(url)
            _check_scheme(target, is_local=is_local)
            status, headers, octets = await self._exchange(target, conditions, is_local=is_local)
            if status in _TURNS and "location" in headers:
                url = urljoin(url, headers["location"])
                continue
            if status == 304 and conditions:
                return Fetched(octets=None, etag=etag, last_modified=last_modified)
            if status != 200:
                raise NotFetched(_WORDS.get(status, f"the calendar's server answered {status}"))
            return Fetched(
                octets=_unpacked(octets, headers.get("content-encoding", "")),
                etag=_tag(headers.get("etag", "")),
                last_modified=_tag(headers.get("last-modified", "")),
            )
        raise NotFetched("the calendar's server sent us on too many times")

    async def _exchange(
        self, target: _Target, conditions: list[tuple[str, str]], *, is_local: bool
    ) -> tuple[int, dict[str, str], bytes]:
        address = await _address_of(target, is_local=is_local)
        if target.is_tls and self._context is None:
            self._context = ssl.create_default_context()
        tls = self._context if target.is_tls else None
        reader, writer = await asyncio.open_connection(
            address, target.port, ssl=tls, server_hostname=target.host if tls else None
        )
        try:
            http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
            headers = [
                ("host", target.authority),
                ("user-agent", "Latchwork"),
                ("accept", "text/calendar, */*;q=0.1"),
                ("accept-encoding", "identity"),
                ("connection", "close"),
                *conditions,
            ]
            request = h11.Request(method="GET", target=target.path, headers=headers)
            writer.write((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
            await writer.drain()
            return await _answer(http, reader)
        finally:
            writer.close()


async def _answer(http: h11.Connection, reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    status, headers, body = 0, {}, bytearray()
    while True:
        event = http.next_event()
        match event:
            case h11.NEED_DATA:
                http.receive_data(await reader.read(64 * 1024))
            case h11.Response():
                status = event.status_code
                headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
                if status != 200:
                    return status, headers, b""
            case h11.Data():
                body += event.data
                if len(body) > MAX_OCTETS:
                    raise NotFetched("the calendar is longer than 2 MiB")
            case h11.EndOfMessage():
                return status, headers, bytes(body)
            case h11.ConnectionClosed():
                raise NotFetched("the calendar's server hung up")


def _unpacked(octets: bytes, encoding: str) -> bytes:
    """The calendar, also from a server that packs what was asked for as it is."""
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return octets
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise NotFetched("the calendar came packed in a way that is not known")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(octets, MAX_OCTETS + 1)
    except zlib.error:
        raise NotFetched("the calendar came packed, and damaged") from None
    if len(plain) > MAX_OCTETS:
        raise NotFetched("the calendar is longer than 2 MiB")
    if not unpacker.eof:
        raise NotFetched("the calendar came packed, and cut off")
    return plain


def _tag(value: str) -> str:
    return value if len(value) <= _MAX_TAG and value.isascii() and value.isprintable() else ""


def _parse(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("this is no address of a calendar") from None
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("an address has at most 2000 characters, all of them ASCII and none a space")
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise AddressRefused("a calendar's address begins with https:// or webcal://, and has no user in it")
    is_tls = parts.scheme == "https"
    return _Target(parts, host, port or (443 if is_tls else 80), is_tls)


def _check_scheme(target: _Target, *, is_local: bool) -> None:
    if not target.is_tls and not is_local:
        raise AddressRefused("a calendar outside the home's network has an address that begins with https://")


def _check_plain(target: _Target, *, is_private: bool) -> None:
    """Whoever reads the calendar on its way knows who comes when: in the open only at home."""
    if not target.is_tls and not is_private:
        raise AddressRefused("a calendar outside the home's network has an address that begins with https://")


async def _address_of(target: _Target, *, is_local: bool) -> str:
    found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=SOCK_STREAM)
    # All of them: a name with one good and one forbidden address is somebody's trick.
    for _, _, _, _, sockaddr in found:
        address = check_address(str(sockaddr[0]), is_local=is_local)
        _check_plain(target, is_private=is_inside(address))
    if not found:
        raise NotFetched("the calendar's server has no address")
    return str(found[0][4][0])
