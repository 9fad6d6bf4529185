"""Work that takes longer than a request should wait: its steps as they happen, and what became of it.

Layer web; asyncio. In memory: what a job leaves behind is in the database and the journal.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from latchwork.web.problems import Problem, problem_of

MAX_JOBS: Final = 200
MAX_RUNNING: Final = 8
MAX_STEPS: Final = 200
_MAX_CAUSES: Final = 20


Perform = Callable[[Callable[[str], None]], Awaitable[dict[str, str]]]
"""Does the work: is given what tells a step, and returns the result."""


class JobState(StrEnum):
    """How far it is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Job:
    """One piece of work.

    Attributes:
        id: opaque.
        kind: what is done, such as `add_lock`.
        actor: who asked.
        state: how far it is.
        steps: begun so far, the newest last.
        begun: when each of them began, UTC seconds since 1970.
        result: names of what it made.
        problem: why it failed, or None.
        error: the error that the problem was made of, for pages that say more of it; or None.
        started_at: UTC seconds since 1970.
        ended_at: likewise, or None.
    """

    id: str
    kind: str
    actor: str
    state: JobState = JobState.RUNNING
    steps: list[str] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    result: dict[str, str] = field(default_factory=dict)
    problem: Problem | None = None
    error: Exception | None = None
    started_at: float = 0.0
    ended_at: float | None = None


class Jobs:
    """The work of one process.

    Args:
        publish: told of each change, as a live event.
        utc: tells the time.
    """

    __slots__ = ("_jobs", "_publish", "_tasks", "_utc")

    def __init__(self, publish: Callable[[str, dict[str, Any]], object], utc: Callable[[], float]) -> None:
        self._publish = publish
        self._utc = utc
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, job_id: str) -> Job | None:
        """The job, or None when there is none any more."""
        return self._jobs.get(job_id)

    def start(self, job: Job, perform: Perform) -> Job:
        """Begin a job; `perform` is given what tells a step, and returns the result.

        Raises:
            Problem: 503 when too many run.
        """
        if len(self._tasks) >= MAX_RUNNING:
            raise Problem(
                503, "busy", "Too much is at work", "Try again when something is done.", headers={"retry-after": "30"}
            )
        job.started_at = self._utc()
        self._jobs[job.id] = job
        while len(self._jobs) > MAX_JOBS:
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._run(job, perform), name=f"job {job.kind}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def close(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job, perform: Perform) -> None:
        def tell(step: str) -> None:
            if len(job.steps) < MAX_STEPS:
                job.steps.append(step)
                job.begun.append(self._utc())
            self._tell(job)

        try:
            job.result = await perform(tell)
            job.state = JobState.DONE
        except asyncio.CancelledError:
            job.state = JobState.FAILED
            raise
        except Exception as error:  # noqa: BLE001 - whoever asked is told, as a request would have been
            job.error, job.problem = _without_frames(error), problem_of(error)
            job.state = JobState.FAILED
        finally:
            job.ended_at = self._utc()
            self._tell(job)

    def _tell(self, job: Job) -> None:
        step = job.steps[-1] if job.steps else ""
        self._publish("job", {"job_id": job.id, "kind": job.kind, "state": job.state.value, "step": step})


def _without_frames(error: Exception) -> Exception:
    """The same error without what was being done when it happened: that may be a setup code, and jobs are kept for long."""
    each: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if each is None:
            break
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error
