"""Which steps would be tried, and what the books may forget."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.desired import Desired, DesiredCredential, DesiredUser
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser, Slot, WeekDay
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser
from latchwork.hub.house.steps import AddUser, ClearUser, SetCredential, SetWeekDay
from latchwork.hub.keeping.carrying import has_any
from latchwork.hub.plan.places import vanished

PIN = CredentialKind.PIN
ANN = DesiredUser(key="person_ann", person_id="person_ann", access_ids=("access_1",), name="Ann", unique_id=1)
CODE = DesiredCredential(credential_id="credential_ann", kind=PIN, version=1, length=6)
USER = PlacedUser(lock_id="lock", key="person_ann", index=3)
ROW = PlacedCredential(
    lock_id="lock", credential_id="credential_ann", version=1, kind=PIN, index=5, user_key="person_ann"
)
PLACED = Placed(users=(USER,), credentials=(ROW,))


def add(index):
    return AddUser(index=index, user=ANN, because="")


def put(index):
    return SetCredential(
        kind=PIN, index=index, is_new=True, user_index=index, user_key=ANN.key, credential=CODE, because=""
    )


def hours(index):
    return SetWeekDay(user_index=index, index=1, schedule=WeekDay(1, 0, 60), because="")


def test_what_hangs_on_a_step_that_is_not_tried_is_not_tried():
    steps = (add(1), hours(1), put(1))
    assert has_any(steps, lambda _: True)
    assert not has_any(steps, lambda step: not isinstance(step, AddUser))
    assert not has_any(steps, lambda step: isinstance(step, SetCredential))
    # A code that is refused keeps nobody from the next one.
    assert has_any((put(1), add(2)), lambda step: isinstance(step, AddUser))
    assert has_any((add(1), put(2)), lambda step: isinstance(step, SetCredential))
    assert has_any((add(1), ClearUser(index=1, key="person_bob", because="")), lambda step: isinstance(step, ClearUser))
    assert not has_any((), lambda _: True)


STEPS = st.builds(lambda make, index: make(index), st.sampled_from([add, put, hours]), st.integers(1, 3))


@given(st.lists(st.tuples(STEPS, st.booleans()), max_size=8))
def test_steps_that_may_be_tried_are_there_just_when_one_is_not_blocked(pairs):
    steps = [step for step, _ in pairs]
    allowed = {id(step): may for step, may in pairs}
    tried, blocked = [], set()
    for step in steps:
        index = step.index if isinstance(step, AddUser) else step.user_index
        if index in blocked:
            continue
        if allowed[id(step)]:
            tried.append(step)
        elif not isinstance(step, SetCredential):
            blocked.add(index)
    assert has_any(steps, lambda step: allowed[id(step)]) is bool(tried)


# What is forgotten


def seen(user=Slot.EMPTY, code=Slot.EMPTY):
    return Observed(users={3: user}, credentials={(PIN, 5): code})


OUR_USER = SeenUser(index=3, creator=1)
OUR_CODE = SeenCredential(kind=PIN, index=5, user_index=3, creator=1)


def forgotten(observed, desired=None):
    gone = vanished(desired or Desired(), observed, PLACED, 1, names_creators=True)
    return [user.key for user in gone.users], [each.credential_id for each in gone.credentials]


def test_what_is_gone_and_not_wanted_is_forgotten():
    assert forgotten(seen()) == (["person_ann"], ["credential_ann"])
    assert forgotten(seen(replace(OUR_USER, creator=2), replace(OUR_CODE, creator=2))) == (
        ["person_ann"],
        ["credential_ann"],
    )


def test_what_is_there_or_may_be_is_not():
    assert forgotten(seen(OUR_USER, OUR_CODE)) == ([], [])
    assert forgotten(seen(Slot.UNREADABLE, Slot.UNREADABLE)) == ([], [])
    assert forgotten(seen(OUR_USER)) == ([], ["credential_ann"])


def test_a_user_is_not_forgotten_while_the_lock_shows_a_code_of_theirs():
    assert forgotten(seen(Slot.EMPTY, OUR_CODE)) == ([], [])
    assert forgotten(seen(Slot.EMPTY, Slot.UNREADABLE)) == ([], [])


def test_what_is_wanted_stays_in_the_books_though_it_is_gone():
    wanted = Desired(users=(replace(ANN, credentials=(CODE,)),))
    assert forgotten(seen(), wanted) == ([], [])
