"""The ledger: turns are atomic, the undo journal puts everything back, a power cut in between changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from latchwork.node.persistence import UNDO, Ledger
from latchwork.store.kv import MemoryStore, StoreUnavailable


class CountingStore(MemoryStore):
    """Counts writes."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def apply(self, changes):
        self.writes.append(dict(changes))
        super().apply(changes)


def content(store):
    return {key: store.get(key) for key in store.keys("")}


def test_a_turn_is_one_write():
    store = CountingStore()
    ledger = Ledger(store)
    with ledger.turn():
        ledger.put("a/1", b"x")
        with ledger.turn():
            ledger.put("a/2", b"y")
        assert not store.writes
        assert ledger.get("a/1") == b"x"
        assert ledger.keys("a/") == ["a/1", "a/2"]
    assert store.writes == [{"a/1": b"x", "a/2": b"y"}]


def test_a_change_outside_a_turn_is_written_at_once():
    store = CountingStore()
    Ledger(store).put("a/1", b"x")
    assert content(store) == {"a/1": b"x"}


def test_a_turn_without_changes_writes_nothing():
    store = CountingStore()
    with Ledger(store).turn():
        pass
    assert not store.writes


def test_a_roll_back_puts_covered_keys_back_and_leaves_others():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.put("f/1/acl", b"old")
    ledger.begin_undo()
    ledger.cover("f/1/")
    ledger.put("f/1/acl", b"new")
    ledger.put("f/1/groups", b"g")
    ledger.put("f/2/acl", b"other")
    assert ledger.roll_back() == {"f/1/acl": b"old", "f/1/groups": None}
    assert content(store) == {"f/1/acl": b"old", "f/2/acl": b"other"}


def test_an_empty_value_is_put_back_as_empty_and_not_as_absent():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.put("f/1/acl", b"")
    ledger.begin_undo()
    ledger.cover("f/")
    ledger.put("f/1/acl", b"new")
    ledger.roll_back()
    assert content(store) == {"f/1/acl": b""}


class FullStore(MemoryStore):
    """Refuses writes while it is full."""

    is_full = True

    def apply(self, changes):
        if self.is_full:
            raise StoreUnavailable("full")
        super().apply(changes)


def test_what_was_refused_goes_along_with_the_next_write():
    store = FullStore()
    ledger = Ledger(store)
    with pytest.raises(StoreUnavailable):
        ledger.put("a/1", b"x")
    assert ledger.get("a/1") == b"x"
    store.is_full = False
    ledger.put("a/2", b"y")
    assert content(store) == {"a/1": b"x", "a/2": b"y"}


def test_what_is_to_be_told_is_told_when_it_is_stored():
    store, told = CountingStore(), []
    ledger = Ledger(store)
    with ledger.turn():
        with ledger.turn():
            ledger.put("a/1", b"x")
            ledger.when_stored(lambda: told.append(len(store.writes)))
        assert told == []
    assert told == [1]
    ledger.when_stored(lambda: told.append("at once"))
    assert told == [1, "at once"]


def test_what_the_store_refused_is_told_to_nobody():
    store, told = FullStore(), []
    ledger = Ledger(store)

    def tell_too_early():
        with ledger.turn():
            ledger.put("a/1", b"x")
            ledger.when_stored(lambda: told.append("never"))

    with pytest.raises(StoreUnavailable):
        tell_too_early()
    store.is_full = False
    ledger.put("a/2", b"y")
    assert told == []


def test_a_prefix_covers_only_its_own_fabric():
    ledger = Ledger(MemoryStore())
    ledger.begin_undo()
    ledger.cover("f/1/")
    ledger.put("f/12/acl", b"x")
    assert ledger.roll_back() == {}


def test_keeping_leaves_no_journal():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.begin_undo()
    ledger.cover("f/")
    ledger.put("f/1/acl", b"new")
    ledger.keep()
    assert content(store) == {"f/1/acl": b"new"}
    assert not ledger.recover()


def test_what_is_uncovered_is_not_put_back():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.put("f/1/acl", b"old")
    ledger.begin_undo()
    ledger.cover("f/1/")
    ledger.put("f/1/acl", b"new")
    ledger.uncover("f/1/")
    ledger.erase("f/1/")
    assert ledger.roll_back() == {}
    assert content(store) == {}


def test_a_power_cut_under_the_journal_is_rolled_back_at_the_next_start():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.put("f/1/acl", b"old")
    ledger.begin_undo()
    ledger.cover("f/1/")
    ledger.put("f/1/acl", b"new")
    assert content(store)[UNDO + "f/1/acl"] == b"\1old"
    assert Ledger(store).recover()
    assert content(store) == {"f/1/acl": b"old"}


KEYS = st.sampled_from(["f/1/a", "f/1/b", "f/2/a", "x/1"])
VALUES = st.one_of(st.none(), st.binary(max_size=3))


@given(st.lists(st.tuples(KEYS, VALUES)), st.lists(st.tuples(KEYS, VALUES)), st.booleans())
def test_a_roll_back_equals_never_having_changed(before, during, is_power_cut):
    store = MemoryStore()
    ledger = Ledger(store)
    for key, value in before:
        ledger.put(key, value)
    earlier = content(store)
    ledger.begin_undo()
    ledger.cover("")
    for key, value in during:
        ledger.put(key, value)
    if is_power_cut:
        Ledger(store).recover()
    else:
        ledger.roll_back()
    assert content(store) == earlier


class LedgerStory(RuleBasedStateMachine):
    """A ledger against a plain dictionary, with an undo journal opened and closed at will."""

    def __init__(self):
        super().__init__()
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.truth = {}
        self.before = None

    @rule(key=KEYS, value=VALUES)
    def put(self, key, value):
        self.ledger.put(key, value)
        self._tell(key, value)

    @rule(changes=st.lists(st.tuples(KEYS, VALUES), max_size=4))
    def turn(self, changes):
        with self.ledger.turn():
            for key, value in changes:
                self.ledger.put(key, value)
                self._tell(key, value)

    def _tell(self, key, value):
        self.truth.pop(key, None)
        if value is not None:
            self.truth[key] = value

    @precondition(lambda self: self.before is None)
    @rule()
    def arm(self):
        self.ledger.begin_undo()
        self.ledger.cover("f/1/")
        self.before = dict(self.truth)

    @precondition(lambda self: self.before is not None)
    @rule()
    def keep(self):
        self.ledger.keep()
        self.before = None

    @precondition(lambda self: self.before is not None)
    @rule(is_power_cut=st.booleans())
    def undo(self, is_power_cut):
        if is_power_cut:
            self.ledger = Ledger(self.store)
            self.ledger.recover()
        else:
            self.ledger.roll_back()
        for key in [key for key in self.truth if key.startswith("f/1/")]:
            del self.truth[key]
        self.truth.update({k: v for k, v in self.before.items() if k.startswith("f/1/")})
        self.before = None

    @invariant()
    def says_what_the_dictionary_says(self):
        assert {k: v for k, v in content(self.store).items() if not k.startswith(UNDO)} == self.truth


TestLedgerStory = LedgerStory.TestCase
