"""A hub with its face: the books, the Matter side and the API, opened in the order in which they need each other.

The roof; `latchwork hub` runs it on a real network, `latchwork home` beside virtual locks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from logging import WARNING
from pathlib import Path
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import log, logger
from latchwork.cli.places import local_zone

if TYPE_CHECKING:  # loaded when it is opened: --help needs none of it
    from starlette.types import ASGIApp

    from latchwork.controller.controller import Controller
    from latchwork.hub.service import Hub
    from latchwork.store.kv import FileStore
    from latchwork.web.authority import LocalAuthority, Names, Root
    from latchwork.web.context import Context
    from latchwork.web.server import WebServer
    from latchwork.web.virtual_doors import VirtualDoors

PORT: Final = 8126
"""Where page and API are, where nobody says another port."""
PLAIN_PORT: Final = 8127
"""Where it is told in clear how to trust the hub's own authority."""
_LOG = logger(__name__)
CONTROLLER_FILE: Final = "controller.db"
"""The fabric's keys and the peers, in the hub's folder; whoever has claimed it runs the hub."""
HTTPS_FOLDER: Final = "https"
"""The local authority's keys and certificates, in the hub's folder."""
RENEWAL_S: Final = 600.0
"""How often is looked whether the machine is called otherwise, or its certificate is to be renewed."""
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - to be recognised, not to be listened on


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the API listens.

    Attributes:
        host: address or name.
        port: 0 takes a free one.
        certificate, key: files for HTTPS, or None.
        proxies: addresses whose X-Forwarded-For counts.
        root_path: below which a proxy shows it.
        authority: the hub's own, whose certificate and key these are, or None.
        plain_port: with an authority, where it is told in clear how to trust it; 0 takes a free one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    proxies: frozenset[str] = frozenset()
    root_path: str = ""
    authority: LocalAuthority | None = None
    plain_port: int = 0

    def url(self, port: int) -> str:
        """Where it is found, from this machine if it listens everywhere."""
        host = "127.0.0.1" if self.host in _EVERYWHERE else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'http' if self.certificate is None else 'https'}://{host}:{port}{self.root_path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A hub that is up.

    Attributes:
        hub: the hub.
        context: the web side's parts.
        url: where it is found.
        owner_link: by which its first owner makes their account, or None when it has one.
        root: what devices may trust, where the hub's own authority vouches for its HTTPS.
        root_file: the same as a file, for programs on this machine, or None.
        trust_url: where they are told how, or empty.
    """

    hub: Hub
    context: Context
    url: str
    owner_link: str | None
    root: Root | None = None
    root_file: Path | None = None
    trust_url: str = ""


class HubRunning(Misuse):
    """A hub runs on this folder already."""


def claim_folder(folder: Path) -> FileStore:
    """Make this process the only hub of a folder, which is made for its owner's eyes only where there is none.

    Raises:
        HubRunning: another one has it; nothing was touched.
        Misuse: the folder holds something else.
        StoreError: the storage cannot be used.
    """
    from latchwork.store.errors import StoreInUse
    from latchwork.store.kv import FileStore

    is_new = not folder.exists()
    if is_new:
        folder.mkdir(mode=0o700, parents=True)
    elif not (folder / CONTROLLER_FILE).exists() and any(_is_a_thing(each.name) for each in folder.iterdir()):
        raise Misuse(
            f"{folder} is not empty, and no hub's", advice="Choose a folder of its own: --folder ~/latchwork-hub"
        )
    try:
        store = FileStore(folder / CONTROLLER_FILE)
    except StoreInUse as error:
        who = "" if error.process is None else f" (process {error.process})"
        raise HubRunning(
            f"a hub runs on {folder} already{who}",
            advice="Use that one: latchwork doors. A second hub needs its own --folder and --port.",
        ) from error
    if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)
    return store


def _is_a_thing(name: str) -> bool:
    """Whether somebody put it there; a volume of its own brings its own files."""
    return not name.startswith(".") and name != "lost+found"


@asynccontextmanager
async def open_hub(folder: Path | None, controller: Controller) -> AsyncIterator[Hub]:
    """The hub of a folder, without its face; a new one keeps this machine's time zone. The controller stays its owner's.

    Raises:
        StoreError: the books cannot be opened.
    """
    from latchwork.hub.service import Hub

    hub = await Hub.open(folder, controller=controller, entropy=os.urandom)
    try:
        if not hub.journal.head().seq:
            await hub.repository.put_site(replace(hub.repository.site(), time_zone=local_zone()))
        yield hub
    finally:
        await hub.close()


@asynccontextmanager
async def serving(hub: Hub, address: Address, *, virtual_doors: VirtualDoors | None = None) -> AsyncIterator[Serving]:
    """The hub's API, up until the context is left; in a virtual house with its doors to be drawn.

    Raises:
        PortInUse: something else listens there.
    """
    from latchwork.base.clock import SystemClock
    from latchwork.web.accounts import is_owned
    from latchwork.web.app import create_app
    from latchwork.web.server import WebServer
    from latchwork.web.settings import WebSettings

    settings = WebSettings(
        is_secure=address.certificate is not None,
        is_strict=address.authority is None,
        trusted_proxies=address.proxies,
        root_path=address.root_path,
    )
    app = create_app(hub, clock=SystemClock(), entropy=os.urandom, settings=settings, virtual_doors=virtual_doors)
    context: Context = app.state.context
    server = WebServer(
        app,
        address.host,
        address.port,
        certificate=None if address.certificate is None else str(address.certificate),
        key=None if address.key is None else str(address.key),
        before_end=context.end_streams,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server)
        root, root_file, trust_url = None, None, ""
        if address.authority is not None:
            context.root = root = address.authority.root
            root_file = address.authority.public_file
            trust_url = await _told_in_clear(stack, app, server, address)
        url = address.url(server.port)
        # In the fragment, which no browser sends and no log has.
        link = None if hub.repository.database.read(is_owned) else f"{url}/setup#{context.owner_link.renew()}"
        yield Serving(
            hub=hub,
            context=context,
            url=url,
            owner_link=link,
            root=root,
            root_file=root_file,
            trust_url=trust_url,
        )


def own_authority(folder: Path, host: str) -> LocalAuthority:
    """The local authority of a hub's folder, with a certificate for this machine as it is called now.

    Args:
        folder: the hub's.
        host: where it listens.

    Raises:
        Misuse: its files are damaged.
    """
    from latchwork.base.clock import SystemClock
    from latchwork.web.authority import LocalAuthority

    return LocalAuthority(folder / HTTPS_FOLDER, _names(host), SystemClock().utc())


def _names(host: str) -> Names:
    from latchwork.web.authority import names_of_machine

    return names_of_machine(host)


async def _told_in_clear(stack: AsyncExitStack, app: ASGIApp, server: WebServer, address: Address) -> str:
    """Serve in clear how to trust the authority, and keep its certificate good; gives where it is told."""
    from latchwork.web.plain import PlainFace
    from latchwork.web.server import WebServer

    authority = address.authority
    assert authority is not None, "asked for only where there is one"
    names = _names(address.host)
    plain = WebServer(PlainFace(app, server.port, (*names.names, "localhost")[0]), address.host, address.plain_port)
    await stack.enter_async_context(plain)
    renewing = asyncio.create_task(_renew(authority, server, lambda: _names(address.host)), name="certificate renewal")

    async def end() -> None:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing

    stack.push_async_callback(end)
    url = replace(address, certificate=None, root_path="").url(plain.port)
    return f"{url}/trust"


async def _renew(authority: LocalAuthority, server: WebServer, names: Callable[[], Names]) -> None:
    from latchwork.base.clock import SystemClock

    while True:
        await asyncio.sleep(RENEWAL_S)
        try:
            if authority.renew_if_due(names(), SystemClock().utc()):
                server.take_certificate()
        except OSError as error:
            # A full disk, say: the certificate of before is good for months yet.
            log(_LOG, WARNING, "certificate_not_renewed", error=type(error).__name__)
