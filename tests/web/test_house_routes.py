"""Doors, locks, people and accesses by the API: what a manager does in a week, and what each answer says of it."""

from dataclasses import replace

import pytest
from tests.web.conftest import PASSWORD

from latchwork.hub.house.desired import Trouble, TroubleCode
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Observed, SeenCredential, SeenUser, Slot
from latchwork.hub.house.placed import PlacedCredential, PlacedUser, Proof

HOURS = {
    "kind": "weekly",
    "hours": [{"days": ["mon", "fri"], "start": "22:00", "end": "06:00"}],
    "is_off_on_holidays": True,
}
RULES = [
    {"kind": "always"},
    HOURS | {"except_on": ["2027-12-24"], "start": "2027-01-01T00:00:00Z", "end": None},
    {"kind": "window", "start": "2027-05-01T14:00:00Z", "end": "2027-05-03T09:00:00.500Z"},
    {"kind": "once", "start": None, "end": "2027-05-03T09:00:00Z"},
    {"kind": "first_use", "minutes": 90, "start": None, "end": None},
]
BAD_RULES = [
    {"kind": "sometimes"},
    {"kind": "window", "start": "2027-05-03T09:00:00Z", "end": "2027-05-01T09:00:00Z"},
    {"kind": "window", "start": "2027-05-01T09:00:00", "end": "2027-05-02T09:00:00"},
    {"kind": "window", "start": 1.0, "end": 2.0},
    {"kind": "once", "start": "tomorrow"},
    {"kind": "first_use", "minutes": 0},
    {"kind": "always", "start": None},
    {"kind": "weekly", "hours": []},
    {"kind": "weekly", "hours": [{"days": ["mon"], "start": "25:00", "end": "26:00"}]},
    {"kind": "weekly", "hours": [{"days": ["someday"], "start": "08:00", "end": "09:00"}]},
    HOURS | {"except_on": ["2027-02-30"]},
]


async def placed(world, lock_id, person_id, credential_id, *, proof=Proof.OCCUPIED, version=1, is_pending=False):
    """What sync would have written after putting a code on."""
    repository = world.house.repository
    await repository.save_placed_user(PlacedUser(lock_id=lock_id, key=person_id, index=1))
    await repository.save_placed_credential(
        PlacedCredential(
            lock_id=lock_id,
            credential_id=credential_id,
            version=version,
            kind=CredentialKind.PIN,
            index=1,
            user_key=person_id,
            proof=proof,
            proof_at={"ACCEPTED": 1_800_000_000.0, proof.name: 1_800_000_060.0},
            is_pending=is_pending,
        )
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["kind"])
async def test_every_kind_of_rule_goes_in_and_comes_out_alike(world, owner, rule):
    person_id = await world.person(owner)
    door_id = (await owner.post("/api/v1/doors", {"name": "Back"})).json["id"]
    made = await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id], "rule": rule})
    assert made.status == 201, made
    found = (await owner.get(f"/api/v1/accesses/{made.json['id']}")).json["rule"]
    assert {name: found[name] for name in rule} == rule
    again = await owner.patch(f"/api/v1/accesses/{made.json['id']}", {"rule": found})
    assert again.json["rule"] == found


@pytest.mark.parametrize("rule", BAD_RULES, ids=str)
async def test_what_is_no_rule_is_refused(world, owner, rule):
    person_id = await world.person(owner)
    door_id = (await owner.post("/api/v1/doors", {"name": "Back"})).json["id"]
    answer = await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id], "rule": rule})
    assert answer.status == 422, answer


async def test_an_access_tells_how_far_each_lock_is_with_it(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    person_id = await world.person(owner)
    credential = (await owner.post(f"/api/v1/people/{person_id}/credentials", {"code": "739164"})).json
    made = (await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id]})).json
    path = f"/api/v1/accesses/{made['id']}"

    async def on_lock():
        return (await owner.get(path)).json["locks"][0]

    assert ((await on_lock())["pending"], (await on_lock())["proof"]) == (["waiting"], "none")
    await placed(world, lock_id, person_id, credential["id"], proof=Proof.ACCEPTED, is_pending=True)
    assert (await on_lock())["pending"] == ["under_way"]
    await placed(world, lock_id, person_id, credential["id"], proof=Proof.PROVED)
    found = await on_lock()
    assert (found["pending"], found["proof"]) == ([], "proved")
    assert found["places"][0]["proof_at"] == {"accepted": "2027-01-15T08:00:00Z", "proved": "2027-01-15T08:01:00Z"}
    changed = await owner.post(f"/api/v1/credentials/{credential['id']}/code", {"code": "582047"})
    assert changed.json["version"] == 2
    assert not changed.json["places"][0]["is_current"]
    found = await on_lock()
    assert (found["pending"], found["proof"]) == (["changing_code"], "none"), (
        "an old code proves nothing about the new one"
    )
    trouble = Trouble(code=TroubleCode.LOCK_FULL, message="It is full.", person_id=person_id)
    hint = Trouble(code=TroubleCode.NEEDS_HUB, message="Needs the hub.", is_error=False)
    other = Trouble(code=TroubleCode.REFUSED, message="Somebody else's.", person_id="person_other")
    await world.house.repository.save_troubles(lock_id, [trouble, hint, other])
    found = await on_lock()
    assert [each["code"] for each in found["errors"]] == ["lock_full"]
    assert [each["code"] for each in found["warnings"]] == ["needs_hub"]
    assert (await owner.patch(path, {"is_enabled": False})).json["locks"][0]["pending"] == ["changing_code", "removing"]
    assert (await owner.delete(path)).status == 204
    assert (await owner.get(path)).status == 404


