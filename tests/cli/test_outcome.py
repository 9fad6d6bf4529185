"""How commands end: one line, advice, an exit code by kind."""

import json

import click
import pytest
from click.testing import CliRunner

from latchwork.base import errors
from latchwork.cli import main
from latchwork.cli.group import VERBS, VerbGroup
from latchwork.cli.outcome import error_line, error_object, exit_code, unexpected

CODES = [
    (errors.Misuse("x"), 2),
    (errors.Refused("x", status=1), 3),
    (errors.Unreachable("x"), 4),
    (errors.Unsupported("x"), 5),
    (errors.PeerViolation("x"), 6),
    (errors.Bug("x"), 1),
    (errors.LatchworkError("x"), 1),
]


@pytest.mark.parametrize(("error", "code"), CODES)
def test_each_kind_of_error_has_its_exit_code(error: errors.LatchworkError, code: int) -> None:
    assert exit_code(error) == code


def test_the_help_documents_every_exit_code() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    for code in {0, 130} | {code for _, code in CODES}:
        assert f"\n    {code} " in shown


def test_a_line_says_what_happened_and_what_to_do() -> None:
    assert error_line(errors.Misuse("it broke", advice="Mend it.")) == "it broke. What to do: Mend it."
    assert error_line(errors.Misuse("it\nbroke")) == "it broke."


def test_programs_get_the_same_as_an_object() -> None:
    assert error_object(errors.Refused("no", status=5, advice="Ask.")) == {
        "event": "error",
        "kind": "refused",
        "message": "no",
        "advice": "Ask.",
        "status": 5,
        "clusterStatus": None,
    }


def test_an_unexpected_error_asks_to_be_reported() -> None:
    found = unexpected(ZeroDivisionError("zero"), debug=False)
    assert exit_code(found) == 1
    assert "report it" in found.advice
    assert "--debug" in found.advice


def group_that(error: BaseException) -> click.Command:
    class Group(VerbGroup):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            @click.command(cmd_name)
            @click.option("--json", "json_lines", is_flag=True)
            def fails(json_lines: bool) -> None:
                raise error

            return fails

    return Group()


def test_an_error_raised_on_purpose_shows_no_traceback() -> None:
    result = CliRunner().invoke(group_that(errors.Unreachable("nobody there", advice="Wait.")), ["go"])
    assert result.exit_code == 4
    assert result.stderr == "nobody there. What to do: Wait.\n"


def test_a_defect_shows_no_traceback_either() -> None:
    result = CliRunner().invoke(group_that(KeyError("x")), ["go"])
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_with_json_errors_are_objects() -> None:
    result = CliRunner().invoke(group_that(errors.Misuse("wrong")), ["go", "--json"])
    assert json.loads(result.stderr)["kind"] == "misuse"
    assert result.exit_code == 2


def test_wrong_options_are_usage_errors_in_both_forms() -> None:
    plain = CliRunner().invoke(main, ["decode", "--nonsense"])
    assert plain.exit_code == 2
    assert "Usage:" in plain.stderr
    found = json.loads(CliRunner().invoke(main, ["decode", "--nonsense", "--json"]).stderr)
    assert found["advice"] == "See: latchwork decode --help" or "decode --help" in found["advice"]


def test_an_interrupt_has_the_shells_exit_code() -> None:
    assert CliRunner().invoke(group_that(KeyboardInterrupt()), ["go"]).exit_code == 130


def test_every_verb_takes_json_and_explains_itself() -> None:
    for verb in VERBS:
        shown = CliRunner().invoke(main, [verb, "--help"])
        assert shown.exit_code == 0, shown.output
        command = main.get_command(None, verb)
        for words in [[verb, each] for each in getattr(command, "commands", {})] or [[verb]]:
            assert "--json" in CliRunner().invoke(main, [*words, "--help"]).output, words
