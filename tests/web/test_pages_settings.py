"""The settings: each page for whom it is, forms that can be corrected, secrets shown once, and what is told is so."""

import json
import re
from urllib.parse import urlencode

import pytest
from tests.web.conftest import PASSWORD
from tests.web.test_pages import HTML, send
from tests.web.test_totp import turn_on

from latchwork.hub.journal.entries import Kind
from latchwork.hub.notify.rules import Topic
from latchwork.hub.notify.sending import NotSent
from latchwork.web.pages.agents import browser_of, system_of
from latchwork.web.pages.routes.health import size
from latchwork.web.pages.routes.notifications import TOPICS, USUAL
from latchwork.web.pages.routes.settings import zones
from latchwork.web.pages.texts import texts_of
from latchwork.web.roles import Role, Scope
from latchwork.web.uploads import Uploads

PAGES = {
    "": {"owner", "manager", "resident", "read_only", "guest"},
    "/you": {"owner", "manager", "resident", "read_only", "guest"},
    "/second-factor": {"owner", "manager", "resident", "read_only", "guest"},
    "/site": {"owner"},
    "/accounts": {"owner"},
    "/accounts/add": {"owner"},
    "/tokens": {"owner", "manager", "resident", "read_only"},
    "/tokens/add": {"owner", "manager", "resident", "read_only"},
    "/calendars": {"owner", "manager"},
    "/calendars/add": {"owner", "manager"},
    "/notifications": {"owner", "manager"},
    "/notifications/add": {"owner", "manager"},
    "/webhooks": {"owner", "manager"},
    "/webhooks/add": {"owner", "manager"},
    "/backup": {"owner"},
    "/import": {"owner", "manager"},
    "/health": {"owner", "manager", "read_only"},
}


async def token(browser):
    return re.search(r'name="csrf-token" content="([^"]+)"', (await browser.get("/settings", **HTML)).text)[1]


async def post(browser, path, **fields):
    return await send(browser, path, csrf_token=await token(browser), **fields)


@pytest.mark.parametrize("role", ["owner", "manager", "resident", "read_only", "guest"])
async def test_each_page_is_for_whom_it_is_and_the_list_has_no_other(world, owner, role):
    await world.door_with_lock(owner)
    browser = owner if role == "owner" else await world.account(owner, f"A {role}", role)
    listed = (await browser.get("/settings", **HTML)).text
    for path, roles in PAGES.items():
        answer = await browser.get(f"/settings{path}", **HTML)
        assert answer.status == (200 if role in roles else 403), (path, answer)
        if path.count("/") == 1 and path != "/second-factor":
            assert (f'href="/settings{path}"' in listed) is (role in roles), path


@pytest.mark.parametrize("path", [path for path in PAGES if path])
async def test_nobody_sees_a_page_without_signing_in(world, owner, path):
    answer = await world.browser().get(f"/settings{path}", **HTML)
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", ["/second-factor", "/tokens/add", "/backup"])
async def test_what_counts_takes_the_password_once_more(world, owner, path):
    world.clock.advance(3600)
    answer = await owner.get(f"/settings{path}", **HTML)
    assert answer.headers["location"].startswith("/confirm?next=")


def test_every_value_that_a_page_names_has_a_text():
    texts = texts_of("en")
    keys = {f"scope.{each.value}" for each in Scope}
    keys |= {f"{area}.{each.value}" for area in ("account.role", "account.role_more", "role") for each in Role}
    keys |= {f"topic.{each}" for group in TOPICS.values() for each in group}
    assert keys <= texts.keys
    assert set(USUAL) <= {each for group in TOPICS.values() for each in group} <= {*Kind, *Topic}


# The site


async def test_the_site_is_changed_and_a_zone_that_moved_is_said(world, owner):
    page = (await owner.get("/settings/site", **HTML)).text
    assert 'value="Europe/Paris"' in page
    etag = re.search(r'name="etag" value="([^"]+)"', page)[1].replace("&#34;", '"')
    fields = {"name": "Mill", "time_zone": "Europe/Paris", "code_length": "6", "holidays": ["2027-12-25", ""]}
    assert (await post(owner, "/settings/site", etag=etag, **fields)).status == 303
    site = world.house.repository.site()
    assert (site.name, site.time_zone, site.code_length, site.holidays) == ("Mill", "Europe/Paris", 6, ("2027-12-25",))
    assert "All rules move" in (await owner.get("/settings/site", **HTML)).text
    stale = await post(owner, "/settings/site", etag=etag, **fields | {"name": "Other"})
    assert stale.status == 412
    assert 'value="Other"' in stale.text
    assert world.house.repository.site().name == "Mill"


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"name": ""}, {"holidays": "someday"}, {"code_length": "99"}]
)
async def test_what_is_wrong_about_the_site_is_said_and_nothing_changed(world, owner, wrong):
    before = world.house.repository.site()
    fields = {"name": "Mill", "time_zone": "UTC", "code_length": "", "holidays": ""} | wrong
    answer = await post(owner, "/settings/site", **fields)
    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert world.house.repository.site() == before


