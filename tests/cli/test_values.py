"""Values of the data model as JSON: there and back without loss, and clear words for what does not fit."""

import contextlib
import json
from enum import IntFlag
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.cli.lines import parse
from latchwork.cli.lines import plain as wire_form
from latchwork.cli.values import camel, from_json, pascal, struct_from_json, to_json
from latchwork.matter.tlv.elements import TlvList
from latchwork.matter.tlv.schema import ABSENT, U8, U16, U32, U64, Absent, Nullable, OpenEnum, Struct, Tag


class Colour(OpenEnum):
    RED = 0
    DEEP_BLUE = 1


class DaysMask(IntFlag):
    SUNDAY = 1
    MONDAY = 2
    TUESDAY = 4


class Inner(Struct):
    user_unique_id: Annotated[U64, Tag(0)]
    label: Annotated[str | None, Tag(1)] = None


class Outer(Struct):
    colour: Annotated[Colour, Tag(0)]
    days_mask: Annotated[DaysMask, Tag(1)]
    pin_code: Annotated[bytes | None, Tag(2)] = None
    level: Annotated[U8 | None, Tag(3), Nullable]
    note: Annotated[str | Absent | None, Tag(4), Nullable] = ABSENT
    inner: Annotated[Inner, Tag(5)]
    items: Annotated[tuple[U16, ...], Tag(6)] = ()
    is_on: Annotated[bool, Tag(7)] = False
    local_start_time: Annotated[U32 | None, Tag(8)] = None


inners = st.builds(Inner, user_unique_id=st.integers(0, 2**64 - 1), label=st.none() | st.text())
outers = st.builds(
    Outer,
    colour=st.sampled_from([Colour.RED, Colour.DEEP_BLUE, Colour(200)]),
    days_mask=st.integers(0, 7).map(DaysMask),
    pin_code=st.none() | st.binary(max_size=10),
    level=st.none() | st.integers(0, 255),
    note=st.just(ABSENT) | st.none() | st.text(),
    inner=inners,
    items=st.lists(st.integers(0, 65535), max_size=5).map(tuple),
    is_on=st.booleans(),
    local_start_time=st.none() | st.integers(0, 2**32 - 1),
)


@given(outers)
def test_a_structure_survives_the_way_to_json_and_back(value: Outer) -> None:
    line = json.dumps(wire_form(to_json(value)))
    assert struct_from_json(Outer, parse(line)) == value


def test_names_flags_octets_and_times_look_as_scripts_expect() -> None:
    value = Outer(
        colour=Colour.DEEP_BLUE,
        days_mask=DaysMask.MONDAY,
        pin_code=b"1234",
        level=None,
        inner=Inner(user_unique_id=2**60),
        local_start_time=0,
    )
    assert wire_form(to_json(value)) == {
        "colour": 1,
        "daysMask": {"sunday": False, "monday": True, "tuesday": False},
        "pinCode": {"hex": "31323334"},
        "level": None,
        "inner": {"userUniqueId": str(2**60)},
        "items": [],
        "isOn": False,
        "localStartTime": 946_684_800,
    }


def test_names_change_case_as_the_specification_writes_them() -> None:
    assert camel("user_unique_id") == "userUniqueId"
    assert camel("MONDAY") == "monday"
    assert pascal("number_of_pin_users_supported") == "NumberOfPinUsersSupported"


def test_raw_values_keep_their_tags() -> None:
    assert to_json({1: [b"x", True], 2: TlvList([(3, 4)])}) == {"1": [b"x", True], "2": [{"tag": 3, "value": 4}]}


GOOD = {"colour": 0, "daysMask": {}, "level": 1, "inner": {"userUniqueId": 1}}


def test_names_are_taken_in_any_case_and_bitmaps_as_numbers_too() -> None:
    made = struct_from_json(
        Outer, {"COLOUR": "DeepBlue", "days_mask": 5, "Level": None, "inner": {"userUniqueID": "7"}}
    )
    assert made == Outer(
        colour=Colour.DEEP_BLUE,
        days_mask=DaysMask.SUNDAY | DaysMask.TUESDAY,
        level=None,
        inner=Inner(user_unique_id=7),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "Green"}, "no Colour"),
        ({"colour": None}, None),
        ({"daysMask": {"friday": True}}, "no flag friday"),
        ({"daysMask": "x"}, "bitmap"),
        ({"pinCode": "1234"}, "octets"),
        ({"level": "x"}, "whole number"),
        ({"level": 1.5}, "whole number"),
        ({"inner": 3}, "an object"),
        ({"inner": {}}, "lacks userUniqueId"),
        ({"items": 3}, "a list"),
        ({"isOn": 1}, "true or false"),
        ({"localStartTime": 5}, "before 2000"),
        ({"surprise": 1}, "no field surprise"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], words: str | None) -> None:
    with pytest.raises(Misuse, match=words):
        struct_from_json(Outer, GOOD | change)


def test_a_type_nobody_declared_takes_structures_by_number() -> None:
    assert from_json(object, {"1": [1, {"0x10": b"a"}]}) == {1: [1, {16: b"a"}]}
    with pytest.raises(Misuse, match="numbers"):
        from_json(object, {"name": 1})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["colour", "daysMask", "pinCode", "level", "inner", "items", "x"]), json_values))
def test_whatever_a_script_writes_is_taken_or_refused_as_misuse(value: dict[str, object]) -> None:
    with contextlib.suppress(Misuse):
        assert isinstance(struct_from_json(Outer, value), Outer)
