"""The API from Python, with nothing but the standard library: doors, people, codes, accesses, the journal and live events.

Layer web; knows HTTP and the API's words, nothing of the application. Calls block; one client is for one thread. Every POST carries an
Idempotency-Key, so that one whose answer was lost is asked again without being done twice.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from secrets import token_urlsafe
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import quote, urlencode, urlsplit

from latchwork.base.errors import LatchworkError, Misuse, Refused, Unreachable, Unsupported
from latchwork.web.client_shapes import Access, Credential, Door, Event, Job, LockInSync, Person, Site

__all__ = ["Access", "ApiProblem", "Client", "Credential", "Door", "Event", "Job", "LockInSync", "Person", "Site"]

_ATTEMPTS: Final = 3
_MAX_LINE: Final = 1 << 20
_PIECE: Final = 1 << 16
_BLAME: Final[Mapping[int, type[LatchworkError]]] = {
    **dict.fromkeys((400, 404, 405, 409, 412, 413, 422), Misuse),
    **dict.fromkeys((401, 403, 429, 502), Refused),
    **dict.fromkeys((503, 504), Unreachable),
}
"""HTTP status → whose fault it is, as the house sees it: 502 is a lock that said no, 504 one that did not answer."""


Query = Mapping[str, str] | Sequence[tuple[str, str]]
"""What is asked for, by name; a name may come several times in the second form."""


class ApiProblem(LatchworkError):
    """The hub said no.

    Attributes:
        status: HTTP status.
        code: stable name, such as `not_found`.
        problem: all that it said (RFC 9457).
        cause: the same by blame: `Misuse`, `Refused`, `Unreachable`, `Unsupported`, or None for a defect of the hub.
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
        blame = Unsupported if self.code == "not_supported" else _BLAME.get(status)
        self.cause: LatchworkError | None = None if blame is None else blame(str(self))
        if status == 401:
            self.advice = "Say who you are again: latchwork login."


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

    def add_lock(self, setup_code: str, door_name: str | None = None, *, door_id: str | None = None) -> Job:
        """Begin adding a lock by its setup code, onto a new door or one that has none; `wait` for the job."""
        body = {"setup_code": setup_code, "door_name": door_name, "door_id": door_id}
        return cast("Job", self.call("POST", "/locks", body))

    def replace_lock(self, door_id: str, setup_code: str) -> Job:
        """Begin putting another lock on a door; everybody moves over."""
        return cast("Job", self.call("POST", f"/doors/{_part(door_id)}/replace", {"setup_code": setup_code}))

    def remove_lock(self, lock_id: str, *, confirm: str, is_forced: bool = False) -> Job:
        """Begin removing a lock; `confirm` is the name of its door."""
        query = urlencode({"confirm": confirm, "is_forced": "true" if is_forced else "false"})
        return cast("Job", self.call("DELETE", f"/locks/{_part(lock_id)}?{query}"))

    def lock_facts(self, lock_id: str) -> dict[str, Any]:
        """What a lock says of itself, can do, and who else is on it."""
        return self.call("GET", f"/locks/{_part(lock_id)}")

    def locks(self) -> list[dict[str, Any]]:
        """All locks that are not gone."""
        return cast("list[dict[str, Any]]", self.call("GET", "/locks")["data"])

    def sync(self) -> list[LockInSync]:
        """How far all locks are in step."""
        return cast("list[LockInSync]", self.call("GET", "/sync")["data"])

    def sync_of(self, lock_id: str) -> LockInSync:
        """How far a lock is in step."""
        return cast("LockInSync", self.call("GET", f"/locks/{_part(lock_id)}/sync"))

    def look_again(self, lock_id: str) -> LockInSync:
        """Have the hub look at a lock now, instead of when it is due."""
        return cast("LockInSync", self.call("POST", f"/locks/{_part(lock_id)}/sync"))

    def preconditions(self, door_id: str) -> list[dict[str, Any]]:
        """What stands in the way of a code made from afar; each with its `message` and `advice`."""
        return _rows(self.call("GET", f"/doors/{_part(door_id)}/preconditions"))

    # Other ecosystems

    def share(self, lock_id: str, *, minutes: int | None = None, ecosystem: str | None = None) -> dict[str, Any]:
        """Open a lock for another ecosystem: `code`, `qr`, `ends_at` and `steps`."""
        body = {"minutes": minutes, "ecosystem": ecosystem}
        return self.call("POST", f"/locks/{_part(lock_id)}/share", body)

    def share_of(self, lock_id: str) -> dict[str, Any]:
        """Whether a lock is open for another ecosystem."""
        return self.call("GET", f"/locks/{_part(lock_id)}/share")

    def end_share(self, lock_id: str) -> None:
        """Close it again."""
        self.call("DELETE", f"/locks/{_part(lock_id)}/share")

    def fabrics(self, lock_id: str) -> list[dict[str, Any]]:
        """Who has a lock: `index`, `vendor`, `label`, `is_ours`."""
        return _rows(self.call("GET", f"/locks/{_part(lock_id)}/fabrics"))

    def remove_fabric(self, lock_id: str, index: int, *, confirm: str) -> None:
        """Take an ecosystem off a lock; `confirm` is its vendor or label as listed."""
        self.call("DELETE", f"/locks/{_part(lock_id)}/fabrics/{index}?{urlencode({'confirm': confirm})}")

    def job(self, job_id: str) -> Job:
        """How far work is."""
        return cast("Job", self.call("GET", f"/jobs/{_part(job_id)}"))

    def wait(
        self,
        job: Job,
        *,
        timeout: float = 300.0,
        interval: float = 0.5,
        tell: Callable[[str], None] = lambda _step: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> dict[str, str]:
        """The result of a job, asked for every `interval` seconds; `tell` gets each step.

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
            sleep(interval)
            job = self.job(job["id"])

    # People, credentials, accesses

    def site(self) -> Site:
        """The site; all rules of time are meant in its zone."""
        return cast("Site", self.call("GET", "/site"))

    def people(self, *, with_left: bool = False) -> list[Person]:
        """Everybody who has not left, by name; also those who have, if wanted."""
        return cast("list[Person]", list(self.pages("/people", {"with_left": "true"} if with_left else None)))

    def person(self, person_id: str) -> Person:
        """One person, also one who left."""
        return cast("Person", self.call("GET", f"/people/{_part(person_id)}"))

    def change_person(self, person_id: str, **changes: str) -> Person:
        """Another `name`, `email` or `phone`; a new name is brought to every lock."""
        return cast("Person", self.call("PATCH", f"/people/{_part(person_id)}", changes))

    def removal(self, person_id: str) -> dict[str, Any]:
        """The signed report of somebody who moved out: where they are gone, proved when, and where that is not known yet."""
        return self.call("GET", f"/people/{_part(person_id)}/removal")

    def import_people(self, csv: bytes, *, is_rehearsal: bool = False) -> dict[str, Any]:
        """People and their codes from a CSV file; `rows` tells of each line. A rehearsal changes nothing."""
        path = f"/import/people?dry_run={'true' if is_rehearsal else 'false'}"
        return cast("dict[str, Any]", json.loads(self.octets("POST", path, csv, "text/csv")))

    def add_guest(self, name: str, door_ids: list[str], rule: Mapping[str, Any], **further: Any) -> dict[str, Any]:
        """Somebody for a while: person, access, `code` (shown once), `link` and a `message` to send.

        Args:
            name: of the guest.
            door_ids: where.
            rule: when.
            further: `code_length`, `email`, `phone`, `link`.
        """
        return self.call("POST", "/guests", {"name": name, "door_ids": door_ids, "rule": dict(rule), **further})

    def link_of(self, access_id: str) -> dict[str, Any]:
        """Whether a guest's page can be opened, and until when; never its address."""
        return self.call("GET", f"/accesses/{_part(access_id)}/link")

    def renew_link(self, access_id: str) -> dict[str, Any]:
        """A new address of the guest's page; the one before opens nothing any more."""
        return self.call("POST", f"/accesses/{_part(access_id)}/link", {})

    def end_link(self, access_id: str) -> None:
        """The guest's page can be opened no more."""
        self.call("DELETE", f"/accesses/{_part(access_id)}/link")

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

    def export(self, form: str = "csv", wanted: Query = ()) -> Iterator[bytes]:
        """The journal as a file, piece by piece, oldest first; `form` is csv or jsonl, `wanted` as for `journal`."""
        return self.stream("GET", f"/journal/export?{urlencode([*_pairs(wanted), ('format', form)])}")

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

    def backup(self, passphrase: str) -> Iterator[bytes]:
        """Everything in one encrypted file, the fabric's keys too, piece by piece; for owners."""
        return self.stream("POST", "/backup", {"passphrase": passphrase})

    # Everything else

    def pages(self, path: str, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """Everything of a list, page after page."""
        cursor: str | None = None
        while True:
            asked = [*_pairs(query or ()), *([("cursor", cursor)] if cursor else [])]
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
        octets = b""
        if body is not None:
            octets = json.dumps({name: value for name, value in body.items() if value is not None}).encode()
        answer = self.octets(method, path, octets, **headers)
        return cast("dict[str, Any]", json.loads(answer)) if answer else {}

    def octets(
        self, method: str, path: str, body: bytes = b"", media_type: str = "application/json", **headers: str
    ) -> bytes:
        """One request whose body or answer is not JSON; otherwise as `call`."""
        sent = self._headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            sent["content-type"] = media_type
        if method == "POST":
            sent.setdefault("idempotency-key", token_urlsafe(16))
        status, answer = self._exchange(method, self._prefix + path, body, sent)
        if status >= 300:
            raise _problem(status, answer)
        return answer

    def stream(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Iterator[bytes]:
        """One request on a connection of its own, whose answer comes piece by piece; nothing is asked before the first.

        Raises:
            ApiProblem: the hub said no.
            Unreachable: there is no answer, or it breaks off: what came is not all.
        """
        connection, headers = self._connect(), self._headers()
        if body is not None:
            headers["content-type"] = "application/json"
        try:
            connection.request(method, self._prefix + path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _problem(response.status, response.read(_MAX_LINE))
            while piece := response.read(_PIECE):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the hub's answer broke off: {type(error).__name__}") from error
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        error: Exception | None = None
        for _ in range(_ATTEMPTS):
            if self._connection is None:
                self._connection = self._connect()
            try:
                self._connection.request(method, path, body or None, dict(headers))
                response = self._connection.getresponse()
                self._heard(response)
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

    def _heard(self, response: http.client.HTTPResponse) -> None:
        """An answer begins; for who looks at its headers."""

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


def _rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list, whether or not it is in pages."""
    return cast("list[dict[str, Any]]", answer["data"] if isinstance(answer, dict) else answer)


def _pairs(query: Query) -> Sequence[tuple[str, str]]:
    return list(query.items()) if isinstance(query, Mapping) else query


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
