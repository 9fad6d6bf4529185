"""Answers to requests that may come a second time: with the same Idempotency-Key, a request is done once and answered twice.

Layer web, on store. What was asked is kept as a keyed hash and what was answered is sealed, for either may hold a code.
"""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from latchwork.base.logs import Secret
from latchwork.store.database import Database
from latchwork.store.sealed import Seal
from latchwork.web.problems import Problem

MAX_KEY: Final = 255
MAX_KEPT: Final = 256 * 1024
"""Octets of an answer; a longer one is not kept, and the key can be used again."""
_HEADERS: Final = ("content-type", "etag", "location", "cache-control")
_CLEAN_EVERY: Final = 200


class Answers:
    """The answers that are kept.

    Args:
        database: where.
        key: 32 octets that are not in the database.
        entropy: octets nobody can guess.
        keep_s: seconds for which they are kept.
    """

    __slots__ = ("_count", "_database", "_keep_s", "_key", "_seal")

    def __init__(self, database: Database, key: bytes, entropy: Callable[[int], bytes], keep_s: float) -> None:
        self._database = database
        self._key = Secret(blake2b(b"request", key=key, digest_size=32).digest())
        self._seal = Seal(blake2b(b"answer", key=key, digest_size=32).digest(), entropy)
        self._keep_s = keep_s
        self._count = 0

    async def once(
        self,
        asker: str,
        key: str,
        request: tuple[str, str, bytes],
        now: float,
        perform: Callable[[], Awaitable[Response]],
    ) -> Response:
        """The answer of `perform`, or the one that it gave to the same request before.

        Args:
            asker: account or address.
            key: what the client calls this request.
            request: method, path with query, body.
            now: UTC seconds since 1970.
            perform: does it. An error or a refusal is not kept: the client may try again with the same key.

        Raises:
            Problem: 400 for a key that is none, 422 when it was used for another request, 409 while that one is at work.
        """
        if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
            raise Problem(
                400,
                "idempotency_key_unusable",
                "This Idempotency-Key cannot be used",
                f"It has 1 to {MAX_KEY} characters.",
            )
        tag = self._tag(request)
        kept = await self._database.write(lambda connection: self._claim(connection, asker, key, tag, now))
        if kept is not None:
            return self._again(asker, key, tag, *kept)
        try:
            response = await perform()
        except BaseException:
            await self._release(asker, key)
            raise
        body = None if isinstance(response, StreamingResponse) else bytes(response.body)
        if body is None or len(body) > MAX_KEPT or not 200 <= response.status_code < 300:
            await self._release(asker, key)
            return response
        sealed = self._seal.seal(f"{asker}\n{key}", _pack(response, body))
        await self._database.write(
            lambda connection: (
                connection.execute(
                    "UPDATE answered SET sealed = ? WHERE asker = ? AND key = ?", (sealed, asker, key)
                ).rowcount
            )
        )
        return response

    async def forget_unfinished(self) -> None:
        """What was at work when the hub ended will not be answered any more."""
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM answered WHERE sealed IS NULL").rowcount
        )

    def _claim(
        self, connection: sqlite3.Connection, asker: str, key: str, tag: bytes, now: float
    ) -> tuple[bytes, bytes | None] | None:
        self._count += 1
        if self._count % _CLEAN_EVERY == 1:
            connection.execute("DELETE FROM answered WHERE at <= ?", (now - self._keep_s,))
        found: tuple[bytes, bytes | None, float] | None = connection.execute(
            "SELECT request, sealed, at FROM answered WHERE asker = ? AND key = ?", (asker, key)
        ).fetchone()
        if found is not None and found[2] > now - self._keep_s:
            return found[0], found[1]
        connection.execute("INSERT OR REPLACE INTO answered VALUES (?, ?, ?, NULL, ?)", (asker, key, tag, now))
        return None

    def _again(self, asker: str, key: str, tag: bytes, kept_tag: bytes, sealed: bytes | None) -> Response:
        if not hmac.compare_digest(tag, kept_tag):
            raise Problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key belongs to another request",
                "Use a new key for each new request.",
            )
        if sealed is None:
            raise Problem(
                409,
                "idempotency_in_progress",
                "The first request with this key is still at work",
                "Ask again in a moment.",
                headers={"retry-after": "1"},
            )
        return _unpack(self._seal.open(f"{asker}\n{key}", sealed))

    async def _release(self, asker: str, key: str) -> None:
        await self._database.write(
            lambda connection: (
                connection.execute("DELETE FROM answered WHERE asker = ? AND key = ?", (asker, key)).rowcount
            )
        )

    def _tag(self, request: tuple[str, str, bytes]) -> bytes:
        method, path, body = request
        return hmac.digest(self._key, b"\n".join((method.encode(), path.encode("utf-8", "replace"), body)), "sha256")


def _pack(response: Response, body: bytes) -> bytes:
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    return json.dumps([response.status_code, headers, base64.b64encode(body).decode()]).encode()


def _unpack(packed: bytes) -> Response:
    status, headers, body = _load(packed)
    return Response(base64.b64decode(body), status, headers | {"idempotency-replayed": "true"})


def _load(packed: bytes) -> tuple[int, dict[str, str], str]:
    found: Any = json.loads(packed)
    return found[0], found[1], found[2]
