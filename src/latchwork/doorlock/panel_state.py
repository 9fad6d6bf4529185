"""What a lock's front panel knows: its rules, the rest of the lock, and what it is waiting for.

Layer doorlock: plain values; `panel` makes and changes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_effects import NewCredential, NewMasterCode, UserRemoval
from latchwork.doorlock.panel_menu import STANDARD_MENU, Menu


class LocalProgramming(IntFlag):
    """What may be programmed at the lock (Application Clusters 5.2.6.5)."""

    ADD = 1
    MODIFY = 2
    CLEAR = 4
    ADJUST_SETTINGS = 8


ALL_PROGRAMMING = (
    LocalProgramming.ADD | LocalProgramming.MODIFY | LocalProgramming.CLEAR | LocalProgramming.ADJUST_SETTINGS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRules:
    """What does not change while the lock runs: its model, and how long people are waited for.

    Attributes:
        pairing_s: seconds that pairing stays open after the Set button.
        reset_hold_s: seconds that a button is held for a factory reset.
        reset_button_resets: the Reset button does; a lock may have none, or one in its battery bay.
        reset_needs_admin: the Reset button asks for an administrator first, when there is one.
        short_press_restarts: the Reset button, pressed shortly, restarts the lock.
        short_press_s: seconds up to which a press is short.
        set_hold_resets: the Set button, held by an administrator in setup mode, makes a factory reset.
        pin_lengths: least and greatest number of digits of a code that is given at the door.
        menu: what setup mode offers.
        languages: what the voice can speak, in the order offered.
        between_keys_s: seconds after which digits without a confirmation are forgotten.
        verify_s: seconds that an administrator has to show a fingerprint or code.
        setup_s: seconds without any input after which setup mode ends.
        low_battery_percent: from here down the lock asks for new batteries.
    """

    pairing_s: float = 600.0
    reset_hold_s: float = 10.0
    reset_button_resets: bool = True
    reset_needs_admin: bool = False
    short_press_restarts: bool = False
    short_press_s: float = 2.0
    set_hold_resets: bool = False
    pin_lengths: tuple[int, int] = (4, 8)
    menu: Menu = STANDARD_MENU
    languages: tuple[str, ...] = ("en",)
    between_keys_s: float = 10.0
    verify_s: float = 30.0
    setup_s: float = 60.0
    low_battery_percent: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelFacts:
    """What the panel must be told about the rest of the lock, each time anew.

    Attributes:
        is_commissioned: the lock belongs to a Matter fabric.
        has_admin: somebody can be asked to verify: the maker's app has an administrator, or the lock a master code or an enabled
            programming user.
        is_in_vendor_app: the lock is bound to its maker's app.
        is_phone_connected: a phone holds a Bluetooth connection from that app right now.
        can_program: users and settings may be changed at the lock at all.
        programming: what of it.
        kinds: what can be enrolled at the door: PIN, fingerprint and card, as far as there are parts for them.
        has_door_sensor: somebody tells whether the door is closed.
        measures_door: that sensor measures, and must be shown the door before it can tell.
        door_reading: what it reads now; None when nothing comes from it.
    """

    is_commissioned: bool = False
    has_admin: bool = False
    is_in_vendor_app: bool = False
    is_phone_connected: bool = False
    can_program: bool = True
    programming: LocalProgramming = ALL_PROGRAMMING
    kinds: frozenset[CredentialKind] = frozenset({CredentialKind.PIN})
    has_door_sensor: bool = False
    measures_door: bool = False
    door_reading: float | None = None


# what the panel is waiting for


class Purpose(Enum):
    """What an administrator is verified for, or a code is given for."""

    SETUP = "setup"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Verifying:
    """An administrator's fingerprint or code is waited for.

    Attributes:
        purpose: what follows.
    """

    purpose: Purpose


@dataclass(frozen=True, slots=True)
class ChoosingOption:
    """Setup mode: one key chooses from the menu."""


@dataclass(frozen=True, slots=True)
class ChoosingUser:
    """Setup mode: a user's number is waited for.

    Attributes:
        is_to_go: to delete the user; otherwise to enrol something for it, and no number means somebody new.
    """

    is_to_go: bool


@dataclass(frozen=True, slots=True)
class ChoosingKind:
    """Setup mode: one key says whether a code, a finger or a card comes; `user_index` None is somebody new."""

    user_index: int | None


@dataclass(frozen=True, slots=True)
class GivingCode:
    """Setup mode: a new code is given, and given again.

    Attributes:
        user_index: for whom; None is somebody new.
        is_master: it is to be the master code, and nobody's.
        first: what was given the first time.
    """

    user_index: int | None = None
    is_master: bool = False
    first: Secret | None = None


@dataclass(frozen=True, slots=True)
class GivingFinger:
    """Setup mode: the sensor takes a new finger."""

    user_index: int | None


@dataclass(frozen=True, slots=True)
class GivingCard:
    """Setup mode: the next card is a new one."""

    user_index: int | None


@dataclass(frozen=True, slots=True)
class ConfirmingRemoval:
    """Setup mode: `#` deletes the user."""

    user_index: int


@dataclass(frozen=True, slots=True)
class ConfirmingReset:
    """Setup mode: `#` makes a factory reset."""


class DoorStep(Enum):
    """What the sensor is shown of the door, in this order."""

    CLOSED = "closed"
    OPEN = "open"
    AJAR = "ajar"


@dataclass(frozen=True, slots=True)
class ShowingDoor:
    """Setup mode: the sensor is shown the door; `#` confirms each step.

    Attributes:
        closed, open: the readings of the steps that were confirmed.
    """

    closed: float | None = None
    open: float | None = None

    @property
    def step(self) -> DoorStep:
        """Which comes now."""
        if self.closed is None:
            return DoorStep.CLOSED
        return DoorStep.OPEN if self.open is None else DoorStep.AJAR


@dataclass(frozen=True, slots=True)
class ChoosingVolume:
    """Setup mode: one key says how loud."""


@dataclass(frozen=True, slots=True)
class ChoosingLanguage:
    """Setup mode: one key says which language."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Setup mode: the lock's memory is asked for this; the answer is `Programmed`."""

    change: NewCredential | NewMasterCode | UserRemoval


SetupTask = (
    ChoosingOption
    | ChoosingUser
    | ChoosingKind
    | GivingCode
    | GivingFinger
    | GivingCard
    | ConfirmingRemoval
    | ConfirmingReset
    | ShowingDoor
    | ChoosingVolume
    | ChoosingLanguage
    | Waiting
)
Task = Verifying | SetupTask


@dataclass(frozen=True, slots=True)
class PanelState:
    """What the panel remembers between two inputs. Times are seconds of the caller's monotonic clock.

    Attributes:
        rules: the model's.
        task: what is waited for; None is the ordinary keypad.
        task_until: when that ends by itself.
        digits: keys since the last confirmation; never shown.
        digits_until: when they are forgotten.
        pairing_until: ten minutes after the Set button was pressed last; None before that.
        set_since: since when the Set button is held, or None.
        reset_since: since when the Reset button is held, or None.
        is_battery_low: the battery is to be changed.
    """

    rules: PanelRules = field(default_factory=PanelRules)
    task: Task | None = None
    task_until: float | None = None
    digits: str = field(default="", repr=False)
    digits_until: float | None = None
    pairing_until: float | None = None
    set_since: float | None = None
    reset_since: float | None = None
    is_battery_low: bool = False

    @property
    def is_in_setup(self) -> bool:
        """Whether setup mode is on."""
        return self.task is not None and not isinstance(self.task, Verifying)
