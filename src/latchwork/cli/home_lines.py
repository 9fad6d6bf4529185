"""What a running home tells, as a contract, and the JSON lines that keep it for programs.

The roof; `home_screen` keeps the same contract for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from latchwork.base.errors import LatchworkError
from latchwork.cli.lines import emit


class Screen(Protocol):
    """What the home tells, to people or to programs."""

    def door(self, node: int, name: str, model: str) -> None:
        """What the lock's door is called, and what kind of lock it is."""

    def step(self, node: int, step: str, title: str, state: str, ms: float | None) -> None:
        """A step of commissioning began, was done or failed; `step` for programs, `title` for people."""

    def commissioned(self, node: int, ms: float) -> None:
        """A lock is in the home."""

    def operation(self, node: int, command: str, state: str) -> None:
        """A lock reported an operation."""

    def person(self, name: str, code: str, words: str) -> None:
        """Somebody is here, has a code, and may open what `words` say."""

    def placed(self, codes: int, locks: int, ms: float) -> None:
        """All codes are on all locks where they should be."""

    def types(self, node: int, name: str) -> None:
        """Somebody types their code at a lock."""

    def entry(self, node: int, facts: Mapping[str, Any], text: str) -> None:
        """The journal tells who came in, or was refused."""

    def address(self, url: str, owner_link: str | None) -> None:
        """Where page and API are as long as the home is up, and the link by which one becomes their owner."""

    def note(self, text: str, **facts: Any) -> None:
        """Something else."""

    def error(self, error: LatchworkError) -> None:
        """A command failed."""

    def ready(self, locks: int) -> None:
        """The home stays up and takes commands."""

    def prompt(self) -> None:
        """The next command may be typed."""

    def close(self) -> None:
        """The screen is left as it was found."""


class JsonScreen:
    """One JSON object a line."""

    def door(self, node: int, name: str, model: str) -> None:
        """See `Screen`."""
        emit({"event": "door", "node": node, "name": name, "model": model})

    def step(self, node: int, step: str, title: str, state: str, ms: float | None) -> None:
        """See `Screen`."""
        del title
        emit({"event": "step", "node": node, "step": step, "state": state, "ms": ms})

    def commissioned(self, node: int, ms: float) -> None:
        """See `Screen`."""
        emit({"event": "commissioned", "node": node, "ms": ms})

    def operation(self, node: int, command: str, state: str) -> None:
        """See `Screen`."""
        emit({"event": "operation", "node": node, "command": command, "state": state})

    def person(self, name: str, code: str, words: str) -> None:
        """See `Screen`."""
        emit({"event": "person", "name": name, "code": code, "may": words})

    def placed(self, codes: int, locks: int, ms: float) -> None:
        """See `Screen`."""
        emit({"event": "placed", "codes": codes, "locks": locks, "ms": ms})

    def types(self, node: int, name: str) -> None:
        """See `Screen`."""
        emit({"event": "typed", "node": node, "name": name})

    def entry(self, node: int, facts: Mapping[str, Any], text: str) -> None:
        """See `Screen`."""
        del text
        emit({"event": "journal", "node": node} | dict(facts))

    def address(self, url: str, owner_link: str | None) -> None:
        """See `Screen`."""
        emit({"event": "hub", "url": url, "owner_link": owner_link})

    def note(self, text: str, **facts: Any) -> None:
        """See `Screen`; only what answers a command, which has facts, is worth a line."""
        if facts:
            emit({"event": "answer", "text": text} | facts)

    def error(self, error: LatchworkError) -> None:
        """See `Screen`."""
        from latchwork.cli.outcome import error_object

        emit(error_object(error))

    def ready(self, locks: int) -> None:
        """See `Screen`."""
        del locks
        emit({"event": "ready"})

    def prompt(self) -> None:
        """See `Screen`."""

    def close(self) -> None:
        """See `Screen`."""
