"""Declarations, and the state of a cluster."""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated

import pytest

from latchwork.base.errors import Misuse
from latchwork.matter.model.meta import Attribute, Cluster, Command, ConstraintError, Event, Priority, Response
from latchwork.matter.model.spec import SpecVersion
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import U8, U16, Len, OpenEnum, Struct, Tag


class Colour(OpenEnum):
    RED = 0
    BLUE = 1


class Point(Struct):
    x: Annotated[U8, Tag(0)]


class Paint(Struct):
    colour: Annotated[Colour, Tag(0)]


class PaintResponse(Response):
    command_id = 0x07

    count: Annotated[U8, Tag(0)]


class Canvas(Cluster):
    __slots__ = ()

    id = 0xFFF1FC01
    revision = 4
    name = "Canvas"
    revisions = {SpecVersion.V1_4_2: 3}  # noqa: RUF012 - as a declaration has it

    class Feature(IntFlag):
        COLOURS = COL = 1 << 0
        FRAME = FRM = 1 << 3

    count = Attribute[int](0x0000, U16, constraint="max maxCount", access="RW VO")
    colour = Attribute[Colour | None](0x0001, Colour, "COL", quality="X N")
    title = Attribute[str](0x0002, str, "O", access="R[W] VM", constraint="max 8", default="new")
    points = Attribute[tuple[Point, ...]](0x0003, tuple[Point, ...], "O", constraint="max 2")
    frame = Attribute[Point](0x0004, Point, "[FRM]")
    max_count = Attribute[int](0x0005, U8, quality="F", default=10)
    age = Attribute[int](0x0006, U8, since=SpecVersion.V1_6)
    nib = Attribute[int](0x0007, U8, until=SpecVersion.V1_6)
    newer = Attribute[int](0x0008, U8, "Rev >= v4")
    follows_title = Attribute[int](0x0009, U8, "Title")

    paint = Command(0x06, Paint, PaintResponse, "COL", access="M T")
    clear = Command(0x00, None, None)
    hang = Command(0x02, Point, None, "O", access="F A")

    painted = Event(0x01, Paint, "COL", Priority.CRITICAL, access="A", fabric_sensitive=True)
    dried = Event(0x00, None, "O")
    count_event = Event(0x02, Paint, "O", spec_name="Count")


def test_a_class_gives_declarations_and_a_state_gives_values():
    assert isinstance(Canvas.count, Attribute)
    assert (Canvas.count.id, Canvas.count.name, Canvas.max_count.spec_name) == (0, "count", "MaxCount")
    assert Canvas().count == 0
    assert Canvas.count_event.spec_name == "Count"


def test_elements_are_collected_by_id():
    assert list(Canvas.attributes) == [*range(10), 0xFFF8, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD]
    assert list(Canvas.commands) == [0x00, 0x02, 0x06]
    assert list(Canvas.events) == [0x00, 0x01, 0x02]
    assert Canvas.attributes[0] is Canvas.count


def test_commands_and_events_tell_what_they_take():
    paint, hang, painted = Canvas.paint, Canvas.hang, Canvas.painted
    assert (paint.privilege, paint.timed, paint.fabric_scoped, paint.response_id) == (4, True, False, 7)
    assert (hang.privilege, hang.timed, hang.fabric_scoped, hang.response_id) == (5, False, True, None)
    assert (painted.privilege, painted.priority, painted.fabric_sensitive) == (5, 2, True)
    assert Canvas.dried.priority is Priority.INFO


def test_a_bare_state_supports_what_is_mandatory():
    state = Canvas()
    assert list(state.supported_attributes) == [0, 5, 6, 8, 0xFFF8, 0xFFF9, 0xFFFB, 0xFFFC, 0xFFFD]
    assert list(state.accepted_commands) == [0]
    assert state.generated_commands == ()
    assert list(state.supported_events) == []


def test_features_bring_their_elements():
    state = Canvas(features=Canvas.Feature.COLOURS)
    assert 1 in state.supported_attributes
    assert list(state.accepted_commands) == [0, 6]
    assert state.generated_commands == (7,)
    assert list(state.supported_events) == [1]
    assert state.feature_map == 1


