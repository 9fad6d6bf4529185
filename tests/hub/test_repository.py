"""The repository: values come back as they were, versions protect them, and nothing disappears that a lock may still hold."""

import asyncio
from dataclasses import replace

import pytest

from latchwork.base.errors import Misuse
from latchwork.hub.books import accesses as repository_accesses
from latchwork.hub.books import people as repository_people
from latchwork.hub.books.repository import Conflict, NotFound, Repository, RowDamaged
from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock, Person, Site
from latchwork.hub.house.placed import Placed, PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.rule_json import RuleUnreadable
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.store.database import ConstraintBroken, Database
from latchwork.store.errors import StoreDamaged

ANN = Person(
    id="person_ann",
    name="Ann Example",
    unique_id=0xFFFFFFFE,
    email="ann@example.org",
    phone="+491234",
    picture="ann.webp",
    is_admin=True,
    created_at=1.5,
)
BOB = Person(id="person_bob", name="bob", unique_id=2)
FRONT_LOCK = Lock(
    id="lock_front",
    node_id=0xFFFF_FFEF_FFFF_FFFF,
    endpoint=2,
    fabric_index=254,
    vendor="Example",
    product="Lock",
    serial="S1",
    firmware="1.0",
    vendor_id=0xFFF1,
    product_id=0x8000,
    added_at=3.25,
)
FRONT = Door(id="door_front", name="Front door", lock_id="lock_front", position=1, created_at=2.0)
BACK = Door(id="door_back", name="Back door")
CODE = Credential(id="credential_code", person_id="person_ann", label="Code", length=6)
FINGER = Credential(
    id="credential_finger",
    person_id="person_ann",
    kind=CredentialKind.FINGERPRINT,
    lock_id="lock_front",
    created_at=9.0,
)
ACCESS = Access(
    id="access_1",
    person_id="person_ann",
    door_ids=("door_front", "door_back"),
    credential_ids=("credential_finger", "credential_code"),
    note="n",
    origin="account:1",
    created_at=4.0,
)
USER = PlacedUser(lock_id="lock_front", key="person_ann", index=3)
PLACED = PlacedCredential(
    lock_id="lock_front",
    credential_id="credential_code",
    version=1,
    kind=CredentialKind.PIN,
    index=5,
    user_key="person_ann",
    proof=Proof.OCCUPIED,
    proof_at={"ACCEPTED": 1.0, "OCCUPIED": 2.5},
    is_pending=True,
)


@pytest.fixture
async def repository():
    async with Database.memory() as database:
        yield Repository(database)


@pytest.fixture
async def home(repository):
    """Ann and Bob, two doors, a lock, two credentials and an access."""
    await repository.put_person(ANN)
    await repository.put_person(BOB)
    await repository.put_lock(FRONT_LOCK)
    await repository.put_door(FRONT)
    await repository.put_door(BACK)
    await repository.put_credential(CODE)
    await repository.put_credential(FINGER)
    await repository.put_access(ACCESS)
    return repository


def spoil(repository, statement, *values):
    """Something else writes into the file."""
    return repository.database.write(lambda connection: connection.execute(statement, values).close())


# What goes in comes out


async def test_everything_comes_back_as_it_was(home):
    assert home.person("person_ann") == ANN
    assert home.lock("lock_front") == FRONT_LOCK
    assert home.door("door_front") == FRONT
    assert home.credential("credential_finger") == FINGER
    assert home.access("access_1") == ACCESS


async def test_a_snapshot_holds_all_at_one_moment(home):
    site = Site(name="Haus", time_zone="Europe/Berlin", code_length=6, holidays=("2026-12-25",), journal_days=400)
    await home.put_site(site)
    snapshot = home.snapshot()
    assert snapshot.site == site
    assert snapshot.persons == (ANN, BOB)
    assert snapshot.doors == (BACK, FRONT)
    assert snapshot.locks == (FRONT_LOCK,)
    assert snapshot.credentials == (CODE, FINGER)
    assert snapshot.accesses == (ACCESS,)


async def test_an_empty_site_is_a_site(repository):
    snapshot = repository.snapshot()
    assert snapshot.site == Site()
    assert (snapshot.persons, snapshot.doors, snapshot.locks, snapshot.accesses) == ((), (), (), ())


