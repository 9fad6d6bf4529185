"""Plans: only what is ours, clears before adds, hours before codes, and a word for whatever stands in the way."""

from dataclasses import replace

import pytest
from tests.hub.model_lock import FULL, OUR_FABRIC, House, ModelLock

from latchwork.base.errors import Misuse
from latchwork.hub.house.desired import Desired, TroubleCode
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person, Site
from latchwork.hub.house.observed import Slot, UserType
from latchwork.hub.house.placed import Placed, PlacedUser
from latchwork.hub.house.rules import Always, Hours, Once, Weekly, Window
from latchwork.hub.house.steps import (
    AddUser,
    ChangeUser,
    ClearCredential,
    ClearUser,
    ClearYearDay,
    SetCredential,
    SetWeekDay,
    SetYearDay,
)
from latchwork.hub.plan.places import vanished
from latchwork.hub.plan.plan import plan

NOW = 1_795_000_000.0
PIN = CredentialKind.PIN
ALWAYS = Always()
WORK = Weekly((Hours(frozenset(range(5)), 480, 1080),))
ANN = Person(id="person_ann", name="Ann", unique_id=7)
BOB = Person(id="person_bob", name="Bob", unique_id=8)


def code(person, **more):
    return Credential(**{"id": f"code_{person.name}", "person_id": person.id, "length": 6, **more})


def access(rule=ALWAYS, person=ANN, number=1, **more):
    return Access(id=f"access_{number}", person_id=person.id, door_ids=("door",), rule=rule, **more)


def house(*accesses, credentials=None, **more):
    lock = ModelLock(replace(FULL, **more))
    return House(Site(), [ANN, BOB], list(credentials or (code(ANN), code(BOB))), list(accesses), lock)


def kinds(made):
    return [type(step) for step in made.steps]


def told(made):
    return [trouble.code for trouble in made.troubles]


def test_hours_are_on_before_the_code():
    home = house(access(WORK))
    assert kinds(home.settle(NOW)) == [AddUser, SetWeekDay, SetCredential]


def test_who_is_wanted_no_more_goes_with_everything():
    home = house(access(WORK))
    home.settle(NOW)
    home.accesses = []
    assert kinds(home.settle(NOW)) == [ClearUser]
    assert (home.lock.users, home.lock.credentials) == ({}, {})


def test_a_new_code_takes_the_place_of_the_old_one():
    home = house(access())
    home.settle(NOW)
    home.credentials = [code(ANN, version=2)]
    (step,) = home.settle(NOW).steps
    assert (step.is_new, step.index, step.because) == (False, 1, "it was changed")


def test_an_old_code_does_not_open_at_new_hours():
    home = house(access(WORK))
    home.settle(NOW)
    home.accesses, home.credentials = [access()], [code(ANN, version=2)]
    made = home.settle(NOW)
    assert kinds(made)[0] is ClearCredential
    assert kinds(made)[-1] is SetCredential


def test_a_code_whose_answer_was_lost_is_written_again():
    home = house(access())
    home.settle(NOW)
    home.lose_answers()
    (step,) = home.settle(NOW).steps
    assert step.because == "whether it arrived is not known"


def test_a_code_that_moves_to_another_user_is_cleared_first():
    guest = code(ANN, id="guest", created_at=1.0)
    home = house(access(), credentials=(code(ANN), guest))
    home.settle(NOW)
    home.accesses = [access(credential_ids=("code_Ann",)), access(WORK, number=2, credential_ids=("guest",))]
    assert kinds(home.settle(NOW)) == [ClearCredential, AddUser, SetWeekDay, SetCredential]


def test_a_change_of_kind_is_made_while_the_user_is_off():
    home = house(access(WORK))
    home.settle(NOW)
    home.accesses = [access(Window(NOW, NOW + 3600))]
    made = home.settle(NOW)
    assert kinds(made)[0] is ChangeUser
    assert not made.steps[0].user.is_enabled
    assert SetYearDay in kinds(made)
    assert made.steps[-1].user.is_enabled


def test_hours_of_the_same_kind_are_written_over():
    home = house(access(Window(NOW, NOW + 3600)))
    home.settle(NOW)
    home.accesses = [access(Window(NOW, NOW + 7200))]
    assert kinds(home.settle(NOW)) == [SetYearDay]


def test_windows_that_are_over_are_cleared():
    home = house(access(Window(NOW, NOW + 3600)), access(Window(NOW + 7200, NOW + 9999), number=2))
    home.settle(NOW)
    assert kinds(home.settle(NOW + 3600)) == [ClearYearDay]


def test_what_somebody_else_changed_on_ours_is_put_back():
    home = house(access())
    home.settle(NOW)
    home.lock.users[1].update(is_enabled=False)
    assert kinds(home.settle(NOW)) == [ChangeUser]
    home.lock.users[1].update(name="Eve")
    assert home.settle(NOW).steps[0].because == "its name is another"
    del home.lock.credentials[PIN, 1]
    assert kinds(home.settle(NOW)) == [SetCredential]


