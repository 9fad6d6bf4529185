"""Sending one webhook over HTTP, and only to where it may go.

Layer web; asyncio. The address that was looked at is the one that is dialled: a name that answers differently the second time gains
nothing. Redirects are not followed, and of the answer only the status counts.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import SOCK_STREAM
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from latchwork.hub.addresses import AddressRefused, check_address

TIMEOUT_S: Final = 10.0
_MAX_URL: Final = 2000
_MAX_HEAD: Final = 16 * 1024


class NotDelivered(Exception):
    """No answer, or none in HTTP; the text is for people."""


class Poster(Protocol):
    """Sends a webhook's message."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, is_local: bool) -> int:
        """The status of the answer.

        Raises:
            NotDelivered: there was none.
            AddressRefused: it must not go there.
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


def check_url(url: str, *, is_local: bool) -> None:
    """Refuses what no webhook can have, as far as the text shows it.

    Raises:
        AddressRefused: with the reason.
    """
    target = _parse(url)
    if not target.is_tls and not is_local:
        raise AddressRefused("a webhook outside the home's network has an address that begins with https://")
    with suppress(ValueError):  # a name: the number is looked at when it is dialled
        check_address(target.host, is_local=is_local)


class HttpPoster:
    """Sends over this machine's network.

    Args:
        context: for TLS; None trusts what this machine trusts.
        timeout_s: for all of it.
    """

    __slots__ = ("_context", "_timeout_s")

    def __init__(self, context: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._context = context
        self._timeout_s = timeout_s

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, is_local: bool) -> int:
        """The status of the answer.

        Raises:
            NotDelivered: there was none.
            AddressRefused: it must not go there.
        """
        check_url(url, is_local=is_local)
        target = _parse(url)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(target, headers, body, is_local=is_local)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self._timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise NotDelivered(f"no secure connection: {error.reason or type(error).__name__}") from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise NotDelivered(f"no connection: {type(error).__name__}") from error

    async def _exchange(self, target: _Target, headers: Mapping[str, str], body: bytes, *, is_local: bool) -> int:
        address = await _address_of(target, is_local=is_local)
        tls = (self._context or ssl.create_default_context()) if target.is_tls else None
        reader, writer = await asyncio.open_connection(
            address, target.port, ssl=tls, server_hostname=target.host if tls else None, limit=_MAX_HEAD
        )
        try:
            host = f"[{target.host}]" if ":" in target.host else target.host
            lines = [
                f"POST {target.path} HTTP/1.1",
                f"host: {host}:{target.port}",
                "connection: close",
                f"content-length: {len(body)}",
                *(f"{name}: {value}" for name, value in headers.items()),
            ]
            writer.write("\r\n".join([*lines, "", ""]).encode("ascii") + body)
            await writer.drain()
            return _status(await reader.readuntil(b"\r\n"))
        finally:
            writer.close()


def _parse(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("this is no address of a webhook") from None
    if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("an address has at most 2000 characters, all of them ASCII and none a space")
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.fragment:
        raise AddressRefused("an address is http:// or https:// with a host, without a user and without a fragment")
    is_tls = parts.scheme == "https"
    return _Target(parts, host, port or (443 if is_tls else 80), is_tls)


async def _address_of(target: _Target, *, is_local: bool) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=SOCK_STREAM)
    # All of them: a name with one good and one forbidden address is somebody's trick.
    for _, _, _, _, sockaddr in found:
        check_address(str(sockaddr[0]), is_local=is_local)
    if not found:
        raise NotDelivered("this host has no address")
    return str(found[0][4][0])


def _status(line: bytes) -> int:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit() or len(parts[1]) != 3:
        raise NotDelivered("the answer was not HTTP")
    return int(parts[1])
