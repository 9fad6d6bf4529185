"""Fingers and cards that are taken at the door: begun from the hub, followed, and gone with their person."""

import asyncio

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.errors import Misuse, Unsupported
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.credentials import CredentialKind as LockKind
from latchwork.hub.enrolment.rows import EnrolmentState
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.placed import Proof
from latchwork.hub.house.rules import Window
from latchwork.hub.journal.entries import How, Kind
from latchwork.sim.parts import card_of

FINGER = CredentialKind.FINGERPRINT
NEW_YEAR_2026 = 1_767_225_600.0


def fingers(house, name="Front"):
    return list(lock_of(house.device_at(name).node).register.credentials(LockKind.FINGERPRINT))


async def began(house, person, name="Front", kind=FINGER):
    """An enrolment that waits for somebody at the door."""
    await house.settle(20)
    enrolment = await house.hub.enrolments.begin(person.id, house.lock_id(name), kind, actor=OWNER)
    await house.settle(10)
    return house.hub.enrolments.get(enrolment.id)


async def at_the_menu(house, name="Front"):
    """Somebody presses Set; nobody administers this lock at the door."""
    house.device_at(name).handle({"press": "set"})
    await asyncio.sleep(0.5)
    house.device_at(name).handle({"release": "set"})
    await asyncio.sleep(0.5)


async def lay_on(house, finger, user, name="Front"):
    """The steps at the door; `user` is the number that is typed, or nothing for somebody new."""
    await at_the_menu(house, name)
    house.device_at(name).handle({"keys": f"1{user}#2"})
    for _ in range(8):
        await asyncio.sleep(1)
        if not house.device_at(name).fingerprints.is_enrolling:
            break
        house.device_at(name).handle({"finger": finger})
    await asyncio.sleep(1)
    house.device_at(name).handle({"keys": "*"})
    await house.settle(20)


def state_of(house, enrolment):
    return house.hub.enrolments.get(enrolment.id).state


def test_a_finger_is_begun_from_the_hub_laid_on_at_the_door_and_opens_it_with_its_name():
    async def play(house):
        await house.door("Front")
        ada, code = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        heard = house.hub.bus.last_id
        waiting = await began(house, ada)
        assert waiting.state is EnrolmentState.WAITING
        steps = house.hub.enrolments.steps(waiting)
        assert any(f"Enter {waiting.user_index} and #" in step and "Ada" in step for step in steps)
        await lay_on(house, "thumb", waiting.user_index)
        assert state_of(house, waiting) is EnrolmentState.DONE
        (place,) = house.hub.repository.places_of(waiting.credential_id)
        assert (place.kind, place.proof) == (FINGER, Proof.OCCUPIED)
        states = [each.data["state"] for each in house.hub.bus._ring if each.kind == "enrolment" and each.id > heard]
        assert states[0] == "preparing"
        assert states[-1] == "done"
        # In the books, so that it stays, and with nothing left to say about it.
        await house.settle(2 * 86_400)
        assert len(fingers(house)) == 1
        assert house.hub.repository.troubles(house.lock_id("Front")) == ()
        house.device_at("Front").handle({"finger": "thumb"})
        await house.settle(10)
        assert house.device_at("Front").state in {"UNLOCKED", "UNLATCHED"}
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert (opened.person_id, opened.person_name, opened.how) == (ada.id, "Ada", How.FINGERPRINT)
        assert (opened.credential_id, opened.credential_kind) == (waiting.credential_id, FINGER)
        (place,) = house.hub.repository.places_of(waiting.credential_id)
        assert place.proof is Proof.USED
        did = [each.detail["did"] for each in await house.journal(kinds=frozenset({Kind.AUDIT}))]
        assert did[-2:] == ["enrolment_started", "enrolled"]
        assert house.codes("Front") == {"739218"}
        assert code is not None

    tell(play)


def test_somebody_without_a_code_gets_a_user_first_and_then_a_finger():
    async def play(house):
        await house.door("Front", "u400")
        ben, _ = await house.person("Ben", None, ["Front"])
        await house.settle()
        assert house.users("Front") == []
        waiting = await began(house, ben)
        assert waiting.state is EnrolmentState.WAITING
        (user,) = house.users("Front")
        assert (user.name, user.index) == ("Ben", waiting.user_index)
        await lay_on(house, "index", waiting.user_index)
        assert state_of(house, waiting) is EnrolmentState.DONE

    tell(play)


def test_a_finger_goes_from_the_lock_with_the_person_and_the_report_counts_it():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        await lay_on(house, "thumb", waiting.user_index)
        assert len(fingers(house)) == 1
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle(60)
        assert fingers(house) == []
        assert house.users("Front") == []
        (lock,) = house.hub.people.removal(ada.id).locks
        assert lock.cleared_at is not None
        assert lock.credentials == 2

    tell(play)


def test_a_card_is_taken_the_same_way():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada, kind=CredentialKind.RFID)
        assert any("card" in step for step in house.hub.enrolments.steps(waiting))
        await at_the_menu(house)
        house.device_at("Front").handle({"keys": f"1{waiting.user_index}#3"})
        await asyncio.sleep(1)
        house.device_at("Front").handle({"card": card_of("blue")})
        await house.settle(20)
        assert state_of(house, waiting) is EnrolmentState.DONE

    tell(play)