@pytest.mark.parametrize("name", ["", "Bartholo"])
def test_a_name_that_the_lock_keeps_to_itself_or_shortens_is_left(name):
    home = house(access())
    home.persons = [replace(ANN, name="Bartholomew Smith")]
    home.settle(NOW)
    home.lock.users[1].update(name=name)
    assert home.settle(NOW).steps == ()


def test_a_lock_that_turns_the_type_of_a_user_with_hours_is_not_fought():
    home = house(access(WORK))
    home.settle(NOW)
    home.lock.users[1].update(type=UserType.SCHEDULE_RESTRICTED)
    assert home.settle(NOW).steps == ()


def test_a_code_for_one_opening_opens_once():
    home = house(access(Once()))
    home.settle(NOW)
    home.lock.use("code_Ann#1", NOW)
    assert home.settle(NOW).steps == ()
    assert not home.is_open(home.credentials[0], NOW)
    home.accesses = [access(Once(), number=2), access(Once(), first_used_at=NOW)]
    home.settle(NOW)
    assert home.is_open(home.credentials[0], NOW), "another access for one opening is another one"


def test_a_user_for_one_opening_that_is_gone_is_not_put_on_again():
    home = house(access(Once()))
    home.settle(NOW)
    home.lock.users.clear()
    home.lock.credentials.clear()
    made = home.settle(NOW)
    assert (made.steps, told(made)) == ((), [TroubleCode.DRIFTED])


def test_a_user_whose_adding_was_never_answered_is_added_where_it_was_meant_to_be():
    home = house(access(Once()))
    home.placed = Placed(users=(PlacedUser(lock_id="lock", key="person_ann/access_1", index=4, is_pending=True),))
    assert home.settle(NOW).steps[0].index == 4


def test_a_user_that_another_put_in_our_place_is_left_alone():
    home = house(access())
    home.settle(NOW)
    home.lock.users.clear()
    home.lock.credentials.clear()
    home.lock.add_foreign(1, 1)
    made = home.settle(NOW)
    assert kinds(made) == [AddUser, SetCredential]
    assert made.steps[0].index == 2
    assert TroubleCode.FOREIGN_USER in told(made)


@pytest.mark.parametrize("creator", [0, None, 9])
def test_a_user_that_nobody_says_is_ours_is_not_cleared(creator):
    home = house(access(), access(person=BOB, number=2))
    home.settle(NOW)
    home.lock.users[1].update(creator=creator)
    home.lock.credentials[PIN, 1].update(creator=creator)
    home.accesses = []
    assert [step.index for step in home.settle(NOW).steps] == [2]


def test_with_our_fabric_unknown_what_is_told_to_be_somebody_s_is_not_ours():
    home = house(access())
    home.settle(NOW)
    made = plan(Desired(), home.lock.observed(), home.lock.capabilities, home.placed, 0, NOW)
    assert made.steps == ()


def test_whether_a_lock_names_creators_is_told_from_what_it_holds_when_nobody_knows():
    home = house(access(), access(person=BOB, number=2))
    home.settle(NOW)
    home.lock.users[1].update(creator=None)
    observed = home.lock.observed()
    made = plan(Desired(), observed, home.lock.capabilities, home.placed, OUR_FABRIC, NOW)
    assert [step.index for step in made.steps if isinstance(step, ClearUser)] == [2]
    silent = replace(observed, users={1: observed.user(1)})
    made = plan(Desired(), silent, home.lock.capabilities, home.placed, OUR_FABRIC, NOW)
    assert [step.index for step in made.steps if isinstance(step, ClearUser)] == [1]


@pytest.mark.parametrize(("names", "steps"), [(True, [SetCredential]), (False, [])])
def test_a_code_that_somebody_else_wrote_over_is_written_again_where_the_lock_says_who_wrote(names, steps):
    home = house(access())
    home.settle(NOW)
    observed = home.lock.observed()
    theirs = {place: replace(seen, modifier=2) for place, seen in observed.credentials.items() if place == (PIN, 1)}
    observed = replace(observed, credentials={**observed.credentials, **theirs})
    desired = home.compile(NOW)
    made = plan(desired, observed, home.lock.capabilities, home.placed, OUR_FABRIC, NOW, names_modifiers=names)
    assert kinds(made) == steps
    assert all((step.index, step.is_new) == (1, False) for step in made.steps)


def test_a_lock_that_names_no_creators_is_taken_at_our_word():
    home = house(access())
    home.lock.tells_creators = False
    home.settle(NOW)
    home.accesses = []
    assert kinds(home.settle(NOW)) == [ClearUser]


