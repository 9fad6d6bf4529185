"""What events say: each once, in whose name it is certain, and with the reason where it is not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.hub.house.entities import CredentialKind, Door, Lock, Person
from latchwork.hub.house.observed import Observed, SeenUser, Slot
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser
from latchwork.hub.journal.entries import Entry, How, Kind, Why, to_stored
from latchwork.hub.journal.ingest import Fabric, Scene, take
from latchwork.hub.journal.journal import Journal
from latchwork.hub.journal.numbers import Numbers, Places
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation, StartUp
from latchwork.matter.model.clusters.door_lock import (
    AlarmCodeEnum,
    CredentialStruct,
    CredentialTypeEnum,
    DataOperationTypeEnum,
    DoorLock,
    DoorLockAlarm,
    DoorStateChange,
    DoorStateEnum,
    LockDataTypeEnum,
    LockOperation,
    LockOperationError,
    LockOperationTypeEnum,
    LockUserChange,
    OperationErrorEnum,
    OperationSourceEnum,
)
from latchwork.store.database import Database

NOW = 1_700_000_000.0
OURS, APPLE = 2, 1
ANN = Person(id="person_ann", name="Ann Example", unique_id=11)
BOB = Person(id="person_bob", name="Bob", unique_id=12)
LOCK = Lock(id="lock_1", node_id=7, fabric_index=OURS)
FRONT = Door(id="door_1", name="Front door", lock_id="lock_1")
ANNS_CODE = PlacedCredential(
    lock_id="lock_1",
    credential_id="credential_ann",
    version=1,
    kind=CredentialKind.PIN,
    index=5,
    user_key="person_ann",
    proof_at={"ACCEPTED": NOW - 86400},
)
SCENE = Scene(
    lock=LOCK,
    door=FRONT,
    placed=Placed(
        users=(
            PlacedUser(lock_id="lock_1", key="person_ann", index=3),
            PlacedUser(lock_id="lock_1", key="person_bob/access_1", index=4),
        ),
        credentials=(
            ANNS_CODE,
            replace(ANNS_CODE, credential_id="credential_bob", index=6, user_key="person_bob/access_1"),
        ),
    ),
    persons={"person_ann": ANN, "person_bob": BOB},
    fabrics={APPLE: Fabric("Apple", "Home"), OURS: Fabric("Latchwork", "Ours"), 3: Fabric(vendor_id=0x6006)},
)
LOW = 1
PIN5 = (CredentialStruct(credential_type=CredentialTypeEnum.PIN, credential_index=5),)
PIN6 = (CredentialStruct(credential_type=CredentialTypeEnum.PIN, credential_index=6),)
PIN9 = (CredentialStruct(credential_type=CredentialTypeEnum.PIN, credential_index=9),)


def event(number, value, *, at=NOW - 1, cluster=DoorLock.id, endpoint=1, **said):
    ids = {
        DoorLockAlarm: 0,
        DoorStateChange: 1,
        LockOperation: 2,
        LockOperationError: 3,
        LockUserChange: 4,
    }
    priority = LOW if isinstance(value, LockUserChange) else 2
    fields = {
        "number": number,
        "endpoint": endpoint,
        "cluster": cluster,
        "event": ids.get(type(value), 0),
        "priority": priority,
        "timestamp_ms": None if at is None else int(at * 1000),
        "is_epoch": at is not None,
        "value": value,
        "is_typed": True,
    }
    return EventValue(**{**fields, **said})


def operation(source=OperationSourceEnum.KEYPAD, what=LockOperationTypeEnum.UNLOCK, **said):
    fields = {"user_index": None, "fabric_index": None, "source_node": None, **said}
    return LockOperation(lock_operation_type=what, operation_source=source, **fields)


def refusal(error, source=OperationSourceEnum.KEYPAD, **said):
    fields = {"user_index": None, "fabric_index": None, "source_node": None, **said}
    return LockOperationError(
        lock_operation_type=LockOperationTypeEnum.UNLOCK, operation_source=source, operation_error=error, **fields
    )


def change(what, how, *, user=None, place=None, fabric=OURS, source=OperationSourceEnum.REMOTE):
    return LockUserChange(
        lock_data_type=LockDataTypeEnum[what],
        data_operation_type=DataOperationTypeEnum[how],
        operation_source=source,
        user_index=user,
        fabric_index=fabric,
        source_node=None,
        data_index=place,
    )


def say(*events, scene=SCENE, numbers=None, places=None, **how):
    return take(numbers or Numbers(), places or Places(), events, {1: scene}, NOW, **how)


def one(value, scene=SCENE, **said):
    (entry,) = say(event(1, value, **said), scene=scene).entries
    to_stored(entry)
    return entry


def who(entry):
    return entry.person_id, entry.why_unknown


# Who


def test_a_code_at_the_keypad_names_person_credential_way_door_and_time():
    entry = one(operation(user_index=3, credentials=PIN5))
    assert entry == Entry(
        at=NOW,
        lock_at=NOW - 1,
        kind=Kind.OPENED,
        door_id="door_1",
        door_name="Front door",
        lock_id="lock_1",
        person_id="person_ann",
        person_name="Ann Example",
        credential_kind=CredentialKind.PIN,
        credential_id="credential_ann",
        how=How.KEYPAD,
        event_number=1,
    )


def test_a_user_with_accesses_in_its_key_is_its_person():
    assert who(one(operation(user_index=4, credentials=PIN6))) == ("person_bob", None)


def test_a_credential_alone_is_enough_when_it_is_one_of_ours():
    entry = one(operation(credentials=PIN5))
    assert (entry.person_id, entry.credential_id) == ("person_ann", "credential_ann")


def test_a_user_alone_names_the_person_and_no_credential():
    entry = one(operation(user_index=3, credentials=None))
    assert (entry.person_id, entry.credential_id, entry.credential_kind) == ("person_ann", None, None)


def test_two_credentials_of_two_people_name_nobody():
    assert who(one(operation(credentials=PIN5 + PIN6))) == (None, Why.CONTRADICTION)
    assert who(one(operation(user_index=3, credentials=PIN6))) == (None, Why.CONTRADICTION)


def test_a_credential_that_we_never_gave_names_nobody():
    assert who(one(operation(user_index=3, credentials=PIN9))) == (None, Why.CHANGED_HANDS)
    assert who(one(operation(credentials=PIN9))) == (None, Why.UNREAD)


@pytest.mark.parametrize(
    ("source", "said", "how", "why"),
    [
        ("MANUAL", {}, How.MANUAL, Why.MANUAL),
        ("BUTTON", {}, How.BUTTON, Why.BUTTON),
        ("AUTO", {}, How.AUTO, Why.ITSELF),
        ("SCHEDULE", {}, How.SCHEDULE, Why.ITSELF),
        ("PROPRIETARY_REMOTE", {}, How.PROPRIETARY_REMOTE, Why.MAKER_APP),
        ("REMOTE", {"fabric_index": APPLE}, How.REMOTE, Why.ECOSYSTEM),
        ("REMOTE", {"fabric_index": OURS}, How.REMOTE, Why.HUB),
        ("REMOTE", {}, How.REMOTE, Why.NOT_SAID),
        ("KEYPAD", {}, How.KEYPAD, Why.NOT_SAID),
        ("ALIRO", {}, How.ALIRO, Why.NOT_SAID),
        ("UNSPECIFIED", {}, How.UNKNOWN, Why.NOT_SAID),
    ],
)
def test_what_the_lock_did_not_say_has_its_reason(source, said, how, why):
    entry = one(operation(OperationSourceEnum[source], **said))
    assert (entry.person_id, entry.how, entry.why_unknown) == (None, how, why)


def test_a_lock_behind_a_bridge_says_so():
    bridged = replace(SCENE, is_bridged=True)
    assert who(one(operation(OperationSourceEnum.UNSPECIFIED), scene=bridged)) == (None, Why.BRIDGE)
    assert who(one(operation(OperationSourceEnum.MANUAL), scene=bridged)) == (None, Why.MANUAL)


def test_another_ecosystem_is_named_by_vendor_and_label():
    entry = one(operation(OperationSourceEnum.REMOTE, fabric_index=APPLE, source_node=0x1234))
    assert (entry.fabric_name, entry.fabric_index, entry.node_id) == ("Apple (Home)", APPLE, 0x1234)
    assert one(operation(OperationSourceEnum.REMOTE, fabric_index=3)).fabric_name == "vendor 6006"
    assert one(operation(OperationSourceEnum.REMOTE, fabric_index=9)).fabric_name == ""


def test_while_our_number_on_the_lock_is_not_known_nothing_is_ours():
    scene = replace(SCENE, lock=replace(LOCK, fabric_index=0))
    assert who(one(operation(OperationSourceEnum.REMOTE, fabric_index=OURS), scene=scene)) == (None, Why.ECOSYSTEM)


def seen(index, **said):
    users = {index: SeenUser(index=index, **said)}
    return replace(SCENE, observed=Observed(users=users, read_at=NOW - 100))


def test_a_user_of_another_ecosystem_is_named_by_the_ecosystem_and_what_the_lock_calls_it():
    entry = one(operation(user_index=8), scene=seen(8, name="Carol", creator=APPLE))
    assert who(entry) == (None, Why.FOREIGN_USER)
    assert (entry.fabric_name, entry.detail) == ("Apple (Home)", {"user": 8, "user_name": "Carol"})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"creator": 0}, (None, Why.ORPHAN)),
        ({"creator": None}, (None, Why.AT_DOOR)),
        ({"creator": OURS, "unique_id": 12}, ("person_bob", None)),
        ({"creator": OURS, "unique_id": 99}, (None, Why.UNREAD)),
        ({"creator": APPLE, "unique_id": 12}, (None, Why.FOREIGN_USER)),
    ],
)
def test_a_user_that_is_not_in_our_account_is_who_the_lock_says_made_it(said, expected):
    assert who(one(operation(user_index=8), scene=seen(8, **said))) == expected


def test_a_place_that_was_never_read_names_nobody():
    assert who(one(operation(user_index=8))) == (None, Why.UNREAD)
    unreadable = replace(SCENE, observed=Observed(users={8: Slot.UNREADABLE}, read_at=NOW))
    assert who(one(operation(user_index=8), scene=unreadable)) == (None, Why.UNREAD)


def test_a_place_of_ours_that_another_ecosystem_has_filled_is_not_our_person_any_more():
    entry = one(operation(user_index=3, credentials=PIN5), scene=seen(3, creator=APPLE, name="Carol"))
    assert entry.person_id is None or entry.why_unknown
    assert who(one(operation(user_index=3), scene=seen(3, creator=APPLE))) == (None, Why.FOREIGN_USER)


def test_names_of_peers_are_cut_and_cleaned():
    entry = one(operation(user_index=8), scene=seen(8, name="a\0\ud800" + "x" * 500, creator=None))
    to_stored(entry)
    assert len(entry.detail["user_name"]) == 300
    assert Fabric("Apple", "\0" * 10).name == "Apple ()"


@pytest.mark.parametrize(
    ("kind", "how"),
    [("FINGERPRINT", How.FINGERPRINT), ("FACE", How.FACE), ("FINGER_VEIN", How.BIOMETRIC)],
)
def test_the_credential_says_which_part_of_the_body(kind, how):
    shown = (CredentialStruct(credential_type=CredentialTypeEnum[kind], credential_index=1),)
    assert one(operation(OperationSourceEnum.BIOMETRIC, user_index=3, credentials=shown)).how is how


# Places that change hands


def test_a_place_that_was_given_to_somebody_else_since_names_nobody():
    """Whoever reads the events after an outage must not name today's owner of the place."""
    used = event(10, operation(user_index=3, credentials=PIN5))
    cleared = event(11, change("USER_INDEX", "CLEAR", user=3, place=3))
    added = event(12, change("USER_INDEX", "ADD", user=3, place=3))
    again = event(13, operation(user_index=3))
    taken = say(used, cleared, added, again)
    assert [entry.person_id for entry in taken.entries if entry.kind is Kind.OPENED] == [None, "person_ann"]
    assert taken.entries[0].why_unknown is Why.CHANGED_HANDS


