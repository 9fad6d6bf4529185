"""What is kept of sessions to resume."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.session.resumption import MAX_RECORDS, MOST_RECORDS, ResumptionRecord, ResumptionStore
from latchwork.matter.tlv.elements import TlvError


def record(number: int, *, fabric: int = 1, node: int | None = None, cats: tuple[int, ...] = ()) -> ResumptionRecord:
    return ResumptionRecord(
        resumption_id=Secret(number.to_bytes(16, "big")),
        shared_secret=Secret(b"secret of %22d" % number),
        fabric_index=fabric,
        peer_node_id=number if node is None else node,
        cats=cats,
    )


def test_a_record_is_found_by_its_id_and_by_its_peer():
    store = ResumptionStore()
    store.put(record(1, fabric=2, node=77))
    assert store.find_id((1).to_bytes(16, "big")) == store.find_peer(2, 77) == record(1, fabric=2, node=77)
    assert store.find_id(bytes(16)) is None
    assert store.find_peer(1, 77) is None


def test_a_peers_newer_record_replaces_the_older():
    store = ResumptionStore()
    store.put(record(1, node=77))
    store.put(record(2, node=77))
    assert len(store) == 1
    assert store.find_id(record(1).resumption_id) is None
    assert store.find_peer(1, 77) == record(2, node=77)


def test_an_id_given_twice_belongs_to_the_newer_peer():
    store = ResumptionStore()
    store.put(record(1, node=77))
    store.put(record(1, node=78))
    assert [each.peer_node_id for each in store] == [78]
    assert store.find_peer(1, 77) is None


def test_the_least_recently_used_record_goes_first():
    store = ResumptionStore(capacity=3)
    for number in (1, 2, 3, 1, 4):
        store.put(record(number))
    assert [each.peer_node_id for each in store] == [3, 1, 4]
    assert store.find_id(record(2).resumption_id) is None


def test_a_store_is_bounded_unless_told_otherwise():
    store = ResumptionStore()
    for number in range(200):
        store.put(record(number))
    assert len(store) == MAX_RECORDS == 64


@pytest.mark.parametrize("capacity", [0, MOST_RECORDS + 1])
def test_an_impossible_capacity_is_refused(capacity):
    with pytest.raises(Misuse):
        ResumptionStore(capacity)


def test_a_fabric_that_is_left_is_forgotten_whole():
    store = ResumptionStore()
    for number in range(6):
        store.put(record(number, fabric=1 + number % 2))
    store.forget(1)
    assert {each.fabric_index for each in store} == {2}
    assert store.find_id(record(0).resumption_id) is None
    assert store.find_peer(1, 0) is None


def test_removing_an_old_record_leaves_the_peers_new_one():
    store = ResumptionStore()
    old, new = record(1, node=7), record(2, node=7)
    store.put(old)
    store.put(new)
    store.remove(old)
    assert list(store) == [new]
    store.remove(new)
    assert not list(store)


def test_its_owner_sees_every_change():
    store = ResumptionStore()
    seen = [store.generation]
    for change in (
        lambda: store.put(record(1)),
        lambda: store.put(record(2, fabric=2)),
        lambda: store.forget(2),
        lambda: store.remove(record(1)),
    ):
        change()
        assert store.generation > seen[-1]
        seen.append(store.generation)
    store.forget(9)
    store.remove(record(9))
    assert store.generation == seen[-1]


def test_secrets_do_not_show_in_a_representation():
    shown = repr(record(1))
    assert "secret of" not in shown
    assert shown.count("Secret(…)") == 2


def test_a_record_comes_back_from_storage():
    kept = record(5, fabric=254, node=0xFFFF_FFEF_FFFF_FFFF, cats=(0x0001_0001, 0xFFFF_FFFF))
    assert ResumptionRecord.decode(kept.encode()) == kept
    assert isinstance(ResumptionRecord.decode(kept.encode()).shared_secret, Secret)


def test_a_smaller_store_takes_the_most_recently_used():
    store = ResumptionStore()
    for number in range(10):
        store.put(record(number))
    small = ResumptionStore.decode(store.encode(), capacity=2)
    assert [each.peer_node_id for each in small] == [8, 9]


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 30), st.integers(1, 3), st.integers(0, 6)),
    st.tuples(st.just("forget"), st.integers(1, 3)),
    st.tuples(st.just("remove"), st.integers(0, 30), st.integers(1, 3), st.integers(0, 6)),
)


@given(st.lists(STEPS, max_size=60))
def test_the_store_agrees_with_a_plain_list(steps):
    store, oracle = ResumptionStore(capacity=5), []
    for verb, *values in steps:
        if verb == "forget":
            store.forget(values[0])
            oracle = [each for each in oracle if each.fabric_index != values[0]]
            continue
        number, fabric, node = values
        each = record(number, fabric=fabric, node=node)
        if verb == "remove":
            store.remove(each)
            oracle = [other for other in oracle if other != each]
            continue
        store.put(each)
        peer = (fabric, node)
        oracle = [
            other
            for other in oracle
            if (other.fabric_index, other.peer_node_id) != peer and other.resumption_id != each.resumption_id
        ]
        oracle = [*oracle, each][-5:]
    assert list(store) == oracle
    assert all(store.find_id(each.resumption_id) == each for each in oracle)
    assert all(store.find_peer(each.fabric_index, each.peer_node_id) == each for each in oracle)
    assert list(ResumptionStore.decode(store.encode())) == oracle


@given(st.binary(max_size=100))
def test_any_octets_are_a_store_or_refused(octets):
    for kind in (ResumptionRecord, ResumptionStore):
        try:
            kind.decode(octets)
        except TlvError:
            continue
