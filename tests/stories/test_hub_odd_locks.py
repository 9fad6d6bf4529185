"""A house with a hub and locks that do not keep to the specification, as there are many."""

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.logs import Secret
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.house.rules import Hours, Once, Weekly
from latchwork.hub.journal.entries import Kind
from latchwork.hub.keeping.keeper import State
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.stack.memory import Weather

HOUR = 3600.0


def rule(house, name, command, act):
    """Before every such command of a lock, `act` is asked with the request and the way to go on; gives how to end it."""
    rules = house.device_at(name).seams.rules

    def odd(lock, asked, request, _context, proceed):
        return act(lock, request, proceed) if asked.name == command else proceed()

    rules.append(odd)
    return lambda: rules.remove(odd)


def refused(status):
    def act(_lock, _request, _proceed):
        raise StatusError(status, "no")

    return act


def nothing(_lock, _request, _proceed):
    """Says yes, and does nothing."""
    return


def troubles(house, name="Front"):
    return [each.code for each in house.hub.repository.troubles(house.lock_id(name))]


def state(house, name="Front"):
    return house.hub.keepers.get(house.lock_id(name)).state


async def repairs(house):
    return await house.journal(kinds=frozenset({Kind.REPAIRED}))


@pytest.mark.parametrize(
    "fault",
    [
        ("old-statuses", None),
        ("occupied-before-duplicate", None),
        ("slow-answers", "3"),
        ("short-timed-window", "5"),
        ("no-spaces-in-names", None),
        ("lost-events", "2"),
    ],
)
def test_people_come_change_and_go_on_a_lock_with_habits_of_its_own(fault):
    async def play(house):
        await house.door("Front")
        house.fault("Front", *fault)
        ada, credential = await house.person("Ada Maria", "739218", ["Front"])
        await house.person("Ben", "481604", ["Front"])
        await house.settle(120)
        assert house.codes("Front") == {"739218", "481604"}
        await house.hub.people.set_secret(credential.id, Secret(b"926357"), actor=OWNER)
        await house.settle(120)
        assert house.codes("Front") == {"926357", "481604"}
        assert troubles(house) == []
        await house.settle(2 * HOUR)
        assert await repairs(house) == []
        assert set(house.proofs(credential).values()) <= {"OCCUPIED", "PROVED"}
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle(120)
        assert house.codes("Front") == {"481604"}
        assert house.hub.people.removal(ada.id).is_complete

    tell(play)


@pytest.mark.parametrize("loss", range(6))
def test_an_answer_that_was_lost_on_an_old_lock_is_found_out(loss):
    async def play(house):
        await house.door("Front")
        await house.person("Ben", "481604", ["Front"])
        await house.settle()
        house.fault("Front", "old-statuses")
        house.world.air.weather = Weather(loss=0.3)
        _, credential = await house.person("Ada", "739218", ["Front"])
        await house.settle(600)
        house.world.air.weather = Weather()
        await house.settle(1200)
        assert house.codes("Front") == {"739218", "481604"}
        assert troubles(house) == []
        assert await repairs(house) == []
        assert set(house.proofs(credential).values()) <= {"OCCUPIED", "PROVED"}
        assert len(house.users("Front")) == 2

    tell(play, seed=loss)


def test_a_lock_that_says_yes_to_a_removal_and_keeps_the_user_is_not_believed():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        end = rule(house, "Front", "clear_user", nothing)
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        report = house.hub.people.removal(ada.id)
        assert not report.is_complete
        assert "does not show it" in report.locks[0].why
        assert (troubles(house), state(house)) == ([TroubleCode.REFUSED], State.TROUBLED)
        end()
        await house.settle(HOUR + 60)
        assert house.codes("Front") == set()
        assert (troubles(house), state(house)) == ([], State.IN_LINE)
        assert house.hub.people.removal(ada.id).is_complete

    tell(play)


def test_a_lock_that_keeps_the_code_of_a_user_that_it_removed_is_not_believed():
    async def play(house):
        await house.door("Front")
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()

        def only_said_to_be_empty(_lock, _request, proceed):
            answer = proceed()
            if answer is not None and answer.credential_exists is False:
                return answer.replace(credential_exists=True, user_index=None, creator_fabric_index=1)
            return answer

        end = rule(house, "Front", "get_credential_status", only_said_to_be_empty)
        await house.hub.people.move_out(ada.id, actor=OWNER)
        await house.settle()
        assert not house.hub.people.removal(ada.id).is_complete
        end()
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle()
        assert house.hub.people.removal(ada.id).is_complete

    tell(play)


