"""A random house: people, promises, three locks, other administrators who meddle, faults, crashes and time, beside a house on paper.

After quiet every lock opens to whom the paper says and knows nobody else's code of ours; what others put there is as they left it, byte
for byte. At every moment the hub's books know all that is on a lock in its name. `LATCHWORK_STEPS` says how many steps in all.
"""

import asyncio
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck
from hypothesis import settings as run
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.support.hub import OWNER
from tests.support.hub_house import CODES, DOORS, FAULTS, THEIRS, WEATHER, RandomHouse
from tests.support.hub_oracle import Paper, Promise

from latchwork.stack.virtual_time import VirtualTimeLoop

STEPS = int(os.environ.get("LATCHWORK_STEPS", "600"))
STORY = 40

DOOR = st.sampled_from(list(DOORS))
WHICH = st.integers(0, 7)
CODE = st.sampled_from(CODES)
KINDS = st.sampled_from(
    ["always", "always", "weekly", "night", "bounded", "except", "window", "later"]
) | st.sampled_from(["once", "once in", "first", "first in", "first 90"])
SHORT = st.sampled_from([0.0, 0.03, 0.1, 0.3, 1.0, 5.0])
LONG = st.sampled_from([60, 1200, 3600, 6 * 3600, 20 * 3600, 3 * 86_400])


