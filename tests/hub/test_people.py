"""People and their codes: every change is written down, wakes the doors that it concerns, and tells no secret."""

from dataclasses import replace

import pytest
from tests.hub.desks import CODES, NOW, at_desk, grant, put_on

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.hub.books.rows import Conflict, NotFound
from latchwork.hub.codes import NoCommonLength, weakness
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person
from latchwork.hub.house.observed import Capabilities
from latchwork.hub.house.rules import Always
from latchwork.hub.journal.query import Filter
from latchwork.hub.people.service import DuplicateCode, People
from latchwork.store.errors import StoreError

ME = "account:me"


class Office:
    """People at a desk, the doors that were woken, and what the locks can do."""

    def __init__(self, desk):
        self.desk = desk
        self.woken = []
        self.can = {}
        self.people = People(
            desk, wake_doors=self._wake, capabilities=self.can.get, reasons={"lock_front": "it sleeps"}.get
        )

    def _wake(self, doors):
        self.desk.outdated()
        self.woken.append(None if doors is None else sorted(doors))

    async def said(self):
        """What the journal says was done, and to whom."""
        page = await self.desk.journal.page(Filter(), limit=100, oldest_first=True)
        for entry in page.entries:
            assert entry.actor == ME
            assert not any(code.decode() in repr(entry) for code in (*CODES.values(), b"926357"))
        return [(entry.detail["did"], entry.person_name) for entry in page.entries]


async def test_a_new_person_gets_an_id_a_number_and_a_date():
    async with at_desk() as desk:
        office = Office(desk)
        cleo = await office.people.add_person(Person(id="", name="Cleo", unique_id=0), actor=ME)
        assert cleo.id.startswith("person_")
        assert 0 < cleo.unique_id < 0xFFFF_FFFF
        assert cleo.created_at == NOW
        assert await office.said() == [("person_added", "Cleo")]
        dora = await office.people.add_person(Person(id="", name="Dora", unique_id=0), actor=ME)
        assert len({cleo.unique_id, dora.unique_id, 1, 2}) == 4
        with pytest.raises(Conflict):
            await office.people.change_person(replace(cleo, version=7), actor=ME)


async def test_changes_wake_the_doors_that_they_concern_and_no_others():
    async with at_desk() as desk:
        office, people = Office(desk), Office(desk).people
        people = office.people
        access = await people.grant(Access(id="", person_id="person_ann", door_ids=("door_front",)), actor=ME)
        assert (access.origin, access.created_at) == (ME, NOW)
        access = await people.change_access(replace(access, door_ids=("door_back",)), actor=ME)
        await people.change_person(replace(desk.repository.person("person_ann"), name="Anna"), actor=ME)
        await people.set_secret("credential_ann", Secret(b"926357"), actor=ME)
        await people.revoke(access.id, actor=ME)
        await people.change_person(replace(desk.repository.person("person_bob"), name="Bobby"), actor=ME)
        both = ["door_back", "door_front"]
        assert office.woken == [["door_front"], both, ["door_back"], ["door_back"], ["door_back"], []]
        assert [did for did, _ in await office.said()] == [
            *("granted", "access_changed", "person_changed", "code_set", "revoked", "person_changed"),
        ]


async def test_a_code_is_nobody_elses_and_the_refusal_does_not_tell_whose():
    async with at_desk() as desk:
        office = Office(desk)
        new = Credential(id="", person_id="person_bob")
        with pytest.raises(DuplicateCode) as caught:
            await office.people.add_credential(new, Secret(CODES["ann"]), actor=ME)
        assert "Ann" not in str(caught.value)
        with pytest.raises(DuplicateCode):
            await office.people.set_secret("credential_bob", Secret(CODES["ann"]), actor=ME)
        assert desk.secrets.get("credential_bob", 1) == CODES["bob"]
        assert desk.repository.credential("credential_bob").version == 1
        assert await office.said() == []
        assert office.woken == []


