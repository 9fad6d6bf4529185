"""A lock is told the date, the zone and summer time in its own words, and shows by them what the wall does."""

import dataclasses
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.clock import ManualClock
from latchwork.base.errors import Misuse, Refused, Unreachable
from latchwork.hub.keeping.clocks import (
    AHEAD_S,
    MAX_ERROR_S,
    ClockState,
    Shown,
    Timekeeper,
    set_right,
    summer_times,
    told_until,
)
from latchwork.hub.plan.wall import EPOCH, offsets_between
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.model.clusters.time_synchronization import (
    DstOffsetStruct,
    SetDstOffset,
    SetTimeZone,
    SetTimeZoneResponse,
    SetUtcTime,
    TimeSynchronization,
    TimeZoneDatabaseEnum,
    TimeZoneStruct,
)

ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin"),
    *("Asia/Kolkata", "UTC", "America/Santiago", "Pacific/Auckland", "Antarctica/Troll", "Asia/Gaza"),
)
INSTANTS = st.integers(1_577_836_800, 2_050_000_000)
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp()


def wall(at, zone):
    return int(datetime.fromtimestamp(at, zone).utcoffset().total_seconds())


def told(now, zone, room=4):
    """A lock that was told everything at `now`."""
    standard, summers = summer_times(now, zone, room)
    return Shown(utc=now, zones=(TimeZoneStruct(offset=standard, valid_at=0),), summers=summers, room=room)


@given(st.sampled_from(ZONES), INSTANTS, st.integers(0, 300 * 86_400))
@settings(max_examples=300, deadline=None)
def test_a_lock_that_was_told_shows_what_the_wall_shows_for_the_next_months(name, now, ahead):
    zone = ZoneInfo(name)
    assert told(now, zone).offset(now + ahead) == wall(now + ahead, zone)
    assert told(now, zone).is_local(now, zone)


@given(st.sampled_from(ZONES), INSTANTS)
@settings(max_examples=200, deadline=None)
def test_a_lock_with_room_for_one_summer_time_shows_what_the_wall_shows_today(name, now):
    zone = ZoneInfo(name)
    shown = told(now, zone, room=1)
    assert len(shown.summers) == 1
    assert shown.offset(now) == wall(now, zone)


