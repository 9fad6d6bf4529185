"""Long work: bounded, told step by step, and ended with the hub."""

import asyncio

import pytest

from latchwork.base.errors import Misuse
from latchwork.web import jobs
from latchwork.web.jobs import Job, Jobs, JobState
from latchwork.web.problems import Problem


@pytest.fixture
async def some():
    told = []
    work = Jobs(lambda kind, data: told.append((kind, data["state"], data["step"])), lambda: 7.0)
    yield work, told
    await work.close()


def job(number=0):
    return Job(id=f"job_{number}", kind="test", actor="account:1")


async def over(work):
    await asyncio.gather(*work._tasks, return_exceptions=True)


async def test_steps_and_the_end_are_told(some):
    work, told = some

    async def perform(tell):
        tell("one")
        return {"lock_id": "lock_1"}

    found = work.start(job(), perform)
    assert found.state is JobState.RUNNING
    await over(work)
    assert (found.state, found.result, found.ended_at) == (JobState.DONE, {"lock_id": "lock_1"}, 7.0)
    assert told == [("job", "running", "one"), ("job", "done", "one")]


@pytest.mark.parametrize(("error", "status"), [(Misuse("not so"), 422), (ValueError("the code 482915"), 500)])
async def test_a_failure_is_a_problem_that_says_no_more_than_an_answer_would(some, error, status):
    work, _ = some

    async def perform(tell):
        raise error

    found = work.start(job(), perform)
    await over(work)
    assert (found.state, found.problem.status) == (JobState.FAILED, status)
    assert "482915" not in found.problem.detail


async def test_what_runs_what_is_kept_and_what_is_told_are_bounded(some, monkeypatch):
    work, _ = some
    monkeypatch.setattr(jobs, "MAX_JOBS", 3)
    gate = asyncio.Event()

    async def perform(tell):
        for _ in range(1000):
            tell("again")
        await gate.wait()
        return {}

    kept = [work.start(job(number), perform) for number in range(jobs.MAX_RUNNING)]
    with pytest.raises(Problem, match="503"):
        work.start(job(99), perform)
    gate.set()
    await over(work)
    assert len(kept[0].steps) == jobs.MAX_STEPS
    assert work.get("job_0") is None
    assert work.get(f"job_{jobs.MAX_RUNNING - 1}") is kept[-1]


async def test_the_end_of_the_hub_ends_the_work(some):
    work, told = some

    async def perform(tell):
        await asyncio.Event().wait()

    found = work.start(job(), perform)
    await asyncio.sleep(0)
    await work.close()
    assert found.state is JobState.FAILED
    assert told[-1][1] == "failed"