def test_zones_are_by_region_and_the_one_that_is_chosen_is_there_whatever_it_is():
    found = zones("Etc/GMT+3")
    assert ("America/Argentina/Buenos_Aires", "Argentina, Buenos Aires") in found["America"]
    assert found[""] == [("Etc/GMT+3", "Etc/GMT+3"), ("UTC", "UTC")]


# You


async def test_a_password_is_changed_and_other_sessions_end(world, owner):
    elsewhere = world.browser()
    await elsewhere.log_in("Olive", PASSWORD)
    new = "three other good words"
    wrong = await post(owner, "/settings/you/password", password="no", new_password=new, again=new)
    assert wrong.status == 422
    differ = await post(owner, "/settings/you/password", password=PASSWORD, new_password=new, again="x")
    assert differ.status == 422
    weak = await post(owner, "/settings/you/password", password=PASSWORD, new_password="short", again="short")
    assert weak.status == 422
    for each in (wrong, differ, weak):
        assert new not in each.text
    assert (await post(owner, "/settings/you/password", password=PASSWORD, new_password=new, again=new)).status == 303
    assert (await elsewhere.get("/api/v1/session")).status == 401
    assert (await world.browser().log_in("Olive", new)).status == 201


async def test_sessions_are_listed_with_what_they_are_and_can_be_ended(world, owner):
    phone = world.browser()
    agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Mobile Safari/537.36"
    body = {"name": "Olive", "password": PASSWORD}
    assert (await phone.post("/api/v1/session", body, user_agent=agent)).status == 201
    for _ in range(2):
        await world.browser().log_in("Olive", PASSWORD)
    page = (await owner.get("/settings/you", **HTML)).text
    assert "Chrome on Android" in page
    path = re.findall(r'action="(/settings/sessions/session_[0-9a-f]+/end)"', page)
    assert len(path) == 3
    for each in path:
        if "Chrome Android" in page.partition(each)[2][:400]:
            assert (await post(owner, each)).status == 303
    assert (await phone.get("/api/v1/session")).status == 401
    assert (await post(owner, "/settings/sessions/end")).status == 303
    page = (await owner.get("/settings/you", **HTML)).text
    assert "Signed out in 2 places" in page
    assert not re.findall(r"/settings/sessions/session_", page)


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1",
            *("Safari", "iPhone"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150 Safari/537.36 Edg/150",
            *("Edge", "Windows"),
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19 Safari/605.1.15", "Safari", "Mac"),
        ("", "", ""),
    ],
)
def test_browsers_are_called_as_people_call_them(agent, browser, system):
    assert (browser_of(agent), system_of(agent)) == (browser, system)


# Accounts


async def test_an_account_is_added_changed_switched_off_and_removed_by_name(world, owner):
    person = await world.person(owner)
    fields = {"name": "Max", "password": PASSWORD, "role": "resident", "person_id": person}
    weak = await post(owner, "/settings/accounts/add", **fields | {"password": "short"})
    assert weak.status == 422
    assert 'value="Max"' in weak.text
    assert (await post(owner, "/settings/accounts/add", **fields)).status == 303
    taken = await post(owner, "/settings/accounts/add", **fields)
    assert taken.status == 422
    assert "already" in taken.text
    page = (await owner.get("/settings/accounts", **HTML)).text
    account = re.search(r'href="(/settings/accounts/account_\w+)"[^>]*>(?:(?!</a>).)*<strong>Max', page, re.DOTALL)[1]
    max_ = world.browser()
    assert (await max_.log_in("Max", PASSWORD)).status == 201
    change = {"name": "Max", "role": "manager", "person_id": person, "etag": '"v1"'}
    assert (await post(owner, account, **change)).status == 303
    assert (await world.browser().log_in("Max", PASSWORD)).status == 401, "the box was not ticked"
    stale = await post(owner, account, is_enabled="1", **change)
    assert stale.status == 412
    assert (await post(owner, account, is_enabled="1", **change | {"etag": '"v2"'})).status == 303
    assert (await world.browser().log_in("Max", PASSWORD)).status == 201
    assert (await post(owner, f"{account}/remove", confirm="Moritz")).status == 422
    assert (await post(owner, f"{account}/remove", confirm="max")).status == 303
    assert (await owner.get(account, **HTML)).status == 404


