"""The report for whoever has moved out, signed: which lock is known to be clear of them since when, and which is not yet and why.

Layer hub, on store. It is a JSON object that anybody can check without this hub: Ed25519 over its canonical form (RFC 8785, which for
texts, whole numbers and truth values is JSON with sorted names and without white space).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from latchwork.hub.books.rows import NotFound
from latchwork.hub.desk import Desk
from latchwork.hub.house.desired import TroubleCode
from latchwork.hub.people.removal import LockCleared, RemovalReport
from latchwork.hub.people.signing_key import SigningKey, fingerprint, is_signed
from latchwork.hub.words import instant, zone_name

KIND: Final = "latchwork removal report"
VERSION: Final = 1
DOMAIN: Final = b"latchwork removal report 1\n"
"""Goes before the signed octets, so that no other signature of this key can be taken for one of a report."""
GIVEN_UP: Final = "the lock was given up without an answer: what it held may still open it until it is reset"
Report = dict[str, Any]
"""A report as JSON has it."""


class LockState(StrEnum):
    """How far a lock is."""

    CLEARED = "cleared"
    ASLEEP = "asleep"
    UNREACHABLE = "unreachable"
    GIVEN_UP = "given_up"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a report is genuine, and why, in plain words."""

    is_genuine: bool
    why: str


class RemovalReports:
    """Makes and checks reports.

    Args:
        desk: the books.
        facts: what is known of somebody's leaving, or None.
        key: signs.
    """

    __slots__ = ("_desk", "_facts", "_key")

    def __init__(self, desk: Desk, facts: Callable[[str], RemovalReport | None], key: SigningKey) -> None:
        self._desk = desk
        self._facts = facts
        self._key = key

    async def report(self, person_id: str) -> Report:
        """The report of somebody who moved out, as of now, signed.

        Raises:
            NotFound: there is no such person, or nobody moved them out.
            StoreError: the storage failed.
        """
        self._desk.repository.person(person_id)
        facts = self._facts(person_id)
        if facts is None:
            raise NotFound("removal report", person_id)
        public = await self._key.public()
        body: Report = {
            "kind": KIND,
            "version": VERSION,
            "site": self._desk.household().site.name,
            "time_zone": self._desk.household().site.time_zone,
            "person": {"id": facts.person_id, "name": facts.person_name},
            "left_at": _stamp(facts.left_at),
            "made_at": _stamp(self._desk.now()),
            "is_complete": facts.is_complete,
            "locks": [self._lock(each) for each in facts.locks],
            "journal": {"seq": facts.head.seq, "hash": facts.head.hash.hex()},
            "public_key": base64.b64encode(public).decode(),
            "fingerprint": fingerprint(public),
        }
        signature = await self._key.sign(signed_octets(body))
        return body | {"signature": base64.b64encode(signature).decode()}

    def _lock(self, each: LockCleared) -> Report:
        state, why = self._state(each)
        try:
            lock = self._desk.repository.lock(each.lock_id)
            device = " ".join(part for part in (lock.vendor, lock.product) if part)
        except NotFound:
            device = ""
        return {
            "id": each.lock_id,
            "door": each.door_name,
            "device": device,
            "state": state.value,
            "cleared_at": None if each.cleared_at is None else _stamp(each.cleared_at),
            "known_by": "read afterwards" if each.cleared_at is not None else None,
            "credentials_removed": each.credentials if each.cleared_at is not None else 0,
            "credentials_left": 0 if each.cleared_at is not None else each.credentials,
            "why": why,
        }

    def _state(self, each: LockCleared) -> tuple[LockState, str]:
        if each.cleared_at is not None:
            return LockState.CLEARED, ""
        if each.lock_id not in self._desk.household().locks:
            return LockState.GIVEN_UP, GIVEN_UP
        codes = {trouble.code for trouble in self._desk.repository.troubles(each.lock_id) if trouble.is_error}
        if TroubleCode.ASLEEP in codes:
            return LockState.ASLEEP, each.why
        if TroubleCode.UNREACHABLE in codes:
            return LockState.UNREACHABLE, each.why
        return LockState.PENDING, each.why

    async def verify(self, report: Mapping[str, Any]) -> Verification:
        """Whether this hub made the report, and nobody changed it since."""
        found = check(report)
        if not found.is_genuine:
            return found
        if not hmac.compare_digest(await self._key.public(), base64.b64decode(report["public_key"])):
            return Verification(
                is_genuine=False,
                why=f"It is whole, but another hub signed it: the one with the key {report['fingerprint']}.",
            )
        return Verification(is_genuine=True, why="This hub signed it, and nothing was changed since.")


def check(report: Mapping[str, Any]) -> Verification:
    """Whether the report is whole: signed by the owner of the key that it names. Whose key that is, it cannot say itself."""
    if report.get("kind") != KIND or report.get("version") != VERSION:
        return Verification(is_genuine=False, why="This is no removal report of a kind that is known here.")
    public, signature = _octets(report.get("public_key")), _octets(report.get("signature"))
    if public is None or signature is None:
        return Verification(is_genuine=False, why="Its key or its signature is missing.")
    if report.get("fingerprint") != fingerprint(public):
        return Verification(is_genuine=False, why="The fingerprint is not that of the key in it.")
    try:
        octets = signed_octets(report)
    except (ValueError, TypeError, RecursionError):
        return Verification(is_genuine=False, why="It holds what no report holds.")
    if not is_signed(public, octets, signature):
        return Verification(is_genuine=False, why="Something in it was changed after it was signed.")
    return Verification(is_genuine=True, why=f"The owner of the key {fingerprint(public)} signed it.")


def signed_octets(report: Mapping[str, Any]) -> bytes:
    """What is signed: everything but the signature.

    Raises:
        ValueError, TypeError: it is nothing that JSON can say.
    """
    unsigned = {name: value for name, value in report.items() if name != "signature"}
    text = json.dumps(unsigned, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return DOMAIN + text.encode()


def printable(report: Mapping[str, Any]) -> str:
    """The report for paper, with the times of its site; the signature belongs to the JSON."""
    zone_key = str(report["time_zone"])
    zone = ZoneInfo(zone_key)

    def told(stamp: str) -> str:
        return instant(datetime.fromisoformat(stamp).timestamp(), zone)

    lines = [
        f"Removal report: {report['person']['name']}",
        f"{report['site']} · all times in {zone_name(zone_key)}",
        "",
        f"Moved out:   {told(report['left_at'])}",
        f"Report made: {told(report['made_at'])}",
        "Result:      "
        + ("gone from every lock." if report["is_complete"] else "NOT gone from every lock yet, see below."),
        "",
    ]
    for each in report["locks"]:
        name = each["door"] or each["id"]
        name += f" ({each['device']})" if each["device"] else ""
        if each["state"] == LockState.CLEARED:
            count = each["credentials_removed"]
            what = "1 credential was removed" if count == 1 else f"{count} credentials were removed"
            lines += [
                f"[x] {name}",
                f"    clear since {told(each['cleared_at'])}, as the lock was read afterwards; {what}",
            ]
        else:
            lines += [f"[ ] {name}", f"    not known to be clear: {each['why']}"]
    if not report["locks"]:
        lines.append("No lock held anything of this person.")
    lines += [
        "",
        f"Journal: entry {report['journal']['seq']}, {report['journal']['hash']}",
        f"Signed with the key {report['fingerprint']}",
        f"Signature: {report['signature']}",
    ]
    return "\n".join(lines) + "\n"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(round(at), UTC).isoformat().replace("+00:00", "Z")


def _octets(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
