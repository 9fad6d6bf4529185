"""A request with an Idempotency-Key is done once, however often it comes; versions keep two people from undoing each other."""

import asyncio

import pytest
from tests.web.conftest import PASSWORD

DAY = 86_400


async def names(owner):
    return [each["name"] for each in (await owner.get("/api/v1/people")).json["data"]]


async def test_the_same_request_twice_is_done_once_and_answered_alike(world, owner):
    first = await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")
    again = await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await names(owner) == ["Ana"]


async def test_two_at_once_are_done_once(world, owner):
    both = await asyncio.gather(
        *(owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1") for _ in range(2))
    )
    assert sorted(each.status for each in both) == [201, 409]
    assert await names(owner) == ["Ana"]


async def test_a_key_belongs_to_one_request_and_one_account(world, owner):
    await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")
    other = await owner.post("/api/v1/people", {"name": "Bob"}, idempotency_key="k1")
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
    assert (await owner.post("/api/v1/doors", {"name": "Ana"}, idempotency_key="k1")).status == 422
    manager = await world.account(owner, "Max", "manager")
    assert (await manager.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")).status == 201
    assert await names(owner) == ["Ana", "Ana"]


async def test_what_was_refused_may_be_tried_again_with_the_same_key(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    status = world.house.locks.states[lock_id]
    world.house.locks.states[lock_id] = type(status)(is_reachable=False)
    assert (await owner.post(f"/api/v1/doors/{door_id}/unlock", idempotency_key="k1")).status == 504
    world.house.locks.states[lock_id] = status
    assert (await owner.post(f"/api/v1/doors/{door_id}/unlock", idempotency_key="k1")).status == 204
    assert (await owner.post(f"/api/v1/doors/{door_id}/unlock", idempotency_key="k1")).status == 204
    assert len(world.house.locks.done) == 1


async def test_after_a_day_a_key_is_new(world, owner):
    await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")
    world.clock.advance(DAY)
    await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")
    assert await names(owner) == ["Ana", "Ana"]


async def test_what_a_crash_interrupted_can_be_asked_again(world, owner):
    database = world.house.repository.database
    actor = f"account:{(await owner.get('/api/v1/session')).json['account_id']}"
    await database.write(
        lambda to: (
            to.execute("INSERT INTO answered VALUES (?, 'k1', x'00', NULL, ?)", (actor, world.clock.utc())).rowcount
        )
    )
    assert (await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")).status == 422
    await world.context.answers.forget_unfinished()
    assert (await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key="k1")).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\x01"])
async def test_a_key_that_is_none_is_refused(world, owner, key):
    assert (await owner.post("/api/v1/people", {"name": "Ana"}, idempotency_key=key)).status == 400


async def test_kept_answers_hold_no_code_and_no_token_in_clear(world, owner):
    person_id = await world.person(owner)
    await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": "739164"}, idempotency_key="k1")
    body = {"name": "kept", "scopes": ["site:read"]}
    made = await owner.post("/api/v1/tokens", body, idempotency_key="k2")
    again = await owner.post("/api/v1/tokens", body, idempotency_key="k2")
    assert again.json["token"] == made.json["token"]
    rows = world.house.repository.database.read(
        lambda to: to.execute("SELECT request, sealed FROM answered").fetchall()
    )
    assert len(rows) == 2
    for request, sealed in rows:
        assert b"739164" not in request + sealed
        assert made.json["token"].encode() not in request + sealed


async def test_a_reveal_is_never_answered_from_memory(world, owner):
    person_id = await world.person(owner)
    made = (await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": "739164"})).json
    for _ in range(2):
        answer = await owner.post(f"/api/v1/credentials/{made['id']}/reveal", idempotency_key="k1")
        assert answer.json["code"] == "739164"
    entries = (await owner.get("/api/v1/journal", query={"search": "revealed"})).json["data"]
    assert len(entries) == 2


ROUTES = ["people", "doors", "accesses", "webhooks", "accounts"]


async def made(world, owner, what):
    """Something of this kind: its address and a change for it."""
    if what == "people":
        return f"/api/v1/people/{await world.person(owner)}", {"name": "Bob"}
    if what == "doors":
        return f"/api/v1/doors/{(await owner.post('/api/v1/doors', {'name': 'Back'})).json['id']}", {"name": "Rear"}
    if what == "accesses":
        person_id = await world.person(owner)
        door_id = (await owner.post("/api/v1/doors", {"name": "Back"})).json["id"]
        access = (await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id]})).json
        return f"/api/v1/accesses/{access['id']}", {"note": "until spring"}
    if what == "webhooks":
        webhook = (await owner.post("/api/v1/webhooks", {"url": "https://example.com/in"})).json
        return f"/api/v1/webhooks/{webhook['id']}", {"name": "logbook"}
    account = (await owner.post("/api/v1/accounts", {"name": "Max", "password": PASSWORD, "role": "manager"})).json
    return f"/api/v1/accounts/{account['id']}", {"role": "resident"}


@pytest.mark.parametrize("what", ROUTES)
async def test_a_change_of_what_is_not_any_more_what_was_read_is_refused(world, owner, what):
    path, change = await made(world, owner, what)
    tag = (await owner.get(path)).headers["etag"]
    changed = await owner.patch(path, change, if_match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag
    late = await owner.patch(path, change, if_match=tag)
    assert (late.status, late.json["code"]) == (412, "version_changed")
    assert (await owner.patch(path, change, if_match=f"{tag}, {changed.headers['etag']}")).status == 200
    assert (await owner.patch(path, change, if_match="*")).status == 200
    assert (await owner.patch(path, change)).status == 200


async def test_the_site_has_a_tag_too(world, owner):
    tag = (await owner.get("/api/v1/site")).headers["etag"]
    assert (await owner.patch("/api/v1/site", {"time_zone": "Europe/Paris"}, if_match=tag)).status == 200
    assert (await owner.patch("/api/v1/site", {"name": "Cottage"}, if_match=tag)).status == 412
    assert (await owner.patch("/api/v1/site", {"time_zone": "Mars/Olympus"})).status == 422
    assert (await owner.get("/api/v1/site")).json["time_zone"] == "Europe/Paris"
