"""What the journal says: an entry, its words, and the one way in which it is written as octets for the chain of hashes.

Layer hub, pure. Names in an entry are those of its time; what was not said is None or empty and has a reason beside it.

The octets of an entry are the JSON array of its stored values, in the order of `COLUMNS` without the hash, in UTF-8, without white space
and with only the escapes that JSON demands (RFC 8785 3.2.2). Its hash is SHA-256 over the hash before it and these octets; before the
first is `GENESIS`. Anybody can check an exported journal with that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from math import isfinite
from typing import Any, Final

from latchwork.base.errors import Misuse
from latchwork.hub.books.rows import as_signed, as_unsigned
from latchwork.hub.house.entities import CredentialKind

GENESIS: Final = sha256(b"latchwork journal 1").digest()
"""Stands where the hash before the first entry would be; names this way of writing entries."""
MAX_TEXT: Final = 300
"""Characters of a name or an id: more than any lock or ecosystem may say."""
MAX_DETAIL: Final = 4000
"""Characters of the details as JSON: a line of a log is no place for documents."""

_MAX_DEPTH: Final = 6
_FORBIDDEN: Final = frozenset(
    ("code", "pin", "pin_code", "pincode", "passcode", "password", "secret", "token", "key", "value", "credential_data")
)

Detail = None | bool | int | str | list["Detail"] | dict[str, "Detail"]
"""What details are made of: no fractions, which different machines write differently."""


class Kind(StrEnum):
    """What happened."""

    OPENED = "opened"
    """The bolt was withdrawn; whether anybody went through is not said by it."""
    LOCKED = "locked"
    UNLATCHED = "unlatched"
    RECOGNISED = "recognised"
    """Somebody was recognised who may open nothing: nothing moved."""
    DURESS = "duress"
    """Somebody opened under duress."""
    REFUSED = "refused"
    LOCKED_OUT = "locked_out"
    """Too many wrong codes: the lock is deaf for a while."""
    ALARM = "alarm"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DOOR_AJAR = "door_ajar"
    DOOR_FORCED = "door_forced"
    DOOR_ERROR = "door_error"
    """The door's sensor tells of a jam or of something that it has no word for."""
    JAMMED = "jammed"
    USER_ADDED = "user_added"
    USER_CHANGED = "user_changed"
    USER_REMOVED = "user_removed"
    CODE_ADDED = "code_added"
    """A credential of any kind, as are the two below: `credential_kind` says which."""
    CODE_CHANGED = "code_changed"
    CODE_REMOVED = "code_removed"
    SCHEDULE_CHANGED = "schedule_changed"
    GAP = "gap"
    """Event numbers of the node were passed over: what they were is not known (yet)."""
    GAP_FILLED = "gap_filled"
    """What was passed over has come, or the lock has shown that nothing is missing."""
    GAP_LOST = "gap_lost"
    """The lock does not hold any more what was passed over."""
    LOCK_RESET = "lock_reset"
    """Event numbers began anew: the lock was reset or lost its memory."""
    RESTARTED = "restarted"
    BATTERY = "battery"
    REACHABILITY = "reachability"
    COMMISSIONED = "commissioned"
    REMOVED = "removed"
    FABRIC_ADDED = "fabric_added"
    FABRIC_REMOVED = "fabric_removed"
    AUDIT = "audit"
    """Somebody did something in the hub: `actor` is who."""
    REPAIRED = "repaired"
    RESTORED = "restored"
    PRUNED = "pruned"
    """Retention removed the oldest entries; the details say up to which."""
    OTHER = "other"
    """The lock said something that this version has no word for: the details hold the number."""


class How(StrEnum):
    """By which way it was done (Application Clusters 5.2.6.18)."""

    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    KEYPAD = "keypad"
    FINGERPRINT = "fingerprint"
    FACE = "face"
    BIOMETRIC = "biometric"
    """A part of the body; which, the lock did not say."""
    CARD = "card"
    ALIRO = "aliro"
    REMOTE = "remote"
    PROPRIETARY_REMOTE = "proprietary_remote"
    MANUAL = "manual"
    BUTTON = "button"
    AUTO = "auto"
    SCHEDULE = "schedule"


