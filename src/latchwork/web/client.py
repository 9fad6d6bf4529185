"""The API from Python, with nothing but the standard library: doors, people, codes, accesses, the journal and live events.

Layer web; knows HTTP and the API's words, nothing of the application. Calls block; one client is for one thread. Every POST carries an
Idempotency-Key, so that one whose answer was lost is asked again without being done twice.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from secrets import token_urlsafe
from types import TracebackType
from typing import Any, Final, Self, TypedDict, cast
from urllib.parse import quote, urlencode, urlsplit

from latchwork.base.errors import LatchworkError, Misuse, Unreachable

_ATTEMPTS: Final = 3
_MAX_LINE: Final = 1 << 20


class LockStatus(TypedDict):
    """How a lock stands; None is not said. Times are RFC 3339 in UTC."""

    lock_state: str | None
    door_state: str | None
    battery_percent: int | None
    battery_level: str | None
    mode: str | None
    is_reachable: bool
    why_unreachable: str
    since: str | None
    heard_at: str | None


class Door(TypedDict):
    """A place that people go through."""

    id: str
    name: str
    position: int
    lock_id: str | None
    status: LockStatus | None
    created_at: str
    version: int


class Person(TypedDict):
    """Somebody who may have access."""

    id: str
    name: str
    email: str
    phone: str
    is_admin: bool
    created_at: str
    left_at: str | None
    version: int


class Place(TypedDict):
    """How well is known that a lock holds a credential."""

    lock_id: str
    proof: str
    proof_at: dict[str, str]
    is_current: bool
    is_pending: bool


class Credential(TypedDict):
    """What somebody shows to a lock; never the secret."""

    id: str
    person_id: str
    kind: str
    label: str
    length: int
    lock_id: str | None
    created_at: str
    version: int
    places: list[Place]


class Access(TypedDict):
    """A promise, and in `locks` how far each lock is with it."""

    id: str
    person_id: str
    door_ids: list[str]
    credential_ids: list[str]
    rule: dict[str, Any]
    is_enabled: bool
    is_duress: bool
    note: str
    origin: str
    created_at: str
    first_used_at: str | None
    version: int
    locks: list[dict[str, Any]]


class Job(TypedDict):
    """Work in progress."""

    id: str
    kind: str
    state: str
    steps: list[str]
    result: dict[str, str]
    problem: dict[str, Any] | None
    started_at: str
    ended_at: str | None


class Event(TypedDict):
    """A live event; `reset` means that some were lost and everything is to be read again."""

    id: str
    kind: str
    data: dict[str, Any]


class ApiProblem(LatchworkError):
    """The hub said no.

    Attributes:
        status: HTTP status.
        code: stable name, such as `not_found`.
        problem: all that it said (RFC 9457).
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        detail = problem.get("detail") or ""
        if not detail and problem.get("errors"):
            detail = "; ".join(f"{each.get('pointer')}: {each.get('detail')}" for each in problem["errors"])
        title = str(problem.get("title") or f"the hub answered {status}")
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = dict(problem)


