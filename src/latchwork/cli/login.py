"""`latchwork login`: which hub the other verbs speak to, and as whom; also how a new hub gets its owner.

The roof. The password is sent to the hub once, for a token; only that is kept.
"""

from __future__ import annotations

import getpass
import platform
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import click

from latchwork.base.errors import LatchworkError, Misuse
from latchwork.cli.asking import ask_secret
from latchwork.cli.lines import emit
from latchwork.cli.log_in_file import LOCAL, LogIn, forget_log_in, keep_log_in, read_log_in
from latchwork.web.client import Client
from latchwork.web.client_login import become_owner, log_in, split_link


@click.command("login")
@click.argument("where", metavar="[URL|LINK]", default=LOCAL)
@click.option("--name", help="Of your account. [default: asked for]")
@click.option("--password-stdin", "is_piped", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--token-stdin", "is_token", is_flag=True, help="Read a token from standard input, instead of a password."
)
@click.option("--forget", is_flag=True, help="Log out: end the token, and forget the hub.")
@click.option("--json", "json_lines", is_flag=True, help="One JSON object a line.")
def command(where: str, name: str | None, is_piped: bool, is_token: bool, forget: bool, json_lines: bool) -> None:
    """Log in at a hub; LINK is what a new one prints, and makes you its owner.

    The hub's address and a token are kept in latchwork/hub.json in $XDG_CONFIG_HOME or ~/.config, readable by you alone.
    LATCHWORK_URL and LATCHWORK_TOKEN in the environment count before it.
    """
    if forget:
        _forget(json_lines=json_lines)
        return
    is_link = urlsplit(where).fragment != ""
    if is_token:
        url, made, who = where.rstrip("/"), None, name or ""
        token = ask_secret("Token", is_piped=True)
        with Client(url, token) as client:
            who = str(client.call("GET", "/session")["name"])
    else:
        url = split_link(where)[0] if is_link else where.rstrip("/")
        who = name or _ask_name(is_new=is_link)
        password = ask_secret("Password", is_piped=is_piped, is_new=is_link)
        called = f"latchwork on {platform.node()}"[:100]
        if is_link:
            made = become_owner(where, who, password, token_name=called)
        else:
            # Piped, it is the second line.
            made = log_in(
                url, who, password, token_name=called, code=lambda: ask_secret("Code of your app", is_piped=is_piped)
            )
        token = made["token"]
    kept = keep_log_in(LogIn(url=url, token=token, token_id="" if made is None else made["id"], name=who))
    if json_lines:
        emit({"event": "logged_in", "url": url, "name": who, "is_new_owner": is_link, "kept_in": str(kept)})
        return
    role = f"{who} is the owner of the hub now" if is_link else f"Logged in as {who}"
    click.echo(f"{role}: {url}")
    click.echo(click.style(f"Kept in {kept}. Try: latchwork doors", dim=True))


def _ask_name(*, is_new: bool) -> str:
    if not sys.stdin.isatty():
        raise Misuse("nobody is there to say a name", advice="Say it with --name.")
    default = getpass.getuser() if is_new else None
    return str(click.prompt("Your name", default=default, err=True))


def _forget(*, json_lines: bool) -> None:
    kept = read_log_in()
    if kept is not None and kept.token_id:
        # A hub that is away ends the token no more; it is forgotten here all the same.
        with suppress(LatchworkError), Client(kept.url, kept.token, timeout=5.0) as client:
            client.call("DELETE", f"/tokens/{kept.token_id}")
    forget_log_in()
    if json_lines:
        emit({"event": "logged_out", "url": None if kept is None else kept.url})
    else:
        click.echo("You were not logged in." if kept is None else f"Logged out of {kept.url}.")
