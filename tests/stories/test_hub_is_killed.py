"""A hub is killed at random instants while it brings locks in line, on real sockets and a real disk.

After each life everything that it acknowledged is kept, whatever it was asked and did not acknowledge was done whole or not at all, each
code that a lock has is in the books, and once a hub is left in peace every lock holds what it should, written once. `LATCHWORK_KILLS` says
how often (a release: 500). The instant is a datagram that a lock is about to hear, or a command that it has just carried out.
"""

import os
import sqlite3
from dataclasses import dataclass, field
from random import Random

import pytest
from tests.support.hub_process import HubProcesses, Killed

from latchwork.devices.lock_device import lock_of
from latchwork.devices.models import MODELS
from latchwork.doorlock.credentials import CredentialKind
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.sim.home import VirtualHome

KILLS = int(os.environ.get("LATCHWORK_KILLS", "25"))
SEED = 20
PIN = CredentialKind.PIN
DOORS = ("Front", "Back", "Shed")
PEOPLE = 5
DATAGRAMS = 260
"""About as many as the locks hear until a hub with so little to do is done."""
SETTLES = 4
"""One life in so many is left in peace."""


@dataclass
class Asked:
    """What people asked for: what must be so."""

    numbers: dict[str, int] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)  # by credential: person, code
    accesses: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # person, doors
    acts: list[list[str | None]] = field(default_factory=list)

    def copy(self):
        return Asked(dict(self.numbers), dict(self.codes), dict(self.accesses), list(self.acts))

    def as_told(self):
        return {
            "people": sorted(self.numbers),
            "codes": {name: code for name, (_, code) in self.codes.items()},
            "accesses": {name: [person, sorted(doors)] for name, (person, doors) in self.accesses.items()},
        }

    def wanted(self, door):
        """By code, whose number must be on a door's lock."""
        there = {person for person, doors in self.accesses.values() if door in doors}
        return {code: self.numbers[person] for person, code in self.codes.values() if person in there}


class Trap:
    """Kills the hub when the locks have heard so much."""

    def __init__(self, home, hubs):
        self.hubs = hubs
        self.left = -1
        self.is_by_command = False
        self.life = 0
        self.writes = []  # (life, lock, what, place, code)
        for number, lock in enumerate(home.locks):
            lock.seams.incoming.append(self.heard)
            lock.seams.rules.append(lambda *told, number=number: self.carried_out(number, *told))

    def set(self, left, *, is_by_command):
        self.left, self.is_by_command = left, is_by_command
        if not left:
            self.snap()

    def snap(self):
        self.left = -1
        self.hubs.kill_if_up()

    def heard(self, _datagram):
        if not self.is_by_command:
            self.count()
        return True

    def count(self):
        if self.left > 0:
            self.left -= 1
            if not self.left:
                self.snap()

    def carried_out(self, number, behavior, command, request, _context, proceed):
        register = behavior.register
        before = {each.index: bytes(each.secret) for each in register.credentials(PIN)}
        users = {user.index for user in register.users()}
        try:
            return proceed()
        finally:
            self.note(number, command, request, register, before, users)
            if self.is_by_command:
                self.count()

    def note(self, number, command, request, register, before, users):
        if command.name == DoorLock.set_credential.name:
            place = request.credential.credential_index
            after = register.credential(PIN, place)
            is_done = after is not None and bytes(after.secret) == bytes(request.credential_data)
            if is_done and place not in before:
                self.writes.append((self.life, number, "added", place, bytes(after.secret)))
            elif is_done and request.operation_type:
                self.writes.append((self.life, number, "modified", place, bytes(after.secret)))
        elif command.name == DoorLock.set_user.name:
            for index in {user.index for user in register.users()} - users:
                self.writes.append((self.life, number, "user", index, None))


