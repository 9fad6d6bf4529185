"""Secrets go in by every door of a hub with files and locks, and are then looked for wherever somebody might look."""

import gc
import io
import logging
import random
import re
import traceback
from pathlib import Path

from tests.security.siege import FORM, disguises, face_of, filled, look, page_routes, send
from tests.support.calendars import FakeFetcher, at_once, ical
from tests.support.hub import OWNER, tell
from tests.support.notes import FakeSender
from tests.web.test_permissions import TABLE

from latchwork.base.errors import LatchworkError
from latchwork.base.logs import Secret
from latchwork.hub.backup.file import Cost
from latchwork.hub.house.entities import Credential
from latchwork.hub.journal.export import as_csv, as_json_lines
from latchwork.web.passwords import Passwords

LENGTH = 8
ARGUMENTS = Path("/proc/self/cmdline")
SHOWN = {
    *("/api/v1/guests", "/api/v1/guest/{token}", "/guest/{token}", "/guest", "/people/add", "/api/v1/webhooks"),
    *("/api/v1/tokens", "/credentials/{credential_id}/code", "/people/{person_id}/credentials"),
}
"""Where a secret is shown that was just made, or to whoever has the link."""


class Net:
    """Catches all that comes out of a hub."""

    def __init__(self, monkeypatch, house):
        self.caught = []
        self.secrets = {}
        self._dice = random.Random(f"pins {house.world.seed}")
        publish = house.hub.bus.publish

        def heard(kind, data):
            self.take(f"event {kind}", repr(dict(data)))
            return publish(kind, data)

        monkeypatch.setattr(type(house.hub.bus), "publish", lambda _, kind, data: heard(kind, data))

    def take(self, where, what):
        self.caught.append((where, what if isinstance(what, bytes) else what.encode("utf-8", "replace")))

    def pin(self, name):
        """A code nobody guesses, and none of which any part is a number that is there anyway."""
        while True:
            code = "".join(str(self._dice.randrange(10)) for _ in range(LENGTH))
            if len(set(code)) > 5 and code[0] != "0":
                return self.keep(name, code)

    def keep(self, name, secret):
        self.secrets[name] = secret
        return secret

    def answer(self, path, answer):
        head = "\n".join(
            f"{n.decode('latin-1')}: {v.decode('latin-1')}" for n, v in answer.raw_headers if n != b"set-cookie"
        )
        self.take(f"headers of {path}", head)
        if path not in SHOWN:
            self.take(f"answer of {path}", answer.body)
        return answer

    def verdict(self):
        """Where something is that should not be."""
        found = []
        for name, secret in self.secrets.items():
            looks = disguises(secret) if name not in RANDOM else {secret.encode()}
            for where, what in self.caught:
                hit = [look for look in looks if look in what]
                if hit:
                    at = what.find(hit[0])
                    found.append((name, where, hit[0][:20], what[max(0, at - 60) : at + 60]))
        return found


RANDOM = {"token", "session", "link"}
"""256 random bits each: a plain digest of them is what is meant to be kept."""


class Listener(logging.Handler):
    """Hears every record with all that it carries."""

    def __init__(self, net):
        super().__init__(1)
        self.net = net

    def emit(self, record):
        carried = {name: value for name, value in vars(record).items() if name != "exc_info"}
        self.net.take(f"log {record.name}", f"{record.getMessage()} {carried!r}")
        if record.exc_info and record.exc_info[1] is not None:
            self.net.take(f"log {record.name}", "".join(traceback.format_exception(record.exc_info[1])))


async def inline(function):
    function()