@pytest.mark.parametrize("code", [b"", b"123", b"12a456", b"1" * 33, "١٢٣٤٥٦".encode(), b"123456 ", b"-12345"])
async def test_what_is_no_code_is_refused_without_being_said_back(code):
    async with at_desk() as desk:
        office = Office(desk)
        with pytest.raises(Misuse) as caught:
            await office.people.add_credential(Credential(id="", person_id="person_ann"), Secret(code), actor=ME)
        assert not code.strip() or repr(code)[2:-1] not in str(caught.value)
        with pytest.raises(Misuse):
            await office.people.set_secret("credential_ann", Secret(code), actor=ME)
        assert len(desk.repository.credentials("person_ann")) == 1


async def test_a_finger_has_no_secret_and_no_length():
    async with at_desk() as desk:
        finger = Credential(id="", person_id="person_ann", kind=CredentialKind.FINGERPRINT, lock_id="lock_front")
        kept = await Office(desk).people.add_credential(finger, None, actor=ME)
        assert (kept.length, kept.version) == (0, 1)


async def test_whoever_has_left_gets_nothing_new_and_every_lock_looks():
    async with at_desk() as desk:
        office = Office(desk)
        await grant(desk, "ann", "access_1", Always())
        await put_on(desk, "ann")
        left = await office.people.move_out("person_ann", actor=ME)
        assert left.left_at == NOW
        assert office.woken == [None]
        with pytest.raises(Misuse):
            await office.people.add_credential(Credential(id="", person_id="person_ann"), Secret(b"926357"), actor=ME)
        assert desk.repository.accesses() == []
        report = office.people.removal("person_ann")
        assert [(each.lock_id, each.cleared_at, each.why) for each in report.locks] == [
            ("lock_front", None, "it sleeps")
        ]
        assert report.head == desk.journal.head()
        assert office.people.removal("person_bob") is None


async def test_a_lock_that_was_given_up_stays_in_the_report():
    async with at_desk() as desk:
        office = Office(desk)
        await put_on(desk, "ann")
        lock = desk.repository.lock("lock_front")
        await desk.repository.put_door(replace(desk.repository.door("door_front"), lock_id=None))
        await desk.repository.put_lock(replace(lock, gone_at=NOW))
        await office.people.move_out("person_ann", actor=ME)
        (left,) = office.people.removal("person_ann").locks
        assert left.cleared_at is None
        assert "given up" in left.why


async def test_a_code_is_told_only_after_it_was_written_down_who_reads_it():
    async with at_desk() as desk:
        office = Office(desk)
        assert await office.people.reveal("credential_ann", actor=ME) == CODES["ann"]
        assert await office.said() == [("revealed", "Ann")]
        with pytest.raises(NotFound):
            await office.people.reveal("credential_none", actor=ME)

        async def full(_function):
            raise StoreError("the disk is full")

        desk.repository.database.write, kept = full, desk.repository.database.write
        with pytest.raises(StoreError):
            await office.people.reveal("credential_ann", actor=ME)
        desk.repository.database.write = kept


async def test_a_random_code_fits_all_locks_of_the_person_and_is_strong():
    async with at_desk() as desk:
        office = Office(desk)
        await grant(desk, "ann", "access_1", Always())
        office.can |= {
            "lock_front": Capabilities(has_users=True, kinds={CredentialKind.PIN: 9}, pin_length=(4, 8)),
            "lock_back": Capabilities(has_users=True, kinds={CredentialKind.PIN: 9}, pin_length=(8, 10)),
        }
        for _ in range(20):
            code = bytes(office.people.random_code("person_ann")).decode()
            assert len(code) == 8
            assert weakness(code) is None
        with pytest.raises(NoCommonLength):
            office.people.random_code("person_ann", length=6)
        office.can["lock_back"] = replace(office.can["lock_back"], pin_length=(9, 10))
        with pytest.raises(NoCommonLength):
            office.people.random_code("person_ann")


async def test_a_credential_that_is_taken_back_wakes_its_doors():
    async with at_desk() as desk:
        office = Office(desk)
        await grant(desk, "ann", "access_1", Always(), ("door_front",))
        await office.people.remove_credential("credential_ann", actor=ME)
        assert office.woken == [["door_front"]]
        assert desk.repository.credentials("person_ann") == []
        assert await office.said() == [("credential_removed", "Ann")]
