"""Sharing, where the lock or the network does what a virtual lock would not: lost answers, races, silence, restarts."""

import asyncio
import xml.etree.ElementTree as ET

import pytest
from tests.support.hub import OwnThreadDatabase
from tests.support.shared_lock import APPLE, GOOGLE, OURS, AnyLocks, ModelSharing, busy, fabric
from tests.support.world import LoopClock, dice

from latchwork.base.errors import Misuse, Refused, Unreachable
from latchwork.hub.books.repository import Repository
from latchwork.hub.books.secrets import Secrets
from latchwork.hub.bus import Bus
from latchwork.hub.desk import Desk
from latchwork.hub.house.entities import Door, Lock
from latchwork.hub.journal.journal import Journal
from latchwork.hub.journal.query import Filter
from latchwork.hub.sharing.answers import NoFreeFabric, NotConfirmed, SomebodyJoins, State, WindowOpen
from latchwork.hub.sharing.ecosystems import ANY, ECOSYSTEMS, find_ecosystem
from latchwork.hub.sharing.qr_pictures import qr_svg, qr_terminal
from latchwork.hub.sharing.rows import list_windows
from latchwork.matter.messages.status import Status, StatusError
from latchwork.stack.virtual_time import run_virtual

ACTOR = "account:owner"
MINUTE = 60.0


class Scene:
    """One lock, as plain values, and the hub's sharing before it."""

    def __init__(self, desk):
        self.desk = desk
        self.peers = AnyLocks()
        self.lock = self.peers.get(7)
        self.sharing = None

    def start(self):
        self.sharing = ModelSharing(self.desk, self.peers)
        self.sharing.begin()
        return self.sharing

    async def restart(self):
        await self.sharing.close()
        return self.start()

    async def share(self, **wanted):
        return await self.sharing.share("lock_1", **({"minutes": None, "ecosystem": None, "actor": ACTOR} | wanted))

    async def look(self):
        return await self.sharing.look("lock_1")

    def windows(self):
        return self.desk.repository.database.read(list_windows)

    async def did(self):
        page = await self.desk.journal.page(Filter(), limit=100, oldest_first=True)
        return [(entry.actor, entry.detail["did"], entry.fabric_name) for entry in page.entries]

    def told(self):
        return [each.data for each in self.desk.bus._ring if each.kind == "sharing"]


def tell(play):
    async def main():
        database = OwnThreadDatabase(None)
        clock, entropy = LoopClock(), dice("sharing")
        desk = Desk(
            repository=Repository(database),
            secrets=await Secrets.open(database, entropy),
            journal=Journal(database),
            bus=Bus(),
            clock=clock,
            entropy=entropy,
        )
        await desk.repository.put_lock(Lock(id="lock_1", node_id=7, fabric_index=OURS))
        await desk.repository.put_door(Door(id="door_1", name="Front", lock_id="lock_1"))
        scene = Scene(desk)
        scene.start()
        try:
            await play(scene)
        finally:
            await scene.sharing.close()
            await database.close()

    run_virtual(main())


# Opening


def test_the_answer_says_for_whom_until_when_and_how_much_room_there_is():
    async def play(scene):
        shared = await scene.share(minutes=5, ecosystem="google")
        assert shared.state is State.OPEN
        assert shared.ends_at - shared.opened_at == 5 * MINUTE
        assert (shared.ecosystem.name, shared.free, shared.warnings) == ("Google Home", 4, ())
        assert "passcode" not in repr(shared)
        assert scene.lock.done == [("open", 300)]
        assert await scene.did() == [(ACTOR, "share", "")]
        (told,) = scene.told()
        assert told["state"] == "open"
        assert (told["door_id"], told["ecosystem"]) == ("door_1", "google")
        assert (await scene.look()).payload == shared.payload

    tell(play)


def test_one_that_takes_two_places_is_warned_of_where_one_is_left():
    async def play(scene):
        scene.lock.supported = 2
        assert "takes 2 places" in (await scene.share(ecosystem="apple")).warnings[0]
        await scene.sharing.end("lock_1", actor=ACTOR)
        assert "last free place" in (await scene.share(ecosystem="google")).warnings[0]

    tell(play)


