"""Sharing over the API: the code where it belongs and nowhere else, and refusals that say what to do."""

import json

import pytest
from tests.support.shared_lock import APPLE, GOOGLE, SharedLock, fabric

from latchwork.matter.onboarding import parse


@pytest.fixture
async def shared(world, owner):
    """A lock at a door, by its id, and what stands behind it."""
    _, lock_id = await world.door_with_lock(owner)
    lock = world.house.sharing.locks[world.house.repository.lock(lock_id).node_id] = SharedLock(1)
    return lock_id, lock


def path(lock_id, rest="share"):
    return f"/api/v1/locks/{lock_id}/{rest}"


async def test_what_is_known_of_ecosystems_is_told_with_its_sources(world, owner):
    guest = await world.account(owner, "Gus", "guest")
    known = {each["id"]: each for each in (await guest.get("/api/v1/ecosystems")).json["data"]}
    assert list(known) == ["apple", "google", "alexa", "smartthings", "home_assistant", "aqara", "latchwork"]
    lives = {name: each["own_code_minutes"] for name, each in known.items()}
    assert lives["google"] == 3
    assert lives["apple"] == 5
    assert lives["alexa"] == lives["smartthings"] == 15
    assert lives["aqara"] is None
    for each in known.values():
        assert each["needs"]
        assert each["steps"]
        assert bool(each["own_code_minutes"]) is bool(each["own_code_minutes_source"])
        for fact in [*each["needs"], *each["steps"], *each["notes"], each["own_code"]]:
            assert fact["is_assumed"] is not bool(fact["source"])


async def test_a_window_is_opened_shown_drawn_and_closed(world, owner, shared):
    lock_id, lock = shared
    answer = await owner.post(path(lock_id), {"minutes": 10, "ecosystem": "apple"})
    assert answer.status == 201
    assert (answer.json["state"], answer.json["ecosystem"]) == ("open", "apple")
    assert parse(answer.json["qr"]).passcode == parse(answer.json["code"]).passcode
    assert (answer.json["opened_at"], answer.json["ends_at"]) == ("2027-01-15T08:00:00Z", "2027-01-15T08:10:00Z")
    assert answer.json["free_fabrics"] == 4
    assert [each["is_ours"] for each in answer.json["fabrics"]] == [True]
    assert answer.json["steps"]
    assert answer.headers["cache-control"] == "no-store"
    seen = await owner.get(path(lock_id))
    assert seen.json["code"] == answer.json["code"]
    picture = await owner.get(path(lock_id, "share/qr"))
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.body.startswith(b"<?xml")
    assert b"<script" not in picture.body
    assert (await owner.delete(path(lock_id))).status == 204
    assert lock.done[-1] == "revoke"
    seen = (await owner.get(path(lock_id))).json
    assert (seen["state"], seen["code"], seen["last"]["outcome"]) == ("closed", None, "closed")
    assert (await owner.get(path(lock_id, "share/qr"))).status == 404
    again = await owner.delete(path(lock_id))
    assert (again.status, again.json["code"]) == (409, "not_open")


async def test_the_code_is_in_no_event_and_not_in_the_journal(world, owner, shared):
    lock_id, lock = shared
    answer = (await owner.post(path(lock_id), {})).json
    lock.joins(2, APPLE, "Home")
    assert (await owner.get(path(lock_id))).json["last"]["joined"] == ["Apple (Home)"]
    told = json.dumps([each.data for each in world.house.bus.ring])
    journal = (await owner.get("/api/v1/journal")).text
    digits = answer["code"].replace("-", "")
    for text in (told, journal):
        assert answer["code"] not in text
        assert digits not in text
        assert answer["qr"] not in text
        assert str(parse(answer["qr"]).passcode) not in text
    assert "share_joined" in journal


async def test_whoever_only_reads_sees_who_is_there_and_no_code(world, owner, shared):
    lock_id, _ = shared
    reader = await world.account(owner, "Ray", "read_only")
    await owner.post(path(lock_id), {})
    assert (await reader.get(path(lock_id, "fabrics"))).status == 200
    assert (await reader.get(path(lock_id))).status == 403
    assert (await reader.get(path(lock_id, "share/qr"))).status == 403