def test_a_place_that_another_ecosystem_emptied_and_filled_is_not_ours_any_more():
    cleared = event(11, change("USER_INDEX", "CLEAR", user=3, place=3, fabric=APPLE))
    added = event(12, change("USER_INDEX", "ADD", user=3, place=3, fabric=APPLE))
    taken = say(cleared, added, event(13, operation(user_index=3)))
    assert [(entry.kind, *who(entry)) for entry in taken.entries] == [
        (Kind.USER_REMOVED, None, Why.CHANGED_HANDS),
        (Kind.USER_ADDED, None, Why.FOREIGN_USER),
        (Kind.OPENED, None, Why.CHANGED_HANDS),
    ]
    fresh = seen(3, creator=APPLE)
    fresh = replace(fresh, observed=replace(fresh.observed, read_at=NOW + 1))
    later = say(event(14, operation(user_index=3)), scene=fresh, numbers=taken.numbers, places=taken.places)
    assert who(later.entries[-1]) == (None, Why.FOREIGN_USER)


def test_what_was_read_before_a_change_says_nothing_about_the_place_after_it():
    added = event(12, change("USER_INDEX", "ADD", user=8, place=8, fabric=3))
    taken = say(added, event(13, operation(user_index=8)), scene=seen(8, creator=APPLE, name="Carol"))
    assert who(taken.entries[-1]) == (None, Why.UNREAD)


