"""Aliro's reader configuration over the interaction model."""

from dataclasses import replace

import pytest
from tests.support.bench import SAMPLE, Bench

from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

SIGNING, VERIFICATION, GROUP, RESOLVING = bytes(range(32)), b"\x04" + bytes(range(64)), b"g" * 16, b"r" * 16
CARDS_ONLY = replace(SAMPLE, has_aliro_radio=False)


@pytest.fixture
def bench():
    return Bench()


def config(**other):
    fields = {
        "signing_key": SIGNING,
        "verification_key": VERIFICATION,
        "group_identifier": GROUP,
        "group_resolving_key": RESOLVING,
    }
    return wire.SetAliroReaderConfig(**(fields | other))


def told(bench):
    return (
        bench.read(DoorLock.aliro_reader_verification_key),
        bench.read(DoorLock.aliro_reader_group_identifier),
        bench.read(DoorLock.aliro_group_resolving_key),
    )


def test_a_reader_gets_its_keys_once(bench):
    assert told(bench) == (None, None, None)
    bench.invoke(DoorLock.set_aliro_reader_config, config())
    assert told(bench) == (VERIFICATION, GROUP, RESOLVING)
    assert bench.lock.aliro.signing_key == SIGNING
    assert bench.status(DoorLock.set_aliro_reader_config, config()) is Status.INVALID_IN_STATE


def test_cleared_keys_make_room_for_others(bench):
    assert bench.status(DoorLock.clear_aliro_reader_config) is Status.SUCCESS
    bench.invoke(DoorLock.set_aliro_reader_config, config())
    bench.invoke(DoorLock.clear_aliro_reader_config)
    assert told(bench) == (None, None, None)
    assert bench.lock.aliro is None
    assert bench.status(DoorLock.set_aliro_reader_config, config(group_identifier=b"h" * 16)) is Status.SUCCESS


def test_the_resolving_key_goes_with_the_radio(bench):
    without = config(group_resolving_key=None)
    assert bench.status(DoorLock.set_aliro_reader_config, without) is Status.INVALID_COMMAND
    plain = Bench(CARDS_ONLY)
    assert plain.status(DoorLock.set_aliro_reader_config, config()) is Status.INVALID_COMMAND
    assert plain.status(DoorLock.set_aliro_reader_config, without) is Status.SUCCESS
    assert DoorLock.aliro_group_resolving_key.id not in plain.state.supported_attributes


@pytest.mark.parametrize("field", ["signing_key", "verification_key", "group_identifier", "group_resolving_key"])
def test_a_key_of_another_length_breaks_its_constraint(bench, field):
    for length in (15, 17, 31, 33, 64, 66):
        with_length = config(**{field: bytes(length)})
        assert bench.status(DoorLock.set_aliro_reader_config, with_length) is Status.CONSTRAINT_ERROR
    assert told(bench) == (None, None, None)


def test_the_readers_keys_and_name_survive_a_power_cut(bench):
    name = bench.read(DoorLock.aliro_reader_group_sub_identifier)
    assert len(name) == 16
    assert any(name)
    bench.invoke(DoorLock.set_aliro_reader_config, config())
    bench.power_cut()
    assert told(bench) == (VERIFICATION, GROUP, RESOLVING)
    assert bench.lock.aliro.signing_key == SIGNING
    assert bench.read(DoorLock.aliro_reader_group_sub_identifier) == name
    assert bench.read(DoorLock.number_of_aliro_endpoint_keys_supported) == 10


def test_the_signing_key_is_shown_nowhere(bench):
    bench.invoke(DoorLock.set_aliro_reader_config, config())
    stored = b"".join(bench.store.get(key) for key in bench.store.keys(""))
    assert SIGNING not in stored
    assert RESOLVING not in stored
    assert "signing_key=b" not in repr(bench.lock.aliro)
