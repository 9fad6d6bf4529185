"""What locks said over time: kept seldom, told as it was, and forgotten when it is old."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hub.desks import LOCK, NOW, at_desk
from tests.support.hub import tell

from latchwork.base.errors import Unreachable
from latchwork.controller.check_in import StillAsleep
from latchwork.hub.listening import history as module
from latchwork.hub.listening.history import History, Sample, SampleKind, link_of
from latchwork.matter.interaction.values import AttributeStatus, AttributeValue

HOUR, DAY = 3600.0, 86_400.0
BATTERY = SampleKind.BATTERY


def neighbours(*rows):
    """Thread's neighbour table as it comes from a lock, undeclared."""
    return AttributeValue(0, 0x35, 7, [dict(row) for row in rows], 1, False)


def wifi(rssi):
    return AttributeValue(0, 0x36, 4, rssi, 1, False)


def refused(cluster):
    return AttributeStatus(0, cluster, 7, 0xC3)


class Radio:
    """A lock as far as its link is asked for."""

    def __init__(self, *entries):
        self.entries = list(entries)
        self.asked = 0
        self.error = None
        self.is_asleep = False

    async def read(self, *queries):
        assert all(each.is_concrete for each in queries)
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.entries

    async def wait_awake(self, timeout=None):  # noqa: ASYNC109 - as the peer's own
        if self.is_asleep:
            raise StillAsleep(f"it sleeps for more than {timeout} s")


def history(desk, radio=None, *, watched=(), is_reachable=True):
    controller = SimpleNamespace(
        peers={} if radio is None else {LOCK.node_id: radio}, check_ins=SimpleNamespace(watched=set(watched))
    )
    return History(desk, controller, lambda _: is_reachable)


async def test_a_sample_an_hour_is_enough_unless_much_has_changed():
    async with at_desk() as desk:
        kept = history(desk)
        assert await kept.keep(LOCK.id, {BATTERY: 80.0})
        desk.clock.advance(60)
        assert not await kept.keep(LOCK.id, {BATTERY: 79.0})
        assert await kept.keep(LOCK.id, {BATTERY: 75.0})
        desk.clock.advance(HOUR)
        assert await kept.keep(LOCK.id, {BATTERY: 75.0})
        found = kept.samples(LOCK.id, BATTERY, since=NOW - DAY)
        assert found == [Sample(NOW, 80.0), Sample(NOW + 60, 75.0), Sample(NOW + 60 + HOUR, 75.0)]
        assert kept.samples("lock_back", BATTERY, since=NOW - DAY) == []
        assert [event.kind for event in desk.bus._ring] == ["history"] * 3


async def test_a_clock_that_was_set_back_does_not_stop_it():
    async with at_desk() as desk:
        kept = history(desk)
        await kept.keep(LOCK.id, {BATTERY: 80.0})
        desk.clock.advance(-10 * DAY)
        assert await kept.keep(LOCK.id, {BATTERY: 80.0})


async def test_what_is_old_is_forgotten_and_there_is_a_bound(monkeypatch):
    monkeypatch.setattr(module, "MAX_SAMPLES", 5)
    async with at_desk() as desk:
        kept = history(desk)
        for _ in range(9):
            desk.clock.advance(HOUR)
            await kept.keep(LOCK.id, {BATTERY: 50.0})
        assert len(kept.samples(LOCK.id, BATTERY, since=NOW)) == 5
        desk.clock.advance(module.KEPT_S + 1)
        await kept.keep(LOCK.id, {BATTERY: 40.0})
        assert [each.value for each in kept.samples(LOCK.id, BATTERY, since=NOW)] == [40.0]


