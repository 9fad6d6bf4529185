"""Health of the hub: what it is, how long it has been up, whether its storage and its journal are sound, and what it needs.

Layer web.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from latchwork.store.errors import StoreError
from latchwork.web.context import Context, Web
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
PLACE = "/settings/health"
LITTLE_SPACE: Final = 200 * 1024 * 1024
"""Octets below which somebody should look: a backup needs room, too."""
_RUNNING: Final = Path("/proc/self/statm")
_SYNCED: Final = Path("/run/systemd/timesync/synchronized")
_TIMESYNC: Final = Path("/run/systemd/timesync")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the hub is.

    Attributes:
        version: of Latchwork; empty where it was not installed.
        up_s: seconds since it started.
        is_ready: whether the Matter side is up.
        free: octets that are free where the hub keeps its files; None where it keeps none.
        kept: octets of its database, or None.
        memory: octets of this process, or None where the system does not say.
        is_synced: whether the system's clock follows a time server; None where it does not say.
    """

    version: str
    up_s: float
    is_ready: bool
    free: int | None
    kept: int | None
    memory: int | None
    is_synced: bool | None


def health_of(web: Context) -> Health:
    """How the hub is now."""
    path = web.database.path
    try:
        free = None if path is None else shutil.disk_usage(Path(path).parent).free
        kept = None if path is None else Path(path).stat().st_size
    except OSError:
        free = kept = None
    return Health(
        version=_version(),
        up_s=web.clock.monotonic() - web.measures.started,
        is_ready=web.house.is_ready,
        free=free,
        kept=kept,
        memory=_memory(),
        is_synced=_SYNCED.exists() if _TIMESYNC.is_dir() else None,
    )


def size(octets: int) -> str:
    """Octets in the unit in which people read them."""
    amount, units = octets / 1000, ["kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        del units[0]
    unit = units[0]
    return f"{amount:.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"


def _version() -> str:
    try:
        return version("latchwork")
    except PackageNotFoundError:
        return ""


def _memory() -> int | None:
    try:
        return int(_RUNNING.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


@router.get(PLACE)
@needs(Scope.METRICS_READ)
async def health_page(request: Request, web: Web) -> Response:
    """All of it on one page."""
    repository = web.house.repository
    doors = [door for door in repository.doors() if door.lock_id is not None]
    reachable = sum(1 for door in doors if web.house.locks.status(str(door.lock_id)).is_reachable)
    return render(
        request,
        "settings_health.html",
        health=health_of(web),
        little_space=LITTLE_SPACE,
        size=size,
        now=web.clock.utc(),
        doors=len(repository.doors()),
        locks=len(doors),
        reachable=reachable,
        persons=len(repository.persons()),
        listeners=web.measures.live_listeners,
        head=web.house.journal.head(),
    )


@router.post("/settings/health/storage")
@needs(Scope.METRICS_READ, quota="reveal")
async def check_storage(request: Request, web: Web) -> Response:
    """Look at every page of the database now."""
    texts = said(request)
    try:
        await web.database.check()
    except StoreError as error:
        return see(request, PLACE, texts.say("health.storage_bad", why=str(error)), is_bad=True)
    return see(request, PLACE, texts.say("health.storage_good"))


@router.post("/settings/health/journal")
@needs(Scope.JOURNAL_READ, quota="reveal")
async def verify_journal(request: Request, web: Web) -> Response:
    """Make every hash of the journal again now."""
    verdict, texts = await web.house.journal.verify(), said(request)
    if verdict.is_whole:
        return see(request, PLACE, texts.say("health.journal_good", count=verdict.checked))
    return see(request, PLACE, texts.say("health.journal_bad", seq=verdict.first_bad), is_bad=True)
