"""Users and credentials of a lock, as two administrators of two fabrics make, change and clear them over the interaction model."""

import pytest
from tests.support.bench import ADMIN, SAMPLE, Bench, Refusal

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source
from latchwork.matter.messages.status import Status
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.matter.model.clusters.door_lock import DoorLock

ADD, CLEAR, MODIFY = wire.DataOperationTypeEnum
PIN, RFID, FACE = wire.CredentialTypeEnum.PIN, wire.CredentialTypeEnum.RFID, wire.CredentialTypeEnum.FACE
MASTER = wire.CredentialTypeEnum.PROGRAMMING_PIN
PHONE = wire.CredentialTypeEnum.ALIRO_EVICTABLE_ENDPOINT_KEY
LASTING_PHONE = wire.CredentialTypeEnum.ALIRO_NON_EVICTABLE_ENDPOINT_KEY
ENABLED, DISABLED = wire.UserStatusEnum.OCCUPIED_ENABLED, wire.UserStatusEnum.OCCUPIED_DISABLED
OCCUPIED = (Status.FAILURE, 3)
ALL = 0xFFFE


@pytest.fixture
def bench():
    return Bench(fabrics=2)


def set_user(op=ADD, index=1, name=None, unique_id=None, status=None, type=None, rule=None):  # noqa: A002 - the field's own name
    return wire.SetUser(
        operation_type=op,
        user_index=index,
        user_name=name,
        user_unique_id=unique_id,
        user_status=status,
        user_type=type,
        credential_rule=rule,
    )


def struct(kind, index):
    return wire.CredentialStruct(credential_type=kind, credential_index=index)


def set_credential(op=ADD, kind=PIN, index=1, data=b"123456", user=None, status=None, type=None):  # noqa: A002 - the field's own name
    return wire.SetCredential(
        operation_type=op,
        credential=struct(kind, index),
        credential_data=data,
        user_index=user,
        user_status=status,
        user_type=type,
    )


def put(bench, fabric=1, **fields):
    """SetCredential; gives status, created user and next index."""
    answer = bench.invoke(DoorLock.set_credential, set_credential(**fields), fabric=fabric)
    return int(answer.status), answer.user_index, answer.next_credential_index


def user(bench, index=1):
    return bench.invoke(DoorLock.get_user, wire.GetUser(user_index=index))


def credential(bench, kind=PIN, index=1):
    return bench.invoke(DoorLock.get_credential_status, wire.GetCredentialStatus(credential=struct(kind, index)))


def clear(bench, kind=None, index=0, fabric=1):
    which = None if kind is None else struct(kind, index)
    return bench.status(DoorLock.clear_credential, wire.ClearCredential(credential=which), fabric=fabric)


def change(kind, what, user_index, data_index, fabric=1):
    return wire.LockUserChange(
        lock_data_type=kind,
        data_operation_type=what,
        operation_source=wire.OperationSourceEnum.REMOTE,
        user_index=user_index,
        fabric_index=fabric,
        source_node=ADMIN,
        data_index=data_index,
    )


def test_a_place_where_nobody_is(bench):
    answer = user(bench)
    assert answer.user_index == 1
    assert (answer.user_name, answer.user_status, answer.credentials, answer.next_user_index) == (None,) * 4


@pytest.mark.parametrize("index", [0, 11, 0xFFFE, 0xFFFF])
def test_a_user_outside_the_lock_is_an_invalid_command(bench, index):
    assert bench.status(DoorLock.get_user, wire.GetUser(user_index=index)) is Status.INVALID_COMMAND
    assert bench.status(DoorLock.set_user, set_user(index=index)) is Status.INVALID_COMMAND
    if index != ALL:
        assert bench.status(DoorLock.clear_user, wire.ClearUser(user_index=index)) is Status.INVALID_COMMAND


def test_a_user_begins_with_the_specifications_defaults(bench):
    bench.invoke(DoorLock.set_user, set_user())
    made = user(bench)
    assert (made.user_name, made.user_unique_id, made.user_status) == ("", None, ENABLED)
    assert (made.user_type, made.credential_rule) == (0, 0)
    assert (made.credentials, made.creator_fabric_index, made.last_modified_fabric_index) == ((), 1, 1)
    assert bench.heard == [change(wire.LockDataTypeEnum.USER_INDEX, ADD, 1, 1)]


