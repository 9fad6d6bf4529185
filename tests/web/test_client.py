"""The client in Python against the real server, over the loopback."""

import asyncio
import json

import pytest
from tests.web.conftest import PASSWORD
from tests.web.test_totp import turn_on

from latchwork.base.errors import Misuse, Refused, Unreachable, Unsupported
from latchwork.web.client import ApiProblem, Client
from latchwork.web.client_login import become_owner, log_in, split_link
from latchwork.web.roles import Scope
from latchwork.web.server import PortInUse, WebServer


@pytest.fixture
async def server(world):
    async with WebServer(world.app, "127.0.0.1", 0) as server:
        yield server


@pytest.fixture
async def client(world, owner, server):
    token = (await world.token(owner, *Scope)).token
    with Client(f"http://127.0.0.1:{server.port}", token, timeout=5.0) as client:
        yield client


async def test_a_week_by_script(world, client):
    def week():
        steps = []
        result = client.wait(client.add_lock("34970112332", "Front"), tell=steps.append, sleep=lambda _: None)
        ana = client.add_person("Ana", email="ana@example.com")
        code = client.add_code(ana["id"], length=6)
        access = client.grant(ana["id"], [result["door_id"]], {"kind": "once"})
        client.unlock(result["door_id"])
        assert client.door(result["door_id"])["status"]["lock_state"] == "unlocked"
        client.lock(result["door_id"])
        revealed = client.reveal(code["id"])
        client.set_code(code["id"], "739164")
        assert client.reveal(code["id"]) == "739164"
        head = client.head()
        assert [each["name"] for each in client.people()] == ["Ana"]
        assert [each["id"] for each in client.credentials(ana["id"])] == [code["id"]]
        assert [each["id"] for each in client.accesses(door_id=result["door_id"])] == [access["id"]]
        client.revoke(access["id"])
        client.remove_credential(code["id"])
        assert client.move_out(ana["id"])["is_gone_everywhere"]
        assert client.verify(head)["is_whole"]
        return steps, revealed, list(client.journal(search="revealed"))

    steps, revealed, entries = await asyncio.to_thread(week)
    assert steps == ["find the device", "done"]
    assert len(revealed) == 6
    assert len(entries) == 2
    assert [operation.value for _, operation, _ in world.house.locks.done] == ["unlock", "lock"]


async def test_a_refusal_is_an_error_with_its_code(client):
    with pytest.raises(ApiProblem, match="no such person") as refused:
        await asyncio.to_thread(client.move_out, "person_nobody")
    assert (refused.value.status, refused.value.code) == (404, "not_found")
    with pytest.raises(ApiProblem, match="/body/name"):
        await asyncio.to_thread(client.add_person, "")


@pytest.mark.parametrize(
    ("status", "code", "blame"),
    [
        (404, "not_found", Misuse),
        (422, "not_possible", Misuse),
        (422, "not_supported", Unsupported),
        (403, "forbidden", Refused),
        (502, "lock_refused", Refused),
        (504, "lock_unreachable", Unreachable),
        (500, "internal_error", type(None)),
    ],
)
def test_a_problem_says_whose_fault_it_is(status, code, blame):
    problem = ApiProblem(status, {"title": "No", "code": code})
    assert isinstance(problem.cause, blame)
    assert (problem.status, problem.code) == (status, code)


async def test_the_journal_comes_piece_by_piece(client):
    await asyncio.to_thread(client.add_person, "Ana")

    def exported():
        return b"".join(client.export("jsonl", [("kind", "audit"), ("kind", "opened")])).decode()

    lines = (await asyncio.to_thread(exported)).splitlines()
    assert json.loads(lines[-1])["kind"] == "audit"
    with pytest.raises(ApiProblem) as refused:
        await asyncio.to_thread(lambda: list(client.export("xml")))
    assert refused.value.status == 422


