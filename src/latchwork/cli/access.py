"""`latchwork access`: who may open what, and when.

The roof.
"""

from __future__ import annotations

import shlex
from typing import Any

import click

from latchwork.base.errors import Misuse
from latchwork.cli.completing import DOOR, PERSON
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.people_words import progress
from latchwork.cli.rule_options import make_rule, rule_options, rule_words
from latchwork.web.client import Access


@click.group("access", invoke_without_command=True)
@click.pass_context
@hub_options
def command(talk: Talk, context: click.Context) -> None:
    """Show who may open what, or change it."""
    if context.invoked_subcommand is None:
        _list(talk, talk.client.accesses())


@command.command("list")
@click.option("--person", type=PERSON, help="Of this person.")
@click.option("--door", type=DOOR, help="To this door.")
@hub_options
def list_accesses(talk: Talk, person: str | None, door: str | None) -> None:
    """Show who may open what."""
    person_id = None if person is None else talk.person(person)["id"]
    door_id = None if door is None else talk.door(door)["id"]
    _list(talk, talk.client.accesses(person_id=person_id, door_id=door_id))


def _list(talk: Talk, accesses: list[Access]) -> None:
    people = {each["id"]: each["name"] for each in talk.client.people(with_left=True)}
    doors = {each["id"]: each["name"] for each in talk.client.doors()}
    now, zone = talk.now(), talk.zone
    talk.table(
        accesses,
        ("Who", "Doors", "When", "On the locks", "Id"),
        lambda each: (
            f"[bold]{escaped(people.get(each['person_id'], '?'))}[/]",
            escaped(", ".join(doors.get(door_id, "?") for door_id in each["door_ids"])),
            escaped(rule_words(each["rule"], zone, now)),
            progress([each]) if each["is_enabled"] else "[dim]off[/]",
            f"[dim]{each['id']}[/]",
        ),
        empty="Nobody may open anything yet: latchwork access grant PERSON --door DOOR",
        page="people",
    )


@command.command("grant")
@click.argument("person", type=PERSON)
@click.option("--door", "doors", type=DOOR, multiple=True, required=True, help="Where; several are possible, or all.")
@rule_options
@click.option("--note", default="", help="For people.")
@hub_options
def grant(talk: Talk, person: str, doors: tuple[str, ...], note: str, **when: Any) -> None:
    """Let PERSON in at --door, with everything that they have; without a time, always."""
    found, where = talk.person(person), talk.doors(doors)
    if not where:
        raise Misuse("there is no door yet", advice="Add a lock: latchwork pair CODE")
    access = talk.client.grant(found["id"], [each["id"] for each in where], make_rule(talk.now(), **when), note=note)
    words = rule_words(access["rule"], talk.zone, talk.now())
    names = ", ".join(each["name"] for each in where)
    lines = [f"[bold]{escaped(found['name'])}[/] may open {escaped(names)}: {escaped(words)}."]
    if not talk.client.credentials(found["id"]):
        lines.append(f"They have no code yet: latchwork people code {escaped(shlex.quote(found['name']))} --new")
    talk.tell({"event": "granted", **access}, "\n".join(lines), page=f"people/{found['id']}")


@command.command("revoke")
@click.argument("which", metavar="PERSON|ID", type=PERSON)
@click.option("--door", type=DOOR, help="The access of PERSON to this door.")
@hub_options
def revoke(talk: Talk, which: str, door: str | None) -> None:
    """Take an access back: one by its ID, or the one that PERSON has."""
    accesses = talk.client.accesses()
    found = [each for each in accesses if each["id"] == which]
    if not found:
        person = talk.person(which)
        door_id = None if door is None else talk.door(door)["id"]
        found = [
            each
            for each in accesses
            if each["person_id"] == person["id"] and (door_id is None or door_id in each["door_ids"])
        ]
        if not found:
            raise Misuse(f"{person['name']} has no such access")
    if len(found) > 1:
        listed = ", ".join(each["id"] for each in found)
        raise Misuse(f"these are several: {listed}", advice="Say which by its id; see: latchwork access list")
    (access,) = found
    if door is not None and len(access["door_ids"]) > 1:
        door_id = talk.door(door)["id"]
        rest = [each for each in access["door_ids"] if each != door_id]
        talk.client.call("PATCH", f"/accesses/{access['id']}", {"door_ids": rest})
        talk.tell(
            {"event": "revoked", "id": access["id"], "door_id": door_id}, "That door is taken back; the others stay."
        )
        return
    talk.client.revoke(access["id"])
    talk.tell({"event": "revoked", "id": access["id"]}, "The access is taken back; the locks follow.")