@pytest.mark.parametrize(
    "rule",
    [
        Always(),
        Weekly((Hours(frozenset({0, 6}), 1320, 360),), ("2026-12-24",), True, 1.0, None),
        Window(1.5, 2.5),
        Once(),
        FirstUse(60, None, 7.0),
    ],
)
async def test_every_kind_of_rule_is_kept(home, rule):
    await home.put_access(replace(ACCESS, rule=rule))
    assert home.access("access_1").rule == rule


async def test_a_file_keeps_everything_when_it_is_opened_again(tmp_path):
    async with Database(tmp_path / "hub.db") as database:
        await Repository(database).put_person(ANN)
    async with Database(tmp_path / "hub.db") as database:
        assert Repository(database).persons() == [ANN]


async def test_what_is_not_there_is_told_by_name(repository):
    calls = (repository.person, repository.door, repository.lock, repository.credential, repository.access)
    for read in calls:
        with pytest.raises(NotFound, match="x_1"):
            read("x_1")
    gone = (
        repository.person_leaves("x_1", 1.0),
        repository.remove_door("x_1"),
        repository.remove_credential("x_1", 1.0),
        repository.remove_access("x_1"),
    )
    for write in gone:
        with pytest.raises(NotFound):
            await write


async def test_locks_are_found_by_node_and_doors_by_lock(home):
    assert home.locks_on_node(FRONT_LOCK.node_id) == [FRONT_LOCK]
    assert home.locks_on_node(1) == []
    assert home.door_of_lock("lock_front") == FRONT
    assert home.door_of_lock("lock_none") is None
    assert home.person_with_unique_id(0xFFFFFFFE) == ANN
    assert home.person_with_unique_id(99) is None


async def test_accesses_are_found_by_person_and_by_door(home):
    other = Access(id="access_2", person_id="person_bob", door_ids=("door_back",), created_at=5.0)
    await home.put_access(other)
    assert home.accesses() == [ACCESS, other]
    assert home.accesses(person_id="person_bob") == [other]
    assert home.accesses(door_id="door_back") == [ACCESS, other]
    assert home.accesses(person_id="person_ann", door_id="door_back") == [ACCESS]
    assert home.accesses(person_id="person_bob", door_id="door_front") == []


async def test_settings_hold_what_json_can_say(repository):
    await repository.put_setting("web/port", 8443)
    await repository.put_setting("web/names", ["a", {"b": None}])
    await repository.put_setting("web_x", "no")
    assert repository.settings("web/") == {"web/names": ["a", {"b": None}], "web/port": 8443}
    await repository.put_setting("web/port", 1)
    assert repository.setting("web/port") == 1
    await repository.forget_setting("web/port")
    assert repository.setting("web/port", 443) == 443
    for value in (float("nan"), b"octets"):
        with pytest.raises(Misuse):
            await repository.put_setting("bad", value)


# Versions


async def test_a_change_counts_and_a_change_of_what_was_changed_meanwhile_is_refused(home):
    seen = home.person("person_ann")
    first = await home.put_person(replace(seen, name="Anna"))
    assert first.version == 2
    with pytest.raises(Conflict) as caught:
        await home.put_person(replace(seen, name="Anne"))
    assert (caught.value.ours, caught.value.theirs) == (1, 2)
    assert caught.value.advice
    assert home.person("person_ann") == first
    assert (await home.put_person(replace(first, name="Anne"))).version == 3


async def test_of_many_who_change_the_same_at_once_one_wins(home):
    seen = home.door("door_front")
    changes = [home.put_door(replace(seen, name=f"Name {n}")) for n in range(20)]
    results = await asyncio.gather(*changes, return_exceptions=True)
    assert [type(result) for result in results].count(Conflict) == 19
    assert home.door("door_front") in results


async def test_a_change_of_what_is_gone_is_refused(home):
    await home.remove_access("access_1")
    with pytest.raises(Conflict) as caught:
        await home.put_access(replace(ACCESS, version=2))
    assert caught.value.theirs is None


async def test_a_credential_counts_its_secrets(home):
    await home.put_credential(replace(CODE, label="New label"))
    await home.put_credential(replace(CODE, version=2))
    for version in (1, 4):
        with pytest.raises(Conflict):
            await home.put_credential(replace(CODE, version=version))
    assert home.credential("credential_code") == replace(CODE, version=2)


# Leaving and removing