async def test_a_program_gets_its_token_by_logging_in_once(world, owner, server):
    url = f"http://127.0.0.1:{server.port}"

    def enter():
        made = log_in(url, "Olive", PASSWORD, token_name="a script", scopes=["doors:read"])
        with Client(url, made["token"]) as program:
            return made, program.doors()

    made, doors = await asyncio.to_thread(enter)
    assert (made["scopes"], doors) == (["doors:read"], [])
    assert [each["name"] for each in (await owner.get("/api/v1/tokens")).json["data"]] == ["a script"]
    assert len((await owner.get("/api/v1/sessions")).json["data"]) == 1


async def test_a_code_is_asked_for_where_the_account_has_a_second_factor(world, owner, server):
    phone, _ = await turn_on(world, owner)
    url = f"http://127.0.0.1:{server.port}"
    with pytest.raises(ApiProblem) as refused:
        await asyncio.to_thread(log_in, url, "Olive", PASSWORD, token_name="a script")
    assert refused.value.code == "second_factor_needed"
    made = await asyncio.to_thread(log_in, url, "Olive", PASSWORD, token_name="a script", code=phone.code)
    assert made["token"].startswith("latchwork_")


async def test_the_owners_link_is_good_once(world, server):
    link = f"http://127.0.0.1:{server.port}/setup#{world.context.owner_link.renew()}"
    made = await asyncio.to_thread(become_owner, link, "Olive", PASSWORD, token_name="a terminal")
    assert "accounts:write" in made["scopes"]
    with pytest.raises(ApiProblem, match="not good any more"):
        await asyncio.to_thread(become_owner, link, "Eve", PASSWORD, token_name="a terminal")


def test_what_is_no_owners_link_is_refused():
    assert split_link("https://hub.test/below/setup#abc") == ("https://hub.test/below", "abc")
    for text in ("http://hub.test", "http://hub.test/setup", "http://hub.test/elsewhere#abc"):
        with pytest.raises(Misuse):
            split_link(text)


async def test_live_events_by_script(world, client):
    def three():
        events = client.events()
        found = [next(events) for _ in range(2)]
        events.close()
        again = client.events(found[0]["id"])
        found.append(next(again))
        again.close()
        return found

    listening = asyncio.create_task(asyncio.to_thread(three))
    await world.house.bus.heard(2)
    world.house.bus.publish("tick", {"count": 1})
    world.house.bus.publish("tick", {"count": 2})
    found = await asyncio.wait_for(listening, 5)
    assert [each["data"]["count"] for each in found] == [1, 2, 2]


async def test_a_hub_that_is_not_there_is_unreachable(world):
    async with WebServer(world.app, "127.0.0.1", 0) as server:
        port = server.port
        with pytest.raises(PortInUse):
            await WebServer(world.app, "127.0.0.1", port).__aenter__()
    with pytest.raises(Unreachable):
        await asyncio.to_thread(Client(f"http://127.0.0.1:{port}", "latchwork_x", timeout=1.0).doors)
    with pytest.raises(Misuse):
        Client("somewhere", "latchwork_x")
    assert "latchwork_x" not in repr(Client("http://hub.test", "latchwork_x"))


async def test_a_server_that_ends_waits_for_nobody_who_listens(world, owner):
    token = (await world.token(owner, *Scope)).token
    async with WebServer(world.app, "127.0.0.1", 0, before_end=world.context.end_streams) as server:
        client = Client(f"http://127.0.0.1:{server.port}", token, timeout=5.0)
        listening = asyncio.create_task(asyncio.to_thread(lambda: list(client.events())))
        await world.house.bus.heard(2)
    # The first thing that the other end hears is the end, well before the server's patience is over.
    assert await asyncio.wait_for(listening, 2) == []


async def test_the_server_says_little_of_itself(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: hub.test\r\nconnection: close\r\n\r\n")
    answer = (await reader.read()).decode().lower()
    writer.close()
    assert json.loads(answer.partition("\r\n\r\n")[2]) == {"status": "ok"}
    assert "server:" not in answer
    assert "uvicorn" not in answer
