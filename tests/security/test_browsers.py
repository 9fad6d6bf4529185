"""What other sites, hostile names and a browser's habits can do to a page: nothing."""

import csv
import io
from dataclasses import replace

import pytest
from tests.security.siege import FORM, HTML, Face, filled, look, page_routes, send, shape_of
from tests.support.calendars import ical
from tests.support.shared_lock import fabric
from tests.web.conftest import PASSWORD, make_world
from tests.web.test_permissions import TABLE

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser
from latchwork.hub.journal.entries import Entry, How, Kind
from latchwork.web.pages.forms import mask
from latchwork.web.routing import guard_of

SCRIPT = "<script>alert(1)</script>"
PAYLOADS = {
    "elements": f"\"><img src=x onerror=alert(1)>'>{SCRIPT}<svg/onload=x>",
    "attributes": "' autofocus onfocus=alert(1) x=' \" autofocus onfocus=alert(1) y=\"",
    "templates": "{{7*7}}${7*7}{%raw%}<%=7*7%>#{7*7}&lt;b&gt;&#60;i&#62;",
    "characters": "\u202etxt.exe\u2066\u200b\U0001f511\U0001f3f3\ufe0f\u200d\U0001f308\ufeff\u2028</title></textarea>--><!--",
    "length": "W" * 99,
}
PLAIN = "Plain name"


@pytest.fixture
async def owner(world):
    return await Face(world.app, world.clock).someone("owner")


async def furnish(world, name):
    """A house in which everything that has a name is called so; gives the owner, ids, and the addresses of pages that take other words."""
    face = Face(world.app, world.clock)
    owner = await face.someone("owner")
    assert (await owner.patch("/api/v1/site", {"name": name})).status == 200
    door, lock = await world.door_with_lock(owner, name)
    person = (await owner.post("/api/v1/people", {"name": name, "email": "a@example.com"})).json["id"]
    credential = await owner.post(f"/api/v1/people/{person}/credentials", {"code": "40275139", "label": name})
    access = await owner.post(
        "/api/v1/accesses", {"person_id": person, "door_ids": [door], "rule": {"kind": "always"}, "note": name}
    )
    rule = {"name": name, "url": "json://example.com/x", "kinds": ["alarm"]}
    rule = await owner.post("/api/v1/notification_rules", rule)
    hook = await owner.post("/api/v1/webhooks", {"url": "https://example.com/x"})
    token = await owner.post("/api/v1/tokens", {"name": name, "scopes": ["site:read"]})
    account = await owner.post("/api/v1/accounts", {"name": name, "password": PASSWORD, "role": "manager"})
    calendar = await owner.post(f"/api/v1/doors/{door}/calendars", {"url": "https://example.com/x.ics", "name": name})
    house = world.house
    house.calendars.fetcher.octets = ical(("one@x", "2027-02-01", "2027-02-05", name.replace("\n", " ")))
    await owner.post(f"/api/v1/calendars/{calendar.json['id']}/refresh")
    guest = {"name": name, "door_ids": [door], "rule": {"kind": "always"}, "link": True}
    guest = await owner.post("/api/v1/guests", guest)
    for each in (credential, access, rule, hook, token, account, calendar, guest):
        assert each.status == 201, each
    short = name[:10]
    place = (CredentialKind.PIN, 4)
    house.locks.seen[lock] = Observed(
        users={3: SeenUser(index=3, name=short, creator=2, modifier=2, credentials=(place,))},
        credentials={place: SeenCredential(kind=CredentialKind.PIN, index=4, user_index=3, creator=2, modifier=2)},
        read_at=world.clock.utc(),
    )
    status = house.locks.states[lock]
    house.locks.states[lock] = replace(status, fabrics={1: "ours", 2: name}, battery_percent=40)
    await house.repository.put_lock(
        replace(house.repository.lock(lock), vendor=name, product=name, serial=name, firmware=name)
    )
    if hasattr(house.sharing, "lock_of"):
        house.sharing.lock_of(lock).fabrics[2] = fabric(2, label=short)
    at = world.clock.utc()
    for kind in (Kind.OPENED, Kind.REFUSED, Kind.USER_ADDED, Kind.FABRIC_ADDED, Kind.ALARM):
        entry = Entry(
            at=at,
            kind=kind,
            door_id=door,
            door_name=name,
            lock_id=lock,
            person_id=person,
            person_name=name,
            how=How.KEYPAD,
            fabric_index=2,
            fabric_name=name,
            actor=f"account:{account.json['id']}",
            detail={"name": name, "did": name, "why": name},
        )
        await house.desk.note(entry)
    ids = {
        "door_id": door,
        "lock_id": lock,
        "person_id": person,
        "credential_id": credential.json["id"],
        "access_id": access.json["id"],
        "calendar_id": calendar.json["id"],
        "webhook_id": hook.json["id"],
        "rule_id": rule.json["id"],
        "account_id": account.json["id"],
        "token_id": token.json["id"],
        "key": "user-3",
        "token": guest.json["link"]["url"].rpartition("/")[2],
    }
    return owner, ids


