"""Every error is a problem of one shape, says what to do, and says nothing that it must not."""

import logging

import pytest

from latchwork.base.errors import Bug, PeerViolation, Refused, Unreachable, Unsupported
from latchwork.controller.steps import CommissioningFailed, PasscodeNotTaken, Step
from latchwork.hub.books.repository import Conflict, NotFound
from latchwork.store.database import ConstraintBroken
from latchwork.store.errors import StoreDamaged
from latchwork.web.problems import from_error

HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy", "x-request-id", "cache-control")


def assert_problem(answer, status, code):
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/problem+json")
    found = answer.json
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"].endswith(code)
    assert found["title"]
    assert found["instance"].endswith(answer.headers["x-request-id"])
    return found


async def test_what_is_not_there_and_what_is_not_for_this_address_are_problems(world, owner):
    assert_problem(await owner.get("/nowhere"), 404, "not_found")
    assert_problem(await owner.get("/api/v1/people/person_nobody"), 404, "not_found")
    answer = await owner.ask("PUT", "/api/v1/people")
    assert_problem(answer, 405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_a_wrong_body_names_each_part_and_repeats_none_of_it(world, owner):
    person_id = await world.person(owner)
    answer = await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": "12x4secret", "colour": "9876543"})
    found = assert_problem(answer, 422, "invalid_request")
    assert {each["pointer"] for each in found["errors"]} == {"/body/code", "/body/colour"}
    assert "12x4secret" not in answer.text
    assert "9876543" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1]", b'"text"', b"null", b"", b'{"name": "\\ud800"}'])
async def test_what_is_no_body_is_refused(world, owner, body):
    answer = await owner.ask("POST", "/api/v1/people", body=body, content_type="application/json")
    assert_problem(answer, 422, "invalid_request")


async def test_a_body_that_is_nested_without_end_is_refused(world, owner):
    answer = await owner.ask("POST", "/api/v1/people", body=b"[" * 100_000, content_type="application/json")
    assert_problem(answer, 400, "invalid_request")


async def test_who_is_not_known_is_told_so_before_the_body_is_looked_at(world):
    answer = await world.browser().ask("POST", "/api/v1/people", body=b"{", content_type="application/json")
    assert_problem(answer, 401, "not_authenticated")


@pytest.mark.parametrize("length", [None, "99999999", "x"])
async def test_a_request_that_is_too_long_is_refused(world, owner, length):
    headers = {"content_length": length} if length else {}
    answer = await owner.ask("POST", "/api/v1/people", body=b"x" * (1 << 21 if length is None else 9), **headers)
    assert_problem(answer, 413, "request_too_long")


async def test_a_defect_is_a_problem_and_a_line_in_the_log_without_what_it_was_about(world, owner, monkeypatch, caplog):
    def broken(*_args, **_rest):
        raise ValueError("the code 482915 broke it")

    monkeypatch.setattr(world.house.repository.__class__, "persons", broken)
    with caplog.at_level(logging.DEBUG):
        answer = await owner.get("/api/v1/people")
    found = assert_problem(answer, 500, "internal_error")
    assert "482915" not in answer.text + caplog.text
    assert "Traceback" not in answer.text
    assert "ValueError" in caplog.text
    assert found["instance"].removeprefix("urn:latchwork:request:") in caplog.text


async def test_every_answer_protects_browsers(world, owner):
    for answer in (await owner.get("/api/v1/site"), await owner.get("/nowhere"), await world.browser().get("/healthz")):
        for name in HEADERS[: 4 if answer.text == '{"status":"ok"}' else 5]:
            assert name in answer.headers, (name, answer)
        assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("door", "door_1"), 404, "not_found"),
        (Conflict("door", "door_1", 1, 2), 409, "conflict"),
        (ConstraintBroken("FOREIGN KEY of table secret_things"), 409, "conflict"),
        (StoreDamaged("row 7"), 503, "storage_unavailable"),
        (Refused("the lock is full"), 502, "lock_refused"),
        (Unreachable("no answer"), 504, "lock_unreachable"),
        (Unsupported("no latch"), 422, "not_supported"),
        (Bug("index 7"), 500, "internal_error"),
        (CommissioningFailed(Step.FIND, Unreachable("nobody is there"), {}), 504, "lock_unreachable"),
        (CommissioningFailed(Step.PASE, PasscodeNotTaken(1), {}), 502, "no_agreement"),
        (CommissioningFailed(Step.NOC, PeerViolation("not TLV"), {}), 502, "no_agreement"),
    ],
)
def test_each_error_of_the_house_is_one_problem(error, status, code):
    problem = from_error(error)
    assert (problem.status, problem.code) == (status, code)
    assert "secret_things" not in problem.detail
    assert "row 7" not in problem.detail


async def test_too_many_requests_are_told_when_to_come_back(world, owner):
    world.context.limits["default"].__init__("default", 3, 60.0)
    answers = [await owner.get("/api/v1/site") for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"default";r=2;t=0'
    assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
    found = assert_problem(answers[3], 429, "too_many_requests")
    assert answers[3].headers["retry-after"] == "20"
    assert "20 s" in found["detail"]
    world.clock.advance(20)
    assert (await owner.get("/api/v1/site")).status == 200


async def test_readiness_says_what_is_missing(world):
    browser = world.browser()
    assert (await browser.get("/readyz")).json == {"status": "ok"}
    world.house.is_ready = False
    answer = await browser.get("/readyz")
    assert (answer.status, answer.json) == (503, {"status": "matter"})
    assert (await browser.get("/healthz")).status == 200
