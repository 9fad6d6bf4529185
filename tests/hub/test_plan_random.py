"""Random households on a random lock: it lets in exactly whom the accesses say, and everything foreign stays as it was."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hub.model_lock import House, ModelLock

from latchwork.hub.house.desired import Enforcement, TroubleCode
from latchwork.hub.house.entities import Access, Credential, CredentialKind, Person, Site
from latchwork.hub.house.observed import Capabilities, UserType
from latchwork.hub.house.placed import Placed
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window
from latchwork.hub.house.steps import ClearUser

DAY = 86_400
CHANGES = {
    "Europe/Berlin": ((2026, 3, 29, 1), (2026, 10, 25, 1)),
    "America/New_York": ((2026, 3, 8, 7), (2026, 11, 1, 6)),
}
STORY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)


@st.composite
def instants(draw, around):
    hours = 4 if draw(st.booleans()) else 5 * 24
    minutes = draw(st.integers(-4 * hours, 4 * hours)) * 15
    return float(around + minutes * 60 + draw(st.sampled_from([0, 0, 0, 1, 1799, 3540])))


@st.composite
def hours(draw):
    minute = st.sampled_from([0, 30, 90, 120, 150, 180, 360, 480, 1020, 1320, 1410, 1439, 1440])
    return Hours(draw(st.frozensets(st.integers(0, 6), min_size=1)), draw(minute), draw(minute))


@st.composite
def rules(draw, around):
    moment = instants(around)
    maybe = st.none() | moment
    day = moment.map(lambda at: datetime.fromtimestamp(at, UTC).date().isoformat())
    match draw(st.sampled_from(["always", "weekly", "weekly", "weekly", "window", "window", "once", "first"])):
        case "always":
            return Always()
        case "window":
            return Window(draw(moment), draw(moment))
        case "once":
            return Once(draw(maybe), draw(maybe))
        case "first":
            return FirstUse(draw(st.sampled_from([60, 90])), draw(maybe), draw(maybe))
        case _:
            is_plain = draw(st.booleans())
            return Weekly(
                tuple(draw(st.lists(hours(), min_size=1, max_size=3))),
                () if is_plain else tuple(draw(st.lists(day, max_size=3))),
                draw(st.booleans()),
                None if is_plain else draw(maybe),
                None if is_plain else draw(maybe),
            )


@st.composite
def capabilities(draw, *, is_roomy=True):
    small = st.integers(0, 4)
    return Capabilities(
        has_users=True,
        users=30 if is_roomy else draw(st.integers(1, 5)),
        credentials_per_user=10 if is_roomy else draw(st.integers(1, 3)),
        kinds={CredentialKind.PIN: 30 if is_roomy else draw(st.integers(1, 6))},
        week_days=draw(st.sampled_from([0, 1, 3, 7])),
        year_days=draw(small),
        expiring_minutes=draw(st.sampled_from([None, 60])),
    )


@st.composite
def accesses(draw, around, *, number):
    person = draw(st.integers(1, 3))
    return Access(
        id=f"access_{number}",
        person_id=f"person_{person}",
        door_ids=("door",),
        credential_ids=tuple(sorted(draw(st.sets(st.sampled_from([f"code_{person}_1", f"code_{person}_2"]))))),
        rule=draw(rules(around)),
        is_enabled=draw(st.integers(0, 5)) > 0,
        is_duress=draw(st.integers(0, 7)) == 0,
        created_at=float(number),
    )


@st.composite
def houses(draw, *, is_roomy=True, has_foreign=True):
    zone = draw(st.sampled_from(sorted(CHANGES)))
    around = datetime(*draw(st.sampled_from(CHANGES[zone])), tzinfo=UTC).timestamp()
    lock = ModelLock(draw(capabilities(is_roomy=is_roomy)), zone, tells_creators=draw(st.booleans()))
    total = min(lock.capabilities.users, lock.capabilities.kinds[CredentialKind.PIN])
    for index in draw(st.sets(st.integers(1, min(total, 8)), max_size=3 if has_foreign else 0)):
        lock.add_foreign(index, index if draw(st.booleans()) else None, creator=draw(st.sampled_from([1, 0, None])))
    day = st.integers(-4, 4).map(lambda days: datetime.fromtimestamp(around + days * DAY, UTC).date().isoformat())
    house = House(
        site=Site(time_zone=zone, holidays=tuple(draw(st.sets(day, max_size=3)))),
        persons=[Person(id=f"person_{each}", name=f"Person {each}", unique_id=each) for each in (1, 2, 3)],
        credentials=[
            Credential(id=f"code_{person}_{each}", person_id=f"person_{person}", length=6, created_at=float(each))
            for person in (1, 2, 3)
            for each in (1, 2)
        ],
        accesses=[draw(accesses(around, number=each)) for each in range(draw(st.integers(1, 5)))],
        lock=lock,
    )
    return house, around


@STORY
@given(st.data())
def test_at_every_instant_the_lock_lets_in_whom_the_accesses_say(data):
    house, around = data.draw(houses())
    now = data.draw(instants(around))
    for _ in range(8):
        desired = house.compile(now)
        house.settle(now)
        until = desired.next_change
        last = now + 20 * DAY if until is None else until
        assert last > now
        ahead = data.draw(st.lists(st.integers(0, int(last - now)).map(now.__add__) | instants(around), max_size=8))
        for at in {now, max(now, last - 1), *(each for each in ahead if now <= each < last)}:
            assert house.compile(at).users == desired.users
            for credential in house.credentials:
                assert house.is_open(credential, at) == house.promised(credential, at), (at, credential.id)
        if until is None:
            return
        now = until


@STORY
@given(st.data())
def test_what_the_lock_keeps_by_itself_needs_no_further_plan(data):
    house, around = data.draw(houses())
    house.preload_s = 3650.0 * DAY
    now = around - DAY * data.draw(st.sampled_from([0, 1, 5]))
    desired = house.compile(now)
    house.settle(now)
    kept = {
        each.credential_id
        for user in desired.users
        if user.enforcement is Enforcement.LOCK
        for each in user.credentials
    }
    for each in range(-12, 12):
        at = max(now, data.draw(instants(around)) if each % 2 else around + each * 900)
        for credential in house.credentials:
            if credential.id in kept:
                assert house.is_open(credential, at) == house.promised(credential, at), (at, credential.id)


@STORY
@given(st.data())
def test_after_any_change_and_any_crash_it_ends_as_if_it_had_been_so_from_the_start(data):
    house, around = data.draw(houses())
    now = data.draw(instants(around))
    house.settle(now, stop_after=data.draw(st.none() | st.integers(0, 9)))
    house.accesses = [
        replace(access, rule=data.draw(rules(around))) if data.draw(st.booleans()) else access
        for access in house.accesses
        if data.draw(st.integers(0, 3))
    ]
    house.credentials = [
        replace(each, version=2) if data.draw(st.booleans()) else each
        for each in house.credentials
        if data.draw(st.integers(0, 4))
    ]
    if data.draw(st.booleans()):
        house.lose_answers()
    samples = [data.draw(instants(around)) for _ in range(6)]
    codes = [(each.credential_id, each.version) for each in house.placed.credentials]
    codes += [(each.id, each.version) for each in house.credentials]

    def opens():
        return {(code, at) for code in codes for at in samples if house.lock.open_at(f"{code[0]}#{code[1]}", at)}

    before, on_the_way = opens(), set()
    house.settle(now, watch=lambda step: on_the_way.update(opens()))
    assert on_the_way <= before | opens()
    for credential in house.credentials:
        assert house.is_open(credential, now) == house.promised(credential, now)


def meddle(data, lock):
    """Another administrator, or somebody at the keypad, does to our users whatever a lock allows."""
    for index in sorted(lock.users):
        creator = data.draw(st.sampled_from([1, 0, None]))
        free = [
            at
            for at in range(1, lock.capabilities.kinds[CredentialKind.PIN] + 1)
            if (CredentialKind.PIN, at) not in lock.credentials
        ]
        match data.draw(st.sampled_from(["nothing", "nothing", "off", "cleared", "replaced", "code"])):
            case "off":
                lock.users[index]["is_enabled"] = False
            case "code" if free:
                lock.add_foreign_pin(free[0], index, creator)
            case "cleared" | "replaced" as what:
                lock.apply(ClearUser(index=index, key="", because=""))
                if what == "replaced":
                    lock.add_foreign(index, free[0] if free else None, creator=creator)


@STORY
@given(st.data())
def test_nothing_foreign_is_touched_and_what_does_not_fit_is_said(data):
    house, around = data.draw(houses(is_roomy=False))
    house.lock.tells_creators = True
    said = {
        *(TroubleCode.LOCK_FULL, TroubleCode.CREDENTIALS_FULL, TroubleCode.FOREIGN_USER, TroubleCode.DRIFTED),
    }
    for now in sorted(data.draw(instants(around)) for _ in range(4)):
        made = house.settle(now)  # checks every step, and that whatever is foreign is as it was
        told = {(trouble.code, trouble.person_id) for trouble in made.troubles}
        for credential in house.credentials:
            if house.is_open(credential, now):
                assert house.promised(credential, now)
            elif house.promised(credential, now) and not ended_by_lock(house, credential, now):
                assert said & {code for code, person_id in told if person_id == credential.person_id}
        meddle(data, house.lock)


def ended_by_lock(house, credential, now):
    """Whether it belongs to a user that stays off when it is off, whoever switched it off."""
    return any(
        user.type in {UserType.DISPOSABLE, UserType.EXPIRING}
        for user in house.compile(now).users
        for each in user.credentials
        if each.credential_id == credential.id
    )


@STORY
@given(st.data())
def test_without_anything_foreign_or_full_there_is_nothing_to_tell_but_what_the_hub_keeps(data):
    house, around = data.draw(houses(has_foreign=False))
    made = house.settle(data.draw(instants(around)))
    assert {trouble.code for trouble in made.troubles} <= {TroubleCode.NEEDS_HUB, TroubleCode.SCHEDULES_FULL}
    assert not any(trouble.is_error for trouble in made.troubles)


@STORY
@given(st.data())
def test_what_cannot_be_read_is_never_touched(data):
    house, around = data.draw(houses(is_roomy=data.draw(st.booleans())))
    now = data.draw(instants(around))
    house.settle(now)
    pins = house.lock.capabilities.kinds[CredentialKind.PIN]
    house.lock.unreadable_users = data.draw(st.sets(st.integers(1, house.lock.capabilities.users)))
    house.lock.unreadable_credentials = {
        (CredentialKind.PIN, index) for index in data.draw(st.sets(st.integers(1, pins)))
    }
    hidden = {
        place: dict(each)
        for place, each in house.lock.credentials.items()
        if place in house.lock.unreadable_credentials and each["user"] in house.lock.unreadable_users
    }
    house.accesses = [access for access in house.accesses if data.draw(st.booleans())]
    house.settle(now)
    assert hidden.items() <= house.lock.credentials.items()
    house.lock.unreadable_users = house.lock.unreadable_credentials = set()
    house.settle(now)


@STORY
@given(st.data())
def test_without_an_account_of_ours_nothing_on_the_lock_changes(data):
    house, around = data.draw(houses())
    house.settle(now := data.draw(instants(around)))
    house.placed, house.accesses = Placed(), []
    assert house.plan(now).steps == ()
