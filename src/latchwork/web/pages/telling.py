"""An entry of the journal as a line on a page: what happened, who it was and how, or why that is not known. It never says more than the entry.

Layer web, pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from latchwork.hub.journal.entries import Entry, How, Kind, Why
from latchwork.web.pages.texts import Texts

PASSAGES: Final = frozenset({Kind.OPENED, Kind.LOCKED, Kind.UNLATCHED, Kind.RECOGNISED, Kind.DURESS})
DOOR: Final = frozenset({Kind.DOOR_OPENED, Kind.DOOR_CLOSED, Kind.DOOR_AJAR})
ATTENTION: Final = frozenset(
    {
        *(Kind.REFUSED, Kind.LOCKED_OUT, Kind.ALARM, Kind.DURESS, Kind.DOOR_FORCED, Kind.DOOR_ERROR, Kind.JAMMED),
        *(Kind.GAP_LOST, Kind.LOCK_RESET),
    }
)
"""What stands out: somebody should look."""
CHANGES: Final = frozenset(
    {
        *(Kind.USER_ADDED, Kind.USER_CHANGED, Kind.USER_REMOVED, Kind.CODE_ADDED, Kind.CODE_CHANGED, Kind.CODE_REMOVED),
        *(Kind.SCHEDULE_CHANGED, Kind.FABRIC_ADDED, Kind.FABRIC_REMOVED, Kind.COMMISSIONED, Kind.REMOVED),
        *(Kind.REPAIRED, Kind.LOCK_RESET, Kind.RESTORED),
    }
)
GROUPS: Final[Mapping[str, frozenset[Kind]]] = {
    "passages": PASSAGES | DOOR | ATTENTION,
    "attention": ATTENTION,
    "changes": CHANGES,
    "audit": frozenset({Kind.AUDIT}),
    "all": frozenset(),
}
"""What can be chosen on the page; `all` is everything."""
_ICONS: Final = {
    Kind.OPENED: "unlock",
    Kind.UNLATCHED: "unlock",
    Kind.LOCKED: "lock",
    Kind.DOOR_OPENED: "door",
    Kind.DOOR_CLOSED: "door",
    Kind.BATTERY: "battery",
    Kind.REACHABILITY: "away",
    Kind.AUDIT: "people",
    Kind.FABRIC_ADDED: "share",
    Kind.FABRIC_REMOVED: "share",
    Kind.RECOGNISED: "key",
    Kind.DURESS: "bell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line.

    Attributes:
        entry: of the journal.
        icon: its picture.
        who: the person, or who did it in the hub, or empty.
        what: what happened.
        how: by which way and ecosystem, or empty.
        unknown: why it does not say who, or empty.
        is_attention: it stands out.
    """

    entry: Entry
    icon: str
    who: str
    what: str
    how: str
    unknown: str
    is_attention: bool


def told(entry: Entry, texts: Texts, accounts: Mapping[str, str]) -> Told:
    """The line of an entry.

    Args:
        entry: which.
        texts: the words.
        accounts: names of accounts, by `account:<id>`.
    """
    who = entry.person_name
    if entry.kind is Kind.AUDIT:
        what = texts.word("did", str(entry.detail.get("did", "")))
        actor = accounts.get(entry.actor, entry.actor.partition(":")[0])
        what = texts.say("activity.audit", who=actor, did=what)
        if entry.detail.get("did") == "log_in_refused":
            what = _refused(entry, texts)
    else:
        what = texts.say(f"word.kind.{entry.kind.value}")
        if entry.kind is Kind.REACHABILITY:
            what = texts.say("activity.reachable" if entry.detail.get("reachable") else "activity.unreachable")
        elif entry.kind is Kind.BATTERY:
            what = texts.word("battery", str(entry.detail.get("level") or ""))
    return Told(
        entry=entry,
        icon=_ICONS.get(entry.kind, "warning" if entry.kind in ATTENTION else "activity"),
        who=who,
        what=what,
        how=_how(entry, texts),
        unknown=_unknown(entry, texts),
        is_attention=entry.kind in ATTENTION,
    )


def _refused(entry: Entry, texts: Texts) -> str:
    """Somebody tried to sign in; a name that is nobody's is not in the entry."""
    address, name = str(entry.detail.get("address", "")), str(entry.detail.get("name", ""))
    if not name:
        return texts.say("activity.refused_unknown", address=address)
    by = texts.word("refused_by", str(entry.detail.get("by", "")))
    return texts.say("activity.refused", name=name, address=address, by=by)


def _how(entry: Entry, texts: Texts) -> str:
    if entry.how is How.NOT_APPLICABLE:
        return entry.fabric_name if entry.kind in {Kind.FABRIC_ADDED, Kind.FABRIC_REMOVED} else ""
    how = texts.say(f"word.how.{entry.how.value}")
    if entry.fabric_name and entry.how is How.REMOTE:
        return texts.say("activity.through", how=how, ecosystem=entry.fabric_name)
    return how


def _unknown(entry: Entry, texts: Texts) -> str:
    if entry.why_unknown is None or entry.why_unknown in {Why.ITSELF, Why.HUB}:
        return ""
    ecosystem = entry.fabric_name or texts.say("activity.an_ecosystem")
    return texts.say(f"word.why.{entry.why_unknown.value}", ecosystem=ecosystem)
