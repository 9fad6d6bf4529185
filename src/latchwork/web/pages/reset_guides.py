"""How each model of lock is restarted and reset: where its button is, how long it is held, and what costs nothing first.

Layer web, data only; its words are texts. A model that is not here gets the guide for locks in general, and is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Place(StrEnum):
    """Where a factory reset is made."""

    RESET_BUTTON = "reset_button"
    BATTERY_BAY_BUTTON = "battery_bay_button"
    SETTINGS_KEY = "settings_key"


class Restart(StrEnum):
    """How a lock is restarted without losing anything."""

    BATTERIES = "batteries"
    SHORT_PRESS = "short_press"
    MENU = "menu"


class Power(StrEnum):
    """What a lock lives on."""

    REPLACEABLE = "replaceable"
    RECHARGEABLE = "rechargeable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One model.

    Attributes:
        key: such as `u400`; `generic` is for locks in general.
        maker, product: as the lock says of itself.
        name: for people; empty for locks in general.
        hold_s: seconds that the button is held; a shorter hold does nothing.
        places: where the button is; each of them does.
        restarts: ways to restart it without losing anything.
        power: what it lives on.
    """

    key: str
    maker: str
    product: str
    name: str
    hold_s: int
    places: tuple[Place, ...]
    restarts: tuple[Restart, ...]
    power: Power


GENERIC: Final = Guide(
    key="generic",
    maker="Latchwork",
    product="Latchwork Lock",
    name="",
    hold_s=10,
    places=(Place.RESET_BUTTON,),
    restarts=(Restart.BATTERIES, Restart.SHORT_PRESS),
    power=Power.REPLACEABLE,
)

GUIDES: Final = (
    Guide(
        key="u400",
        maker="Aqara",
        product="Smart Lock U400",
        name="Aqara U400",
        hold_s=5,
        places=(Place.RESET_BUTTON,),
        restarts=(Restart.MENU,),
        power=Power.RECHARGEABLE,
    ),
    Guide(
        key="u100",
        maker="Aqara",
        product="Smart Door Lock U100",
        name="Aqara U100",
        hold_s=10,
        places=(Place.BATTERY_BAY_BUTTON,),
        restarts=(Restart.BATTERIES,),
        power=Power.REPLACEABLE,
    ),
    Guide(
        key="u200",
        maker="Aqara",
        product="Smart Lock U200",
        name="Aqara U200",
        hold_s=10,
        places=(Place.BATTERY_BAY_BUTTON,),
        restarts=(Restart.SHORT_PRESS,),
        power=Power.RECHARGEABLE,
    ),
    Guide(
        key="u300",
        maker="Aqara",
        product="Smart Lock U300",
        name="Aqara U300",
        # "Over ten seconds", then let go after the sound: eleven leave no doubt.
        hold_s=11,
        places=(Place.RESET_BUTTON,),
        restarts=(Restart.SHORT_PRESS, Restart.BATTERIES),
        power=Power.RECHARGEABLE,
    ),
    Guide(
        key="a100",
        maker="Aqara",
        product="Smart Door Lock A100 Zigbee",
        name="Aqara A100",
        hold_s=10,
        places=(Place.SETTINGS_KEY, Place.BATTERY_BAY_BUTTON),
        restarts=(Restart.BATTERIES, Restart.MENU),
        power=Power.REPLACEABLE,
    ),
    GENERIC,
)
"""All of them."""


def guide_for(maker: str, product: str) -> Guide:
    """The guide for a lock as it says it is; for locks in general where no other fits."""
    maker, product = maker.casefold(), product.casefold()
    for each in GUIDES:
        if each is GENERIC or maker not in {each.maker.casefold(), ""}:
            continue
        words = product.replace("-", " ").split()
        if each.product.casefold() == product or each.key in words:
            return each
    return GENERIC
