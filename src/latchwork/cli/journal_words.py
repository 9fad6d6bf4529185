"""An entry of the journal as a sentence: what happened, who it was and how, or why that is not known.

The roof, pure; the words of the API in, rich's markup out. It never says more than the entry does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from latchwork.cli.hub_client import escaped

_MARKUP: Final = re.compile(r"(?<!\\)\[/?[a-z ]*\]")
_DID: Final = {
    "opened": ("[green]opened[/]", "was opened"),
    "locked": ("locked", "was locked"),
    "unlatched": ("[green]unlatched[/]", "was unlatched"),
    "recognised": ("was recognised", "somebody was recognised who may open nothing"),
    "duress": ("[red]opened under duress[/]", "[red]was opened under duress[/]"),
    "refused": ("[red]was refused[/]", "[red]refused somebody[/]"),
}
"""Kind → what a person did, what happened to a door."""
_HAPPENED: Final = {
    "locked_out": "[red]too many wrong codes[/]",
    "alarm": "[red]alarm[/]",
    "door_opened": "the door is open",
    "door_closed": "the door is closed",
    "door_ajar": "[yellow]the door is ajar[/]",
    "door_forced": "[red]the door was forced open[/]",
    "door_error": "[red]the door's sensor is in trouble[/]",
    "jammed": "[red]the bolt is jammed[/]",
    "user_added": "a user was added",
    "user_changed": "a user was changed",
    "user_removed": "a user was removed",
    "code_added": "a {credential} was added",
    "code_changed": "a {credential} was changed",
    "code_removed": "a {credential} was removed",
    "schedule_changed": "hours were changed",
    "gap": "[yellow]events are missing[/]",
    "gap_filled": "missing events have come",
    "gap_lost": "[yellow]missing events are lost[/]",
    "lock_reset": "[yellow]the lock was reset[/]",
    "restarted": "the lock restarted",
    "battery": "battery",
    "reachability": "reachability",
    "commissioned": "the lock was added",
    "removed": "the lock was removed",
    "fabric_added": "an ecosystem joined",
    "fabric_removed": "an ecosystem left",
    "repaired": "[yellow]what others had changed was repaired[/]",
    "restored": "restored",
    "pruned": "old entries were removed",
    "other": "something that has no word yet",
}
_HOW: Final = {
    "keypad": "at the keypad",
    "fingerprint": "with a finger",
    "face": "with a face",
    "biometric": "with a finger or a face",
    "card": "with a card",
    "aliro": "with a phone key",
    "remote": "from afar",
    "proprietary_remote": "through the maker's app",
    "manual": "by hand",
    "button": "with the button",
    "auto": "by itself",
    "schedule": "by its schedule",
}
_WHY: Final = {
    "bridge": "its bridge does not say who",
    "unknown_credential": "unknown on this lock",
    "ecosystem": "{fabric} does not say who",
    "foreign_user": "a user of {fabric}",
    "orphan": "a user whose ecosystem is gone",
    "at_door": "a user made at the door",
    "maker_app": "the maker's app does not say who",
    "changed_hands": "whose code it was then is not known",
    "unread": "whose code it is has not been read",
    "contradiction": "the lock contradicts itself",
    "not_said": "the lock did not say who",
    "unreadable": "the lock's words make no sense",
    "missed": "what it was did not arrive",
}
_CREDENTIALS: Final = {"pin": "code", "rfid": "card", "fingerprint": "finger", "face": "face", "aliro": "phone key"}


def what(entry: Mapping[str, Any], actors: Mapping[str, str]) -> str:
    """What happened, as a sentence without its place and time.

    Args:
        entry: as the API has it.
        actors: names by actor, such as `account:…`.
    """
    kind, who = entry["kind"], entry["person_name"]
    actor = actors.get(entry.get("actor") or "", entry.get("actor") or "")
    if kind == "audit":
        did = str(entry["detail"].get("did", "did something")).replace("_", " ")
        about = f" · {escaped(who)}" if who else ""
        return f"[dim]{escaped(actor or 'the hub')}: {escaped(did)}{about}[/]"
    if kind in _DID:
        active, passive = _DID[kind]
        said = f"[bold]{escaped(who)}[/] {active}" if who else passive
        return " ".join([said, *_further(entry)])
    credential = _CREDENTIALS.get(entry.get("credential_kind") or "", "credential")
    said = _HAPPENED.get(kind, escaped(kind)).replace("{credential}", credential)
    parts = [said, f"· {escaped(who)}" if who else "", _fact(entry), f"[dim]by {escaped(actor)}[/]" if actor else ""]
    return " ".join(part for part in parts if part)


def in_words(entry: Mapping[str, Any]) -> str:
    """The same without markup, of an entry as the bus tells it."""
    return _MARKUP.sub("", what(entry, {})).replace("\\[", "[")


def _further(entry: Mapping[str, Any]) -> list[str]:
    found = [_HOW[entry["how"]]] if entry["how"] in _HOW else []
    why = _WHY.get(entry["why_unknown"] or "")
    if why is not None:
        fabric = entry.get("fabric_name") or "another ecosystem"
        found.append(f"[dim]({escaped(why.replace('{fabric}', fabric))})[/]")
    return found


def _fact(entry: Mapping[str, Any]) -> str:
    """The small facts of some kinds of entry that people want to see."""
    detail = entry.get("detail") or {}
    match entry["kind"]:
        case "battery":
            facts = [f"{detail['percent']} %"] if detail.get("percent") is not None else []
            facts += [str(detail["level"])] if detail.get("level") else []
        case "reachability":
            facts = ["answers" if detail.get("reachable", detail.get("is_reachable")) else "does not answer"]
            facts += [str(detail["why"])] if detail.get("why") else []
        case "commissioned":
            facts = [f"{detail.get('vendor', '')} {detail.get('product', '')}".strip()]
        case "fabric_added" | "fabric_removed":
            facts = [entry["fabric_name"]] if entry.get("fabric_name") else []
        case "alarm":
            facts = [str(detail["alarm"])] if detail.get("alarm") is not None else []
        case _:
            facts = []
    return escaped(", ".join(each for each in facts if each))
