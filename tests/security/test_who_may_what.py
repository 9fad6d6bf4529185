"""Pages open no door that the API keeps shut: every page and route for every kind of person, with the ids of things that are there."""

import asyncio

import pytest
from tests.security.siege import CHEAP, Face, filled, look, page_routes, send
from tests.web.conftest import World, make_world
from tests.web.test_pages_virtual import ModelDoors
from tests.web.test_permissions import OPEN as OPEN_API
from tests.web.test_permissions import TABLE

from latchwork.web.app import create_app
from latchwork.web.roles import SCOPES, Role, Scope
from latchwork.web.routing import guard_of

ROLES = [role.value for role in Role]
OPEN_PAGES = {
    *("/static/{version}/{name:path}", "/manifest.webmanifest", "/sw.js", "/offline", "/texts.json", "/theme"),
    *("/sign-in", "/sign-in/code", "/sign-in/passkey", "/sign-in/passkey/options", "/setup"),
    *("/trust", "/trust/latchwork.crt", "/trust/latchwork.mobileconfig"),
}
"""What strangers may see: nothing of the house but its name."""
OWN = ("/settings/you", "/settings/second-factor", "/settings/passkeys", "/settings/recovery", "/settings/sessions")
"""Pages of one's own account, which take no scope."""
OWN_TOKENS = ("/settings/tokens",)
LOOKS = {"/settings/health/storage", "/settings/health/journal"}
"""Forms that only look at something, at some cost."""
READS = {Scope.SITE_READ, Scope.DOORS_READ, Scope.LOCKS_READ, Scope.PEOPLE_READ, Scope.JOURNAL_READ, Scope.METRICS_READ}
CODE = "73916402"
HIDDEN = {
    "door": "Cellar-of-Bluebeard",
    "person": "Zacharias-the-Unseen",
    "code": CODE,
    "note": "note-that-is-hers-alone",
    "label": "label-of-a-hidden-code",
    "calendar": "cal-token-8f3a",
    "webhook": "hook-path-77c1",
    "notify": "notify-token-55d2",
    "account": "Maximilian-the-Manager",
    "token": "token-called-umbrella",
    "journal": "Cellar-of-Bluebeard",
    "mail": "zacharias@unseen.example",
}
NEVER_ON_READING = {"code", "notify"}
"""What no page and no answer that is merely looked at shows to anybody."""


class House:
    """A face, and the ids of what is in the house."""

    def __init__(self, world):
        self.world = world
        self.face = Face(world.app, world.clock)
        self.ids = {}

    async def fill(self):
        face, world = self.face, self.world
        self.owner = owner = await face.someone("owner")
        front, front_lock = await world.door_with_lock(owner, "Front")
        cellar, cellar_lock = await world.door_with_lock(owner, HIDDEN["door"])
        guest = (await owner.post("/api/v1/people", {"name": "Gus"})).json["id"]
        unseen = (await owner.post("/api/v1/people", {"name": HIDDEN["person"], "email": HIDDEN["mail"]})).json["id"]
        own = (await owner.post(f"/api/v1/people/{guest}/credentials", {"code": "40275139"})).json["id"]
        made = await owner.post(f"/api/v1/people/{unseen}/credentials", {"code": CODE, "label": HIDDEN["label"]})
        assert made.status == 201, made
        for person, doors, note in ((guest, [front], ""), (unseen, [front, cellar], HIDDEN["note"])):
            body = {"person_id": person, "door_ids": doors, "rule": {"kind": "always"}, "note": note}
            access = await owner.post("/api/v1/accesses", body)
            assert access.status == 201, access
        address = f"https://example.com/{HIDDEN['calendar']}.ics"
        calendar = await owner.post(f"/api/v1/doors/{cellar}/calendars", {"url": address, "name": "stays"})
        assert calendar.status == 201, calendar
        hook = await owner.post("/api/v1/webhooks", {"url": f"https://example.com/{HIDDEN['webhook']}"})
        rule = {"name": "tell", "url": f"json://example.com/{HIDDEN['notify']}", "kinds": ["alarm"]}
        rule = await owner.post("/api/v1/notification_rules", rule)
        assert rule.status == 201, rule
        manager = await face.account("manager")
        await owner.patch(f"/api/v1/accounts/{manager.id}", {"name": HIDDEN["account"]})
        token = await owner.post("/api/v1/tokens", {"name": HIDDEN["token"], "scopes": ["site:read"]})
        self.ids = {
            "door_id": cellar,
            "lock_id": cellar_lock,
            "person_id": unseen,
            "credential_id": made.json["id"],
            "access_id": access.json["id"],
            "calendar_id": calendar.json["id"],
            "webhook_id": hook.json["id"],
            "rule_id": rule.json["id"],
            "account_id": manager.id,
            "token_id": token.json["id"],
            "virtual_id": "1",
            "kind": "pin",
            "user_index": 3,
            "seq": 1,
            "key": "user-3",
            "version": "x",
        }
        self.own = {**self.ids, "door_id": front, "lock_id": front_lock, "person_id": guest, "credential_id": own}
        return self

    def dump(self):
        """What the books say, without who was seen when."""
        lines = self.world.house.repository.database.read(lambda connection: list(connection.iterdump()))
        skipped = (
            'INSERT INTO "session"',
            'INSERT INTO "journal"',
            'INSERT INTO "event_numbers"',
            'INSERT INTO "answered"',
        )
        return [line for line in lines if not line.startswith((*skipped, 'INSERT INTO "sqlite_sequence'))]

    async def someone(self, role):
        person = self.own["person_id"] if role == "guest" else None
        return await self.face.someone(role, person)


