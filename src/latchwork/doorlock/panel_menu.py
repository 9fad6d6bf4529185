"""The menu that a lock's voice reads out in setup mode: which number does what.

Layer doorlock: plain values; `panel` walks through them. Another menu is another tuple, in the data of a model.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class MenuOption(Enum):
    """What can be done in setup mode. The value is the end of the prompts' ids, such as `menu.add_user`."""

    ADD_USER = "add_user"
    DELETE_USER = "delete_user"
    CHANGE_MASTER_CODE = "change_master_code"
    PAIRING = "pairing"
    VOLUME = "volume"
    LANGUAGE = "language"
    RESTART = "restart"
    FACTORY_RESET = "factory_reset"
    CALIBRATE_DOOR = "calibrate_door"


Menu = tuple[MenuOption, ...]
"""Options in the order they are read out; the first is chosen with 1. At most nine: an option is one key."""

STANDARD_MENU: Final[Menu] = (
    MenuOption.ADD_USER,
    MenuOption.DELETE_USER,
    MenuOption.CHANGE_MASTER_CODE,
    MenuOption.PAIRING,
    MenuOption.VOLUME,
    MenuOption.LANGUAGE,
    MenuOption.RESTART,
    MenuOption.FACTORY_RESET,
)
"""Pairing is option 4, as owners of newer firmware report it."""

DOOR_MENU: Final[Menu] = (*STANDARD_MENU, MenuOption.CALIBRATE_DOOR)
"""The menu of a lock with a door sensor; every other option keeps its number."""
