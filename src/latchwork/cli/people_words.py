"""People, what they have and what they may, in words for people.

The roof, pure; the words of the API in, rich's markup out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from latchwork.cli.hub_client import escaped
from latchwork.cli.moments import told
from latchwork.cli.rule_options import rule_words
from latchwork.web.client import Access, Credential, Person

_PROOFS: Final = {
    "none": "[yellow]not yet[/]",
    "accepted": "[cyan]accepted[/]",
    "occupied": "[green]on the lock[/]",
    "proved": "[green]proved[/]",
    "used": "[green]used[/]",
}
_ORDER: Final = tuple(_PROOFS)
_PENDING: Final = {
    "waiting": "waiting",
    "under_way": "under way",
    "changing_code": "changing the code",
    "removing": "being taken off",
}


def row_of(person: Mapping[str, Any], doors: Mapping[str, str], zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    """Name, doors, when, and how far the locks are."""
    name = f"[bold]{escaped(person['name'])}[/]"
    if person["left_at"] is not None:
        return f"[dim]{escaped(person['name'])}[/]", f"[dim]moved out {told(person['left_at'], zone, now)}[/]", "", ""
    accesses: Sequence[Access] = [each for each in person["accesses"] if each["is_enabled"]]
    if not accesses:
        return name, "[dim]nothing[/]", "", ""
    where = dict.fromkeys(doors.get(door_id, "?") for each in accesses for door_id in each["door_ids"])
    shown = "all doors" if len(where) == len(doors) > 1 else ", ".join(where)
    when = dict.fromkeys(rule_words(each["rule"], zone, now) for each in accesses)
    return name, escaped(shown), escaped("; ".join(when)), progress(accesses)


def progress(accesses: Sequence[Access]) -> str:
    """How far the locks are with some accesses: the weakest proof, or what is wrong."""
    locks = [lock for each in accesses for lock in each["locks"]]
    wrong = [error["message"] for lock in locks for error in lock["errors"]]
    if wrong:
        return f"[red]{escaped(wrong[0])}[/]"
    done = sum(lock["proof"] != "none" and not lock["pending"] for lock in locks)
    if done < len(locks):
        return f"[yellow]{done} of {len(locks)}[/]"
    return _PROOFS[min((lock["proof"] for lock in locks), key=_ORDER.index)] if locks else ""


def person_words(
    person: Person,
    credentials: Sequence[Credential],
    accesses: Sequence[Access],
    doors: Mapping[str, str],
    doors_by_lock: Mapping[str, str],
    zone: ZoneInfo,
    now: datetime,
) -> str:
    """Everything about somebody."""
    left = "" if person["left_at"] is None else f"  [yellow]moved out {told(person['left_at'], zone, now)}[/]"
    lines = [f"[bold]{escaped(person['name'])}[/]{left}"]
    lines += [f"  [dim]{each}[/]  {escaped(person[each])}" for each in ("email", "phone") if person[each]]
    for credential in credentials:
        lines += ["", f"  [dim]{_called(credential)}[/]"]
        for place in credential["places"]:
            since = max(place["proof_at"].values(), default=None)
            proof = _PROOFS.get(place["proof"], place["proof"])
            old = "" if place["is_current"] else ", an earlier code"
            lines.append(
                f"  {escaped(doors_by_lock.get(place['lock_id'], '?'))}: {proof}{old} {told(since, zone, now)}"
            )
        if not credential["places"]:
            lines.append("  on no lock yet")
    for access in accesses:
        lines += ["", f"  [dim]{escaped(rule_words(access['rule'], zone, now))}[/]  [dim]{access['id']}[/]"]
        for lock in access["locks"]:
            pending = ", ".join(_PENDING.get(each, each) for each in lock["pending"])
            state = f"[yellow]{pending}[/]" if pending else _PROOFS.get(lock["proof"], lock["proof"])
            lines.append(f"  {escaped(doors.get(lock['door_id'], '?'))}: {state}")
            troubles = [*lock["errors"], *lock["warnings"]]
            lines += [
                f"    [yellow]![/] {escaped(each['message'])} {escaped(each['advice'])}".rstrip() for each in troubles
            ]
    if not accesses and person["left_at"] is None:
        lines += ["", "  May open nothing: latchwork access grant PERSON --door DOOR"]
    return "\n".join(lines)


def _called(credential: Credential) -> str:
    kind = {"pin": "Code", "rfid": "Card", "fingerprint": "Finger", "face": "Face", "aliro": "Phone key"}
    label = f" {credential['label']}" if credential["label"] else ""
    digits = f", {credential['length']} digits" if credential["kind"] == "pin" else ""
    return escaped(f"{kind.get(credential['kind'], credential['kind'])}{label}{digits}")


def move_out_words(report: Mapping[str, Any]) -> str:
    """How far somebody is gone."""
    name = f"[bold]{escaped(report['person']['name'])}[/]"
    if report["is_gone_everywhere"]:
        return f"{name} is gone from every lock."
    lines = [f"{name} has moved out. Something of theirs may still be on:"]
    for each in report["still_on"]:
        why = (
            "is being taken off"
            if each["is_reachable"]
            else "[yellow]the lock does not answer; it is taken off when it does[/]"
        )
        lines.append(f"  {escaped(each['door_name'] or each['lock_id'])}: {why}")
    return "\n".join(lines)
