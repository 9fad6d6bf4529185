"""The reliability protocol's arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.matter.exchange.mrp import longest_wait, retransmission_delay


# Core table "Retransmission intervals": sleepy-free device with an active interval of 300 ms.
@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(1, 330, 413), (2, 330, 413), (3, 528, 660), (4, 845, 1056), (5, 1352, 1690)],
)
def test_the_ladder_of_the_specification(attempt, least, most):
    assert retransmission_delay(0.3, attempt, 0.0) * 1000 == pytest.approx(least, abs=1)
    assert retransmission_delay(0.3, attempt, 1.0) * 1000 == pytest.approx(most, abs=1)


@given(st.floats(0.01, 3600), st.integers(1, 30), st.floats(0, 1))
def test_the_delay_never_shrinks_and_never_explodes(interval, attempt, jitter):
    delay = retransmission_delay(interval, attempt, jitter)
    assert delay <= retransmission_delay(interval, attempt + 1, jitter)
    assert delay <= interval * 1.1 * 1.6**4 * 1.25 * 1.001


def test_the_longest_wait_is_the_whole_ladder_at_its_slowest():
    assert longest_wait(0.5, 0.3, 2) == pytest.approx(2 * 0.5 * 1.1 * 1.25)
