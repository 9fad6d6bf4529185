"""Commands: access, timing, batches, answers, groups, handlers that take their time."""

from __future__ import annotations

import asyncio

import pytest
from tests.matter.interaction.home import (
    ADMIN,
    BAND,
    GADGET,
    OPERATOR,
    STRANGER,
    VIEWER,
    Gadget,
    Home,
    Ping,
    Pong,
    status_of,
)

from latchwork.matter.interaction.client import (
    Invocation,
    invoke_request,
    invoke_requests,
    parse_invoke_response,
    timed_request,
)
from latchwork.matter.interaction.replies import Replies
from latchwork.matter.messages.interaction import CommandDataIB, CommandPathIB, InvokeRequestMessage, Opcode
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.trust.access import AuthMode, Subject

PING = Invocation(1, GADGET, 0, Ping(number=7))
RESET = Invocation(1, GADGET, 2)
UNLOCK = Invocation(1, GADGET, 3)


def message(*commands: CommandDataIB) -> bytes:
    return InvokeRequestMessage(suppress_response=False, timed_request=False, invoke_requests=commands).encode()


def command(number: int, *, endpoint: int | None = 1, cluster: int = GADGET, **fields) -> CommandDataIB:
    return CommandDataIB(path=CommandPathIB(endpoint=endpoint, cluster=cluster, command=number), **fields)


def test_a_command_is_answered_with_its_response():
    (result,) = Home().client().invoke(invoke_request(PING))
    assert result.value == Pong(number=7)
    assert (result.endpoint, result.cluster, result.command, result.is_typed) == (1, GADGET, 1, True)
    assert result.check() == Pong(number=7)


def test_a_command_without_response_is_answered_with_a_status():
    (result,) = Home().client().invoke(invoke_request(RESET))
    assert (result.command, result.status, result.value) == (2, Status.SUCCESS, None)


def test_fields_may_be_left_out_when_there_are_none():
    (result,) = Home().client().invoke(message(command(2)))
    assert result.status == Status.SUCCESS


@pytest.mark.parametrize(
    ("subject", "request_", "status"),
    [
        (OPERATOR, command(2), Status.SUCCESS),
        (VIEWER, command(2), Status.UNSUPPORTED_ACCESS),
        (OPERATOR, command(5), Status.UNSUPPORTED_ACCESS),
        (ADMIN, command(5), Status.SUCCESS),
        (ADMIN, command(3), Status.NEEDS_TIMED_INTERACTION),
        (ADMIN, command(77), Status.UNSUPPORTED_COMMAND),
        (ADMIN, command(2, cluster=6), Status.UNSUPPORTED_CLUSTER),
        (ADMIN, command(2, endpoint=9), Status.UNSUPPORTED_ENDPOINT),
        (STRANGER, command(77), Status.UNSUPPORTED_ACCESS),
        (ADMIN, command(0, command_fields={}), Status.INVALID_COMMAND),
        (ADMIN, command(0, command_fields={0: "seven"}), Status.INVALID_COMMAND),
        (ADMIN, command(0, command_fields=7), Status.INVALID_COMMAND),
        (ADMIN, command(0, command_fields={0: 256}), Status.CONSTRAINT_ERROR),
        (ADMIN, command(0, command_fields={0: 1, 1: "x" * 601}), Status.CONSTRAINT_ERROR),
        (
            Subject(auth_mode=AuthMode.PASE, fabric_index=0, is_commissioning=True),
            command(4),
            Status.UNSUPPORTED_ACCESS,
        ),
        (ADMIN, command(4), Status.SUCCESS),
    ],
)
def test_who_may_run_what(subject, request_, status):
    (result,) = Home().client(subject).invoke(message(request_))
    assert result.status == status


def test_a_handler_s_refusal_carries_the_cluster_s_own_code():
    home = Home()

    def refuse(_command, _request, _context):
        raise StatusError(Status.FAILURE, cluster_status=2)

    home.view.handler = refuse
    (result,) = home.client().invoke(invoke_request(RESET))
    assert (result.status, result.cluster_status) == (Status.FAILURE, 2)
    with pytest.raises(StatusError) as caught:
        result.check()
    assert caught.value.cluster_status == 2


def test_a_handler_that_breaks_is_a_failure_and_told_to_the_log(caplog):
    home = Home()
    home.view.handler = lambda *_: 1 / 0
    (result,) = home.client().invoke(invoke_request(RESET))
    assert result.status == Status.FAILURE
    assert "ZeroDivisionError" in caplog.text


def test_a_timed_command_runs_in_time_and_its_handler_knows():
    home, seen = Home(), []
    home.view.handler = lambda command, request, context: seen.append((command.id, context.is_timed, context.subject))
    client = home.client(OPERATOR)
    assert status_of(client.say(Opcode.TIMED_REQUEST, timed_request(200))) is Status.SUCCESS
    (result,) = client.invoke(invoke_request(UNLOCK, timed=True))
    assert result.status == Status.SUCCESS
    assert seen == [(3, True, OPERATOR)]


