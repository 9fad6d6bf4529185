"""What the owner of a lock may write, what is refused, what it changes at once, and that it survives."""

from dataclasses import replace

import pytest
from tests.support.bench import SAMPLE, Bench

from latchwork.devices.lock_model import LockModel
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

WRITES = [
    (DoorLock.language, "fr"),
    (DoorLock.led_settings, wire.LedSettingEnum.NO_LED_SIGNAL),
    (DoorLock.auto_relock_time, 180),
    (DoorLock.sound_volume, wire.SoundVolumeEnum.SILENT),
    (DoorLock.operating_mode, wire.OperatingModeEnum.VACATION),
    (DoorLock.enable_local_programming, False),
    (DoorLock.enable_one_touch_locking, False),
    (DoorLock.enable_inside_status_led, False),
    (DoorLock.enable_privacy_mode_button, False),
    (DoorLock.local_programming_features, wire.LocalProgrammingFeaturesBitmap(0b0101)),
    (DoorLock.wrong_code_entry_limit, 8),
    (DoorLock.user_code_temporary_disable_time, 255),
    (DoorLock.require_pin_for_remote_operation, True),
    (DoorLock.expiring_user_timeout, 2880),
    (DoorLock.door_open_events, 77),
    (DoorLock.door_closed_events, 78),
]


@pytest.fixture
def bench():
    return Bench(fabrics=2)


@pytest.mark.parametrize(("attribute", "value"), WRITES, ids=lambda each: getattr(each, "spec_name", None))
def test_a_setting_is_told_at_once_and_survives_a_power_cut(bench, attribute, value):
    assert bench.read(attribute) != value
    assert bench.write(attribute, value, fabric=2) is Status.SUCCESS
    assert bench.read(attribute) == value
    bench.power_cut()
    assert bench.read(attribute) == value


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (DoorLock.language, ""),
        (DoorLock.language, "e"),
        (DoorLock.language, "EN"),
        (DoorLock.language, "engl"),
        (DoorLock.led_settings, wire.LedSettingEnum(3)),
        (DoorLock.sound_volume, wire.SoundVolumeEnum(4)),
        (DoorLock.operating_mode, wire.OperatingModeEnum(5)),
        (DoorLock.local_programming_features, wire.LocalProgrammingFeaturesBitmap(0x10)),
        (DoorLock.wrong_code_entry_limit, 0),
        (DoorLock.user_code_temporary_disable_time, 0),
        (DoorLock.expiring_user_timeout, 0),
        (DoorLock.expiring_user_timeout, 2881),
    ],
)
def test_a_value_that_cannot_be_breaks_its_constraint(bench, attribute, value):
    before = bench.read(attribute)
    assert bench.write(attribute, value) is Status.CONSTRAINT_ERROR
    assert bench.read(attribute) == before


def test_a_mode_that_the_lock_has_not_is_refused_for_holidays_too():
    plain = replace(SAMPLE, modes=frozenset({OperatingMode.NORMAL, OperatingMode.NO_REMOTE_LOCK_UNLOCK}))
    bench = Bench(plain)
    assert int(bench.read(DoorLock.supported_operating_modes)) == 0xFFF6
    assert bench.write(DoorLock.operating_mode, wire.OperatingModeEnum.PASSAGE) is Status.CONSTRAINT_ERROR
    request = wire.SetHolidaySchedule(
        holiday_index=1, local_start_time=1, local_end_time=2, operating_mode=wire.OperatingModeEnum.PASSAGE
    )
    assert bench.status(DoorLock.set_holiday_schedule, request) is Status.INVALID_COMMAND


def test_privacy_wants_a_locked_door(bench):
    bench.invoke(DoorLock.unlock_door, wire.UnlockDoor())
    bench.wait(5)
    assert bench.write(DoorLock.operating_mode, wire.OperatingModeEnum.PRIVACY) is Status.INVALID_IN_STATE
    bench.invoke(DoorLock.lock_door, wire.LockDoor())
    assert bench.write(DoorLock.operating_mode, wire.OperatingModeEnum.PRIVACY) is Status.SUCCESS


def test_a_required_pin_is_required_from_now_on(bench):
    bench.write(DoorLock.require_pin_for_remote_operation, True)
    assert bench.status(DoorLock.unlock_door, wire.UnlockDoor()) is Status.FAILURE
    bench.write(DoorLock.require_pin_for_remote_operation, False)
    assert bench.status(DoorLock.unlock_door, wire.UnlockDoor()) is Status.SUCCESS


def test_the_door_counts_its_minutes(bench):
    bench.invoke(DoorLock.unbolt_door, wire.UnboltDoor())
    bench.door.open()
    bench.wait(150)
    assert bench.read(DoorLock.open_period) == 2
    bench.door.close()
    bench.wait(300)
    assert bench.read(DoorLock.open_period) == 2
    assert bench.write(DoorLock.open_period, 0) is Status.SUCCESS
    bench.door.open()
    bench.wait(60)
    assert bench.read(DoorLock.open_period) == 1
    bench.door.close()


def test_a_bare_bolt_has_no_settings_of_a_front_panel():
    bench = Bench(LockModel(key="bolt"))
    names = {attribute.name for attribute in bench.state.supported_attributes.values()}
    assert {"auto_relock_time", "enable_one_touch_locking", "open_period"} <= names
    assert not {"language", "wrong_code_entry_limit", "expiring_user_timeout", "send_pin_over_the_air"} & names


def test_a_wiped_lock_is_as_it_left_the_factory(bench):
    for attribute, value in WRITES:
        bench.write(attribute, value)
    bench.lock.program(lambda register, author: (None, register.set_user(0, 1, author=author)))
    name = bench.read(DoorLock.aliro_reader_group_sub_identifier)
    bench.lock.wipe()
    fresh = Bench(fabrics=2)
    for attribute, _ in WRITES:
        assert bench.read(attribute) == fresh.read(attribute), attribute
    assert bench.lock.register.user_count == 0
    assert bench.read(DoorLock.aliro_reader_group_sub_identifier) not in {name, bytes(16)}
    bench.power_cut()
    assert bench.lock.register.user_count == 0
    assert bench.read(DoorLock.language) == "en"
