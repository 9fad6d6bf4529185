"""`latchwork doors`: all doors and how they stand, or everything about one.

The roof.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from latchwork.cli.completing import DOOR
from latchwork.cli.door_words import battery, leaf_state, lock_state, reach, troubles
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.rule_options import rule_words
from latchwork.web.client import ApiProblem, Door


@click.command("doors")
@click.argument("door", type=DOOR, required=False)
@hub_options
def command(talk: Talk, door: str | None) -> None:
    """Show all doors; with DOOR (its name, the beginning of it, or its id) everything about that one."""
    if door is not None:
        _show(talk, talk.door(door))
        return
    sync = _sync(talk)
    doors = [{**each, "sync": sync.get(str(each["lock_id"]))} for each in talk.client.doors()]
    now = talk.now()
    talk.table(
        doors,
        ("Door", "Lock", "Leaf", "Battery", "Answers", ""),
        lambda each: (
            f"[bold]{escaped(each['name'])}[/]",
            lock_state(each),
            leaf_state(each),
            battery(each),
            reach(each, now),
            troubles(each["sync"]),
        ),
        empty="There is no door yet. Add a lock by the code on its label: latchwork pair CODE",
        page="",
    )


def _sync(talk: Talk) -> Mapping[str, Any]:
    try:
        return {each["lock_id"]: each for each in talk.client.sync()}
    except ApiProblem as problem:
        if problem.status == 403:
            return {}  # guests see doors, and nothing of what is on their locks
        raise


def _show(talk: Talk, door: Door) -> None:
    facts = None if door["lock_id"] is None else talk.client.lock_facts(door["lock_id"])
    sync = None if door["lock_id"] is None else talk.client.sync_of(door["lock_id"])
    accesses = talk.client.accesses(door_id=door["id"])
    people = {each["id"]: each["name"] for each in talk.client.people(with_left=True)}
    now, zone = talk.now(), talk.zone
    lines = [f"[bold]{escaped(door['name'])}[/]  {lock_state(door)}", ""]

    def line(name: str, text: str) -> None:
        lines.append(f"  [dim]{name:<12}[/]{text}")

    line("door", leaf_state(door))
    line("battery", battery(door))
    line("answers", reach(door, now))
    if facts is not None:
        line("lock", escaped(f"{facts['vendor']} {facts['product']}".strip() or "?"))
        line("firmware", escaped(facts["firmware"] or "not said"))
        line("ecosystems", escaped(", ".join(facts["ecosystems"].values()) or "not read yet"))
        if facts["capabilities"] is not None:
            line("room", _room(facts["capabilities"], sync))
    if sync is not None:
        line("in step", "yes" if sync["is_in_step"] else troubles(sync) or "not yet")
        found = [*sync["errors"], *sync["warnings"]]
        lines += [f"  [yellow]![/] {escaped(each['message'])} {escaped(each['advice'])}".rstrip() for each in found]
    if accesses:
        lines += ["", "  [dim]who may open it[/]"]
    for access in accesses:
        proof = next((each["proof"] for each in access["locks"] if each["door_id"] == door["id"]), "none")
        name = escaped(people.get(access["person_id"], access["person_id"]))
        lines.append(f"  {name}: {rule_words(access['rule'], zone, now)} [dim]({proof})[/]")
    talk.tell({**door, "lock": facts, "sync": sync, "accesses": accesses}, "\n".join(lines), page=f"doors/{door['id']}")


def _room(can: Mapping[str, Any], sync: Mapping[str, Any] | None) -> str:
    users = 0 if sync is None else sync["placed_users"]
    kinds = ", ".join(f"{count} {kind}" for kind, count in can["credentials"].items())
    low, high = can["pin_length"]
    return escaped(f"{users} of {can['users']} users are ours; {kinds}; codes of {low} to {high} digits")
