"""A house with a hub that is not alone: other ecosystems, what they leave behind, and what they do to what is ours."""

import asyncio

import pytest
from tests.support.hub import OWNER, pin, put_code, put_user, tell

from latchwork.base.errors import Misuse, Unsupported
from latchwork.base.logs import Secret
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import ORPHANED, SeenCredential, SeenUser, Slot
from latchwork.hub.house.rules import Once
from latchwork.hub.journal.entries import Kind, Why
from latchwork.hub.keeping.keeper import State
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

CLEANERS = "826419"


def at(house, name, index):
    """A user as the lock itself holds it."""
    return next((user for user in house.users(name) if user.index == index), None)


def troubles(house, name):
    return [each.code for each in house.hub.repository.troubles(house.lock_id(name))]


async def looked_at(house, name):
    """The hub reads a lock again because somebody asks."""
    house.hub.locks.wake(house.lock_id(name))
    await house.hub.keepers.get(house.lock_id(name)).settle()
    return house.hub.locks.observed(house.lock_id(name))


async def with_theirs(house, name="Front", index=1):
    """A door with a lock on which another ecosystem has somebody."""
    await house.door(name)
    theirs = await house.other(name)
    await put_user(theirs, index, "Cleaners", CLEANERS)
    await house.settle(5)
    return theirs


# Left alone


