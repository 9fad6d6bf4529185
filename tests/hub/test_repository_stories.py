"""Random stories: the repository is what dictionaries would be, whatever is done to it and however often it is opened again."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from latchwork.base.errors import Misuse
from latchwork.hub.books.repository import Conflict, Repository
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Door, Lock, Person
from latchwork.hub.house.placed import PlacedCredential, PlacedUser, Proof
from latchwork.hub.house.rules import Always, FirstUse, Once, Window
from latchwork.store.database import ConstraintBroken, Database

NAMES = st.text(alphabet="abÄ'\"\0🔑", max_size=4)
INSTANTS = st.floats(0, 2e9)
RULES = st.sampled_from([Always(), Window(1.0, 2.0), Once(None, 5.0), FirstUse(90)])
LOCK = Lock(id="lock_1", node_id=1)


class Stories(RuleBasedStateMachine):
    """A repository and dictionaries hear the same; they must agree."""

    people = Bundle("people")
    doors = Bundle("doors")
    credentials = Bundle("credentials")
    accesses = Bundle("accesses")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.count = 0
        self.person, self.door, self.credential, self.access = {}, {}, {}, {}
        self.removed = set()
        self.users, self.placed = {}, {}
        self.open()

    def open(self):
        self.database = Database(Path(self.folder.name) / "hub.db")
        self.repository = Repository(self.database)

    def do(self, waiting):
        return self.runner.run(waiting)

    def new_id(self, what):
        self.count += 1
        return f"{what}_{self.count:04}"

    @initialize()
    def a_lock(self):
        self.do(self.repository.put_lock(LOCK))

    @rule(target=people, name=NAMES, at=INSTANTS, is_admin=st.booleans())
    def somebody_comes(self, name, at, is_admin):
        person = Person(id=self.new_id("person"), name=name, unique_id=self.count, created_at=at, is_admin=is_admin)
        self.person[person.id] = self.do(self.repository.put_person(person))
        return person.id

    @rule(person=people, name=NAMES, behind=st.integers(0, 1))
    def somebody_is_renamed(self, person, name, behind):
        changed = replace(self.person[person], name=name, version=self.person[person].version - behind)
        if behind:
            with pytest.raises(Conflict):
                self.do(self.repository.put_person(changed))
        else:
            self.person[person] = self.do(self.repository.put_person(changed))
            assert self.person[person] == replace(changed, version=changed.version + 1)

    @rule(person=people, at=INSTANTS)
    def somebody_leaves(self, person, at):
        left = self.do(self.repository.person_leaves(person, at))
        before = self.person[person]
        self.person[person] = (
            before if before.left_at is not None else replace(before, left_at=at, version=before.version + 1)
        )
        assert left == self.person[person]
        self.access = {key: each for key, each in self.access.items() if each.person_id != person}

    @rule(target=doors, name=NAMES, position=st.integers(0, 3))
    def a_door_is_made(self, name, position):
        door = Door(id=self.new_id("door"), name=name, position=position)
        self.door[door.id] = self.do(self.repository.put_door(door))
        return door.id

    @rule(door=consumes(doors))
    def a_door_is_removed(self, door):
        self.do(self.repository.remove_door(door))
        del self.door[door]
        self.lose("door_ids", door)

    @rule(target=credentials, person=people, label=NAMES, kind=st.sampled_from(CredentialKind))
    def a_credential_is_made(self, person, label, kind):
        credential = Credential(id=self.new_id("credential"), person_id=person, label=label, kind=kind)
        self.credential[credential.id] = self.do(self.repository.put_credential(credential))
        return credential.id

    @rule(credential=credentials, at=INSTANTS)
    def a_credential_is_removed(self, credential, at):
        self.do(self.repository.remove_credential(credential, at))
        self.removed.add(credential)
        self.lose("credential_ids", credential)

    @rule(credential=credentials, by=st.integers(-1, 2))
    def a_credential_is_changed(self, credential, by):
        changed = replace(self.credential[credential], version=max(1, self.credential[credential].version + by))
        step = changed.version - self.credential[credential].version
        if credential in self.removed or not 0 <= step <= 1:
            with pytest.raises(Conflict):
                self.do(self.repository.put_credential(changed))
        else:
            self.credential[credential] = self.do(self.repository.put_credential(changed))

    @rule(
        target=accesses,
        person=people,
        doors=st.lists(doors, max_size=3),
        credentials=st.lists(credentials, max_size=2),
        when=RULES,
        known=st.none() | accesses,
    )
    def an_access_is_put(self, person, doors, credentials, when, known):
        before = self.access.get(known)
        access = Access(
            id=before.id if before else self.new_id("access"),
            person_id=person,
            door_ids=tuple(doors),
            credential_ids=tuple(credentials),
            rule=when,
            version=before.version if before else 1,
        )
        is_theirs = all(self.credential[each].person_id == person for each in credentials)
        if self.person[person].left_at is not None or not is_theirs or self.removed & set(credentials):
            with pytest.raises(Misuse):
                self.do(self.repository.put_access(access))
            return multiple()
        if len(set(doors)) < len(doors) or len(set(credentials)) < len(credentials):
            with pytest.raises(ConstraintBroken):
                self.do(self.repository.put_access(access))
            return multiple()
        self.access[access.id] = self.do(self.repository.put_access(access))
        return access.id

    @rule(access=accesses)
    def an_access_is_taken_back(self, access):
        if self.access.pop(access, None) is not None:
            self.do(self.repository.remove_access(access))

    @rule(person=people, credential=credentials, index=st.integers(1, 5), proof=st.sampled_from(Proof), at=INSTANTS)
    def something_is_placed(self, person, credential, index, proof, at):
        user = PlacedUser(lock_id=LOCK.id, key=person, index=index, is_pending=at > 1e9)
        if any(other.index == index and key != person for key, other in self.users.items()):
            with pytest.raises(ConstraintBroken):
                self.do(self.repository.save_placed_user(user))
            return
        self.do(self.repository.save_placed_user(user))
        self.users[person] = user
        placed = PlacedCredential(
            lock_id=LOCK.id,
            credential_id=credential,
            version=self.credential[credential].version,
            kind=self.credential[credential].kind,
            index=index,
            user_key=person,
            proof=proof,
            proof_at={proof.name: at},
        )
        self.do(self.repository.save_placed_credential(placed))
        self.placed[placed.kind, index] = placed

    @rule(person=people)
    def a_user_is_cleared(self, person):
        self.do(self.repository.forget_placed_user(LOCK.id, person))
        self.users.pop(person, None)
        self.placed = {key: each for key, each in self.placed.items() if each.user_key != person}

    @rule()
    def it_is_opened_again(self):
        self.do(self.database.close())
        self.open()

    @invariant()
    def the_repository_holds_what_the_dictionaries_hold(self):
        snapshot = self.repository.snapshot()
        here = {key: each for key, each in self.person.items() if each.left_at is None}
        assert {each.id: each for each in snapshot.persons} == here
        assert {each.id: each for each in self.repository.persons(with_left=True)} == self.person
        assert {each.id: each for each in snapshot.doors} == self.door
        assert {each.id: each for each in snapshot.accesses} == self.access
        assert {each.id: each for each in snapshot.credentials} == {
            key: each for key, each in self.credential.items() if key not in self.removed and each.person_id in here
        }
        placed = self.repository.placed(LOCK.id)
        assert {each.key: each for each in placed.users} == self.users
        assert {(each.kind, each.index): each for each in placed.credentials} == self.placed

    def lose(self, field, identifier):
        """An access loses a door or a credential; one that loses its last goes."""
        for key, each in list(self.access.items()):
            before = getattr(each, field)
            if identifier in before:
                left = tuple(other for other in before if other != identifier)
                self.access[key] = replace(each, **{field: left}, version=each.version + 1)
                if not left:
                    del self.access[key]

    def teardown(self):
        self.do(self.database.close())
        self.runner.close()
        self.folder.cleanup()


TestStories = Stories.TestCase
TestStories.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
