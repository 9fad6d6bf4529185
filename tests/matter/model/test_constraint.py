"""Constraints: the specification's shorthand, checked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.model.constraint import Constraint, ConstraintError, constraint

SIBLINGS = {"supportedFabrics": 5, "maxNetworks": 1, "SupportedLocales": ("en", "de"), "idleModeDuration": 60}


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("max 32", "a" * 32, "a" * 33),
        ("max 32", "é" * 16, "é" * 17),
        ("min 1", 1, 0),
        ("1 to 64", 64, 65),
        ("1 to 64", 1, 0),
        ("16", bytes(16), bytes(15)),
        ("2", "DE", "DEU"),
        ("-43200 to 50400", -43200, -43201),
        ("-2^62 to 2^62", -(2**62), -(2**62) - 1),
        ("max (2^62) - 1", 2**62 - 1, 2**62),
        ("max 0xFF", 255, 256),
        ("max supportedFabrics", (1,) * 5, (1,) * 6),
        ("max supportedFabrics[max 400]", (b"x" * 400,), (b"x" * 401,)),
        ("max maxNetworks - 1", 0, 1),
        ("max maxNetworks + 1", 2, 3),
        ("max 16[2]", (b"ab",), (b"a",)),
        ("all[min 1]", (1, 2), (1, 0)),
        ("in SupportedLocales", "de", "fr"),
        ("idleModeDuration to 64800", 60, 59),
        ("1 to 3, 254", 254, 4),
    ],
)
def test_values_are_held_to_the_shorthand(text, good, bad):
    constraint(text).check(good, SIBLINGS.get)
    with pytest.raises(ConstraintError):
        constraint(text).check(bad, SIBLINGS.get)


@pytest.mark.parametrize("text", ["desc", "max 3", "in SupportedLocales", "all[max 1]"])
def test_null_is_a_matter_of_types_not_of_constraints(text):
    constraint(text).check(None, SIBLINGS.get)


def test_a_bound_that_nobody_has_bounds_nothing():
    constraint("max numberOfTotalUsersSupported").check(10**6, {}.get)


def test_prose_bounds_nothing():
    constraint("desc").check("anything", {}.get)


def test_octets_are_not_told_in_the_error():
    with pytest.raises(ConstraintError) as told:
        constraint("max 4").check(b"1234567", {}.get)
    assert "1234567" not in str(told.value)
    assert "7 octets" in str(told.value)


def test_long_values_are_told_short():
    with pytest.raises(ConstraintError) as told:
        constraint("max 4").check("x" * 1000, {}.get)
    assert len(str(told.value)) < 100


@pytest.mark.parametrize("text", ["max", "max 1 2", "min -", "1 to", "a b c"])
def test_what_is_no_shorthand_is_a_misuse(text):
    with pytest.raises(Misuse):
        Constraint(text)


@given(least=st.integers(-100, 100), size=st.integers(0, 100), value=st.integers(-300, 300))
def test_a_range_holds_both_its_ends(least, size, value):
    allowed = least <= value <= least + size
    try:
        Constraint(f"{least} to {least + size}").check(value, {}.get)
    except ConstraintError:
        assert not allowed
    else:
        assert allowed