class House(RandomHouse, RuleBasedStateMachine):
    """Draws what happens next."""

    @initialize(
        seed=st.integers(0, 99),
        codes=st.lists(CODE, min_size=1, max_size=3, unique=True),
        kinds=st.lists(KINDS, min_size=3, max_size=3),
    )
    def begin(self, seed, codes, kinds):
        self.loop = VirtualTimeLoop()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.paper = Paper()
        self.foreign = {door: {} for door in DOORS}
        self.is_up = True
        self.count = 0
        self.play(self._begin(seed))
        for code, kind in zip(codes, kinds, strict=False):
            self.play(self._somebody_comes(code, 0))
            self.play(self._grant(Promise(max(self.paper.numbers), frozenset(DOORS), self.rule_of(kind)), 5))

    # people of the house

    @precondition(lambda self: self.is_up and len(self.paper.numbers) < 4)
    @rule(code=CODE, soon=SHORT)
    def somebody_comes(self, code, soon):
        self.play(self._somebody_comes(code, soon))

    @precondition(lambda self: self.is_up and self.paper.numbers)
    @rule(which=WHICH, code=CODE)
    def a_second_code(self, which, code):
        person = self.person(which)
        if sum(owner == person for owner, _ in self.paper.codes.values()) < 2:
            self.play(self._new_code(person, code))

    @precondition(lambda self: self.is_up and self.paper.codes)
    @rule(which=WHICH, code=CODE, soon=SHORT)
    def another_code(self, which, code, soon):
        self.play(self._another_code(self.credential(which), code, soon))

    @precondition(lambda self: self.is_up and len(self.paper.codes) > 1)
    @rule(which=WHICH)
    def a_code_out_of_use(self, which):
        credential = self.credential(which)
        self.play(self.house.hub.people.remove_credential(credential, actor=OWNER))
        del self.paper.codes[credential]
        for access, each in tuple(self.paper.promises.items()):
            if each.codes is not None and credential in each.codes:
                each.codes -= {credential}
                if not each.codes:
                    del self.paper.promises[access]

    @precondition(lambda self: self.is_up and self.paper.numbers)
    @rule(which=WHICH)
    def another_name(self, which):
        person = self.house.hub.repository.person(self.person(which))
        self.count += 1
        renamed = replace(person, name=f"Guest {self.count}")
        self.play(self.house.hub.people.change_person(renamed, actor=OWNER))

    @precondition(lambda self: self.is_up and len(self.paper.numbers) > 1)
    @rule(which=WHICH, soon=SHORT)
    def somebody_leaves(self, which, soon):
        person = self.person(which)
        self.play(self.house.hub.people.move_out(person, actor=OWNER))
        del self.paper.numbers[person]
        self.paper.codes = {at: each for at, each in self.paper.codes.items() if each[0] != person}
        self.paper.promises = {at: each for at, each in self.paper.promises.items() if each.person != person}
        self.play(asyncio.sleep(soon))

    # promises

    @precondition(lambda self: self.is_up and self.paper.codes and len(self.paper.promises) < 10)
    @rule(
        which=WHICH,
        doors=st.sets(DOOR, min_size=1),
        kind=KINDS,
        is_one=st.sampled_from([False, False, True]),
        is_duress=st.sampled_from([False] * 7 + [True]),
        soon=SHORT,
    )
    def grant(self, which, doors, kind, is_one, is_duress, soon):
        credential = self.credential(which)
        person = self.paper.codes[credential][0]
        made = Promise(
            person,
            frozenset(doors),
            self.rule_of(kind),
            frozenset({credential}) if is_one else None,
            is_duress=is_duress,
        )
        self.play(self._grant(made, soon))

    @precondition(lambda self: self.is_up and self.paper.promises)
    @rule(which=WHICH, soon=SHORT)
    def take_back(self, which, soon):
        access = self.promise(which)
        self.play(self.house.hub.people.revoke(access, actor=OWNER))
        del self.paper.promises[access]
        self.play(asyncio.sleep(soon))

    @precondition(lambda self: self.is_up and self.paper.promises)
    @rule(which=WHICH)
    def suspend_or_resume(self, which):
        access = self.promise(which)
        made = self.paper.promises[access]
        kept = self.house.hub.repository.access(access)
        made.is_enabled = not kept.is_enabled
        changed = replace(kept, is_enabled=made.is_enabled)
        self.play(self.house.hub.people.change_access(changed, actor=OWNER))

    # at the door

    @precondition(lambda self: self.paper.codes)
    @rule(door=DOOR, which=WHICH, soon=SHORT)
    def come(self, door, which, soon):
        """Somebody comes home."""
        if self.device(door).has_power:
            self.play(self._come(self.device(door), door, self.credential(which)))
            self.play(asyncio.sleep(soon))

    @rule(
        door=DOOR,
        code=st.sampled_from(THEIRS),
        what=st.sampled_from(["add", "wipe", "clear", "recode", "stow"]),
        which=WHICH,
    )
    def program_at_the_door(self, door, code, what, which):
        if not self.device(door).has_power:
            return
        user = self.ours(door, which)
        if user is None and what in {"clear", "recode", "stow"}:
            return
        self.play(self._program(door, code, what, user))

    @precondition(lambda self: self.theirs)
    @rule(
        door=DOOR,
        which=WHICH,
        code=st.sampled_from(THEIRS),
        what=st.sampled_from(["add", "add", "recode", "rename", "hours", "clear"]),
    )
    def they_change_theirs(self, door, which, code, what):
        if self.is_in_reach(door) and self.world.air.weather is WEATHER[0]:
            self.play(self._they_change_theirs(door, which, code, what))

    @precondition(lambda self: self.theirs)
    @rule(door=DOOR, which=WHICH, what=st.sampled_from(["clear", "uncode", "disable", "retype", "hours"]))
    def they_meddle_with_ours(self, door, which, what):
        if self.is_in_reach(door) and self.ours(door) and self.world.air.weather is WEATHER[0]:
            self.play(self._they_meddle(door, self.ours(door, which), what))

    @precondition(lambda self: self.theirs)
    @rule(are_gone=st.sampled_from([False] * 11 + [True]))
    def their_ecosystem_goes(self, are_gone):
        calm = self.world.air.weather is WEATHER[0]
        if are_gone and calm and all(map(self.is_in_reach, DOORS)):
            self.play(self._they_go())

    # trouble and time

    @rule(door=DOOR, name=st.sampled_from(FAULTS), soon=SHORT)
    def something_breaks(self, door, name, soon):
        self.play(self._broken(door, name, soon))

    @rule(door=DOOR)
    def it_is_mended(self, door):
        self.play(self._mended(door))

    @rule(weather=st.sampled_from(WEATHER))
    def the_weather_changes(self, weather):
        self.world.air.weather = weather

    @rule(seconds=LONG)
    def time_passes(self, seconds):
        self.play(asyncio.sleep(seconds))

    @precondition(lambda self: self.is_up)
    @rule(soon=SHORT)
    def the_hub_crashes(self, soon):
        self.play(asyncio.sleep(soon))
        self.play(self.house.crash())
        self.is_up = False

    @precondition(lambda self: not self.is_up)
    @rule(soon=SHORT)
    def the_hub_is_back(self, soon):
        self.play(self._back(soon))

    # what must be so

    @invariant()
    def nothing_of_others_is_touched_and_all_of_ours_is_known(self):
        if hasattr(self, "locks"):
            self.check_always()

    @rule()
    def all_is_quiet(self):
        self.play(self._quiet())

    def teardown(self):
        if not hasattr(self, "house"):
            return
        try:
            self.play(self._quiet())
            assert self.play(self.house.hub.journal.verify()).is_whole
        finally:
            self.play(self._end())
            left = asyncio.all_tasks(self.loop)
            self.loop.close()
            shutil.rmtree(self.folder)
        assert not left, left


TestHouse = House.TestCase
TestHouse.settings = run(
    max_examples=max(STEPS // STORY, 1),
    stateful_step_count=STORY,
    deadline=None,
    derandomize="LATCHWORK_STEPS" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
