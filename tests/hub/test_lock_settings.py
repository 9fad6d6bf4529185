"""Settings of a lock: what fits them, what the lock has, and its own word after each change."""

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.errors import Misuse, Refused, Unreachable, Unsupported
from latchwork.hub.house.entities import Door, Lock
from latchwork.hub.locks.settings import BY_KEY, SETTINGS, FieldKind, _choices, _refusal
from latchwork.hub.status import Operation
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock, OperatingModeEnum


def test_each_setting_is_there_once_and_can_be_asked_for():
    assert len({each.attribute.id for each in SETTINGS}) == len(SETTINGS) == len(BY_KEY)
    for each in SETTINGS:
        assert getattr(DoorLock, each.key) is each.attribute
        assert (each.kind is FieldKind.CHOICE) is bool(each.choices)
        assert (each.kind is FieldKind.NUMBER) is (each.most > each.least)


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("auto_relock_time", [0, 30, 86_400], [-1, 86_401, True, "30", 2.5, None]),
        ("wrong_code_entry_limit", [1, 255], [0, 256]),
        ("enable_one_touch_locking", [True, False], [1, "on", None]),
        ("language", ["en", "deu"], ["EN", "e", "e1", "", "engl", 7]),
        ("sound_volume", ["silent", "high"], ["loud", 2, None]),
    ],
)
def test_only_what_fits_is_sent(key, right, wrong):
    setting = BY_KEY[key]
    for value in right:
        assert setting.told(setting.checked(value)) == value
    for value in wrong:
        with pytest.raises(Misuse):
            setting.checked(value)


def test_what_has_no_name_or_another_form_is_not_told():
    assert BY_KEY["sound_volume"].told(9) is None
    assert BY_KEY["enable_one_touch_locking"].told(1) is None
    assert BY_KEY["auto_relock_time"].told(True) is None
    assert BY_KEY["language"].told(None) is None


def test_modes_that_the_lock_has_not_are_not_offered():
    mode = BY_KEY["operating_mode"]
    assert _choices(mode, 0xFFFF & ~0b01001) == ("normal", "no_remote_lock_unlock")
    assert len(_choices(mode, None)) == len(OperatingModeEnum)
    assert _choices(BY_KEY["sound_volume"], 0xFFFF) == ("silent", "low", "medium", "high")


@pytest.mark.parametrize("status", list(Status))
def test_every_no_of_a_lock_is_said_in_words_with_what_to_do(status):
    for setting in SETTINGS:
        error = _refusal(setting, StatusError(status))
        assert isinstance(error, Refused | Unsupported)
        assert error.advice
        assert status.name not in str(error)


def by_key(found):
    return {each.setting.key: each for each in found}


def test_a_setting_is_changed_on_the_lock_and_told_as_the_lock_says_it():
    async def play(house):
        lock_id = await house.door("Front")
        settings = house.hub.lock_settings
        found = by_key(await settings.read(lock_id))
        assert found["auto_relock_time"].value == 0
        assert found["sound_volume"].value == "medium"
        assert "require_pin_for_remote_operation" not in found, "this model has none"
        assert (await settings.write(lock_id, "auto_relock_time", 30, actor=OWNER)).value == 30
        assert (await settings.write(lock_id, "sound_volume", "silent", actor=OWNER)).value == "silent"
        assert (await settings.write(lock_id, "enable_one_touch_locking", False, actor=OWNER)).value is False
        state = await house.peer("Front").get(1, DoorLock.auto_relock_time)
        assert state == 30
        found = by_key(await settings.read(lock_id))
        assert [found[key].value for key in ("auto_relock_time", "sound_volume")] == [30, "silent"]
        said = [each.detail for each in await house.journal() if each.detail.get("did") == "lock_setting"]
        assert said[0] == {"did": "lock_setting", "setting": "auto_relock_time", "to": "30"}
        assert len(said) == 3

    tell(play)


def test_what_does_not_fit_never_reaches_the_lock_and_what_the_lock_refuses_is_said():
    async def play(house):
        lock_id = await house.door("Front")
        settings = house.hub.lock_settings
        for key, value in (("auto_relock_time", -5), ("no_such", 1), ("lock_state", 1)):
            with pytest.raises(Misuse):
                await settings.write(lock_id, key, value, actor=OWNER)
        house.device_at("Front").handle({"turn": "unlock"})
        await house.settle(5)
        with pytest.raises(Refused) as refused:
            await settings.write(lock_id, "operating_mode", "privacy", actor=OWNER)
        assert refused.value.advice == "Lock the door first."
        with pytest.raises(Unsupported):
            await settings.write(lock_id, "require_pin_for_remote_operation", True, actor=OWNER)

    tell(play)


def test_that_a_code_is_needed_from_afar_holds_at_once():
    async def play(house):
        lock_id = await house.door("Front", model="generic")
        await house.settle(5)
        await house.hub.lock_settings.write(lock_id, "require_pin_for_remote_operation", True, actor=OWNER)
        with pytest.raises(Unsupported, match="code"):
            await house.hub.locks.operate(lock_id, Operation.UNLOCK, actor=OWNER)
        await house.hub.lock_settings.write(lock_id, "require_pin_for_remote_operation", False, actor=OWNER)
        await house.hub.locks.operate(lock_id, Operation.UNLOCK, actor=OWNER)

    tell(play)


def test_a_lock_that_does_not_answer_has_no_settings_to_show():
    async def play(house):
        lock_id = await house.door("Front")
        house.fault("Front", "out-of-range")
        with pytest.raises(Unreachable):
            await house.hub.lock_settings.read(lock_id)
        await house.hub.repository.put_lock(Lock(id="elsewhere", node_id=4711))
        await house.hub.repository.put_door(Door(id="d", name="D", lock_id="elsewhere"))
        with pytest.raises(Unreachable, match="fabric"):
            await house.hub.lock_settings.read("elsewhere")

    tell(play)