async def test_who_leaves_loses_every_access_and_keeps_the_name(home):
    left = await home.person_leaves("person_ann", 100.0)
    assert left == replace(ANN, left_at=100.0, version=2)
    assert home.person("person_ann") == left
    assert home.persons() == [BOB]
    assert home.persons(with_left=True) == [left, BOB]
    assert home.accesses() == []
    assert home.snapshot().credentials == ()
    assert home.credentials("person_ann") == [CODE, FINGER]
    assert await home.person_leaves("person_ann", 200.0) == left
    with pytest.raises(Misuse):
        await home.put_access(ACCESS)
    with pytest.raises(ConstraintBroken):
        await home.put_person(replace(BOB, id="person_new", unique_id=ANN.unique_id))


async def test_an_access_never_widens_when_its_credential_is_removed(home):
    await home.remove_credential("credential_finger", 5.0)
    assert home.access("access_1") == replace(ACCESS, credential_ids=("credential_code",), version=2)
    await home.remove_credential("credential_code", 6.0)
    assert home.accesses() == []
    assert home.credentials("person_ann") == []
    assert home.credential("credential_code") == CODE
    with pytest.raises(Conflict):
        await home.put_credential(CODE)
    with pytest.raises(Misuse):
        await home.put_access(ACCESS)


async def test_an_access_has_no_credential_of_somebody_else(home):
    with pytest.raises(Misuse):
        await home.put_access(Access(id="access_2", person_id="person_bob", door_ids=(), credential_ids=(CODE.id,)))


async def test_removing_a_door_touches_no_other(home):
    await home.put_access(Access(id="access_2", person_id="person_bob", door_ids=("door_front",)))
    await home.remove_door("door_front")
    assert home.doors() == [BACK]
    assert home.accesses() == [replace(ACCESS, door_ids=("door_back",), version=2)]
    assert home.locks() == [FRONT_LOCK]


async def test_a_lock_that_is_gone_leaves_its_node_to_another(home):
    again = replace(FRONT_LOCK, id="lock_again")
    with pytest.raises(ConstraintBroken):
        await home.put_lock(again)
    gone = replace(FRONT_LOCK, gone_at=50.0)
    await home.put_lock(gone)
    await home.put_lock(again)
    assert home.locks() == [again]
    assert home.locks(with_gone=True) == [again, gone]
    assert home.locks_on_node(FRONT_LOCK.node_id) == [again]


async def test_references_to_nothing_and_second_ones_are_refused_and_write_nothing(home):
    before = home.snapshot()
    refused = (
        home.put_person(replace(BOB, id="person_x", unique_id=ANN.unique_id)),
        home.put_door(replace(BACK, lock_id="lock_none")),
        home.put_door(replace(BACK, lock_id="lock_front")),
        home.put_credential(replace(CODE, id="credential_x", person_id="person_none")),
        home.put_access(replace(ACCESS, door_ids=("door_none",))),
        home.put_access(replace(ACCESS, door_ids=("door_back", "door_back"))),
        home.put_access(replace(ACCESS, credential_ids=("credential_none",))),
        home.save_placed_user(replace(USER, lock_id="lock_none")),
        home.save_placed_user(replace(USER, index=0xFFFE)),
        home.save_placed_credential(PLACED),
        home.save_troubles("lock_none", [Trouble(code=TroubleCode.REFUSED, message="no")]),
    )
    for write in refused:
        with pytest.raises(ConstraintBroken):
            await write
    with pytest.raises(RuleUnreadable):
        await home.put_access(replace(ACCESS, rule=FirstUse(0)))
    assert home.snapshot() == before


async def test_several_things_change_together_or_not_at_all(home):
    def both(connection, access):
        repository_people.put_person(connection, replace(BOB, name="Robert"))
        repository_accesses.put_access(connection, access)

    good = Access(id="access_2", person_id="person_bob", door_ids=("door_back",))
    with pytest.raises(ConstraintBroken):
        await home.database.write(lambda c: both(c, replace(good, door_ids=("door_none",))))
    assert home.person("person_bob") == BOB
    await home.database.write(lambda c: both(c, good))
    assert home.person("person_bob").name == "Robert"
    assert home.access("access_2") == good


# What is on the locks


async def test_what_is_placed_comes_back_by_place(home):
    await home.save_placed_user(USER)
    await home.save_placed_credential(PLACED)
    card = replace(PLACED, kind=CredentialKind.RFID, index=1, is_pending=False, proof_at={})
    await home.save_placed_credential(card)
    assert home.placed("lock_front") == Placed(users=(USER,), credentials=(PLACED, card))
    assert home.places_of("credential_code") == [PLACED, card]
    assert home.placed("lock_none") == Placed()


