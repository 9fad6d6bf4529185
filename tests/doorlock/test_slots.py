"""Numbered places."""

from hypothesis import given
from hypothesis import strategies as st

from latchwork.doorlock.slots import Slots


@given(st.sets(st.integers(0, 70)), st.integers(-1, 75), st.integers(0, 75))
def test_the_next_place_is_the_one_that_a_search_would_find(taken, after, last):
    slots = Slots()
    for index in taken:
        slots.take(index)
    assert slots.next_taken(after) == min((index for index in taken if index > after), default=None)
    free = [index for index in range(after + 1, last + 1) if index not in taken]
    assert slots.next_free(after, last) == (free[0] if free else None)
    assert slots.count == len(taken)


def test_a_place_is_taken_once_and_freed_once():
    slots = Slots()
    slots.take(3)
    slots.take(3)
    assert slots.count == 1
    slots.free(3)
    slots.free(3)
    assert slots.count == 0
    assert slots.next_taken(-1) is None