def test_clearing_everybody_changes_every_place():
    cleared = event(11, change("USER_INDEX", "CLEAR", user=0xFFFE, place=0xFFFE, fabric=APPLE))
    taken = say(event(10, operation(user_index=3)), cleared, event(12, operation(user_index=4)))
    assert [entry.person_id for entry in taken.entries] == [None, None, None]
    assert taken.entries[1].detail["everybody"] is True


def test_a_user_of_whose_making_nothing_is_known_yet_is_not_named():
    users = (PlacedUser(lock_id="lock_1", key="person_bob", index=3, is_pending=True),)
    scene = replace(SCENE, placed=Placed(users=users))
    assert who(one(operation(user_index=3), scene=scene)) == (None, Why.CHANGED_HANDS)
    added = event(1, change("USER_INDEX", "ADD", user=3, place=3))
    assert say(added, event(2, operation(user_index=3)), scene=scene).entries[-1].person_id == "person_bob"


def test_an_event_from_before_anything_of_the_person_was_on_the_lock_is_not_theirs():
    assert who(one(operation(user_index=3, credentials=PIN5), at=NOW - 90_000))[0] is None
    assert who(one(operation(user_index=3), at=NOW - 90_000)) == (None, Why.CHANGED_HANDS)
    assert who(one(operation(user_index=3), at=NOW - 86_500))[0] == "person_ann", "clocks are not that exact"


def test_a_code_that_another_ecosystem_replaced_is_not_our_credential():
    changed = event(11, change("PIN", "MODIFY", user=3, place=5, fabric=APPLE))
    entry = say(changed, event(12, operation(user_index=3, credentials=PIN5))).entries[-1]
    assert (entry.person_id, entry.credential_id) == ("person_ann", None)


def test_places_of_one_lock_say_nothing_about_another_of_the_same_node():
    other = replace(SCENE, lock=replace(LOCK, id="lock_2"), door=None)
    added = event(11, change("USER_INDEX", "ADD", user=3, place=3, fabric=APPLE), endpoint=2)
    taken = take(Numbers(), Places(), [added, event(12, operation(user_index=3))], {1: SCENE, 2: other}, NOW)
    assert [entry.lock_id for entry in taken.entries] == ["lock_2", "lock_1"]
    assert taken.entries[1].person_id == "person_ann"


