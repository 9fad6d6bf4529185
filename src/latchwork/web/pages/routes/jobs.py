"""Work that takes longer than a page should wait: its steps as they happen, and what became of it.

Layer web.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from latchwork.web.api.shapes import Id
from latchwork.web.context import Context, Web, Who
from latchwork.web.jobs import Job, JobState
from latchwork.web.pages.rendering import render
from latchwork.web.pages.routing import PageRoute, see
from latchwork.web.pages.telling_jobs import steps_of
from latchwork.web.principals import Principal
from latchwork.web.problems import not_found
from latchwork.web.roles import Scope
from latchwork.web.routing import needs

router = APIRouter(route_class=PageRoute)


def job_for(web: Context, who: Principal, job_id: str) -> Job:
    """A job that they may look at: their own, or any where they keep the accounts.

    Raises:
        Problem: 404.
    """
    job = web.jobs.get(job_id)
    if job is None or (job.actor != who.actor and not who.may(Scope.ACCOUNTS_WRITE)):
        raise not_found("job")
    return job


@router.get("/jobs/{job_id}")
@needs(Scope.LOCKS_WRITE)
async def job_page(job_id: Id, request: Request, web: Web, who: Who) -> Response:
    """Steps, and where to go on."""
    job = job_for(web, who, job_id)
    adding = web.adding.of_job(job_id, who.actor)
    if adding is not None:
        return see(request, f"/add-lock/{adding.id}")
    door_id = job.result.get("door_id") if job.state is JobState.DONE else None
    return render(request, "job.html", job=job, steps=steps_of(job), door_id=door_id)
