"""A house with a hub: a family, guests, their doors and their codes."""

from dataclasses import replace

import pytest
from tests.support.hub import OWNER, tell

from latchwork.base.logs import Secret
from latchwork.hub.house.entities import Credential
from latchwork.hub.house.rules import FirstUse, Hours, Once, Weekly
from latchwork.hub.journal.entries import How, Kind
from latchwork.hub.people.service import DuplicateCode

HOUR = 3600.0
NEW_YEAR_2026 = 1_767_225_600.0
"""A Thursday."""


def test_a_family_of_four_has_its_codes_on_three_locks_of_different_models():
    async def play(house):
        for name, model in (("Front", "u200"), ("Garden", "u400"), ("Cellar", "generic")):
            await house.door(name, model)
        codes = {"Ada": "739218", "Ben": "481604", "Cleo": "926357", "Dora Grünbaum": "350947"}
        family = {name: await house.person(name, code, ["Front", "Garden", "Cellar"]) for name, code in codes.items()}
        await house.settle()
        for name in ("Front", "Garden", "Cellar"):
            assert house.codes(name) == set(codes.values())
            assert {user.name for user in house.users(name)} == {"Ada", "Ben", "Cleo", "DoraG"}
            numbers = {person.unique_id for person, _ in family.values()}
            assert {user.unique_id for user in house.users(name)} == numbers
        for _, credential in family.values():
            assert set(house.proofs(credential).values()) == {"PROVED"}
        for lock in house.hub.repository.locks():
            assert house.hub.repository.troubles(lock.id) == ()
        await house.enter("Garden", "926357")
        (entry,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert (entry.person_name, entry.how, entry.door_name) == ("Cleo", How.KEYPAD, "Garden")
        proofs = house.proofs(family["Cleo"][1])
        assert proofs[house.lock_id("Garden")] == "USED"
        assert proofs[house.lock_id("Front")] == "PROVED"

    tell(play)


def test_a_name_in_the_journal_stays_as_it_was_when_the_person_is_renamed():
    async def play(house):
        await house.door("Front")
        person, _ = await house.person("Ada", "739218", ["Front"])
        await house.settle()
        await house.enter("Front", "739218")
        await house.hub.people.change_person(replace(person, name="Ada Byron"), actor=OWNER)
        await house.settle()
        await house.enter("Front", "739218")
        opened = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert [entry.person_name for entry in opened] == ["Ada", "Ada Byron"]
        assert {user.name for user in house.users("Front")} == {"AdaByron"}

    tell(play)


def test_a_code_for_one_opening_is_used_and_gone():
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        _, credential = await house.person("Plumber", "604183", ["Front", "Back"], Once())
        await house.settle()
        assert house.codes("Front") == house.codes("Back") == {"604183"}
        await house.enter("Front", "604183")
        assert house.device_at("Front").state in {"UNLOCKED", "UNLATCHED"}
        await house.settle()
        assert house.codes("Front") == house.codes("Back") == set()
        (access,) = house.hub.repository.accesses()
        assert access.first_used_at is not None
        assert house.hub.repository.places_of(credential.id) == []
        (opened,) = await house.journal(kinds=frozenset({Kind.OPENED}))
        assert opened.person_name == "Plumber"
        house.device_at("Front").handle({"turn": "lock"})
        await house.enter("Front", "604183")
        assert house.device_at("Front").state == "LOCKED"

    tell(play)


def test_a_code_for_some_hours_from_its_first_use_ends_by_itself():
    async def play(house):
        await house.door("Front")
        await house.person("Sitter", "604183", ["Front"], FirstUse(90))
        await house.settle()
        await house.enter("Front", "604183")
        await house.settle(80 * 60)
        assert house.codes("Front") == {"604183"}
        await house.settle(15 * 60)
        assert not [user for user in house.users("Front") if user.status == 1]

    tell(play)


def test_a_cleaner_comes_on_thursday_mornings_only():
    async def play(house):
        await house.zone("Europe/Berlin")
        await house.door("Front", "u400")
        thursdays = Weekly((Hours(frozenset({3}), 9 * 60, 12 * 60),))
        _, credential = await house.person("Cleaner", "604183", ["Front"], thursdays)
        await house.settle()
        assert house.codes("Front") == {"604183"}
        (user,) = house.users("Front")
        assert user.status == 1
        assert house.hub.keepers.get(house.lock_id("Front")).observed.user(user.index).week_days
        assert house.hub.repository.troubles(house.lock_id("Front")) == ()
        (placed,) = house.hub.repository.places_of(credential.id)
        assert {"accepted", "occupied"} <= placed.proof_at.keys()

    tell(play)


def test_a_changed_code_replaces_the_old_one_everywhere():
    async def play(house):
        await house.door("Front")
        await house.door("Back", "u400")
        _, credential = await house.person("Ada", "739218", ["Front", "Back"])
        await house.settle()
        await house.hub.people.set_secret(credential.id, Secret(b"481604"), actor=OWNER)
        await house.settle()
        assert house.codes("Front") == house.codes("Back") == {"481604"}
        assert {each.version for each in house.hub.repository.places_of(credential.id)} == {2}

    tell(play)


def test_a_code_that_somebody_has_is_refused_before_any_lock_hears_of_it():
    async def play(house):
        await house.door("Front")
        await house.person("Ada", "739218", ["Front"])
        ben, _ = await house.person("Ben")
        with pytest.raises(DuplicateCode) as caught:
            await house.hub.people.add_credential(Credential(id="", person_id=ben.id), Secret(b"739218"), actor=OWNER)
        assert "739218" not in str(caught.value)
        code = house.hub.people.random_code(ben.id)
        assert len(code) == 6

    tell(play)


def test_whoever_reads_a_code_is_written_down_first():
    async def play(house):
        await house.door("Front")
        person, credential = await house.person("Ada", "739218", ["Front"])
        assert await house.hub.people.reveal(credential.id, actor="account:guest") == b"739218"
        audits = await house.journal(kinds=frozenset({Kind.AUDIT}))
        last = audits[-1]
        assert (last.actor, last.detail["did"], last.person_id) == ("account:guest", "revealed", person.id)
        for entry in audits:
            assert "739218" not in repr(entry)

    tell(play)


def test_somebody_who_moves_out_is_gone_from_every_lock_and_a_report_says_so():
    async def play(house):
        for name, model in (("Front", "u200"), ("Garden", "u400"), ("Cellar", "generic")):
            await house.door(name, model)
        mate, _ = await house.person("Mate", "604183", ["Front", "Garden", "Cellar"])
        await house.person("Ada", "739218", ["Front", "Garden", "Cellar"])
        await house.settle()
        house.fault("Cellar", "out-of-range")
        await house.settle(1)
        await house.hub.people.move_out(mate.id, actor=OWNER)
        await house.settle(120)
        report = house.hub.people.removal(mate.id)
        assert report.person_name == "Mate"
        assert not report.is_complete
        by_door = {each.door_name: each for each in report.locks}
        assert by_door["Front"].cleared_at is not None
        assert by_door["Garden"].cleared_at is not None
        assert by_door["Cellar"].cleared_at is None
        assert "does not answer" in by_door["Cellar"].why
        assert house.codes("Front") == house.codes("Garden") == {"739218"}
        assert house.codes("Cellar") == {"739218", "604183"}
        house.device_at("Cellar").take_fault("out-of-range")
        await house.settle(1200)
        assert house.codes("Cellar") == {"739218"}
        report = house.hub.people.removal(mate.id)
        assert report.is_complete
        assert report.head == house.hub.journal.head()

    tell(play)
