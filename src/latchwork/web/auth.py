"""Finding out who asks: bearer tokens (RFC 6750), session cookies with their CSRF token, and log-in itself.

Layer web. A bearer token needs no CSRF token, for no browser sends it by itself; where both are sent, the bearer token counts alone.
"""

from __future__ import annotations

import hmac
import sqlite3
from dataclasses import replace
from logging import WARNING
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from latchwork.base.logs import log, logger
from latchwork.hub.desk import Desk
from latchwork.hub.journal_entries import Entry, Kind
from latchwork.hub.repository_rows import NotFound
from latchwork.store.database import Database
from latchwork.web import accounts, keys
from latchwork.web.accounts import Account
from latchwork.web.limits import LogInLimits
from latchwork.web.passwords import Passwords
from latchwork.web.principals import Principal, of_session, of_token
from latchwork.web.problems import Problem, forbidden
from latchwork.web.roles import Role
from latchwork.web.settings import WebSettings

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTED_EVERY_S: Final = 60.0
"""Seconds between two notes of when a session or token was used: a write for each request would wear the storage out."""
_LOG = logger(__name__)


class Auth:
    """Knows sessions, tokens and passwords.

    Args:
        desk: the database, the clock, and the way to write things down.
        settings: how long they last.
        passwords: checks them.
    """

    __slots__ = ("_clock", "_database", "_desk", "_limits", "_settings", "passwords")

    def __init__(self, desk: Desk, settings: WebSettings, passwords: Passwords) -> None:
        self._desk = desk
        self._database: Database = desk.repository.database
        self._clock = desk.clock
        self._settings = settings
        self._limits = LogInLimits()
        self.passwords = passwords

    @property
    def cookie(self) -> str:
        """The session cookie's name; with the prefix, browsers take it only from this very host and over HTTPS (RFC 6265bis 4.1.3)."""
        return "__Host-latchwork" if self._settings.is_secure else "latchwork"

    def address(self, connection: HTTPConnection) -> str:
        """Where the request comes from; what a proxy says of it counts only when the proxy is trusted."""
        peer = connection.client.host if connection.client else ""
        if peer in self._settings.trusted_proxies:
            said = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            return said or peer
        return peer

    async def principal(self, connection: HTTPConnection, method: str) -> Principal:
        """Who asks.

        Raises:
            Problem: 401 when nobody that is known, 403 when a browser did not send its CSRF token.
        """
        scheme, _, text = connection.headers.get("authorization", "").partition(" ")
        if scheme:
            if scheme.lower() != "bearer" or not text.strip():
                raise _unknown("Send Authorization: Bearer with a token.")
            return await self._of_token(text.strip())
        text = connection.cookies.get(self.cookie, "")
        if not text:
            raise _unknown("Log in, or send a token.")
        principal = await self._of_session(text)
        if method not in SAFE_METHODS:
            self.check_origin(connection)
            sent = connection.headers.get("x-csrf-token", "")
            if not hmac.compare_digest(sent.encode("utf-8", "replace"), principal.csrf.encode()):
                raise Problem(
                    403,
                    "csrf_token_missing",
                    "This change was not asked for by a page of the hub",
                    "Send the csrf_token of GET /api/v1/session as X-CSRF-Token.",
                )
        return principal

    def check_origin(self, connection: HTTPConnection) -> None:
        """Refuses what another site's page makes a browser send.

        Raises:
            Problem: 403.
        """
        origin = connection.headers.get("origin")
        host = connection.headers.get("host", "")
        if connection.client and connection.client.host in self._settings.trusted_proxies:
            host = connection.headers.get("x-forwarded-host", host)
        is_foreign = connection.headers.get("sec-fetch-site") == "cross-site" or (
            origin is not None and _host_of(origin) != host.lower()
        )
        if is_foreign:
            raise forbidden("A page of another site asked for it.")

    async def log_in(self, connection: HTTPConnection, name: str, password: str) -> tuple[Principal, str]:
        """Check a password and begin a session; the one that the browser had ends. Returns who, and the session's text.

        Raises:
            Problem: 401 when the name or the password is wrong (which, is not said), 429 after too many attempts.
        """
        now, address = self._clock.monotonic(), self.address(connection)
        folded = name.casefold()
        self._limits.check(folded, address, now)
        account = self._database.read(lambda connection: accounts.account_named(connection, name))
        usable = account is not None and self._may_log_in(account)
        if (
            not await self.passwords.verify(account.password if account and usable else None, password)
            or account is None
        ):
            log(_LOG, WARNING, "log_in_refused", address=address)
            raise Problem(401, "log_in_refused", "Name or password is wrong", "Look at both, and at the caps lock key.")
        self._limits.was_right(folded, address)
        return await self.begin_session(connection, account, did="logged_in")

    async def begin_session(self, connection: HTTPConnection, account: Account, *, did: str) -> tuple[Principal, str]:
        """A new session for an account that has shown who it is."""
        now, text = self._clock.utc(), keys.new_text(self._desk.entropy)
        session = keys.Session(
            digest=keys.digest_of(text),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            confirmed_at=now,
            expires_at=now + self._settings.session_s,
            agent=connection.headers.get("user-agent", "")[:200],
        )
        # Whatever the browser brought is not used again: somebody else may have planted it.
        before = keys.digest_of(connection.cookies.get(self.cookie, ""))
        entry = Entry(
            at=now, kind=Kind.AUDIT, actor=f"account:{account.id}", detail={"did": did, "session": session.id}
        )

        def write(to: sqlite3.Connection) -> None:
            keys.end_session(to, before)
            keys.put_session(to, session)

        await self._desk.write(write, lambda _: [entry])
        return of_session(account, session, keys.csrf_of(text)), text

    async def confirm(self, connection: HTTPConnection, principal: Principal, password: str) -> None:
        """The password was typed once more.

        Raises:
            Problem: 401 when it is wrong, 422 for a token, 429 after too many attempts.
        """
        session = principal.session
        if session is None:
            raise Problem(422, "not_possible", "This cannot be done", "A token has no password.")
        now, address = self._clock.monotonic(), self.address(connection)
        self._limits.check(principal.account.name.casefold(), address, now)
        if not await self.passwords.verify(principal.account.password, password):
            raise Problem(401, "log_in_refused", "The password is wrong", "Look at the caps lock key.")
        self._limits.was_right(principal.account.name.casefold(), address)
        confirmed = replace(session, confirmed_at=self._clock.utc())
        await self._database.write(lambda to: keys.put_session(to, confirmed))

    def set_cookie(self, response: Response, text: str) -> None:
        """Give a browser its session."""
        response.set_cookie(
            self.cookie,
            text,
            max_age=int(self._settings.session_s),
            path="/",
            secure=self._settings.is_secure,
            httponly=True,
            samesite="lax",
        )

    def clear_cookie(self, response: Response) -> None:
        """Take a browser's session back."""
        response.delete_cookie(self.cookie, path="/", secure=self._settings.is_secure, httponly=True, samesite="lax")

    async def _of_token(self, text: str) -> Principal:
        digest, now = keys.digest_of(text), self._clock.utc()
        token = self._database.read(lambda connection: keys.get_token(connection, digest))
        if token is None or (token.expires_at is not None and token.expires_at <= now):
            raise _unknown("This token is unknown or has expired.")
        account = self._account(token.account_id)
        if token.used_at is None or now - token.used_at >= _NOTED_EVERY_S:
            await self._database.write(lambda connection: keys.use_token(connection, token.id, now))
        return of_token(account, token)

    async def _of_session(self, text: str) -> Principal:
        digest, now = keys.digest_of(text), self._clock.utc()
        session = self._database.read(lambda connection: keys.get_session(connection, digest))
        if session is None or session.expires_at <= now or now - session.seen_at >= self._settings.session_idle_s:
            raise _unknown("This session has ended. Log in again.")
        account = self._account(session.account_id)
        if now - session.seen_at >= _NOTED_EVERY_S:
            session = replace(session, seen_at=now)
            await self._database.write(lambda connection: keys.put_session(connection, session))
        return of_session(account, session, keys.csrf_of(text))

    def _account(self, account_id: str) -> Account:
        try:
            account = self._database.read(lambda connection: accounts.get_account(connection, account_id))
        except NotFound:
            raise _unknown("This account is gone.") from None
        if not self._may_log_in(account):
            raise _unknown("This account may not log in.")
        return account

    def _may_log_in(self, account: Account) -> bool:
        """Who moved out keeps no way in through an account; an owner or manager is more than somebody who lives there."""
        if account.person_id is None or account.role not in {Role.RESIDENT, Role.GUEST}:
            return account.is_enabled
        return account.is_enabled and self._desk.repository.person(account.person_id).left_at is None


def _unknown(detail: str) -> Problem:
    return Problem(
        401,
        "not_authenticated",
        "Who asks is not known",
        detail,
        headers={"www-authenticate": 'Bearer realm="latchwork"'},
    )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
