"""Random stories of a register, beside a plain one: two fabrics and somebody at the door, restarts in between.

`LATCHWORK_STEPS` says how many steps in all (a release runs 100,000).
"""

import os
from types import MappingProxyType

from hypothesis import HealthCheck
from hypothesis import settings as run
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.register import ALPHA, AT_THE_LOCK, BETA, Disk, empty
from tests.support.register_oracle import ALL, WEEK, YEAR, No, Plain

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.moment import Moment
from latchwork.doorlock.register import BY_THE_LOCK, ChangeRefused
from latchwork.doorlock.users import CredentialRule, UserStatus, UserType

STEPS = int(os.environ.get("LATCHWORK_STEPS", "10000"))
STORY = 100
USERS, PER_USER, SCHEDULES = 4, 2, 2
KINDS = {
    CredentialKind.PIN: 3,
    CredentialKind.RFID: 2,
    CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: 2,
    CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: 2,
}
LENGTHS = {CredentialKind.PIN: (2, 3), CredentialKind.RFID: (1, 255)}
LIMITS = Limits(
    users=USERS,
    credentials_per_user=PER_USER,
    kinds=MappingProxyType(KINDS),
    lengths=MappingProxyType(LENGTHS),
    week_days_per_user=SCHEDULES,
    year_days_per_user=SCHEDULES,
    holidays=SCHEDULES,
    rules=frozenset(CredentialRule),
)
ORACLE_KINDS = {0: 1} | {int(kind): count for kind, count in KINDS.items()}
ORACLE_LENGTHS = {0: (2, 3), 1: (2, 3), 7: (65, 65), 8: (65, 65)}

AUTHORS = st.sampled_from([ALPHA, ALPHA, BETA, AT_THE_LOCK])
OPS = st.sampled_from([0, 0, 0, 2, 2, 1])
PEOPLE = st.sampled_from([1, 2, 3, 4, 1, 2, 0, 5])
SOMEBODY = st.none() | PEOPLE
STATUS = st.sampled_from([None, None, 1, 1, 3, 3, 0, 2])
TYPES = st.sampled_from([None, None, *range(10), 6, 7, 7, 10])
RULES = st.sampled_from([None, None, 0, 1, 2, 3])
NAMES = st.sampled_from([None, None, "", "Ann", "Zoë", "ten_octets", "eleven_octs"])
KIND = st.sampled_from([CredentialKind.PIN, CredentialKind.PIN, *CredentialKind])
PLACES = st.sampled_from([1, 2, 1, 2, 3, 0, 4])
PINS = st.sampled_from([b"11", b"22", b"333", b"4", b"5555"])
KEYS = st.sampled_from([b"\x04" + bytes(64), b"\x04" + bytes([1]) * 64, b"\x04" + bytes([2]) * 64])
TIMES = st.integers(0, 3)
AUTHOR_OF = {1: ALPHA, 2: BETA, None: AT_THE_LOCK}


