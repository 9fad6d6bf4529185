"""Everything that a request may need, made once for an application and found again in it.

Layer web.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, Any, TypeVar, cast

from argon2 import PasswordHasher
from fastapi import Depends, Request

from latchwork.base.clock import Clock
from latchwork.hub.journal.entries import Detail, Entry, Kind
from latchwork.store.database import Database
from latchwork.web.adding import Addings
from latchwork.web.answers import Answers
from latchwork.web.auth import Auth
from latchwork.web.authority import Root
from latchwork.web.house import House
from latchwork.web.jobs import Jobs
from latchwork.web.keys import forget_expired
from latchwork.web.limits import Limiter
from latchwork.web.measures import Measures
from latchwork.web.notices import Notices
from latchwork.web.owner_link import OwnerLink
from latchwork.web.passwords import Passwords
from latchwork.web.principals import Principal
from latchwork.web.qr_reading import PictureReader
from latchwork.web.settings import WebSettings
from latchwork.web.undoing import Undos
from latchwork.web.uploads import Uploads
from latchwork.web.virtual_doors import VirtualDoors
from latchwork.web.webhooks import Webhooks

_T = TypeVar("_T")


class Context:
    """The application's parts.

    Args:
        house: the hub.
        clock: tells the time.
        entropy: octets nobody can guess.
        settings: how the web side behaves.
        hasher: of passwords, with its costs; None takes those of RFC 9106.
    """

    def __init__(
        self,
        house: House,
        clock: Clock,
        entropy: Callable[[int], bytes],
        settings: WebSettings,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.house = house
        self.clock = clock
        self.entropy = entropy
        self.settings = settings
        self.virtual_doors: VirtualDoors | None = None
        self.database: Database = house.repository.database
        # A key of its own: what is sealed here opens nothing that the hub sealed.
        key = blake2b(b"web", key=self.database.sealing_key(entropy), digest_size=32).digest()
        self.auth = Auth(house.desk, settings, Passwords(hasher), key)
        self.answers = Answers(self.database, key, entropy, settings.idempotency_s)
        self.webhooks = Webhooks(self.database, house.journal, key, clock, entropy)
        self.owner_link = OwnerLink(clock, entropy)
        self.jobs = Jobs(house.bus.publish, clock.utc)
        self.measures = Measures(clock.monotonic())
        self.notices = Notices()
        self.undos = Undos(entropy, clock.monotonic)
        self.uploads = Uploads(clock, entropy)
        self.adding = Addings(house.desk.new_id, clock.monotonic)
        self.pictures = PictureReader()
        # Of the authority that vouches for this hub's HTTPS, where it is the hub's own.
        self.root: Root | None = None
        self.ending = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        # Live events are numbered anew by each process: this tells its numbers from another's.
        self.era = entropy(4).hex()
        self.limits = {
            "default": Limiter("default", settings.requests_per_minute, 60.0),
            "operate": Limiter("operate", settings.operations_per_minute, 60.0),
            "reveal": Limiter("reveal", settings.reveals_per_hour, 3600.0),
            "open": Limiter("open", 60, 60.0),
            "health": Limiter("health", 600, 60.0),
            "static": Limiter("static", 3000, 60.0),
            "sign_in": Limiter("sign_in", 60, 60.0),
            "guest": Limiter("guest", 30, 60.0),
        }

    async def change(
        self,
        principal: Principal,
        did: str,
        function: Callable[[sqlite3.Connection], _T],
        detail: dict[str, Detail] | None = None,
        **about: str,
    ) -> _T:
        """Write something together with its line in the journal.

        Args:
            principal: who does it.
            did: what, such as `account_added`.
            function: writes.
            detail: small facts about it.
            about: `person_id` and other attributes of the entry.
        """
        entry = self.audit_entry(principal, did, detail, **about)
        return await self.house.desk.write(function, lambda _: [entry])

    def audit_entry(
        self, principal: Principal, did: str, detail: dict[str, Detail] | None = None, **about: str
    ) -> Entry:
        """The line in the journal for what an account did."""
        facts: dict[str, Detail] = {"did": did, **(detail or {})}
        if principal.token is not None:
            facts["by_token"] = principal.token.id
        return Entry(at=self.clock.utc(), kind=Kind.AUDIT, actor=principal.actor, detail=facts, **cast("Any", about))

    async def start(self) -> None:
        """Begin what runs beside the requests."""
        await self.answers.forget_unfinished()
        now = self.clock.utc()
        await self.database.write(lambda to: forget_expired(to, now, self.settings.session_idle_s))
        self.webhooks.start()
        self._following = asyncio.create_task(self._follow(), name="webhooks follow the journal")

    def end_streams(self) -> None:
        """Let go of those who follow live events: a server that ends would wait for them."""
        self.ending.set()

    async def close(self) -> None:
        """End what runs beside the requests."""
        await self.jobs.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.webhooks.close()
        await self.auth.refusals.settle()
        self.auth.passwords.close()
        self.pictures.close()

    async def _follow(self) -> None:
        async for event in self.house.bus.listen():
            if event is None or event.kind == "journal":
                self.webhooks.wake()


def context_of(request: Request) -> Context:
    """The context of the application that answers `request`."""
    return cast("Context", request.app.state.context)


def principal_of(request: Request) -> Principal:
    """Who asks; for routes that are not open to everybody."""
    return cast("Principal", request.state.principal)


# Coroutines, for FastAPI hands each request to another thread and back for every function that is none.
async def _context(request: Request) -> Context:
    return context_of(request)


async def _principal(request: Request) -> Principal:
    return principal_of(request)


Web = Annotated[Context, Depends(_context)]
Who = Annotated[Principal, Depends(_principal)]
