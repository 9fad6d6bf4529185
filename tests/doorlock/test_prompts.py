"""The prompts: each is used, each has a text, and a translation may have holes."""

import re
import string
from pathlib import Path

import pytest

import latchwork
from latchwork.devices.models import MODELS
from latchwork.doorlock.panel_menu import MenuOption
from latchwork.doorlock.prompts import CATALOGUE, Prompt, text

SOURCES = Path(latchwork.__file__).parent
VALUES = {"minutes": "10", "user": "7", "least": "4", "most": "8", "percent": "12"}
OPTIONS = ((Prompt.KIND_CODE, None),)


def test_each_prompt_is_used_somewhere():
    used = {f"MENU_{option.name}" for option in MenuOption}
    for path in [*(SOURCES / "doorlock").glob("panel*.py"), SOURCES / "devices" / "front_panel.py"]:
        used.update(re.findall(r"Prompt\.([A-Z_]+)", path.read_text(encoding="utf-8")))
    assert used == {prompt.name for prompt in Prompt}


def test_each_prompt_has_an_english_text():
    assert set(CATALOGUE["en"]) == set(Prompt)


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_translation_wants_no_value_that_english_does_not(language):
    def wanted(pattern):
        return {field for _, field, _, _ in string.Formatter().parse(pattern) if field}

    for prompt, translated in CATALOGUE[language].items():
        assert wanted(translated) == wanted(CATALOGUE["en"][prompt])
        assert wanted(translated) <= {*VALUES, "options"}


@pytest.mark.parametrize("language", [*CATALOGUE, "tlh"])
def test_something_is_said_for_every_prompt_in_every_language(language):
    for prompt in Prompt:
        assert text(prompt, language, options=OPTIONS, **VALUES)


def test_what_a_translation_lacks_is_said_in_english():
    assert Prompt.FINGER_PLACE not in CATALOGUE["de"]
    assert text(Prompt.FINGER_PLACE, "de") == text(Prompt.FINGER_PLACE, "en")
    assert text(Prompt.OPENED, "de") == "Aufgeschlossen."


def test_options_are_counted_and_each_may_have_a_language_of_its_own():
    languages = ((Prompt.LANGUAGE_OPTION, "en"), (Prompt.LANGUAGE_OPTION, "de"))
    assert text(Prompt.LANGUAGE_CHOOSE, "en", options=languages) == "1: English. 2: Deutsch."


def test_a_model_has_texts_of_its_own():
    own = {Prompt.OPENED.value: "Come in."}
    assert text(Prompt.OPENED, "en", own) == "Come in."
    assert text(Prompt.OPENED, "de", own) == "Aufgeschlossen."
    assert text(Prompt.LOCKED, "en", own) == "Locked."


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_models_own_texts_are_of_prompts_that_exist(model):
    assert set(model.prompts) <= {prompt.value for prompt in Prompt}
    for own in model.prompts.values():
        assert own.format(**VALUES)
    assert set(model.languages) <= set(CATALOGUE)