def test_a_user_is_what_was_said(bench):
    bench.invoke(DoorLock.set_user, set_user(index=10, name="0123456789", unique_id=7, status=DISABLED, type=8, rule=2))
    made = user(bench, 10)
    assert (made.user_name, made.user_unique_id, made.user_status) == ("0123456789", 7, DISABLED)
    assert (made.user_type, made.credential_rule) == (8, 2)
    assert user(bench, 1).next_user_index == 10


def test_a_taken_place_is_occupied(bench):
    bench.invoke(DoorLock.set_user, set_user())
    assert bench.status(DoorLock.set_user, set_user()) == OCCUPIED


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "01234567890"},
        {"status": wire.UserStatusEnum.AVAILABLE},
        {"status": wire.UserStatusEnum(2)},
        {"type": wire.UserTypeEnum(10)},
        {"op": CLEAR},
        {"op": wire.DataOperationTypeEnum(3)},
        {"op": MODIFY},
    ],
)
def test_a_user_that_cannot_be_is_an_invalid_command(bench, fields):
    assert bench.status(DoorLock.set_user, set_user(**fields)) is Status.INVALID_COMMAND
    assert user(bench).user_status is None
    assert bench.heard == []


def test_any_fabric_changes_a_user_but_only_its_creator_names_it(bench):
    bench.invoke(DoorLock.set_user, set_user(name="Ana", unique_id=5))
    bench.heard.clear()
    for named in ({"name": "Bob"}, {"unique_id": 6}):
        assert bench.status(DoorLock.set_user, set_user(MODIFY, **named), fabric=2) is Status.INVALID_COMMAND
    bench.invoke(DoorLock.set_user, set_user(MODIFY, status=DISABLED), fabric=2)
    made = user(bench)
    assert (made.user_name, made.user_unique_id, made.user_status) == ("Ana", 5, DISABLED)
    assert (made.creator_fabric_index, made.last_modified_fabric_index) == (1, 2)
    assert bench.heard == [change(wire.LockDataTypeEnum.USER_INDEX, MODIFY, 1, 1, fabric=2)]


def test_a_commissioner_without_a_fabric_changes_nobody():
    bench = Bench()
    assert bench.status(DoorLock.set_user, set_user(), fabric=0) is Status.FAILURE
    assert bench.status(DoorLock.set_credential, set_credential(), fabric=0) is Status.FAILURE
    assert bench.status(DoorLock.clear_user, wire.ClearUser(user_index=1), fabric=0) is Status.FAILURE


@pytest.mark.parametrize("command", [DoorLock.set_user, DoorLock.set_credential, DoorLock.clear_user])
def test_what_changes_people_needs_a_timed_interaction(bench, command):
    request = {"SetUser": set_user(), "SetCredential": set_credential(), "ClearUser": wire.ClearUser(user_index=1)}
    with pytest.raises(Refusal) as caught:
        bench.invoke(command, request[command.spec_name], timed=False)
    assert caught.value.status is Status.NEEDS_TIMED_INTERACTION


def test_a_credential_makes_its_user(bench):
    assert put(bench, status=DISABLED, type=6) == (0, 1, 2)
    made = user(bench)
    assert (made.user_status, made.user_type, made.credentials) == (DISABLED, 6, (struct(PIN, 1),))
    found = credential(bench)
    assert (found.credential_exists, found.user_index) == (True, 1)
    assert (found.creator_fabric_index, found.last_modified_fabric_index, found.next_credential_index) == (1, 1, None)
    assert [type(each).__name__ for each in bench.heard] == ["LockUserChange"] * 2
    assert bench.heard[1] == change(wire.LockDataTypeEnum.PIN, ADD, 1, 1)


