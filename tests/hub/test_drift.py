"""What others changed is told from what the house wants otherwise, and two managers do not fight for ever."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.desired import DesiredCredential, DesiredUser
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import WeekDay, YearDay
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    ClearWeekDay,
    ClearYearDay,
    SetCredential,
    SetWeekDay,
    SetYearDay,
)
from latchwork.hub.keeping.drift import QUARREL, Quarrels, person_of, repairs

ANN = DesiredUser(key="person_ann/access_1", person_id="person_ann", access_ids=("access_1",), name="Ann", unique_id=1)
CODE = DesiredCredential(credential_id="credential_ann", kind=CredentialKind.PIN, version=1, length=6)
USER = PlacedUser(lock_id="lock", key=ANN.key, index=3)
ROW = PlacedCredential(
    lock_id="lock",
    credential_id="credential_ann",
    version=1,
    kind=CredentialKind.PIN,
    index=5,
    user_key=ANN.key,
    proof=Proof.OCCUPIED,
)
PLACED = Placed(users=(USER,), credentials=(ROW,))
WANTED = {ANN.key: ANN}
ADD = AddUser(index=3, user=ANN, because="")
CHANGE = ChangeUser(index=3, user=ANN, because="")
SET = SetCredential(
    kind=CredentialKind.PIN, index=5, is_new=True, user_index=3, user_key=ANN.key, credential=CODE, because=""
)
HOURS = (
    SetWeekDay(user_index=3, index=1, schedule=WeekDay(1, 0, 60), because=""),
    ClearWeekDay(user_index=3, index=1, because=""),
    SetYearDay(user_index=3, index=1, schedule=YearDay(0, 60), because=""),
    ClearYearDay(user_index=3, index=1, because=""),
)
CLEARS = (
    ClearUser(index=3, key=ANN.key, because=""),
    ClearCredential(kind=CredentialKind.PIN, index=5, credential_id="credential_ann", because=""),
)


@pytest.mark.parametrize("step", [ADD, CHANGE, SET, *HOURS, *CLEARS])
def test_every_step_about_what_is_ours_is_about_a_person(step):
    assert person_of(step, PLACED) == "person_ann"


@pytest.mark.parametrize("step", [*HOURS, CLEARS[1]])
def test_a_step_about_a_place_that_no_book_knows_is_about_nobody(step):
    assert person_of(step, Placed()) is None


def repaired(*steps, settled=None, placed=PLACED):
    return repairs(steps, WANTED, WANTED if settled is None else settled, placed)


@pytest.mark.parametrize(
    ("step", "what"), [(ADD, "the user"), (SET, "code"), (CHANGE, "how the user is set up"), (HOURS[0], "the hours")]
)
def test_what_was_there_and_has_to_be_put_there_again_is_a_repair(step, what):
    assert repaired(step) == {"person_ann": [what]}


def test_what_the_house_wants_otherwise_is_none():
    before = {ANN.key: replace(ANN, name="Anna")}
    assert repaired(CHANGE, *HOURS, settled=before) == {}
    assert repaired(CHANGE, *HOURS, settled={}) == {}
    assert repaired(replace(SET, credential=replace(CODE, version=2))) == {}


def test_what_was_never_known_to_be_there_is_none():
    assert repaired(ADD, SET, placed=Placed()) == {}
    unsure = replace(ROW, proof=Proof.ACCEPTED)
    assert repaired(SET, placed=Placed(users=(USER,), credentials=(unsure,))) == {}
    pending = Placed(users=(replace(USER, is_pending=True),), credentials=(replace(ROW, is_pending=True),))
    assert repaired(ADD, SET, placed=pending) == {}


def test_taking_away_is_never_a_repair():
    assert repaired(*CLEARS) == {}


def test_many_steps_of_one_person_are_told_once_each():
    assert repaired(ADD, SET, SET, *HOURS) == {"person_ann": ["the user", "code", "the hours"]}


def test_a_quarrel_is_that_many_repairs_within_an_hour_and_ends_when_somebody_looks_into_it():
    quarrels = Quarrels()
    for number in range(QUARREL - 1):
        quarrels.repaired("person_ann", 600.0 * number)
    assert quarrels.persons == set()
    quarrels.repaired("person_ann", 600.0 * QUARREL)
    assert quarrels.persons == {"person_ann"}
    quarrels.settle()
    assert quarrels.persons == set()
    quarrels.repaired("person_ann", 600.0 * QUARREL)
    assert quarrels.persons == set()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(1, 4000)), max_size=30))
def test_who_quarrels_was_repaired_too_often_in_some_hour_and_nobody_else(repairs_made):
    quarrels, now, times = Quarrels(), 0.0, {"a": [], "b": []}
    for person, pause in repairs_made:
        now += pause
        times[person].append(now)
        quarrels.repaired(person, now)
    for person, mine in times.items():
        is_often = any(sum(at - 3600 < other <= at for other in mine) >= QUARREL for at in mine)
        assert (person in quarrels.persons) is is_often