async def by_every_door(house, face, net, monkeypatch):
    """Secrets of every kind, put in by everything that takes one."""
    owner, hub = face.owner, house.hub

    async def ask(method, path, body=None, **ids):
        return net.answer(path, await owner.ask(method, filled(path, **ids), body))

    device = await house.device("Shed", "generic")
    setup = re.search(r"MT:[-.0-9A-Z$%*+/ :]+", device.qr)[0]
    net.keep("setup code", setup)
    job = await ask("POST", "/api/v1/locks", {"setup_code": setup, "door_name": "Shed"})
    assert job.status == 202, job
    await house.settle(60)
    assert (await ask("GET", "/api/v1/jobs/{job_id}", job_id=job.json["id"])).json["state"] == "done"
    front, shed = house.door_id("Front"), house.door_id("Shed")
    ana = (await ask("POST", "/api/v1/people", {"name": "Ana"})).json["id"]
    made = await ask("POST", "/api/v1/people/{person_id}/credentials", {"code": net.pin("by API")}, person_id=ana)
    assert made.status == 201, made
    ids = {"person_id": ana, "credential_id": made.json["id"], "door_id": front, "lock_id": house.lock_id("Front")}
    body = {"person_id": ana, "door_ids": [front, shed], "rule": {"kind": "always"}}
    ids["access_id"] = (await ask("POST", "/api/v1/accesses", body)).json["id"]
    chance = await ask("POST", "/api/v1/people/{person_id}/credentials", {"length": LENGTH}, person_id=ana)
    assert chance.status == 201, chance
    path = "/api/v1/credentials/{credential_id}/reveal"
    shown = await owner.post(filled(path, credential_id=chance.json["id"]))
    net.keep("by chance", shown.json["code"])
    await ask(
        "POST",
        "/api/v1/credentials/{credential_id}/code",
        {"code": net.pin("changed")},
        credential_id=chance.json["id"],
    )
    page = await send(owner, "/people/add", name="Bob", code_choice="own", code=net.pin("by page"), door_ids=[front])
    assert page.status == 200, page
    guest = await ask(
        "POST",
        "/api/v1/guests",
        {"name": "Gus", "door_ids": [front], "rule": {"kind": "always"}, "link": True, "code_length": LENGTH},
    )
    assert guest.status == 201, guest
    net.keep("guest's", guest.json["code"])
    ids["token"] = net.keep("link", guest.json["link"]["url"].rpartition("/")[2])
    table = f"name,code,doors\nCleo,{net.pin('by table')},Front\nDora,{net.pin('refused in a table')[:-1]}x,Front\n"
    for query in ("?dry_run=true", ""):
        answer = await owner.ask("POST", f"/api/v1/import/people{query}", body=table.encode(), content_type="text/csv")
        assert net.answer("/api/v1/import/people", answer).status == 200, answer
    address = f"https://calendars.example/{net.keep('calendar address', 'c4lendar-s3cret-9f2b7c1e')}.ics"
    hub.calendars.fetcher = FakeFetcher(ical(("one@x", "2026-01-01", "2026-01-08", "Eve")))
    hub.calendars.run = at_once
    calendar = await ask("POST", "/api/v1/doors/{door_id}/calendars", {"url": address, "name": "flat"}, door_id=front)
    assert calendar.status == 201, calendar
    ids["calendar_id"] = calendar.json["id"]
    sender = hub.notifications.sender = FakeSender()
    url = f"json://user:{net.keep('notification password', 'n0tify-s3cret-5d2a88')}@example.com/x"
    rule = await ask(
        "POST", "/api/v1/notification_rules", {"name": "all", "url": url, "kinds": ["opened", "failed_attempt"]}
    )
    if rule.status == 422:
        rule = await ask("POST", "/api/v1/notification_rules", {"name": "all", "url": url, "kinds": ["opened"]})
    assert rule.status == 201, rule
    ids["rule_id"] = rule.json["id"]
    hook = await ask("POST", "/api/v1/webhooks", {"url": "https://example.com/in"})
    net.keep("webhook secret", hook.json["secret"].removeprefix("whsec_"))
    ids["webhook_id"] = hook.json["id"]
    token = await ask("POST", "/api/v1/tokens", {"name": "a program", "scopes": ["doors:read"]})
    net.keep("token", token.json["token"])
    password = net.keep("password", "correct-h0rse-battery-st4ple")
    account = await ask("POST", "/api/v1/accounts", {"name": "Max", "password": password, "role": "manager"})
    assert account.status == 201, account
    ids["account_id"] = account.json["id"]
    net.keep("wrong password", "w1ld-guess-0f-a-stranger")
    for secret in (net.secrets["wrong password"], password):
        answer = await face.stranger().post("/api/v1/session", {"name": "Max", "password": secret})
        net.answer("/api/v1/session", answer)
    answer = await face.stranger().post("/api/v1/session", {"name": net.secrets["wrong password"], "password": "x"})
    net.answer("/api/v1/session", answer)
    share = await owner.post(filled("/api/v1/locks/{lock_id}/share", lock_id=ids["lock_id"]), {"minutes": 5})
    if share.status == 201:
        net.keep("sharing code", share.json["code"].replace("-", ""))
        await owner.delete(filled("/api/v1/locks/{lock_id}/share", lock_id=ids["lock_id"]))
    await at_the_doors(house, net)
    del sender
    return ids


