"""Whatever is sent, and however much of it, the hub goes on: within bounds of time and memory."""

import asyncio
import gzip
import time
from contextlib import AsyncExitStack, suppress
from types import SimpleNamespace

import pytest
from tests.security.siege import FORM, HTML, Face, send
from tests.web.conftest import make_world

from latchwork.hub.bus import RING, Bus
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities, SeenUser, Slot
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.hub.keeping import reading
from latchwork.matter.model.clusters import door_lock as wire
from latchwork.web import connections, keys
from latchwork.web.api.live import MAX_OF_ONE
from latchwork.web.envelope import BODY_S
from latchwork.web.server import WebServer
from latchwork.web.settings import WebSettings

JSON = "application/json"
MIB = 1 << 20
SOON = 1.5
"""Seconds of a processor that one request may take, with the templates that are read for the first time."""
OPEN_POSTS = (
    "/api/v1/session",
    "/api/v1/setup",
    "/api/v1/session/passkey",
    "/sign-in",
    "/sign-in/code",
    "/setup",
    "/theme",
)


@pytest.fixture
async def face(world):
    return Face(world.app, world.clock)


@pytest.fixture
async def owner(face):
    return await face.someone("owner")


async def timed(answering):
    begun = time.process_time()
    answer = await answering
    assert time.process_time() - begun < SOON
    assert answer.status < 500, answer
    return answer


@pytest.mark.parametrize("path", OPEN_POSTS)
async def test_a_stranger_sends_no_more_than_a_sign_in_needs(world, owner, path):
    for body, kind in (
        (b"&" * (MIB - 1), FORM),
        (b"a=1&" * 200_000, FORM),
        (b"name=" + b"a" * 900_000, FORM),
        (b"--x\r\n" * 200_000, "multipart/form-data; boundary=x"),
        (b"[" * 900_000, JSON),
        (b'{"a":' * 150_000, JSON),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}", JSON),
    ):
        answer = await timed(world.browser().ask("POST", path, body=body, content_type=kind, **HTML))
        is_read = path.startswith("/api") or kind != JSON
        assert answer.status == 413 or not is_read, (path, answer)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"[" * 30_000,
            b'{"a":' * 6_000,
            b"9" * 30_000,
            b'{"name":' + b"9" * 20_000 + b"}",
            b"NaN",
            b"",
            b"\xff\xfe",
            b"null",
        ),
        *(b'{"name":"\\ud800","password":"x"}', b'{"name":"a\\u0000","password":"x"}', b'"' + b"a" * 30_000 + b'"'),
        b"{" + b",".join(b'"k%d":1' % n for n in range(3_000)) + b"}",
    ],
)
async def test_json_that_is_no_request_is_refused_at_once(world, owner, body):
    answer = await timed(world.browser().ask("POST", "/api/v1/session", body=body, content_type=JSON))
    assert answer.status in {400, 401, 422}
    assert len(answer.body) < 8_000


async def test_a_megabyte_from_somebody_who_is_known_is_refused_in_one_line(world, owner):
    many = b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}"
    for path in ("/api/v1/people", "/api/v1/doors", "/api/v1/guests", "/api/v1/webhooks", "/api/v1/tokens"):
        answer = await timed(owner.ask("POST", path, body=many, content_type=JSON))
        assert answer.status == 422
        assert len(answer.body) < 2_000
    doors = b'{"person_id":"a","door_ids":[' + b",".join([b'"x"'] * 200_000) + b"]}"
    assert (await timed(owner.ask("POST", "/api/v1/accesses", body=doors, content_type=JSON))).status == 422
    assert (
        await timed(owner.ask("POST", "/people/add", body=b"&" * (MIB - 1), content_type=FORM, **HTML))
    ).status == 413
    report = b'{"report":{"a":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_002
    assert (await timed(owner.ask("POST", "/api/v1/reports/verify", body=report, content_type=JSON))).status < 500
    assert (await owner.ask("POST", "/api/v1/people", body=b"x" * (MIB + 1), content_type=JSON)).status == 413


async def test_a_length_that_is_a_lie_gains_nothing(world, owner):
    for length in ("99999999999999999999", "-1", "0x10", "1e9", "", "\u0661"):
        scope = owner.scope(
            "POST", "/api/v1/people", {"content-type": JSON, "content-length": length.encode().decode("latin-1")}
        )
        answer = []

        async def receive():
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send_it(message, answer=answer):
            answer.append(message)

        await world.app(scope, receive, send_it)
        assert answer[0]["status"] == 413, length


async def test_a_compressed_body_is_not_unpacked(world, owner):
    bomb = gzip.compress(b" " * (64 * MIB), 9)
    answer = await timed(owner.ask("POST", "/api/v1/people", body=bomb, content_type=JSON, content_encoding="gzip"))
    assert answer.status in {400, 422}