async def test_somebody_who_moved_out_is_gone_only_when_every_lock_says_so(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    person_id = await world.person(owner)
    credential = (await owner.post(f"/api/v1/people/{person_id}/credentials", {})).json
    await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id]})
    await placed(world, lock_id, person_id, credential["id"])
    report = (await owner.post(f"/api/v1/people/{person_id}/move_out")).json
    assert not report["is_gone_everywhere"]
    assert [(each["door_name"], each["credentials"], each["is_reachable"]) for each in report["still_on"]] == [
        ("Front", 1, True)
    ]
    assert (await owner.get("/api/v1/accesses", query={"person_id": person_id})).json["data"] == []
    await world.house.repository.forget_placed_user(lock_id, person_id)
    report = (await owner.get(f"/api/v1/people/{person_id}/move_out")).json
    assert report["is_gone_everywhere"]
    assert (await owner.get("/api/v1/people")).json["data"] == []
    assert len((await owner.get("/api/v1/people", query={"with_left": "true"})).json["data"]) == 1


@pytest.mark.parametrize(("role", "status"), [("guest", 401), ("resident", 401), ("manager", 200)])
async def test_who_moved_out_is_logged_out_unless_they_manage_the_house(world, owner, role, status):
    person_id = await world.person(owner)
    browser = await world.account(owner, "Ana", role, person_id)
    assert (await browser.get("/api/v1/doors")).status == 200
    await owner.post(f"/api/v1/people/{person_id}/move_out")
    assert (await browser.get("/api/v1/doors")).status == status
    assert (await world.browser().log_in("Ana", PASSWORD)).status == {401: 401, 200: 201}[status]


