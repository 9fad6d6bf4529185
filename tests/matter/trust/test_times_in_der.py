"""Times of X.509 certificates are read exactly or not at all."""

import pytest

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.matter.trust import der
from latchwork.matter.trust.certificate_parts import time_from_der, time_to_der
from latchwork.matter.trust.der import Cursor, DerError


def read(tag, text):
    return time_from_der(Cursor(der.der(tag, text.encode())))


@pytest.mark.parametrize("seconds", [1, 86_399, 800_000_000, 1_600_000_000, 0xFFFF_FFFF])
def test_what_was_written_is_read(seconds):
    assert time_from_der(Cursor(time_to_der(seconds))) == seconds


def test_two_digits_from_fifty_on_are_of_the_last_century():
    assert read(der.UTC_TIME, "700101000000Z") == -MATTER_EPOCH_S
    assert read(der.UTC_TIME, "000101000000Z") == 0


def test_the_last_second_of_9999_never_comes():
    assert read(der.GENERALIZED_TIME, "99991231235959Z") is None


@pytest.mark.parametrize(
    "text",
    ["", "Z", "20240101000000", "2024010100000Z", " 0240101000000Z", "20240101+00000Z", "20241301000000Z",
     "20240230000000Z", "20240101240000Z", "20240101006000Z", "20240101000060Z", "20240101000000ZZ", "00000101000000Z", "é0240101000000Z"],
)  # fmt: skip
def test_anything_else_is_no_time(text):
    with pytest.raises(DerError):
        read(der.GENERALIZED_TIME, text)
