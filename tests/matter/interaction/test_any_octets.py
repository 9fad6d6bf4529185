"""Whatever a peer sends, the server answers as the specification allows and never breaks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.interaction.home import ADMIN, BAND, GADGET, STRANGER, Gadget, Home, Ping

from latchwork.matter.interaction.client import (
    AttributeQuery,
    AttributeWrite,
    EventQuery,
    Invocation,
    invoke_requests,
    read_request,
    subscribe_request,
    timed_request,
    write_requests,
)
from latchwork.matter.interaction.replies import Replies
from latchwork.matter.interaction.wire import status_response
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status

GOOD = {
    Opcode.STATUS_RESPONSE: [status_response(0), status_response(1)],
    Opcode.READ_REQUEST: [
        read_request([AttributeQuery()], [EventQuery()], data_versions={(1, GADGET): 5}, event_min=3)
    ],
    Opcode.SUBSCRIBE_REQUEST: [subscribe_request([AttributeQuery()], [EventQuery()], min_interval=0, max_interval=9)],
    Opcode.WRITE_REQUEST: write_requests(
        [AttributeWrite(1, GADGET, Gadget.level, 5), AttributeWrite(1, GADGET, Gadget.texts, ("a" * 50,) * 9)],
        max_payload=200,
    ),
    Opcode.INVOKE_REQUEST: [
        invoke_requests([Invocation(1, GADGET, 0, Ping(number=1)), Invocation(1, GADGET, 2)]),
        invoke_requests([Invocation(1, GADGET, 3)], timed=True),
        invoke_requests([Invocation(None, GADGET, 2)]),
    ],
    Opcode.TIMED_REQUEST: [timed_request(500)],
}
ANSWERS = {
    Opcode.READ_REQUEST: {Opcode.REPORT_DATA},
    Opcode.SUBSCRIBE_REQUEST: {Opcode.REPORT_DATA},
    Opcode.STATUS_RESPONSE: {Opcode.REPORT_DATA, Opcode.SUBSCRIBE_RESPONSE, Opcode.INVOKE_RESPONSE},
    Opcode.WRITE_REQUEST: {Opcode.WRITE_RESPONSE},
    Opcode.INVOKE_REQUEST: {Opcode.INVOKE_RESPONSE},
}


@st.composite
def messages(draw):
    opcode = draw(st.one_of(st.sampled_from(sorted(GOOD)), st.integers(0, 255)))
    payload = bytearray(draw(st.sampled_from(GOOD.get(opcode, [b""]))))
    kind = draw(st.sampled_from(["as it is", "damaged", "cut", "random"]))
    if kind == "random":
        return opcode, draw(st.binary(max_size=60))
    if kind == "cut":
        return opcode, bytes(payload[: draw(st.integers(0, len(payload)))])
    if kind == "damaged" and payload:
        for _ in range(draw(st.integers(1, 4))):
            payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return opcode, bytes(payload)


@settings(max_examples=400, deadline=None)
@given(
    subject=st.sampled_from([ADMIN, STRANGER, BAND]),
    limit=st.sampled_from([128, 300, 1200]),
    conversation=st.lists(messages(), min_size=1, max_size=6),
)
def test_only_documented_answers_come_back(subject, limit, conversation):
    home = Home()
    home.press()
    transaction = home.server.begin(subject, session="s", max_payload=limit)
    for opcode, payload in conversation:
        replies = transaction.receive(opcode, payload, now=home.now)
        assert isinstance(replies, Replies)
        if subject is BAND:
            assert replies.messages == []
        for answer, octets in replies.messages:
            assert len(octets) <= limit
            if answer == Opcode.STATUS_RESPONSE:
                status = Status(StatusResponseMessage.decode(octets).status)
                assert status.is_known
                assert status is not Status.SUCCESS or opcode == Opcode.TIMED_REQUEST
            else:
                assert answer in ANSWERS[Opcode(opcode)]
    transaction.close()
    home.now += 20
    for report in home.server.subscriptions.due(home.now):
        assert report.start().messages
