"""The table of sessions: ids, room, and whom to ask first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.engines import LEFT, Side
from tests.support.world import dice

from latchwork.base.errors import Refused
from latchwork.matter.session.table import SessionTable
from latchwork.matter.trust.access import AuthMode, Subject

MAKER = Side("maker", LEFT)


def session(local_id, *, node=0xB, fabric=1, mode=AuthMode.CASE, now=0.0):
    made = MAKER.session(local_id, 1, LEFT, is_initiator=True, subject=Subject(mode, fabric, node), now=now)
    MAKER.engine.sessions.remove(made)
    return made


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_reserved_ids_differ_and_are_never_zero(seed, count):
    table, entropy = SessionTable(8), dice(seed)
    ids = [table.reserve(entropy) for _ in range(count)]
    assert len(set(ids)) == count
    assert 0 not in ids
    assert all(0 < each <= 0xFFFF for each in ids)


def test_an_id_in_use_is_passed_over_and_a_released_one_is_free():
    table = SessionTable(8)
    always = lambda length: b"\xff" * length  # noqa: E731 - dice that always fall alike
    assert table.reserve(always) == 0xFFFF
    assert table.reserve(always) == 1  # 0 means "no session"
    table.release(0xFFFF)
    assert table.reserve(always) == 0xFFFF


def test_when_every_id_is_taken_it_says_so():
    table = SessionTable(8)
    table._reserved.update(range(1, 0x10000))
    with pytest.raises(Refused):
        table.reserve(dice(0))


def test_who_was_not_used_for_longest_and_has_nothing_under_way_goes_first():
    table = SessionTable(2)
    busy, idle = session(1, now=1.0), session(2, now=2.0)
    busy.exchanges[5] = object()
    assert table.add(busy) == []
    assert table.add(idle) == []
    newcomer = session(3, now=3.0)
    assert table.add(newcomer) == [idle]
    table.remove(idle)
    idle_too = session(4, now=0.0)
    newcomer.exchanges[6] = object()
    assert table.add(idle_too) == [busy]  # never the newcomer itself


def test_removing_another_session_with_the_same_id_removes_nothing():
    table = SessionTable(2)
    first, second = session(1), session(1)
    table.add(first)
    table.remove(second)
    assert table.get(1) is first


def test_the_newest_session_with_a_peer_is_the_one_heard_last():
    table = SessionTable(9)
    old, new = session(1), session(2)
    old.last_heard, new.last_heard = 5.0, 7.0
    for each in (new, old, session(3, node=0xC), session(4, fabric=2), session(5, mode=AuthMode.PASE)):
        table.add(each)
    assert table.newest(1, 0xB) is new
    assert table.newest(2, 0xB).local_id == 4
    assert table.newest(3, 0xB) is None