async def test_a_body_that_never_comes_is_not_waited_for_for_ever(world, monkeypatch):
    monkeypatch.setattr("latchwork.web.envelope.BODY_S", 0.05)
    assert BODY_S >= 60, "a photograph takes its time"
    scope = world.browser().scope("POST", "/api/v1/session", {"content-type": JSON})
    answer, pieces = [], [b'{"name"']

    async def receive():
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        return await asyncio.Future()

    async def send_it(message):
        answer.append(message)

    await asyncio.wait_for(world.app(scope, receive, send_it), 5)
    assert answer[0]["status"] == 408


@pytest.mark.parametrize(
    "day", ["9999-12-31", "0001-01-01", "2027-02-30", "-1", "x" * 5000, "\uff12\uff10\uff12\uff17-01-01"]
)
async def test_a_day_that_no_calendar_has_is_refused(world, owner, day):
    assert (await timed(owner.get("/activity", query={"day": day}, **HTML))).status == 422


@pytest.mark.parametrize("text", ["%" * 100, "_%" * 50, "a" * 100, "\\" * 100, "%_\\" * 33, "(a+)+$" * 16, "İ" * 100])
async def test_no_search_takes_long(world, owner, text):
    entries = [
        Entry(at=float(n), kind=Kind.OPENED, person_name="a" * 290 + "b", detail={"x": "a" * 500}) for n in range(1500)
    ]
    for begin in range(0, 1500, 500):
        await world.house.desk.note(*entries[begin : begin + 500])
    answer = await timed(owner.get("/api/v1/journal", query={"search": text}))
    assert answer.status == 200
    assert (await timed(owner.get("/people", query={"search": text * 20}, **HTML))).status == 200


@pytest.mark.parametrize(
    "cursor", ["1", ".", "9" * 5000, "-1.-1", "1.2.3", "nan.inf", "9" * 30 + ".1", "\x00", "\uff11.\uff11"]
)
async def test_a_cursor_of_ones_own_making_is_refused(world, owner, cursor):
    answers = [
        await timed(owner.get(path, query={"cursor": cursor}))
        for path in ("/api/v1/journal", "/api/v1/people", "/api/v1/accesses", "/activity")
    ]
    assert {each.status for each in answers} <= {200, 422}


# What stays


async def test_sessions_tokens_and_steps_are_bounded(world, face, owner):
    for _ in range(60):
        await face.session_of(owner.account)
    assert len(world.context.database.read(lambda to: keys.list_sessions(to, owner.account.id))) == keys.MAX_SESSIONS
    fresh = await face.session_of(owner.account)
    statuses = [(await fresh.post("/api/v1/tokens", {"name": "t", "scopes": ["site:read"]})).status for _ in range(105)]
    assert statuses.count(201) == keys.MAX_TOKENS
    assert set(statuses) == {201, 409}
    for n in range(2100):
        world.context.notices.put(f"somebody {n}", "x" * 10)
    assert len(world.context.notices._waiting) <= 500
    uploads = world.context.uploads
    for n in range(50):
        uploads.put(f"somebody {n}", b"x")
    assert len(uploads._kept) <= 8


async def test_names_of_routes_that_are_made_up_are_not_counted_apart(world, owner):
    for n in range(300):
        await owner.get(f"/made/up/{n}")
        await owner.ask(f"VERB{n}", "/api/v1/doors")
    lines = [line for line in world.context.measures.text() if "requests_total{" in line]
    assert len(lines) < 20


async def test_a_listener_that_reads_nothing_costs_no_memory():
    bus = Bus()
    slow = bus.listen()
    first = asyncio.ensure_future(anext(slow))
    await asyncio.sleep(0)
    for n in range(3 * RING):
        bus.publish("lock_state", {"n": n})
    assert len(bus._ring) == RING
    assert (await first) is None, "it lost some, and is told so"
    assert (await anext(slow)).data["n"] == 2 * RING
    await slow.aclose()


async def test_nobody_takes_all_places_for_live_events(world, face, owner, monkeypatch):
    monkeypatch.setattr(type(world.house.bus), "listen", Bus.listen)  # the model counts to eight
    greedy = await face.someone("resident")
    async with AsyncExitStack() as stack:
        for _ in range(MAX_OF_ONE):
            assert (await stack.enter_async_context(greedy.stream("/api/v1/events"))).status == 200
        assert (await greedy.get("/api/v1/events")).status == 503
        assert (await stack.enter_async_context(owner.stream("/api/v1/events"))).status == 200
    assert world.context.measures.live_listeners == 0
    assert not world.context.measures.listening


async def test_a_flood_of_questions_is_slowed_down(world, face):
    made = await make_world(WebSettings(requests_per_minute=100))
    try:
        await made.context.answers.forget_unfinished()
        browser = await Face(made.app, made.clock).someone("owner")
        statuses = [(await browser.get("/api/v1/doors")).status for _ in range(110)]
        assert statuses.count(200) == 100
        assert statuses[-1] == 429
    finally:
        await made.context.close()
        await made.house.sharing.close()
        await made.house.repository.database.close()
    forms = [
        (await send(world.browser(), "/setup", name="x", password="y", again="y", token="z")).status for _ in range(70)
    ]
    assert forms[-1] == 429


# Connections