async def test_people_come_in_pages_that_neither_repeat_nor_pass_over(world, owner):
    for name in ("dora", "Ana", "bob", "Ana", "Çem"):
        await owner.post("/api/v1/people", {"name": name})
    names, cursor = [], None
    while True:
        page = (await owner.get("/api/v1/people", query={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json
        names += [each["name"] for each in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["Ana", "Ana", "bob", "dora", "Çem"]
    assert [each["name"] for each in (await owner.get("/api/v1/people", query={"search": "çE"})).json["data"]] == [
        "Çem"
    ]
    for cursor in ("nonsense", "W10", "WzEsMl0", "ä"):
        assert (await owner.get("/api/v1/people", query={"cursor": cursor})).status == 422


async def test_adding_a_lock_is_a_job_with_steps(world, owner):
    answer = await owner.post("/api/v1/locks", {"setup_code": "34970112332", "door_name": "Front"})
    assert answer.status == 202
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json['id']}"
    assert "34970112332" not in answer.text
    job = await world.job_done(owner, answer.json["id"])
    assert (job["state"], job["steps"]) == ("done", ["find the device", "done"])
    door = (await owner.get(f"/api/v1/doors/{job['result']['door_id']}")).json
    assert (door["name"], door["status"]["lock_state"], door["status"]["battery_percent"]) == ("Front", "locked", 80)
    told = [event.data["step"] for event in world.house.bus.ring if event.kind == "job"]
    assert told == ["find the device", "done", "done"]


async def test_a_job_that_fails_says_why(world, owner):
    answer = await owner.post("/api/v1/locks", {"setup_code": "MT:BAD-CODE-1", "door_name": "Front"})
    job = await world.job_done(owner, answer.json["id"])
    assert job["state"] == "failed"
    assert (job["problem"]["status"], job["problem"]["code"]) == (504, "lock_unreachable")
    assert "MT:BAD" not in str(job)


async def test_a_lock_goes_to_one_door(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    for body in ({"door_id": door_id}, {}, {"door_id": door_id, "door_name": "Two"}):
        answer = await owner.post("/api/v1/locks", {"setup_code": "34970112332"} | body)
        assert answer.status in {409, 422}, answer
    assert (await owner.delete(f"/api/v1/doors/{door_id}")).status == 409


async def test_a_lock_is_removed_when_its_door_is_named(world, owner):
    _, lock_id = await world.door_with_lock(owner)
    assert (await owner.delete(f"/api/v1/locks/{lock_id}")).status == 422
    wrong = await owner.delete(f"/api/v1/locks/{lock_id}", query={"confirm": "Back"})
    assert (wrong.status, wrong.json["expected_confirmation"]) == (409, "Front")
    answer = await owner.delete(f"/api/v1/locks/{lock_id}", query={"confirm": "Front"})
    assert (await world.job_done(owner, answer.json["id"]))["state"] == "done"
    assert (await owner.get(f"/api/v1/locks/{lock_id}")).status == 404
    assert (await owner.get("/api/v1/locks")).json["data"] == []


async def test_a_lock_is_replaced_at_its_door(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    answer = await owner.post(f"/api/v1/doors/{door_id}/replace", {"setup_code": "34970112332"})
    job = await world.job_done(owner, answer.json["id"])
    assert job["result"]["lock_id"] != lock_id
    assert (await owner.get(f"/api/v1/doors/{door_id}")).json["lock_id"] == job["result"]["lock_id"]


async def test_what_others_put_on_a_lock_is_shown_and_touched_only_when_named(world, owner):
    _, lock_id = await world.door_with_lock(owner)
    path = f"/api/v1/locks/{lock_id}/foreign"
    assert (await owner.get(path)).json["code"] == "not_read_yet"
    person_id = await world.person(owner)
    await world.house.repository.save_placed_user(PlacedUser(lock_id=lock_id, key=person_id, index=1))
    world.house.locks.seen[lock_id] = Observed(
        users={
            1: SeenUser(index=1, name="Ana", creator=1),
            2: SeenUser(index=2, name="Cleaner", creator=2, credentials=((CredentialKind.PIN, 4),)),
            3: SeenUser(index=3, creator=0),
            4: Slot.EMPTY,
            5: Slot.UNREADABLE,
        },
        credentials={
            (CredentialKind.PIN, 4): SeenCredential(kind=CredentialKind.PIN, index=4, user_index=2),
            (CredentialKind.PIN, 9): SeenCredential(kind=CredentialKind.PIN, index=9),
        },
        read_at=1_800_000_000.0,
    )
    world.house.locks.states[lock_id] = replace(
        world.house.locks.states[lock_id], fabrics={1: "Latchwork", 2: "Apple Home"}
    )
    found = (await owner.get(path)).json["data"]
    assert [(each["confirm"], each["ecosystem"], each["is_orphan"]) for each in found] == [
        ("Cleaner", "Apple Home", False),
        ("user 3", "", True),
        ("pin 9", "", False),
    ]
    for target, body in (
        ("users/2/clear", {"confirm": ""}),
        ("users/2/clear", {"confirm": "user 2"}),
        ("users/3/clear", {"confirm": "Cleaner"}),
    ):
        assert (await owner.post(f"{path}/{target}", body)).status == 409
    assert (await owner.post(f"{path}/users/1/clear", {"confirm": "Ana"})).status == 404, "ours is not foreign"
    assert world.house.locks.done == []
    assert (await owner.post(f"{path}/users/2/adopt", {"confirm": "Cleaner", "person_id": person_id})).status == 204
    assert (await owner.post(f"{path}/users/3/clear", {"confirm": "user 3"})).status == 204
    assert (await owner.post(f"{path}/credentials/pin/9/clear", {"confirm": "pin 9"})).status == 204
    assert world.house.locks.done == [
        (lock_id, "adopt", 2, person_id),
        (lock_id, "clear", 3, None),
        (lock_id, "clear", None, (CredentialKind.PIN, 9)),
    ]
    sync = (await owner.get(f"/api/v1/locks/{lock_id}/sync")).json
    assert (sync["is_in_step"], sync["placed_users"], sync["read_at"]) == (True, 1, "2027-01-15T08:00:00Z")


async def test_a_lock_that_was_never_read_is_not_in_step(world, owner):
    _, lock_id = await world.door_with_lock(owner)
    assert not (await owner.get(f"/api/v1/locks/{lock_id}/sync")).json["is_in_step"]
    assert (await owner.post(f"/api/v1/locks/{lock_id}/sync")).status == 202
    assert world.house.locks.done == [(lock_id, "wake")]


async def test_a_guest_sees_and_opens_their_own_door_in_their_own_hours(world, owner):
    door_id, lock_id = await world.door_with_lock(owner)
    other_id, _ = await world.door_with_lock(owner, "Cellar")
    person_id = await world.person(owner)
    guest = await world.account(owner, "Ana", "guest", person_id)
    assert (await guest.get("/api/v1/doors")).json["data"] == []
    rule = {"kind": "window", "start": "2027-01-15T09:00:00Z", "end": "2027-01-15T10:00:00Z"}
    body = {"person_id": person_id, "door_ids": [door_id], "rule": rule}
    access = (await owner.post("/api/v1/accesses", body)).json
    assert [each["id"] for each in (await guest.get("/api/v1/doors")).json["data"]] == [door_id]
    assert (await guest.get(f"/api/v1/doors/{other_id}")).status == 404
    assert (await guest.post(f"/api/v1/doors/{door_id}/unlock")).status == 403
    world.clock.advance(3600)
    assert (await guest.post(f"/api/v1/doors/{door_id}/unlock")).status == 204
    assert (await guest.post(f"/api/v1/doors/{other_id}/unlock")).status == 404
    assert [each["id"] for each in (await guest.get("/api/v1/my/accesses")).json["data"]] == [access["id"]]
    await owner.patch(f"/api/v1/accesses/{access['id']}", {"is_enabled": False})
    assert (await guest.post(f"/api/v1/doors/{door_id}/unlock")).status == 404
    assert [each[0] for each in world.house.locks.done] == [lock_id]


async def test_a_code_for_one_opening_opens_nothing_from_afar(world, owner):
    door_id, _ = await world.door_with_lock(owner)
    person_id = await world.person(owner)
    guest = await world.account(owner, "Ana", "guest", person_id)
    await owner.post("/api/v1/accesses", {"person_id": person_id, "door_ids": [door_id], "rule": {"kind": "once"}})
    assert (await guest.post(f"/api/v1/doors/{door_id}/unlock")).status == 403


async def test_a_door_without_a_lock_cannot_be_locked(world, owner):
    door_id = (await owner.post("/api/v1/doors", {"name": "Back"})).json["id"]
    answer = await owner.post(f"/api/v1/doors/{door_id}/lock")
    assert (answer.status, answer.json["code"]) == (409, "door_has_no_lock")


async def test_the_journal_is_searched_exported_and_checked(world, owner):
    await world.person(owner, "Ana")
    head = (await owner.get("/api/v1/journal/head")).json["head"]
    await world.person(owner, "Bob")
    found = (await owner.get("/api/v1/journal", query={"search": "person_added", "limit": 1})).json
    assert found["data"][0]["detail"]["did"] == "person_added"
    rest = (await owner.get("/api/v1/journal", query={"search": "person_added", "cursor": found["next_cursor"]})).json
    assert len(rest["data"]) == 1
    assert (await owner.get("/api/v1/journal", query={"kind": ["opened", "jammed"]})).json["data"] == []
    assert (await owner.get("/api/v1/journal", query={"to": "2020-01-01T00:00:00Z"})).json["data"] == []
    assert (await owner.get("/api/v1/journal", query={"cursor": "x"})).status == 422
    exported = await owner.get("/api/v1/journal/export")
    assert exported.headers["content-type"].startswith("text/csv")
    assert exported.text.startswith("seq,at,")
    verdict = (await owner.post("/api/v1/journal/verify", {"against": [head]})).json
    assert verdict["is_whole"]
    forged = head[:-2] + ("00" if head[-2:] != "00" else "11")
    assert (await owner.post("/api/v1/journal/verify", {"against": [forged]})).json["fault"] == "other_chain"
    assert (await owner.post("/api/v1/journal/verify", {"against": ["x"]})).status == 422


async def test_every_change_is_in_the_journal_with_its_actor(world, owner):
    await owner.post("/api/v1/doors", {"name": "Back"})
    program = await world.token(owner, "site:write")
    await program.patch("/api/v1/site", {"name": "Cottage"})
    found = (await owner.get("/api/v1/journal", query={"kind": "audit"})).json["data"]
    account = f"account:{(await owner.get('/api/v1/session')).json['account_id']}"
    assert {each["actor"] for each in found} == {account}
    assert [each["detail"]["did"] for each in found] == ["site_changed", "token_added", "door_added", "owner_made"]
    assert found[0]["detail"]["by_token"].startswith("token_")
    assert found[2]["door_name"] == "Back"


async def test_metrics_have_no_names_of_people(world, owner):
    await world.door_with_lock(owner)
    await world.person(owner, "Ana Unmistakable")
    program = await world.token(owner, "metrics:read")
    answer = await program.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "latchwork_lock_battery_percent{door_id=" in answer.text
    assert "Unmistakable" not in answer.text
    assert "Front" not in answer.text
    assert (await world.browser().get("/metrics")).status == 401
