"""How a command ends: exit codes by the kind of error, and the one line that people or programs get.

The roof; knows the tree of errors and nothing of verbs.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import click

from latchwork.base.errors import (
    Bug,
    LatchworkError,
    Misuse,
    PeerViolation,
    Refused,
    Unreachable,
    Unsupported,
)

USAGE: Final = 2
INTERRUPTED: Final = 130

_KINDS: Final[tuple[tuple[type[LatchworkError], str, int], ...]] = (
    (Misuse, "misuse", USAGE),
    (Refused, "refused", 3),
    (Unreachable, "unreachable", 4),
    (Unsupported, "unsupported", 5),
    (PeerViolation, "peer-violation", 6),
    (Bug, "bug", 1),
)


def exit_code(error: LatchworkError) -> int:
    """The process's exit code for `error`; an error that only says where another happened counts as that one."""
    return next((code for kind, _, code in _KINDS if isinstance(_cause(error), kind)), 1)


def kind_of(error: LatchworkError) -> str:
    """The error's kind as JSON names it, found as in `exit_code`."""
    return next((name for kind, name, _ in _KINDS if isinstance(_cause(error), kind)), "error")


def _cause(error: LatchworkError) -> LatchworkError:
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, LatchworkError) else error


def error_line(error: LatchworkError) -> str:
    """What happened and what to do, one line for people."""
    happened = " ".join(str(error).split()) or type(error).__name__
    # A message is written without a full stop; a wrapped one may bring its own.
    happened = happened.rstrip(".")
    return f"{happened}. What to do: {error.advice}" if error.advice else f"{happened}."


def error_object(error: LatchworkError) -> dict[str, Any]:
    """What happened and what to do, for programs."""
    found: dict[str, Any] = {
        "event": "error",
        "kind": kind_of(error),
        "message": str(error),
        "advice": error.advice,
    }
    if isinstance(error, Refused):
        found |= {"status": error.status, "clusterStatus": error.cluster_status}
    return found


def print_error(error: LatchworkError, *, json_lines: bool) -> None:
    """Tell it on standard error."""
    text = json.dumps(error_object(error), ensure_ascii=False) if json_lines else error_line(error)
    print(text, file=sys.stderr, flush=True)


def print_usage_error(error: click.ClickException, *, json_lines: bool) -> None:
    """Tell what is wrong with the call, on standard error."""
    if not json_lines:
        error.show()
        return
    context = getattr(error, "ctx", None)
    advice = f"See: {context.command_path} --help" if context is not None else "See: latchwork --help"
    print_error(Misuse(error.format_message(), advice=advice), json_lines=True)


def unexpected(error: Exception, *, debug: bool) -> LatchworkError:
    """An error that nobody raised on purpose, as the defect that it is."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return LatchworkError(
            f"the system refused: {error.strerror}{where}",
            advice="Check that the path or the port may be used, then try again.",
        )
    repeat = "" if debug else " Run it again as `latchwork --debug …` to see where it came from."
    return Bug(
        f"something unexpected happened ({type(error).__name__}: {error})",
        advice=f"This is a defect of Latchwork: please report it with this line.{repeat}",
    )
