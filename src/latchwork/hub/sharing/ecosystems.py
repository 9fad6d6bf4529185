"""Ecosystems that a lock can be shared with: what each needs, where one types the code, and how long codes of its own app live.

Layer hub, data only. To know one more, add a row. Menus move: what nobody has read in a published text or measured is marked as assumed,
by having no source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence for people, and where it comes from.

    Attributes:
        text: the sentence.
        source: who says so; empty where it is assumed.
    """

    text: str
    source: str = ""

    @property
    def is_assumed(self) -> bool:
        """Whether nobody has published or tried it, as far as we know."""
        return not self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecosystem:
    """One ecosystem.

    Attributes:
        id: for programs.
        name: for people.
        vendor_ids: under which it joins (Core 2.5.2); empty where that does not tell it from others.
        needs: what it needs in the home before it can have a lock.
        steps: where in its app one types our code, in order.
        own_code_minutes: for how long a code lives that its own app makes; None: not known.
        minutes_source: who says so.
        own_code: where its own app makes one, for joining a lock that it shares.
        fabrics: places on the lock that it takes.
        notes: what else one should know.
    """

    id: str
    name: str
    vendor_ids: tuple[int, ...] = ()
    needs: tuple[Fact, ...]
    steps: tuple[Fact, ...]
    own_code_minutes: int | None = None
    minutes_source: str = ""
    own_code: Fact
    fabrics: int = 1
    notes: tuple[Fact, ...] = ()


_LIFETIMES: Final = "tapo.com, FAQ 325"
_CODES: Final = "tapo.com, FAQ 299"
_ALEXA: Final = "tp-link.com, FAQ 3564"
_HEISE: Final = "heise.de, 11209599"
_OWNERS: Final = "reports of owners of Aqara locks"
_MATTER_JS: Final = "known issues of matter.js; espressif/esp-matter issue 431"

IN_REACH: Final = Fact("Its hub and the lock are in the same network, with IPv6 switched on in it.", _OWNERS)
"""Of every ecosystem."""
BORDER_ROUTER: Final = Fact(
    "A lock on Thread stays in the Thread network that it is in: the border router which it uses now has to stay, "
    "and the newcomer needs none of its own."
)
"""Of every ecosystem."""