# What


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("LOCK", Kind.LOCKED),
        ("UNLOCK", Kind.OPENED),
        ("NON_ACCESS_USER_EVENT", Kind.RECOGNISED),
        ("FORCED_USER_EVENT", Kind.DURESS),
        ("UNLATCH", Kind.UNLATCHED),
    ],
)
def test_every_operation_has_a_word(what, kind):
    assert one(operation(what=LockOperationTypeEnum[what])).kind is kind


def test_an_operation_of_a_later_revision_keeps_its_number():
    entry = one(operation(OperationSourceEnum(77), what=LockOperationTypeEnum(9)))
    assert (entry.kind, entry.how, entry.detail) == (Kind.OTHER, How.UNKNOWN, {"operation": 9})


def test_a_wrong_code_is_nobodys_and_not_merely_unsaid():
    entry = one(refusal(OperationErrorEnum.INVALID_CREDENTIAL))
    assert (entry.kind, entry.why_unknown) == (Kind.REFUSED, Why.UNKNOWN_CREDENTIAL)
    assert entry.detail == {"wanted": "unlock", "reason": "invalid_credential"}


def test_a_person_who_came_at_the_wrong_time_is_named():
    entry = one(refusal(OperationErrorEnum.RESTRICTED, user_index=3, credentials=PIN5))
    assert (entry.kind, entry.person_name, entry.detail["reason"]) == (Kind.REFUSED, "Ann Example", "restricted")


@pytest.mark.parametrize("code", list(AlarmCodeEnum))
def test_every_alarm_is_told_with_its_word(code):
    entry = one(DoorLockAlarm(alarm_code=code))
    assert entry.detail == {"alarm": code.name.lower()}
    assert entry.kind is not Kind.OTHER
    assert one(DoorLockAlarm(alarm_code=AlarmCodeEnum(200))).detail == {"alarm": 200}


@pytest.mark.parametrize("state", list(DoorStateEnum))
def test_every_state_of_the_door_has_a_word(state):
    assert one(DoorStateChange(door_state=state)).kind.value.startswith("door_")
    assert one(DoorStateChange(door_state=DoorStateEnum(99))).kind is Kind.OTHER


@pytest.mark.parametrize("how", ["ADD", "CLEAR", "MODIFY"])
@pytest.mark.parametrize("what", [each.name for each in LockDataTypeEnum])
def test_every_change_of_a_locks_data_is_told_with_who_did_it(what, how):
    entry = one(change(what, how, user=3, place=9, fabric=APPLE))
    words = {"ADD": "added", "CLEAR": "removed", "MODIFY": "changed"}
    expected = f"user_{words[how]}" if what == "USER_INDEX" else f"code_{words[how]}"
    expected = "schedule_changed" if "SCHEDULE" in what else "other" if what == "UNSPECIFIED" else expected
    assert (entry.kind.value, entry.fabric_name) == (expected, "Apple (Home)")
    assert (entry.detail["data"], entry.detail["place"]) == (what.lower(), 9)


def test_an_added_code_names_whose_and_an_added_user_of_others_nobody():
    assert one(change("PIN", "ADD", user=3, place=5)).person_id == "person_ann"
    assert one(change("USER_INDEX", "ADD", user=3, place=3)).person_id == "person_ann"
    assert who(one(change("USER_INDEX", "ADD", user=3, place=3, fabric=APPLE))) == (None, Why.FOREIGN_USER)
    at_door = change("USER_INDEX", "ADD", user=3, place=3, fabric=None, source=OperationSourceEnum.KEYPAD)
    assert who(one(at_door)) == (None, Why.AT_DOOR)


def test_an_event_that_cannot_be_understood_is_kept_as_such():
    entry = one({0: 1}, event=2, is_typed=False)
    assert (entry.kind, entry.why_unknown, entry.detail) == (Kind.OTHER, Why.UNREADABLE, {"event": 2})


def test_events_of_other_clusters_count_and_are_not_told():
    taken = say(event(1, operation()), event(2, None, cluster=0x1F), event(3, operation()))
    assert [entry.kind for entry in taken.entries] == [Kind.OPENED, Kind.OPENED]
    assert taken.numbers.next == 4


def test_a_restart_is_told():
    started = event(1, StartUp(software_version=5), cluster=BasicInformation.id, endpoint=0, event=0)
    (entry,) = say(started).entries
    assert (entry.kind, entry.detail, entry.lock_id) == (Kind.RESTARTED, {"software_version": 5}, "lock_1")


@pytest.mark.parametrize(("stamp", "is_epoch"), [(5000, False), (None, False), (None, True), (1 << 63, True)])
def test_a_time_that_is_no_date_is_not_said(stamp, is_epoch):
    assert one(operation(), timestamp_ms=stamp, is_epoch=is_epoch).lock_at is None


def test_a_number_that_no_database_holds_is_not_said():
    (entry,) = say(event((1 << 64) - 1, operation())).entries
    assert entry.event_number is None