def test_a_window_lasts_three_to_fifteen_minutes_and_is_for_one_that_is_known():
    async def play(scene):
        for wanted in ({"minutes": 2}, {"minutes": 16}, {"ecosystem": "nobody"}):
            with pytest.raises(Misuse):
                await scene.share(**wanted)
        assert not scene.lock.done
        assert scene.windows() == []

    tell(play)


def test_two_who_ask_at_once_get_one_window():
    async def play(scene):
        results = await asyncio.gather(scene.share(), scene.share(), return_exceptions=True)
        assert [type(each).__name__ for each in results] == ["Shared", "WindowOpen"]
        assert results[1].is_ours

    tell(play)


def test_a_lock_that_says_busy_is_asked_who_was_faster():
    async def play(scene):
        scene.lock.opening_error = busy()
        with pytest.raises(SomebodyJoins):
            await scene.share()
        assert scene.windows() == []

        async def too_late(*, seconds):
            assert seconds
            scene.lock.fabrics[2] = fabric(2, GOOGLE)
            scene.lock.opener = (2, GOOGLE)
            raise busy()

        scene.lock.open_window = too_late
        with pytest.raises(WindowOpen) as caught:
            await scene.share()
        assert (caught.value.opened_by, caught.value.is_ours) == ("Google", False)
        assert "revoke" not in scene.lock.done
        assert scene.windows() == []

    tell(play)


def test_a_refusal_leaves_nothing_behind_and_says_so():
    async def play(scene):
        scene.lock.opening_error = StatusError(Status.FAILURE)
        with pytest.raises(Refused):
            await scene.share()
        assert scene.windows() == []
        assert [did for _, did, _ in await scene.did()] == ["share", "share_failed"]
        assert (await scene.look()).state is State.CLOSED

    tell(play)


def test_a_window_whose_answer_was_lost_is_closed_again_since_nobody_has_its_code():
    async def play(scene):
        scene.lock.loses = 1
        with pytest.raises(Unreachable):
            await scene.share()
        assert scene.lock.done == [("open", 900), "revoke"]
        assert scene.lock.opener is None
        assert scene.windows() == []

    tell(play)


def test_where_the_lock_then_falls_silent_it_is_closed_when_it_is_heard_again():
    async def play(scene):
        async def lost(*, seconds):
            scene.lock.opener = (OURS, 0xFFF1)
            scene.lock.is_silent = True
            raise Unreachable(f"no answer to a window of {seconds} s")

        scene.lock.open_window = lost
        with pytest.raises(Unreachable) as caught:
            await scene.share()
        assert "closes it when it can" in caught.value.advice
        assert len(scene.windows()) == 1
        seen = await scene.look()
        assert (seen.state, seen.payload) == (State.UNKNOWN, None)
        scene.lock.is_silent = False
        await asyncio.sleep(2 * MINUTE)
        assert scene.lock.opener is None
        assert scene.windows() == []

    tell(play)


def test_a_full_lock_names_who_is_on_it():
    async def play(scene):
        scene.lock.fabrics[2] = fabric(2, APPLE, "Home")
        scene.lock.supported = 2
        with pytest.raises(NoFreeFabric) as caught:
            await scene.share()
        assert caught.value.names == ("Test vendor 1 (Latchwork)", "Apple (Home)")
        assert "all places are taken" in str(caught.value)

    tell(play)


def test_an_answer_that_is_older_than_the_window_does_not_end_it():
    async def play(scene):
        read = scene.lock.read

        async def slow(*queries, fabric_filtered):
            said = await read(*queries, fabric_filtered=fabric_filtered)
            await asyncio.sleep(5)
            return said

        scene.lock.read = slow
        looking = asyncio.create_task(scene.look())
        await asyncio.sleep(1)
        scene.lock.read = read
        await scene.share()
        assert (await looking).last is None
        assert (await scene.look()).state is State.OPEN

    tell(play)


# Ends


def test_whoever_joins_is_told_by_name_once_the_lock_has_closed_behind_them():
    async def play(scene):
        await scene.share(ecosystem="apple")
        scene.lock.fabrics[2] = fabric(2, APPLE, "Home")
        await asyncio.sleep(MINUTE)
        assert (await scene.look()).state is State.OPEN
        scene.lock.opener = None
        await asyncio.sleep(MINUTE)
        end = (await scene.look()).last
        assert (end.outcome, end.joined) == ("joined", ("Apple (Home)",))
        assert (await scene.did())[1:] == [("hub", "share_joined", "Apple (Home)")]
        assert scene.told()[-1]["state"] == "joined"
        assert scene.told()[-1]["free_fabrics"] == 3
        assert scene.windows() == []

    tell(play)


