"""Hypothesis strategies for values of declared types."""

from __future__ import annotations

import enum
import types
import typing
from typing import Any

from hypothesis import strategies as st

from latchwork.matter.tlv.schema import ABSENT, Absent, Bits, Len, Range, Struct

MOST_ITEMS = 3


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values that a field of this type may have, absent and null included."""
    markers: list[Any] = []
    while typing.get_origin(hint) is typing.Annotated:
        markers += hint.__metadata__
        hint = hint.__origin__
    choices = []
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        arms = typing.get_args(hint)
        if type(None) in arms:
            choices.append(st.none())
        if Absent in arms:
            choices.append(st.just(ABSENT))
        hint = next(arm for arm in arms if arm not in {type(None), Absent})
        while typing.get_origin(hint) is typing.Annotated:
            markers += hint.__metadata__
            hint = hint.__origin__
    return st.one_of(*choices, _plain(hint, markers))


def _plain(hint: Any, markers: list[Any]) -> st.SearchStrategy[Any]:
    length = next((marker for marker in markers if isinstance(marker, Len)), Len(0, 64))
    most = length.least if length.most is None else min(length.most, 64)
    if typing.get_origin(hint) is tuple:
        items = st.lists(values(typing.get_args(hint)[0]), min_size=length.least, max_size=min(most, MOST_ITEMS))
        return items.map(tuple)
    if hint is str:
        return st.text(alphabet="abc123", min_size=length.least, max_size=most)
    if hint is bytes:
        return st.binary(min_size=length.least, max_size=most)
    if hint is bool:
        return st.booleans()
    if issubclass(hint, Struct):
        return structs(hint)
    if issubclass(hint, enum.IntFlag):
        return st.sets(st.sampled_from(list(hint))).map(lambda bits: hint(sum(set(map(int, bits)))))
    if issubclass(hint, enum.IntEnum):
        return st.sampled_from(list(hint))
    bits = next(marker for marker in markers if isinstance(marker, Bits))
    limits = next((marker for marker in markers if isinstance(marker, Range)), None)
    if limits is None:
        limits = (
            Range(-(1 << bits.width - 1), (1 << bits.width - 1) - 1) if bits.signed else Range(0, (1 << bits.width) - 1)
        )
    return st.integers(limits.least, limits.most)


def structs(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Instances of a structure."""
    return st.builds(kind, **{name: values(hint) for name, hint in kind.hints().items()})