class Why(StrEnum):
    """Why an entry does not say who."""

    MANUAL = "manual"
    """By hand or with a key: a lock cannot see whose hand."""
    BUTTON = "button"
    ITSELF = "itself"
    """Nobody: the lock did it by itself."""
    BRIDGE = "bridge"
    """The lock is behind a bridge that does not tell."""
    UNKNOWN_CREDENTIAL = "unknown_credential"
    """What was shown is nobody's."""
    ECOSYSTEM = "ecosystem"
    """Another ecosystem did it, and none of them tells a lock who asked; `fabric_name` says which."""
    FOREIGN_USER = "foreign_user"
    """A user that another ecosystem put on the lock; `fabric_name` says which."""
    ORPHAN = "orphan"
    """A user whose ecosystem is gone from the lock."""
    AT_DOOR = "at_door"
    """A user that was made at the lock, or of whom the lock does not say who made it."""
    MAKER_APP = "maker_app"
    """A way of the lock's maker that does not go through Matter."""
    HUB = "hub"
    """This hub did it; who asked is in the audit entry."""
    CHANGED_HANDS = "changed_hands"
    """The user's place on the lock has changed hands: whose it was then is not known."""
    UNREAD = "unread"
    """The user's place is not one of ours and has not been read."""
    CONTRADICTION = "contradiction"
    """What the lock says does not fit together."""
    NOT_SAID = "not_said"
    """The lock should have said it and did not."""
    UNREADABLE = "unreadable"
    """The lock's words are not those of the specification."""
    MISSED = "missed"
    """The event did not arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal.

    Attributes:
        seq: its place, from 1; 0 until it is kept.
        at: when the hub learned of it, UTC seconds since 1970; kept to the microsecond.
        kind: what happened.
        lock_at: when it happened by the lock's own clock; None when the lock did not say or did not know.
        door_id, door_name: where, as the door was called then.
        lock_id: which lock.
        person_id, person_name: who, as they were called then; None and empty when not known.
        credential_kind, credential_id: with what.
        how: by which way.
        fabric_index, fabric_name: through which ecosystem, by the lock's number for it and as it was called then.
        node_id: the node of that fabric that did it.
        event_number: the node's own number of the event, below 2^63.
        why_unknown: why it does not say who; None when it does or nobody is meant.
        actor: who did it in the hub, such as `account:<id>`, else empty.
        detail: small facts; never a secret.
        hash: of this entry and all before it; empty until it is kept.
    """

    seq: int = 0
    at: float
    kind: Kind
    lock_at: float | None = None
    door_id: str | None = None
    door_name: str = ""
    lock_id: str | None = None
    person_id: str | None = None
    person_name: str = ""
    credential_kind: CredentialKind | None = None
    credential_id: str | None = None
    how: How = How.NOT_APPLICABLE
    fabric_index: int | None = None
    fabric_name: str = ""
    node_id: int | None = None
    event_number: int | None = None
    why_unknown: Why | None = None
    actor: str = ""
    detail: Mapping[str, Detail] = field(default_factory=dict)
    hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at some time. Kept elsewhere, it shows later that nothing before it was changed or cut off.

    Attributes:
        seq: the entry's; 0 when there was none.
        hash: its hash.
    """

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head that `str` wrote.

        Raises:
            Misuse: it is none.
        """
        seq, colon, digest = text.strip().partition(":")
        try:
            found = cls(int(seq), bytes.fromhex(digest))
        except ValueError:
            raise Misuse(f"this is no head of a journal: {text!r}") from None
        if not colon or found.seq < 0 or len(found.hash) != len(GENESIS):
            raise Misuse(f"this is no head of a journal: {text!r}")
        return found


