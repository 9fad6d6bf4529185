"""The C++ SDK's datagrams, through the whole engine."""

import pytest
from tests.support.engines import strangers
from tests.vectors import dispatch

from latchwork.base.logs import Secret
from latchwork.matter.session.group import GroupKey
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.matter.trust.groups import group_session_id, operational_key, privacy_key

SOMEWHERE = ("::1", 5540, 0, 0)


@pytest.mark.parametrize("vector", dispatch.PASE, ids=lambda vector: vector.name)
def test_a_message_of_a_pase_session(vector):
    side = strangers().right
    session = side.session(
        dispatch.PASE_SESSION_ID,
        dispatch.PASE_SESSION_ID,
        SOMEWHERE,
        is_initiator=False,
        decrypt_key=Secret(dispatch.PASE_KEY),
        subject=Subject(AuthMode.PASE, 0),
    )
    side.engine.receive_datagram(vector.octets, SOMEWHERE, 0.0)
    assert [message.payload for _, message in side.requests] == [vector.payload] * vector.is_delivered
    if vector.is_delivered:
        exchange, message = side.requests[0]
        assert (message.opcode, message.protocol_id, exchange.exchange_id) == (0x64, 0x7D20, 0x0EEE)
    else:
        assert session.reception.newest == 0  # what is not authentic does not move the window


def test_messages_of_a_group():
    side = strangers().right
    key = operational_key(Secret(dispatch.GROUP_EPOCH_KEY), dispatch.COMPRESSED_FABRIC_ID)
    assert (bytes(key), bytes(privacy_key(key))) == (dispatch.GROUP_KEY, dispatch.GROUP_PRIVACY_KEY)
    assert group_session_id(key) == dispatch.GROUP_SESSION_ID
    mine = GroupKey(1, group_session_id(key), key, privacy_key(key), frozenset({dispatch.GROUP_ID}))
    # Another key that happens to share the session id comes first and must not be in the way.
    other = GroupKey(2, mine.session_id, Secret(bytes(16)), Secret(bytes(16)), mine.groups)
    side.engine.groups.set_keys([other, mine])
    for vector in dispatch.GROUP:
        side.requests.clear()
        side.engine.receive_datagram(vector.octets, SOMEWHERE, 0.0)
        assert [message.payload for _, message in side.requests] == [vector.payload] * vector.is_delivered, vector.name
        if vector.is_delivered:
            subject = side.requests[0][0].session.subject
            assert (subject.auth_mode, subject.fabric_index, subject.group_id) == (AuthMode.GROUP, 1, 2)
    assert not side.out, "a group message is never acknowledged"
    assert side.engine.counts.not_authentic == 2
