"""Work in progress.

Layer web.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from latchwork.web.api.shapes import Id
from latchwork.web.context import Web, Who
from latchwork.web.jobs import Job, JobState
from latchwork.web.problems import not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import GuardedRoute, needs
from latchwork.web.stamps import Time

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=GuardedRoute)


class JobOut(BaseModel):
    """Work that was asked for: its steps so far, then what it made, or the problem that ended it."""

    id: str
    kind: str
    state: JobState
    steps: list[str]
    result: dict[str, str]
    problem: dict[str, Any] | None
    started_at: Time
    ended_at: Time | None


def job_out(job: Job) -> JobOut:
    """The job to be answered."""
    problem = None
    if job.problem is not None:
        found = job.problem
        problem = {"status": found.status, "code": found.code, "title": found.title, "detail": found.detail}
    return JobOut(
        id=job.id,
        kind=job.kind,
        state=job.state,
        steps=list(job.steps),
        result=dict(job.result),
        problem=problem,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


@router.get("/{job_id}", summary="How far work is")
@needs(Scope.LOCKS_WRITE)
async def read_job(job_id: Id, web: Web, who: Who) -> JobOut:
    """Kept for a while after its end; live events named `job` tell each step."""
    job = web.jobs.get(job_id)
    if job is None or (job.actor != who.actor and not who.may(Scope.ACCOUNTS_WRITE)):
        raise not_found("job")
    return job_out(job)