def test_somebody_who_is_still_joining_when_the_window_shuts_is_waited_for():
    async def play(scene):
        await scene.share(minutes=3)
        await asyncio.sleep(170)
        scene.lock.breadcrumb = 2
        scene.lock.opener = None
        await asyncio.sleep(30)
        seen = await scene.look()
        assert (seen.state, seen.last) == (State.CLOSED, None)
        assert "joining" in seen.why
        scene.lock.breadcrumb = 0
        scene.lock.joins(2, GOOGLE)
        await asyncio.sleep(MINUTE)
        assert (await scene.look()).last.outcome == "joined"

    tell(play)


def test_who_never_finishes_joining_is_not_waited_for_for_ever():
    async def play(scene):
        await scene.share(minutes=3)
        scene.lock.breadcrumb = 2
        await asyncio.sleep(3 * MINUTE)
        scene.lock.opener = None
        await asyncio.sleep(3 * MINUTE)
        assert (await scene.look()).last.outcome == "ran_out"

    tell(play)


def test_the_end_of_the_time_and_an_early_end_by_others_are_told_apart():
    async def play(scene):
        await scene.share(minutes=3)
        await asyncio.sleep(180)
        scene.lock.opener = None
        await asyncio.sleep(MINUTE)
        await scene.share(minutes=3)
        await asyncio.sleep(30)
        scene.lock.opener = None
        await asyncio.sleep(MINUTE)
        assert [did for _, did, _ in await scene.did()] == ["share", "share_ran_out", "share", "share_ended"]

    tell(play)


def test_one_who_closes_it_here_is_written_down_and_what_is_somebody_elses_stays_open():
    async def play(scene):
        await scene.share()
        await scene.sharing.end("lock_1", actor="account:mum")
        assert (await scene.did())[1:] == [("account:mum", "share_end", ""), ("hub", "share_closed", "")]
        scene.lock.fabrics[2] = fabric(2, APPLE)
        scene.lock.opener = (2, APPLE)
        with pytest.raises(WindowOpen):
            await scene.sharing.end("lock_1", actor=ACTOR)
        assert scene.lock.opener == (2, APPLE)

    tell(play)


def test_somebody_elses_window_ends_a_quarter_of_an_hour_after_it_was_first_seen_at_the_latest():
    async def play(scene):
        scene.lock.fabrics[2] = fabric(2, APPLE)
        scene.lock.opener = (2, APPLE)
        first = await scene.look()
        assert (first.state, first.opened_by) == (State.OPEN_BY_OTHER, "Apple")
        await asyncio.sleep(5 * MINUTE)
        assert (await scene.look()).ends_at == first.ends_at == scene.desk.now() + 10 * MINUTE
        del scene.lock.fabrics[2]
        scene.lock.opener = (None, APPLE)
        assert (await scene.look()).opened_by == "Apple"
        scene.lock.opener = (9, 0x9999)
        assert (await scene.look()).opened_by == "vendor 9999"

    tell(play)


def test_a_window_of_another_program_on_our_fabric_can_be_closed_from_here():
    async def play(scene):
        scene.lock.opener = (OURS, 0xFFF1)
        seen = await scene.look()
        assert seen.state is State.OPEN_BY_OTHER
        assert "own fabric" in seen.opened_by
        await scene.sharing.end("lock_1", actor=ACTOR)
        assert scene.lock.opener is None

    tell(play)


# Restarts and silence


def test_after_a_restart_the_window_is_still_seen_and_its_code_is_not():
    async def play(scene):
        shared = await scene.share(ecosystem="aqara")
        await scene.restart()
        seen = await scene.look()
        assert (seen.state, seen.payload, seen.ends_at) == (State.OPEN, None, shared.ends_at)
        assert seen.ecosystem.id == "aqara"
        assert "restarted" in seen.why
        stored = b"".join(
            str(row).encode()
            for table in ("share", "journal", "setting")
            for row in scene.desk.repository.database.read(
                lambda to, table=table: to.execute(f"SELECT * FROM {table}").fetchall()
            )
        )
        assert str(shared.payload.passcode).encode() not in stored
        scene.lock.joins(2, APPLE)
        await asyncio.sleep(MINUTE)
        assert (await scene.look()).last.joined == ("Apple",)
        assert scene.windows() == []

    tell(play)


