"""Replay windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.matter.session.reception import WINDOW, ReceptionWindow


def accepted(window, counter):
    new = window.is_new(counter)
    if new:
        window.commit(counter)
    return new


def test_a_replayed_counter_is_dropped():
    window = ReceptionWindow()
    assert accepted(window, 100)
    assert not accepted(window, 100)


def test_a_late_counter_within_the_window_is_accepted_once():
    window = ReceptionWindow()
    accepted(window, 100)
    assert accepted(window, 100 + WINDOW)
    # The 31 between were never seen.
    assert accepted(window, 101)
    assert not accepted(window, 101)
    assert not accepted(window, 100)


def test_a_counter_behind_the_window_is_dropped():
    window = ReceptionWindow()
    accepted(window, 1000)
    assert not accepted(window, 1000 - WINDOW - 1)


def test_a_secure_session_never_rolls_over():
    window = ReceptionWindow()
    accepted(window, 0xFFFF_FFFF)
    assert not accepted(window, 1)


def test_a_group_counter_rolls_over():
    window = ReceptionWindow(None, rolls=True)
    assert accepted(window, 0xFFFF_FFFE)
    assert accepted(window, 3)
    assert accepted(window, 0xFFFF_FFFF)
    assert not accepted(window, 0xFFFF_FFFE)


def test_the_first_counter_of_an_unknown_sender_is_trusted():
    assert accepted(ReceptionWindow(None, rolls=True), 12345)


def test_a_restarted_unsecured_sender_is_recognised():
    window = ReceptionWindow(None, rolls=True)
    accepted(window, 1000)
    assert not window.is_restart(999)
    assert window.is_restart(1)
    window.restart(1)
    assert not accepted(window, 1)
    assert accepted(window, 2)


@pytest.mark.parametrize("rolls", [False, True])
@given(st.lists(st.integers(1, 200), max_size=80), st.integers(0, 0xFFFF_0000))
def test_against_a_set_of_all_counters_seen(rolls, steps, base):
    base = max(base, 1)
    window = ReceptionWindow(base, rolls=rolls)
    seen, newest = set(range(base - 300, base + 1)), base
    for step in steps:
        counter = base + step
        expected = counter > newest or (newest - counter <= WINDOW and counter not in seen)
        assert accepted(window, counter) == expected
        if expected:
            seen.add(counter)
            newest = max(newest, counter)