async def test_the_last_owner_stays(world, owner):
    account_id = (await owner.get("/api/v1/session")).json["account_id"]
    page = (await owner.get(f"/settings/accounts/{account_id}", **HTML)).text
    assert "Remove the account" not in page
    fields = {"name": "Olive", "role": "guest", "is_enabled": "1"}
    refused = await post(owner, f"/settings/accounts/{account_id}", **fields)
    assert refused.status == 422
    assert "needs an owner" in refused.text


async def test_somebodys_second_factor_is_reset_on_the_page(world, owner):
    manager = await world.account(owner, "Max", "manager")
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    await turn_on(world, manager)
    page = (await owner.get(f"/settings/accounts/{account_id}", **HTML)).text
    assert f"/settings/accounts/{account_id}/second-factor" in page
    assert (await post(owner, f"/settings/accounts/{account_id}/second-factor")).status == 303
    assert (await world.browser().log_in("Max", PASSWORD)).status == 201
    assert (await post(owner, f"/settings/accounts/{account_id}/passkeys")).status == 303


# Tokens


async def test_a_token_is_shown_once_and_ended(world, owner):
    nothing = await post(owner, "/settings/tokens/add", name="x")
    assert nothing.status == 422
    fields = {"name": "Display", "scopes": ["site:read"], "lasts": "30"}
    shown = await post(owner, "/settings/tokens/add", **fields)
    text = re.search(r"latchwork_[A-Za-z0-9_-]{20,}", shown.text)[0]
    assert shown.headers["cache-control"] == "no-store"
    program = world.browser(token=text)
    assert (await program.get("/api/v1/site")).status == 200
    page = (await owner.get("/settings/tokens", **HTML)).text
    assert "Display" in page
    assert text not in page
    end = re.search(r'action="(/settings/tokens/token_\w+/end)"', page)[1]
    assert (await post(owner, end)).status == 303
    assert (await program.get("/api/v1/site")).status == 401


async def test_a_token_may_no_more_than_who_makes_it(world, owner):
    resident = await world.account(owner, "Rita", "resident")
    page = (await resident.get("/settings/tokens/add", **HTML)).text
    assert 'value="doors:operate"' in page
    assert 'value="people:write"' not in page
    assert (await post(resident, "/settings/tokens/add", name="x", scopes="people:write")).status == 403


# Calendars, notifications, webhooks


