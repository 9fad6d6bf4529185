"""The reference names every verb and every option."""

import importlib
from pathlib import Path

import pytest

from latchwork.cli.group import VERBS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_every_verb_is_in_the_reference(verb):
    text = REFERENCE.read_text(encoding="utf-8")
    assert f"## latchwork {verb}" in text
    section = text.split(f"## latchwork {verb}")[1].split("\n## ")[0]
    options = {
        name for parameter in importlib.import_module(f"latchwork.cli.{verb}").command.params for name in parameter.opts
    }
    missing = {name for name in options if name.startswith("--")} - {"--json"}
    assert not [name for name in missing if name not in section]
