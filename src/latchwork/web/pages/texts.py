"""The app's words, by key: kept apart from pages, so that they can be translated, and so that no page says what no translator saw.

Layer web. One JSON file for each place in the app, flat: `{"home.title": "Doors"}`. `{name}` is filled in; a text with a number has a form for
one and a form for others: `{"one": "{count} door", "other": "{count} doors"}`.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from latchwork.base.errors import Bug

LANGUAGES: Final = ("en",)
"""Languages that there are texts for, the one to fall back to first."""
Text = str | dict[str, str]


class Texts:
    """All texts of one language.

    Args:
        language: a folder of `texts`.
        texts: by key.
    """

    __slots__ = ("_texts", "language")

    def __init__(self, language: str, texts: dict[str, Text]) -> None:
        self.language = language
        self._texts = texts

    def __contains__(self, key: object) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    @property
    def keys(self) -> frozenset[str]:
        """Of all texts."""
        return frozenset(self._texts)

    def say(self, key: str, **values: Any) -> str:
        """A text with its values filled in.

        Args:
            key: such as `home.title`.
            values: by name; `count` chooses between the forms for one and for others.

        Raises:
            Bug: there is no such text, or it has other blanks.
        """
        found = self._texts.get(key)
        if found is None:
            raise Bug(f"there is no text {key}")
        if isinstance(found, dict):
            found = found["one" if values.get("count") == 1 else "other"]
        try:
            return found.format(**values)
        except (KeyError, IndexError) as error:
            raise Bug(f"text {key} has a blank that nobody fills: {error}") from error

    def begins(self, prefix: str) -> dict[str, Text]:
        """The texts whose keys begin so, with their blanks: for scripts, which fill them in themselves."""
        return {key: text for key, text in sorted(self._texts.items()) if key.startswith(prefix)}

    def word(self, area: str, value: str | None) -> str:
        """What a value of the hub is called, such as a lock's state; one that has no word is told as it is.

        Args:
            area: what the value is about, such as `lock_state`.
            value: None is `not_said`.
        """
        key = f"word.{area}.{value or 'not_said'}"
        return self.say(key) if key in self._texts else (value or "").replace("_", " ")


@cache
def texts_of(language: str) -> Texts:
    """The texts of a language, all files of it together.

    Raises:
        Bug: two files have the same key, or the language is unknown.
    """
    if language not in LANGUAGES:
        raise Bug(f"there are no texts in {language}")
    together: dict[str, Text] = {}
    for each in sorted((files(__package__) / "texts" / language).iterdir(), key=lambda found: found.name):
        if each.name.endswith(".json"):
            some = json.loads(each.read_text("utf-8"))
            if twice := together.keys() & some.keys():
                raise Bug(f"texts twice: {sorted(twice)}")
            together |= some
    return Texts(language, together)