ECOSYSTEMS: Final = (
    Ecosystem(
        id="apple",
        name="Apple Home",
        vendor_ids=(0x1349, 0x1384),
        needs=(
            Fact("A home hub in the same home: a HomePod, a HomePod mini or an Apple TV 4K.", _OWNERS),
            IN_REACH,
            BORDER_ROUTER,
        ),
        steps=(
            Fact("On the iPhone or iPad, open Home, tap +, then Add Accessory."),
            Fact(
                "Scan the QR code, or tap More options, then that your device is not listed, then Enter Code.", _HEISE
            ),
            Fact("Type the code, and choose a room and a name."),
        ),
        own_code_minutes=5,
        minutes_source=_LIFETIMES,
        own_code=Fact("In Home, open the lock's settings and tap Turn On Pairing Mode.", "docs.sharptools.io"),
        fabrics=2,
        notes=(
            Fact(
                "It takes two places on the lock, and leaves one of them behind when the lock is removed.", _MATTER_JS
            ),
            Fact("Home keys and unlocking by nearness are its own: they are managed in Home only.", _OWNERS),
        ),
    ),
    Ecosystem(
        id="google",
        name="Google Home",
        vendor_ids=(0x6006,),
        needs=(
            Fact(
                "A Matter hub of Google's: a Nest Mini, Nest Audio, Nest Hub, Nest Hub Max, Nest Wifi Pro or "
                "Google Home speaker.",
                "Google's announcement of December 2022",
            ),
            IN_REACH,
            BORDER_ROUTER,
        ),
        steps=(
            Fact("In Google Home, tap Devices, then Add, then Matter-enabled device."),
            Fact("Scan the QR code, or choose to set up without it and type the code."),
        ),
        own_code_minutes=3,
        minutes_source=_LIFETIMES,
        own_code=Fact("In the lock's settings, open Linked Matter apps & services and link an app.", _CODES),
        notes=(
            Fact(
                "It unlocks from afar only where the lock asks for a code for that.",
                "developers.home.google.com, supported devices",
            ),
        ),
    ),
    Ecosystem(
        id="alexa",
        name="Amazon Alexa",
        vendor_ids=(0x1217,),
        needs=(Fact("An Echo that supports Matter, with current software.", _ALEXA), IN_REACH, BORDER_ROUTER),
        steps=(
            Fact("In the Alexa app, open Devices, tap +, then Add Device.", _ALEXA),
            Fact("Choose Other, then Matter, and confirm.", _ALEXA),
            Fact("Scan the QR code, or tap Try Numeric Code Instead and type the code.", _ALEXA),
        ),
        own_code_minutes=15,
        minutes_source=_LIFETIMES,
        own_code=Fact("In the lock's settings, open Other Assistants and Apps and tap Add Another.", _CODES),
    ),
    Ecosystem(
        id="smartthings",
        name="Samsung SmartThings",
        vendor_ids=(0x110A,),
        needs=(
            Fact(
                "A SmartThings hub that is a Matter controller, such as the hub of 2018, the Aeotec hub or the Station."
            ),
            IN_REACH,
            BORDER_ROUTER,
        ),
        steps=(
            Fact("In SmartThings, tap +, then Add device, then Matter."),
            Fact("Scan the QR code, or tap Enter setup code and type it."),
        ),
        own_code_minutes=15,
        minutes_source=_LIFETIMES,
        own_code=Fact("In the lock's menu, choose to share it with other services."),
        notes=(
            Fact(
                "It may leave a code of its own on the lock when the lock is removed from it.",
                "SmartThingsCommunity/SmartThingsEdgeDrivers, pull request 471",
            ),
        ),
    ),
    Ecosystem(
        id="home_assistant",
        name="Home Assistant",
        vendor_ids=(0x134B,),
        needs=(
            Fact("The Matter integration with its Matter Server running.", "home-assistant.io, Matter"),
            IN_REACH,
            BORDER_ROUTER,
        ),
        steps=(
            Fact("Open Settings, then Devices & services, then Add device, then Matter."),
            Fact("Say that the device is in use by another controller already, and type the code."),
        ),
        own_code=Fact("On the lock's device page, choose Share device."),
    ),
    Ecosystem(
        id="aqara",
        name="Aqara Home",
        vendor_ids=(0x115F,),
        needs=(
            Fact("An Aqara hub that is a Matter controller, such as the M3 or the M100.", _OWNERS),
            IN_REACH,
            BORDER_ROUTER,
        ),
        steps=(
            Fact("In Aqara Home, tap +, then Add device, then Matter."),
            Fact("Scan the QR code or type it: pasting did not work in the app.", _OWNERS),
        ),
        own_code=Fact("In the hub's or the lock's settings, look for Third Party Matter Ecosystems.", _OWNERS),
    ),
    Ecosystem(
        id="latchwork",
        name="another Latchwork",
        needs=(Fact("A hub of Latchwork in the same network.", "Latchwork"), IN_REACH, BORDER_ROUTER),
        steps=(
            Fact(
                "On the other hub, add a lock with this code: `latchwork pair CODE`, or Add a lock on its page.",
                "Latchwork",
            ),
        ),
        own_code_minutes=15,
        minutes_source="Latchwork",
        own_code=Fact("Share the lock there, as here; it says how long the code lives.", "Latchwork"),
    ),
)
"""All that are known, in the order in which they are offered."""

_BY_ID: Final[Mapping[str, Ecosystem]] = {each.id: each for each in ECOSYSTEMS}
ANY: Final = Ecosystem(
    id="",
    name="any ecosystem",
    needs=(Fact("A hub or controller for Matter."), IN_REACH, BORDER_ROUTER),
    steps=(Fact("In its app, add a Matter device, and scan the QR code or type the code."),),
    own_code=Fact("Look in the lock's settings for sharing or pairing mode."),
)
"""Stands for one that is not named."""


def find_ecosystem(ecosystem_id: str | None) -> Ecosystem | None:
    """The ecosystem of that id, `ANY` for none, and None for one that is not known."""
    return _BY_ID.get(ecosystem_id) if ecosystem_id else ANY