def test_a_credential_goes_to_a_user_who_is_there(bench):
    bench.invoke(DoorLock.set_user, set_user(index=3))
    assert put(bench, index=2, user=3) == (0, None, 3)
    assert put(bench, kind=RFID, index=10, data=b"0123456789", user=3) == (0, None, None)
    assert user(bench, 3).credentials == (struct(PIN, 2), struct(RFID, 10))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"index": 0}, 0x85),
        ({"index": 11}, 0x85),
        ({"data": b"12345"}, 0x85),
        ({"data": b"123456789"}, 0x85),
        ({"status": wire.UserStatusEnum.AVAILABLE}, 0x85),
        ({"status": wire.UserStatusEnum(2)}, 0x85),
        ({"type": wire.UserTypeEnum(10)}, 0x85),
        ({"type": wire.UserTypeEnum.PROGRAMMING_USER}, 0x85),
        ({"op": CLEAR}, 0x85),
        ({"op": MODIFY}, 0x85),
        ({"user": 5}, 0x85),
        ({"user": 11}, 0x85),
        ({"user": 1, "status": ENABLED}, 0x85),
        ({"user": 1, "type": 0}, 0x85),
        ({"kind": RFID, "data": b"123456789"}, 0x85),
        ({"index": 9, "data": b"999999"}, 2),
        ({"index": 1, "data": b"654321"}, 0x85),
        ({"index": 8, "data": b"654321"}, 3),
    ],
)
def test_what_is_wrong_with_a_credential_is_in_the_response(bench, fields, status):
    bench.invoke(DoorLock.set_user, set_user(index=1))
    put(bench, index=8, data=b"999999", fabric=2)
    if fields.get("index") == 1:
        fields = {"op": MODIFY, "user": None} | fields
    assert put(bench, **fields)[:2] == (status, None)


def test_a_kind_that_the_lock_does_not_know(bench):
    for kind in (FACE, wire.CredentialTypeEnum(9)):
        assert bench.status(DoorLock.set_credential, set_credential(kind=kind)) is Status.UNSUPPORTED_COMMAND
        request = wire.GetCredentialStatus(credential=struct(kind, 1))
        assert bench.status(DoorLock.get_credential_status, request) is Status.UNSUPPORTED_COMMAND
        assert clear(bench, kind, 1) is Status.INVALID_COMMAND


def test_a_place_outside_the_lock_holds_no_credential(bench):
    put(bench, index=4)
    for index, following in ((0, 4), (11, None), (0xFFFF, None)):
        found = credential(bench, index=index)
        assert (found.credential_exists, found.user_index, found.next_credential_index) == (False, None, following)


def test_only_its_creator_changes_a_credential(bench):
    put(bench)
    assert put(bench, fabric=2, op=MODIFY, user=1, data=b"222222")[0] == 0x85
    assert put(bench, fabric=2, index=2, user=1, data=b"222222")[0] == 0x85
    assert put(bench, op=MODIFY, user=1, data=b"222222") == (0, None, 2)
    assert bench.lock.register.credential(CredentialKind.PIN, 1).secret == b"222222"
    assert put(bench, op=MODIFY, user=1, data=b"222222", status=ENABLED)[0] == 0x85
    assert put(bench, op=MODIFY, user=None, data=b"333333")[0] == 0x85


def test_a_user_has_so_many_credentials_and_no_more(bench):
    put(bench)
    for index in range(2, 6):
        assert put(bench, index=index, user=1, data=b"00000%d" % index)[0] == 0
    assert put(bench, index=6, user=1, data=b"000006")[0] == 0x89


def test_phones_share_their_places(bench):
    for index in range(1, 11):
        kind = PHONE if index % 2 else LASTING_PHONE
        assert put(bench, kind=kind, index=index, data=b"\x04" + bytes([index]) * 64)[0] == 0
    assert put(bench, kind=LASTING_PHONE, index=1, data=b"\x04" + bytes(64))[0] == 0x89
    found = credential(bench, PHONE, 3)
    assert found.credential_data == b"\x04" + bytes([3]) * 64
    assert credential(bench, PHONE, 2).credential_data is None


