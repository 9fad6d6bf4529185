"""Rules of notifications in the database, and what was told of what lasts.

Layer hub. Functions of a connection. People change a rule by its version; how sending went is written beside it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from latchwork.hub.books.rows import NotFound, decode_texts, next_version, row, rows, select, upsert
from latchwork.hub.notify.rules import Rule

MAX_RULES: Final = 100
KEEP_S: Final = 60 * 86_400.0
"""Seconds for which it is remembered that something was told."""
_RULE: Final = (
    *("id", "name", "scheme", "sealed_url", "topics_json", "door_ids_json", "person_ids_json", "quiet_from"),
    *("quiet_to", "unreachable_after_s", "is_local", "is_enabled", "created_at", "version", "seq", "last_ok"),
    *("last_error", "failed_at"),
)
_SET: Final = _RULE[1:15]
_GET: Final = select("notification_rule", _RULE, "WHERE id = ?")
_ALL: Final = select("notification_rule", _RULE, "ORDER BY created_at, id")
_PUT: Final = upsert("notification_rule", ("id",), _SET)


def get_rule(connection: sqlite3.Connection, rule_id: str) -> Rule:
    """The rule.

    Raises:
        NotFound: there is none.
    """
    found = row(connection, _GET, (rule_id,), _rule)
    if found is None:
        raise NotFound("notification rule", rule_id)
    return found


def list_rules(connection: sqlite3.Connection) -> list[Rule]:
    """All rules, oldest first."""
    return rows(connection, _ALL, (), _rule)


def put_rule(connection: sqlite3.Connection, rule: Rule) -> Rule:
    """Keep a new rule (version 1) or one that people changed; returns it with the version that is kept now.

    Raises:
        Conflict: somebody else changed it in between.
    """
    kept = connection.execute("SELECT version FROM notification_rule WHERE id = ?", (rule.id,)).fetchone()
    stored = replace(rule, version=next_version("notification rule", rule.id, rule.version, kept))
    connection.execute(
        _PUT,
        (
            *(stored.id, stored.name, stored.scheme, stored.sealed_url, json.dumps(sorted(stored.topics))),
            *(json.dumps(stored.door_ids), json.dumps(stored.person_ids), stored.quiet_from, stored.quiet_to),
            *(stored.unreachable_after_s, stored.is_local, stored.is_enabled, stored.created_at, stored.version),
            stored.seq,
        ),
    )
    return stored


def remove_rule(connection: sqlite3.Connection, rule_id: str) -> Rule:
    """Forget a rule; returns what it was.

    Raises:
        NotFound: there is none.
    """
    rule = get_rule(connection, rule_id)
    connection.execute("DELETE FROM notification_rule WHERE id = ?", (rule_id,))
    return rule


def sent(connection: sqlite3.Connection, rule_id: str, at: float, seq: int, keys: Sequence[str]) -> None:
    """A message was taken: everything until this entry is told, and of what lasts, these."""
    connection.execute(
        "UPDATE notification_rule SET last_ok = ?, last_error = '', failed_at = NULL, seq = max(seq, ?) WHERE id = ?",
        (at, seq, rule_id),
    )
    if not connection.execute("SELECT 1 FROM notification_rule WHERE id = ?", (rule_id,)).fetchone():
        return
    for key in keys:
        connection.execute("INSERT OR REPLACE INTO notified VALUES (?, ?, ?)", (rule_id, key, at))


def not_sent(connection: sqlite3.Connection, rule_id: str, at: float, why: str) -> None:
    """A message was not taken."""
    connection.execute(
        "UPDATE notification_rule SET last_error = ?, failed_at = ? WHERE id = ?", (why[:300], at, rule_id)
    )


def passed(connection: sqlite3.Connection, rule_id: str, seq: int) -> None:
    """Nothing until this entry is of this rule, or is any news."""
    connection.execute("UPDATE notification_rule SET seq = max(seq, ?) WHERE id = ?", (seq, rule_id))


def told_keys(connection: sqlite3.Connection, rule_id: str) -> set[str]:
    """What of what lasts was told."""
    return {key for (key,) in connection.execute("SELECT key FROM notified WHERE rule_id = ?", (rule_id,)).fetchall()}


def forget_key(connection: sqlite3.Connection, rule_id: str, key: str) -> None:
    """It is over: the next time it is told again."""
    connection.execute("DELETE FROM notified WHERE rule_id = ? AND key = ?", (rule_id, key))


def forget_old(connection: sqlite3.Connection, now: float) -> None:
    """Forget what was told long ago."""
    connection.execute("DELETE FROM notified WHERE at < ? AND key NOT LIKE 'unreachable/%'", (now - KEEP_S,))


def _rule(found: Sequence[Any]) -> Rule:
    values = dict(zip(_RULE, found, strict=True))
    return Rule(
        topics=frozenset(decode_texts(values.pop("topics_json"))),
        door_ids=decode_texts(values.pop("door_ids_json")),
        person_ids=decode_texts(values.pop("person_ids_json")),
        is_local=values.pop("is_local") == 1,
        is_enabled=values.pop("is_enabled") == 1,
        **values,
    )
