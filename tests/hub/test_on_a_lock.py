"""The hub's steps on a real lock: what is done is what is read afterwards."""

from dataclasses import replace

from tests.support.world import tell

from latchwork.base.logs import Secret
from latchwork.devices.lock_device import lock_of
from latchwork.hub.books.capabilities_json import capabilities_from_json, capabilities_to_json
from latchwork.hub.house.desired import DesiredCredential, DesiredUser, TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import ORPHANED, Slot, WeekDay
from latchwork.hub.house.steps import AddUser, ClearUser, SetCredential, SetWeekDay
from latchwork.hub.keeping.performing import Answer, perform
from latchwork.hub.keeping.reading import read_capabilities, read_credential, read_observed

PIN = CredentialKind.PIN
WANTED = DesiredCredential(credential_id="credential_a", kind=PIN, version=1, length=6)
ANA = DesiredUser(key="person_a", person_id="person_a", access_ids=("access_a",), name="Ana", unique_id=71)
CODE = Secret(b"246813")
MORNINGS = WeekDay(0b0111110, 8 * 60, 12 * 60)


def put_pin(index: int) -> SetCredential:
    return SetCredential(
        kind=PIN, index=index, is_new=True, user_index=1, user_key="person_a", credential=WANTED, because="wanted"
    )


def test_what_a_lock_can_do_is_read_and_kept():
    async def play(world):
        peer = await world.commissioned()
        can = await read_capabilities(peer, 1)
        assert (can.has_users, can.users, can.pin_length) == (True, 100, (4, 10))
        assert (can.week_days, can.year_days) == (10, 10)
        assert capabilities_from_json(capabilities_to_json(can)) == can

    tell(play)


def test_what_was_done_is_what_is_read_and_what_was_cleared_is_gone():
    async def play(world):
        peer = await world.commissioned()
        can = await read_capabilities(peer, 1)

        async def look():
            return await read_observed(peer, 1, can, world.clock.utc, lambda _: True)

        assert (await look()).user(1) is Slot.EMPTY
        for step, secret in (
            (AddUser(index=1, user=ANA, because="new"), None),
            (SetWeekDay(user_index=1, index=1, schedule=MORNINGS, because="hours"), None),
            (put_pin(1), CODE),
        ):
            assert (await perform(peer, 1, step, secret)).answer is Answer.DONE
        seen = (await look()).user(1)
        assert (seen.name, seen.unique_id, seen.credentials) == ("Ana", 71, ((PIN, 1),))
        assert (seen.week_days[1], seen.week_days[2]) == (MORNINGS, Slot.EMPTY)
        assert (await read_credential(peer, 1, PIN, 1)).user_index == 1
        gone = await perform(peer, 1, ClearUser(index=1, key="person_a", because="left"), None)
        assert gone.answer is Answer.DONE
        assert (await look()).user(1) is Slot.EMPTY

    tell(play)


def test_what_names_a_fabric_that_is_not_on_the_lock_is_an_orphan():
    async def play(world):
        peer = await world.commissioned()
        can = await read_capabilities(peer, 1)
        await perform(peer, 1, AddUser(index=1, user=ANA, because="new"), None)
        await perform(peer, 1, put_pin(1), CODE)
        register = lock_of(world.locks["lock"].node).register
        former = replace(ANA, key="person_b", person_id="person_b", name="Ben", unique_id=72)
        await perform(peer, 1, AddUser(index=2, user=former, because="new"), None)
        # Some locks keep the number of a fabric that is gone.
        register.write(replace(register.user(2), creator=9))
        seen = await read_observed(peer, 1, can, world.clock.utc, lambda _: False)
        assert (seen.user(1).creator, seen.credential(PIN, 1).creator) == (1, 1)
        assert seen.user(2).creator == ORPHANED

    tell(play)


def test_a_refusal_says_its_cause_and_never_the_code():
    async def play(world):
        peer = await world.commissioned()
        await perform(peer, 1, AddUser(index=1, user=ANA, because="new"), None)
        await perform(peer, 1, put_pin(1), CODE)
        again = await perform(peer, 1, put_pin(2), CODE)
        assert again.answer is not Answer.DONE
        assert again.trouble.code is TroubleCode.DUPLICATE_CODE
        assert CODE.decode() not in repr(again)

    tell(play)