async def test_a_long_time_is_told_in_few_points_that_are_means():
    async with at_desk() as desk:
        kept = history(desk)
        for hour in range(200):
            desk.clock.advance(HOUR)
            await kept.keep(LOCK.id, {BATTERY: 100.0 - hour / 4})
        found = kept.samples(LOCK.id, BATTERY, since=NOW, points=20)
        assert 15 <= len(found) <= 20
        assert [each.at for each in found] == sorted(each.at for each in found)
        assert found[0].value > 95
        assert found[-1].value < 55
        assert kept.latest(LOCK.id, BATTERY).value == 100.0 - 199 / 4


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([], {}),
        ([refused(0x35), refused(0x36)], {}),
        ([wifi(-61)], {SampleKind.WIFI_RSSI: -61.0}),
        ([wifi(None)], {}),
        ([wifi(7), wifi(True), wifi("loud")], {}),
        ([neighbours({5: 3, 6: -70})], {SampleKind.THREAD_RSSI: -70.0, SampleKind.THREAD_LQI: 3.0}),
        ([neighbours({5: 200, 6: None, 7: -66})], {SampleKind.THREAD_RSSI: -66.0, SampleKind.THREAD_LQI: 200.0}),
        ([neighbours({5: 1, 6: -90, 13: False}, {5: 3, 6: -50, 13: True}, {5: 2, 6: -80})], {
            SampleKind.THREAD_RSSI: -80.0, SampleKind.THREAD_LQI: 2.0}),
    ],
)  # fmt: skip
def test_a_link_is_what_the_lock_says_of_whom_it_hears_best(entries, told):
    assert link_of(entries) == told


@given(
    st.lists(
        st.builds(
            AttributeValue,
            st.just(0),
            st.sampled_from([0x35, 0x36, 0x2F]),
            st.sampled_from([4, 7]),
            st.recursive(
                st.none() | st.integers() | st.text(max_size=5) | st.booleans(),
                lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 14), inner, max_size=6),
                max_leaves=10,
            ),
            st.none(),
            st.just(False),
        )
    )
)
def test_whatever_a_lock_says_its_link_is_a_number_in_bounds(entries):
    for kind, value in link_of(entries).items():
        assert 0 <= value <= 255 if kind is SampleKind.THREAD_LQI else -128 <= value <= 0


async def test_a_lock_is_asked_a_few_times_a_day_and_one_that_does_not_say_once_a_week():
    async with at_desk() as desk:
        radio = Radio(wifi(-60))
        kept = history(desk, radio)
        assert kept.says_link(LOCK.id) is None
        for _ in range(48):
            await kept.look(LOCK)
            desk.clock.advance(1800)
        assert radio.asked == 6
        assert kept.says_link(LOCK.id) is True
        assert kept.latest(LOCK.id, SampleKind.WIFI_RSSI).value == -60
        radio.entries = []
        desk.clock.advance(DAY)
        for _ in range(3):
            await kept.look(LOCK)
            desk.clock.advance(2 * DAY)
        assert radio.asked == 7
        assert kept.says_link(LOCK.id) is False


async def test_a_lock_that_sleeps_or_is_away_is_not_woken_for_a_picture():
    async with at_desk() as desk:
        radio = Radio(wifi(-60))
        radio.is_asleep = True
        asleep = history(desk, radio, watched=[LOCK.node_id])
        await asleep.look(LOCK)
        away = history(desk, radio, is_reachable=False)
        await away.look(LOCK)
        assert radio.asked == 0
        radio.is_asleep = False
        await asleep.look(LOCK)
        assert radio.asked == 1
        radio.error = Unreachable("gone")
        desk.clock.advance(DAY)
        await asleep.look(LOCK)
        assert radio.asked == 2


def test_batteries_are_kept_as_they_are_heard_and_a_quiet_lock_is_said_not_to_tell_its_link():
    async def play(house):
        lock_id = await house.door("Front")
        await house.settle(700)
        kept = house.hub.history
        assert kept.latest(lock_id, BATTERY).value == 100.0
        assert kept.says_link(lock_id) is False
        house.device_at("Front").handle({"battery": 62})
        await house.settle(700)
        assert kept.latest(lock_id, BATTERY).value == 62.0
        house.device_at("Front").handle({"battery": 61})
        await house.settle(700)
        assert kept.latest(lock_id, BATTERY).value == 62.0, "an hour has not gone by, and it is no great change"

    tell(play)