@pytest.fixture
async def served(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    monkeypatch.setattr(connections, "MAX_OF_ONE", 4)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})

    async with WebServer(app, "127.0.0.1", 0) as server:
        yield server


async def ask(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


async def test_whoever_connects_and_says_nothing_or_too_slowly_is_let_go(served):
    async def drip(first):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        begun = time.monotonic()
        writer.write(first)
        try:
            while not reader.at_eof() and time.monotonic() - begun < 5:
                writer.write(b"x-a: b\r\n" if first else b"")
                try:
                    await asyncio.wait_for(reader.read(1), 0.1)
                except TimeoutError:
                    continue
        except OSError:
            pass
        finally:
            writer.close()
        return time.monotonic() - begun

    lasted = await asyncio.gather(drip(b""), drip(b"GET / HTTP/1.1\r\n"))
    assert max(lasted) < 3
    assert b"200" in await ask(served)


async def test_the_second_request_of_a_connection_cannot_drip_either(served):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"200" in await reader.readline()
    await reader.readuntil(b"ok")
    writer.write(b"GET / HT")
    with suppress(OSError):
        assert await asyncio.wait_for(reader.read(1), 3) == b""
    writer.close()


async def test_one_network_does_not_take_all_connections(served):
    held = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(4)]
    await asyncio.sleep(0.05)
    one_more, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert await asyncio.wait_for(one_more.read(1), 3) == b""
    except OSError:
        pass
    for _, each in [*held, (None, writer)]:
        each.close()
    await asyncio.sleep(0.1)
    assert b"200" in await ask(served)


# A lock that means no good


class HostileLock:
    """Answers every question, for ever, with whatever it likes."""

    def __init__(self, **rest):
        self.asked = 0
        self.name = "N" * 1000
        self.following = lambda index: index + 1
        self.credentials = ()
        self.stored = SimpleNamespace(idle_interval_ms=0)
        vars(self).update(rest)

    async def invoke(self, endpoint, command, request):
        self.asked += 1
        assert self.asked < 20_000, "it is asked for ever"
        if isinstance(request, wire.GetUser):
            return SimpleNamespaceUser(self, request.user_index).response
        if isinstance(request, wire.GetCredentialStatus):
            index = request.credential.credential_index
            return wire.GetCredentialStatusResponse(
                credential_exists=index % 2 == 0,
                user_index=0xFFFF,
                creator_fabric_index=254,
                last_modified_fabric_index=254,
                next_credential_index=self.following(index),
                credential_data=None,
            )
        return None

    async def read(self, *_, **__):
        return []


class SimpleNamespaceUser:
    def __init__(self, lock, index):
        self.response = wire.GetUserResponse(
            user_index=index,
            user_name=lock.name,
            user_unique_id=0xFFFFFFFF,
            user_status=wire.UserStatusEnum.OCCUPIED_ENABLED,
            user_type=wire.UserTypeEnum.UNRESTRICTED_USER,
            credential_rule=wire.CredentialRuleEnum.SINGLE,
            credentials=tuple(
                wire.CredentialStruct(credential_type=wire.CredentialTypeEnum.PIN, credential_index=each)
                for each in lock.credentials
            ),
            creator_fabric_index=254,
            last_modified_fabric_index=254,
            next_user_index=lock.following(index),
        )


async def observed_of(lock, users=0xFFFD, kinds=4):
    can = Capabilities(
        has_users=True, users=users, credentials_per_user=255, kinds=dict.fromkeys(list(CredentialKind)[:kinds], users)
    )
    begun = time.process_time()
    seen = await reading.read_observed(lock, 1, can, lambda: 0.0, lambda _: False)
    assert time.process_time() - begun < 10
    return seen


async def test_a_lock_without_end_is_read_up_to_a_bound_and_the_rest_is_unread_not_empty():
    lock = HostileLock()
    seen = await observed_of(lock)
    users = [each for each in seen.users.values() if isinstance(each, SeenUser)]
    assert len(users) == reading.MAX_ASKED
    assert seen.user(reading.MAX_ASKED) is not Slot.UNREADABLE
    assert seen.user(reading.MAX_ASKED + 1) is Slot.UNREADABLE
    assert seen.user(0xFFFD) is Slot.UNREADABLE
    assert lock.asked <= reading.MAX_ASKED * 5
    assert max(len(each.name) for each in users) == reading.MAX_NAME


@pytest.mark.parametrize(
    "following", [lambda n: 1, lambda n: n, lambda n: 0, lambda n: max(1, n - 7), lambda n: 0xFFFF]
)
async def test_a_chain_that_leads_nowhere_ends(following):
    seen = await observed_of(HostileLock(following=following), users=50, kinds=1)
    assert len(seen.users) <= 50


async def test_users_with_credentials_that_are_nowhere_are_not_asked_about_for_ever():
    lock = HostileLock(credentials=tuple(range(1, 4000, 2)))
    await observed_of(lock, users=20, kinds=1)
    assert lock.asked <= 20 * 2 + reading.MAX_BEHIND + 20
