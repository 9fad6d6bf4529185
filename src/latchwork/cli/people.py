"""`latchwork people`: who there is; adding, showing, changing, and moving out.

The roof. A person exists once, whatever the number of doors.
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any, Final

import click

from latchwork.base.errors import Misuse
from latchwork.cli.asking import ask_secret, confirmed
from latchwork.cli.completing import DOOR, PERSON
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.moments import told
from latchwork.cli.people_words import move_out_words, person_words, row_of
from latchwork.cli.rule_options import make_rule, rule_options
from latchwork.web.client import ApiProblem, Credential

_PATIENCE_S: Final = 3.0
"""How long locks that answer may take to let go of somebody before that is told as being under way."""
_INTERVAL_S: Final = 0.05


@click.group("people", invoke_without_command=True)
@click.option("--left", "with_left", is_flag=True, help="Those who moved out, too.")
@click.pass_context
@hub_options
def command(talk: Talk, context: click.Context, with_left: bool) -> None:
    """Show who there is, or do something about them."""
    if context.invoked_subcommand is not None:
        return
    accesses: dict[str, list[Any]] = {}
    for access in talk.client.accesses():
        accesses.setdefault(access["person_id"], []).append(access)
    doors = {each["id"]: each["name"] for each in talk.client.doors()}
    now, zone = talk.now(), talk.zone
    people = [{**each, "accesses": accesses.get(each["id"], [])} for each in talk.client.people(with_left=with_left)]
    talk.table(
        people,
        ("Name", "May open", "When", "On the locks", "Since"),
        lambda each: (*row_of(each, doors, zone, now), told(each["created_at"], zone, now)),
        empty="There is nobody yet. Add somebody: latchwork people add NAME --door DOOR",
        page="people",
    )


@command.command("add")
@click.argument("name")
@click.option("--email", default="", help="Where notices may be sent.")
@click.option("--phone", default="", help="Likewise.")
@click.option("--door", "doors", type=DOOR, multiple=True, help="Lets them in there; several are possible, or all.")
@rule_options
@click.option("--length", type=click.IntRange(4, 16), help="Digits of the code. [default: as the locks allow]")
@click.option("--own-code", is_flag=True, help="Ask for a code, instead of making one by chance.")
@click.option("--code-stdin", "is_piped", is_flag=True, help="Read the code from standard input.")
@click.option("--no-code", is_flag=True, help="No code yet.")
@hub_options
def add(
    talk: Talk,
    name: str,
    email: str,
    phone: str,
    doors: tuple[str, ...],
    length: int | None,
    own_code: bool,
    is_piped: bool,
    no_code: bool,
    **when: Any,
) -> None:
    """Add NAME, with a code made by chance that is shown now, and let them in by --door."""
    found = talk.doors(doors)
    rule = make_rule(talk.now(), **when)
    if rule["kind"] != "always" and not found:
        raise Misuse("a time needs a door", advice="Say --door too.")
    typed = ask_secret("Code", is_piped=is_piped, is_new=True) if own_code or is_piped else None
    client = talk.client
    person = client.add_person(name, email=email, phone=phone)
    credential, code, access = None, typed, None
    try:
        if not no_code:
            credential = client.add_code(person["id"], typed, length=length)
            code = typed or _reveal(talk, credential)
        if found:
            access = client.grant(person["id"], [each["id"] for each in found], rule)
    except ApiProblem as problem:
        rest = "access grant PERSON --door DOOR" if credential or no_code else "people code PERSON --new"
        problem.advice = f"{name} is here already, without the rest: go on with latchwork {rest}."
        raise
    lines = [f"[bold]{escaped(name)}[/] is here."]
    if code is not None and typed is None:
        lines.append(f"Code: [bold]{code}[/]  [dim](shown now; again with latchwork people code {_typed(name)})[/]")
    if found:
        names = ", ".join(each["name"] for each in found)
        lines.append(f"May open {escaped(names)}; see how far the locks are: latchwork people show {_typed(name)}")
    else:
        lines.append(f"Opens nothing yet. Next: latchwork access grant {_typed(name)} --door DOOR")
    facts = {"event": "person_added", "person": person, "credential": credential, "access": access}
    talk.tell(facts | ({"code": code} if typed is None else {}), "\n".join(lines), page=f"people/{person['id']}")


def _typed(name: str) -> str:
    """A name as it is typed in a shell."""
    return escaped(shlex.quote(name))


def _reveal(talk: Talk, credential: Credential) -> str | None:
    try:
        return talk.client.reveal(credential["id"])
    except ApiProblem as problem:
        if problem.status in {403, 404}:
            return None  # who may add people need not be one who may read codes
        raise


@command.command("show")
@click.argument("person", type=PERSON)
@hub_options
def show(talk: Talk, person: str) -> None:
    """Show PERSON: what they have, what they may, and how well each lock is known to hold it."""
    found = talk.person(person, with_left=True)
    credentials = talk.client.credentials(found["id"])
    accesses = talk.client.accesses(person_id=found["id"])
    doors = {each["id"]: each["name"] for each in talk.client.doors()}
    doors_by_lock = {each["lock_id"]: each["name"] for each in talk.client.doors() if each["lock_id"]}
    text = person_words(found, credentials, accesses, doors, doors_by_lock, talk.zone, talk.now())
    facts = {**found, "credentials": credentials, "accesses": accesses}
    talk.tell(facts, text, page=f"people/{found['id']}")


@command.command("change")
@click.argument("person", type=PERSON)
@click.option("--name", help="Another name, which is brought to every lock.")
@click.option("--email")
@click.option("--phone")
@hub_options
def change(talk: Talk, person: str, **changes: str | None) -> None:
    """Give PERSON another name or address."""
    wanted = {name: value for name, value in changes.items() if value is not None}
    if not wanted:
        raise Misuse("nothing is to be changed", advice="Say --name, --email or --phone.")
    kept = talk.client.change_person(talk.person(person)["id"], **wanted)
    talk.tell(kept, f"[bold]{escaped(kept['name'])}[/] is changed.", page=f"people/{kept['id']}")


@command.command("code")
@click.argument("person", type=PERSON)
@click.option("--new", "is_new", is_flag=True, help="Make another code, which replaces the one before on every lock.")
@click.option("--own-code", is_flag=True, help="With --new: ask for it.")
@click.option("--code-stdin", "is_piped", is_flag=True, help="With --new: read it from standard input.")
@hub_options
def code(talk: Talk, person: str, is_new: bool, own_code: bool, is_piped: bool) -> None:
    """Read the code of PERSON back, which the journal will tell; or --new."""
    found = talk.person(person)
    pins = [each for each in talk.client.credentials(found["id"]) if each["kind"] == "pin"]
    typed = ask_secret("Code", is_piped=is_piped, is_new=True) if own_code or is_piped else None
    if is_new or typed is not None:
        if len(pins) > 1:
            raise Misuse(f"{found['name']} has {len(pins)} codes", advice="Change the one that is meant on the page.")
        pins = [talk.client.set_code(pins[0]["id"], typed) if pins else talk.client.add_code(found["id"], typed)]
    elif not pins:
        raise Misuse(f"{found['name']} has no code", advice="Make one: latchwork people code PERSON --new")
    if typed is not None:
        talk.tell(
            {"person_id": found["id"], "credential_id": pins[0]["id"]}, "The new code is on its way to the locks."
        )
        return
    for pin in pins:
        text = talk.client.reveal(pin["id"])
        facts = {"person_id": found["id"], "credential_id": pin["id"], "label": pin["label"], "code": text}
        label = f" [dim]{escaped(pin['label'])}[/]" if pin["label"] else ""
        talk.tell(facts, f"[bold]{text}[/]{label}")


@command.command("move-out")
@click.argument("person", type=PERSON)
@click.option("--yes", "is_yes", is_flag=True, help="Do not ask.")
@hub_options
def move_out(talk: Talk, person: str, is_yes: bool) -> None:
    """PERSON leaves: every access ends, and everything of theirs is taken off every lock. The journal keeps the name."""
    found = talk.person(person)
    confirmed(f"Take {found['name']} off every lock?", is_yes=is_yes, is_json=talk.is_json)
    report = talk.client.move_out(found["id"])
    until = time.monotonic() + _PATIENCE_S
    while any(each["is_reachable"] for each in report["still_on"]) and time.monotonic() < until:
        time.sleep(_INTERVAL_S)
        report = talk.client.call("GET", f"/people/{found['id']}/move_out")
    talk.tell(report, move_out_words(report), page=f"people/{found['id']}")


@command.command("report")
@click.argument("person", type=PERSON)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the signed report there.")
@hub_options
def report(talk: Talk, person: str, output: Path | None) -> None:
    """Where PERSON, who moved out, is gone, and since when that is proved: a signed report."""
    found = talk.person(person, with_left=True)
    facts = talk.client.removal(found["id"])
    if output is not None:
        from latchwork.cli.lines import line_of

        output.write_text(line_of(facts), encoding="utf-8")
        talk.tell({"event": "written", "file": str(output)}, f"The report is in {escaped(output)}.")
        return
    talk.tell(facts, move_out_words(talk.client.call("GET", f"/people/{found['id']}/move_out")))


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", "is_rehearsal", is_flag=True, help="Say what would happen, and change nothing.")
@hub_options
def import_people(talk: Talk, file: Any, is_rehearsal: bool) -> None:
    """Add people and their codes from FILE, comma-separated with a heading; - is standard input."""
    rows = talk.client.import_people(file.read(), is_rehearsal=is_rehearsal)["rows"]
    talk.table(
        rows,
        ("Line", "Name", "Result", ""),
        lambda each: (
            str(each["line"]),
            escaped(each["name"]),
            escaped(each["result"]),
            f"[red]{escaped(each['problem'])}[/]" if each.get("problem") else "",
        ),
        empty="There is nobody in this file.",
        page="people",
    )
    if any(each.get("problem") for each in rows):
        sys.exit(3)