def test_events_need_a_lock():
    with pytest.raises(Misuse):
        take(Numbers(), Places(), [], {}, NOW)


# Holes


def kinds(taken):
    return [entry.kind for entry in taken.entries]


def span(entry):
    return entry.detail["from"], entry.detail["to"]


def test_numbers_that_were_passed_over_are_told_and_their_coming_too():
    first = say(event(1, operation()), event(5, operation()))
    assert kinds(first) == [Kind.OPENED, Kind.GAP, Kind.OPENED]
    assert (span(first.entries[1]), first.entries[1].why_unknown) == ((2, 4), Why.MISSED)
    assert first.numbers.ask_from() == 0
    answer = [event(number, operation()) for number in range(1, 6)]
    second = say(*answer, numbers=first.numbers, places=first.places, asked_from=1)
    assert kinds(second) == [Kind.OPENED] * 3 + [Kind.GAP_FILLED]
    assert [entry.event_number for entry in second.entries[:3]] == [2, 3, 4]
    assert (span(second.entries[-1]), second.numbers.missing) == ((2, 4), ())


def test_a_part_that_comes_leaves_the_rest_missing():
    first = say(event(1, operation()), event(9, operation()))
    second = say(event(4, operation()), event(5, operation()), numbers=first.numbers)
    assert [(entry.kind, span(entry)) for entry in second.entries[2:]] == [(Kind.GAP_FILLED, (4, 5))]
    assert [(each.first, each.last) for each in second.numbers.missing] == [(2, 3), (6, 8)]


INFO = change("PIN", "ADD", user=3, place=5)


@pytest.mark.parametrize(
    ("older", "expected"),
    [
        ((operation(), INFO), (Kind.GAP_FILLED, "nothing")),
        ((operation(),), (Kind.GAP_FILLED, "changes")),
        ((INFO,), (Kind.GAP_LOST, None)),
    ],
)
def test_what_the_lock_still_holds_of_each_priority_says_what_can_be_missing(older, expected):
    """Numbers may be another fabric's, or the counter has leapt when the node restarted."""
    held = [event(number, value) for number, value in enumerate(older)]
    first = say(*held, event(5, operation()), event(6, INFO))
    second = say(*held, event(5, operation()), event(6, INFO), numbers=first.numbers, asked_from=0)
    assert [(entry.kind, entry.detail.get("may_miss")) for entry in second.entries] == [expected]
    assert second.numbers.missing == ()
    assert second.numbers.ask_from() == 6


def test_a_lock_that_holds_nothing_that_old_has_lost_them_for_good():
    first = say(event(1, operation()), event(5, operation()))
    second = say(event(5, operation()), numbers=first.numbers, asked_from=1)
    assert [(entry.kind, span(entry)) for entry in second.entries] == [(Kind.GAP_LOST, (2, 4))]
    assert second.numbers.missing == ()
    late = say(event(3, operation()), numbers=second.numbers)
    assert late.entries == (), "given up is given up"


def test_an_answer_that_begins_too_late_or_is_empty_settles_nothing():
    first = say(event(1, operation()), event(5, operation()))
    assert say(event(5, operation()), numbers=first.numbers, asked_from=4).numbers.missing
    assert say(numbers=first.numbers, asked_from=1).numbers == first.numbers


def test_a_hole_that_its_own_answer_explains_is_not_told():
    held = [event(1, INFO), event(2, operation())]
    first = say(*held)
    second = say(*held, event(65_536, operation()), numbers=first.numbers, asked_from=0)
    assert kinds(second) == [Kind.OPENED]
    third = say(event(70_000, operation()), numbers=second.numbers, asked_from=65_536)
    assert kinds(third) == [Kind.OPENED, Kind.GAP_LOST]


def test_what_a_node_makes_us_remember_has_a_bound():
    numbers = Numbers()
    for begin in range(0, 4000, 400):
        numbers = say(*(event(begin + 2 * step, operation()) for step in range(200)), numbers=numbers).numbers
    assert len(numbers.missing) == 64
    changes = [event(number, change("USER_INDEX", "ADD", user=number % 60_000 + 1)) for number in range(6000)]
    assert len(say(*changes).places.changes) == 4096


# Again


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.lists(st.integers(1, 6), max_size=10))
@settings(max_examples=100, deadline=None)
def test_however_often_and_in_whatever_pieces_events_come_each_is_told_once(order, sizes):
    numbers, places, told, missing = Numbers(), Places(), [], set()
    pieces, rest = [], list(order)
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    first = None
    for piece in [*pieces, rest]:
        taken = say(*(event(number, operation()) for number in piece), numbers=numbers, places=places)
        numbers, places = Numbers.from_json(taken.numbers.to_json()), Places.from_json(taken.places.to_json())
        assert (numbers, places) == (taken.numbers, taken.places)
        if first is None and piece:
            first = min(piece)
        told += [entry.event_number for entry in taken.entries if entry.kind is Kind.OPENED]
        for entry in taken.entries:
            if entry.kind is Kind.GAP:
                missing |= set(range(entry.detail["from"], entry.detail["to"] + 1))
            if entry.kind is Kind.GAP_FILLED:
                missing -= set(range(entry.detail["from"], entry.detail["to"] + 1))
    assert sorted(told) == sorted({number for number in order if number >= first})
    held = {number for each in numbers.missing for number in range(each.first, each.last + 1)}
    assert held == missing == set(range(first, max(order) + 1)) - set(told)


