"""The Set button: what it says, and whether it leads to setup mode. Pairing is open after it, whatever it says.

Layer doorlock: one table. Its rows are the four situations in which owners press the button.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from latchwork.doorlock.panel_state import PanelFacts
from latchwork.doorlock.prompts import Prompt


class Scenario(Enum):
    """The situation of a lock when its Set button is pressed."""

    FACTORY = 1
    """It belongs to nobody."""
    HAS_ADMIN = 2
    """Somebody is its administrator: with the maker's app, or with a code or finger at the lock."""
    MATTER_ONLY = 3
    """It belongs to a Matter fabric, and there is nobody at the lock to ask."""
    PHONE_CONNECTED = 4
    """A phone is connected with the maker's app."""


class Setup(Enum):
    """How the button leads to setup mode."""

    NOT = "not"
    VERIFY = "after an administrator was verified"
    AT_ONCE = "at once"


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """What the button does beside opening the pairing window."""

    prompt: Prompt
    setup: Setup


SCENARIOS: Final = MappingProxyType(
    {
        Scenario.FACTORY: SetAnswer(Prompt.SET_FACTORY, Setup.NOT),
        Scenario.HAS_ADMIN: SetAnswer(Prompt.SET_VERIFY, Setup.VERIFY),
        Scenario.MATTER_ONLY: SetAnswer(Prompt.SET_SETUP, Setup.AT_ONCE),
        Scenario.PHONE_CONNECTED: SetAnswer(Prompt.SET_PHONE_CONNECTED, Setup.NOT),
    }
)
"""What follows in each situation."""


def scenario(facts: PanelFacts) -> Scenario:
    """The situation of a lock. A connected phone outdoes everything; an administrator outdoes being commissioned."""
    if facts.is_phone_connected:
        return Scenario.PHONE_CONNECTED
    if facts.has_admin:
        return Scenario.HAS_ADMIN
    if facts.is_commissioned or facts.is_in_vendor_app:
        return Scenario.MATTER_ONLY
    return Scenario.FACTORY