async def test_a_calendar_is_added_read_changed_and_removed(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    assert "No calendars" in (await owner.get("/settings/calendars", **HTML)).text
    fields = {"door_id": door_id, "name": "Flat", "check_in": "16:00", "check_out": "10:00", "closed_is_stay": "1"}
    secret = "https://calendar.example/export/very-secret.ics"
    wrong = await post(owner, "/settings/calendars/add", url="ftp://x.example/y", **fields)
    assert wrong.status == 422
    assert 'value="Flat"' in wrong.text
    added = await post(owner, "/settings/calendars/add", url=secret, **fields)
    assert added.status == 303, added
    page = await owner.get(added.headers["location"], **HTML)
    assert page.status == 200
    assert "calendar.example" in page.text
    assert "very-secret" not in page.text
    assert (await post(owner, f"{added.headers['location']}/refresh")).status == 303
    assert (await post(owner, added.headers["location"], **fields | {"check_in": "17:00"})).status == 303
    calendar = world.house.calendars.calendars(door_id)[0]
    assert (calendar.check_in, calendar.is_enabled) == (17 * 60, False)
    listed = (await owner.get("/settings/calendars", **HTML)).text
    assert "Off" in listed
    assert (await post(owner, f"{added.headers['location']}/remove", confirm="no")).status == 422
    assert (await post(owner, f"{added.headers['location']}/remove", confirm="flat")).status == 303
    assert world.house.calendars.calendars(door_id) == []


async def test_an_address_inside_the_home_is_for_owners_alone(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    manager = await world.account(owner, "Max", "manager")
    assert 'name="is_local"' not in (await manager.get("/settings/calendars/add", **HTML)).text
    fields = {"door_id": door_id, "name": "Flat", "check_in": "16:00", "check_out": "10:00", "is_local": "1"}
    answer = await post(manager, "/settings/calendars/add", url="https://calendar.example/x.ics", **fields)
    assert answer.status == 403
    assert world.house.calendars.calendars(door_id) == []


async def test_somebody_is_told_and_a_test_says_how_it_went(world, owner):
    fields = {"name": "My phone", "kinds": ["opened", "low_battery"], "quiet_from": "22:00", "quiet_to": "07:00"}
    none = await post(owner, "/settings/notifications/add", url="ntfy://topic", **fields | {"kinds": []})
    assert none.status == 422
    half = await post(owner, "/settings/notifications/add", url="ntfy://topic", **fields | {"quiet_to": ""})
    assert half.status == 422
    added = await post(owner, "/settings/notifications/add", url="ntfy://very-secret", **fields)
    assert added.status == 303, added
    path = added.headers["location"]
    page = (await owner.get(path, **HTML)).text
    assert "very-secret" not in page
    assert "Nothing was sent yet" in page
    assert (await post(owner, f"{path}/test")).status == 303
    assert "The service took the test." in (await owner.get(path, **HTML)).text
    world.house.notifications.sender.send = _refusing
    assert (await post(owner, f"{path}/test")).status == 303
    page = (await owner.get(path, **HTML)).text
    assert "The test was not sent" in page
    assert "Not sent" in (await owner.get("/settings/notifications", **HTML)).text
    assert "1 does not work" in (await owner.get("/settings", **HTML)).text
    assert (await post(owner, path, is_enabled="1", **fields | {"name": "Tablet"})).status == 303
    assert world.house.notifications.rules()[0].name == "Tablet"
    assert (await post(owner, f"{path}/remove")).status == 303
    assert world.house.notifications.rules() == []


async def _refusing(*_, **__):
    raise NotSent("the service said no (403)")


async def test_what_a_rule_of_the_api_names_beyond_the_page_stays(world, owner):
    made = await owner.post(
        "/api/v1/notification_rules", {"name": "x", "url": "ntfy://topic", "kinds": ["commissioned", "opened"]}
    )
    page = (await owner.get(f"/settings/notifications/{made.json['id']}", **HTML)).text
    assert re.search(r'name="kinds" value="commissioned" checked', page)


async def test_a_webhook_is_added_with_its_secret_once_and_its_deliveries_are_shown(world, owner):
    shown = await post(owner, "/settings/webhooks/add", url="https://hook.example/in", name="", what="attention")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.text)[0]
    path = re.search(r'href="(/settings/webhooks/webhook_\w+)"', shown.text)[1]
    page = await owner.get(path, **HTML)
    assert secret not in page.text
    assert "Nothing was sent yet" in page.text
    off = await post(owner, path, name="Hook", url="https://hook.example/in", etag='"v1"')
    assert off.status == 303
    assert "Off" in (await owner.get("/settings/webhooks", **HTML)).text
    wrong = await post(owner, path, name="Hook", url="https://127.0.0.1/in", is_enabled="1")
    assert wrong.status == 422
    assert (await post(owner, f"{path}/remove")).status == 303
    assert "No webhooks" in (await owner.get("/settings/webhooks", **HTML)).text


# Backup and import


async def test_a_backup_is_taken_away_and_the_page_says_when(world, owner):
    assert "Nobody has made a backup" in (await owner.get("/settings/backup", **HTML)).text
    phrase = "four words to open it"
    differ = await post(owner, "/settings/backup", passphrase=phrase, again="x")
    assert differ.status == 422
    short = await post(owner, "/settings/backup", passphrase="short", again="short")
    assert short.status == 422
    file = await post(owner, "/settings/backup", passphrase=phrase, again=phrase)
    assert file.status == 200
    assert file.headers["content-type"] == "application/octet-stream"
    assert "attachment" in file.headers["content-disposition"]
    assert "The last one was made" in (await owner.get("/settings/backup", **HTML)).text
    assert "Last: Today" in (await owner.get("/settings", **HTML)).text


async def upload(browser, octets, name="people.csv"):
    """A form with a file, as a browser sends it."""
    edge = "edge-of-a-part"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{await token(browser)}\r\n'.encode(),
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode(),
        b"Content-Type: text/csv\r\n\r\n" + octets + b"\r\n",
        f"--{edge}--\r\n".encode(),
    ]
    kind = f"multipart/form-data; boundary={edge}"
    headers = {"content_type": kind, "origin": "http://hub.test", "x_csrf_token": None}
    return await browser.ask("POST", "/settings/import", body=b"".join(parts), **headers, **HTML)