async def at_the_doors(house, net):
    """Codes that are typed: of somebody, of nobody; and one of another ecosystem that the hub never sees."""
    await house.settle(120)
    await house.enter("Front", net.secrets["by API"])
    await house.enter("Front", net.pin("typed by a stranger"))
    await house.enter("Shed", net.secrets["by API"])
    from tests.support.hub import put_user

    other = await house.other("Front")
    await put_user(other, 9, "Theirs", net.pin("another ecosystem's"))
    await house.settle(120)


async def failures(house, face, net, ids):
    """Everything that takes a code is made to fail with one."""
    owner, hub = face.owner, house.hub
    pin = net.secrets["by API"]
    for body in (
        {"code": pin},
        {"code": f"{pin}x"},
        {"code": int(pin)},
        {"code": [pin]},
        {"code": pin, "label": pin * 50},
        {"code": pin, pin: pin},
        {"code": pin * 20},
    ):
        answer = await owner.post(filled("/api/v1/people/{person_id}/credentials", **ids), body)
        assert net.answer("a refused code", answer).status >= 400, (body, answer)
    broken = f'{{"code": "{pin}"'.encode()
    path = filled("/api/v1/people/{person_id}/credentials", **ids)
    net.answer("a broken body", await owner.ask("POST", path, body=broken, content_type="application/json"))
    net.answer("a form for JSON", await owner.ask("POST", path, body=f"code={pin}".encode(), content_type=FORM))
    net.answer(
        "/credentials/{credential_id}/code",
        await send(owner, filled("/credentials/{credential_id}/code", **ids), code=pin),
    )
    net.answer("a bad form", await send(owner, filled("/credentials/{credential_id}/code", **ids), code=f"{pin}?"))
    for call in (
        lambda: hub.people.add_credential(
            Credential(id="", person_id=ids["person_id"]), Secret(pin.encode()), actor=OWNER
        ),
        lambda: hub.people.set_secret(ids["credential_id"], Secret(pin.encode() * 4), actor=OWNER),
        lambda: hub.people.set_secret("nobody", Secret(pin.encode()), actor=OWNER),
        lambda: hub.locks.add(
            f"{net.secrets['setup code']}X", door_name="x", door_id=None, actor=OWNER, tell=lambda _: None
        ),
    ):
        try:
            await call()
        except LatchworkError as error:
            net.take("exception", "".join(traceback.format_exception(error)) + repr(error))
    assert sum(where == "exception" for where, _ in net.caught) >= 3
    house.fault("Front", "out-of-range")
    answer = await owner.post(
        filled("/api/v1/credentials/{credential_id}/code", **ids), {"code": net.pin("while away")}
    )
    net.answer("a code while the lock is away", answer)
    await house.settle(200)


