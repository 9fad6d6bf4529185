"""Groups, time, diagnostics, identification and subscriptions of a node in memory."""

import pytest

from latchwork.base.logs import Secret
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.descriptor import Descriptor
from latchwork.matter.model.clusters.general_diagnostics import GeneralDiagnostics, PayloadTestRequest
from latchwork.matter.model.clusters.general_diagnostics import TestEventTrigger as Trigger
from latchwork.matter.model.clusters.group_key_management import (
    GroupKeyManagement,
    GroupKeyMapStruct,
    GroupKeySetStruct,
    KeySetRead,
    KeySetRemove,
    KeySetWrite,
)
from latchwork.matter.model.clusters.groups import AddGroup, Groups, RemoveGroup
from latchwork.matter.model.clusters.localization_configuration import LocalizationConfiguration
from latchwork.matter.model.clusters.time_synchronization import (
    SetDstOffset,
    SetTimeZone,
    SetUtcTime,
    TimeSynchronization,
    TimeZoneStruct,
)
from latchwork.node.behaviors.group_key_management import GroupKeyManagementBehavior
from latchwork.node.behaviors.time_synchronization import TimeSynchronizationBehavior

Keys = GroupKeyManagement
Time = TimeSynchronization


def key_set(number=1, policy=0, keys=((bytes(16), 1), (None, None), (None, None))):
    (key0, time0), (key1, time1), (key2, time2) = keys
    return KeySetWrite(
        group_key_set=GroupKeySetStruct(
            group_key_set_id=number,
            group_key_security_policy=policy,
            epoch_key0=key0,
            epoch_start_time0=time0,
            epoch_key1=key1,
            epoch_start_time1=time1,
            epoch_key2=key2,
            epoch_start_time2=time2,
        )
    )


def mapping(group, keys):
    return GroupKeyMapStruct(group_id=group, group_key_set_id=keys, fabric_index=1)


def test_a_key_set_is_read_back_without_its_keys(house, authority):
    admin = house.commission(authority)
    admin.invoke(Keys, Keys.key_set_write, key_set(keys=((bytes(16), 5), (bytes(16), 9), (None, None))))
    answer = admin.invoke(Keys, Keys.key_set_read, KeySetRead(group_key_set_id=1)).group_key_set
    assert (answer.epoch_start_time0, answer.epoch_start_time1, answer.epoch_start_time2) == (5, 9, None)
    assert (answer.epoch_key0, answer.epoch_key1) == (None, None)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (key_set(keys=((None, 1), (None, None), (None, None))), Status.INVALID_COMMAND),
        (key_set(keys=((bytes(16), 0), (None, None), (None, None))), Status.INVALID_COMMAND),
        (key_set(keys=((bytes(16), 5), (bytes(16), 5), (None, None))), Status.INVALID_COMMAND),
        (key_set(keys=((bytes(16), 5), (None, None), (bytes(16), 9))), Status.INVALID_COMMAND),
        (key_set(keys=((bytes(16), 5), (bytes(16), None), (None, None))), Status.INVALID_COMMAND),
        (key_set(policy=1), Status.INVALID_COMMAND),
        (key_set(policy=7), Status.CONSTRAINT_ERROR),
    ],
)
def test_a_key_set_that_is_not_allowed_is_refused(house, authority, request_, status):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        admin.invoke(Keys, Keys.key_set_write, request_)
    assert refused.value.code == status


def test_a_fabric_has_room_for_three_key_sets_beside_the_first(house, authority):
    admin = house.commission(authority)
    for number in (1, 2, 3):
        admin.invoke(Keys, Keys.key_set_write, key_set(number))
    with pytest.raises(StatusError) as refused:
        admin.invoke(Keys, Keys.key_set_write, key_set(4))
    assert refused.value.code == Status.RESOURCE_EXHAUSTED


def test_a_removed_key_set_leaves_the_map(house, authority):
    admin = house.commission(authority)
    admin.invoke(Keys, Keys.key_set_write, key_set(1))
    admin.write(Keys, Keys.group_key_map, (mapping(7, 1),))
    admin.invoke(Keys, Keys.key_set_remove, KeySetRemove(group_key_set_id=1))
    assert admin.read(Keys.group_key_map, Keys) == ()
    for number, status in ((0, Status.INVALID_COMMAND), (1, Status.NOT_FOUND)):
        with pytest.raises(StatusError) as refused:
            admin.invoke(Keys, Keys.key_set_remove, KeySetRemove(group_key_set_id=number))
        assert refused.value.code == status