STEPS = ("use", "use", "clear", "cleared by them", "ann", "bob", "carol")


def history(steps):
    """A lock that knows who had place 3 at every moment: its events, who used it, and our account after each."""
    owner, truth, events, accounts = None, {}, [], [Placed()]
    for number, step in enumerate(steps, 1):
        account = accounts[-1]
        if step == "use":
            truth[number] = owner
            said = operation(user_index=3)
        elif step.startswith("clear"):
            owner = None
            is_ours = step == "clear"
            said = change("USER_INDEX", "CLEAR", user=3, place=3, fabric=OURS if is_ours else APPLE)
            account = Placed() if is_ours else account
        else:
            owner = f"person_{step}"
            said = change("USER_INDEX", "ADD", user=3, place=3, fabric=APPLE if step == "carol" else OURS)
            if step != "carol":
                account = Placed(
                    users=(PlacedUser(lock_id="lock_1", key=owner, index=3),),
                    credentials=(replace(ANNS_CODE, user_key=owner, proof_at={"ACCEPTED": NOW - 5}),),
                )
        events.append(event(number, said, at=None))
        accounts.append(account)
    return events, truth, accounts


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=14), st.data())
@settings(max_examples=300, deadline=None)
def test_nobody_is_ever_named_for_a_place_that_was_not_theirs(steps, data):
    """Events come in pieces, and our account is ahead of them by up to one newcomer."""
    events, truth, accounts = history(steps)
    numbers, places, begin = Numbers(), Places(), 0
    while begin < len(events):
        end = data.draw(st.integers(begin + 1, len(events)))
        told = [step for step in steps[:end] if step != "use"]
        ahead = end
        if not told or told[-1] not in {"ann", "bob"}:
            ahead = data.draw(st.integers(end, len(events)))
        scene = replace(SCENE, placed=accounts[ahead])
        taken = say(*events[begin:end], scene=scene, numbers=numbers, places=places)
        numbers, places, begin = taken.numbers, taken.places, end
        for entry in taken.entries:
            if entry.kind is Kind.OPENED:
                assert entry.person_id in {None, truth[entry.event_number]}
                assert (entry.person_id is None) == (entry.why_unknown is not None)


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=14))
def test_whoever_listens_all_the_time_can_name_all_of_ours(steps):
    events, truth, accounts = history(steps)
    numbers, places = Numbers(), Places()
    for number, one_event in enumerate(events, 1):
        scene = replace(SCENE, placed=accounts[number])
        taken = take(numbers, places, [one_event], {1: scene}, NOW + 60 * number)
        numbers, places = taken.numbers, taken.places
        if number in truth:
            ours = truth[number] if truth[number] in {"person_ann", "person_bob"} else None
            assert [entry.person_id for entry in taken.entries] == [ours]


@given(st.lists(st.tuples(st.sampled_from(("use", "clear", "ann", "bob")), st.integers(1, 40)), max_size=14), st.data())
@settings(max_examples=300, deadline=None)
def test_nobody_is_ever_named_for_what_another_began(steps, data):
    """A lock that finishes each use some seconds later, whoever has the place by then."""
    owner, clock, timeline = None, NOW, []
    for number, (step, pause) in enumerate(steps):
        clock += pause
        if step == "use" and owner is not None:
            timeline.append((clock, number, operation(user_index=3, what=LockOperationTypeEnum.UNLATCH), owner))
            timeline.append((clock + data.draw(st.integers(1, 10)), number, operation(user_index=3), owner))
        elif step == "clear" and owner is not None:
            owner = None
            timeline.append((clock, number, change("USER_INDEX", "CLEAR", user=3, place=3), None))
        elif step in {"ann", "bob"} and owner is None:
            owner = f"person_{step}"
            timeline.append((clock, number, change("USER_INDEX", "ADD", user=3, place=3), owner))
    numbers, places, account = Numbers(), Places(), Placed()
    for number, (at, _, said, who_it_is) in enumerate(sorted(timeline, key=lambda each: each[:2])):
        if isinstance(said, LockUserChange):
            users = () if who_it_is is None else (PlacedUser(lock_id="lock_1", key=who_it_is, index=3),)
            account = Placed(users=users)
        scene = replace(SCENE, placed=account)
        taken = take(numbers, places, [event(number, said, at=at)], {1: scene}, at + 1)
        numbers, places = taken.numbers, Places.from_json(taken.places.to_json())
        if isinstance(said, LockOperation):
            assert taken.entries[-1].person_id in {None, who_it_is}
            assert (
                said.lock_operation_type is not LockOperationTypeEnum.UNLATCH
                or taken.entries[-1].person_id
                or (taken.entries[-1].why_unknown is Why.CHANGED_HANDS)
            )


# Counting anew


def test_a_lock_that_was_reset_is_recognised_and_what_it_says_is_new():
    first = say(*(event(number, operation()) for number in (*range(100, 120), 125)))
    fresh = [event(number, operation(), at=NOW + 50) for number in range(3)]
    second = say(*fresh, numbers=first.numbers, places=first.places, asked_from=0)
    assert kinds(second) == [Kind.LOCK_RESET] + [Kind.OPENED] * 3
    assert second.entries[0].detail == {"by": "event numbers", "expected": 126, "lost": [[120, 124]]}
    assert second.numbers.next == 3


