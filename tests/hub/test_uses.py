"""What was used is proved by it, and a code for one opening is used up by the first one."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hub.desks import NOW, at_desk, grant, put_on, rows

from latchwork.hub.house.placed import Proof
from latchwork.hub.house.rules import Always, FirstUse, Once
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.keeping.uses import take_uses

OPENED = Entry(
    at=NOW,
    kind=Kind.OPENED,
    lock_id="lock_front",
    door_id="door_front",
    person_id="person_ann",
    credential_id="credential_ann",
    lock_at=NOW - 5,
)


async def test_an_opening_proves_the_code_and_is_told():
    async with at_desk() as desk:
        await put_on(desk, "ann")
        await put_on(desk, "bob", index=2)
        assert await take_uses(desk, [OPENED]) == set()
        assert rows(desk)["credential_ann"].proof is Proof.USED
        assert rows(desk)["credential_ann"].proof_at == {"accepted": NOW - 100, "used": NOW}
        assert rows(desk)["credential_bob"].proof is Proof.OCCUPIED
        assert desk.bus.last_id == 1
        assert await take_uses(desk, [OPENED]) == set()
        assert desk.bus.last_id == 1


@pytest.mark.parametrize(
    "entry",
    [
        replace(OPENED, kind=Kind.REFUSED),
        replace(OPENED, credential_id=None),
        replace(OPENED, lock_id=None),
        replace(OPENED, lock_id="lock_back"),
        replace(OPENED, lock_at=NOW - 1000),  # before this code was there
    ],
)
async def test_what_is_no_use_of_this_code_proves_nothing(entry):
    async with at_desk() as desk:
        await put_on(desk, "ann")
        assert await take_uses(desk, [entry]) == set()
        assert rows(desk)["credential_ann"].proof is Proof.OCCUPIED


async def test_a_code_whose_command_has_no_answer_yet_is_not_claimed_to_be_used():
    async with at_desk() as desk:
        await put_on(desk, "ann", proof=Proof.NONE, is_pending=True)
        await take_uses(desk, [OPENED])
        assert rows(desk)["credential_ann"].proof is Proof.NONE


@pytest.mark.parametrize("rule", [Once(), FirstUse(60)])
async def test_the_first_opening_ends_or_begins_what_counts_from_it_on_all_doors(rule):
    async with at_desk() as desk:
        access = await grant(desk, "ann", "access_1", rule)
        await put_on(desk, "ann", key="person_ann/access_1")
        assert await take_uses(desk, [replace(OPENED, kind=Kind.LOCKED)]) == set()
        assert desk.repository.access(access.id).first_used_at is None
        assert await take_uses(desk, [OPENED]) == {"door_front", "door_back"}
        assert desk.repository.access(access.id).first_used_at == NOW - 5
        assert await take_uses(desk, [replace(OPENED, lock_at=NOW)]) == set()
        assert desk.repository.access(access.id).first_used_at == NOW - 5


async def test_what_holds_always_neither_begins_nor_ends():
    async with at_desk() as desk:
        await grant(desk, "ann", "access_1", Always())
        await put_on(desk, "ann", key="person_ann/access_1")
        assert await take_uses(desk, [OPENED]) == set()


async def test_an_access_that_was_taken_back_meanwhile_is_no_matter():
    async with at_desk() as desk:
        await put_on(desk, "ann", key="person_ann/access_gone")
        assert await take_uses(desk, [OPENED]) == set()
        assert rows(desk)["credential_ann"].proof is Proof.USED


async def test_a_lock_whose_clock_is_ahead_does_not_begin_something_in_the_future():
    async with at_desk() as desk:
        await grant(desk, "ann", "access_1", FirstUse(60))
        await put_on(desk, "ann", key="person_ann/access_1")
        await take_uses(desk, [replace(OPENED, lock_at=NOW + 86_400)])
        assert desk.repository.access("access_1").first_used_at == NOW


async def test_a_lock_whose_clock_is_behind_does_not_end_something_before_it_began():
    async with at_desk() as desk:
        await grant(desk, "ann", "access_1", FirstUse(60), created_at=NOW - 200)
        await put_on(desk, "ann", key="person_ann/access_1")
        await take_uses(desk, [replace(OPENED, lock_at=NOW - 10 * 86_400)])
        assert desk.repository.access("access_1").first_used_at == NOW - 200


async def test_an_opening_by_nobody_that_is_known_uses_nothing_up():
    async with at_desk() as desk:
        await grant(desk, "ann", "access_1", Once())
        await grant(desk, "bob", "access_2", Once())
        await put_on(desk, "ann", key="person_ann/access_1")
        assert await take_uses(desk, [replace(OPENED, person_id=None)]) == set()
        await take_uses(desk, [OPENED])
        assert desk.repository.access("access_2").first_used_at is None


@given(st.lists(st.sampled_from([Kind.OPENED, Kind.LOCKED, Kind.REFUSED, Kind.UNLATCHED, Kind.DURESS]), max_size=8))
@settings(max_examples=25, deadline=None)
def test_an_access_is_used_once_however_events_come(kinds):
    async def play():
        async with at_desk() as desk:
            await grant(desk, "ann", "access_1", Once())
            await put_on(desk, "ann", key="person_ann/access_1")
            woken = [bool(await take_uses(desk, [replace(OPENED, kind=kind)])) for kind in kinds]
            is_used = any(kind in {Kind.OPENED, Kind.UNLATCHED, Kind.DURESS} for kind in kinds)
            assert sum(woken) == is_used
            assert (desk.repository.access("access_1").first_used_at is not None) is is_used

    asyncio.run(play())