def test_a_group_may_have_several_key_sets_and_loses_only_the_removed_one(house, authority):
    admin = house.commission(authority)
    for number in (1, 2):
        admin.invoke(Keys, Keys.key_set_write, key_set(number))
    admin.write(Keys, Keys.group_key_map, (mapping(7, 1), mapping(8, 2), mapping(8, 1)))
    with pytest.raises(StatusError) as refused:
        admin.write(Keys, Keys.group_key_map, (mapping(8, 1), mapping(8, 1)))
    assert refused.value.code == Status.CONSTRAINT_ERROR
    admin.invoke(Keys, Keys.key_set_remove, KeySetRemove(group_key_set_id=1))
    assert admin.read(Keys.group_key_map, Keys) == (mapping(8, 2),)


def test_no_group_maps_to_the_identity_protection_key(house, authority):
    admin = house.commission(authority)
    keys = house.node.endpoints[0].behavior(GroupKeyManagementBehavior)
    with pytest.raises(StatusError) as refused:
        keys.write_group_key_map((mapping(7, 0),), RequestContext(admin.session.subject))
    assert refused.value.code == Status.CONSTRAINT_ERROR


def test_keys_and_map_survive_a_restart(house, authority):
    admin = house.commission(authority)
    admin.invoke(Keys, Keys.key_set_write, key_set(1))
    admin.write(Keys, Keys.group_key_map, (mapping(7, 1),))
    house.reboot(power_cut=True)
    admin = house.admin(1)
    assert admin.read(Keys.group_key_map, Keys) == (mapping(7, 1),)
    assert admin.invoke(Keys, Keys.key_set_read, KeySetRead(group_key_set_id=1)) is not None


def test_an_endpoint_joins_only_groups_that_have_a_key(lock_house, authority):
    house = lock_house
    admin = house.commission(authority)
    request = AddGroup(group_id=7, group_name="Ground floor")
    refused = admin.invoke(Groups, Groups.add_group, request, endpoint=1)
    assert refused.status == Status.UNSUPPORTED_ACCESS
    admin.invoke(Keys, Keys.key_set_write, key_set(1))
    admin.write(Keys, Keys.group_key_map, (mapping(7, 1),))
    assert admin.invoke(Groups, Groups.add_group, request, endpoint=1).status == 0
    (row,) = admin.read(Keys.group_table, Keys)
    assert (row.group_id, row.endpoints, row.group_name) == (7, (1,), "Ground floor")
    assert admin.invoke(Groups, Groups.remove_group, RemoveGroup(group_id=7), endpoint=1).status == 0
    assert admin.read(Keys.group_table, Keys) == ()


# Time


def zone(offset, valid_at=0, name=None):
    return TimeZoneStruct(offset=offset, valid_at=valid_at, name=name)


def summer(offset, start, until):
    kind = Time.dst_offset.hint.__args__[0]
    return kind(offset=offset, valid_starting=start, valid_until=until)


def test_local_time_follows_zone_and_summer_time(house, authority):
    admin = house.commission(authority)
    now = admin.read(Time.utc_time, Time)
    assert admin.read(Time.local_time, Time) is None
    admin.invoke(Time, Time.set_time_zone, SetTimeZone(time_zone=(zone(3600),)))
    hour = 3_600_000_000
    admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=(summer(3600, 0, now + hour),)))
    assert admin.read(Time.local_time, Time) == now + 2 * hour
    root = house.node.endpoints[0].behavior(TimeSynchronizationBehavior)
    assert root.local_offset_s() == 7200
    house.advance(3601)
    assert root.local_offset_s() == 3600
    assert admin.read(Time.dst_offset, Time) == ()


def test_the_next_zone_takes_over_when_its_time_comes(house, authority):
    admin = house.commission(authority)
    now = admin.read(Time.utc_time, Time)
    zones = (zone(3600, name="Europe/Vienna"), zone(0, now + 1_000_000, name="Europe/London"))
    admin.invoke(Time, Time.set_time_zone, SetTimeZone(time_zone=zones))
    house.advance(2)
    assert admin.read(Time.time_zone, Time) == (zone(0, 0, "Europe/London"),)


