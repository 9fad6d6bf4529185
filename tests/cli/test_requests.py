"""The controller's lines: every request gets one answer, whatever it is."""

import asyncio
import json
from typing import Any

import pytest

from latchwork.base.errors import Misuse, Refused
from latchwork.cli.controller import answer


async def perform(operation: str, request: dict[str, Any]) -> Any:
    match operation:
        case "echo":
            return request
        case "nothing":
            return None
        case "refuse":
            raise Refused("no", status=0x85, cluster_status=2)
        case "break":
            raise ZeroDivisionError("oops")
        case _:
            raise Misuse("unknown operation", advice="Try another.")


async def ask(capsys: pytest.CaptureFixture[str], line: str) -> dict[str, Any]:
    await answer(line, perform)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found.pop("ms") >= 0
    return found


async def test_a_result_comes_with_the_requests_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert await ask(capsys, '{"id":7,"op":"echo","a":{"hex":"00"}}') == {
        "id": 7,
        "ok": True,
        "result": {"a": {"hex": "00"}},
    }
    assert await ask(capsys, '{"id":8,"op":"nothing"}') == {"id": 8, "ok": True}


async def test_a_refusal_carries_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    found = await ask(capsys, '{"id":1,"op":"refuse"}')
    assert found == {"id": 1, "ok": False, "error": "no", "status": 0x85, "clusterStatus": 2}


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", "{}", '{"op":3}', '{"op":"what"}', '{"op":"echo","repeat":-1}', '{"op":"break"}']
)
async def test_whatever_fails_is_answered(capsys: pytest.CaptureFixture[str], line: str) -> None:
    found = await ask(capsys, line)
    assert found["ok"] is False
    assert found["error"]


async def test_repeating_measures_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    found = await ask(capsys, '{"id":1,"op":"nothing","repeat":10,"parallel":3}')
    assert len(found["result"]["durations"]) == 10
    assert found["result"]["total"] >= 0


async def test_repeating_stops_at_the_first_failure(capsys: pytest.CaptureFixture[str]) -> None:
    found = await ask(capsys, '{"id":1,"op":"refuse","repeat":10,"parallel":3}')
    assert found["status"] == 0x85


async def test_parallel_requests_overlap(capsys: pytest.CaptureFixture[str]) -> None:
    at_once = most = 0

    async def slow(_operation: str, _request: dict[str, Any]) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1

    await answer('{"op":"x","repeat":6,"parallel":3}', slow)
    assert most == 3
