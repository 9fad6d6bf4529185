"""Group messages: sealed once, opened by every member, replayed to none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.session.group import MAX_SENDERS, GroupKey, GroupReceiver, GroupSession, seal_group_message
from latchwork.matter.trust.access import AuthMode
from latchwork.matter.trust.groups import group_session_id, operational_key, privacy_key


def key(octet=1, *, fabric=1, groups=(0x101,)):
    secret = operational_key(Secret(bytes([octet] * 16)), bytes(8))
    return GroupKey(fabric, group_session_id(secret), secret, privacy_key(secret), frozenset(groups))


def receiver(*keys):
    made = GroupReceiver()
    made.set_keys(list(keys))
    return made


def sealed(used, counter=5, *, source=7, group=0x101, plain=b"plain text", privacy=True):
    return seal_group_message(used, source_node=source, group_id=group, counter=counter, plain=plain, privacy=privacy)


@given(st.binary(min_size=0, max_size=500), st.integers(0, 2**32 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_what_is_sealed_opens_with_the_same_key(plain, counter, source, privacy):
    mine = key()
    opened = receiver(mine).open(mine.session_id, sealed(mine, counter, source=source, plain=plain, privacy=privacy))
    assert (opened.plain, opened.counter, opened.source_node, opened.group_id) == (plain, counter, source, 0x101)


@given(st.integers(0, 8 * 44 - 1), st.booleans())
def test_one_bit_changed_anywhere_and_nothing_opens(bit, privacy):
    mine = key()
    message = bytearray(sealed(mine, privacy=privacy))
    message[bit // 8] ^= 1 << bit % 8
    into = receiver(mine)
    assert into.open(mine.session_id, bytes(message)) is None
    assert not into._senders


def test_privacy_hides_counter_and_names():
    mine = key()
    assert (7).to_bytes(8, "little") in sealed(mine, privacy=False)
    assert (7).to_bytes(8, "little") not in sealed(mine)


def test_a_replay_is_dropped_and_late_ones_are_taken_once():
    mine = key()
    into = receiver(mine)
    order = [10, 10, 12, 11, 11, 40, 12]
    opened = [into.open(mine.session_id, sealed(mine, counter)) is not None for counter in order]
    assert opened == [True, False, True, True, False, True, False]


def test_counters_roll_over():
    mine = key()
    into = receiver(mine)
    assert into.open(mine.session_id, sealed(mine, 0xFFFF_FFFF))
    assert into.open(mine.session_id, sealed(mine, 3))
    assert not into.open(mine.session_id, sealed(mine, 0xFFFF_FFFF))


def test_each_sender_and_each_fabric_counts_for_itself():
    mine, theirs = key(1), key(2, fabric=2)
    into = receiver(mine, theirs)
    assert into.open(mine.session_id, sealed(mine, 5, source=7))
    assert into.open(mine.session_id, sealed(mine, 5, source=8))
    assert into.open(theirs.session_id, sealed(theirs, 5, source=7)).key.fabric_index == 2


def test_a_key_opens_only_groups_that_it_is_mapped_to():
    mine = key(groups=(0x101,))
    assert receiver(mine).open(mine.session_id, sealed(mine, group=0x102)) is None


def test_keys_that_share_a_session_id_are_all_tried():
    mine, other = key(1), key(2)
    twin = GroupKey(2, mine.session_id, other.key, other.privacy_key, mine.groups)
    assert receiver(twin, mine).open(mine.session_id, sealed(mine)).key is mine


def test_the_senders_that_are_remembered_are_bounded():
    mine = key()
    into = receiver(mine)
    for source in range(1, 3 * MAX_SENDERS):
        assert into.open(mine.session_id, sealed(mine, source=source))
    assert len(into._senders) == MAX_SENDERS
    assert not into.open(mine.session_id, sealed(mine, source=3 * MAX_SENDERS - 1))


@given(st.binary(min_size=8, max_size=80))
def test_whatever_arrives_is_dropped_in_silence(data):
    mine = key()
    assert receiver(mine).open(mine.session_id, data) is None


def test_a_group_session_cannot_answer():
    session = GroupSession(1, 7, 0x101, ("fd00::1", 1, 0, 0), 0.0)
    assert (session.kind, session.fabric_index, session.peer_node_id) == ("group", 1, 7)
    assert session.subject.auth_mode is AuthMode.GROUP
    with pytest.raises(Misuse):
        session.seal(b"")
    with pytest.raises(Misuse):
        session.retransmission_interval(0.0)


def test_no_key_is_printed():
    assert "0101" not in repr(key())
