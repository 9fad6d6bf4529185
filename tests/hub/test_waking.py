"""Sleeping locks are woken seldom, and locks that do not answer are left in peace for longer and longer."""

from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.keeping.waking import FIRST_PAUSE, LONGEST_PAUSE, PER_DAY, Backoff, WakeBudget

DAY = 86_400.0


@given(st.lists(st.floats(0, 3600), max_size=200), st.integers(1, 30))
def test_who_keeps_to_the_budget_wakes_no_more_often_in_any_day(pauses, per_day):
    budget, now, woken = WakeBudget(per_day), 0.0, []
    for pause in pauses:
        now = budget.again_at(now + pause)
        if not woken or now - woken[-1] >= 10:
            woken.append(now)
        budget.woke(now)
    for at in woken:
        assert sum(at <= other < at + DAY for other in woken) <= per_day


def test_messages_to_a_lock_that_is_awake_still_are_not_wakings():
    budget = WakeBudget(2)
    for second in range(10):
        budget.woke(float(second))
    assert budget.again_at(9.0) == 9.0
    budget.woke(100.0)
    assert budget.again_at(101.0) == DAY
    assert WakeBudget().again_at(5.0) == 5.0
    assert PER_DAY >= 1


@given(st.binary(min_size=1, max_size=40))
def test_pauses_double_up_to_the_longest_and_begin_again_after_a_success(chance):
    octets = iter(chance * 2)
    backoff = Backoff(lambda _: bytes([next(octets)]))
    pauses = [backoff.failed() for _ in chance]
    for number, pause in enumerate(pauses):
        expected = min(FIRST_PAUSE * 2**number, LONGEST_PAUSE)
        assert 0.79 * expected < pause < 1.21 * expected
    backoff.succeeded()
    assert backoff.failed() < 1.21 * FIRST_PAUSE


def test_a_thousand_failures_are_no_more_than_the_longest_pause():
    backoff = Backoff(lambda _: b"\xff")
    assert max(backoff.failed() for _ in range(1000)) < 1.21 * LONGEST_PAUSE
