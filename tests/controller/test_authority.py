"""A fabric's authority, and what of a controller survives a restart."""

import pytest
from tests.support.world import dice, tell

from latchwork.base.clock import MATTER_EPOCH_S, ManualClock
from latchwork.controller.authority import Authority
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.certificates import Certificate, verify_chain
from latchwork.store.kv import MemoryStore

NOW = int(ManualClock().utc()) - MATTER_EPOCH_S


def authority(store=None, seed=1):
    return Authority.open(store if store is not None else MemoryStore(), entropy=dice(seed), clock=ManualClock())


def test_an_authority_is_made_once_and_kept():
    store = MemoryStore()
    first, again = authority(store), authority(store, seed=2)
    assert (again.key.scalar, again.root.to_tlv(), again.fabric_id) == (
        first.key.scalar,
        first.root.to_tlv(),
        first.fabric_id,
    )
    assert again.ipk == first.ipk
    assert authority(MemoryStore(), seed=3).fabric_id != first.fabric_id


def test_what_it_issues_is_valid_on_its_fabric_since_yesterday():
    made, key = authority(), KeyPair.generate(dice(9))
    noc = made.issue(key.public, 0x1234, cats=(0x0001_0002,))
    verify_chain(noc, None, made.root, now=NOW)
    verify_chain(noc, None, made.root, now=NOW - 80_000)
    assert (noc.node_id, noc.fabric_id, noc.cats) == (0x1234, made.fabric_id, (0x0001_0002,))
    assert noc.not_before <= NOW - 86_000
    assert made.issue(key.public, 0x1234).serial != noc.serial


def test_our_own_membership_is_one_of_its_certificates():
    made = authority()
    fabric = made.join(1, label="Home")
    assert (fabric.index, fabric.node_id, fabric.label, fabric.fabric_id) == (1, 1, "Home", made.fabric_id)
    verify_chain(Certificate.from_tlv(fabric.noc), None, made.root, now=None)


def test_a_damaged_store_is_said_to_be_damaged():
    store = MemoryStore()
    authority(store)
    store.apply({"authority": b"\x15\x30"})
    with pytest.raises(TlvError):
        authority(store)


def test_no_secret_is_printed():
    made = authority()
    text = repr(made)
    assert made.key.scalar.hex() not in text
    assert bytes(made.ipk).hex() not in text
    assert "ipk=Secret(…)" in text


def test_node_ids_are_never_given_out_again():
    async def play(world):
        home = await world.controller()
        first = await home.commission((await world.lock("a", discriminator=1)).qr)
        await home.decommission(first)
        second = await home.commission((await world.lock("b", discriminator=2)).qr)
        assert second.node_id > first.node_id
        await home.forget(second)
        await home.close()
        home = await world.controller()
        assert not home.peers
        third = await home.commission((await world.lock("c", discriminator=3)).qr)
        assert third.node_id > second.node_id

    tell(play)
