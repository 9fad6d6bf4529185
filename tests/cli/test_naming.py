"""Finding what somebody named."""

import pytest

from latchwork.base.errors import Misuse
from latchwork.cli.naming import pick

DOORS = [
    {"id": "door_1", "name": "Front door"},
    {"id": "door_2", "name": "Back door"},
    {"id": "door_3", "name": "Garage"},
    {"id": "door_4", "name": "Garage gate"},
]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("Front door", "door_1"),
        ("front  DOOR ", "door_1"),
        ("fr", "door_1"),
        ("door_2", "door_2"),
        ("garage", "door_3"),
        ("garage g", "door_4"),
        ("gate", "door_4"),
    ],
)
def test_a_name_a_beginning_a_word_or_an_id_is_enough(text, id_):
    assert pick(text, DOORS, "door")["id"] == id_


def test_what_may_be_several_names_them():
    with pytest.raises(Misuse, match="Front door, Back door"):
        pick("door", DOORS, "door")
    with pytest.raises(Misuse, match=r"Ana \(person_1\), Ana \(person_2\)"):
        pick("ana", [{"id": "person_1", "name": "Ana"}, {"id": "person_2", "name": "Ana"}], "person")


def test_an_id_decides_between_two_of_one_name():
    assert pick("person_2", [{"id": "person_1", "name": "Ana"}, {"id": "person_2", "name": "Ana"}], "person")["id"] == (
        "person_2"
    )


@pytest.mark.parametrize("text", ["cellar", "", "  "])
def test_what_is_not_there_says_what_is(text):
    with pytest.raises(Misuse) as caught:
        pick(text, DOORS, "door")
    assert "Garage gate" in caught.value.advice
    with pytest.raises(Misuse, match="no door yet"):
        pick("front", [], "door")


def test_a_long_list_is_cut():
    many = [{"id": f"door_{number}", "name": f"Room {number}"} for number in range(100)]
    with pytest.raises(Misuse) as caught:
        pick("room", many, "door")
    assert len(str(caught.value)) < 200
