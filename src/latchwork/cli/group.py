"""The group of verbs: finds a verb's module only when it is called, and turns every error into one line and an exit code.

The roof. Imports click and nothing heavy: a lock that runs for years should not carry what it never uses.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn

import click

from latchwork.base.errors import LatchworkError
from latchwork.cli.lean import import_lean

SECTIONS: Final = MappingProxyType(
    {
        "Begin": {
            "home": "a virtual house on this machine: doors with locks, people, and a hub, to try everything",
            "hub": "the hub: people and their access on every lock, and who came in",
            "login": "say which hub the verbs below speak to, and who you are",
        },
        "Doors": {
            "pair": "add a lock by its setup code",
            "doors": "all doors, how they stand, and what is wrong",
            "unlock": "unlock a door",
            "lock": "lock a door; with --storage: be a virtual lock, a Matter device of its own",
            "sync": "how far each lock holds what it should",
            "share": "let another ecosystem join a lock",
        },
        "People": {
            "people": "who there is: add, show, move out",
            "access": "who may open what, and when: grant, revoke",
            "guest": "a code for somebody who comes for a while",
            "journal": "who came in, and what else happened",
            "backup": "everything in one encrypted file, and back",
        },
        "Build and look": {
            "door": "a virtual door lock drawn in the terminal, to be used by hand",
            "controller": "a Matter controller driven by JSON lines",
            "decode": "say what an onboarding code, TLV or a captured message means",
        },
    }
)
"""Section of the help → verb → one line. The verb is the command `VERB` in the module `latchwork.cli.VERB`."""
VERBS: Final = MappingProxyType({verb: line for verbs in SECTIONS.values() for verb, line in verbs.items()})
"""Verb → its line, in the order of the help."""

_LEAN: Final = frozenset({"lock", "controller"})
"""Verbs that run on small machines."""

_EPILOG: Final = """\b
Exit codes:
  0    it worked
  1    the storage or the system failed, or a defect of Latchwork
  2    the call makes no sense: wrong options, wrong text, wrong interface
  3    a device or the hub understood and refused
  4    a device or the hub could not be reached
  5    it cannot work with this device or on this machine
  6    a device broke the protocol
  7    the journal is not whole (journal verify)
  130  interrupted

Every verb takes --json: one JSON object a line, errors too (on standard error)."""


class VerbGroup(click.Group):
    """A click group whose verbs are modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of the help."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now; None for an unknown verb."""
        del ctx
        if cmd_name not in VERBS:
            return None
        if cmd_name in _LEAN:
            import_lean()
        command: click.Command = importlib.import_module(f"latchwork.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, without importing them."""
        del ctx
        for section, verbs in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(verbs.items()), col_max=12)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; exits with a documented code, never with a traceback for an error raised on purpose."""
        run = super().main
        if not standalone_mode:
            return run(args, prog_name, complete_var, standalone_mode=False, **extra)
        given = list(sys.argv[1:] if args is None else args)
        json_lines, debug = "--json" in given, "--debug" in given
        try:
            code: Any = run(given, prog_name, complete_var, standalone_mode=False, **extra)
        except BrokenPipeError:
            _silence()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last door before the user: it is reported, with an exit code
            sys.exit(_failed(error, json_lines=json_lines, debug=debug))
        sys.exit(code if isinstance(code, int) else 0)


def _failed(error: BaseException, *, json_lines: bool, debug: bool) -> int:
    """Report what ended a verb; gives the exit code."""
    from latchwork.cli import outcome

    if isinstance(error, click.ClickException):
        outcome.print_usage_error(error, json_lines=json_lines)
        return outcome.USAGE
    if not isinstance(error, Exception) or isinstance(error, click.Abort):
        return outcome.INTERRUPTED
    if debug:
        traceback.print_exception(error)
    told = error if isinstance(error, LatchworkError) else outcome.unexpected(error, debug=debug)
    outcome.print_error(told, json_lines=json_lines)
    return outcome.exit_code(told)


def _silence() -> NoReturn:
    """Nobody reads us any more: end without a word, and without the interpreter's own complaint at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def _version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("latchwork")
    except PackageNotFoundError:
        found = "(not installed)"
    click.echo(f"latchwork {found}")
    context.exit()


@click.group(cls=VerbGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
def main(debug: bool) -> None:
    """Latchwork: Matter door locks, and the people who use them, on your own machine."""
    del debug  # read by `VerbGroup.main`, which is what prints errors
