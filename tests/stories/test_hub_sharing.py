"""A house with a hub that shares its locks: others come by its codes, it comes by theirs, and everybody goes by name."""

import asyncio

import pytest
from tests.support.hub import OWNER, put_user, tell

from latchwork.base.errors import Unreachable
from latchwork.controller.commissioner import CommissioningFailed
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import ORPHANED
from latchwork.hub.journal.entries import Kind
from latchwork.hub.sharing.answers import NotOpen, OwnFabric, State, WindowOpen
from latchwork.hub.sharing.rows import list_windows
from latchwork.matter.onboarding import manual_code, qr_code
from latchwork.node.icd import IcdConfig, Trigger

CLEANERS = "826419"
MINUTE = 60.0
LONG = IcdConfig(
    idle_s=600,
    active_ms=1000,
    threshold_ms=5000,
    slow_poll_ms=60_000,
    is_long_idle=True,
    trigger=Trigger.ACTUATE_SENSOR,
)


async def others(house, name="other"):
    """The controller of another ecosystem."""
    return house.world.controllers.get(name) or await house.world.controller(name, require_attestation=False)


async def share(house, name="Front", **wanted):
    wanted = {"minutes": None, "ecosystem": None, "actor": OWNER} | wanted
    return await house.hub.sharing.share(house.lock_id(name), **wanted)


async def look(house, name="Front"):
    return await house.hub.sharing.look(house.lock_id(name))


async def names(house, name="Front"):
    return [each.name for each in await house.hub.sharing.fabrics(house.lock_id(name))]


async def did(house):
    audits = await house.journal(kinds=frozenset({Kind.AUDIT}))
    return [entry.detail["did"] for entry in audits if entry.detail["did"].startswith(("share", "fabric"))]


