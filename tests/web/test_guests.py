"""Guests over the web: one call, a page that only the link opens, and nothing told to whoever guesses."""

import json
import logging

import pytest

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.journal.query import Filter
from latchwork.web.api.guests import HEADERS

WINDOW = {"kind": "window", "start": "2027-01-15T08:00:00Z", "end": "2027-01-20T08:00:00Z"}


@pytest.fixture
async def front(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    world.house.locks.can = {"kinds": {CredentialKind.PIN: 10}, "pin_length": (5, 8), "year_days": 3}
    return door_id, lock_id


async def invite(owner, door_id, **rest):
    answer = await owner.post("/api/v1/guests", {"name": "Ana", "door_ids": [door_id], "rule": WINDOW} | rest)
    assert answer.status == 201, answer
    return answer


def path_of(made):
    return made.json["link"]["url"].removeprefix("http://hub.test")


async def test_one_call_gives_person_code_access_link_and_message(world, owner, front):
    door_id, _ = front
    made = await invite(owner, door_id, email="ana@example.org", code_length=8)
    body = made.json
    assert made.headers["cache-control"] == "no-store"
    assert body["person"]["email"] == "ana@example.org"
    assert body["access"]["origin"] == "guest"
    assert body["access"]["door_ids"] == [door_id]
    assert len(body["code"]) == 8
    assert body["credential"]["length"] == 8
    assert body["link"]["ends_at"] == "2027-01-20T08:00:00Z"
    assert body["code"] in body["message"]
    assert body["link"]["url"] in body["message"]
    assert (door_id,) in world.house.woken
    (credential,) = (await owner.get(f"/api/v1/people/{body['person']['id']}/credentials")).json["data"]
    assert "code" not in credential


async def test_without_a_link_there_is_no_page_and_the_message_names_none(owner, front):
    made = (await invite(owner, front[0], link=False)).json
    assert made["link"] is None
    assert "http" not in made["message"]
    state = (await owner.get(f"/api/v1/accesses/{made['access']['id']}/link")).json
    assert state == {"is_open": False, "created_at": None, "ends_at": None, "opened_at": None}


async def test_a_length_that_a_lock_does_not_take_is_refused_with_the_lock_and_the_lengths(world, owner, front):
    answer = await owner.post(
        "/api/v1/guests", {"name": "Ana", "door_ids": [front[0]], "rule": WINDOW, "code_length": 4}
    )
    assert answer.status == 422
    assert "Front (5 to 8)" in answer.json["detail"]
    assert "Choose 5 to 8 digits" in answer.json["detail"]
    assert (await owner.get("/api/v1/people")).json["data"] == []


async def test_a_door_that_is_none_and_a_time_that_is_over_are_refused(owner, front):
    bad = {"name": "Ana", "door_ids": ["door_none"], "rule": WINDOW}
    assert (await owner.post("/api/v1/guests", bad)).status == 404
    past = {"kind": "window", "start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    answer = await owner.post("/api/v1/guests", {"name": "Ana", "door_ids": [front[0]], "rule": past})
    assert (answer.status, answer.json["code"]) == (422, "not_possible")
    twice = await owner.post("/api/v1/guests", {"name": "Ana", "door_ids": [front[0]] * 2, "rule": WINDOW})
    assert twice.status == 422


async def test_the_same_request_twice_invites_once_and_tells_the_code_twice(owner, front):
    body = {"name": "Ana", "door_ids": [front[0]], "rule": WINDOW}
    first = await owner.post("/api/v1/guests", body, idempotency_key="once")
    again = await owner.post("/api/v1/guests", body, idempotency_key="once")
    assert first.json == again.json
    assert len((await owner.get("/api/v1/people")).json["data"]) == 1


async def test_the_page_needs_no_account_and_is_kept_nowhere(world, owner, front):
    made = await invite(owner, front[0])
    stranger = world.browser()
    page = await stranger.get(path_of(made))
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert made.json["code"] in page.text
    assert "Valid now, until Wednesday, 20 January 2027, 08:00." in page.text
    assert "set-cookie" not in page.headers
    told = await stranger.get(f"/api/v1{path_of(made)}")
    assert told.json["code"] == made.json["code"]
    assert told.json["doors"][0]["readiness"] == "on_its_way"
    for answer in (page, told):
        assert HEADERS.items() <= answer.headers.items()
        assert "frame-ancestors" in answer.headers["content-security-policy"]


async def test_every_wrong_link_looks_the_same(world, owner, front):
    made = await invite(owner, front[0])
    right = path_of(made).rpartition("/")[2]
    await owner.delete(f"/api/v1/accesses/{made.json['access']['id']}/link")
    stranger = world.browser()
    wrong = [right, right[:-1], "x", "A" * 32, "%F0%9F%94%91", "..%2e", "a" * 3000]
    pages = [await stranger.get(f"/guest/{token}") for token in wrong]
    told = [await stranger.get(f"/api/v1/guest/{token}") for token in wrong]
    assert {answer.status for answer in (*pages, *told)} == {404}
    assert len({page.text for page in pages}) == 1
    assert "not here" in pages[0].text
    problems = {json.dumps({**answer.json, "instance": ""}) for answer in told}
    assert len(problems) == 1
    for answer in (*pages, *told):
        assert HEADERS.items() <= answer.headers.items()


async def test_whoever_tries_many_links_is_slowed_down(world):
    stranger = world.browser()
    statuses = [(await stranger.get(f"/guest/{number}")).status for number in range(31)]
    assert statuses == [404] * 30 + [429]
    assert (await world.browser(address="192.0.2.8").get("/guest/x")).status == 404
    world.clock.advance(60)
    assert (await stranger.get("/guest/x")).status == 404


async def test_a_new_link_ends_the_one_before_and_none_outlives_its_access(world, owner, front):
    made = await invite(owner, front[0])
    path = f"/api/v1/accesses/{made.json['access']['id']}/link"
    short = await owner.post(path, {"ends_at": "2027-01-16T08:00:00Z"})
    assert short.json["ends_at"] == "2027-01-16T08:00:00Z"
    long = await owner.post(path, {"ends_at": "2030-01-16T08:00:00Z"})
    assert long.json["ends_at"] == "2027-01-20T08:00:00Z"
    past = await owner.post(path, {"ends_at": "2020-01-16T08:00:00Z"})
    assert past.status == 422
    stranger = world.browser()
    assert (await stranger.get(path_of(made))).status == 404
    latest = long.json["url"].removeprefix("http://hub.test")
    assert (await stranger.get(latest)).status == 200
    world.clock.advance(6 * 86_400)
    assert (await stranger.get(latest)).status == 404
    assert not (await owner.get(path)).json["is_open"]


async def test_a_link_is_made_only_where_there_is_a_code_to_show(owner, front):
    person = (await owner.post("/api/v1/people", {"name": "Bo"})).json["id"]
    body = {"person_id": person, "door_ids": [front[0]], "rule": {"kind": "always"}}
    access = (await owner.post("/api/v1/accesses", body)).json["id"]
    assert (await owner.post(f"/api/v1/accesses/{access}/link", {})).status == 422
    assert (await owner.post("/api/v1/accesses/access_none/link", {})).status == 404
    await owner.post(f"/api/v1/people/{person}/credentials", {})
    assert (await owner.post(f"/api/v1/accesses/{access}/link", {})).status == 200


async def test_an_access_that_is_switched_off_shows_no_code(world, owner, front):
    made = await invite(owner, front[0])
    await owner.patch(f"/api/v1/accesses/{made.json['access']['id']}", {"is_enabled": False})
    told = (await world.browser().get(f"/api/v1{path_of(made)}")).json
    assert told["code"] is None
    assert told["validity"] == "This code does not work at the moment."


async def test_neither_code_nor_link_is_in_the_log_the_journal_or_a_live_event(world, owner, front, caplog):
    with caplog.at_level(logging.DEBUG):
        made = await invite(owner, front[0])
        await world.browser().get(path_of(made))
        await world.browser().get(f"/api/v1{path_of(made)}")
    token = path_of(made).rpartition("/")[2]
    logged = "\n".join(f"{each.getMessage()} {getattr(each, 'fields', '')}" for each in caplog.records)
    page = await world.house.journal.page(Filter(), limit=200)
    events = repr([event.data for event in world.house.bus.ring])
    metrics = (await owner.get("/metrics")).text
    for text in (logged, repr(page.entries), events, metrics):
        assert token not in text
        assert made.json["code"] not in text
    assert sum(each.detail.get("did") == "guest_page_opened" for each in page.entries) == 1


async def test_behind_a_trusted_proxy_the_link_is_what_the_guest_can_reach(owner, front, world):
    object.__setattr__(world.context.settings, "trusted_proxies", frozenset({"192.0.2.7"}))
    made = await owner.post(
        "/api/v1/guests",
        {"name": "Ana", "door_ids": [front[0]], "rule": WINDOW},
        x_forwarded_host="doors.example.org",
        x_forwarded_proto="https",
    )
    assert made.json["link"]["url"].startswith("https://doors.example.org/guest/")
    path = f"/api/v1/accesses/{made.json['access']['id']}/link"
    below = await owner.post(path, {}, x_ingress_path="/ingress/abc", x_forwarded_host="evil.test, home.test")
    assert below.json["url"].startswith("http://home.test/ingress/abc/guest/")
    odd = await owner.post(path, {}, x_ingress_path="//evil.test", x_forwarded_host="a b")
    assert odd.json["url"].startswith("http://localhost/guest/")


async def test_what_a_stranger_says_of_proxies_changes_no_link(owner, front):
    made = await owner.post(
        "/api/v1/guests",
        {"name": "Ana", "door_ids": [front[0]], "rule": WINDOW},
        x_forwarded_host="evil.test",
        x_forwarded_proto="https",
        x_ingress_path="/evil",
    )
    assert made.json["link"]["url"].startswith("http://hub.test/guest/")


async def test_what_stands_in_the_way_is_told_for_a_door_and_with_an_invitation(world, owner, front):
    path = f"/api/v1/doors/{front[0]}/preconditions"
    assert (await owner.get(path)).json["data"] == []
    world.house.locks.can |= {"is_sleepy": True, "sleep_s": 1800}
    (found,) = (await owner.get(path)).json["data"]
    assert (found["code"], found["is_blocking"], found["since"]) == ("asleep", False, None)
    assert [each["code"] for each in (await invite(owner, front[0])).json["warnings"]] == ["asleep"]
    world.house.locks.can = {"has_users": False}
    assert [each["code"] for each in (await owner.get(path)).json["data"]] == ["firmware_too_old"]
    bare = (await owner.post("/api/v1/doors", {"name": "Shed"})).json["id"]
    assert [each["code"] for each in (await owner.get(f"/api/v1/doors/{bare}/preconditions")).json["data"]] == [
        "no_lock"
    ]
    assert (await owner.get("/api/v1/doors/door_none/preconditions")).status == 404


async def test_a_report_of_somebody_who_left_is_signed_and_verified(world, owner, front):
    made = await invite(owner, front[0])
    person = made.json["person"]["id"]
    assert (await owner.get(f"/api/v1/people/{person}/removal")).status == 404
    assert (await owner.post(f"/api/v1/people/{person}/move_out", {})).status == 200
    report = (await owner.get(f"/api/v1/people/{person}/removal")).json
    assert "is_complete" in report, report
    assert report["is_complete"]
    assert report["person"]["name"] == "Ana"
    told = (await owner.post("/api/v1/reports/verify", {"report": report})).json
    assert told["is_genuine"]
    for wrong in ({}, report | {"person": {}}, {"kind": report["kind"], "version": 1, "locks": [[[]]]}):
        told = (await owner.post("/api/v1/reports/verify", {"report": wrong})).json
        assert not told["is_genuine"]
        assert told["why"]
    paper = await owner.get(f"/api/v1/people/{person}/removal", query={"format": "text"})
    assert paper.headers["content-type"].startswith("text/plain")
    assert paper.text.startswith("Removal report: Ana")