async def pages_of(world, name):
    """Every page of such a house, by its route."""
    owner, ids = await furnish(world, name)
    found = {}
    routes = [path for method, path, _ in page_routes() if method == "GET" and "static" not in path]
    for path in [*routes, "/guest/{token}", "/none/{token}"]:
        found[path] = await look(owner, filled(path, **ids))
    for query in ("show=all", "show=audit", "show=changes", "show=attention"):
        found[f"/activity?{query}"] = await look(owner, f"/activity?{query}")
    found["searched"] = await owner.get("/people", query={"search": name}, **HTML)
    found["sought"] = await owner.get("/activity", query={"search": name[:100], "show": "all"}, **HTML)
    found["next"] = await world.browser().get("/sign-in", query={"next": f"/{name}"}, **HTML)
    found["nowhere"] = await owner.get("/nowhere", query={"x": name}, referer=f"http://hub.test/{name!a}", **HTML)
    found["refused form"] = await send(owner, f"/people/{ids['person_id']}/move-out", confirm=name + "x")
    found["wrong form"] = await send(
        owner, "/people/add", name=name, email=name, phone=name, code_choice="own", code=name
    )
    found["wrong sign-in"] = await send(world.browser(), "/sign-in", name=name, password="wrong", next=f"/{name}")
    found["wrong guest"] = await send(owner, "/guest", name=name)
    return found


async def in_a_house(name):
    world = await make_world()
    await world.context.answers.forget_unfinished()
    try:
        return await pages_of(world, name)
    finally:
        await world.context.close()
        await world.house.sharing.close()
        await world.house.repository.database.close()


@pytest.fixture(scope="module")
def plain():
    import asyncio

    return asyncio.run(in_a_house(PLAIN))


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_hostile_name_adds_nothing_to_any_page(plain, payload):
    name = PAYLOADS[payload]
    hostile = await in_a_house(name)
    shown = 0
    for path, answer in hostile.items():
        before = plain[path]
        assert answer.status == before.status, (path, answer)
        assert "html" in answer.headers.get("content-type", "html") or path.startswith(
            ("/trust", "/sw", "/man", "/texts")
        )
        if "html" not in answer.headers.get("content-type", ""):
            continue
        elements, text = shape_of(answer.text)
        expected, _ = shape_of(before.text)
        if path in {"searched", "sought"}:
            assert set(elements) <= set(expected), path  # fewer are found: a search meets what is written otherwise
        else:
            assert sorted(elements) == sorted(expected), path
        assert SCRIPT not in answer.text
        shown += name[:60] in text
    assert shown > 12, "the name is on many pages, as text"


async def test_no_header_of_any_answer_carries_a_name(plain):
    hostile = await in_a_house(PAYLOADS["elements"])
    for path, answer in hostile.items():
        for name, value in answer.raw_headers:
            assert value.isascii(), path
            assert not set(value) & {0, 10, 13}, path
            assert b"<" not in value, (path, name, value)
            if path not in {"next", "wrong sign-in"}:
                assert b"alert" not in value, (path, name, value)


async def test_every_page_wears_what_protects_it(plain):
    for path, answer in plain.items():
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", path
        policy = headers["content-security-policy"]
        assert "frame-ancestors" in policy, path
        assert "unsafe" not in policy, path
        assert "script-src 'self'" in policy or "default-src 'none'" in policy, path
        assert "base-uri 'none'" in policy, path
        assert "form-action" in policy, path
        assert headers["referrer-policy"] in {"same-origin", "no-referrer"}, path
        assert "charset=utf-8" in headers.get("content-type", "charset=utf-8") or "json" in headers["content-type"], (
            path
        )
        if "html" in headers.get("content-type", ""):
            assert headers["cache-control"] == "no-store", path
        assert "server" not in headers


