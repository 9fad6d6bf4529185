"""People from a spreadsheet or another program.

Layer web. The body is the file itself; no answer repeats a code of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from latchwork.hub.people.import_csv import Column
from latchwork.hub.people.importing import Result
from latchwork.web.context import Web, Who
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs

router = APIRouter(prefix="/api/v1/import", tags=["people"], route_class=GuardedRoute)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "maxLength": 1 << 20}}}}
}


class ImportedRowOut(BaseModel):
    """What became of a line, or would."""

    line: int
    name: str
    result: Result
    problem: str
    warnings: list[str]


class ImportOut(BaseModel):
    """What became of a table, or would."""

    rows: list[ImportedRowOut]
    columns: list[Column]
    ignored: list[str]
    persons: int
    dry_run: bool


@router.post("/people", summary="People and codes from a CSV file", openapi_extra=_BODY)
@needs(Scope.PEOPLE_WRITE, is_repeatable=False)
async def import_people(
    request: Request,
    web: Web,
    who: Who,
    dry_run: Annotated[bool, Query(description="Only say what would be done.")] = False,
) -> ImportOut:
    """Each person is added wholly or not at all; whoever is there already stays as they are, so that it can be sent again."""
    report = await web.house.imports.people(await request.body(), dry_run=dry_run, actor=who.actor)
    return ImportOut(
        rows=[
            ImportedRowOut(
                line=each.line, name=each.name, result=each.result, problem=each.problem, warnings=list(each.warnings)
            )
            for each in report.rows
        ],
        columns=list(report.columns),
        ignored=list(report.ignored),
        persons=report.persons,
        dry_run=report.is_dry_run,
    )
