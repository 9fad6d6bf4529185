"""Work that is going on, as a page shows it: its steps with the time of each, and which are still to come.

Layer web, pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from latchwork.controller import Step
from latchwork.web.jobs import Job, JobState

_JOINING: Final = tuple(step.value for step in Step)
COURSES: Final = {
    "add_lock": (*_JOINING, "ask what the lock is", "register for when it wakes"),
    "replace_lock": (*_JOINING, "ask what the lock is", "register for when it wakes"),
}
"""What comes in which order, for work whose course is known."""
JOINED: Final = Step.COMPLETE.value


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step.

    Attributes:
        name: as the job tells it.
        state: `done`, `running`, `failed` or `waiting`.
        began_at: UTC seconds since 1970; None for one that is to come.
        seconds: how long it took; None while it runs or waits.
    """

    name: str
    state: str
    began_at: float | None = None
    seconds: float | None = None


def steps_of(job: Job) -> list[StepShown]:
    """All steps of a job, those to come last; what has been passed over is left out."""
    shown = []
    ends: Sequence[float | None] = [*job.begun[1:], job.ended_at]
    for index, (name, began, end) in enumerate(zip(job.steps, job.begun, ends, strict=False)):
        is_last = index == len(job.steps) - 1
        if is_last and job.state is not JobState.DONE:
            state = "running" if job.state is JobState.RUNNING else "failed"
        else:
            state = "done"
        shown.append(StepShown(name, state, began, None if end is None else max(0.0, end - began)))
    if job.state is JobState.RUNNING:
        shown += [StepShown(name, "waiting") for name in _to_come(job)]
    return shown


def _to_come(job: Job) -> Sequence[str]:
    course = COURSES.get(job.kind, ())
    if not job.steps:
        return course
    return course[course.index(job.steps[-1]) + 1 :] if job.steps[-1] in course else ()


def has_joined(job: Job) -> bool:
    """Whether a lock had joined the hub's fabric when the job ended: it stays, whatever failed afterwards."""
    return JOINED in job.steps and (job.state is JobState.DONE or job.steps[-1] != JOINED)