async def test_a_page_has_no_script_or_style_of_its_own(plain):
    for path, answer in plain.items():
        if "html" not in answer.headers.get("content-type", ""):
            continue
        elements, _ = shape_of(answer.text)
        for tag, attributes in elements:
            assert tag not in {"style", "base", "object", "embed", "iframe"}, path
            assert tag != "script" or "src" in attributes, path
            assert not [each for each in attributes if each.startswith("on") or each == "style"], (
                path,
                tag,
                attributes,
            )


# Forms of others


async def test_no_form_is_taken_without_its_token_or_from_elsewhere(world, owner):
    owner_of_all, ids = await furnish(world, PLAIN)
    del owner

    def dump():
        lines = world.house.repository.database.read(lambda connection: list(connection.iterdump()))
        return [line for line in lines if not line.startswith('INSERT INTO "session"')]

    before, tried = dump(), 0
    for method, path, endpoint in page_routes():
        if method == "GET" or path.startswith("/virtual"):
            continue
        address, is_open = filled(path, **ids), guard_of(endpoint).is_open
        good = {
            "csrf_token": owner_of_all.csrf,
            "name": PLAIN,
            "confirm": PLAIN,
            "operation": "unlock",
            "theme": "dark",
        }
        other = mask("x" * len(owner_of_all.csrf), world.context.entropy)
        if not is_open:
            for token in ("", "guess", other, owner_of_all.csrf[:-1], mask("", world.context.entropy)):
                assert (await send(owner_of_all, address, **(good | {"csrf_token": token}))).status == 403, (
                    path,
                    token,
                )
            assert (await send(owner_of_all, address, csrf=False, name=PLAIN)).status == 403, path
            for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
                body = f"csrf_token={owner_of_all.csrf}".encode()
                answer = await owner_of_all.ask(
                    "POST", address, body=body, content_type=kind, origin="http://hub.test", x_csrf_token=None, **HTML
                )
                assert answer.status in {400, 403}, (path, kind)
        for origin in (
            "https://evil.example",
            "null",
            "http://hub.test:8123",
            "https://hub.test.evil.example",
            "http://sub.hub.test",
            "file://",
        ):
            answer = await send(owner_of_all, address, origin=origin, **good)
            assert answer.status == 403, (path, origin, answer)
        answer = await owner_of_all.ask(
            "POST", address, body=b"", content_type=FORM, sec_fetch_site="cross-site", x_csrf_token=None, **HTML
        )
        assert answer.status == 403, path
        tried += 1
    assert tried > 25
    assert dump() == before


async def test_no_change_by_the_api_is_taken_from_a_browser_without_its_token(world, owner):
    for method, path in TABLE:
        if method == "GET":
            continue
        for token in ("", "guess", owner.csrf[::-1], owner.csrf + "x"):
            answer = await owner.ask(method, filled(path), {}, x_csrf_token=token)
            assert (answer.status, answer.json["code"]) == (403, "csrf_token_missing"), path
        answer = await owner.ask(method, filled(path), {}, origin="https://evil.example")
        assert answer.status == 403, path
    assert (await owner.get("/api/v1/session")).status == 200


async def test_another_site_signs_nobody_in(world, owner):
    victim = world.browser()
    body = {"name": "owner 1", "password": "x"}
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}, {"origin": "null"}):
        assert (await victim.post("/api/v1/session", body, **headers)).status == 403
        assert (await victim.post("/api/v1/setup", body, **headers)).status == 403
    text = await victim.ask("POST", "/api/v1/session", body=b'{"name":"a","password":"b"}', content_type="text/plain")
    assert text.status == 422, "what needs no preflight is no JSON"
    assert not victim.cookies


async def test_a_method_in_disguise_is_the_method_that_it_is(world, owner):
    for headers in ({"x_http_method_override": "DELETE"}, {"x_method_override": "POST"}):
        assert (await owner.get("/api/v1/doors", **headers)).status == 200
    assert (await owner.get("/doors/x/operate?operation=unlock&_method=POST", **HTML)).status in {404, 405}
    assert (await owner.ask("HEAD", "/sign-out", **HTML)).status == 405


# Being sent elsewhere

ELSEWHERE = [
    *(
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "http:evil.example",
    ),
    *(
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nLocation: x",
        " //evil.example",
    ),
    *(
        "\u2028//evil.example",
        "/\x00/evil.example",
        "@evil.example",
        ".evil.example",
        "?//evil.example",
        "/" + "a" * 600,
    ),
]


