"""How a program gets a token: somebody logs in, has one made, and logs out again.

Layer web; knows HTTP and the API's words, nothing of the application. The password goes no further than this.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit

from latchwork.base.errors import Misuse
from latchwork.web.client import ApiProblem, Client

NEEDS_SECOND: Final = "second_factor_needed"
"""The password is right; the account has a second factor."""


class NewToken(TypedDict):
    """A token, with its text for the only time."""

    id: str
    name: str
    scopes: list[str]
    expires_at: str | None
    token: str


def log_in(
    url: str,
    name: str,
    password: str,
    *,
    token_name: str,
    scopes: list[str] | None = None,
    code: Callable[[], str] | None = None,
) -> NewToken:
    """A token for the account of this name.

    Args:
        url: of the hub.
        name: of the account.
        password: likewise.
        token_name: what the token is called in the account's list.
        scopes: what it may; None is all that the account may.
        code: asked when the account has a second factor.

    Raises:
        Misuse: the address is none.
        ApiProblem: the hub said no: name, password or code is wrong, a code is needed, or there were too many attempts.
        Unreachable: it does not answer.
    """
    with _Browser(url) as browser:
        body = {"name": name, "password": password}
        try:
            session = browser.call("POST", "/session", body)
        except ApiProblem as problem:
            if problem.code != NEEDS_SECOND or code is None:
                raise
            session = browser.call("POST", "/session", body | {"totp": code()})
        return browser.make_token(session, token_name, scopes)


def become_owner(link: str, name: str, password: str, *, token_name: str) -> NewToken:
    """Make the first owner's account by the link that the hub printed, and a token for it.

    Raises:
        Misuse: this is no such link.
        ApiProblem: it is not good any more, or the password is too weak.
        Unreachable: the hub does not answer.
    """
    url, token = split_link(link)
    with _Browser(url) as browser:
        session = browser.call("POST", "/setup", {"token": token, "name": name, "password": password})
        return browser.make_token(session, token_name, None)


def split_link(link: str) -> tuple[str, str]:
    """The hub's address and the token of the owner's link.

    Raises:
        Misuse: this is none.
    """
    parts = urlsplit(link)
    path = parts.path.removesuffix("/setup")
    if path == parts.path or not parts.fragment:
        raise Misuse("this is not the link that the hub printed", advice="It looks like http://127.0.0.1:8126/setup#…")
    return f"{parts.scheme}://{parts.netloc}{path}", parts.fragment


class _Browser(Client):
    """A client with a session's cookie instead of a token."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "")
        self._cookies: SimpleCookie = SimpleCookie()
        self._csrf = ""

    def make_token(self, session: dict[str, Any], name: str, scopes: list[str] | None) -> NewToken:
        self._csrf = session["csrf_token"]
        wanted = session["scopes"] if scopes is None else scopes
        made = self.call("POST", "/tokens", {"name": name, "scopes": wanted})
        self.call("DELETE", "/session")
        return NewToken(
            id=made["id"],
            name=made["name"],
            scopes=made["scopes"],
            expires_at=made["expires_at"],
            token=made["token"],
        )

    def _heard(self, response: http.client.HTTPResponse) -> None:
        for value in response.headers.get_all("set-cookie", []):
            self._cookies.load(value)

    def _headers(self) -> dict[str, str]:
        headers = {name: value for name, value in super()._headers().items() if name != "authorization"}
        if self._cookies:
            headers["cookie"] = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        if self._csrf:
            headers["x-csrf-token"] = self._csrf
        return headers