@given(st.sampled_from(ZONES), INSTANTS, st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_summer_times_are_such_as_locks_take(name, now, room):
    _, summers = summer_times(now, ZoneInfo(name), room)
    assert 1 <= len(summers) <= room
    until = 0
    for number, summer in enumerate(summers):
        assert summer.valid_starting >= until
        assert summer.valid_until is not None or number == len(summers) - 1
        until = summer.valid_until or until
        assert summer.valid_until is None or summer.valid_until > summer.valid_starting
    SetDstOffset.decode(SetDstOffset(dst_offset=summers).encode())


@given(st.sampled_from(ZONES), INSTANTS)
@settings(max_examples=100, deadline=None)
def test_the_offsets_of_a_stretch_are_those_of_every_instant_in_it(name, now):
    zone, begin = ZoneInfo(name), now // 86_400 * 86_400
    found = offsets_between(begin, begin + 400 * 86_400, zone)
    for at in range(begin, begin + 400 * 86_400, 7 * 86_400 + 1801):
        assert [offset for start, offset in found if start <= at][-1] == wall(at, zone)
    for start, offset in found[1:]:
        assert (wall(start - 1, zone) != offset, wall(start, zone)) == (True, offset)


def test_a_lock_whose_summer_times_run_out_soon_is_to_be_told_again():
    shown = told(NOW, BERLIN)
    last = EPOCH + shown.summers[-1].valid_until / 1_000_000
    assert shown.is_local(last - AHEAD_S - 1, BERLIN)
    assert not shown.is_local(last - 86_400, BERLIN)


def test_a_lock_that_knows_no_summer_time_or_no_zone_shows_nothing():
    shown = told(NOW, BERLIN)
    assert dataclasses.replace(shown, summers=()).offset(NOW) is None
    assert dataclasses.replace(shown, zones=()).offset(NOW) is None
    assert dataclasses.replace(shown, zones=None).offset(NOW) is None


def test_a_lock_with_a_database_is_believed_by_what_its_wall_shows():
    shown = Shown(utc=NOW, zones=(TimeZoneStruct(offset=3600, valid_at=0),), local=NOW + 7200, has_database=True)
    assert shown.is_local(NOW, BERLIN)
    assert not dataclasses.replace(shown, local=NOW + 3600).is_local(NOW, BERLIN)


@given(st.sampled_from(ZONES), INSTANTS, st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_a_lock_with_little_room_is_right_until_it_is_told_again(name, now, room):
    zone, until = ZoneInfo(name), told_until(now, ZoneInfo(name), room)
    shown = told(now, zone, room)
    assert shown.is_local(now, zone)
    end = now + AHEAD_S if until is None else until
    for at in range(now, int(end), 86_400 * 5 + 7):
        assert shown.offset(at) == wall(at, zone)
    assert until is None or until > now


@given(st.floats(-200, 200), st.floats(0, 100))
def test_the_time_that_an_answer_takes_is_no_fault_of_the_clock(off, seconds):
    shown = Shown(utc=NOW + off, zones=None)
    is_near = -MAX_ERROR_S <= off <= seconds + MAX_ERROR_S
    assert shown.is_dated(NOW, NOW + seconds) is is_near


# Asked over Matter


GREENWICH = (TimeZoneStruct(offset=0, valid_at=0),)


class Peer:
    """A lock's clock behind a peer: takes what it takes, and remembers what was said to it."""

    def __init__(self, utc=NOW, zones=GREENWICH, summers=(), **has):
        self.values = {
            TimeSynchronization.utc_time: None if utc is None else int((utc - EPOCH) * 1_000_000),
            TimeSynchronization.time_zone: zones,
            TimeSynchronization.dst_offset: None if zones is None else summers,
            TimeSynchronization.dst_offset_list_max_size: None if zones is None else 4,
            TimeSynchronization.time_zone_database: TimeZoneDatabaseEnum.NONE,
        }
        self.said = []
        self.refuses = has.get("refuses", ())
        self.has_cluster = has.get("has_cluster", True)
        self.wants_dst = has.get("wants_dst", True)

    async def read(self, *_queries):
        return [
            AttributeValue(0, TimeSynchronization.id, attribute.id, value, data_version=1, is_typed=True)
            for attribute, value in self.values.items()
            if self.has_cluster and (value is not None or attribute is TimeSynchronization.utc_time)
        ]

    async def invoke(self, _endpoint, _command, request):
        self.said.append(type(request))
        if type(request) in self.refuses:
            raise Refused("no")
        match request:
            case SetUtcTime():
                self.values[TimeSynchronization.utc_time] = request.utc_time
            case SetTimeZone():
                self.values[TimeSynchronization.time_zone] = request.time_zone
                self.values[TimeSynchronization.dst_offset] = ()
                return SetTimeZoneResponse(dst_offset_required=self.wants_dst)
            case SetDstOffset():
                self.values[TimeSynchronization.dst_offset] = request.dst_offset
        return None


RIGHT = told(NOW, BERLIN)


@pytest.mark.parametrize(
    ("peer", "said", "state"),
    [
        (Peer(zones=RIGHT.zones, summers=RIGHT.summers), [], ClockState.RIGHT),
        (Peer(), [SetTimeZone, SetDstOffset], ClockState.RIGHT),
        (Peer(zones=RIGHT.zones), [SetDstOffset], ClockState.RIGHT),
        (Peer(utc=None, zones=RIGHT.zones, summers=RIGHT.summers), [SetUtcTime], ClockState.RIGHT),
        (Peer(utc=NOW - 3600), [SetUtcTime, SetTimeZone, SetDstOffset], ClockState.RIGHT),
        (Peer(utc=None, refuses=(SetUtcTime,)), [SetUtcTime, SetTimeZone, SetDstOffset], ClockState.WRONG),
        (Peer(refuses=(SetTimeZone,)), [SetTimeZone, SetDstOffset], ClockState.WRONG),
        (Peer(refuses=(SetDstOffset,)), [SetTimeZone, SetDstOffset], ClockState.WRONG),
        (Peer(wants_dst=False), [SetTimeZone], ClockState.WRONG),  # it says that it knows, and shows that it does not
        (Peer(zones=None), [], ClockState.UNKNOWN),
        (Peer(utc=None, zones=None, refuses=(SetUtcTime,)), [SetUtcTime], ClockState.WRONG),
        (Peer(has_cluster=False), [], ClockState.UNKNOWN),
    ],
)
async def test_a_clock_is_set_where_it_is_wrong_and_only_there(peer, said, state):
    found, again_at = await set_right(peer, BERLIN, lambda: NOW)
    assert (found, again_at, peer.said) == (state, None, said)


async def test_a_clock_that_was_set_is_left_alone():
    peer = Peer(utc=None)
    assert await set_right(peer, BERLIN, lambda: NOW) == (ClockState.RIGHT, None)
    peer.said.clear()
    assert await set_right(peer, BERLIN, lambda: NOW) == (ClockState.RIGHT, None)
    assert peer.said == []


async def test_a_lock_with_room_for_one_summer_time_is_told_of_the_next_when_that_is_over():
    peer, clock, times = Peer(), ManualClock(utc=NOW), 0
    peer.values[TimeSynchronization.dst_offset_list_max_size] = 1
    timekeeper = Timekeeper(clock)
    while clock.utc() < NOW + 3 * 365 * 86_400:
        await timekeeper.look(peer, "Europe/Berlin", 0)
        assert timekeeper.state is ClockState.RIGHT
        times += 1
        pause = 300 * 86_400 if timekeeper.again_at is None else timekeeper.again_at - clock.utc()
        clock.advance(pause)
        peer.values[TimeSynchronization.utc_time] += int(pause * 1_000_000)
    assert times < 12


async def test_a_clock_is_looked_at_again_when_the_site_moves_when_it_is_doubted_and_when_ours_was_set():
    clock = ManualClock(utc=NOW)
    timekeeper, peer = Timekeeper(clock), Peer()
    assert timekeeper.is_due("Europe/Berlin")
    await timekeeper.look(peer, "Europe/Berlin", 0)
    assert not timekeeper.is_due("Europe/Berlin")
    assert timekeeper.is_due("UTC")
    timekeeper.doubt()
    assert timekeeper.is_due("Europe/Berlin")
    await timekeeper.look(peer, "Europe/Berlin", 0)
    clock.advance(3600)
    assert not timekeeper.has_jumped()
    clock.utc_offset += 3600
    assert timekeeper.has_jumped()
    assert not timekeeper.has_jumped()
    assert timekeeper.is_due("Europe/Berlin")


async def test_a_hub_that_does_not_know_the_date_sets_no_clock():
    timekeeper, peer = Timekeeper(ManualClock(utc=86_400.0)), Peer(utc=None)
    await timekeeper.look(peer, "Europe/Berlin", NOW)
    assert (timekeeper.state, peer.said) == (ClockState.UNKNOWN, [])


async def test_no_answer_is_an_error_and_no_state():
    class Silent(Peer):
        async def read(self, *_queries):
            raise Unreachable("nothing came")

    timekeeper = Timekeeper(ManualClock(utc=NOW))
    with pytest.raises(Unreachable):
        await timekeeper.look(Silent(), "Europe/Berlin", 0)
    assert timekeeper.is_due("Europe/Berlin")
    with pytest.raises(Misuse):
        await timekeeper.look(Peer(), "Europe/Atlantis", 0)


def test_another_way_of_saying_the_same_is_the_same():
    until = RIGHT.summers[0].valid_until
    theirs = (
        DstOffsetStruct(offset=0, valid_starting=0, valid_until=until),
        DstOffsetStruct(offset=-3600, valid_starting=until, valid_until=None),
    )
    shown = Shown(utc=NOW, zones=(TimeZoneStruct(offset=7200, valid_at=0),), summers=theirs)
    assert shown.is_local(NOW, BERLIN)
