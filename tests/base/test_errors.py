"""The tree of errors, by blame and hope."""

import importlib
import pkgutil

import pytest

import latchwork
from latchwork.base.errors import (
    Bug,
    LatchworkError,
    Misuse,
    PeerViolation,
    Refused,
    Unreachable,
    Unsupported,
)

ROOTS = (Misuse, PeerViolation, Refused, Unreachable, Unsupported, Bug)


@pytest.mark.parametrize("kind", ROOTS)
def test_every_root_takes_advice(kind):
    assert str(kind("what happened")) == "what happened"
    assert kind("x", advice="Do this.").advice == "Do this."
    assert issubclass(kind, LatchworkError)


def test_advice_of_one_error_is_not_that_of_its_class():
    Unreachable("x", advice="Only here.")
    assert Unreachable.advice == ""
    assert Bug("x").advice.startswith("This is a defect")


def test_a_refusal_carries_what_the_wire_said():
    refusal = Refused("no", status=0x88, cluster_status=2, advice="Ask again.")
    assert (refusal.status, refusal.cluster_status) == (0x88, 2)
    assert (Refused("no").status, Refused("no").cluster_status) == (None, None)


def every_error():
    for module in pkgutil.walk_packages(latchwork.__path__, "latchwork."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, todo = set(), [LatchworkError]
    while todo:
        kind = todo.pop()
        found.add(kind)
        todo += kind.__subclasses__()
    return found


def test_every_advice_is_a_sentence_or_nothing():
    for kind in every_error():
        assert isinstance(kind.advice, str)
        assert not kind.advice or kind.advice[0].isupper(), kind
        assert not kind.advice or kind.advice.endswith("."), kind


def test_every_error_says_in_its_docstring_what_it_means():
    assert [kind.__name__ for kind in every_error() if not (kind.__doc__ or "").strip()] == []