class Client:
    """A hub's API.

    Args:
        url: of the hub, such as http://127.0.0.1:8126; a path before /api is kept.
        token: of `POST /api/v1/tokens`.
        timeout: seconds for connecting and for each answer.
        context: for TLS; None trusts what this machine trusts.

    Raises:
        Misuse: the address is none.
    """

    def __init__(self, url: str, token: str, *, timeout: float = 30.0, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Misuse(f"{url} is no hub's address", advice="It looks like http://127.0.0.1:8126.")
        self._host, self._port = parts.hostname, parts.port
        self._context = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._prefix = f"{parts.path.rstrip('/')}/api/v1"
        self._token = token
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def __repr__(self) -> str:
        return f"Client({self._host}:{self._port})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # Doors and locks

    def doors(self) -> list[Door]:
        """All that one may see, by position."""
        return cast("list[Door]", self.call("GET", "/doors")["data"])

    def door(self, door_id: str) -> Door:
        """One door."""
        return cast("Door", self.call("GET", f"/doors/{_part(door_id)}"))

    def lock(self, door_id: str) -> None:
        """Lock a door; returns when its lock has accepted it."""
        self.call("POST", f"/doors/{_part(door_id)}/lock")

    def unlock(self, door_id: str) -> None:
        """Unlock a door."""
        self.call("POST", f"/doors/{_part(door_id)}/unlock")

    def unbolt(self, door_id: str) -> None:
        """Withdraw the bolt and leave the latch."""
        self.call("POST", f"/doors/{_part(door_id)}/unbolt")

    def add_lock(self, setup_code: str, door_name: str) -> Job:
        """Begin adding a lock by its setup code; `wait` for the job."""
        return cast("Job", self.call("POST", "/locks", {"setup_code": setup_code, "door_name": door_name}))

    def job(self, job_id: str) -> Job:
        """How far work is."""
        return cast("Job", self.call("GET", f"/jobs/{_part(job_id)}"))

    def wait(
        self,
        job: Job,
        *,
        timeout: float = 300.0,
        tell: Callable[[str], None] = lambda _step: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> dict[str, str]:
        """The result of a job; `tell` gets each step.

        Raises:
            ApiProblem: it failed.
            Unreachable: it is not done after `timeout` seconds.
        """
        told, until = 0, time.monotonic() + timeout
        while True:
            for step in job["steps"][told:]:
                tell(step)
            told = len(job["steps"])
            if job["state"] == "done":
                return job["result"]
            if job["state"] == "failed":
                problem = job["problem"] or {"title": "It was interrupted"}
                raise ApiProblem(int(problem.get("status", 500)), problem)
            if time.monotonic() >= until:
                raise Unreachable(f"{job['kind']} is not done after {timeout:g} s")
            sleep(0.5)
            job = self.job(job["id"])

    # People, credentials, accesses

    def people(self) -> list[Person]:
        """Everybody who has not left, by name."""
        return cast("list[Person]", list(self.pages("/people")))

    def add_person(self, name: str, *, email: str = "", phone: str = "") -> Person:
        """Somebody new."""
        return cast("Person", self.call("POST", "/people", {"name": name, "email": email, "phone": phone}))

    def move_out(self, person_id: str) -> dict[str, Any]:
        """Somebody leaves; `is_gone_everywhere` and `still_on` tell what locks still hold."""
        return self.call("POST", f"/people/{_part(person_id)}/move_out")

    def credentials(self, person_id: str) -> list[Credential]:
        """What somebody has."""
        return cast("list[Credential]", self.call("GET", f"/people/{_part(person_id)}/credentials")["data"])

    def add_code(
        self, person_id: str, code: str | None = None, *, length: int | None = None, label: str = ""
    ) -> Credential:
        """Give somebody a PIN; without `code`, one made by chance, which `reveal` tells."""
        body = {"code": code, "length": length, "label": label}
        return cast("Credential", self.call("POST", f"/people/{_part(person_id)}/credentials", body))

    def set_code(self, credential_id: str, code: str | None = None) -> Credential:
        """Another PIN for the same credential."""
        return cast("Credential", self.call("POST", f"/credentials/{_part(credential_id)}/code", {"code": code}))

    def reveal(self, credential_id: str) -> str:
        """What the PIN is; every reading is in the journal."""
        return str(self.call("POST", f"/credentials/{_part(credential_id)}/reveal")["code"])

    def remove_credential(self, credential_id: str) -> None:
        """Take a credential out of use, everywhere."""
        self.call("DELETE", f"/credentials/{_part(credential_id)}")

    def accesses(self, *, person_id: str | None = None, door_id: str | None = None) -> list[Access]:
        """All accesses, somebody's, or those to a door."""
        query = {name: value for name, value in (("person_id", person_id), ("door_id", door_id)) if value}
        return cast("list[Access]", list(self.pages("/accesses", query)))

    def grant(
        self, person_id: str, door_ids: list[str], rule: Mapping[str, Any] | None = None, *, note: str = ""
    ) -> Access:
        """Let somebody in: always, or by a rule such as `{"kind": "window", "start": …, "end": …}`."""
        body = {
            "person_id": person_id,
            "door_ids": door_ids,
            "rule": dict(rule) if rule else {"kind": "always"},
            "note": note,
        }
        return cast("Access", self.call("POST", "/accesses", body))

    def revoke(self, access_id: str) -> None:
        """Take an access back."""
        self.call("DELETE", f"/accesses/{_part(access_id)}")

    # What happened and what happens

    def journal(self, **wanted: str) -> Iterator[dict[str, Any]]:
        """Entries, newest first; `door_id`, `person_id`, `kind`, `search`, `from` and `to` choose."""
        return self.pages("/journal", wanted)

    def head(self) -> str:
        """The newest entry's hash: keep it, and `verify` can tell later whether anything before it was changed."""
        return str(self.call("GET", "/journal/head")["head"])

    def verify(self, *against: str) -> dict[str, Any]:
        """Whether the journal is whole, and holds these heads."""
        return self.call("POST", "/journal/verify", {"against": list(against)})

    def events(self, after: str | None = None) -> Iterator[Event]:
        """Live events until the hub ends the stream; give the last one's id to go on where it ended."""
        connection = self._connect()
        try:
            headers = self._headers() | ({"last-event-id": after} if after else {})
            connection.request("GET", f"{self._prefix}/events", headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _problem(response.status, response.read(_MAX_LINE))
            yield from _events(response)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the hub's events broke off: {type(error).__name__}") from error
        finally:
            connection.close()

    # Everything else

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Everything of a list, page after page."""
        cursor: str | None = None
        while True:
            asked = dict(query or {}) | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", f"{path}?{urlencode(asked)}" if asked else path)
            yield from page["data"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """One request, for what has no method of its own here.

        Args:
            method: GET, POST, PATCH, PUT or DELETE.
            path: below /api/v1.
            body: to be sent as JSON; members that are None are left out.
            headers: further ones, such as `if_match`.

        Raises:
            ApiProblem: the hub said no.
            Unreachable: there is no answer.
        """
        sent = self._headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        octets = b""
        if body is not None:
            octets = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
            sent["content-type"] = "application/json"
        if method == "POST":
            sent.setdefault("idempotency-key", token_urlsafe(16))
        status, answer = self._exchange(method, self._prefix + path, octets, sent)
        if status >= 300:
            raise _problem(status, answer)
        return cast("dict[str, Any]", json.loads(answer)) if answer else {}

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        error: Exception | None = None
        for _ in range(_ATTEMPTS):
            if self._connection is None:
                self._connection = self._connect()
            try:
                self._connection.request(method, path, body or None, dict(headers))
                response = self._connection.getresponse()
                return response.status, response.read()
            except TimeoutError as failure:
                self.close()
                raise Unreachable(f"no answer within {self._timeout:g} s") from failure
            except (OSError, http.client.HTTPException) as failure:
                # A connection that was kept too long. Only what is done once, however often it is asked, is asked again.
                self.close()
                error = failure
                if method == "PATCH":
                    break
        raise Unreachable(f"the hub at {self._host} does not answer: {type(error).__name__}") from error

    def _connect(self) -> http.client.HTTPConnection:
        if self._context is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self._token}",
            "accept": "application/json",
            "user-agent": "latchwork-client",
        }


def _part(text: str) -> str:
    return quote(text, safe="")


def _problem(status: int, body: bytes) -> ApiProblem:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return ApiProblem(status, found if isinstance(found, dict) else {})


def _events(lines: http.client.HTTPResponse) -> Iterator[Event]:
    fields: dict[str, str] = {}
    while line := lines.readline(_MAX_LINE):
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            if "event" in fields:
                yield Event(id=fields.get("id", ""), kind=fields["event"], data=json.loads(fields.get("data", "{}")))
            fields = {}
