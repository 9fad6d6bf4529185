"""A hub with its face: the books, the Matter side and the API, opened in the order in which they need each other.

The roof; `latchwork hub` runs it on a real network, `latchwork home` beside virtual locks.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Misuse
from latchwork.cli.places import local_zone

if TYPE_CHECKING:  # loaded when it is opened: --help needs none of it
    from latchwork.controller.controller import Controller
    from latchwork.hub.service import Hub
    from latchwork.store.kv import FileStore
    from latchwork.web.context import Context

PORT: Final = 8126
"""Where page and API are, where nobody says another port."""
CONTROLLER_FILE: Final = "controller.db"
"""The fabric's keys and the peers, in the hub's folder; whoever has claimed it runs the hub."""
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
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    proxies: frozenset[str] = frozenset()
    root_path: str = ""

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
    """

    hub: Hub
    context: Context
    url: str
    owner_link: str | None


class HubRunning(Misuse):
    """A hub runs on this folder already."""


def claim_folder(folder: Path) -> FileStore:
    """Make this process the only hub of a folder, which is made for its owner's eyes only where there is none.

    Raises:
        HubRunning: another one has it; nothing was touched.
        Misuse: the folder holds something else.
        StoreError: the storage cannot be used.
    """
    from latchwork.store.errors import StoreInUse  # noqa: PLC0415 - as above
    from latchwork.store.kv import FileStore  # noqa: PLC0415

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
    from latchwork.hub.service import Hub  # noqa: PLC0415 - as above

    hub = await Hub.open(folder, controller=controller, entropy=os.urandom)
    try:
        if not hub.journal.head().seq:
            await hub.repository.put_site(replace(hub.repository.site(), time_zone=local_zone()))
        yield hub
    finally:
        await hub.close()


@asynccontextmanager
async def serving(hub: Hub, address: Address) -> AsyncIterator[Serving]:
    """The hub's API, up until the context is left.

    Raises:
        PortInUse: something else listens there.
    """
    from latchwork.base.clock import SystemClock  # noqa: PLC0415 - as above
    from latchwork.web.accounts import is_owned  # noqa: PLC0415
    from latchwork.web.app import create_app  # noqa: PLC0415
    from latchwork.web.server import WebServer  # noqa: PLC0415
    from latchwork.web.settings import WebSettings  # noqa: PLC0415

    settings = WebSettings(
        is_secure=address.certificate is not None, trusted_proxies=address.proxies, root_path=address.root_path
    )
    app = create_app(hub, clock=SystemClock(), entropy=os.urandom, settings=settings)
    context: Context = app.state.context
    server = WebServer(
        app,
        address.host,
        address.port,
        certificate=None if address.certificate is None else str(address.certificate),
        key=None if address.key is None else str(address.key),
        before_end=context.end_streams,
    )
    async with server:
        url = address.url(server.port)
        # In the fragment, which no browser sends and no log has.
        link = None if hub.repository.database.read(is_owned) else f"{url}/setup#{context.owner_link.renew()}"
        yield Serving(hub=hub, context=context, url=url, owner_link=link)