def test_a_lock_that_was_reset_and_has_caught_up_is_recognised_by_what_it_says():
    first = say(*(event(number, operation(), at=NOW + number) for number in range(8)))
    fresh = [event(number, operation(), at=NOW + 500 + number) for number in range(12)]
    second = say(*fresh, numbers=first.numbers, places=first.places, asked_from=0)
    assert kinds(second) == [Kind.LOCK_RESET] + [Kind.OPENED] * 12


def test_after_a_reset_nobody_is_where_we_had_put_them_until_we_put_them_there_again():
    first = say(event(100, operation(user_index=3)))
    used = event(1, operation(user_index=3, credentials=PIN5))
    second = say(used, numbers=first.numbers, places=first.places, asked_from=0)
    assert who(first.entries[-1]) == ("person_ann", None)
    assert who(second.entries[-1]) == (None, Why.CHANGED_HANDS)
    again = [event(2, change("USER_INDEX", "ADD", user=3, place=3)), event(3, operation(user_index=3))]
    third = say(*again, numbers=second.numbers, places=second.places)
    assert who(third.entries[-1]) == ("person_ann", None)


def test_somebody_who_was_removed_meanwhile_is_named_for_what_they_did_before():
    first = say(event(1, change("USER_INDEX", "ADD", user=3, place=3)), event(2, change("PIN", "ADD", user=3, place=5)))
    used = event(3, operation(user_index=3, credentials=PIN5))
    cleared = event(4, change("USER_INDEX", "CLEAR", user=3, place=3))
    now = replace(SCENE, placed=Placed())
    long_after = event(5, operation(user_index=3), at=NOW + 60)
    taken = say(used, cleared, long_after, scene=now, numbers=first.numbers, places=first.places)
    assert [who(entry) for entry in taken.entries] == [("person_ann", None), ("person_ann", None), (None, Why.UNREAD)]
    assert taken.entries[0].credential_id == "credential_ann"


def cleared_by(fabric, *more, at=NOW - 1, scene=None):
    """Ann's place is filled by us, and emptied by a fabric; then come other events."""
    first = say(event(1, change("USER_INDEX", "ADD", user=3, place=3)), event(2, change("PIN", "ADD", user=3, place=5)))
    cleared = event(3, change("USER_INDEX", "CLEAR", user=3, place=3, fabric=fabric), at=at)
    now = scene or replace(SCENE, placed=Placed())
    middle = say(cleared, scene=now, numbers=first.numbers, places=Places.from_json(first.places.to_json()))
    places = Places.from_json(middle.places.to_json())
    return who(say(*more, scene=now, numbers=middle.numbers, places=places).entries[-1])


def test_what_a_lock_finishes_just_after_its_user_was_cleared_is_theirs():
    assert cleared_by(OURS, event(4, operation(user_index=3), at=NOW + 5)) == ("person_ann", None)
    assert cleared_by(OURS, event(4, operation(user_index=3, credentials=PIN5), at=NOW + 5)) == ("person_ann", None)


@pytest.mark.parametrize(
    ("fabric", "number", "at", "cleared_at"),
    [
        (OURS, 4, NOW + 60, NOW - 1),  # long after
        (OURS, 4, NOW - 10, NOW - 1),  # the lock's clock was set back
        (OURS, 4, None, NOW - 1),  # no clock
        (OURS, 4, NOW, None),
        (OURS, 5, NOW, NOW - 1),  # something is missing in between: somebody may have been put there
        (APPLE, 4, NOW, NOW - 1),  # we did not clear it
        (None, 4, NOW, NOW - 1),
    ],
)
def test_in_doubt_nobody_is_named_after_a_user_was_cleared(fabric, number, at, cleared_at):
    person, why = cleared_by(fabric, event(number, operation(user_index=3), at=at), at=cleared_at)
    assert person is None
    assert why in {Why.UNREAD, Why.MISSED}


def test_a_new_user_in_a_place_just_emptied_is_not_named_for_what_the_one_before_began():
    bob = replace(SCENE, placed=Placed(users=(PlacedUser(lock_id="lock_1", key="person_bob", index=3),)))
    added = event(4, change("USER_INDEX", "ADD", user=3, place=3), at=NOW)
    finished, later = event(5, operation(user_index=3), at=NOW + 2), event(6, operation(user_index=3), at=NOW + 60)
    assert cleared_by(OURS, added, finished, scene=bob) == (None, Why.CHANGED_HANDS)
    assert cleared_by(OURS, added, finished, later, scene=bob) == ("person_bob", None)


def test_the_same_person_put_on_again_in_the_same_place_is_named_at_once():
    ann = replace(SCENE, placed=Placed(users=(PlacedUser(lock_id="lock_1", key="person_ann/access_9", index=3),)))
    added = event(4, change("USER_INDEX", "ADD", user=3, place=3), at=NOW)
    assert cleared_by(OURS, added, event(5, operation(user_index=3), at=NOW + 2), scene=ann) == ("person_ann", None)


