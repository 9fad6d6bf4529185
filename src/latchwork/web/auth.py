"""Finding out who asks: bearer tokens (RFC 6750), session cookies with their CSRF token, and log-in itself.

Layer web. A bearer token needs no CSRF token, for no browser sends it by itself; where both are sent, the bearer token counts alone.
"""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from latchwork.hub.books.rows import NotFound
from latchwork.hub.desk import Desk
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.store.database import Database
from latchwork.web import accounts, keys
from latchwork.web.accounts import Account
from latchwork.web.limits import LogInLimits
from latchwork.web.networks import address_in
from latchwork.web.passkeys import Passkeys, Place
from latchwork.web.passwords import Passwords
from latchwork.web.principals import Principal, of_session, of_token
from latchwork.web.problems import Problem, forbidden
from latchwork.web.refusals import Refusals
from latchwork.web.roles import Role
from latchwork.web.second_factor import SecondFactors
from latchwork.web.settings import WebSettings
from latchwork.web.steps import GOOD_FOR_S, Step, Steps

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOTED_EVERY_S: Final = 60.0
"""Seconds between two notes of when a session or token was used: a write for each request would wear the storage out."""
NEEDS_SECOND: Final = "second_factor_needed"


class Auth:
    """Knows sessions, tokens, passwords, second factors and passkeys.

    Attributes:
        passwords: checks them.
        factors: codes beside the password.
        passkeys: instead of it.
        steps: who is on the way.
        refusals: who was not let in.

    Args:
        desk: the database, the clock, and the way to write things down.
        settings: how long they last.
        passwords: checks them.
        key: 32 octets that are not in the database.
    """

    __slots__ = (
        *("_clock", "_database", "_desk", "_limits", "_settings", "factors", "passkeys", "passwords"),
        *("refusals", "steps"),
    )

    def __init__(self, desk: Desk, settings: WebSettings, passwords: Passwords, key: bytes) -> None:
        self._desk = desk
        self._database: Database = desk.repository.database
        self._clock = desk.clock
        self._settings = settings
        self._limits = LogInLimits()
        self.passwords = passwords
        self.factors = SecondFactors(desk, key, desk.entropy)
        self.passkeys = Passkeys(desk)
        self.steps = Steps(desk.clock, desk.entropy)
        self.refusals = Refusals(desk)

    @property
    def cookie(self) -> str:
        """The session cookie's name; with the prefix, browsers take it only from this very host and over HTTPS (RFC 6265bis 4.1.3)."""
        return "__Host-latchwork" if self._settings.is_secure else "latchwork"

    def address(self, connection: HTTPConnection) -> str:
        """Where the request comes from; what a proxy says of it counts only when the proxy is trusted."""
        peer = connection.client.host if connection.client else ""
        if peer in self._settings.trusted_proxies:
            # A proxy may add a line of its own below the one that was sent: the last word of the last line is its.
            lines = connection.headers.getlist("x-forwarded-for")
            said = address_in(lines[-1].rpartition(",")[2]) if lines else ""
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

    async def log_in(
        self, connection: HTTPConnection, name: str, password: str, code: str | None = None
    ) -> tuple[Principal, str]:
        """Check a password, and a code where the account has a second factor; begin a session, and end the one that the browser had.

        Returns who, and the session's text.

        Raises:
            Problem: 401 when the name or the password is wrong (which, is not said), or a code is needed or wrong; 429 after too many
                attempts.
        """
        account = await self.check_password(connection, name, password)
        if self.factors.of(account.id) is None:
            return await self.begin_session(connection, account, did="logged_in")
        if code is None:
            raise Problem(
                401,
                NEEDS_SECOND,
                "A code of your app is needed, too",
                "Send it as totp, or a recovery code in its place.",
            )
        by = await self.check_second(connection, account, code)
        return await self.begin_session(connection, account, did="logged_in", by=by)

    async def check_password(self, connection: HTTPConnection, name: str, password: str) -> Account:
        """The account with this name and password, which may log in.

        Raises:
            Problem: 401 when the name or the password is wrong, 429 after too many attempts.
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
            self.refusals.note(account, address, "password")
            raise Problem(401, "log_in_refused", "Name or password is wrong", "Look at both, and at the caps lock key.")
        self._limits.was_right(folded, address)
        return account

    async def check_second(self, connection: HTTPConnection, account: Account, code: str) -> str:
        """How a code of somebody whose password was right is right: `totp` or `recovery`.

        Raises:
            Problem: 401 when it is wrong or was used before, 429 after too many attempts.
        """
        now, address = self._clock.monotonic(), self.address(connection)
        self._limits.check_second(account.id, address, now)
        by = await self.factors.check(account.id, code)
        if not by:
            self.refusals.note(account, address, "second_factor")
            raise Problem(
                401,
                "second_factor_refused",
                "This code is not right",
                "Each is good once: wait for the next one that the app shows.",
            )
        self._limits.second_was_right(account.id, address)
        return by

    def on_the_way(self, step: Step | None) -> Account | None:
        """Whose step it is, as long as nothing about the account has changed since it began."""
        if step is None or not step.account_id:
            return None
        try:
            account = self._account(step.account_id)
        except Problem:
            return None
        return account if account.version == step.version else None

    async def use_passkey(
        self, connection: HTTPConnection, answer: Mapping[str, Any], step: Step | None, place: Place | None
    ) -> tuple[Principal, str]:
        """Begin a session for somebody who has a passkey: it is both factors at once.

        Args:
            connection: the browser's.
            answer: what its authenticator says.
            step: the challenge that it was asked with; None where there is none, or it is too old.
            place: where the browser sees the hub.

        Raises:
            Problem: 401 when it is not right, 429 after too many attempts.
        """
        now, address = self._clock.monotonic(), self.address(connection)
        self._limits.check_address(address, now)
        passkey = None if place is None else self.passkeys.called(answer, place)
        account = None
        if passkey is not None:
            found = self._database.read(lambda connection: accounts.get_account(connection, passkey.account_id))
            account = found if self._may_log_in(found) else None
        if (
            step is None
            or place is None
            or passkey is None
            or account is None
            or not await self.passkeys.use(passkey, answer, step.challenge, place)
        ):
            self.refusals.note(account, address, "passkey")
            raise Problem(401, "passkey_refused", "This passkey was not taken", "Try once more, or use the password.")
        self._limits.address_was_right(address)
        return await self.begin_session(connection, account, did="logged_in", by="passkey")

    async def begin_session(
        self, connection: HTTPConnection, account: Account, *, did: str, by: str = ""
    ) -> tuple[Principal, str]:
        """A new session for an account that has shown who it is, by which way beyond the password."""
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
        detail: dict[str, Detail] = {"did": did, "session": session.id}
        if by:
            detail["by"] = by
        entry = Entry(at=now, kind=Kind.AUDIT, actor=f"account:{account.id}", detail=detail)

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
            self.refusals.note(principal.account, address, "password")
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

    @property
    def step_cookie(self) -> str:
        """The name of the cookie of somebody who is on the way."""
        return f"{self.cookie}-step"

    def set_step(self, response: Response, step: Step) -> str:
        """Have a browser come back for the next step; no other site can send it there. Returns the text that it holds."""
        text = self.steps.begin(step)
        response.set_cookie(
            self.step_cookie,
            text,
            max_age=int(GOOD_FOR_S),
            path="/",
            secure=self._settings.is_secure,
            httponly=True,
            samesite="strict",
        )
        return text

    def clear_step(self, response: Response) -> None:
        """The way is at its end."""
        response.delete_cookie(
            self.step_cookie, path="/", secure=self._settings.is_secure, httponly=True, samesite="strict"
        )

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
