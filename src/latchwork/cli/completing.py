"""Names of doors and people for the shell's completion, asked of the hub; a hub that does not answer has none.

The roof.
"""

from __future__ import annotations

from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from latchwork.base.errors import LatchworkError

_PATIENCE_S: Final = 1.5


def _names(path: str, incomplete: str) -> list[CompletionItem]:
    from latchwork.cli.log_in_file import find_log_in
    from latchwork.web.client import Client

    try:
        log_in = find_log_in()
        with Client(log_in.url, log_in.token, timeout=_PATIENCE_S) as client:
            names = [str(each["name"]) for each in client.pages(path)]
    except LatchworkError:
        return []  # a shell that completes is no place for errors
    return [CompletionItem(name) for name in names if name.casefold().startswith(incomplete.casefold())]


class DoorName(click.types.StringParamType):
    """A door, by name, the beginning of it, or id."""

    name = "door"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names of doors."""
        del ctx, param
        return _names("/doors", incomplete)


class PersonName(click.types.StringParamType):
    """A person, likewise."""

    name = "person"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names of people."""
        del ctx, param
        return _names("/people", incomplete)


DOOR: Final = DoorName()
PERSON: Final = PersonName()


def completed(incomplete: str) -> list[Any]:
    """Names of doors, for who has no parameter of that type."""
    return list(_names("/doors", incomplete))