async def crash(house):
    """As the house has it, with what sharing has under way."""
    tasks = list(house.hub.sharing.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await house.crash()


def test_an_ecosystem_joins_by_the_code_and_the_hub_tells_who_came():
    async def play(house):
        await house.door("Front")
        await house.settle(5)
        shared = await share(house, minutes=5, ecosystem="home_assistant")
        theirs = await others(house)
        await theirs.commission(manual_code(shared.payload))
        await asyncio.sleep(5)
        seen = await look(house)
        assert (seen.state, seen.last.outcome, seen.last.joined) == (
            State.CLOSED,
            "joined",
            ("Test vendor 1 (other)",),
        )
        assert (shared.free, seen.free) == (shared.free, shared.free - 1)
        events = [each.data for each in house.hub.bus._ring if each.kind == "sharing"]
        assert [each["state"] for each in events] == ["open", "joined"]
        assert events[1]["joined"] == ["Test vendor 1 (other)"]
        (added,) = await house.journal(kinds=frozenset({Kind.FABRIC_ADDED}))
        # The lock tells of the newcomer before that has told it its label; who joined is said when it is done.
        assert added.fabric_name.startswith("Test vendor 1")
        assert await did(house) == ["share", "share_joined"]
        with pytest.raises(CommissioningFailed):
            await (await others(house, "late")).commission(manual_code(shared.payload))

    tell(play)


def test_a_window_that_nobody_uses_runs_out_and_its_code_opens_nothing():
    async def play(house):
        await house.door("Front")
        shared = await share(house, minutes=3)
        await asyncio.sleep(4 * MINUTE)
        seen = await look(house)
        assert (seen.state, seen.payload, seen.last.outcome) == (State.CLOSED, None, "ran_out")
        assert await did(house) == ["share", "share_ran_out"]
        with pytest.raises(CommissioningFailed):
            await (await others(house)).commission(qr_code(shared.payload))

    tell(play)


def test_an_owner_thinks_better_of_it():
    async def play(house):
        await house.door("Front")
        await share(house)
        with pytest.raises(WindowOpen) as caught:
            await share(house)
        assert caught.value.is_ours
        await house.hub.sharing.end(house.lock_id("Front"), actor=OWNER)
        assert (await look(house)).state is State.CLOSED
        assert await did(house) == ["share", "share_end", "share_closed"]
        with pytest.raises(NotOpen):
            await house.hub.sharing.end(house.lock_id("Front"), actor=OWNER)
        assert (await share(house)).state is State.OPEN

    tell(play)


def test_while_another_ecosystem_shares_the_lock_ours_waits_and_says_for_whom():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await theirs.open_window(seconds=180)
        with pytest.raises(WindowOpen) as caught:
            await share(house)
        assert caught.value.opened_by == "Test vendor 1 (other)"
        assert not caught.value.is_ours
        assert caught.value.ends_at <= house.world.clock.utc() + 15 * MINUTE
        assert (await look(house)).state is State.OPEN_BY_OTHER
        await asyncio.sleep(4 * MINUTE)
        assert (await share(house)).state is State.OPEN

    tell(play)


@pytest.mark.parametrize("how", ["restart", "kill"])
def test_a_window_outlives_the_hub_and_whoever_joined_meanwhile_is_told(how, tmp_path):
    async def play(house):
        await house.door("Front")
        await house.settle(5)
        shared = await share(house, minutes=10)
        if how == "restart":
            await house.switch_off()
        else:
            await crash(house)
        await house.open()
        seen = await look(house)
        assert (seen.state, seen.payload, seen.ends_at) == (State.OPEN, None, shared.ends_at)
        with pytest.raises(WindowOpen) as caught:
            await share(house)
        assert caught.value.is_ours
        await house.switch_off()
        await (await others(house)).commission(qr_code(shared.payload))
        await house.open()
        await house.settle(5)
        assert (await look(house)).last.joined == ("Test vendor 1 (other)",)
        assert await did(house) == ["share", "share_joined"]
        assert house.hub.repository.database.read(list_windows) == []
        assert str(shared.payload.passcode).encode() not in (tmp_path / "hub.db").read_bytes()

    tell(play, folder=tmp_path)


def test_a_lock_that_another_ecosystem_shares_is_joined_and_what_is_theirs_stays():
    async def play(house):
        device = await house.device("Front")
        theirs = await (await others(house)).commission(device.qr)
        await put_user(theirs, 1, "Cleaners", CLEANERS)
        code = manual_code(await theirs.open_window())
        lock = await house.hub.locks.add(code, door_name="Front", door_id=None, actor=OWNER, tell=lambda _: None)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        assert await names(house) == ["Test vendor 1 (other)", "Test vendor 1 (hub)"]
        assert [each.is_ours for each in await house.hub.sharing.fabrics(lock.id)] == [False, True]
        assert house.codes("Front") == {CLEANERS, "739218"}
        assert {user.name for user in house.users("Front")} == {"Cleaners", "Ada"}

    tell(play)


def test_an_ecosystem_is_taken_off_by_name_and_what_it_leaves_is_an_orphan():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await put_user(theirs, 1, "Cleaners", CLEANERS)
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        lock_id = house.lock_id("Front")
        ours, other = await house.hub.sharing.fabrics(lock_id)
        with pytest.raises(OwnFabric):
            await house.hub.sharing.remove_fabric(lock_id, ours.index, confirm=ours.name, actor=OWNER)
        await house.hub.sharing.remove_fabric(lock_id, other.index, confirm=other.label, actor=OWNER)
        await house.settle()
        assert await names(house) == [ours.name]
        assert house.codes("Front") == {CLEANERS, "739218"}
        observed = house.hub.locks.observed(lock_id)
        assert observed.user(1).creator == ORPHANED
        assert observed.credential(CredentialKind.PIN, 1).user_index == 1
        (gone,) = await house.journal(kinds=frozenset({Kind.FABRIC_REMOVED}))
        assert gone.fabric_name == other.name
        assert await did(house) == ["fabric_removal"]

    tell(play)


def test_an_ecosystem_that_its_owner_takes_off_elsewhere_is_written_down_and_listed_no_more():
    async def play(house):
        await house.door("Front")
        theirs = await house.other("Front")
        await house.settle(5)
        assert len(await names(house)) == 2
        await (await others(house)).decommission(theirs)
        await house.settle(5)
        assert await names(house) == ["Test vendor 1 (hub)"]
        (gone,) = await house.journal(kinds=frozenset({Kind.FABRIC_REMOVED}))
        assert gone.fabric_name == "Test vendor 1 (other)"
        assert len(house.hub.locks.status(house.lock_id("Front")).fabrics) == 1

    tell(play)


def test_a_lock_that_sleeps_is_waited_for_and_opened_when_a_hand_wakes_it():
    async def play(house):
        await house.door("Front", icd=LONG)
        await house.settle(5)
        device = house.device_at("Front")
        for _ in range(600):
            if not device.node.sleep.is_active:
                break
            await asyncio.sleep(0.5)
        began = house.world.clock.utc()
        with pytest.raises(Unreachable) as caught:
            await share(house)
        assert "sleeps" in str(caught.value)
        assert "keypad" in caught.value.advice
        assert 20 < house.world.clock.utc() - began < 40
        waiting = [each.data["state"] for each in house.hub.bus._ring if each.kind == "sharing"]
        assert waiting == ["waiting"]
        asking = asyncio.create_task(share(house))
        await asyncio.sleep(5)
        device.handle({"turn": "unlock"})
        shared = await asking
        assert shared.state is State.OPEN
        assert (await (await others(house)).commission(qr_code(shared.payload))).node_id

    tell(play)
