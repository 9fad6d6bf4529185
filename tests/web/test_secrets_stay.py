"""A code goes in, and comes out by one route alone: not in another answer, the log, the journal, a webhook, an event or the file."""

import json
import logging

from tests.web.conftest import PASSWORD
from tests.web.test_permissions import TABLE

from latchwork.web.signing import is_genuine

CODE = "739164"


async def given(world, owner):
    person_id = await world.person(owner)
    answer = await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": CODE, "label": "front"})
    assert answer.status == 201
    return person_id, answer.json["id"], answer


async def test_no_answer_but_the_reveal_has_the_code(world, owner, caplog):
    with caplog.at_level(logging.DEBUG):
        person_id, credential_id, answer = await given(world, owner)
        door_id, lock_id = await world.door_with_lock(owner)
        access = await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id]})
        answers = [answer, access]
        names = {"{person_id}": person_id, "{credential_id}": credential_id, "{door_id}": door_id, "{lock_id}": lock_id}
        names["{access_id}"] = access.json["id"]
        for method, path in TABLE:
            if method == "GET" and path != "/api/v1/events":
                address = path
                for name, value in names.items():
                    address = address.replace(name, value)
                answers.append(await owner.get(address))
        answers.append(await owner.patch(f"/api/v1/credentials/{credential_id}", {"label": "side"}))
        answers.append(await owner.post(f"/api/v1/credentials/{credential_id}/code", {"code": CODE[::-1]}))
        answers.append(await owner.get("/api/v1/journal/export", query={"format": "jsonl"}))
        revealed = await owner.post(f"/api/v1/credentials/{credential_id}/reveal")
    assert sum(each.status == 200 for each in answers) > 20
    for each in answers:
        assert CODE not in each.text
        assert CODE[::-1] not in each.text
    assert revealed.json["code"] == CODE[::-1]
    assert revealed.headers["cache-control"] == "no-store"
    assert CODE not in caplog.text
    assert CODE[::-1] not in caplog.text
    assert PASSWORD not in caplog.text
    dump = "\n".join(world.house.repository.database.read(lambda connection: list(connection.iterdump())))
    assert CODE not in dump
    assert CODE.encode().hex() not in dump.lower()
    assert CODE not in json.dumps([dict(event.data) for event in world.house.bus.ring])


async def test_every_reading_is_in_the_journal_with_who_did_it(world, owner):
    _, credential_id, _ = await given(world, owner)
    program = await world.token(owner, "codes:own", "codes:reveal")
    assert (await program.post(f"/api/v1/credentials/{credential_id}/reveal")).json["code"] == CODE
    entry = (await owner.get("/api/v1/journal", query={"search": "revealed"})).json["data"][0]
    assert entry["credential_id"] == credential_id
    assert entry["actor"] == f"account:{(await owner.get('/api/v1/session')).json['account_id']}"


async def test_reading_takes_its_own_permission(world, owner):
    person_id, credential_id, _ = await given(world, owner)
    path = f"/api/v1/credentials/{credential_id}/reveal"
    resident = await world.account(owner, "Rita", "resident")
    assert (await resident.post(path)).status == 403
    guest = await world.account(owner, "Gus", "guest")
    assert (await guest.post(path)).status == 404, "a guest does not learn that it exists"
    own = await world.account(owner, "Ana", "guest", person_id)
    assert (await own.post(path)).json["code"] == CODE
    program = await world.token(owner, "people:read", "people:write")
    assert (await program.post(path)).status == 403


async def test_a_browser_types_its_password_again_before_a_code_is_read(world, owner):
    _, credential_id, _ = await given(world, owner)
    path = f"/api/v1/credentials/{credential_id}/reveal"
    world.clock.advance(15 * 60 + 1)
    refused = await owner.post(path)
    assert (refused.status, refused.json["code"]) == (403, "confirmation_needed")
    assert (await owner.post("/api/v1/session/confirm", {"password": "wrong words these are"})).status == 401
    assert (await owner.post("/api/v1/session/confirm", {"password": PASSWORD})).status == 204
    assert (await owner.post(path)).json["code"] == CODE


async def test_readings_are_rationed(world, owner):
    _, credential_id, _ = await given(world, owner)
    statuses = [(await owner.post(f"/api/v1/credentials/{credential_id}/reveal")).status for _ in range(31)]
    assert statuses == [200] * 30 + [429]


async def test_a_code_made_by_chance_is_read_by_the_same_route_alone(world, owner):
    person_id = await world.person(owner)
    made = await owner.post(f"/api/v1/people/{person_id}/credentials", {"length": 8})
    assert made.json["length"] == 8
    code = (await owner.post(f"/api/v1/credentials/{made.json['id']}/reveal")).json["code"]
    assert len(code) == 8
    assert code not in made.text


async def test_a_webhooks_secret_is_told_once_and_signs(world, owner):
    made = await owner.post("/api/v1/webhooks", {"url": "https://example.com/in"})
    secret = made.json["secret"]
    for path in ("/api/v1/webhooks", f"/api/v1/webhooks/{made.json['id']}"):
        assert "secret" not in (await owner.get(path)).text
    dump = "\n".join(world.house.repository.database.read(lambda connection: list(connection.iterdump())))
    assert secret not in dump
    assert not is_genuine(b"x" * 32, {}, b"", 0.0)


async def test_a_removed_credential_cannot_be_read(world, owner):
    _, credential_id, _ = await given(world, owner)
    assert (await owner.delete(f"/api/v1/credentials/{credential_id}")).status == 204
    assert (await owner.post(f"/api/v1/credentials/{credential_id}/reveal")).status == 404