async def test_a_second_window_is_refused_with_who_opened_the_first_and_when_it_ends(world, owner, shared):
    lock_id, lock = shared
    first = (await owner.post(path(lock_id), {"minutes": 5})).json
    second = await owner.post(path(lock_id), {}, idempotency_key="again")
    assert (second.status, second.json["code"]) == (409, "window_open")
    assert (second.json["is_ours"], second.json["ends_at"]) == (True, first["ends_at"])
    await owner.delete(path(lock_id))
    lock.fabrics[3] = fabric(3, GOOGLE, "Villa")
    lock.opener = (3, GOOGLE)
    third = await owner.post(path(lock_id), {})
    assert (third.status, third.json["opened_by"], third.json["is_ours"]) == (409, "Google (Villa)", False)
    assert third.json["ends_at"] == "2027-01-15T08:15:00Z"
    seen = (await owner.get(path(lock_id))).json
    assert (seen["state"], seen["opened_by"], seen["code"]) == ("open_by_other", "Google (Villa)", None)
    closing = await owner.delete(path(lock_id))
    assert (closing.status, closing.json["code"]) == (409, "window_open")
    assert lock.opener == (3, GOOGLE)


async def test_a_full_lock_is_refused_by_the_names_of_who_is_on_it(owner, shared):
    lock_id, lock = shared
    for index, vendor in ((2, APPLE), (3, GOOGLE)):
        lock.fabrics[index] = fabric(index, vendor)
    lock.supported = 3
    answer = await owner.post(path(lock_id), {})
    assert (answer.status, answer.json["code"]) == (409, "no_free_fabric")
    assert answer.json["fabrics"] == ["Test vendor 1 (Latchwork)", "Apple", "Google"]
    assert ("open", 900) not in lock.done


async def test_an_ecosystem_is_removed_by_its_name_and_never_this_hub(owner, shared):
    lock_id, lock = shared
    lock.fabrics[2] = fabric(2, APPLE, "Home")
    listed = (await owner.get(path(lock_id, "fabrics"))).json["data"]
    assert [(each["index"], each["vendor"], each["label"]) for each in listed] == [
        (1, "Test vendor 1", "Latchwork"),
        (2, "Apple", "Home"),
    ]
    assert listed[1]["node_id"] == f"{200:016X}"
    assert (await owner.delete(path(lock_id, "fabrics/2"))).status == 422
    wrong = await owner.delete(path(lock_id, "fabrics/2"), query={"confirm": "Google"})
    assert (wrong.status, wrong.json["expected_confirmation"]) == (409, "Apple")
    ours = await owner.delete(path(lock_id, "fabrics/1"), query={"confirm": "Latchwork"})
    assert (ours.status, ours.json["code"]) == (409, "own_fabric")
    assert (await owner.delete(path(lock_id, "fabrics/9"), query={"confirm": "Apple"})).status == 404
    assert not lock.done
    assert (await owner.delete(path(lock_id, "fabrics/2"), query={"confirm": "Home"})).status == 204
    assert lock.done == [("remove", 2)]


async def test_what_cannot_be_is_refused_before_the_lock_hears_of_it(owner, shared):
    lock_id, lock = shared
    for body in ({"minutes": 2}, {"minutes": 16}, {"ecosystem": "nobody"}, {"more": 1}):
        assert (await owner.post(path(lock_id), body)).status == 422
    assert not lock.done


async def test_a_lock_that_does_not_answer_is_neither_open_nor_closed(owner, shared):
    lock_id, lock = shared
    lock.is_silent = True
    assert (await owner.post(path(lock_id), {})).status == 504
    seen = (await owner.get(path(lock_id))).json
    assert (seen["state"], seen["free_fabrics"], seen["fabrics"]) == ("unknown", None, [])
    assert "does not answer" in seen["why"]
    assert (await owner.get(path(lock_id, "fabrics"))).status == 504