def test_summer_time_and_zones_tell_when_they_begin_and_end_though_nobody_reads(house, authority):
    admin = house.commission(authority)
    now, second = admin.read(Time.utc_time, Time), 1_000_000
    admin.invoke(Time, Time.set_time_zone, SetTimeZone(time_zone=(zone(3600), zone(7200, now + 50 * second, "B"))))
    offsets = (summer(3600, 0, now + 10 * second), summer(1800, now + 25 * second, now + 40 * second))
    admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=offsets))
    told = []
    for seconds in (0, 9, 2, 13, 2, 13, 2, 8, 2):
        house.advance(seconds)
        summers = [event.dst_offset_active for event in admin.events(Time, Time.dst_status)]
        told.append((summers, [event.name for event in admin.events(Time, Time.time_zone_status)][1:]))
    assert told == [
        ([True], []),
        ([True], []),
        ([True, False], []),
        ([True, False], []),
        ([True, False, True], []),
        ([True, False, True], []),
        ([True, False, True, False], []),
        ([True, False, True, False], []),
        ([True, False, True, False], ["B"]),
    ]


def test_summer_time_goes_on_over_a_restart_and_its_end_is_told(house, authority):
    admin = house.commission(authority)
    now = admin.read(Time.utc_time, Time)
    admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=(summer(3600, 0, now + 5_000_000),)))
    house.reboot(power_cut=True)
    admin = house.admin(1)
    assert admin.events(Time, Time.dst_status) == []
    house.advance(6)
    assert [event.dst_offset_active for event in admin.events(Time, Time.dst_status)] == [False]
    assert admin.read(Time.dst_offset, Time) == ()


def test_zones_survive_a_restart(house, authority):
    admin = house.commission(authority)
    admin.invoke(Time, Time.set_time_zone, SetTimeZone(time_zone=(zone(3600),)))
    house.reboot(power_cut=True)
    assert house.admin(1).read(Time.time_zone, Time) == (zone(3600),)


@pytest.mark.parametrize(
    ("zones", "status"),
    [
        ((zone(50_401),), Status.CONSTRAINT_ERROR),
        ((zone(0, 5),), Status.CONSTRAINT_ERROR),
        ((zone(0), zone(0)), Status.CONSTRAINT_ERROR),
        ((zone(0), zone(0, 5), zone(0, 6)), Status.RESOURCE_EXHAUSTED),
    ],
)
def test_a_zone_that_cannot_be_is_refused(house, authority, zones, status):
    admin = house.commission(authority)
    time = house.node.endpoints[0].behavior(TimeSynchronizationBehavior)
    with pytest.raises(StatusError) as refused:
        time.set_time_zone(SetTimeZone(time_zone=zones), RequestContext(admin.session.subject))
    assert refused.value.code == status


@pytest.mark.parametrize(
    "offsets",
    [
        (summer(3600, 10, 20), summer(3600, 5, 9)),
        (summer(3600, 10, 20), summer(3600, 15, 30)),
        (summer(3600, 10, None), summer(3600, 20, None)),
        (summer(3600, 10, 10),),
    ],
)
def test_summer_times_that_do_not_follow_each_other_are_refused(house, authority, offsets):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=offsets))
    assert refused.value.code == Status.CONSTRAINT_ERROR


def test_a_corrected_clock_moves_the_end_of_summer_time(house, authority):
    admin = house.commission(authority)
    now, hour = admin.read(Time.utc_time, Time), 3_600_000_000
    admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=(summer(3600, 0, now + hour),)))
    admin.invoke(Time, Time.set_utc_time, SetUtcTime(utc_time=now + hour - 5_000_000, granularity=3))
    house.advance(6)
    assert [event.dst_offset_active for event in admin.events(Time, Time.dst_status)] == [True, False]


def test_reading_the_local_time_plans_nothing_anew(house, authority, monkeypatch):
    admin = house.commission(authority)
    now, hour = admin.read(Time.utc_time, Time), 3_600_000_000
    admin.invoke(Time, Time.set_dst_offset, SetDstOffset(dst_offset=(summer(3600, 0, now + hour),)))
    planned = []
    monkeypatch.setattr(house.node, "call_at", lambda when, _callback: planned.append(when))
    house.advance(1)
    assert admin.read(Time.local_time, Time) == now + hour + 1_000_000
    assert planned == []


