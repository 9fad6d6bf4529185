"""Sealed values: nobody reads, moves or alters them without the key, and the key lies beside the storage."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.logs import Secret
from latchwork.node.persistence import SEAL_PROOF, Ledger
from latchwork.store.errors import SealBroken, SealingKeyMissing, StoreError, StoreUnavailable
from latchwork.store.key_file import KEY_LENGTH, key_from_file
from latchwork.store.kv import FileStore, MemoryStore
from latchwork.store.sealed import Seal

KEY, OTHER = b"k" * KEY_LENGTH, b"o" * KEY_LENGTH


@given(st.text("abc/019", min_size=1, max_size=40), st.binary(max_size=300))
def test_what_was_sealed_is_opened_under_its_name_only(name, value):
    seal = Seal(KEY, os.urandom)
    sealed = seal.seal(name, value)
    assert seal.open(name, sealed) == value
    assert len(value) < 4 or value not in sealed
    with pytest.raises(SealBroken):
        seal.open(name + "0", sealed)


@given(st.integers(0, 32), st.integers(1, 255))
def test_an_altered_octet_is_noticed(place, change):
    sealed = bytearray(Seal(KEY, os.urandom).seal("a", b"1234"))
    sealed[place] ^= change
    with pytest.raises(SealBroken):
        Seal(KEY, os.urandom).open("a", bytes(sealed))


def test_the_same_value_is_never_sealed_the_same_way():
    seal = Seal(KEY, os.urandom)
    assert len({seal.seal("a", b"1234") for _ in range(100)}) == 100


def test_another_key_opens_nothing_and_says_what_to_do():
    with pytest.raises(SealBroken) as caught:
        Seal(OTHER, os.urandom).open("a", Seal(KEY, os.urandom).seal("a", b"1234"))
    assert "backup" in caught.value.advice


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"1234", b"\x02" + bytes(40)])
def test_what_nobody_sealed_is_not_opened(sealed):
    with pytest.raises(SealBroken):
        Seal(KEY, os.urandom).open("a", sealed)


def test_a_key_file_is_made_once_and_read_by_its_owner_only(tmp_path):
    path = tmp_path / "lock.db.key"
    key = key_from_file(path, os.urandom)
    assert key_from_file(path, None) == key
    assert key_from_file(path, lambda _: OTHER) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock.db.key"]
    assert isinstance(key, Secret)


def test_a_key_that_was_half_written_when_the_power_went_is_made_anew(tmp_path):
    (tmp_path / "lock.db.key.new").write_bytes(b"half")
    assert len(key_from_file(tmp_path / "lock.db.key", os.urandom)) == KEY_LENGTH


def test_a_key_that_must_be_there_and_is_not_is_told_with_advice(tmp_path):
    with pytest.raises(SealingKeyMissing) as caught:
        key_from_file(tmp_path / "lock.db.key", None)
    assert "lock.db.key" in caught.value.advice
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_holds_no_key_is_refused(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(SealBroken):
        key_from_file(tmp_path / "key", os.urandom)


def test_a_medium_that_refuses_is_told(tmp_path):
    with pytest.raises(StoreUnavailable):
        key_from_file(tmp_path / "nowhere" / "key", os.urandom)
    with pytest.raises(StoreUnavailable):
        key_from_file(tmp_path, os.urandom)


def test_a_file_store_keeps_its_key_beside_it(tmp_path):
    store = FileStore(tmp_path / "lock.db")
    key = store.sealing_key(os.urandom)
    assert (tmp_path / "lock.db.key").read_bytes() == bytes(key)
    assert store.sealing_key(None) == key
    store.close()


def test_sections_have_keys_of_their_own():
    store = MemoryStore()
    one, two = store.section("one"), store.section("two")
    keys = {bytes(each.sealing_key(os.urandom)) for each in (store, one, two, one.section("two"))}
    assert len(keys) == 4
    assert store.section("one").sealing_key(None) == one.sealing_key(None)


def test_a_memory_store_forgets_its_key_with_its_content_and_copies_both():
    store = MemoryStore()
    with pytest.raises(StoreError):
        store.sealing_key(None)
    store.apply({"a": b"1"})
    key = store.sealing_key(os.urandom)
    copy = store.copy()
    store.apply({"a": b"2"})
    assert (copy.get("a"), copy.sealing_key(None)) == (b"1", key)
    assert MemoryStore().sealing_key(os.urandom) != key


def test_a_ledger_makes_no_key_before_something_is_sealed():
    store = MemoryStore()
    ledger = Ledger(store)
    ledger.put("a/1", b"x")
    assert store.keys() == ["a/1"]
    sealed = ledger.seal(os.urandom).seal("b", b"secret")
    assert Ledger(store).seal(os.urandom).open("b", sealed) == b"secret"
    assert store.keys() == ["a/1", SEAL_PROOF]


def test_a_ledger_notices_that_its_key_is_gone_or_another_ones(tmp_path):
    path = tmp_path / "lock.db"
    store = FileStore(path)
    Ledger(store).seal(os.urandom)
    key = path.with_name("lock.db.key")
    kept = key.read_bytes()
    key.write_bytes(OTHER)
    with pytest.raises(SealBroken):
        Ledger(store).seal(os.urandom)
    key.unlink()
    with pytest.raises(SealingKeyMissing):
        Ledger(store).seal(os.urandom)
    key.write_bytes(kept)
    Ledger(store).seal(os.urandom)
    store.close()
