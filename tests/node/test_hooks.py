"""What a node tells whoever runs it: that it has a home, that the time is another; and that its agenda forgets what was taken back."""

from tests.support.bench import Bench

from latchwork.matter.model.clusters.time_synchronization import (
    DstOffsetStruct,
    SetDstOffset,
    SetTimeZone,
    TimeZoneStruct,
)
from latchwork.node.agenda import Agenda
from latchwork.node.behaviors.time_synchronization import TimeSynchronizationBehavior
from latchwork.node.reset import FactoryState


def test_the_first_fabric_and_the_last_are_told():
    bench, told = Bench(fabrics=0), []
    bench.node.on_commissioned = told.append
    bench.join(1)
    bench.join(2)
    bench.leave(1)
    assert told == [True]
    bench.leave(2)
    assert told == [True, False]


def test_a_fabric_that_may_be_taken_back_is_no_home_yet():
    bench, told = Bench(fabrics=0), []
    node = bench.node
    node.on_commissioned = told.append
    with node.turn():
        node.fail_safe.arm(0, 60, 900)
        node.fail_safe.take_over(1)
        node.fail_safe.added = True
    bench.join(1)
    assert (told, node.is_commissioned) == ([], False)
    with node.turn():
        node.commissioning_completed()
    assert (told, node.is_commissioned) == ([True], True)


def test_a_fail_safe_that_expires_is_nobodys_news():
    bench, told = Bench(fabrics=0), []
    node = bench.node
    node.on_commissioned = told.append
    with node.turn():
        node.fail_safe.arm(0, 60, 900)
        node.fail_safe.take_over(1)
        node.fail_safe.added = True
    bench.join(1)
    bench.wait(61)
    assert (told, node.is_commissioned, len(node.fabrics)) == ([], False, 0)


def test_whoever_counts_on_the_wall_clock_hears_of_each_jump():
    bench, jumps = Bench(), []
    bench.node.on_time_changed.append(lambda: jumps.append(bench.lock.moment().local_s))
    clock = bench.node.endpoints[0].behavior(TimeSynchronizationBehavior)
    now = bench.node.utc_us()
    with bench.node.turn():
        clock.set_time_zone(SetTimeZone(time_zone=(TimeZoneStruct(offset=3600, valid_at=0),)), None)
        start, end = now + 60_000_000, now + 120_000_000
        summer = DstOffsetStruct(offset=3600, valid_starting=start, valid_until=end)
        clock.set_dst_offset(SetDstOffset(dst_offset=(summer,)), None)
    jumps.clear()
    bench.wait(200)
    base = now // 1_000_000
    assert jumps == [base + 60 + 7200, base + 120 + 3600]


def test_a_factory_reset_leaves_the_reader_with_a_name_and_nobody_in_the_book():
    bench = Bench(fabrics=0)
    bench.node.stop_local()
    bench.prepare = lambda node: setattr(bench, "factory", FactoryState(node))
    bench.start()
    bench.lock.program(lambda register, author: (None, register.set_user(0, 1, author=author)))
    bench.factory.restore()
    assert any(bench.state.aliro_reader_group_sub_identifier)
    assert bench.lock.register.user_count == 0
    bench.power_cut()
    assert any(bench.state.aliro_reader_group_sub_identifier)
    assert bench.lock.register.user_count == 0


def test_an_agenda_forgets_what_was_taken_back():
    agenda = Agenda()
    kept = [agenda.call_at(1000.0 + number, lambda: None) for number in range(10)]
    for number in range(10_000):
        agenda.call_at(1e6 + number, lambda: None).cancel()
    assert len(agenda._heap) < 100
    assert agenda.next_deadline() == 1000.0
    assert agenda.run_due(2000.0) == len(kept)