def test_options_are_named_in_our_words_or_the_specifications():
    state = Canvas(optional=("title", "Hang", "dried"))
    assert 2 in state.supported_attributes
    assert 2 in state.accepted_commands
    assert 0 in state.supported_events


def test_a_value_makes_an_optional_attribute_supported():
    assert Canvas(title="hills").title == "hills"


def test_an_element_may_depend_on_another():
    assert 9 not in Canvas().supported_attributes
    assert 9 in Canvas(title="").supported_attributes


@pytest.mark.parametrize(
    "options",
    [{"optional": ("nonsense",)}, {"colour": Colour.RED}, {"features": 1 << 7}, {"optional": ("frame",)}, {"nib": 1}],
)
def test_what_cannot_be_is_a_misuse(options):
    with pytest.raises(Misuse):
        Canvas(**options)


def test_global_attributes_follow_from_the_shape():
    state = Canvas(features=Canvas.Feature.FRM)
    assert state.attribute_list == tuple(state.supported_attributes)
    assert state.accepted_command_list == (0,)
    assert state.generated_command_list == ()
    assert (state.feature_map, state.cluster_revision) == (8, 4)
    with pytest.raises(Misuse):
        state.feature_map = 0


def test_an_older_version_has_its_own_revision_and_elements():
    state = Canvas(spec=SpecVersion.V1_4_2)
    assert state.cluster_revision == 3
    assert list(state.supported_attributes)[:3] == [0, 5, 7]


def test_states_alike_share_one_shape():
    assert Canvas(count=1).shape is Canvas(count=2).shape
    assert Canvas().shape is not Canvas(spec=SpecVersion.V1_4_2).shape


def test_values_begin_with_their_default_null_or_zero():
    state = Canvas(features=Canvas.Feature.COL | Canvas.Feature.FRM, optional=("title", "points", "frame"))
    assert (state.count, state.colour, state.title, state.points, state.max_count) == (0, None, "new", (), 10)
    assert state.frame is None


def test_an_unsupported_attribute_has_no_value():
    state = Canvas()
    with pytest.raises(Misuse, match="Title"):
        _ = state.title
    with pytest.raises(Misuse, match="Title"):
        state.title = "x"


def test_a_change_bumps_the_data_version_and_is_told():
    state, told = Canvas(data_version=7), []
    state.on_change = lambda cluster, attribute: told.append((cluster, attribute.name, cluster.count))
    state.count = 3
    state.count = 3
    assert state.data_version == 8
    assert told == [(state, "count", 3)]


def test_a_touch_is_a_change_without_a_value():
    state, told = Canvas(), []
    state.on_change = lambda _cluster, attribute: told.append(attribute)
    state.touch(Canvas.max_count)
    assert told == [Canvas.max_count]
    assert state.data_version == 1


def test_the_data_version_has_32_bits():
    state = Canvas(data_version=0xFFFF_FFFF)
    state.count = 1
    assert state.data_version == 0


def test_check_holds_types_and_constraints_apart():
    state = Canvas(title="")
    Canvas.count.check(10, state)
    with pytest.raises(ConstraintError, match=r"Canvas\.Count"):
        Canvas.count.check(11, state)
    for value in ("11", None, (1,), -1):
        with pytest.raises(TlvError):
            Canvas.count.check(value, state)
    with pytest.raises(ConstraintError):
        Canvas.points.check((Point(x=1),) * 3, state)
    with pytest.raises(TlvError):
        Canvas.points.check((Paint(colour=Colour.RED),), state)


def test_nullable_attributes_take_null():
    assert Canvas.colour.decode(None) is None
    assert Canvas.colour.decode(1) is Colour.BLUE
    with pytest.raises(TlvError):
        Canvas.count.decode(None)


def test_the_codec_is_made_once_and_late():
    attribute = Attribute[int](0, Annotated[U8, Len(1)])
    assert attribute.codec is attribute.codec
    assert attribute.encoder(2) is attribute.encoder(2)


def test_lists_are_told_from_single_values():
    assert Canvas.points.is_list
    assert Canvas.attribute_list.is_list
    assert not Canvas.count.is_list
    assert not Canvas.colour.is_list