class Stories(RuleBasedStateMachine):
    """The register, the plain one, and what the disk holds."""

    def __init__(self):
        super().__init__()
        self.register = empty(LIMITS)
        self.register.expiring_timeout_min = 1
        self.plain = Plain(USERS, PER_USER, ORACLE_KINDS, ORACLE_LENGTHS, SCHEDULES)
        self.disk = Disk()
        self.now = 0

    def both(self, author, product, oracle):
        """Do the same to both: the same must happen, or the same be refused and nothing change."""
        before = dict(self.register._dirty)
        answer, problem, expected = None, None, None
        try:
            expected = oracle()
        except No as no:
            expected = str(no)
        try:
            answer = product()
        except ChangeRefused as refused:
            problem = refused.problem.name
        if answer is None:
            assert problem == expected
            assert self.register._dirty == before
            return None
        changes = answer if isinstance(answer, tuple) else answer.changes
        assert all(change.author == author for change in changes)
        assert [(each.kind, each.change, each.user_index, each.data_index) for each in changes] == expected
        return answer

    @rule(
        op=OPS,
        index=PEOPLE,
        author=AUTHORS,
        name=NAMES,
        unique=st.none() | TIMES,
        status=STATUS,
        kind=TYPES,
        rule=RULES,
    )
    def set_user(self, op, index, author, name, unique, status, kind, rule):
        self.both(
            author,
            lambda: self.register.set_user(
                op, index, name=name, unique_id=unique, status=status, type=kind, rule=rule, author=author
            ),
            lambda: self.plain.set_user(op, index, author.fabric_index, name, unique, status, kind, rule),
        )

    @precondition(lambda self: len(self.plain.users) > 1)
    @rule(index=st.sampled_from([0, 5, 1, 2, 3, 4, 1, 2, 3, 4, ALL]), author=AUTHORS)
    def clear_user(self, index, author):
        self.both(author, lambda: self.register.clear_user(index, author), lambda: self.plain.clear_user(index))

    @rule(
        op=OPS,
        kind=KIND,
        index=PLACES,
        pin=PINS,
        key=KEYS,
        author=AUTHORS,
        user=SOMEBODY,
        given=st.none() | st.tuples(STATUS, TYPES),
    )
    def set_credential(self, op, kind, index, pin, key, author, user, given):
        self._set_credential(op, kind, index, pin, key, author, user, *(given or (None, None)))

    def _set_credential(self, op, kind, index, pin, key, author, user, status, of):
        secret = key if kind >= CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY else pin
        before = [at for at in self.plain.credentials if at[0] == kind and at[1] > index]
        free = [at for at in range(index + 1, ORACLE_KINDS.get(kind, 0) + 1) if (kind, at) not in before]
        answer = self.both(
            author,
            lambda: self.register.set_credential(
                op, kind, index, secret, user_index=user, status=status, type=of, author=author
            ),
            lambda: self.plain.set_credential(op, kind, index, secret, author.fabric_index, user, status, of),
        )
        if answer is not None:
            assert answer.next_index == (free[0] if free and kind else None)
            is_new = user is None and op == 0
            assert answer.user_index == (self.plain.credentials[kind, index]["user"] if is_new else None)

    @rule(
        kind=st.sampled_from([0, 1, 1, 2, 7, 8, 7, 8]),
        index=st.sampled_from([1, 2]),
        pin=st.sampled_from([b"11", b"22", b"333"]),
        key=KEYS,
        nth=st.none() | st.integers(0, 3),
    )
    def give_a_credential(self, kind, index, pin, key, nth):
        author, user = ALPHA, None
        if nth is not None and self.plain.users:
            user = sorted(self.plain.users)[nth % len(self.plain.users)]
            author = AUTHOR_OF.get(self.plain.users[user]["creator"], BETA)
        self._set_credential(0, CredentialKind(kind), index if kind else 0, pin, key, author, user, None, None)

    @precondition(lambda self: self.plain.users)
    @rule(pin=st.sampled_from([b"11", b"22", b"333"]), key=KEYS, kind=st.sampled_from([1, 7, 8]))
    def give_the_first_one_more(self, pin, key, kind):
        user = min(self.plain.users)
        author = AUTHOR_OF.get(self.plain.users[user]["creator"], BETA)
        index = next((at for at in (1, 2, 3) if (kind, at) not in self.plain.credentials), 3)
        self._set_credential(0, CredentialKind(kind), index, pin, key, author, user, None, None)

    @precondition(lambda self: self.plain.credentials)
    @rule(nth=st.integers(0, 5), pin=st.sampled_from([b"11", b"22", b"333"]), key=KEYS)
    def modify_a_credential(self, nth, pin, key):
        kind, index = sorted(self.plain.credentials)[nth % len(self.plain.credentials)]
        there = self.plain.credentials[kind, index]
        author = AUTHOR_OF.get(there["creator"], BETA)
        self._set_credential(2, CredentialKind(kind), index, pin, key, author, there["user"], None, None)

    @precondition(lambda self: self.plain.users)
    @rule(nth=st.integers(0, 3), index=st.sampled_from([1, 2]), is_week=st.booleans(), author=AUTHORS)
    def give_a_schedule(self, nth, index, is_week, author):
        user = sorted(self.plain.users)[nth % len(self.plain.users)]
        if is_week:
            self.set_week_day(user=user, index=index, days=3, start=1, end=2, author=author)
        else:
            self.set_year_day(user=user, index=index, start=1, end=2, author=author)

    @precondition(lambda self: len(self.plain.credentials) > 1)
    @rule(nth=st.integers(0, 5), author=AUTHORS)
    def clear_a_credential(self, nth, author):
        kind, index = sorted(self.plain.credentials)[nth % len(self.plain.credentials)]
        self._clear_credential(CredentialKind(kind), index, author)

    @precondition(lambda self: len(self.plain.credentials) > 3)
    @rule(
        kind=st.sampled_from([*CredentialKind, CredentialKind.PIN, CredentialKind.RFID, None]),
        index=st.sampled_from([1, 2, 3, 0, 4, ALL]),
        author=AUTHORS,
    )
    def clear_credential(self, kind, index, author):
        self._clear_credential(kind, index, author)

    def _clear_credential(self, kind, index, author):
        self.both(
            author,
            lambda: self.register.clear_credential(kind, index, author),
            lambda: self.plain.clear_credential(kind, index, author.fabric_index),
        )

    @rule(user=PEOPLE, index=PLACES, days=st.sampled_from([0, 1, 127, 128]), start=TIMES, end=TIMES, author=AUTHORS)
    def set_week_day(self, user, index, days, start, end, author):
        self.both(
            author,
            lambda: self.register.set_week_day(
                user, index, days=days, start_hour=start, start_minute=5, end_hour=end, end_minute=4, author=author
            ),
            lambda: self.plain.set_schedule(
                WEEK,
                user,
                index,
                (days, start * 60 + 5, end * 60 + 4),
                0 < days < 128 and start < end,
                author.fabric_index,
            ),
        )

    @rule(user=PEOPLE, index=PLACES, start=TIMES, end=TIMES, author=AUTHORS)
    def set_year_day(self, user, index, start, end, author):
        self.both(
            author,
            lambda: self.register.set_year_day(user, index, start=start, end=end, author=author),
            lambda: self.plain.set_schedule(YEAR, user, index, (start, end), start < end, author.fabric_index),
        )

    @precondition(lambda self: self.plain.week or self.plain.year)
    @rule(user=PEOPLE, index=PLACES | st.just(0xFE), author=AUTHORS, is_week=st.booleans())
    def clear_schedule(self, user, index, author, is_week):
        clear = self.register.clear_week_day if is_week else self.register.clear_year_day
        self.both(
            author,
            lambda: clear(user, index, author),
            lambda: self.plain.clear_schedule(WEEK if is_week else YEAR, user, index),
        )

    @rule(index=PLACES, start=TIMES, end=TIMES, mode=st.integers(0, 5), author=AUTHORS)
    def set_holiday(self, index, start, end, mode, author):
        self.both(
            author,
            lambda: self.register.set_holiday(index, start=start, end=end, mode=mode, author=author),
            lambda: self.plain.set_holiday(index, (start, end, mode), start < end and mode < 5),
        )

    @precondition(lambda self: self.plain.days)
    @rule(index=PLACES | st.just(0xFE), author=AUTHORS)
    def clear_holiday(self, index, author):
        self.both(author, lambda: self.register.clear_holiday(index, author), lambda: self.plain.clear_holiday(index))

    @rule(index=st.sampled_from([1, 2, 3]))
    def remove_fabric(self, index):
        self.register.fabric_removed(index)
        self.plain.fabric_removed(index)

    @precondition(lambda self: self.plain.users)
    @rule(nth=st.integers(0, 3), kind=st.sampled_from([6, 7]), author=AUTHORS)
    def make_a_guest_of(self, nth, kind, author):
        index = sorted(self.plain.users)[nth % len(self.plain.users)]
        self.set_user(op=2, index=index, author=author, name=None, unique=None, status=1, kind=kind, rule=None)

    @rule(index=PEOPLE)
    def use(self, index):
        moment = Moment(self.now, self.now + 3600)
        self.both(BY_THE_LOCK, lambda: self.register.used(index, moment), lambda: self.plain.used(index, self.now, 60))

    @rule(seconds=st.sampled_from([1, 30, 60]))
    def let_time_pass(self, seconds):
        self.now += seconds
        moment = Moment(self.now, self.now + 3600)
        self.both(BY_THE_LOCK, lambda: self.register.expire(moment), lambda: self.plain.expire(self.now))

    @rule()
    def restart(self):
        self.disk.save(self.register)
        again = self.disk.restart(LIMITS)
        assert again == self.register
        assert again.take_dirty() == {}
        again.expiring_timeout_min = 1
        self.register = again

    @invariant()
    def people_are_the_same(self):
        register, plain = self.register, self.plain
        found = {user.index: user for user in register.users()}
        assert found.keys() == plain.users.keys()
        for index, user in plain.users.items():
            assert {name: getattr(found[index], name) for name in user} == user
            assert set(found[index].credentials) == set(plain.of(index))
        assert register.user_count == len(plain.users)
        assert register.programming_users() == {
            index
            for index, user in plain.users.items()
            if user["type"] == UserType.PROGRAMMING
            and user["status"] == UserStatus.OCCUPIED_ENABLED
            and plain.of(index)
        }
        ends = [user["expires_at"] for user in plain.users.values() if user["expires_at"] is not None]
        assert register.next_expiry() == min(ends, default=None)
        for index in range(USERS + 2):
            behind = [each for each in plain.users if each > index]
            assert register.next_user(index) == min(behind, default=None)

    @invariant()
    def credentials_are_the_same(self):
        register, plain = self.register, self.plain
        for kind in CredentialKind:
            found = {(kind, each.index): each for each in register.credentials(kind)}
            assert found.keys() == {at for at in plain.credentials if at[0] == kind}
            assert register.credential_count(kind) == len(found)
            assert register.next_credential(kind, -1) == min((at[1] for at in found), default=None)
            for at, credential in found.items():
                expected = plain.credentials[at]
                assert bytes(credential.secret) == expected["secret"]
                assert credential.user_index == expected["user"]
                assert (credential.creator, credential.modifier) == (expected["creator"], expected["modifier"])
                assert register.find(kind, expected["secret"]) is credential
        for pin in (b"11", b"22", b"333", b"4", b"5555"):
            known = any(at[0] == 1 and each["secret"] == pin for at, each in plain.credentials.items())
            assert (register.find(CredentialKind.PIN, pin) is not None) == known

    @invariant()
    def schedules_are_the_same(self):
        register, plain = self.register, self.plain
        people = range(1, USERS + 1)
        weeks = [each for index in people for each in register.week_days(index)]
        years = [each for index in people for each in register.year_days(index)]
        assert {(each.user_index, each.index): (each.days, each.start, each.end) for each in weeks} == plain.week
        assert {(each.user_index, each.index): (each.start, each.end) for each in years} == plain.year
        assert {each.index: (each.start, each.end, each.mode) for each in register.holidays()} == plain.days


TestStories = Stories.TestCase
TestStories.settings = run(
    max_examples=max(1, STEPS // STORY),
    stateful_step_count=STORY,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