async def test_people_are_imported_after_every_line_was_shown(world, owner):
    table = b"name,code\nAda,739164\nBen,12\n"
    shown = await upload(owner, table)
    assert shown.status == 200, shown
    assert "1 person would be added" in shown.text
    assert "Not taken" in shown.text
    assert "739164" not in shown.text, "no code goes back into a page"
    assert world.house.repository.persons() == []
    kept = re.search(r'name="kept" value="([^"]+)"', shown.text)[1]
    manager = await world.account(owner, "Max", "manager")
    assert (await post(manager, "/settings/import/go", kept=kept)).status == 422, "it is somebody else's"
    done = await post(owner, "/settings/import/go", kept=kept)
    assert "1 person was added" in done.text
    assert [each.name for each in world.house.repository.persons()] == ["Ada"]
    assert (await post(owner, "/settings/import/go", kept=kept)).status == 422, "once"


async def test_a_table_without_faults_leads_to_the_people(world, owner):
    shown = await upload(owner, b"name\nAda\nBen\n")
    kept = re.search(r'name="kept" value="([^"]+)"', shown.text)[1]
    done = await post(owner, "/settings/import/go", kept=kept)
    assert (done.status, done.headers["location"]) == (303, "/people")


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe\x00", b"no,names,here\n1,2,3\n"])
async def test_what_is_no_table_of_people_is_said(world, owner, octets):
    answer = await upload(owner, octets)
    assert answer.status == 422
    assert 'role="alert"' in answer.text


async def test_without_a_file_nothing_is_looked_at(world, owner):
    assert (await post(owner, "/settings/import")).status == 422


def test_a_file_is_forgotten_after_a_while_and_there_are_not_many(world):
    uploads = Uploads(world.clock, world.context.entropy)
    text = uploads.put("a", b"x")
    world.clock.advance(901)
    assert uploads.take("a", text) is None
    for each in range(20):
        uploads.put(f"account:{each}", b"x")
    assert len(uploads._kept) == 8


# Health


async def test_the_page_of_health_says_how_the_hub_is_and_looks_when_asked(world, owner):
    await world.door_with_lock(owner)
    page = (await owner.get("/settings/health", **HTML)).text
    head = world.house.journal.head()
    assert str(head) in page
    assert "1 of 1 answers" in page
    assert (await post(owner, "/settings/health/journal")).status == 303
    assert "nothing was changed" in (await owner.get("/settings/health", **HTML)).text
    assert (await post(owner, "/settings/health/storage")).status == 303
    assert "Every page of the storage is sound" in (await owner.get("/settings/health", **HTML)).text


async def test_a_journal_that_was_changed_is_told(world, owner):
    await world.person(owner)

    def tamper(to):
        for (name,) in to.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            to.execute(f'DROP TRIGGER "{name}"')
        to.execute("UPDATE journal SET actor = 'account:somebody' WHERE seq = 1")

    await world.house.repository.database.write(tamper)
    await post(owner, "/settings/health/journal")
    assert "Something is wrong at entry 1" in (await owner.get("/settings/health", **HTML)).text


@pytest.mark.parametrize(
    ("octets", "text"), [(0, "0.0 kB"), (4096, "4.1 kB"), (52_000_000, "52 MB"), (1_500_000_000_000_000, "1500 TB")]
)
def test_sizes_are_in_units_that_people_read(octets, text):
    assert size(octets) == text


async def test_a_form_of_the_settings_without_its_token_changes_nothing(world, owner):
    forms = {
        "/settings/site": {"name": "Taken", "time_zone": "UTC"},
        "/settings/you/password": {"password": PASSWORD, "new_password": "x" * 12, "again": "x" * 12},
        "/settings/accounts/add": {"name": "Eve", "password": PASSWORD, "role": "owner"},
        "/settings/tokens/add": {"name": "Eve", "scopes": "site:read"},
        "/settings/second-factor": {},
        "/settings/second-factor/end": {"password": PASSWORD, "code": "000000"},
        "/settings/sessions/end": {},
        "/settings/backup": {"passphrase": "x" * 12, "again": "x" * 12},
        "/settings/import/go": {"kept": "x"},
    }
    before = world.house.journal.head()
    for path, fields in forms.items():
        assert (await send(owner, path, csrf_token="", **fields)).status == 403, path
        evil = {"origin": "https://evil.example", "content_type": "application/x-www-form-urlencoded"}
        body = urlencode(fields | {"csrf_token": await token(owner)}).encode()
        assert (await owner.ask("POST", path, body=body, **evil, **HTML)).status == 403, path
    assert world.house.journal.head() == before
    assert "Eve" not in json.dumps((await owner.get("/api/v1/accounts")).json)