class Story:
    """Lives of a hub, one after the other."""

    def __init__(self, home, hubs, seed):
        self.home = home
        self.hubs = hubs
        self.random = Random(seed)
        self.trap = Trap(home, hubs)
        self.asked = Asked()
        self.doubt = None  # the same with what was asked and not acknowledged
        self.doors = {}
        self.locks = {}
        self.fabric = {}
        self.made = 0

    def register(self, door):
        return lock_of(self.home.locks[DOORS.index(door)].node).register

    async def begin(self):
        await self.hubs.start()
        for door, lock in zip(DOORS, self.home.locks, strict=True):
            said = await self.hubs.ask("pair", code=lock.qr, door=door)
            self.doors[door], self.locks[door], self.fabric[door] = said["door"], said["lock"], said["fabric"]
        await self.hubs.ask("settle")

    # Asking

    def act(self):
        """Something that people ask for: the words for the hub, what it must do to what is so, and its entry in the journal."""
        asked, choose = self.asked, self.random.choice
        people, after = sorted(asked.numbers), self.asked.copy()
        coded = {person for person, _ in asked.codes.values()}
        let_in = {person for person, _ in asked.accesses.values()}
        self.made += 1
        doors = tuple(self.random.sample(DOORS, self.random.randint(1, 3)))
        uncoded, outside = (
            [each for each in people if each not in coded],
            [each for each in people if each not in let_in],
        )
        if len(people) < 2 or (len(people) < PEOPLE and self.random.random() < 0.2):
            name = f"person_{self.made}"
            after.numbers[name] = self.made
            return (
                "person",
                {"person": name, "name": f"Guest {self.made}", "number": self.made},
                ["person_added", name, None],
                after,
            )
        if uncoded:
            name, code = f"credential_{self.made}", self.new_code()
            after.codes[name] = uncoded[0], code
            words = {"credential": name, "person": uncoded[0], "code": code}
            return "code", words, ["credential_added", uncoded[0], name], after
        if outside:
            name = f"access_{self.made}"
            after.accesses[name] = outside[0], doors
            words = {"access": name, "person": outside[0], "doors": [self.doors[door] for door in doors]}
            return "grant", words, ["granted", outside[0], None], after
        what = choose(["another_code", "another_code", "doors", "doors", "revoke", "move_out"])
        if what == "another_code":
            name = choose(sorted(asked.codes))
            person, code = asked.codes[name][0], self.new_code()
            after.codes[name] = person, code
            return what, {"credential": name, "code": code}, ["code_set", person, name], after
        if what == "move_out":
            person = choose(people)
            after.numbers.pop(person)
            after.codes = {name: each for name, each in asked.codes.items() if each[0] != person}
            after.accesses = {name: each for name, each in asked.accesses.items() if each[0] != person}
            return what, {"person": person}, ["moved_out", person, None], after
        name = choose(sorted(asked.accesses))
        person = asked.accesses[name][0]
        if what == "revoke":
            del after.accesses[name]
            return what, {"access": name}, ["revoked", person, None], after
        after.accesses[name] = person, doors
        words = {"access": name, "doors": [self.doors[door] for door in doors]}
        return what, words, ["access_changed", person, None], after

    def new_code(self):
        """Never one that there was before."""
        return f"{100_000 + self.made * 37 % 900_000:06}"

    async def ask(self):
        what, words, entry, after = self.act()
        after.acts.append(entry)
        self.doubt = after
        await self.hubs.ask(what, **words)
        self.asked, self.doubt = after, None

    # Living and dying

    async def life(self, *, in_peace):
        self.trap.life += 1
        self.trap.set(-1, is_by_command=False)
        await self.hubs.start()
        try:
            await self.kept()
            is_by_command = self.random.random() < 0.4
            self.trap.set(
                -1 if in_peace else self.random.randint(0, 24 if is_by_command else DATAGRAMS),
                is_by_command=is_by_command,
            )
            for _ in range(self.random.randint(0, 3)):
                await self.ask()
            await self.hubs.ask("settle")
        except Killed:
            pass
        except TimeoutError:
            raise AssertionError(f"it never settles: {await self.hubs.ask('told')}") from None
        else:
            if in_peace:
                await self.in_line()
        self.trap.snap()
        await self.hubs.gone()
        self.known()

    async def kept(self):
        """What was acknowledged is there, and what was not is there whole or not at all."""
        told = await self.hubs.ask("house")
        doors = {each: door for door, each in self.doors.items()}
        found = {
            "people": sorted(told["people"]),
            "codes": told["codes"],
            "accesses": {
                name: [who, sorted(doors[each] for each in there)] for name, (who, there) in told["accesses"].items()
            },
        }
        journal = await self.hubs.ask("journal")
        if self.doubt is not None and journal["acts"] == self.doubt.acts:
            self.asked = self.doubt
        self.doubt = None
        assert journal["is_whole"]
        assert journal["acts"] == self.asked.acts
        assert found == self.asked.as_told()

    def known(self):
        """Right after a death: the books on disk account for every user and code that a lock has in the hub's name."""
        with sqlite3.connect(f"file:{self.hubs.folder / 'hub.db'}?mode=ro", uri=True) as books:
            for door in DOORS:
                register, lock, fabric = self.register(door), self.locks[door], self.fabric[door]
                users = {row[0] for row in books.execute("SELECT place FROM placed_user WHERE lock_id = ?", (lock,))}
                codes = {
                    row[0] for row in books.execute("SELECT place FROM placed_credential WHERE lock_id = ?", (lock,))
                }
                assert {user.index for user in register.users() if user.creator == fabric} <= users
                assert {each.index for each in register.credentials(PIN) if each.creator == fabric} <= codes
        books.close()

    async def in_line(self):
        """Left in peace, the locks hold what they should, and the hub says so."""
        placed = (await self.hubs.ask("house"))["placed"]
        for door in DOORS:
            register, wanted = self.register(door), self.asked.wanted(door)
            found = {
                bytes(each.secret).decode(): register.user(each.user_index).unique_id
                for each in register.credentials(PIN)
            }
            assert found == wanted, door
            assert sorted(user.unique_id for user in register.users()) == sorted(wanted.values())
            codes = placed[self.locks[door]]["codes"]
            assert sorted(self.asked.codes[name][1] for name, *_ in codes) == sorted(wanted)
            assert not any(is_pending for *_, is_pending in codes)

    def once(self):
        """Nothing was done twice: a code is written again only by a life that cannot know whether the one before has written it."""
        seen = {}
        for life, lock, what, place, code in self.trap.writes:
            if code is None:
                continue
            earlier = seen.setdefault((lock, code), [])
            if what == "modified":
                assert all(before < life for before in earlier), f"{lock}: place {place} written twice in a life"
            earlier.append(life)
        again = sum(len(lives) - 1 for lives in seen.values())
        assert again <= self.trap.life


@pytest.fixture
async def story(tmp_path):
    folder = tmp_path / "hub"
    folder.mkdir(mode=0o700)
    async with VirtualHome(3, model=(MODELS["u200"], MODELS["generic"], MODELS["u400"])) as home:
        hubs = await HubProcesses(folder).open()
        made = Story(home, hubs, SEED)
        try:
            yield made
        finally:
            await hubs.close()


async def test_a_hub_that_is_killed_loses_nothing_does_nothing_twice_and_knows_every_code(story):
    await story.begin()
    await story.hubs.gone()
    for number in range(KILLS):
        await story.life(in_peace=number % SETTLES == SETTLES - 1)
    await story.life(in_peace=True)
    story.once()