def test_a_node_without_a_clock_takes_the_time(make_house, authority):
    house = make_house(has_clock=False)
    admin = house.commission(authority)
    assert admin.read(Time.utc_time, Time) is None
    admin.invoke(Time, Time.set_utc_time, SetUtcTime(utc_time=800_000_000_000_000, granularity=3))
    house.advance(1)
    assert admin.read(Time.utc_time, Time) == 800_000_001_000_000
    with pytest.raises(StatusError) as refused:
        admin.invoke(Time, Time.set_utc_time, SetUtcTime(utc_time=1, granularity=1))
    assert refused.value.cluster_status == 2


# Diagnostics and the rest


def test_reboots_are_counted(house, authority):
    admin = house.commission(authority)
    before = admin.read(GeneralDiagnostics.reboot_count, GeneralDiagnostics)
    house.reboot(power_cut=True)
    house.advance(12)
    admin = house.admin(1)
    assert admin.read(GeneralDiagnostics.reboot_count, GeneralDiagnostics) == before + 1
    assert admin.read(GeneralDiagnostics.up_time, GeneralDiagnostics) == 12


def test_event_numbers_grow_over_a_power_cut(house, authority):
    house.commission(authority)
    before = house.node.events.next_number
    house.reboot(power_cut=True)
    assert house.node.events.next_number > before


def test_test_commands_need_the_key(make_house, authority):
    house = make_house(test_enable_key=Secret(bytes(range(16))))
    admin = house.commission(authority)
    request = PayloadTestRequest(enable_key=bytes(range(16)), value=7, count=900)
    command = GeneralDiagnostics.payload_test_request
    assert admin.invoke(GeneralDiagnostics, command, request).payload == b"\x07" * 900
    with pytest.raises(StatusError) as refused:
        admin.invoke(GeneralDiagnostics, command, request.replace(enable_key=b"x" * 16))
    assert refused.value.code == Status.CONSTRAINT_ERROR
    trigger = Trigger(enable_key=bytes(range(16)), event_trigger=1)
    with pytest.raises(StatusError) as refused:
        admin.invoke(GeneralDiagnostics, GeneralDiagnostics.test_event_trigger, trigger)
    assert refused.value.code == Status.INVALID_COMMAND


def test_only_a_supported_locale_can_be_chosen(house, authority):
    admin = house.commission(authority)
    cluster = LocalizationConfiguration
    admin.write(cluster, cluster.active_locale, "de-DE")
    with pytest.raises(StatusError) as refused:
        admin.write(cluster, cluster.active_locale, "tlh")
    assert refused.value.code == Status.CONSTRAINT_ERROR
    assert admin.read(cluster.active_locale, cluster) == "de-DE"


def test_the_root_lists_its_parts(lock_house, authority):
    admin = lock_house.commission(authority)
    assert admin.read(Descriptor.parts_list, Descriptor) == (1,)
    assert Descriptor.id in admin.read(Descriptor.server_list, Descriptor, endpoint=1)
    (kind,) = admin.read(Descriptor.device_type_list, Descriptor, endpoint=1)
    assert (kind.device_type, kind.revision) == (0x000A, 3)


def test_a_subscription_hears_of_a_new_window(house, authority):
    from latchwork.matter.interaction.collect import ReportCollector
    from latchwork.matter.model.clusters import CLUSTERS
    from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning

    admin = house.commission(authority)
    admin.subscribe(AdministratorCommissioning, AdministratorCommissioning.window_status)
    house.node.open_factory_window()
    (report,) = house.node.server.subscriptions.due(house.clock.monotonic())
    collector = ReportCollector(CLUSTERS)
    collector.add(report.start().messages[0][1])
    assert [value.attribute for value in collector.attributes] == [0]


def test_a_fabric_that_leaves_takes_its_subscriptions(house, authority, other_authority):
    admin, other = house.commission(authority), house.commission(other_authority, admin=0x77)
    for peer in (admin, other):
        peer.subscribe(GeneralDiagnostics, GeneralDiagnostics.reboot_count)
    house.node.leave(1)
    assert [s.subscriber for s in house.node.server.subscriptions] == [(2, 0x77)]
