"""How an entry is written for the chain: the same octets for ever, on every machine."""

import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.entries import (
    COLUMNS,
    GENESIS,
    Entry,
    How,
    Kind,
    Why,
    chained,
    from_stored,
    octets_of,
    to_stored,
)

FULL = Entry(
    seq=7,
    at=1_700_000_000.123456,
    kind=Kind.REFUSED,
    lock_at=1_699_999_999.25,
    door_id="door_1",
    door_name="Tür\t\x01\x7f/\\",
    lock_id="lock_1",
    person_id="person_1",
    person_name='Ann "A" 🚪',
    credential_kind=CredentialKind.RFID,
    credential_id="credential_1",
    how=How.CARD,
    fabric_index=3,
    fabric_name="Apple (Home)",
    node_id=0xFFFF_FFEF_FFFF_FFFF,
    event_number=65536,
    why_unknown=Why.CONTRADICTION,
    actor="account:1",
    detail={"z": [1, None, True, "ü"], "a": -1},
)
GOLDEN = (
    '[7,1700000000123456,1699999999250000,"refused","door_1","Tür\\t\\u0001\x7f/\\\\","lock_1","person_1",'
    '"Ann \\"A\\" 🚪","rfid","credential_1","card",3,"Apple (Home)",-68719476737,65536,"contradiction","account:1",'
    '"{\\"a\\":-1,\\"z\\":[1,null,true,\\"ü\\"]}"]'
).encode()


def test_the_octets_of_a_full_entry_never_change():
    assert octets_of(to_stored(FULL)) == GOLDEN
    assert sha256(GOLDEN).hexdigest() == "c1ad350d6089b39a1a1dbad7c89f4f9df780de7a7a7ad9c41faf82e3345728cc"


def test_the_octets_of_an_empty_entry_never_change():
    empty = octets_of(to_stored(Entry(at=0, kind=Kind.AUDIT)))
    assert empty == (
        b'[0,0,null,"audit",null,"",null,null,"",null,null,"not_applicable",null,"",null,null,null,"","{}"]'
    )


def test_the_first_link_of_the_chain_never_changes():
    assert sha256(b"latchwork journal 1").digest() == GENESIS
    assert chained(GENESIS, GOLDEN) == sha256(GENESIS + GOLDEN).digest()


def test_the_order_of_the_columns_never_changes():
    assert " ".join(COLUMNS) == (
        "seq at_us lock_at_us kind door_id door_name lock_id person_id person_name credential_kind credential_id how"
        " fabric_index fabric_name node_id event_number why_unknown actor detail_json hash"
    )


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
details = st.dictionaries(
    names.map(lambda name: f"x{name}"),
    st.recursive(st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | names, st.lists, max_leaves=5),
    max_size=4,
)
entries = st.builds(
    Entry,
    seq=st.integers(1, 1 << 40),
    at=st.integers(0, 1 << 51).map(lambda micros: micros / 1e6),
    kind=st.sampled_from(Kind),
    lock_at=st.none() | st.integers(0, 1 << 51).map(lambda micros: micros / 1e6),
    door_id=st.none() | names,
    door_name=names,
    lock_id=st.none() | names,
    person_id=st.none() | names,
    person_name=names,
    credential_kind=st.none() | st.sampled_from(CredentialKind),
    credential_id=st.none() | names,
    how=st.sampled_from(How),
    fabric_index=st.none() | st.integers(0, 255),
    fabric_name=names,
    node_id=st.none() | st.integers(0, (1 << 64) - 1),
    event_number=st.none() | st.integers(0, (1 << 63) - 1),
    why_unknown=st.none() | st.sampled_from(Why),
    actor=names,
    detail=details,
    hash=st.binary(min_size=32, max_size=32),
)


@given(entries)
def test_what_is_stored_is_the_entry_again(entry):
    assert from_stored((*to_stored(entry), entry.hash)) == entry


@given(entries)
def test_anybody_can_read_the_octets_as_json(entry):
    stored = to_stored(entry)
    assert json.loads(octets_of(stored)) == list(stored)


@given(entries, entries)
def test_two_entries_never_have_the_same_octets(one, other):
    assert (octets_of(to_stored(one)) == octets_of(to_stored(other))) == (to_stored(one) == to_stored(other))