@pytest.mark.parametrize("place", ELSEWHERE)
async def test_nobody_is_sent_to_another_site(world, owner, place):
    answers = [
        await owner.get("/sign-in", query={"next": place}, **HTML),
        await send(owner, "/confirm", password="wrong", next=place),
        await world.browser().get("/sign-in/code", query={"next": place}, **HTML),
    ]
    page = await world.browser().get("/sign-in", query={"next": place}, **HTML)
    assert 'name="next" value="/"' in page.text
    for answer in answers:
        assert answer.headers.get("location", "/").startswith(("/", "/sign-in?next=%2F")), answer.headers
        assert "evil" not in answer.headers.get("location", "")
        assert answer.status < 500


@pytest.mark.parametrize(
    "referer",
    [
        "https://evil.example/",
        "http://hub.test@evil.example/",
        "http://hub.test//evil.example",
        "http://hub.test.evil.example/",
        "javascript:x",
        "http://[",
        "//hub.test//evil.example",
        "http://hub.test/\\evil.example",
    ],
)
async def test_a_referer_leads_nowhere_else(world, owner, referer):
    answer = await owner.ask(
        "POST", "/theme", body=b"theme=dark", content_type=FORM, origin="http://hub.test", referer=referer, **HTML
    )
    assert (answer.status, answer.headers["location"]) == (303, "/")
    answer = await owner.ask(
        "POST", "/people/add", body=b"", content_type=FORM, referer=referer, x_csrf_token=None, **HTML
    )
    assert answer.status == 403
    assert "evil" not in answer.text


async def test_a_forged_host_is_in_no_link(world, owner):
    for host in ("evil.example", 'x" onload="alert(1)', "hub.test/evil", "evil.example\\@hub.test"):
        answer = await owner.get("/", host=host, **HTML)
        assert "evil" not in answer.text
        assert "onload" not in answer.text
        answer = await world.browser().get("/", host=host, **HTML)
        assert answer.headers["location"] == "/sign-in?next=%2F"


async def test_a_forwarded_prefix_counts_from_a_trusted_proxy_only(world, owner):
    for value in ("//evil.example", '/x"><script>', "/fine"):
        for name in ("x_forwarded_prefix", "x_ingress_path"):
            answer = await owner.get("/", **HTML, **{name: value})
            assert "evil" not in answer.text
            assert "/fine" not in answer.text


# Cookies, files and tables


async def test_the_sessions_cookie_is_for_this_hub_and_no_script(make_trusting_world):
    world = await make_trusting_world(is_secure=True)
    browser = world.browser()
    link = world.context.owner_link.renew()
    answer = await browser.post("/api/v1/setup", {"token": link, "name": "Olive", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-latchwork=")
    for part in ("httponly", "secure", "samesite=lax", "path=/"):
        assert part in cookie
    assert "domain" not in cookie


@pytest.fixture
async def make_trusting_world():
    from latchwork.web.settings import WebSettings

    made = []

    async def make(**settings):
        made.append(await make_world(WebSettings(requests_per_minute=100_000, **settings)))
        await made[-1].context.answers.forget_unfinished()
        return made[-1]

    yield make
    for world in made:
        await world.context.close()
        await world.house.sharing.close()
        await world.house.repository.database.close()


async def test_what_is_handed_out_as_a_file_is_opened_as_none_but_a_file(world, owner):
    for path in ("/api/v1/journal/export?format=csv", "/api/v1/journal/export?format=jsonl"):
        answer = await owner.get(path)
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not answer.headers["content-type"].startswith(("text/html", "image/svg"))


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        " =1+1",
        "\u00a0=1+1",
        "\uff1d1+1",
        "\u3000=1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "'=1+1",
        '"=1',
    ],
)
async def test_an_exported_name_is_no_formula(world, owner, name):
    person = (await owner.post("/api/v1/people", {"name": "Ana"})).json["id"]
    await world.house.desk.note(Entry(at=1.0, kind=Kind.OPENED, person_id=person, person_name=name, detail={"x": name}))
    answer = await owner.get("/api/v1/journal/export?format=csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert any(name in cell for row in rows for cell in row)
    for row in rows:
        for cell in row:
            first = cell.lstrip(" \u00a0\u3000\u200b\ufeff\t")
            is_number = first[:1] in {"+", "-"} and first[1:].replace(".", "").isdigit()
            assert (
                is_number
                or not first.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
                or cell[0] == "'"
            ), row