def test_what_another_ecosystem_put_there_stays_as_it_is_while_our_people_come_and_go():
    async def play(house):
        await with_theirs(house)
        before = at(house, "Front", 1)
        ada, _ = await house.person("Ada", "739218", ["Front"])
        ben, ben_code = await house.person("Ben", "481604", ["Front"])
        await house.settle()
        assert house.codes("Front") == {CLEANERS, "739218", "481604"}
        await house.hub.people.set_secret(ben_code.id, Secret(b"350947"), actor=OWNER)
        await house.settle()
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        await house.hub.people.move_out(ben.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {CLEANERS}
        assert house.users("Front") == [before]
        await house.enter("Front", CLEANERS)
        *_, opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert (opened.person_id, opened.why_unknown) == (None, Why.FOREIGN_USER)
        assert "Test vendor 1" in opened.fabric_name

    tell(play)


def test_what_is_theirs_is_listed_with_who_made_it():
    async def play(house):
        await with_theirs(house)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        seen = await looked_at(house, "Front")
        lock = house.hub.repository.lock(house.lock_id("Front"))
        theirs, ours = seen.user(1), seen.user(2)
        assert isinstance(theirs, SeenUser)
        assert isinstance(ours, SeenUser)
        assert ours.creator == lock.fabric_index != theirs.creator
        fabrics = house.hub.locks.status(lock.id).fabrics
        assert set(fabrics) == {theirs.creator, ours.creator}

    tell(play)


def test_a_lock_is_let_go_with_everything_of_ours_and_nothing_of_theirs():
    async def play(house):
        await with_theirs(house)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        device = house.device_at("Front")
        await house.hub.locks.remove(house.lock_id("Front"), is_forced=False, actor=OWNER)
        assert house.codes("Front") == {CLEANERS}
        assert len(device.node.fabrics) == 1
        (removed,) = await house.journal(kinds=frozenset({Kind.REMOVED}))
        assert removed.detail["cleared"] is True

    tell(play)


# Orphans


def test_an_ecosystem_that_left_leaves_an_orphan_that_is_found_and_stays_until_it_is_named():
    async def play(house):
        theirs = await with_theirs(house)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.world.controllers["other"].decommission(theirs)
        await house.settle()
        removed = await house.journal(kinds=frozenset({Kind.FABRIC_REMOVED}))
        assert ["Test vendor 1" in each.fabric_name for each in removed] == [True]
        seen = house.hub.locks.observed(house.lock_id("Front"))
        assert seen.user(1).creator == ORPHANED
        assert house.codes("Front") == {CLEANERS, "739218"}
        await house.enter("Front", CLEANERS)
        *_, opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert (opened.person_id, opened.why_unknown) == (None, Why.ORPHAN)
        await house.hub.locks.clear_foreign(house.lock_id("Front"), 1, None, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"739218"}
        assert house.hub.locks.observed(house.lock_id("Front")).user(1) is Slot.EMPTY
        audits = [each for each in await house.journal(kinds=frozenset({Kind.AUDIT})) if each.actor == OWNER]
        assert audits[-1].detail == {"did": "foreign_cleared", "user": 1}

    tell(play)


def test_a_code_that_is_not_ours_is_cleared_by_its_place_and_its_user_stays():
    async def play(house):
        await with_theirs(house)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.hub.locks.clear_foreign(house.lock_id("Front"), None, (CredentialKind.PIN, 1), actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"739218"}
        seen = house.hub.locks.observed(house.lock_id("Front"))
        assert seen.credential(CredentialKind.PIN, 1) is Slot.EMPTY
        assert isinstance(seen.credential(CredentialKind.PIN, 2), SeenCredential)

    tell(play)


@pytest.mark.parametrize(
    ("user", "credential"),
    [
        (None, None),
        (1, (CredentialKind.PIN, 1)),
        (0, None),
        (0xFFFE, None),
        (0xFFFF, None),
        (None, (CredentialKind.PIN, 0xFFFE)),
        (2, None),  # ours
        (None, (CredentialKind.PIN, 2)),
    ],
)
def test_what_is_ours_or_not_one_thing_is_never_cleared_as_foreign(user, credential):
    async def play(house):
        await with_theirs(house)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        with pytest.raises(Misuse):
            await house.hub.locks.clear_foreign(house.lock_id("Front"), user, credential, actor=OWNER)
        await house.settle(5)
        assert house.codes("Front") == {CLEANERS, "739218"}

    tell(play)


# Taken over


def test_a_user_of_our_fabric_that_the_books_have_lost_is_taken_over_and_gets_a_new_code():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", None, ["Front"])
        await put_user(house.peer("Front"), 4, "Ada", "739218")
        await looked_at(house, "Front")
        assert house.codes("Front") == {"739218"}
        await house.hub.locks.adopt(house.lock_id("Front"), 4, ada.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"739218"}
        assert at(house, "Front", 4).status == 1
        (credential,) = house.hub.repository.credentials(ada.id)
        await house.hub.people.set_secret(credential.id, Secret(b"481604"), actor=OWNER)
        await house.settle()
        assert house.codes("Front") == {"481604"}
        assert [user.index for user in house.users("Front")] == [4]

    tell(play)


def test_a_user_of_others_is_not_taken_over():
    async def play(house):
        await with_theirs(house)
        ada, _ = await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben")
        await house.settle()
        lock_id = house.lock_id("Front")
        await looked_at(house, "Front")
        with pytest.raises(Unsupported):
            await house.hub.locks.adopt(lock_id, 1, ben.id, actor=OWNER)
        for index in (2, 30):  # ours by the books; nobody
            with pytest.raises(Misuse):
                await house.hub.locks.adopt(lock_id, index, ada.id, actor=OWNER)

    tell(play)


# The same code


def test_a_code_that_another_ecosystems_user_has_is_told_and_another_one_solves_it():
    async def play(house):
        await with_theirs(house)
        ada, credential = await house.person("Ada", CLEANERS, ["Front"])
        await house.settle()
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert (trouble.code, trouble.is_error) == (TroubleCode.DUPLICATE_CODE, True)
        assert (trouble.person_id, trouble.credential_id) == (ada.id, credential.id)
        assert house.hub.keepers.get(house.lock_id("Front")).state is State.TROUBLED
        assert CLEANERS not in repr(trouble)
        assert at(house, "Front", 1) is not None
        await house.hub.people.set_secret(credential.id, Secret(b"739218"), actor=OWNER)
        await house.settle()
        assert troubles(house, "Front") == []
        assert house.codes("Front") == {CLEANERS, "739218"}

    tell(play)


# Drift


async def cleared(house, theirs, index):
    await theirs.invoke(1, DoorLock.clear_user, wire.ClearUser(user_index=index))


def test_a_user_of_ours_that_another_ecosystem_cleared_comes_back_and_that_is_told():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await cleared(house, theirs, 1)
        assert house.codes("Front") == set()
        await house.settle()
        assert house.codes("Front") == {"739218"}
        (repaired,) = await house.journal(kinds=frozenset({Kind.REPAIRED}))
        assert (repaired.person_id, repaired.person_name, repaired.door_name) == (ada.id, "Ada", "Front")
        (told,) = [
            each for each in await house.journal(kinds=frozenset({Kind.USER_REMOVED})) if each.person_id == ada.id
        ]
        assert "Test vendor 1" in told.fabric_name
        assert troubles(house, "Front") == []

    tell(play)


def test_a_code_of_ours_that_another_ecosystem_cleared_comes_back_and_that_is_told():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await theirs.invoke(1, DoorLock.clear_credential, wire.ClearCredential(credential=pin(1)))
        assert house.codes("Front") == set()
        await house.settle()
        assert house.codes("Front") == {"739218"}
        assert [each.person_name for each in await house.journal(kinds=frozenset({Kind.REPAIRED}))] == ["Ada"]

    tell(play)


def test_a_drift_of_which_no_event_told_is_found_by_the_slow_audit():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        house.fault("Front", "lost-events", "1")
        await cleared(house, theirs, 1)
        await house.settle(3600)
        assert house.codes("Front") == set()
        house.device_at("Front").take_fault("lost-events")
        await house.settle(25 * 3600)
        assert house.codes("Front") == {"739218"}
        assert [each.person_name for each in await house.journal(kinds=frozenset({Kind.REPAIRED}))] == ["Ada"]

    tell(play)


def test_two_managers_do_not_fight_for_ever():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        ada = next(user.index for user in house.users("Front") if user.name == "Ada")
        fights = 0
        while house.codes("Front") == {"739218", "481604"} and fights < 20:
            fights += 1
            await cleared(house, theirs, ada)
            await house.settle(60)
        assert 2 <= fights <= 6
        assert house.codes("Front") == {"481604"}
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert (trouble.code, trouble.is_error) == (TroubleCode.DRIFTED, True)
        await house.settle(7200)
        assert house.codes("Front") == {"481604"}
        # Somebody has found the other manager, and has the hub look again.
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle()
        assert house.codes("Front") == {"739218", "481604"}
        assert troubles(house, "Front") == []

    tell(play)


def test_somebody_elses_user_in_the_place_of_ours_is_left_alone_and_ours_goes_elsewhere():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        house.world.air.part(house.world.hosts["hub"], house.world.hosts["Front"])
        await cleared(house, theirs, 1)
        await put_user(theirs, 1, "Cleaners", CLEANERS)
        await house.settle(600)
        house.world.air.rejoin(house.world.hosts["hub"], house.world.hosts["Front"])
        await house.settle(1200)
        assert house.codes("Front") == {CLEANERS, "739218"}
        assert at(house, "Front", 1).name == "Cleaners"
        assert at(house, "Front", 2).name == "Ada"

    tell(play)


def test_a_one_time_user_that_somebody_took_away_is_not_put_on_again():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.person("Plumber", "604183", ["Front"], Once())
        await house.settle()
        await cleared(house, theirs, 1)
        await house.settle(3600)
        assert house.codes("Front") == set()
        assert troubles(house, "Front") == [TroubleCode.DRIFTED]

    tell(play)


def test_a_code_that_somebody_else_put_on_our_user_is_told_and_left():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await put_code(house.peer("Front"), 1, CLEANERS, 9)  # our own fabric, past the hub: a former installation of it
        await looked_at(house, "Front")
        await asyncio.sleep(5)
        assert house.codes("Front") == {"739218", CLEANERS}
        assert TroubleCode.FOREIGN_USER in troubles(house, "Front")

    tell(play)
