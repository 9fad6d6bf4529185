"""Secrets that somebody types: never on the command line, where everybody on the machine can read them.

The roof.
"""

from __future__ import annotations

import sys

import click

from latchwork.base.errors import Misuse


def ask_secret(prompt: str, *, is_piped: bool, is_new: bool = False) -> str:
    """A password, passphrase or code.

    Args:
        prompt: what people are asked.
        is_piped: a program writes it: the first line of standard input.
        is_new: it is asked for twice.

    Raises:
        Misuse: it is empty, or there is nobody to ask.
    """
    if is_piped:
        typed = sys.stdin.readline().rstrip("\r\n")
    elif not sys.stdin.isatty():
        raise Misuse(
            f"nobody is there to type the {prompt.lower()}",
            advice=f"Write it to standard input, and say so with --{_option(prompt)}.",
        )
    else:
        typed = str(click.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True))
    if not typed:
        raise Misuse(f"the {prompt.lower()} is empty")
    return typed


def confirmed(question: str, *, is_yes: bool, is_json: bool) -> None:
    """Go on only if somebody wants it.

    Raises:
        Misuse: a program asked, and has not said --yes.
        Abort: somebody does not want it.
    """
    if is_yes:
        return
    if is_json or not sys.stdin.isatty():
        raise Misuse("this has to be confirmed", advice="Add --yes if you mean it.")
    click.confirm(question, abort=True, err=True)


def _option(prompt: str) -> str:
    """The option by which a program says that it writes what people would be asked for; a second factor comes with the password."""
    return "password-stdin" if prompt.startswith("Code of") else f"{prompt.lower()}-stdin"