def test_a_timed_command_that_comes_late_does_not_run():
    home = Home()
    home.view.handler = lambda *_: pytest.fail("it ran")
    client = home.client()
    client.say(Opcode.TIMED_REQUEST, timed_request(200))
    home.now += 0.201
    assert status_of(client.say(Opcode.INVOKE_REQUEST, invoke_request(UNLOCK, timed=True))) is Status.TIMEOUT


@pytest.mark.parametrize("timed_first", [True, False])
def test_the_message_and_the_exchange_agree_about_being_timed(timed_first):
    client = Home().client()
    if timed_first:
        client.say(Opcode.TIMED_REQUEST, timed_request(500))
    payload = invoke_request(RESET, timed=not timed_first)
    assert status_of(client.say(Opcode.INVOKE_REQUEST, payload)) is Status.TIMED_REQUEST_MISMATCH


def test_a_batch_is_answered_command_by_command():
    batch = [PING, RESET, Invocation(0, GADGET, 0, Ping(number=8)), Invocation(1, GADGET, 77)]
    results = Home().client().invoke(invoke_requests(batch))
    assert [result.reference for result in results] == [0, 1, 2, 3]
    assert [result.status for result in results] == [0, 0, 0, Status.UNSUPPORTED_COMMAND]
    assert (results[0].value, results[2].value) == (Pong(number=7), Pong(number=8))


def test_long_answers_of_a_batch_come_in_several_messages():
    batch = [Invocation(endpoint, GADGET, 0, Ping(number=endpoint, text="t" * 500)) for endpoint in (0, 1)]
    client = Home().client(max_payload=700)
    results = client.invoke(invoke_requests(batch))
    assert [result.value.text for result in results] == ["t" * 500] * 2
    assert len(client.payloads) == 2


def test_an_answer_that_fits_no_message_is_a_status():
    (result,) = (
        Home().client(max_payload=300).invoke(invoke_request(Invocation(1, GADGET, 0, Ping(number=1, text="t" * 400))))
    )
    assert result.status == Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    "commands",
    [
        (),
        (command(2), command(2, endpoint=0)),
        (command(2, command_ref=1), command(2, endpoint=0, command_ref=1)),
        (command(2, command_ref=1), command(2, command_ref=2)),
        tuple(command(number, command_ref=number) for number in range(11)),
        (command(2, endpoint=None),),
        (command(2, endpoint=0xFFFF),),
        (command(2, cluster=0x8000),),
    ],
)
def test_requests_that_break_the_rules_run_nothing(commands):
    home = Home()
    home.view.handler = lambda *_: pytest.fail("it ran")
    assert status_of(home.client().say(Opcode.INVOKE_REQUEST, message(*commands))) is Status.INVALID_ACTION


def test_a_request_that_wants_no_response_gets_none():
    home, seen = Home(), []
    home.view.handler = lambda *_: seen.append(1)
    assert home.client().say(Opcode.INVOKE_REQUEST, invoke_request(RESET, suppress_response=True)) == ([], True)
    assert seen == [1]


def test_a_group_is_obeyed_in_silence_on_its_endpoints():
    home, seen = Home(), []
    for endpoint in home.endpoints.values():
        endpoint.clusters[GADGET].handler = lambda *_, number=endpoint.number: seen.append(number)
    payload = invoke_request(RESET._replace(endpoint=None))
    assert home.client(BAND).say(Opcode.INVOKE_REQUEST, payload) == ([], True)
    assert seen == [1]
    assert home.client(BAND).say(Opcode.INVOKE_REQUEST, invoke_request(RESET)) == ([], True)
    assert home.client(BAND).say(Opcode.INVOKE_REQUEST, invoke_request(Invocation(None, GADGET, 5))) == ([], True)
    assert seen == [1]


async def test_handlers_that_wait_are_awaited_in_order():
    home, order = Home(), []

    async def slowly(number):
        await asyncio.sleep(0)
        order.append(number)
        if number == 2:
            raise StatusError(Status.BUSY)
        return Pong(number=number)

    home.view.handler = lambda command, request, context: slowly(request.number if request else command.id)
    batch = [PING, RESET, Invocation(0, GADGET, 0, Ping(number=9))]
    client = home.client()
    pending = client.transaction.receive(Opcode.INVOKE_REQUEST, invoke_requests(batch), now=home.now)
    assert not isinstance(pending, Replies)
    replies = await pending
    assert replies.done
    ((opcode, payload),) = replies.messages
    assert opcode == Opcode.INVOKE_RESPONSE
    results, more = parse_invoke_response(payload, {GADGET: Gadget})
    assert not more
    assert [result.status for result in results] == [0, Status.BUSY, 0]
    assert results[2].value == Pong(number=9)
    assert order == [7, 2]
