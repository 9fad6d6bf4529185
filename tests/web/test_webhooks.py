"""Webhooks: signed as the standard says, in order for each door, again when it fails, and only to where they may go."""

import asyncio
import base64
import json

import pytest

from latchwork.base.errors import Misuse
from latchwork.hub.addresses import AddressRefused
from latchwork.hub.journal.entries import Entry, Kind
from latchwork.web import webhooks as sending
from latchwork.web.posting import HttpPoster, NotDelivered, check_url
from latchwork.web.signing import PREFIX, headers_for, is_genuine, key_of, new_secret

DAY = 86_400


class Receiver:
    """Takes what is sent, and answers as it was told."""

    def __init__(self):
        self.got = []
        self.answers = {}
        self.default = 204

    async def post(self, url, headers, body, *, is_local):
        message = json.loads(body)
        self.got.append((url, dict(headers), body, message))
        answer = self.answers.get(message["data"]["seq"], self.default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def seqs(self):
        return [message["data"]["seq"] for _, _, _, message in self.got]


@pytest.fixture
def receiver(world):
    world.context.webhooks.poster = Receiver()
    return world.context.webhooks.poster


async def made(owner, **rest):
    answer = await owner.post("/api/v1/webhooks", {"url": "https://example.com/in"} | rest)
    assert answer.status == 201, answer
    return answer.json


async def happen(world, *doors, kind=Kind.OPENED):
    """Entries at these doors; returns their numbers."""
    now = world.clock.utc()
    return [
        each.seq
        for each in await world.house.journal.append([Entry(at=now, kind=kind, door_id=door) for door in doors])
    ]


# Signatures


def test_the_standards_own_vector():
    """Standard Webhooks' reference libraries test against this message."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = headers_for(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.7, body)
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_genuine(key, headers, body, 1614265330.0)


def test_what_was_altered_or_is_old_is_not_genuine():
    key = key_of(new_secret(lambda length: b"s" * length))
    headers = headers_for(key, "evt_1", 1000.0, b"{}")
    assert is_genuine(key, headers, b"{}", 1299.0)
    assert not is_genuine(key, headers, b"{ }", 1000.0)
    assert not is_genuine(key, headers, b"{}", 1302.0)
    assert not is_genuine(key, headers | {"webhook-id": "evt_2"}, b"{}", 1000.0)
    assert not is_genuine(key, headers | {"webhook-timestamp": "1001"}, b"{}", 1000.0)
    assert not is_genuine(key, headers | {"webhook-signature": "v1,AAAA v2,BBBB"}, b"{}", 1000.0)
    rotated = {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    assert is_genuine(key, headers | rotated, b"{}", 1000.0)


def test_a_secret_is_what_the_standard_says():
    text = new_secret(lambda length: b"s" * length)
    assert base64.b64decode(text.removeprefix(PREFIX)) == b"s" * 32
    for bad in ("whsec_", "whsec_short", "whsec_ä", "whsec_" + "A" * 200):
        with pytest.raises(Misuse, match="webhook's secret"):
            key_of(bad)


# Delivering


async def test_what_happens_is_sent_signed_with_the_entrys_number(world, owner, receiver):
    webhook = await made(owner)
    [seq] = await happen(world, "door_1")
    await world.context.webhooks.step()
    url, headers, body, message = receiver.got[-1]
    assert url == "https://example.com/in"
    assert headers["webhook-id"] == f"evt_{seq}"
    assert is_genuine(key_of(webhook["secret"]), headers, body, world.clock.utc())
    assert message["type"] == "journal.opened"
    assert message["timestamp"] == "2027-01-15T08:00:00Z"
    assert message["data"]["door_id"] == "door_1"


async def test_only_what_happened_after_it_was_made_and_of_its_kinds_is_sent(world, owner, receiver):
    await happen(world, "door_1")
    await made(owner, kinds=["jammed"])
    await happen(world, "door_1")
    [jammed] = await happen(world, "door_1", kind=Kind.JAMMED)
    await world.context.webhooks.step()
    assert receiver.seqs() == [jammed]


async def test_one_door_keeps_its_order_and_holds_up_no_other(world, owner, receiver):
    await made(owner, kinds=["opened"])
    first, other, second = await happen(world, "door_1", "door_2", "door_1")
    receiver.answers[first] = 500
    await world.context.webhooks.step()
    assert receiver.seqs() == [first, other]
    world.clock.advance(10)
    del receiver.answers[first]
    await world.context.webhooks.step()
    assert receiver.seqs() == [first, other, first, second]


async def test_a_failure_is_tried_again_later_and_later(world, owner, receiver):
    await made(owner, kinds=["opened"])
    await happen(world, "door_1")
    receiver.default = NotDelivered("no connection")
    waits = []
    for _ in range(5):
        wait = await world.context.webhooks.step()
        waits.append(wait)
        world.clock.advance(wait + 0.01)
    assert len(receiver.got) == 5
    for wait, expected in zip(waits, (5, 30, 120, 600, 1800), strict=True):
        assert 0.9 * expected <= wait <= 1.1 * expected


async def test_after_three_days_a_delivery_is_given_up_and_the_next_one_goes(world, owner, receiver):
    webhook = await made(owner, kinds=["opened"])
    [first] = await happen(world, "door_1")
    receiver.answers[first] = 500
    await world.context.webhooks.step()
    world.clock.advance(3 * DAY)
    [second] = await happen(world, "door_1")
    await world.context.webhooks.step()
    assert receiver.seqs() == [first, first, second]
    found = (await owner.get(f"/api/v1/webhooks/{webhook['id']}/deliveries")).json["data"]
    assert [(each["seq"], each["state"], each["attempts"]) for each in found] == [
        (second, "delivered", 1),
        (first, "given_up", 2),
    ]
    assert found[1]["status"] == 500


async def test_a_receiver_that_is_gone_for_good_is_not_asked_again(world, owner, receiver):
    webhook = await made(owner, kinds=["opened"])
    receiver.default = 410
    await happen(world, "door_1", "door_2")
    await world.context.webhooks.step()
    await world.context.webhooks.step()
    assert len(receiver.got) == 1
    found = (await owner.get(f"/api/v1/webhooks/{webhook['id']}")).json
    assert not found["is_enabled"]
    assert "gone" in found["why_disabled"]


async def test_five_days_of_failures_switch_a_webhook_off_and_it_can_be_switched_on(world, owner, receiver):
    webhook = await made(owner, kinds=["opened"])
    receiver.default = 500
    for _ in range(6):
        await happen(world, "door_1")
        await world.context.webhooks.step()
        world.clock.advance(DAY)
    path = f"/api/v1/webhooks/{webhook['id']}"
    assert not (await owner.get(path)).json["is_enabled"]
    receiver.default = 200
    count = len(receiver.got)
    answer = await owner.patch(path, {"is_enabled": True})
    assert (answer.json["is_enabled"], answer.json["failing_since"]) == (True, None)
    await world.context.webhooks.step()
    assert len(receiver.got) > count
    assert all(each["state"] != "waiting" for each in (await owner.get(f"{path}/deliveries")).json["data"])


async def test_what_was_not_sent_before_a_restart_is_sent_after_it(world, owner, receiver):
    await made(owner, kinds=["opened"])
    [first] = await happen(world, "door_1")
    receiver.answers[first] = 500
    await world.context.webhooks.step()
    again = sending.Webhooks(
        world.house.repository.database, world.house.journal, b"", world.clock, world.house.entropy, receiver
    )
    again._seal = world.context.webhooks._seal
    del receiver.answers[first]
    world.clock.advance(10)
    await again.step()
    await again.step()
    assert receiver.seqs() == [first, first]


async def test_one_can_ask_for_a_delivery_again(world, owner, receiver):
    webhook = await made(owner, kinds=["opened"])
    [first] = await happen(world, "door_1")
    await world.context.webhooks.step()
    path = f"/api/v1/webhooks/{webhook['id']}/deliveries/{first}/again"
    assert (await owner.post(path)).json["state"] == "waiting"
    await world.context.webhooks.step()
    assert receiver.seqs() == [first, first]
    assert receiver.got[0][1]["webhook-id"] == receiver.got[1][1]["webhook-id"]
    assert (await owner.post(path.replace(f"/{first}/", "/999999/"))).status == 404


async def test_a_removed_webhook_sends_nothing(world, owner, receiver):
    webhook = await made(owner, kinds=["opened"])
    await happen(world, "door_1")
    assert (await owner.delete(f"/api/v1/webhooks/{webhook['id']}")).status == 204
    await world.context.webhooks.step()
    assert receiver.got == []


async def test_the_task_sends_by_itself_and_ends(world, owner, receiver):
    await made(owner, kinds=["opened"])
    arrived = asyncio.Event()
    receive = receiver.post

    async def post(*args, **rest):
        arrived.set()
        return await receive(*args, **rest)

    receiver.post = post
    world.context.webhooks.start()
    await happen(world, "door_1")
    world.context.webhooks.wake()
    await asyncio.wait_for(arrived.wait(), 5)
    await world.context.webhooks.close()


# Where they may go


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://192.168.1.5/in",
        "https://10.1.2.3/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://169.254.169.254/latest",
        "https://0.0.0.0/",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
        "ftp://example.com/",
        "https://user:word@example.com/",
        "https://example.com/#part",
        "https:///nothing",
        "https://example.com:99999/",
        "https://ex ample.com/",
        "https://example.com/\r\nx: y",
        "https://[bad/",
        "nothing at all",
    ],
)
async def test_a_webhook_does_not_go_inside_or_to_what_is_no_address(world, owner, url):
    with pytest.raises(AddressRefused):
        check_url(url, is_local=False)
    assert (await owner.post("/api/v1/webhooks", {"url": url})).status == 422


@pytest.mark.parametrize("url", ["http://192.168.1.5:8123/api", "https://127.0.0.1/", "http://homeassistant.local/"])
async def test_an_owner_can_allow_the_homes_network_and_a_manager_cannot(world, owner, url):
    manager = await world.account(owner, "Max", "manager")
    body = {"url": url, "is_local": True}
    assert (await manager.post("/api/v1/webhooks", body)).status == 403
    made_by_owner = await owner.post("/api/v1/webhooks", body)
    assert made_by_owner.status == 201
    path = f"/api/v1/webhooks/{made_by_owner.json['id']}"
    assert (await manager.patch(path, {"url": "http://192.168.1.1/"})).status == 403
    assert (await manager.patch(path, {"name": "logbook"})).status == 200


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::ffff:169.254.1.1]/"]
)
def test_nobody_can_allow_link_local_addresses(url):
    with pytest.raises(AddressRefused):
        check_url(url, is_local=True)


async def test_a_name_that_leads_inside_is_noticed_when_it_is_dialled(monkeypatch):
    async def resolve(*_args, **_rest):
        return [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(AddressRefused):
        await HttpPoster().post("https://rebinding.test/", {}, b"", is_local=False)


async def serving(answer):
    """A server on the loopback that keeps what it got and answers this; its address."""
    got = []

    async def serve(reader, writer):
        got.append(await reader.readuntil(b"\r\n\r\n"))
        length = int(got[0].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.append(await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, got, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"HTTP/1.1 204 No Content\r\n\r\n", 204), (b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\n\r\n", 302)],
)
async def test_what_is_sent_is_plain_http_and_redirects_are_not_followed(answer, status):
    server, got, port = await serving(answer)
    async with server:
        found = await HttpPoster().post(
            f"http://127.0.0.1:{port}/in?a=b", {"webhook-id": "evt_1"}, b"{}", is_local=True
        )
    assert found == status
    assert got[0].startswith(b"POST /in?a=b HTTP/1.1\r\n")
    assert b"webhook-id: evt_1" in got[0]
    assert got[1] == b"{}"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n", b"x" * 40_000, b"\r\n"])
async def test_what_is_no_http_is_not_delivered(answer):
    server, _, port = await serving(answer)
    async with server:
        with pytest.raises(NotDelivered):
            await HttpPoster().post(f"http://127.0.0.1:{port}/", {}, b"{}", is_local=True)


async def test_a_receiver_that_says_nothing_is_given_up_in_time():
    ended = asyncio.Event()

    async def listen(reader, writer):
        await reader.read()
        writer.close()
        ended.set()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(NotDelivered, match="no answer"):
            await HttpPoster(timeout_s=0.05).post(f"http://127.0.0.1:{port}/", {}, b"{}", is_local=True)
        await asyncio.wait_for(ended.wait(), 5)
