"""Who may call what: the whole table, role by role and scope by scope."""

import pytest
from tests.web.conftest import PASSWORD

from latchwork.base.errors import Bug
from latchwork.web.api import doors
from latchwork.web.roles import SCOPES, Role, Scope

OWNER = {"owner"}
MANAGING = OWNER | {"manager"}
LIVING = MANAGING | {"resident"}
READING = LIVING | {"read_only"}
ANYBODY = READING | {"guest"}
GUESTS = LIVING | {"guest"}
ROLES = ("owner", "manager", "resident", "guest", "read_only")

TABLE = {
    ("GET", "/api/v1/session"): ANYBODY,
    ("DELETE", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/session/confirm"): ANYBODY,
    ("PUT", "/api/v1/session/password"): ANYBODY,
    ("GET", "/api/v1/sessions"): ANYBODY,
    ("DELETE", "/api/v1/sessions/{session_id}"): ANYBODY,
    ("GET", "/api/v1/second_factor"): ANYBODY,
    ("POST", "/api/v1/second_factor"): ANYBODY,
    ("POST", "/api/v1/second_factor/confirm"): ANYBODY,
    ("POST", "/api/v1/second_factor/recovery_codes"): ANYBODY,
    ("POST", "/api/v1/second_factor/end"): ANYBODY,
    ("GET", "/api/v1/passkeys"): ANYBODY,
    ("POST", "/api/v1/passkeys/options"): ANYBODY,
    ("POST", "/api/v1/passkeys"): ANYBODY,
    ("DELETE", "/api/v1/passkeys/{passkey_id}"): ANYBODY,
    ("DELETE", "/api/v1/accounts/{account_id}/second_factor"): OWNER,
    ("DELETE", "/api/v1/accounts/{account_id}/passkeys"): OWNER,
    ("GET", "/api/v1/accounts"): OWNER,
    ("POST", "/api/v1/accounts"): OWNER,
    ("GET", "/api/v1/accounts/{account_id}"): OWNER,
    ("PATCH", "/api/v1/accounts/{account_id}"): OWNER,
    ("DELETE", "/api/v1/accounts/{account_id}"): OWNER,
    ("GET", "/api/v1/tokens"): ANYBODY,
    ("POST", "/api/v1/tokens"): ANYBODY,
    ("DELETE", "/api/v1/tokens/{token_id}"): ANYBODY,
    ("GET", "/api/v1/site"): ANYBODY,
    ("PATCH", "/api/v1/site"): OWNER,
    ("GET", "/api/v1/doors"): ANYBODY,
    ("POST", "/api/v1/doors"): MANAGING,
    ("GET", "/api/v1/doors/{door_id}"): ANYBODY,
    ("PATCH", "/api/v1/doors/{door_id}"): MANAGING,
    ("DELETE", "/api/v1/doors/{door_id}"): MANAGING,
    ("POST", "/api/v1/doors/{door_id}/lock"): GUESTS,
    ("POST", "/api/v1/doors/{door_id}/unlock"): GUESTS,
    ("POST", "/api/v1/doors/{door_id}/unbolt"): GUESTS,
    ("POST", "/api/v1/doors/{door_id}/replace"): MANAGING,
    ("GET", "/api/v1/locks"): READING,
    ("POST", "/api/v1/locks"): MANAGING,
    ("GET", "/api/v1/locks/{lock_id}"): READING,
    ("DELETE", "/api/v1/locks/{lock_id}"): MANAGING,
    ("GET", "/api/v1/locks/{lock_id}/sync"): READING,
    ("POST", "/api/v1/locks/{lock_id}/sync"): MANAGING,
    ("GET", "/api/v1/sync"): READING,
    ("GET", "/api/v1/locks/{lock_id}/foreign"): READING,
    ("POST", "/api/v1/locks/{lock_id}/foreign/users/{user_index}/adopt"): OWNER,
    ("POST", "/api/v1/locks/{lock_id}/foreign/users/{user_index}/clear"): OWNER,
    ("POST", "/api/v1/locks/{lock_id}/foreign/credentials/{kind}/{index}/clear"): OWNER,
    ("GET", "/api/v1/locks/{lock_id}/settings"): READING,
    ("PATCH", "/api/v1/locks/{lock_id}/settings/{key}"): MANAGING,
    ("GET", "/api/v1/locks/{lock_id}/history"): READING,
    ("GET", "/api/v1/ecosystems"): ANYBODY,
    ("GET", "/api/v1/locks/{lock_id}/share"): MANAGING,
    ("POST", "/api/v1/locks/{lock_id}/share"): MANAGING,
    ("DELETE", "/api/v1/locks/{lock_id}/share"): MANAGING,
    ("GET", "/api/v1/locks/{lock_id}/share/qr"): MANAGING,
    ("GET", "/api/v1/locks/{lock_id}/fabrics"): READING,
    ("DELETE", "/api/v1/locks/{lock_id}/fabrics/{index}"): OWNER,
    ("GET", "/api/v1/people"): READING,
    ("POST", "/api/v1/people"): MANAGING,
    ("GET", "/api/v1/people/{person_id}"): READING,
    ("PATCH", "/api/v1/people/{person_id}"): MANAGING,
    ("GET", "/api/v1/people/{person_id}/move_out"): READING,
    ("POST", "/api/v1/people/{person_id}/move_out"): MANAGING,
    ("GET", "/api/v1/people/{person_id}/credentials"): READING,
    ("POST", "/api/v1/people/{person_id}/credentials"): MANAGING,
    ("GET", "/api/v1/my/credentials"): GUESTS,
    ("GET", "/api/v1/my/accesses"): GUESTS,
    ("GET", "/api/v1/credentials/{credential_id}"): READING,
    ("PATCH", "/api/v1/credentials/{credential_id}"): MANAGING,
    ("DELETE", "/api/v1/credentials/{credential_id}"): MANAGING,
    ("POST", "/api/v1/credentials/{credential_id}/code"): MANAGING,
    ("POST", "/api/v1/credentials/{credential_id}/reveal"): GUESTS,
    ("GET", "/api/v1/accesses"): READING,
    ("POST", "/api/v1/accesses"): MANAGING,
    ("GET", "/api/v1/accesses/{access_id}"): READING,
    ("PATCH", "/api/v1/accesses/{access_id}"): MANAGING,
    ("DELETE", "/api/v1/accesses/{access_id}"): MANAGING,
    ("POST", "/api/v1/guests"): MANAGING,
    ("POST", "/api/v1/accesses/{access_id}/link"): MANAGING,
    ("GET", "/api/v1/accesses/{access_id}/link"): READING,
    ("DELETE", "/api/v1/accesses/{access_id}/link"): MANAGING,
    ("GET", "/api/v1/doors/{door_id}/preconditions"): READING,
    ("GET", "/api/v1/people/{person_id}/removal"): READING,
    ("POST", "/api/v1/reports/verify"): READING,
    ("POST", "/api/v1/people/{person_id}/enrolments"): MANAGING,
    ("GET", "/api/v1/enrolments/{enrolment_id}"): READING,
    ("DELETE", "/api/v1/enrolments/{enrolment_id}"): MANAGING,
    ("GET", "/api/v1/journal"): READING,
    ("GET", "/api/v1/journal/export"): READING,
    ("GET", "/api/v1/journal/head"): READING,
    ("POST", "/api/v1/journal/verify"): READING,
    ("GET", "/api/v1/events"): READING,
    ("GET", "/api/v1/webhooks"): MANAGING,
    ("POST", "/api/v1/webhooks"): MANAGING,
    ("GET", "/api/v1/webhooks/{webhook_id}"): MANAGING,
    ("PATCH", "/api/v1/webhooks/{webhook_id}"): MANAGING,
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): MANAGING,
    ("GET", "/api/v1/webhooks/{webhook_id}/deliveries"): MANAGING,
    ("POST", "/api/v1/webhooks/{webhook_id}/deliveries/{seq}/again"): MANAGING,
    ("GET", "/api/v1/doors/{door_id}/calendars"): READING,
    ("POST", "/api/v1/doors/{door_id}/calendars"): MANAGING,
    ("PATCH", "/api/v1/calendars/{calendar_id}"): MANAGING,
    ("DELETE", "/api/v1/calendars/{calendar_id}"): MANAGING,
    ("POST", "/api/v1/calendars/{calendar_id}/refresh"): MANAGING,
    ("GET", "/api/v1/calendars/{calendar_id}/stays"): READING,
    ("GET", "/api/v1/notification_rules"): MANAGING,
    ("POST", "/api/v1/notification_rules"): MANAGING,
    ("PATCH", "/api/v1/notification_rules/{rule_id}"): MANAGING,
    ("DELETE", "/api/v1/notification_rules/{rule_id}"): MANAGING,
    ("POST", "/api/v1/notification_rules/{rule_id}/test"): MANAGING,
    ("GET", "/api/v1/jobs/{job_id}"): MANAGING,
    ("POST", "/api/v1/backup"): OWNER,
    ("POST", "/api/v1/locks/{lock_id}/restored"): MANAGING,
    ("POST", "/api/v1/import/people"): MANAGING,
    ("GET", "/metrics"): MANAGING | {"read_only"},
}
OPEN = {
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/session/passkey/options"),
    ("POST", "/api/v1/session/passkey"),
    ("GET", "/api/v1/guest/{token}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}


def described(world):
    """Every operation that the description has."""
    paths = world.app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def filled(path):
    """An address of this route at which there is nothing."""
    for name, value in {"user_index": "7", "index": "7", "seq": "7", "kind": "pin"}.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{", "no_").replace("}", "")


def test_every_route_is_in_the_table(world):
    assert described(world) == set(TABLE) | OPEN


async def test_nobody_gets_past_a_route_that_is_not_open(world):
    stranger = world.browser()
    for method, path in TABLE:
        answer = await stranger.ask(method, filled(path), {})
        assert answer.status == 401, (method, path, answer)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_what_the_table_says(world, owner, role):
    browser = owner if role == "owner" else await world.account(owner, f"A {role}", role)
    for (method, path), allowed in TABLE.items():
        if (method, path) in {("DELETE", "/api/v1/session"), ("GET", "/api/v1/events")}:
            continue  # one ends the session, the other does not end
        answer = await browser.ask(method, filled(path), {})
        if role in allowed:
            assert answer.status not in {401, 403, 500}, (method, path, answer)
        else:
            assert answer.status == 403, (method, path, answer)
            assert answer.json["code"] == "forbidden"


async def test_a_token_may_only_what_its_scopes_say(world, owner):
    paths = world.app.openapi()["paths"]
    clients = {scope: await world.token(owner, *(set(Scope) - {scope})) for scope in Scope}
    seen = set()
    for method, path in TABLE:
        for scope in paths[path][method.lower()].get("x-scopes", ()):
            seen.add(scope)
            answer = await clients[Scope(scope)].ask(method, filled(path), {})
            assert answer.status == 403, (method, path, scope, answer)
            assert scope in answer.json["detail"]
    assert set(Scope) - seen == {Scope.CODES_REVEAL}, "each scope opens something"


async def test_a_token_is_never_worth_more_than_its_account(world, owner):
    manager = await world.account(owner, "Max", "manager")
    refused = await manager.post("/api/v1/tokens", {"name": "too much", "scopes": ["accounts:write"]})
    assert refused.status == 403
    program = await world.token(manager, "people:write", "people:read")
    assert (await program.post("/api/v1/people", {"name": "Ana"})).status == 201
    account_id = (await manager.get("/api/v1/session")).json["account_id"]
    assert (await owner.patch(f"/api/v1/accounts/{account_id}", {"role": "read_only"})).status == 200
    assert (await program.post("/api/v1/people", {"name": "Bob"})).status == 403
    assert (await program.get("/api/v1/people")).status == 200
    await owner.patch(f"/api/v1/accounts/{account_id}", {"is_enabled": False})
    assert (await program.get("/api/v1/people")).status == 401


async def test_a_token_makes_no_tokens(world, owner):
    program = await world.token(owner, *Scope)
    answer = await program.post("/api/v1/tokens", {"name": "child", "scopes": ["site:read"]})
    assert answer.status == 403


async def test_an_expired_token_and_an_ended_one_are_unknown(world, owner):
    body = {"name": "short", "scopes": ["site:read"], "expires_at": "2027-01-15T09:00:00Z"}
    made = (await owner.post("/api/v1/tokens", body)).json
    program = world.browser(token=made["token"])
    assert (await program.get("/api/v1/site")).status == 200
    world.clock.advance(3601)
    assert (await program.get("/api/v1/site")).status == 401
    await owner.post("/api/v1/session/confirm", {"password": PASSWORD})
    other = await world.token(owner, "site:read")
    token_id = (await owner.get("/api/v1/tokens")).json["data"][-1]["id"]
    assert (await owner.delete(f"/api/v1/tokens/{token_id}")).status == 204
    assert (await other.get("/api/v1/site")).status == 401


async def test_somebody_elses_token_cannot_be_ended(world, owner):
    await world.token(owner, "site:read")
    token_id = (await owner.get("/api/v1/tokens")).json["data"][0]["id"]
    manager = await world.account(owner, "Max", "manager")
    assert (await manager.get("/api/v1/tokens")).json["data"] == []
    assert (await manager.delete(f"/api/v1/tokens/{token_id}")).status == 404


def test_a_route_without_a_guard_cannot_be_made():
    async def unguarded():
        return None

    with pytest.raises(Bug, match="no guard"):
        doors.router.add_api_route("/unguarded", unguarded)


def test_roles_are_nested_as_people_expect():
    assert SCOPES[Role.OWNER] == frozenset(Scope)
    assert SCOPES[Role.READ_ONLY] <= SCOPES[Role.MANAGER] <= SCOPES[Role.OWNER]
    assert not any(scope.value.endswith((":write", ":operate", ":reveal", ":own")) for scope in SCOPES[Role.READ_ONLY])
    assert SCOPES[Role.GUEST] <= SCOPES[Role.RESIDENT]
