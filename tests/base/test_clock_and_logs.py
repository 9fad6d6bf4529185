"""Clocks, and logs that keep secrets."""

import logging
import time

from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.clock import MATTER_EPOCH_S, ManualClock, SystemClock
from latchwork.base.logs import Secret, log, logger


def test_the_epoch_of_the_specification_is_the_year_2000():
    assert time.gmtime(MATTER_EPOCH_S)[:6] == (2000, 1, 1, 0, 0, 0)


def test_a_manual_clock_moves_when_told():
    clock = ManualClock(5.0, utc=1000.0)
    assert (clock.monotonic(), clock.utc()) == (5.0, 1000.0)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.utc()) == (7.5, 1002.5)


def test_the_machines_clocks_go_forward():
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.utc() > MATTER_EPOCH_S


@given(st.binary(min_size=1, max_size=64))
def test_a_secret_is_octets_that_nobody_prints(octets):
    secret = Secret(octets)
    shown = "Secret(…)"
    assert (repr(secret), str(secret), f"{secret}", f"{secret:>4}") == (shown, shown, shown, shown)
    assert secret == octets
    assert (secret != octets) is False
    assert secret != octets + b"x"
    assert secret != octets.hex()
    assert hash(secret) == hash(octets)
    assert {secret: 1}[octets] == 1


def test_a_log_line_has_fields_and_costs_nothing_when_nobody_listens(caplog):
    class Costly:
        def __str__(self):
            raise AssertionError("formatted for nobody")

    quiet = logger("latchwork.test.quiet")
    quiet.setLevel(logging.WARNING)
    log(quiet, logging.INFO, "nothing", costly=Costly())
    with caplog.at_level(logging.INFO, "latchwork.test"):
        log(logger("latchwork.test"), logging.INFO, "door.opened", fabric=2, pin=Secret(b"1234"))
    (record,) = caplog.records
    assert record.getMessage() == "door.opened fabric=2 pin=Secret(…)"
    assert record.event == "door.opened"
    assert record.fields["fabric"] == 2
