"""What shows who asks: sessions of browsers and tokens of programs, kept only as hashes.

Layer web. A session's or token's text has 256 random bits, so that a plain SHA-256 hides it as well as any slow hash would: whoever
has the database learns none of them.
"""

from __future__ import annotations

import base64
import hmac
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, decode_texts, row, rows, select
from latchwork.web.roles import Scope

TOKEN_PREFIX: Final = "latchwork_"  # noqa: S105 - what tokens begin with, so that leaked ones are found
MAX_TOKENS: Final = 100
"""Tokens of one account."""
MAX_SESSIONS: Final = 50
"""Sessions of one account; the one that was used least lately ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is logged in.

    Attributes:
        digest: SHA-256 of its text.
        account_id: who.
        created_at, seen_at, confirmed_at, expires_at: UTC seconds since 1970; `confirmed_at` is when the password was last typed.
        agent: what the browser calls itself.
    """

    digest: bytes
    account_id: str
    created_at: float
    seen_at: float
    confirmed_at: float
    expires_at: float
    agent: str = ""

    @property
    def id(self) -> str:
        """Names it to people; nobody can use it with that."""
        return f"session_{self.digest.hex()[:20]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program that may ask.

    Attributes:
        id: opaque.
        digest: SHA-256 of its text.
        account_id: whose.
        name: what it is for.
        scopes: what it may do, as far as its account may.
        created_at, expires_at, used_at: UTC seconds since 1970, or None.
    """

    id: str
    digest: bytes
    account_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None = None
    used_at: float | None = None


_SESSION: Final = ("digest", "account_id", "created_at", "seen_at", "confirmed_at", "expires_at", "agent")
_GET_SESSION: Final = select("session", _SESSION, "WHERE digest = ?")
_SESSIONS: Final = select("session", _SESSION, "WHERE account_id = ? ORDER BY seen_at DESC")
_TOKEN: Final = ("id", "digest", "account_id", "name", "scopes_json", "created_at", "expires_at", "used_at")
_GET_TOKEN: Final = select("token", _TOKEN, "WHERE digest = ?")
_TOKENS: Final = select("token", _TOKEN, "ORDER BY created_at, id")


def new_text(entropy: Callable[[int], bytes]) -> str:
    """256 random bits as text."""
    return base64.urlsafe_b64encode(entropy(32)).decode().rstrip("=")


def digest_of(text: str) -> bytes:
    """What is kept of a session's or token's text."""
    return sha256(text.encode("utf-8", "replace")).digest()


def csrf_of(session_text: str) -> str:
    """What a page of this session sends along with each change: another site cannot know it."""
    tag = hmac.digest(session_text.encode("utf-8", "replace"), b"latchwork csrf", "sha256")
    return base64.urlsafe_b64encode(tag).decode().rstrip("=")


def get_session(connection: sqlite3.Connection, digest: bytes) -> Session | None:
    """The session, also one that has expired."""
    return row(connection, _GET_SESSION, (digest,), lambda found: Session(**dict(zip(_SESSION, found, strict=True))))


def list_sessions(connection: sqlite3.Connection, account_id: str) -> list[Session]:
    """An account's sessions, the one used last first."""
    return rows(connection, _SESSIONS, (account_id,), lambda found: Session(**dict(zip(_SESSION, found, strict=True))))


def put_session(connection: sqlite3.Connection, session: Session) -> None:
    """Keep a new session or a changed one, and no more than `MAX_SESSIONS` of the account."""
    connection.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO UPDATE"
        " SET seen_at = excluded.seen_at, confirmed_at = excluded.confirmed_at",
        (
            *(session.digest, session.account_id, session.created_at, session.seen_at, session.confirmed_at),
            *(session.expires_at, session.agent),
        ),
    )
    connection.execute(
        "DELETE FROM session WHERE account_id = ?1 AND digest NOT IN"
        " (SELECT digest FROM session WHERE account_id = ?1 ORDER BY seen_at DESC, created_at DESC LIMIT ?2)",
        (session.account_id, MAX_SESSIONS),
    )


def end_session(connection: sqlite3.Connection, digest: bytes) -> None:
    """Nobody can use this session any more."""
    connection.execute("DELETE FROM session WHERE digest = ?", (digest,))


def end_sessions(connection: sqlite3.Connection, account_id: str, *, but: bytes = b"") -> int:
    """End an account's sessions, all or all but one; says how many."""
    return connection.execute("DELETE FROM session WHERE account_id = ? AND digest != ?", (account_id, but)).rowcount


def get_token(connection: sqlite3.Connection, digest: bytes) -> Token | None:
    """The token, also one that has expired."""
    return row(connection, _GET_TOKEN, (digest,), _token)


def list_tokens(connection: sqlite3.Connection, account_id: str | None = None) -> list[Token]:
    """Tokens, oldest first: all, or those of an account."""
    found = rows(connection, _TOKENS, (), _token)
    return found if account_id is None else [token for token in found if token.account_id == account_id]


def put_token(connection: sqlite3.Connection, token: Token) -> None:
    """Keep a new token."""
    scopes = json.dumps(sorted(scope.value for scope in token.scopes))
    connection.execute(
        "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(token.id, token.digest, token.account_id, token.name, scopes),
            *(token.created_at, token.expires_at, token.used_at),
        ),
    )


def use_token(connection: sqlite3.Connection, token_id: str, at: float) -> None:
    """Somebody used it at `at`, UTC seconds since 1970."""
    connection.execute("UPDATE token SET used_at = ? WHERE id = ?", (at, token_id))


def remove_token(connection: sqlite3.Connection, token_id: str, account_id: str | None = None) -> Token:
    """Forget a token; returns what it was.

    Raises:
        NotFound: there is none, or it is not this account's.
    """
    for token in list_tokens(connection, account_id):
        if token.id == token_id:
            connection.execute("DELETE FROM token WHERE id = ?", (token_id,))
            return token
    raise NotFound("token", token_id)


def forget_expired(connection: sqlite3.Connection, now: float, idle_s: float) -> None:
    """Forget sessions that nobody can use any more, and tokens that expired a while ago."""
    connection.execute("DELETE FROM session WHERE expires_at <= ? OR seen_at <= ?", (now, now - idle_s))
    connection.execute("DELETE FROM token WHERE expires_at <= ?", (now - 30 * 86_400.0,))


def _token(found: Sequence[Any]) -> Token:
    known = {scope.value for scope in Scope}
    return Token(
        id=found[0],
        digest=found[1],
        account_id=found[2],
        name=found[3],
        # A scope that a later version had and this one has not is nothing that it could allow.
        scopes=frozenset(Scope(each) for each in decode_texts(found[4]) if each in known),
        created_at=found[5],
        expires_at=found[6],
        used_at=found[7],
    )