def test_a_finger_for_somebody_new_is_left_alone_and_told():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        await lay_on(house, "thumb", "")
        now = house.hub.enrolments.get(waiting.id)
        assert now.state is EnrolmentState.WAITING
        assert f"not for user {waiting.user_index}" in now.notice
        await house.settle(700)
        assert state_of(house, waiting) is EnrolmentState.TIMED_OUT
        assert len(fingers(house)) == 1, "nobody has told whose it is"
        assert len(house.users("Front")) == 2
        assert house.hub.repository.places_of(waiting.credential_id) == []

    tell(play)


def test_a_finger_that_was_there_before_is_not_taken_for_the_one_that_was_named():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben", "481604", ["Front"])
        first = await began(house, ben)
        await lay_on(house, "ben's thumb", first.user_index)
        waiting = await began(house, ada)
        assert fingers(house)[0].index in waiting.before
        await house.settle(100)
        assert state_of(house, waiting) is EnrolmentState.WAITING

    tell(play)


def test_nothing_comes_and_after_ten_minutes_nothing_is_waited_for():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        codes = {each.code for each in house.hub.repository.troubles(house.lock_id("Front"))}
        assert codes == {TroubleCode.ENROL_AT_DOOR}
        await house.settle(620)
        ended = house.hub.enrolments.get(waiting.id)
        assert ended.state is EnrolmentState.TIMED_OUT
        assert "ten minutes" in ended.notice
        assert [each.kind for each in house.hub.repository.credentials(ada.id)] == [CredentialKind.PIN]
        assert house.hub.repository.troubles(house.lock_id("Front")) == ()
        # What comes now was not named by anybody.
        await lay_on(house, "thumb", waiting.user_index)
        await house.settle(120)
        assert len(fingers(house)) == 1
        assert {each.kind for each in house.hub.repository.placed(house.lock_id("Front")).credentials} == {
            CredentialKind.PIN
        }

    tell(play)


def test_a_cancelled_one_takes_nothing_any_more():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        ended = await house.hub.enrolments.cancel(waiting.id, actor="account:ben")
        assert ended.state is EnrolmentState.CANCELLED
        assert (await house.hub.enrolments.cancel(waiting.id, actor=OWNER)).state is EnrolmentState.CANCELLED
        audits = await house.journal(kinds=frozenset({Kind.AUDIT}))
        told = next(each for each in audits if each.detail["did"] == "enrolment_ended")
        assert (told.actor, told.detail["how"]) == ("account:ben", "cancelled")
        again = await began(house, ada)
        assert again.state is EnrolmentState.WAITING

    tell(play)


def test_what_cannot_be_is_refused_before_anything_is_written():
    async def play(house):
        await house.door("Front")
        await house.door("Back")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        later, _ = await house.person("Later", "481604", ["Back"], Window(NEW_YEAR_2026 + 9e6, NEW_YEAR_2026 + 9.1e6))
        await house.settle()
        enrolments, front, back = house.hub.enrolments, house.lock_id("Front"), house.lock_id("Back")
        with pytest.raises(Misuse, match="no access at Back"):
            await enrolments.begin(ada.id, back, FINGER, actor=OWNER)
        with pytest.raises(Misuse, match="no access at Back"):
            await enrolments.begin(later.id, back, FINGER, actor=OWNER)
        with pytest.raises(Misuse, match="only fingers"):
            await enrolments.begin(ada.id, front, CredentialKind.PIN, actor=OWNER)
        with pytest.raises(Unsupported, match="takes no face"):
            await enrolments.begin(ada.id, front, CredentialKind.FACE, actor=OWNER)
        await enrolments.begin(ada.id, front, FINGER, actor=OWNER)
        with pytest.raises(Misuse, match="another enrolment"):
            await enrolments.begin(ada.id, front, FINGER, actor=OWNER)
        assert len(house.hub.repository.credentials(ada.id)) == 2
        assert len(house.hub.repository.credentials(later.id)) == 1

    tell(play)


def test_two_that_begin_at_the_same_instant_are_one_and_a_refusal():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        begin = house.hub.enrolments.begin
        found = await asyncio.gather(
            begin(ada.id, house.lock_id("Front"), FINGER, actor=OWNER),
            begin(ada.id, house.lock_id("Front"), FINGER, actor=OWNER),
            return_exceptions=True,
        )
        assert sorted(isinstance(each, Misuse) for each in found) == [False, True]

    tell(play)


def test_a_hub_that_is_restarted_goes_on_watching(tmp_path):
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        await house.crash()
        await house.open()
        assert house.hub.enrolments.get(waiting.id).state is EnrolmentState.WAITING
        await house.settle(10)
        await lay_on(house, "thumb", waiting.user_index)
        assert state_of(house, waiting) is EnrolmentState.DONE

    tell(play, folder=tmp_path)


def test_an_access_that_names_its_code_names_the_finger_too():
    async def play(house):
        await house.door("Front")
        ada, code = await house.person("Ada", "739218")
        from latchwork.hub.house.entities import Access

        given = Access(id="", person_id=ada.id, door_ids=(house.door_id("Front"),), credential_ids=(code.id,))
        access = await house.hub.people.grant(given, actor=OWNER)
        waiting = await began(house, ada)
        assert house.hub.repository.access(access.id).credential_ids == (code.id, waiting.credential_id)
        await lay_on(house, "thumb", waiting.user_index)
        assert state_of(house, waiting) is EnrolmentState.DONE
        await house.settle(86_400)
        assert len(fingers(house)) == 1

    tell(play)


def test_an_access_that_ends_meanwhile_leaves_nothing_behind():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        waiting = await began(house, ada)
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle(700)
        assert not house.hub.enrolments.get(waiting.id).is_going
        assert house.users("Front") == []

    tell(play)