COLUMNS: Final = (
    *("seq", "at_us", "lock_at_us", "kind", "door_id", "door_name", "lock_id", "person_id", "person_name"),
    *("credential_kind", "credential_id", "how", "fabric_index", "fabric_name", "node_id", "event_number"),
    *("why_unknown", "actor", "detail_json", "hash"),
)
"""Of the table, in the order in which they are hashed; the hash is last."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def octets_of(stored: Sequence[Any]) -> bytes:
    """An entry's stored values without the hash, as they are hashed.

    Raises:
        TypeError, UnicodeEncodeError: this is nothing that the journal would have stored.
    """
    return _encode(stored).encode()


def chained(before: bytes, octets: bytes) -> bytes:
    """The hash of an entry that follows the one with the hash `before`."""
    return sha256(before + octets).digest()


def to_micros(seconds: float) -> int:
    """An instant as it is stored.

    Raises:
        Misuse: it is none that SQLite could keep.
    """
    if not isfinite(seconds) or abs(seconds) > 1e12:
        raise Misuse(f"{seconds} is no instant")
    return round(seconds * 1_000_000)


def to_stored(entry: Entry) -> tuple[Any, ...]:
    """The entry's values in the order of `COLUMNS`, without the hash.

    Raises:
        Misuse: something in it is too long, is a secret by its name, or cannot be kept.
    """
    for text in (entry.door_id, entry.door_name, entry.lock_id, entry.person_id, entry.person_name):
        _check_text(text)
    for text in (entry.credential_id, entry.fabric_name, entry.actor):
        _check_text(text)
    if entry.event_number is not None and not 0 <= entry.event_number < 1 << 63:
        raise Misuse(f"{entry.event_number} is no event number")
    if entry.node_id is not None and not 0 <= entry.node_id < 1 << 64:
        raise Misuse(f"{entry.node_id} is no node")
    return (
        *(entry.seq, to_micros(entry.at), None if entry.lock_at is None else to_micros(entry.lock_at)),
        *(entry.kind.value, entry.door_id, entry.door_name, entry.lock_id, entry.person_id, entry.person_name),
        *(None if entry.credential_kind is None else entry.credential_kind.value, entry.credential_id),
        *(entry.how.value, entry.fabric_index, entry.fabric_name),
        *(None if entry.node_id is None else as_signed(entry.node_id), entry.event_number),
        *(None if entry.why_unknown is None else entry.why_unknown.value, entry.actor, encode_detail(entry.detail)),
    )


def from_stored(row: Sequence[Any]) -> Entry:
    """The entry of a row with `COLUMNS`.

    Raises:
        ValueError: it is nothing that this version would have written.
    """
    (seq, at_us, lock_at_us, kind, door_id, door_name, lock_id, person_id, person_name, *others) = row
    (credential_kind, credential_id, how, fabric_index, fabric_name, node_id, event_number, *others) = others
    (why_unknown, actor, detail_json, digest) = others
    detail = json.loads(detail_json) if detail_json != "{}" else {}
    if not isinstance(detail, dict):
        raise ValueError("details are an object")  # noqa: TRY004 - what is kept is wrong, not how it is used
    return Entry(
        seq=seq,
        at=at_us / 1_000_000,
        kind=Kind(kind),
        lock_at=None if lock_at_us is None else lock_at_us / 1_000_000,
        door_id=door_id,
        door_name=door_name,
        lock_id=lock_id,
        person_id=person_id,
        person_name=person_name,
        credential_kind=None if credential_kind is None else CredentialKind(credential_kind),
        credential_id=credential_id,
        how=How(how),
        fabric_index=fabric_index,
        fabric_name=fabric_name,
        node_id=None if node_id is None else as_unsigned(node_id),
        event_number=event_number,
        why_unknown=None if why_unknown is None else Why(why_unknown),
        actor=actor,
        detail=detail,
        hash=digest,
    )


def encode_detail(detail: Mapping[str, Detail]) -> str:
    """Details as they are stored: JSON with sorted names.

    Raises:
        Misuse: too much, a fraction, octets, or a name that only a secret has.
    """
    if not detail:
        return "{}"
    _check_detail(detail)
    try:
        text = json.dumps(detail, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Misuse(f"this cannot be a detail: {type(error).__name__}") from None
    if len(text) > MAX_DETAIL:
        raise Misuse(f"details have at most {MAX_DETAIL} characters")
    return text


def _check_detail(value: object, depth: int = 0) -> None:
    """Refuses without quoting: what is refused may be a secret."""
    if depth > _MAX_DEPTH:
        raise Misuse("details are shallow")
    if isinstance(value, Mapping):
        for name, each in value.items():
            if not isinstance(name, str):
                raise Misuse("the names of details are texts")
            if name.lower() in _FORBIDDEN:
                raise Misuse(f"a detail named {name} could be a secret")
            _check_detail(each, depth + 1)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_detail(each, depth + 1)
    elif value is not None and not isinstance(value, bool | int | str):
        raise Misuse(f"{type(value).__name__} cannot be a detail")


def _check_text(text: str | None) -> None:
    if not text:
        return
    if len(text) > MAX_TEXT:
        raise Misuse(f"names and ids have at most {MAX_TEXT} characters")
    if "\0" in text:
        raise Misuse("a name holds the character NUL, at which SQLite ends a text in some of its functions")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Misuse("a name holds half of a character") from None