@pytest.fixture
async def house():
    world = await make_world()
    app = create_app(
        world.house,
        clock=world.clock,
        entropy=world.house.entropy,
        settings=world.context.settings,
        hasher=CHEAP,
        virtual_doors=ModelDoors(),
    )
    world = World(app, world.house, world.clock)
    await world.context.answers.forget_unfinished()
    try:
        yield await House(world).fill()
    finally:
        await world.context.close()
        await world.house.sharing.close()
        await world.house.repository.database.close()


def test_only_what_strangers_may_see_is_open():
    assert {path for _, path, endpoint in page_routes() if guard_of(endpoint).is_open} <= OPEN_PAGES


def test_no_form_is_guarded_by_a_scope_for_looking_only():
    for method, path, endpoint in page_routes():
        guard = guard_of(endpoint)
        if (
            method == "GET"
            or guard.is_open
            or path in {"/sign-out", "/confirm", *LOOKS}
            or path.startswith((*OWN, *OWN_TOKENS))
        ):
            continue
        assert guard.scopes - READS, (
            f"{method} {path} changes something, and {guard.scopes or 'no scope'} is for looking"
        )
        assert not guard.scopes <= SCOPES[Role.READ_ONLY], path


def test_a_page_asks_for_no_less_than_the_api_of_the_same_name():
    """Pages without scopes are of one's own account; the rest of them name at least one."""
    for method, path, endpoint in page_routes():
        guard = guard_of(endpoint)
        if not guard.is_open and not guard.scopes:
            assert path in {"/sign-out", "/confirm", "/settings"} or path.startswith((*OWN, *OWN_TOKENS)), (
                method,
                path,
            )


async def test_a_stranger_gets_nothing_but_the_way_in(house):
    stranger = house.face.stranger()
    before = house.dump()
    for method, path, endpoint in page_routes():
        address = filled(path, **house.ids)
        answer = await (look(stranger, address) if method == "GET" else send(stranger, address))
        if not guard_of(endpoint).is_open:
            assert (answer.status, answer.headers["location"][:9]) == (303, "/sign-in?"), (method, path, answer)
            assert not answer.body
        shown = answer.body.decode("utf-8", "replace")
        assert not [name for name, word in HIDDEN.items() if word in shown], path
    assert house.dump() == before


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_the_pages_of_its_scopes_and_no_others(house, role):
    browser = await house.someone(role)
    before = house.dump()
    for method, path, endpoint in page_routes():
        guard, address = guard_of(endpoint), filled(path, **house.ids)
        if guard.is_open or (method == "POST" and guard.scopes <= SCOPES[Role(role)]):
            continue
        answer = await (look(browser, address) if method == "GET" else send(browser, address))
        if guard.scopes <= SCOPES[Role(role)]:
            assert answer.status not in {401, 500}, (method, path, answer)
        else:
            assert answer.status == 403, (method, path, answer)
    assert house.dump() == before, "looking changes nothing, and what is refused is not done"


async def test_a_guest_learns_of_no_other_door_and_nobody_else(house):
    browser = await house.someone("guest")
    asked = 0
    for ids in (house.ids, house.own):
        for method, path, _ in page_routes():
            if method != "GET":
                continue
            for query in ("", "?search=a", "?door=" + house.ids["door_id"]):
                answer = await look(browser, filled(path, **ids) + query)
                asked += answer.status == 200
                _nothing_of(answer, set(HIDDEN), path)
        for method, path in [*TABLE, *OPEN_API]:
            if method == "GET" and path != "/api/v1/events":
                answer = await browser.get(filled(path, **ids))
                _nothing_of(answer, set(HIDDEN), path)
    assert asked > 10
    async with browser.stream("/api/v1/events") as stream:
        assert stream.status == 403


def _nothing_of(answer, names, path):
    shown = answer.body.decode("utf-8", "replace")
    assert not [name for name in names if HIDDEN[name] in shown], (path, answer.status)