def test_what_happened_while_the_hub_was_off_is_told_when_it_is_back():
    async def play(scene):
        await scene.share(minutes=3)
        await scene.sharing.close()
        await asyncio.sleep(10 * MINUTE)
        scene.lock.opener = None
        scene.start()
        await asyncio.sleep(5)
        assert (await scene.look()).last.outcome == "ran_out"

    tell(play)


def test_a_lock_that_is_not_heard_is_neither_open_nor_closed_and_its_code_ends_with_its_time():
    async def play(scene):
        await scene.share(minutes=3)
        scene.lock.is_silent = True
        seen = await scene.look()
        assert seen.state is State.UNKNOWN
        assert seen.payload is not None
        assert "not known" in seen.why
        await asyncio.sleep(4 * MINUTE)
        seen = await scene.look()
        assert (seen.state, seen.payload, seen.last) == (State.UNKNOWN, None, None)
        assert len(scene.windows()) == 1
        scene.lock.is_silent = False
        scene.lock.joins(2, GOOGLE)
        assert (await scene.look()).last.joined == ("Google",)

    tell(play)


def test_the_window_of_a_lock_that_was_removed_is_forgotten():
    async def play(scene):
        await scene.share()
        scene.peers.get = lambda _node, _default=None: None
        await asyncio.sleep(MINUTE)
        assert scene.windows() == []
        assert not scene.sharing.tasks

    tell(play)


# Removing


def test_a_fabric_is_removed_by_vendor_label_or_both_and_what_it_leaves_is_looked_at():
    async def play(scene):
        for index, name in ((2, "Apple"), (3, "Home"), (4, " Apple (Home) ")):
            scene.lock.fabrics[index] = fabric(index, APPLE, "Home")
            await scene.sharing.remove_fabric("lock_1", index, confirm=name, actor=ACTOR)
        assert scene.lock.done == [("remove", 2), ("remove", 3), ("remove", 4)]
        assert scene.sharing.woken == [("lock_1", "lock")] * 3
        assert {did for _, did, _ in await scene.did()} == {"fabric_removal"}

    tell(play)


@pytest.mark.parametrize("name", ["", " ", "apple", "Home ", "2", "vendor 1349"])
def test_a_name_that_is_not_the_listed_one_removes_nothing(name):
    async def play(scene):
        scene.lock.fabrics[2] = fabric(2, APPLE)
        with pytest.raises(NotConfirmed) as caught:
            await scene.sharing.remove_fabric("lock_1", 2, confirm=name, actor=ACTOR)
        assert caught.value.expected == "Apple"
        assert not scene.lock.done
        assert await scene.did() == []

    tell(play)


def test_a_lock_that_lies_about_which_fabric_is_ours_does_not_lose_us():
    async def play(scene):
        from tests.support.shared_lock import OUR_ROOT

        scene.lock.fabrics[2] = fabric(2, label="Latchwork", root=OUR_ROOT)
        for index in (1, 2):
            with pytest.raises(Misuse, match="the hub itself"):
                await scene.sharing.remove_fabric("lock_1", index, confirm="Latchwork", actor=ACTOR)
        assert not scene.lock.done

    tell(play)


# The table, and pictures


def test_every_ecosystem_is_found_by_its_id_and_none_by_a_wrong_one():
    assert [find_ecosystem(each.id) for each in ECOSYSTEMS] == list(ECOSYSTEMS)
    assert find_ecosystem(None) is find_ecosystem("") is ANY
    assert find_ecosystem("nobody") is None
    vendors = [vendor for each in ECOSYSTEMS for vendor in each.vendor_ids]
    assert len(vendors) == len(set(vendors))


def test_pictures_are_drawn_with_their_quiet_zone_and_nothing_that_runs():
    text = "MT:Y.K90AFN00KA0648G00"
    root = ET.fromstring(qr_svg(text))
    size = int(root.get("width"))
    assert size == (25 + 8) * 8
    assert {each.tag.rpartition("}")[2] for each in root.iter()} == {"svg", "g", "path"}
    lines = qr_terminal(text).splitlines()
    assert len(lines) == 15
    assert {len(line) for line in lines} == {29}
    assert qr_svg(text) == qr_svg(text) != qr_svg(text + "0")