async def test_a_placed_credential_changes_in_its_place(home):
    await home.save_placed_user(USER)
    await home.save_placed_credential(PLACED)
    proved = replace(PLACED, version=2, proof=Proof.PROVED, is_pending=False)
    await home.save_placed_credential(proved)
    assert home.placed("lock_front").credentials == (proved,)
    await home.forget_placed_credential("lock_front", CredentialKind.PIN, 5)
    assert home.placed("lock_front") == Placed(users=(USER,))


async def test_a_placed_user_goes_and_is_renamed_with_its_credentials(home):
    await home.save_placed_user(USER)
    await home.save_placed_credential(PLACED)
    await home.rename_placed_user("lock_front", "person_ann", "person_ann/access_1")
    placed = home.placed("lock_front")
    assert (placed.users[0].key, placed.credentials[0].user_key) == ("person_ann/access_1",) * 2
    await home.forget_placed_user("lock_front", "person_ann/access_1")
    assert home.placed("lock_front") == Placed()


async def test_two_users_of_ours_are_never_in_one_place(home):
    await home.save_placed_user(USER)
    with pytest.raises(ConstraintBroken):
        await home.save_placed_user(replace(USER, key="person_bob"))
    await home.save_placed_user(replace(USER, index=4))
    assert home.placed("lock_front").users == (replace(USER, index=4),)


async def test_what_is_placed_outlives_its_credential_its_person_and_its_door(home):
    await home.save_placed_user(USER)
    await home.save_placed_credential(PLACED)
    await home.remove_credential("credential_code", 1.0)
    await home.person_leaves("person_ann", 2.0)
    await home.remove_door("door_front")
    assert home.placed("lock_front") == Placed(users=(USER,), credentials=(PLACED,))
    for statement in ("DELETE FROM credential", "DELETE FROM lock", "DELETE FROM placed_user"):
        with pytest.raises(ConstraintBroken):
            await spoil(home, statement)
    await home.forget_placed("lock_front")
    assert home.placed("lock_front") == Placed()


async def test_troubles_replace_those_before(home):
    one = Trouble(code=TroubleCode.LOCK_FULL, message="full", advice="remove", person_id="p", credential_id="c")
    two = Trouble(code=TroubleCode.ASLEEP, message="asleep", is_error=False)
    await home.save_troubles("lock_front", [two, one])
    assert home.troubles("lock_front") == (two, one)
    await home.save_troubles("lock_front", iter([one]))
    assert home.troubles("lock_front") == (one,)
    await home.save_troubles("lock_front", [])
    assert home.troubles("lock_front") == ()


# Rows that nobody of ours wrote


@pytest.mark.parametrize(
    ("statement", "value", "read"),
    [
        ("UPDATE access SET rule_json = ?", '{"kind":"never"}', lambda r: r.accesses()),
        ("UPDATE access SET rule_json = ?", "", lambda r: r.access("access_1")),
        ("UPDATE credential SET kind = ?", "key", lambda r: r.credential("credential_code")),
        ("UPDATE credential SET kind = ?", "key", lambda r: r.snapshot()),
        ("UPDATE site SET holidays_json = ?", "[1]", lambda r: r.site()),
        ("UPDATE site SET holidays_json = ?", "{}", lambda r: r.site()),
        ("UPDATE site SET holidays_json = ?", "[" * 5000, lambda r: r.site()),
        ("UPDATE setting SET value_json = ?", "NaN", lambda r: r.setting("s")),
        ("UPDATE placed_credential SET proof = ?", 9, lambda r: r.placed("lock_front")),
        ("UPDATE placed_credential SET proof_at_json = ?", '{"USED":true}', lambda r: r.placed("lock_front")),
        ("UPDATE placed_credential SET proof_at_json = ?", "[]", lambda r: r.placed("lock_front")),
        ("UPDATE trouble SET code = ?", "odd", lambda r: r.troubles("lock_front")),
    ],
)
async def test_a_row_that_cannot_be_read_is_told_and_not_skipped(home, statement, value, read):
    await home.put_site(Site())
    await home.put_setting("s", 1)
    await home.save_placed_user(USER)
    await home.save_placed_credential(PLACED)
    await home.save_troubles("lock_front", [Trouble(code=TroubleCode.REFUSED, message="no")])
    await spoil(home, statement, value)
    with pytest.raises(RowDamaged, match=statement.split()[1]) as caught:
        read(home)
    assert isinstance(caught.value, StoreDamaged)
    assert caught.value.advice
