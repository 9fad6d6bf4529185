"""Registered clients and their counter, in the store."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from latchwork.base.logs import Secret
from latchwork.matter.messages.check_in import CheckInKey
from latchwork.matter.trust.access import AuthMode, Subject
from latchwork.node.check_in import names
from latchwork.node.persistence import Ledger
from latchwork.node.registrations import COUNTER, RESERVE, Registration, Registrations
from latchwork.store.kv import MemoryStore

CYCLE = 2**32


def booted(store, seed=b"\0\0\0\7"):
    registrations = Registrations(Ledger(store), lambda _: seed)
    registrations.load(range(1, 4))
    registrations.start_counter()
    return registrations


def client(node_id=9, **changes):
    return Registration(
        **{"node_id": node_id, "monitored_subject": node_id, "client_type": 0, "key": Secret(bytes(16))} | changes
    )


def test_the_counter_begins_by_chance_and_goes_on_by_one():
    registrations = booted(MemoryStore())
    assert registrations.counter == 7
    assert [registrations.next_counter() for _ in range(3)] == [8, 9, 10]


def test_after_a_restart_no_count_comes_again():
    store, used = MemoryStore(), []
    for _ in range(4):
        registrations = booted(store)
        used += [registrations.next_counter() for _ in range(RESERVE + 3)]
    assert used == sorted(set(used))


def test_what_is_reserved_is_stored_before_it_is_used():
    store = MemoryStore()
    registrations = booted(store)
    for _ in range(3 * RESERVE):
        value = registrations.next_counter()
        assert value <= int.from_bytes(store.get(COUNTER), "big")


def test_the_counter_rolls_over():
    registrations = booted(MemoryStore(), b"\xff\xff\xff\xfe")
    counts = [registrations.next_counter() for _ in range(RESERVE * 2)]
    assert counts[:3] == [CYCLE - 1, 0, 1]
    assert all((later - earlier) % CYCLE == 1 for earlier, later in pairwise(counts))


def test_what_is_sealed_opens_with_the_clients_key():
    told = CheckInKey(bytes(16)).open(client().seal(5, 5000))
    assert (told.counter, told.active_threshold_ms) == (5, 5000)
    assert "0000" not in repr(client())


def test_a_client_that_does_not_react_is_told_after_ever_more_wakes():
    one = client()
    told = []
    for wake in range(30):
        if one.is_due():
            one.told(most_skips=7)
            told.append(wake)
    assert [later - earlier for earlier, later in pairwise(told)] == [1, 2, 4, 8, 8]
    one.answered()
    assert one.is_due()


def test_without_back_off_it_is_told_at_each_wake():
    one = client()
    for _ in range(40):
        assert one.is_due()
        one.told(most_skips=0)


def test_a_subject_is_named_by_its_node_id_or_by_a_tag_it_has_in_that_version():
    subject = Subject(AuthMode.CASE, 1, 0x99, (0x0001_0003,))
    assert names(0x99, subject)
    assert not names(0x98, subject)
    assert names(0xFFFF_FFFD_0001_0003, subject)
    assert names(0xFFFF_FFFD_0001_0001, subject)
    assert not names(0xFFFF_FFFD_0001_0004, subject)
    assert not names(0xFFFF_FFFD_0002_0001, subject)


class Story(RuleBasedStateMachine):
    """Registrations against plain dictionaries, with restarts at any time."""

    def __init__(self):
        super().__init__()
        self.store = MemoryStore()
        self.registrations = booted(self.store)
        self.expected = {}
        self.last = self.registrations.counter

    @rule(index=st.integers(1, 3), node=st.integers(1, 5), key=st.binary(min_size=16, max_size=16))
    def put(self, index, node, key):
        self.registrations.put(index, client(node, key=Secret(key)))
        self.expected.setdefault(index, {})[node] = key

    @rule(index=st.integers(1, 3), node=st.integers(1, 5))
    def remove(self, index, node):
        self.registrations.remove(index, node)
        self.expected.get(index, {}).pop(node, None)

    @rule(index=st.integers(1, 3))
    def fabric_leaves(self, index):
        self.store.apply(dict.fromkeys(self.store.keys(f"f/{index}/")))
        self.registrations.forget_fabric(index)
        self.expected.pop(index, None)

    @rule()
    def power_cut(self):
        self.registrations = booted(self.store)

    @rule()
    def count(self):
        value = self.registrations.next_counter()
        assert value > self.last
        self.last = value

    @invariant()
    def both_agree(self):
        found = {}
        for index, registration in self.registrations:
            found.setdefault(index, {})[registration.node_id] = bytes(registration.key)
        assert found == {index: clients for index, clients in self.expected.items() if clients}
        assert bool(self.registrations) == bool(found)


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


@given(st.lists(st.integers(1, 250), max_size=6))
@settings(max_examples=50, deadline=None)
def test_however_often_it_restarts_it_only_goes_forward(lives):
    store, last = MemoryStore(), 7
    for life in lives:
        registrations = booted(store)
        for _ in range(life):
            value = registrations.next_counter()
            assert value > last
            last = value