def test_the_programming_pin_is_changed_by_the_fabric_that_made_it_and_never_cleared(bench):
    assert put(bench, kind=MASTER, index=0, data=b"0000000", op=MODIFY)[0] == 0x85
    assert put(bench, kind=MASTER, index=1, data=b"0000000")[0] == 0x85
    assert put(bench, kind=MASTER, index=0, data=b"0000000")[:2] == (0, 1)
    assert bench.heard[-1] == change(wire.LockDataTypeEnum.PROGRAMMING_CODE, ADD, 1, None)
    assert put(bench, kind=MASTER, index=0, data=b"1111111", op=MODIFY)[0] == 0
    assert clear(bench, MASTER, 0) is Status.INVALID_COMMAND


def test_clearing_a_user_takes_everything_of_it(bench):
    put(bench)
    put(bench, kind=RFID, data=b"0123456789", user=1)
    bench.heard.clear()
    assert bench.status(DoorLock.clear_user, wire.ClearUser(user_index=1), fabric=2) is Status.SUCCESS
    assert user(bench).user_status is None
    assert not credential(bench).credential_exists
    assert not credential(bench, RFID).credential_exists
    assert bench.heard == [change(wire.LockDataTypeEnum.USER_INDEX, CLEAR, 1, 1, fabric=2)]


def test_everybody_is_cleared_at_once(bench):
    for index in (1, 2, 3):
        put(bench, index=index, data=b"00000%d" % index)
    bench.heard.clear()
    assert bench.status(DoorLock.clear_user, wire.ClearUser(user_index=ALL)) is Status.SUCCESS
    assert user(bench).next_user_index is None
    assert bench.heard == [change(wire.LockDataTypeEnum.USER_INDEX, CLEAR, ALL, ALL)]


def test_credentials_are_cleared_one_by_one_by_kind_and_all(bench):
    put(bench)
    put(bench, index=2, user=1, data=b"222222")
    put(bench, kind=RFID, data=b"0123456789", user=1)
    bench.heard.clear()
    assert clear(bench, PIN, 2, fabric=2) is Status.SUCCESS
    assert bench.heard == [change(wire.LockDataTypeEnum.PIN, CLEAR, 1, 2, fabric=2)]
    assert user(bench).credentials == (struct(PIN, 1), struct(RFID, 1))
    assert clear(bench, PIN, ALL) is Status.SUCCESS
    assert user(bench).credentials == (struct(RFID, 1),)
    assert clear(bench) is Status.SUCCESS
    assert user(bench).user_status is None, "a user goes with the last credential"
    assert clear(bench, PIN, 2) is Status.SUCCESS, "nothing there is nothing wrong"
    assert clear(bench, PIN, 0) is Status.INVALID_COMMAND
    assert clear(bench, PIN, 11) is Status.INVALID_COMMAND


def test_a_fabric_that_leaves_leaves_its_users_behind_as_nobodys(bench):
    put(bench, fabric=2)
    bench.leave(2)
    assert (user(bench).creator_fabric_index, credential(bench).creator_fabric_index) == (0, 0)
    assert bench.status(DoorLock.set_user, set_user(MODIFY, name="Bob")) is Status.INVALID_COMMAND
    bench.restart()
    assert user(bench).creator_fabric_index == 0


def test_what_is_done_at_the_lock_is_told_too(bench):
    _, changes = bench.lock.program(lambda register, author: (None, register.set_user(0, 4, name="Eva", author=author)))
    assert len(changes) == 1
    (told,) = bench.heard
    assert (told.operation_source, told.fabric_index, told.source_node) == (Source.KEYPAD, None, None)
    assert (user(bench, 4).user_name, user(bench, 4).creator_fabric_index) == ("Eva", None)
    bench.power_cut()
    assert user(bench, 4).user_name == "Eva"


def test_a_lock_tells_how_much_it_can_remember(bench):
    assert bench.read(DoorLock.number_of_total_users_supported) == SAMPLE.limits.users
    assert bench.read(DoorLock.number_of_credentials_supported_per_user) == 5
    assert bench.read(DoorLock.number_of_pin_users_supported) == 10
    assert (bench.read(DoorLock.min_pin_code_length), bench.read(DoorLock.max_pin_code_length)) == (6, 8)
    assert (bench.read(DoorLock.min_rfid_code_length), bench.read(DoorLock.max_rfid_code_length)) == (10, 20)
    assert int(bench.read(DoorLock.credential_rules_support)) == 7
