"""The reference names every verb and every option."""

import importlib
from pathlib import Path

import pytest

from latchwork.cli.group import VERBS

EVERYWHERE = {"--json", "--no-color", "--url"}
"""Options that the reference explains once."""
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_every_verb_is_in_the_reference(verb):
    text = REFERENCE.read_text(encoding="utf-8")
    assert f"## latchwork {verb}\n" in text
    section = text.split(f"## latchwork {verb}\n")[1].split("\n## ")[0]
    command = importlib.import_module(f"latchwork.cli.{verb}").command
    inner = getattr(command, "commands", {})
    options = {name for each in (command, *inner.values()) for parameter in each.params for name in parameter.opts}
    missing = {name for name in options if name.startswith("--")} - EVERYWHERE
    assert not [name for name in missing if name not in section]
    assert not [name for name in inner if f"`{name}" not in section]
