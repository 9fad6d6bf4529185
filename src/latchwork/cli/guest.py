"""`latchwork guest`: a code for somebody who comes for a while, with a page and a message to send.

The roof.
"""

from __future__ import annotations

from typing import Any

import click

from latchwork.base.errors import Misuse
from latchwork.cli.completing import DOOR
from latchwork.cli.hub_client import Talk, escaped, hub_options
from latchwork.cli.rule_options import make_rule, rule_options, rule_words


@click.command("guest")
@click.argument("name")
@click.option("--door", "doors", type=DOOR, multiple=True, required=True, help="Where; several are possible, or all.")
@rule_options
@click.option("--length", type=click.IntRange(4, 16), help="Digits of the code. [default: as the locks allow]")
@click.option("--email", default="", help="Of the guest.")
@click.option("--phone", default="", help="Of the guest.")
@click.option(
    "--link/--no-link", "is_linked", default=True, show_default=True, help="A page for the guest, by a secret link."
)
@hub_options
def command(
    talk: Talk,
    name: str,
    doors: tuple[str, ...],
    length: int | None,
    email: str,
    phone: str,
    is_linked: bool,
    **when: Any,
) -> None:
    """Make a code for NAME at --door, --until some time. It can be made from afar; what stands in its way is told."""
    where = talk.doors(doors)
    rule = make_rule(talk.now(), **when)
    if rule["kind"] == "always":
        raise Misuse("a guest leaves some time", advice="Say --until TIME, --once or --hours N.")
    made = talk.client.add_guest(
        name, [each["id"] for each in where], rule, code_length=length, email=email, phone=phone, link=is_linked
    )
    words = rule_words(made["access"]["rule"], talk.zone, talk.now())
    names = ", ".join(each["name"] for each in where)
    lines = [
        f"[bold]{escaped(name)}[/] may open {escaped(names)}: {escaped(words)}.",
        "",
        f"  code  [bold]{escaped(made['code'])}[/]",
    ]
    if made.get("link"):
        lines.append(f"  page  {escaped(made['link']['url'])}")
    lines += ["", "[dim]To send:[/]", escaped(made["message"])]
    for warning in made.get("warnings", ()):
        text = warning if isinstance(warning, str) else f"{warning['message']} {warning.get('advice', '')}".rstrip()
        lines.append(f"[yellow]![/] {escaped(text)}")
    talk.tell({"event": "guest_added", **made}, "\n".join(lines), page=f"people/{made['person']['id']}")
