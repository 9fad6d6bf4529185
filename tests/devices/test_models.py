"""The models of lock: data that agree with themselves and with what their makers say."""

import pytest

from latchwork.devices.lock_model import LockModel, PowerKind, Reset, ResetPlace, SoftReset
from latchwork.devices.models import A100, GENERIC, MODELS, U100, U200, U300, U400
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.panel_menu import STANDARD_MENU, MenuOption
from latchwork.doorlock.settings import OperatingMode
from latchwork.matter.model.clusters.door_lock import DoorLock

EACH = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def test_the_six_models_are_known_by_name():
    assert set(MODELS) == {"generic", "u400", "u100", "u200", "u300", "a100"}
    assert all(key == model.key for key, model in MODELS.items())


@pytest.mark.parametrize(
    ("model", "hold_s", "places"),
    [
        (U400, 5, {ResetPlace.RESET_BUTTON}),
        (U100, 10, {ResetPlace.BATTERY_BAY_BUTTON}),
        (U200, 10, {ResetPlace.BATTERY_BAY_BUTTON}),
        (A100, 10, {ResetPlace.SETTINGS_KEY, ResetPlace.BATTERY_BAY_BUTTON}),
        (GENERIC, 10, {ResetPlace.RESET_BUTTON}),
    ],
)
def test_how_long_and_where_a_reset_is_held(model, hold_s, places):
    assert model.reset.hold_s == hold_s
    assert set(model.reset.places) == places


def test_the_u300_wants_more_than_ten_seconds():
    assert U300.reset.hold_s > 10


@pytest.mark.parametrize(
    ("model", "soft"),
    [
        (U100, {SoftReset.BATTERIES}),
        (U200, {SoftReset.SHORT_PRESS}),
        (U300, {SoftReset.SHORT_PRESS, SoftReset.BATTERIES}),
        (A100, {SoftReset.BATTERIES, SoftReset.MENU}),
    ],
)
def test_how_a_model_is_restarted_without_losing_anything(model, soft):
    assert set(model.reset.soft) == soft


@EACH
def test_no_guide_tells_to_pull_a_battery_where_that_loses_something(model):
    assert not (SoftReset.BATTERIES in model.reset.soft and model.power.loses_state)


@EACH
def test_a_restart_from_the_menu_needs_a_menu_with_one(model):
    assert SoftReset.MENU not in model.reset.soft or MenuOption.RESTART in model.menu


@EACH
def test_pairing_is_open_for_ten_minutes_and_option_4_of_the_menu(model):
    assert model.pairing_window_s == 600
    assert model.menu.index(MenuOption.PAIRING) == 3


@EACH
def test_a_menu_has_one_key_for_each_option(model):
    assert len(model.menu) <= 9
    assert len(set(model.menu)) == len(model.menu)


def test_zigbee_locks_do_not_speak_matter_themselves():
    for model in MODELS.values():
        assert model.speaks_matter is ("zigbee" not in model.radios)
        assert "ble" in model.radios
    assert {key for key, model in MODELS.items() if not model.speaks_matter} == {"u100", "a100"}


def test_what_each_model_lives_on():
    assert U100.power.kind is PowerKind.REPLACEABLE
    assert U100.power.cell == "AA"
    assert U300.power.kind is PowerKind.RECHARGEABLE


def test_the_ways_to_open():
    assert len(A100.unlocks_with) == 9
    assert {"fingerprint", "voice", "app", "key"} <= set(U200.unlocks_with)
    assert "uwb" in U400.unlocks_with
    assert {"fingerprint", "code"} <= set(U100.unlocks_with)
    for model in MODELS.values():
        assert len(set(model.unlocks_with)) == len(model.unlocks_with)
        assert "key" in model.unlocks_with


def test_codes_over_matter_have_4_to_8_digits_and_both_ways_6_to_8():
    assert U400.limits.lengths[CredentialKind.PIN] == (4, 8)
    assert U400.pin_lengths_at_lock == (6, 10)
    assert U400.door_pin_lengths == (6, 8)
    assert U100.door_pin_lengths == (6, 10)
    assert LockModel().door_pin_lengths == (4, 8)


@EACH
def test_every_length_belongs_to_a_kind_and_every_kind_has_a_length(model):
    assert set(model.limits.lengths) == set(model.limits.kinds)
    assert all(0 < least <= most <= 255 for least, most in model.limits.lengths.values())
    least, most = model.door_pin_lengths
    assert least <= most


@EACH
def test_only_the_u400_and_the_generic_lock_open_to_a_phone_in_the_pocket(model):
    has_it = DoorLock.Feature.ALIRO_BLEUWB in model.features
    assert has_it is ("uwb" in model.radios)
    assert has_it is (model.key in {"u400", "generic"})


@EACH
def test_the_mandatory_modes_are_there(model):
    assert {OperatingMode.NORMAL, OperatingMode.NO_REMOTE_LOCK_UNLOCK} <= model.modes


@EACH
def test_the_features_make_a_cluster(model):
    assert DoorLock.Feature.USER in model.features
    assert DoorLock.Feature.PIN_CREDENTIAL in model.features


def test_a_new_model_is_new_data():
    mine = LockModel(
        key="shed",
        maker="Somebody",
        name="Shed Lock",
        has_door_sensor=False,
        limits=Limits(
            users=2,
            credentials_per_user=1,
            kinds={CredentialKind.PIN: 2},
            lengths={CredentialKind.PIN: (5, 5)},
        ),
        reset=Reset(hold_s=3, soft=(SoftReset.SHORT_PRESS,)),
        menu=STANDARD_MENU[:4],
        prompts={"entry.opened": "Mind the rake."},
    )
    assert mine.door_pin_lengths == (5, 5)
    assert mine.features == DoorLock.Feature.USER | DoorLock.Feature.PIN_CREDENTIAL
    assert mine.key not in MODELS