def test_a_lock_that_takes_a_code_and_does_not_keep_it_is_not_believed():
    async def play(house):
        await house.door("Front")

        def forgetful(_lock, _request, _proceed):
            return wire.SetCredentialResponse(status=0, user_index=None, next_credential_index=None)

        end = rule(house, "Front", "set_credential", forgetful)
        _, credential = await house.person("Ada", "739218", ["Front"])
        await house.settle(120)
        assert set(house.proofs(credential).values()) <= {"NONE", "ACCEPTED"}
        assert (troubles(house), state(house)) == ([TroubleCode.REFUSED], State.TROUBLED)
        end()
        await house.settle(HOUR + 60)
        assert house.codes("Front") == {"739218"}
        assert troubles(house) == []

    tell(play)


def test_a_name_that_a_lock_does_not_like_keeps_the_code_away_and_is_told():
    async def play(house):
        await house.door("Front")
        end = rule(house, "Front", "set_user", refused(Status.INVALID_COMMAND))
        ada, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        assert house.codes("Front") == set()
        assert house.users("Front") == []
        (trouble,) = house.hub.repository.troubles(house.lock_id("Front"))
        assert (trouble.code, trouble.person_id) == (TroubleCode.NAME_REFUSED, ada.id)
        assert house.hub.repository.placed(house.lock_id("Front")).users == ()
        end()
        await house.settle(HOUR + 60)
        assert house.codes("Front") == {"739218"}
        assert troubles(house) == []

    tell(play)


def test_a_lock_that_is_busy_is_asked_again_soon():
    async def play(house):
        await house.door("Front")
        end = rule(house, "Front", "set_credential", refused(Status.BUSY))
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        assert troubles(house) == [TroubleCode.REFUSED]
        end()
        await house.settle(90)
        assert house.codes("Front") == {"739218"}
        assert troubles(house) == []

    tell(play)


def test_a_code_is_never_there_before_its_hours_are():
    async def play(house):
        await house.door("Front", "u400")
        end = rule(house, "Front", "set_week_day_schedule", refused(Status.FAILURE))
        await house.person("Cleaner", "604183", ["Front"], Weekly((Hours(frozenset({3}), 540, 720),)))
        await house.settle()
        assert house.codes("Front") == set()
        assert TroubleCode.REFUSED in troubles(house)
        end()
        await house.settle(HOUR + 60)
        assert house.codes("Front") == {"604183"}
        assert troubles(house) == []

    tell(play)


def test_a_lock_that_lets_a_user_go_with_its_last_code_gets_both_again():
    async def play(house):
        await house.door("Front")

        def with_its_user(lock, request, proceed):
            place = request.credential
            held = lock.register.credential(1, place.credential_index) if place is not None else None
            answer = proceed()
            if held is not None:
                lock.register.clear_user(held.user_index)
            return answer

        _, credential = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        end = rule(house, "Front", "clear_credential", with_its_user)
        await house.hub.people.remove_credential(credential.id, actor=OWNER)
        await house.settle()
        assert house.codes("Front") == set()
        assert troubles(house) == []
        end()

    tell(play)


def test_a_one_time_code_that_opens_on_a_lock_that_tells_nothing_is_still_over_there():
    async def play(house):
        await house.door("Front", "u400")
        await house.person("Plumber", "604183", ["Front"], Once())
        await house.settle()
        house.fault("Front", "lost-events", "1")
        await house.enter("Front", "604183")
        assert house.device_at("Front").state == "UNLOCKED"
        await house.settle(26 * HOUR)
        house.device_at("Front").handle({"turn": "lock"})
        await house.settle(5)
        await house.enter("Front", "604183")
        assert house.device_at("Front").state == "LOCKED"

    tell(play)


def test_a_lock_whose_answers_make_no_sense_is_left_as_it_is():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        await house.settle()
        end = rule(house, "Front", "get_user", refused(Status.FAILURE))
        house.hub.locks.wake(house.lock_id("Front"))
        await house.person("Ben", "481604", ["Front"])
        await house.settle(120)
        assert house.codes("Front") == {"739218"}
        assert TroubleCode.UNREADABLE in troubles(house)
        end()
        house.hub.locks.wake(house.lock_id("Front"))
        await house.settle()
        assert house.codes("Front") == {"739218", "481604"}
        assert troubles(house) == []
        assert await repairs(house) == []

    tell(play)