async def walk(face, net, ids):
    """All that can be looked at."""
    for method, path in TABLE:
        if method == "GET" and path not in {"/api/v1/events", "/api/v1/locks/{lock_id}/share/qr"}:
            net.answer(path, await face.owner.get(filled(path, **ids)))
    for method, path, _ in page_routes():
        if method == "GET" and not path.startswith("/static"):
            net.answer(path, await look(face.owner, filled(path, **ids), accept_encoding="identity"))
    for kind in ("csv", "jsonl"):
        net.answer("export", await face.owner.get(f"/api/v1/journal/export?format={kind}"))


async def books(house, net, folder):
    """The journal, the files, and a backup."""
    hub = house.hub
    for writing in (as_csv, as_json_lines):
        net.take("journal", "".join([piece async for piece in writing(hub.journal)]))
    out = io.BytesIO()
    hub.backup.in_thread, hub.backup._cost = inline, Cost(log_n=1, r=1)
    await hub.backup.write(net.keep("passphrase", "p4ssphrase of a backup, l0ng"), out, actor=OWNER)
    net.take("backup", out.getvalue())
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".key"]
    assert {"hub.db", "hub.db-wal"} <= {path.name for path in files}, files
    for path in files:
        net.take(f"file {path.name}", path.read_bytes())


def objects(net):
    """How everything of ours in memory looks when it is printed; and what the process was started with."""
    net.take("arguments", ARGUMENTS.read_bytes())
    for each in gc.get_objects():
        if str(type(each).__module__).startswith("latchwork") and not isinstance(each, type):
            for text in (repr, str):
                try:
                    net.take(f"{text.__name__} of {type(each).__qualname__}", text(each))
                except (AttributeError, RuntimeError, ReferenceError):
                    continue  # it is half made, or half gone


def test_a_secret_is_nowhere_but_where_it_is_meant_to_be(tmp_path, monkeypatch):
    async def at_once_in_this_thread(self, function):
        return function()

    monkeypatch.setattr(Passwords, "_run", at_once_in_this_thread)
    root = logging.getLogger()
    level, listener = root.level, None

    async def play(house):
        nonlocal listener
        net = Net(monkeypatch, house)
        listener = Listener(net)
        root.addHandler(listener)
        root.setLevel(1)
        logging.getLogger("latchwork").setLevel(1)
        await house.door("Front", "u200")
        async with face_of(house.hub, house.world.clock, reveals_per_hour=1000) as face:
            face.owner = await face.someone("owner")
            net.keep("session", face.owner.cookies[face.context.auth.cookie])
            ids = await by_every_door(house, face, net, monkeypatch)
            await failures(house, face, net, ids)
            await walk(face, net, ids)
            await books(house, net, tmp_path)
            objects(net)
        assert len(net.secrets) > 20, net.secrets.keys()
        places = {where.partition(" ")[0] for where, _ in net.caught}
        assert {"log", "event", "answer", "headers", "journal", "backup", "file", "repr", "exception"} <= places
        found = net.verdict()
        assert not found, "\n".join(map(str, found[:20]))

    try:
        tell(play, 1, tmp_path)
    finally:
        root.setLevel(level)
        logging.getLogger("latchwork").setLevel(logging.NOTSET)
        if listener is not None:
            root.removeHandler(listener)


def test_the_net_catches_a_secret_in_every_disguise():
    import base64
    import hashlib

    pin = b"73916402"
    looks = disguises(pin.decode())
    for seen in (
        pin,
        pin[::-1],
        pin.hex().encode(),
        base64.b64encode(pin).rstrip(b"="),
        b"71920446137"[:0] + hashlib.sha256(pin).hexdigest().encode(),
        hashlib.md5(pin).digest(),
        b"55, 51, 57, 49, 54, 52, 48, 50",
        b"7,3,9,1,6,4,0,2",
        bytes.fromhex("73916402").hex().encode(),
    ):
        assert any(each in b"before " + seen + b" after" for each in looks), seen
    for before in range(3):
        inside = base64.b64encode(b"x" * before + b"the code is " + pin + b" indeed")
        assert any(each in inside for each in looks), before
    assert not any(each in b"nothing of the kind 12345678" for each in looks)