def test_an_account_that_is_ahead_of_the_reports_does_not_name_the_newcomer():
    first = say(event(1, change("USER_INDEX", "ADD", user=3, place=3)))
    bob = PlacedUser(lock_id="lock_1", key="person_bob", index=3)
    ahead = replace(SCENE, placed=replace(SCENE.placed, users=(bob,)))
    taken = say(event(2, operation(user_index=3)), scene=ahead, numbers=first.numbers, places=first.places)
    assert who(taken.entries[0]) == ("person_ann", None)


def test_what_nobody_told_us_may_have_given_the_place_to_somebody_else():
    added = event(1, change("USER_INDEX", "ADD", user=3, place=3))
    first = say(added)
    for number, expected in ((3, ("person_ann", None)), (4, (None, Why.MISSED))):
        used = event(number, operation(user_index=3))
        assert who(say(used, numbers=first.numbers, places=first.places).entries[-1]) == expected
    older = event(0, operation())
    explained = say(older, added, used, numbers=first.numbers, places=first.places, asked_from=0)
    assert who(explained.entries[-1]) == ("person_ann", None)


def test_an_event_that_comes_late_does_not_mean_whoever_has_the_place_now():
    held = [
        event(1, change("USER_INDEX", "ADD", user=3, place=3)),
        event(2, operation(user_index=3, credentials=PIN5)),
        event(3, change("USER_INDEX", "CLEAR", user=3, place=3)),
        event(4, change("USER_INDEX", "ADD", user=3, place=3)),
        event(5, change("PIN", "ADD", user=3, place=5)),
    ]
    first = say(held[0], *held[2:])
    late = say(*held, numbers=first.numbers, places=first.places, asked_from=1)
    assert [who(entry) for entry in late.entries] == [(None, Why.CHANGED_HANDS), (None, None)]
    assert late.entries[0].credential_id is None


def test_an_account_that_is_too_fresh_to_be_heard_of_names_nobody():
    fresh = replace(ANNS_CODE, proof_at={"ACCEPTED": NOW - 5})
    scene = replace(SCENE, placed=replace(SCENE.placed, credentials=(fresh,)))
    assert who(one(operation(user_index=3, credentials=PIN5), scene=scene)) == (None, Why.CHANGED_HANDS)
    assert who(one(operation(credentials=PIN5), scene=scene)) == (None, Why.UNREAD)


def test_telling_everything_again_is_no_reset():
    held = [event(number, operation(), at=NOW + number) for number in range(50)]
    first = say(*held)
    again = [replace(each, timestamp_ms=each.timestamp_ms + 900) for each in held]
    for answer in (again, again[20:], again[-1:], []):
        assert say(*answer, numbers=first.numbers, asked_from=0).entries == ()
    unclocked = [replace(each, timestamp_ms=5, is_epoch=False) for each in held]
    assert say(*unclocked, numbers=first.numbers, asked_from=0).entries == ()


def test_a_report_that_overtakes_an_answer_is_no_reset_and_settles_nothing():
    held = [event(number, operation()) for number in range(3)]
    first = say(*held)
    overtaking = say(event(6, operation()), numbers=first.numbers)
    answered = say(*held, numbers=overtaking.numbers, asked_from=0)
    assert answered.entries == ()
    assert [(each.first, each.last) for each in answered.numbers.missing] == [(3, 5)]


def test_an_old_event_in_an_ordinary_report_is_no_reset():
    first = say(*(event(number, operation()) for number in range(100)))
    assert say(event(3, operation()), numbers=first.numbers).entries == ()


# With the journal


async def test_events_and_what_is_remembered_of_them_are_written_together(tmp_path):
    async with Database(tmp_path / "hub.db") as database:
        journal = Journal(database)
        kept = await journal.take(7, [event(1, operation(user_index=3)), event(4, operation())], {1: SCENE}, NOW)
        assert [entry.seq for entry in kept] == [1, 2, 3]
        assert journal.numbers(7).ask_from() == 0
    async with Database(tmp_path / "hub.db") as database:
        journal = Journal(database)
        again = [event(number, operation()) for number in range(1, 5)]
        kept = await journal.take(7, again, {1: SCENE}, NOW, asked_from=1)
        assert [entry.event_number for entry in kept] == [2, 3, None]
        assert await journal.take(7, again, {1: SCENE}, NOW, asked_from=1) == []
        other = await journal.take(0xFFFF_FFEF_FFFF_FFFF, again, {1: SCENE}, NOW)
        assert len(other) == 4, "another node has its own numbers"
        await journal.forget_source(7)
        assert journal.numbers(7) == Numbers()
        assert (await journal.verify()).checked == 10


async def test_names_in_the_journal_are_those_of_the_time():
    async with Database.memory() as database:
        journal = Journal(database)
        await journal.take(7, [event(1, operation(user_index=3))], {1: SCENE}, NOW)
        renamed = replace(
            SCENE,
            persons={"person_ann": replace(ANN, name="Ann Miller")},
            door=replace(FRONT, name="Garden"),
            fabrics={},
        )
        await journal.take(7, [event(2, operation(user_index=3))], {1: renamed}, NOW + 1)
        page = await journal.page(oldest_first=True)
    assert [(entry.person_name, entry.door_name) for entry in page.entries] == [
        ("Ann Example", "Front door"),
        ("Ann Miller", "Garden"),
    ]
