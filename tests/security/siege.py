"""A hub under siege: its face, people of every kind before it who are signed in without a password's cost, and how a page is taken apart."""

import base64
import hashlib
import re
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from urllib.parse import urlencode

from argon2 import PasswordHasher
from tests.support.world import dice
from tests.web.browser import Browser

from latchwork.web import keys
from latchwork.web.accounts import Account, put_account
from latchwork.web.app import create_app
from latchwork.web.pages import places
from latchwork.web.roles import SCOPES, Role
from latchwork.web.settings import WebSettings

HTML = {"accept": "text/html,application/xhtml+xml"}
FORM = "application/x-www-form-urlencoded"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Face:
    """The web side of some house."""

    def __init__(self, app, clock):
        self.app = app
        self.clock = clock
        self.context = app.state.context
        self._count = 0

    async def account(self, role, person_id=None, **rest):
        """An account that nobody can use by a password."""
        self._count += 1
        account = Account(
            id=f"account_{self._count}",
            name=f"{role} {self._count}",
            role=Role(role),
            person_id=person_id,
            created_at=self.clock.utc(),
            **rest,
        )
        await self.context.database.write(lambda to: put_account(to, account))
        return account

    async def someone(self, role, person_id=None, **rest):
        """A browser that is signed in."""
        account = await self.account(role, person_id)
        return await self.session_of(account, **rest)

    async def session_of(self, account, **rest):
        """A browser that is signed in to this account."""
        self._count += 1
        now, text = self.clock.utc(), keys.new_text(dice((account.id, self._count)))
        session = keys.Session(
            digest=keys.digest_of(text),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            confirmed_at=now,
            expires_at=now + 30 * 86_400,
        )
        await self.context.database.write(lambda to: keys.put_session(to, session))
        browser = Browser(self.app, **rest)
        browser.cookies[self.context.auth.cookie] = text
        browser.csrf = keys.csrf_of(text)
        browser.account = account
        return browser

    async def program(self, account, scopes=None):
        """A program with a token of this account."""
        self._count += 1
        text = keys.TOKEN_PREFIX + keys.new_text(dice(("token", self._count)))
        token = keys.Token(
            id=f"token_{self._count}",
            digest=keys.digest_of(text),
            account_id=account.id,
            name="a program",
            scopes=frozenset(SCOPES[account.role] if scopes is None else scopes),
            created_at=self.clock.utc(),
        )
        await self.context.database.write(lambda to: keys.put_token(to, token))
        return Browser(self.app, token=text)

    def stranger(self, **rest):
        return Browser(self.app, **rest)


@asynccontextmanager
async def face_of(house, clock, **settings):
    """The face of a house, in this very loop; nothing runs beside it."""
    app = create_app(
        house,
        clock=clock,
        entropy=dice("the face"),
        settings=WebSettings(**({"requests_per_minute": 100_000, "operations_per_minute": 100_000} | settings)),
        hasher=CHEAP,
    )
    face = Face(app, clock)
    try:
        yield face
    finally:
        await app.state.context.close()


async def look(browser, path, **rest):
    """A page as a browser asks for it."""
    return await browser.get(path, **(HTML | rest))


async def send(browser, path, /, referer="/", csrf=True, origin="http://hub.test", **fields):
    """A form as a page of ours sends it."""
    if csrf and browser.csrf:
        fields.setdefault("csrf_token", browser.csrf)
    return await browser.ask(
        "POST",
        path,
        body=urlencode(fields, doseq=True).encode(),
        content_type=FORM,
        origin=origin,
        referer=f"http://hub.test{referer}",
        x_csrf_token=None,
        **HTML,
    )


def page_routes():
    """Every page with its method."""
    return [
        (method, route.path, route.endpoint)
        for router in (*places.ROUTERS, *places.VIRTUAL)
        for route in router.routes
        for method in sorted(route.methods)
    ]


def filled(path, **known):
    """An address of this route: of things that are there, where they are known."""
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", str(value))
    path = path.replace("{index}", "7").replace("{name:path}", "app.css")
    return re.sub(r"\{(\w+)[^}]*\}", r"no_\1", path)


class _Taker(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.shape = []
        self.texts = []

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.shape.append(("comment", ()))

    def handle_decl(self, decl):
        self.shape.append(("declaration", ()))


def shape_of(page):
    """The elements of a page with the names of their attributes, in order; and its text."""
    taker = _Taker()
    taker.feed(page)
    taker.close()
    return taker.shape, "".join(taker.texts)


def disguises(secret):
    """How a secret may look where somebody has not hidden it: as it is, in usual codings, and as plain digests."""
    octets = secret if isinstance(secret, bytes) else secret.encode()
    found = {octets, octets[::-1]}
    if octets.isdigit():
        text = octets.decode()
        even = text + "F" * (len(text) % 2)
        found.add(bytes.fromhex(even))  # BCD
        found.add(bytes.fromhex("".join(b + a for a, b in zip(even[::2], even[1::2], strict=True))))  # swapped nibbles
        for size in (4, 8):
            if int(text) < 1 << (8 * size):
                found |= {int(text).to_bytes(size, order) for order in ("big", "little")}
        found |= {",".join(text).encode(), ", ".join(text).encode(), " ".join(text).encode(), "-".join(text).encode()}
        found.add(", ".join(str(each) for each in octets).encode())  # a list of octets
    plain = set(found)
    for each in plain:
        found |= {each.hex().encode(), each.hex().upper().encode()}
    for shift in range(3):
        # Inside a longer base64 text it looks different at each of three offsets.
        whole = slice(-(-8 * shift // 6), 8 * (shift + len(octets)) // 6)
        inner = base64.b64encode(b"\0" * shift + octets)[whole]
        if len(inner) >= 8:
            found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    found.add(base64.b64encode(octets).rstrip(b"="))
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(name, octets).digest()
        found |= {digest, digest.hex().encode(), base64.b64encode(digest).rstrip(b"=")}
    # What is too short is found anywhere.
    return {each for each in found if len(each) >= 5}