def test_a_user_of_ours_with_something_foreign_is_switched_off_and_stays():
    home = house(access())
    home.settle(NOW)
    home.lock.add_foreign_pin(5, 1)
    assert told(home.settle(NOW)) == [TroubleCode.FOREIGN_USER]
    home.accesses = []
    made = home.settle(NOW)
    assert set(kinds(made)) == {ChangeUser, ClearCredential}
    assert not home.lock.open_at("foreign 5", NOW)
    assert (PIN, 5) in home.lock.credentials


def test_a_finger_that_was_made_at_the_door_is_ours_when_we_account_for_it():
    finger = Credential(id="finger", person_id=ANN.id, kind=CredentialKind.FINGERPRINT, lock_id="lock", length=0)
    home = house(access(), credentials=(code(ANN), finger))
    home.settle(NOW)
    place = CredentialKind.FINGERPRINT, 1
    home.lock.credentials[place] = {"secret": "finger", "user": 1, "creator": None}
    (account,) = home.placed.credentials
    enrolled = replace(account, credential_id="finger", kind=place[0], index=1)
    home.placed = Placed(users=home.placed.users, credentials=(account, enrolled))
    home.enrolled = {"finger"}
    assert home.plan(NOW).steps == ()
    del home.lock.credentials[place]
    assert told(home.settle(NOW)) == [TroubleCode.ENROL_AT_DOOR]


def test_a_full_lock_says_who_fills_it():
    home = house(access(), users=2)
    home.lock.add_foreign(1, 1)
    home.lock.add_foreign(2, 2, creator=0)
    made = home.settle(NOW)
    assert told(made) == [TroubleCode.LOCK_FULL]
    assert "all 2 users of this lock are taken, 2 of them by others than this hub (1 by" in made.troubles[0].message


def test_the_place_of_who_goes_is_given_to_who_comes():
    home = house(access(), users=1, kinds={PIN: 1})
    home.settle(NOW)
    home.accesses = [access(person=BOB, number=2)]
    assert kinds(home.settle(NOW)) == [ClearUser, AddUser, SetCredential]


def test_when_all_codes_are_taken_that_is_said():
    home = house(access(), kinds={PIN: 1})
    home.lock.add_foreign(3, 1)
    made = home.settle(NOW)
    assert told(made) == [TroubleCode.CREDENTIALS_FULL]
    assert "all 1 of this lock are taken, 1 of them by others" in made.troubles[0].message


def test_something_foreign_on_a_user_counts_for_its_room():
    home = house(access(), credentials_per_user=1)
    home.settle(NOW)
    home.lock.add_foreign_pin(5, 1)
    del home.lock.credentials[PIN, 1]
    assert set(told(home.settle(NOW))) == {TroubleCode.FOREIGN_USER, TroubleCode.CREDENTIALS_FULL}


def test_a_place_that_cannot_be_read_is_neither_used_nor_taken_for_free():
    home = house(access(), users=2)
    home.lock.unreadable_users = {1}
    assert home.settle(NOW).steps[0].index == 2
    other = house(access(), users=2)
    other.lock.unreadable_users = {1, 2}
    made = other.settle(NOW)
    assert (made.steps, told(made)) == ((), [TroubleCode.UNREADABLE])


def test_hours_that_cannot_be_read_are_left_with_everything_that_hangs_on_them():
    home = house(access())
    home.settle(NOW)
    home.accesses = [access(WORK)]
    observed = home.lock.observed()
    hidden = replace(observed.user(1), week_days={1: Slot.UNREADABLE})
    made = plan(
        home.compile(NOW), replace(observed, users={1: hidden}), home.lock.capabilities, home.placed, OUR_FABRIC, NOW
    )
    assert (made.steps, told(made)) == ((), [TroubleCode.UNREADABLE])


def test_what_is_gone_and_not_wanted_is_to_be_forgotten():
    home = house(access(), access(person=BOB, number=2))
    home.settle(NOW)
    home.lock.users.clear()
    home.lock.credentials.clear()
    home.lock.add_foreign(1, 1)
    gone = vanished(Desired(), home.lock.observed(), home.placed, OUR_FABRIC)
    assert gone == home.placed
    kept = vanished(home.compile(NOW), home.lock.observed(), home.placed, OUR_FABRIC)
    assert kept == Placed()


def test_a_plan_for_another_time_is_refused():
    home = house(access(Window(NOW, NOW + 10)))
    desired = home.compile(NOW)
    with pytest.raises(Misuse):
        plan(desired, home.lock.observed(), home.lock.capabilities, home.placed, OUR_FABRIC, NOW + 10)


def test_a_lock_without_users_is_not_told_anything():
    home = house(access(), has_users=False)
    assert told(home.settle(NOW)) == [TroubleCode.LOCK_HAS_NO_USERS]