@pytest.mark.parametrize("role", ["resident", "read_only"])
async def test_who_may_look_sees_no_code_and_no_secret_address(house, role):
    browser = await house.someone(role)
    for method, path, _ in page_routes():
        if method == "GET":
            answer = await look(browser, filled(path, **house.ids))
            _nothing_of(answer, NEVER_ON_READING | {"webhook", "calendar"}, path)
    for method, path in TABLE:
        if method == "GET" and path != "/api/v1/events":
            _nothing_of(await browser.get(filled(path, **house.ids)), NEVER_ON_READING | {"webhook"}, path)
    for method, path in (
        ("POST", "/credentials/{credential_id}/reveal"),
        ("GET", "/credentials/{credential_id}/reveal"),
    ):
        address = filled(path, **house.ids)
        answer = await (look(browser, address) if method == "GET" else send(browser, address))
        assert answer.status == 403
        assert CODE not in answer.text


async def test_looking_shows_no_code_to_an_owner_either(house):
    for method, path, _ in page_routes():
        if method == "GET":
            _nothing_of(await look(house.owner, filled(path, **house.ids)), NEVER_ON_READING, path)


async def test_a_guest_operates_their_own_door_only_and_only_in_their_hours(house):
    browser = await house.someone("guest")
    other = await send(browser, f"/doors/{house.ids['door_id']}/operate", operation="unlock")
    assert other.status == 404
    assert (await send(browser, f"/doors/{house.own['door_id']}/operate", operation="unlock")).status == 303
    access = (await browser.get("/api/v1/my/accesses")).json["data"][0]["id"]
    now = house.world.clock.utc()
    rule = {"kind": "window", "start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    assert now > 1_600_000_000
    assert (await house.owner.patch(f"/api/v1/accesses/{access}", {"rule": rule})).status == 200
    assert (await send(browser, f"/doors/{house.own['door_id']}/operate", operation="unlock")).status == 403
    assert [each[1] for each in house.world.house.locks.done].count("unlock") == 1


async def test_a_program_has_no_page_whatever_its_scopes(house):
    program = await house.face.program(house.owner.account, set(Scope))
    for method, path, endpoint in page_routes():
        if guard_of(endpoint).is_open:
            continue
        address = filled(path, **house.ids)
        answer = await (look(program, address) if method == "GET" else send(program, address))
        assert answer.status == 403, (method, path)
        assert HIDDEN["person"] not in answer.text


async def test_live_events_end_with_the_right_to_them(house):
    browser = await house.face.someone("resident")
    async with browser.stream("/api/v1/events") as stream:
        await asyncio.wait_for(stream.pieces.get(), 5)
        body = {"role": "guest"}
        assert (await house.owner.patch(f"/api/v1/accounts/{browser.account.id}", body)).status == 200
        house.world.clock.advance(16)
        house.world.house.bus.publish("lock_state", {"lock_state": "secret-to-a-guest"})
        await asyncio.wait_for(stream.task, 5)
        rest = b"".join(stream.pieces.get_nowait() for _ in range(stream.pieces.qsize()))
        assert b"secret-to-a-guest" not in rest


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_ends_the_session_or_token_of_somebody_else(house, role):
    if role == "owner":
        return
    browser = await house.someone(role)
    victim = (await house.owner.get("/api/v1/sessions")).json["data"][0]["id"]
    assert (await browser.delete(f"/api/v1/sessions/{victim}")).status == 404
    assert (await browser.delete(f"/api/v1/tokens/{house.ids['token_id']}")).status == 404
    for path in ("/settings/you/sessions/{}/end", "/settings/sessions/{}/end"):
        await send(browser, path.format(victim))
    assert (await house.owner.get("/api/v1/session")).status == 200


async def test_an_account_that_is_switched_off_or_moved_out_has_no_page(house):
    browser = await house.someone("guest")
    assert (await look(browser, "/")).status == 200
    assert (await house.owner.post(f"/api/v1/people/{house.own['person_id']}/move_out")).status in {200, 202}
    assert (await look(browser, "/")).headers["location"].startswith("/sign-in")
    resident = await house.face.someone("resident")
    assert (await house.owner.patch(f"/api/v1/accounts/{resident.account.id}", {"is_enabled": False})).status == 200
    assert (await look(resident, "/people")).headers["location"].startswith("/sign-in")


async def test_a_manager_makes_nobody_an_owner_and_is_none_by_a_form(house):
    manager = await house.face.someone("manager")
    before = house.dump()
    for method, path, endpoint in page_routes():
        if method == "POST" and Scope.ACCOUNTS_WRITE in guard_of(endpoint).scopes:
            answer = await send(
                manager, filled(path, **house.ids), role="owner", name="x", password="long enough words"
            )
            assert answer.status == 403, path
    assert (
        await manager.post("/api/v1/accounts", {"name": "x", "password": "long enough words", "role": "owner"})
    ).status == 403
    assert house.dump() == before
