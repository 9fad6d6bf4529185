"""A backup to take away, and people out of a table: looked at line by line before anything is done.

Layer web.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from latchwork.base.errors import LatchworkError
from latchwork.hub.journal.entries import Kind
from latchwork.hub.journal.query import Filter
from latchwork.hub.people.importing import Report
from latchwork.web.api import backup as api
from latchwork.web.api.backup import BackupBody
from latchwork.web.context import Context, Web, Who
from latchwork.web.pages.forms import Form
from latchwork.web.pages.rendering import render, said
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.validating import checked
from latchwork.web.problems import Problem, problem_of
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)
_AUDIT: Final = frozenset({Kind.AUDIT})


async def last_backup(web: Context) -> float | None:
    """When somebody took one last, UTC seconds since 1970; None where the journal knows of none."""
    page = await web.house.journal.page(Filter(kinds=_AUDIT, text="backed_up"), limit=10)
    return next((each.at for each in page.entries if each.detail.get("did") == "backed_up"), None)


@router.get("/settings/backup")
@needs(Scope.ACCOUNTS_WRITE)
async def backup_page(request: Request, web: Web, who: Who) -> Response:
    """When the last one was, and the next one."""
    who.check_fresh(web.clock.utc(), web.settings.confirm_s)
    return await _backup_page(request, web, None)


async def _backup_page(request: Request, web: Context, problem: Problem | None) -> Response:
    status = problem.status if problem else 200
    return render(request, "settings_backup.html", status=status, problem=problem, last=await last_backup(web))


@router.post("/settings/backup")
@needs(Scope.ACCOUNTS_WRITE, quota="reveal")
async def take_backup(request: Request, form: Form, web: Web, who: Who) -> Response:
    """The file, for the browser to keep."""
    if form.raw("passphrase") != form.raw("again"):
        problem = Problem(422, "invalid_request", said(request).say("backup.not_the_same"))
        return await _backup_page(request, web, problem)
    try:
        return await api.make_backup(checked(BackupBody, passphrase=form.raw("passphrase")), web, who)
    except (Problem, LatchworkError) as error:
        problem = problem_of(error)
        if problem.status == 403:
            raise
        return await _backup_page(request, web, problem)


@router.get("/settings/import")
@needs(Scope.PEOPLE_WRITE)
async def import_page(request: Request) -> Response:
    """Choose a file."""
    return _import_page(request, None)


def _import_page(
    request: Request, problem: Problem | None, report: Report | None = None, name: str = "", kept: str = ""
) -> Response:
    status = problem.status if problem else 200
    return render(request, "settings_import.html", status=status, problem=problem, report=report, name=name, kept=kept)


@router.post("/settings/import")
@needs(Scope.PEOPLE_WRITE)
async def look_at_table(request: Request, form: Form, web: Web, who: Who) -> Response:
    """What would be done, line by line; the file is kept for some minutes."""
    file = form.file("file")
    if file is None:
        return _import_page(request, Problem(422, "invalid_request", said(request).say("import.no_file")))
    octets = await file.read()
    try:
        report = await web.house.imports.people(octets, dry_run=True, actor=who.actor)
    except LatchworkError as error:
        return _import_page(request, problem_of(error))
    kept = web.uploads.put(who.actor, octets) if report.persons else ""
    return _import_page(request, None, report, (file.filename or "")[:100], kept)


@router.post("/settings/import/go")
@needs(Scope.PEOPLE_WRITE)
async def import_table(request: Request, form: Form, web: Web, who: Who) -> Response:
    """Do what was shown."""
    octets = web.uploads.take(who.actor, form.text("kept"))
    if octets is None:
        return _import_page(request, Problem(422, "step_too_old", said(request).say("import.again")))
    report = await web.house.imports.people(octets, dry_run=False, actor=who.actor)
    if all(each.result != "refused" for each in report.rows):
        return see(request, "/people", said(request).say("import.done", count=report.persons))
    return _import_page(request, None, report)
