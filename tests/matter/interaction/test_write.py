"""Writes: access, constraints, lists in pieces, many messages, groups."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.matter.interaction.home import (
    ADMIN,
    BAND,
    GADGET,
    NEIGHBOUR,
    OPERATOR,
    STRANGER,
    VIEWER,
    Gadget,
    Home,
    Owner,
    path,
    status_of,
)

from latchwork.matter.interaction.client import AttributeWrite, read_request, timed_request, write_requests
from latchwork.matter.messages.interaction import AttributeDataIB, AttributePathIB, Opcode, WriteRequestMessage
from latchwork.matter.messages.status import Status, StatusError


def put(attribute, value, *, endpoint=1, version=None) -> AttributeWrite:
    return AttributeWrite(endpoint, GADGET, attribute, value, version)


def write(*writes: AttributeWrite, limit: int = 1200, timed: bool = False) -> list[bytes]:
    return write_requests(writes, max_payload=limit, timed=timed)


def raw(attribute: int, data, *, append: bool = False) -> AttributeDataIB:
    where = AttributePathIB(endpoint=1, cluster=GADGET, attribute=attribute)
    return AttributeDataIB(path=where.replace(list_index=None) if append else where, data=data)


def message(*entries: AttributeDataIB, **options) -> bytes:
    return WriteRequestMessage(timed_request=False, write_requests=entries, **options).encode()


def statuses(answer) -> list[int]:
    return [entry.status for entry in answer]


def test_a_written_value_is_there_and_each_write_is_answered():
    home = Home()
    answer = home.client().write(*write(put(Gadget.level, 42), put(Gadget.label, "hall")))
    assert [(a.attribute, a.status) for a in answer] == [(1, 0), (2, 0)]
    assert (home.gadget.level, home.gadget.label) == (42, "hall")


@pytest.mark.parametrize(
    ("subject", "attribute", "value", "status"),
    [
        (OPERATOR, Gadget.level, 5, Status.SUCCESS),
        (OPERATOR, Gadget.level, None, Status.SUCCESS),
        (VIEWER, Gadget.level, 5, Status.UNSUPPORTED_ACCESS),
        (OPERATOR, Gadget.label, "x", Status.UNSUPPORTED_ACCESS),
        (STRANGER, Gadget.serial, "x", Status.UNSUPPORTED_ACCESS),
        (ADMIN, Gadget.serial, "x", Status.UNSUPPORTED_WRITE),
        (ADMIN, Gadget.level, 101, Status.CONSTRAINT_ERROR),
        (ADMIN, Gadget.armed, True, Status.NEEDS_TIMED_INTERACTION),
        (ADMIN, 0x0FFF, 1, Status.UNSUPPORTED_ATTRIBUTE),
        (ADMIN, 1, "five", Status.INVALID_DATA_TYPE),
        (ADMIN, 1, 300, Status.CONSTRAINT_ERROR),
        (ADMIN, 5, 300, Status.INVALID_DATA_TYPE),
        (ADMIN, 6, [{0: "x"}], Status.INVALID_DATA_TYPE),
    ],
)
def test_who_may_write_what(subject, attribute, value, status):
    home = Home()
    before = home.gadget.data_version
    assert statuses(home.client(subject).write(*write(put(attribute, value)))) == [status]
    assert (home.gadget.data_version != before) is (status is Status.SUCCESS)


def test_missing_endpoints_and_clusters_have_their_statuses():
    home = Home()
    away = AttributeWrite(9, GADGET, 1, 1), AttributeWrite(1, 0x0006, 1, 1)
    answer = home.client().write(*write(*away))
    assert statuses(answer) == [Status.UNSUPPORTED_ENDPOINT, Status.UNSUPPORTED_CLUSTER]


def test_a_write_for_another_version_is_refused():
    home = Home()
    version = home.gadget.data_version
    answer = home.client().write(
        *write(put(Gadget.level, 1, version=version ^ 1), put(Gadget.level, 2, version=version))
    )
    assert statuses(answer) == [Status.DATA_VERSION_MISMATCH, Status.SUCCESS]
    assert home.gadget.level == 2


def test_a_list_is_written_once_however_it_comes():
    home = Home()
    entries = (raw(5, [1, 2]), raw(5, 3, append=True), raw(5, 4, append=True))
    assert statuses(home.client().write(message(*entries))) == [0, 0, 0]
    assert home.view.writes == [("scenes", (1, 2, 3, 4))]


def test_an_item_is_appended_to_what_is_there():
    home = Home()
    home.gadget.scenes = (1,)
    assert statuses(home.client().write(message(raw(5, 2, append=True)))) == [0]
    assert home.gadget.scenes == (1, 2)


def test_one_bad_item_leaves_the_whole_list_as_it_was_and_every_piece_says_so():
    home = Home()
    home.gadget.scenes = (9,)
    entries = (raw(5, [1]), raw(5, 70000, append=True), raw(5, 3, append=True), raw(1, 7))
    answer = home.client().write(message(*entries))
    assert statuses(answer) == [Status.CONSTRAINT_ERROR] * 3 + [Status.SUCCESS]
    assert (home.gadget.scenes, home.gadget.level) == ((9,), 7)


def test_a_cluster_that_refuses_a_list_refuses_each_piece():
    home = Home()
    home.view.refusal = StatusError(Status.RESOURCE_EXHAUSTED)
    answer = home.client().write(message(raw(5, []), raw(5, 3, append=True)))
    assert statuses(answer) == [Status.RESOURCE_EXHAUSTED] * 2


def test_appending_to_what_is_no_list_is_refused():
    assert statuses(Home().client().write(message(raw(1, 2, append=True)))) == [Status.INVALID_DATA_TYPE]


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(128, 1280), texts=st.lists(st.text("ab", max_size=40), max_size=40))
def test_a_list_in_many_messages_is_written_when_the_last_has_come(limit, texts):
    home = Home()
    home.gadget.texts = ("before",)
    client = home.client(max_payload=limit)
    payloads = write(put(Gadget.texts, tuple(texts)), limit=limit)
    for index, payload in enumerate(payloads):
        assert home.gadget.texts == ("before",)
        assert len(payload) <= limit
        replies = client.say(Opcode.WRITE_REQUEST, payload)
        assert replies.done is (index == len(payloads) - 1)
    assert home.gadget.texts == tuple(texts)


def test_a_list_that_is_given_up_halfway_stays_as_it_was():
    home = Home()
    client = home.client()
    assert client.write(message(raw(5, [1, 2]), more_chunked_messages=True))
    client.transaction.close()
    assert (home.gadget.scenes, home.view.writes) == ((), [])


def test_an_access_list_in_pieces_takes_effect_when_it_is_whole():
    home = Home()

    def take(attribute, value, context):
        home.view.writes.append((attribute.name, value))
        if attribute is Gadget.texts:
            home.access.replace(1, ())

    home.view.write = take
    client = home.client()
    assert statuses(client.write(message(raw(9, []), raw(9, "a", append=True), more_chunked_messages=True))) == [0, 0]
    answer = client.write(message(raw(9, "b", append=True), raw(2, "locked out")))
    assert statuses(answer) == [Status.SUCCESS, Status.UNSUPPORTED_ACCESS]
    assert home.view.writes == [("texts", ("a", "b"))]


def test_a_refusal_after_the_pieces_were_answered_is_told_when_it_is_known():
    home = Home()
    client = home.client()
    assert statuses(client.write(message(raw(5, [1] * 301), more_chunked_messages=True))) == [0]
    answer = client.write(message(raw(1, 3)))
    assert [(entry.attribute, entry.status) for entry in answer] == [(5, Status.CONSTRAINT_ERROR), (1, 0)]


def test_something_else_between_two_parts_of_a_write_is_refused():
    client = Home().client()
    client.write(message(raw(5, [1]), more_chunked_messages=True))
    assert status_of(client.say(Opcode.READ_REQUEST, read_request([path()]))) is Status.INVALID_ACTION


def test_writing_a_fabric_s_list_leaves_the_others_entries_alone():
    home = Home()
    home.gadget.owners = (Owner(name="old", secret=1, fabric_index=1), Owner(name="theirs", secret=2, fabric_index=2))
    mine = Owner(name="new", secret=3, fabric_index=2)
    assert statuses(home.client(ADMIN).write(*write(put(Gadget.owners, (mine,))))) == [0]
    found = {(owner.name, owner.fabric_index) for owner in home.gadget.owners}
    assert found == {("theirs", 2), ("new", 1)}
    assert statuses(home.client(NEIGHBOUR).write(*write(put(Gadget.owners, ())))) == [0]
    assert [owner.name for owner in home.gadget.owners] == ["new"]


def test_a_timed_attribute_is_written_in_time():
    home = Home()
    client = home.client()
    assert status_of(client.say(Opcode.TIMED_REQUEST, timed_request(500))) is Status.SUCCESS
    home.now += 0.4
    assert statuses(client.write(*write(put(Gadget.armed, True), timed=True))) == [0]
    assert home.gadget.armed is True


def test_a_timed_write_that_comes_late_is_a_timeout():
    home = Home()
    client = home.client()
    client.say(Opcode.TIMED_REQUEST, timed_request(500))
    home.now += 0.6
    assert status_of(client.say(Opcode.WRITE_REQUEST, write(put(Gadget.armed, True), timed=True)[0])) is Status.TIMEOUT
    assert home.gadget.armed is False


@pytest.mark.parametrize("timed_first", [True, False])
def test_the_message_and_the_exchange_agree_about_being_timed(timed_first):
    client = Home().client()
    if timed_first:
        client.say(Opcode.TIMED_REQUEST, timed_request(500))
    payload = write(put(Gadget.level, 1), timed=not timed_first)[0]
    assert status_of(client.say(Opcode.WRITE_REQUEST, payload)) is Status.TIMED_REQUEST_MISMATCH


def test_only_a_write_or_a_command_can_be_timed():
    client = Home().client()
    client.say(Opcode.TIMED_REQUEST, timed_request(500))
    assert status_of(client.say(Opcode.READ_REQUEST, read_request([path()]))) is Status.INVALID_ACTION


@pytest.mark.parametrize(
    "where",
    [
        AttributePathIB(endpoint=1, cluster=GADGET),
        AttributePathIB(endpoint=1, attribute=1),
        AttributePathIB(endpoint=0xFFFF, cluster=GADGET, attribute=1),
        AttributePathIB(endpoint=1, cluster=GADGET, attribute=5, list_index=0),
    ],
)
def test_a_path_that_cannot_be_written_spoils_the_whole_message(where):
    home = Home()
    payload = message(raw(1, 5), AttributeDataIB(path=where, data=1))
    assert status_of(home.client().say(Opcode.WRITE_REQUEST, payload)) is Status.INVALID_ACTION
    assert home.view.writes == []


def test_a_write_to_all_endpoints_goes_where_it_can():
    home = Home()
    answer = home.client().write(*write(put(Gadget.level, 8, endpoint=None)))
    assert [(entry.endpoint, entry.status) for entry in answer] == [(0, 0), (1, 0)]
    assert home.client().write(*write(AttributeWrite(None, 6, 1, 8))) == []


def test_a_write_that_wants_no_response_gets_none():
    home = Home()
    (payload,) = write_requests([put(Gadget.level, 3)], max_payload=1200, suppress_response=True)
    assert home.client().say(Opcode.WRITE_REQUEST, payload) == ([], True)
    assert home.gadget.level == 3


def test_more_writes_than_can_be_answered_are_refused_before_the_first():
    home = Home()
    payload = message(*[raw(0, True) for _ in range(20)])
    assert len(payload) < 400
    assert status_of(home.client(max_payload=400).say(Opcode.WRITE_REQUEST, payload)) is Status.RESOURCE_EXHAUSTED
    assert home.view.writes == []
    assert len(home.client(max_payload=900).write(payload)) == 20


def test_a_cluster_that_breaks_is_a_failure_and_told_to_the_log(caplog):
    home = Home()
    home.view.write = lambda *_: 1 / 0
    assert statuses(home.client().write(message(raw(1, 5)))) == [Status.FAILURE]
    assert "ZeroDivisionError" in caplog.text


def test_a_group_writes_in_silence_to_its_endpoints():
    home = Home()
    (payload,) = write(put(Gadget.level, 3, endpoint=None), put(Gadget.label, "x", endpoint=None))
    assert home.client(BAND).say(Opcode.WRITE_REQUEST, payload) == ([], True)
    assert (home.gadget.level, home.gadget.label) == (3, "")
    assert home.endpoints[0].clusters[GADGET].state.level == 0
    assert home.client(BAND).say(Opcode.WRITE_REQUEST, write(put(Gadget.level, 4))[0]) == ([], True)
    assert home.gadget.level == 3


values = st.one_of(
    st.tuples(st.just(Gadget.level), st.one_of(st.none(), st.integers(0, 255))),
    st.tuples(st.just(Gadget.label), st.text("xyz", max_size=5)),
    st.tuples(st.just(Gadget.scenes), st.lists(st.integers(0, 0xFFFF), max_size=5).map(tuple)),
    st.tuples(st.just(Gadget.texts), st.lists(st.text("ab", max_size=70), max_size=5).map(tuple)),
    st.tuples(st.just(Gadget.serial), st.just("no")),
)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.lists(st.tuples(st.sampled_from([0, 1]), values), min_size=1, max_size=5), max_size=6),
    limit=st.integers(160, 1200),
)
def test_random_writes_end_as_in_a_dictionary(steps, limit):
    home, oracle = Home(), {}
    for step in steps:
        home.client().write(*write(*(put(a, v, endpoint=e) for e, (a, v) in step), limit=limit))
        for endpoint, (attribute, value) in step:
            if attribute is Gadget.serial or (attribute is Gadget.level and value is not None and value > 100):
                continue
            oracle[endpoint, GADGET, attribute.id] = value
    found = {v[:3]: v.value for v in home.client().read(read_request([path(None, None)])).attributes}
    assert {where: found[where] for where in oracle} == oracle
