"""Rules of notifications over the API: the address stays inside, and how it went is told."""

URL = "tgram://123456789:secret-token/1"
PATH = "/api/v1/notification_rules"


async def made(owner, **rest):
    answer = await owner.post(PATH, {"name": "Me", "url": URL, "kinds": ["opened", "low_battery"]} | rest)
    assert answer.status == 201, answer
    return answer.json


async def test_a_rule_is_made_changed_and_removed(world, owner):
    rule = await made(owner, quiet_from="22:00", quiet_to="07:00", door_ids=["door_1"])
    assert rule["service"] == "tgram"
    assert rule["kinds"] == ["low_battery", "opened"]
    assert (rule["quiet_from"], rule["quiet_to"], rule["unreachable_after_minutes"]) == ("22:00", "07:00", 15)
    changed = await owner.patch(f"{PATH}/{rule['id']}", {"quiet_from": None, "quiet_to": None, "kinds": ["duress"]})
    assert changed.json["quiet_from"] is None
    assert changed.json["kinds"] == ["duress"]
    assert changed.json["door_ids"] == ["door_1"]
    assert (await owner.patch(f"{PATH}/{rule['id']}", {"name": "B"}, if_match='"v1"')).status == 412
    assert (await owner.delete(f"{PATH}/{rule['id']}")).status == 204
    assert (await owner.get(PATH)).json["data"] == []


async def test_the_address_is_kept_sealed_and_told_nobody(world, owner):
    rule = await made(owner)
    world.house.notifications.sender.trouble = "the service does not know these keys"
    tested = (await owner.post(f"{PATH}/{rule['id']}/test", {})).json
    assert tested["last_error"] == "the service does not know these keys"
    assert tested["last_ok"] is None
    for answer in (await owner.get(PATH), await owner.get("/api/v1/journal"), tested):
        assert "secret-token" not in str(getattr(answer, "json", answer))
    dump = world.house.repository.database.read(lambda connection: "\n".join(connection.iterdump()))
    assert "secret-token" not in dump
    assert b"secret-token".hex() not in dump.lower()


async def test_a_test_is_sent_at_once(world, owner):
    rule = await made(owner)
    tested = (await owner.post(f"{PATH}/{rule['id']}/test", {})).json
    assert tested["last_error"] == ""
    assert tested["last_ok"] == "2027-01-15T08:00:00Z"
    ((url, title, body),) = world.house.notifications.sender.got
    assert url == URL
    assert title == "Home"
    assert "test" in body


async def test_what_makes_no_sense_is_refused(world, owner):
    for wrong in ({"kinds": []}, {"kinds": ["nonsense"]}, {"quiet_from": "22:00"}, {"url": "nonsense"}, {"code": "1"}):
        answer = await owner.post(PATH, {"name": "Me", "url": URL, "kinds": ["opened"]} | wrong)
        assert answer.status == 422, wrong


async def test_only_an_owner_allows_addresses_at_home(world, owner):
    manager = await world.account(owner, "Max", "manager")
    body = {"name": "Me", "url": "json://192.168.1.5/x", "kinds": ["opened"], "is_local": True}
    assert (await manager.post(PATH, body)).status == 403
    rule = (await owner.post(PATH, body)).json
    assert (await manager.patch(f"{PATH}/{rule['id']}", {"url": "json://192.168.1.6/x"})).status == 403
    assert (await manager.patch(f"{PATH}/{rule['id']}", {"name": "B"})).status == 200
