"""What is wired to where: `door.toml` as values, with errors that say which line to mend.

Layer devices. Reads and checks; touches no pin. Pins are GPIO (BCM) numbers, times seconds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from latchwork.base.errors import Misuse
from latchwork.devices.raspberry_pi.battery import Scale
from latchwork.devices.raspberry_pi.buzzer import MAX_BEAT_S, MAX_BEATS, Rhythm
from latchwork.devices.raspberry_pi.contacts import SETTLE_S
from latchwork.devices.raspberry_pi.plan_table import PinBook, Table

STOP_SETTLE_S: Final = 0.005
"""Seconds that an end stop must keep still: the motor runs on for that long, so it is short."""
MAX_LIMIT_S: Final = 10.0
"""Seconds that a bolt may be driven at most: what locks wait for it until they say that it is jammed."""
MAX_RELAY_S: Final = 30.0
"""Seconds that a magnet may be on at most: what those made for pulses bear."""
SPI_PINS: Final = (8, 9, 10, 11)
SERIAL_PINS: Final = (14, 15)
BUTTONS: Final = ("set", "reset", "touch", "privacy", "front_plate")
_HEADER_PORTS: Final = ("/dev/serial0", "/dev/ttyS0", "/dev/ttyAMA0")
_STANDARD_KEYS: Final = ("123", "456", "789", "*0#")
_KEYS: Final = frozenset("0123456789*#")
_LEVELS: Final = ("low", "high")
_OPTIONAL_KEYS: Final = (
    *BUTTONS,
    *("enable", "limit_s", "locked_stop", "unlocked_stop", "locked_ms", "unlocked_ms", "active", "settle_s"),
    *("keys", "reference_mv", "channel", "device", "every_s", "port", "baud", "password", "touch"),
    *("buzzer", "rhythms", "voice"),
)
"""What a misspelt key may have meant although it is not there."""

_TABLES: Final = ("bolt", "latch", "door", "buttons", "keypad", "battery", "fingerprints", "cards", "speaker")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class InputPin:
    """A contact.

    Attributes:
        pin: where.
        active_low: it joins the pin to ground when active; otherwise to 3.3 V.
        settle_s: seconds it must keep still.
    """

    pin: int
    active_low: bool = True
    settle_s: float = SETTLE_S


@dataclass(frozen=True, slots=True)
class RelayPin:
    """A relay: its pin, whether it is on when the pin is low, and the seconds it may be on."""

    pin: int
    active_low: bool
    limit_s: float


@dataclass(frozen=True, slots=True)
class MotorPlan:
    """A motor behind an H-bridge; `forward` draws the bolt. Its end stops must be there."""

    forward: int
    backward: int
    enable: int | None
    limit_s: float
    locked_stop: InputPin
    unlocked_stop: InputPin


@dataclass(frozen=True, slots=True)
class ServoPlan:
    """A servo, its pulses for either position in milliseconds, and its end stops if it has them."""

    pin: int
    locked_ms: float
    unlocked_ms: float
    limit_s: float
    stops: tuple[InputPin, InputPin] | None


@dataclass(frozen=True, slots=True)
class KeypadPlan:
    """Rows, columns and what is printed on the keys."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatteryPlan:
    """An MCP3008's channel and chip select, and what its values mean."""

    channel: int
    device: int
    scale: Scale
    every_s: float


@dataclass(frozen=True, slots=True)
class GaugePlan:
    """The channel and chip select of an MCP3008 that a sensor of a magnet's field is on, and seconds between two looks."""

    channel: int
    device: int
    every_s: float


@dataclass(frozen=True, slots=True)
class FingerprintPlan:
    """A module's serial port."""

    port: str
    baud: int
    password: int = field(repr=False)
    touch: InputPin | None


@dataclass(frozen=True, slots=True)
class SpeakerPlan:
    """A buzzer with rhythms by prompt, and a voice with its language."""

    buzzer: int | None
    rhythms: dict[str, Rhythm]
    voice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPlan:
    """The whole door.

    Attributes:
        bolt: a motor, a servo, or the relay of a door opener in the frame.
        latch: the relay that pulls the latch.
        door: the contact in the frame, active when the leaf is closed, or a sensor that measures.
        buttons: by name: set, reset, touch, privacy, front_plate.
        keypad, battery, fingerprints, cards, speaker: as their names say; cards is the pins of data 0 and data 1.
    """

    bolt: MotorPlan | ServoPlan | RelayPin
    latch: RelayPin | None = None
    door: InputPin | GaugePlan | None = None
    buttons: dict[str, InputPin] = field(default_factory=dict)
    keypad: KeypadPlan | None = None
    battery: BatteryPlan | None = None
    fingerprints: FingerprintPlan | None = None
    cards: tuple[int, int] | None = None
    speaker: SpeakerPlan | None = None


def read_plan(path: Path) -> DoorPlan:
    """Read `door.toml`.

    Raises:
        Misuse: it is missing, is no TOML, or says something that cannot be; the message names table, key and reason.
    """
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise Misuse(
            f"{path} cannot be read: {error.strerror}", advice="docs/howto/build-a-door.md shows one to begin with."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path.name} is not written as TOML: {error}", advice="Mend the line it names.") from error
    whole = Table(path.name, "", tables, PinBook(path.name))
    plan = DoorPlan(
        bolt=_bolt(whole.table("bolt")),
        latch=_optional(whole, "latch", _relay),
        door=_optional(whole, "door", lambda table: _door(table, has_converter="battery" in whole)),
        buttons=_optional(whole, "buttons", _buttons) or {},
        keypad=_optional(whole, "keypad", _keypad),
        battery=_optional(whole, "battery", _battery),
        fingerprints=_optional(whole, "fingerprints", _fingerprints),
        cards=_optional(whole, "cards", lambda table: (table.pin("data0"), table.pin("data1"))),
        speaker=_optional(whole, "speaker", _speaker),
    )
    whole.finish(*_TABLES)
    if isinstance(plan.door, GaugePlan) and plan.battery is not None:
        one, other = plan.door, plan.battery
        if (one.channel, one.device) == (other.channel, other.device):
            raise Misuse(
                f"{path.name}: [door] and [battery] are on the same channel", advice="Give one of them another."
            )
    if plan.latch is not None and isinstance(plan.bolt, RelayPin):
        raise Misuse(f"{path.name}: a door opener has no [latch] beside it", advice="Leave [latch] out.")
    return plan


def _optional(whole: Table, name: str, read: Callable[[Table], _T]) -> _T | None:
    if name not in whole:
        return None
    table = whole.table(name)
    part = read(table)
    table.finish(*_OPTIONAL_KEYS)
    return part


def _bolt(table: Table) -> MotorPlan | ServoPlan | RelayPin:
    bolt: MotorPlan | ServoPlan | RelayPin
    match table.choice("kind", ("motor", "servo", "strike")):
        case "motor":
            bolt = MotorPlan(
                forward=table.pin("forward"),
                backward=table.pin("backward"),
                enable=table.optional_pin("enable"),
                limit_s=table.number("limit_s", 0.1, MAX_LIMIT_S, 4.0),
                locked_stop=_input(table, "locked_stop", STOP_SETTLE_S),
                unlocked_stop=_input(table, "unlocked_stop", STOP_SETTLE_S),
            )
        case "servo":
            bolt = _servo(table)
        case _:
            bolt = _relay(table)
    table.finish(*_OPTIONAL_KEYS)
    return bolt


def _servo(table: Table) -> ServoPlan:
    stops = None
    if "locked_stop" in table or "unlocked_stop" in table:
        stops = _input(table, "locked_stop", STOP_SETTLE_S), _input(table, "unlocked_stop", STOP_SETTLE_S)
    return ServoPlan(
        pin=table.pin("pin"),
        locked_ms=table.number("locked_ms", 0.4, 2.6, 1.0),
        unlocked_ms=table.number("unlocked_ms", 0.4, 2.6, 2.0),
        limit_s=table.number("limit_s", 0.1, MAX_LIMIT_S, 2.0),
        stops=stops,
    )


def _relay(table: Table) -> RelayPin:
    return RelayPin(
        pin=table.pin("pin"),
        active_low=table.choice("active", _LEVELS, "high") == "low",
        limit_s=table.number("limit_s", 0.1, MAX_RELAY_S, 5.0),
    )


def _input(table: Table, key: str, settle_s: float = SETTLE_S) -> InputPin:
    """`key = 17` or `key = { pin = 17, active = "high", settle_s = 0.05 }`."""
    if not table.is_table(key):
        return InputPin(table.pin(key), settle_s=settle_s)
    inner = table.table(key)
    contact = InputPin(
        inner.pin("pin"),
        inner.choice("active", _LEVELS, "low") == "low",
        inner.number("settle_s", 0.0, 1.0, settle_s),
    )
    inner.finish(*_OPTIONAL_KEYS)
    return contact


def _door(table: Table, *, has_converter: bool) -> InputPin | GaugePlan:
    """`contact = 4`, or `channel = 1` for a sensor that measures; the battery's converter has room for it."""
    if "channel" not in table:
        return _input(table, "contact")
    if not has_converter:
        table.reserve(SPI_PINS)
    return GaugePlan(
        channel=table.whole("channel", 0, 7),
        device=table.whole("device", 0, 1, 0),
        every_s=table.number("every_s", 0.02, 5, 0.1),
    )


def _buttons(table: Table) -> dict[str, InputPin]:
    return {name: _input(table, name) for name in BUTTONS if name in table}


def _keypad(table: Table) -> KeypadPlan:
    keys = table.texts("keys", _STANDARD_KEYS)
    plan = KeypadPlan(table.pins("rows", 1, 8), table.pins("columns", 1, 8), keys)
    if len(keys) != len(plan.rows) or any(len(row) != len(plan.columns) for row in keys):
        raise table.wrong(
            "keys", "has another shape than rows and columns", "One text for each row, a letter for each column."
        )
    printed = "".join(keys)
    if len(set(printed)) != len(printed) or not set(printed) <= _KEYS:
        raise table.wrong("keys", "has a key twice or one that a lock does not have", "Keys are 0 to 9, * and #.")
    return plan


def _battery(table: Table) -> BatteryPlan:
    table.reserve(SPI_PINS)
    scale = Scale(
        reference_mv=table.whole("reference_mv", 1000, 5500, 3300),
        divider=table.number("divider", 1.0, 20.0),
        full_mv=table.whole("full_mv", 500, 60_000),
        empty_mv=table.whole("empty_mv", 500, 60_000),
    )
    if scale.empty_mv >= scale.full_mv:
        raise table.wrong("empty_mv", f"is not below full_mv, {scale.full_mv}", "Swap them?")
    if scale.full_mv > scale.reference_mv * scale.divider:
        raise table.wrong(
            "full_mv",
            f"is more than the converter can see, {round(scale.reference_mv * scale.divider)}",
            "More than the reference at its input destroys the converter: choose other resistors, and tell their divider.",
        )
    return BatteryPlan(
        channel=table.whole("channel", 0, 7, 0),
        device=table.whole("device", 0, 1, 0),
        scale=scale,
        every_s=table.number("every_s", 1, 86_400, 60),
    )


def _fingerprints(table: Table) -> FingerprintPlan:
    port = table.text("port", "/dev/serial0")
    if port in _HEADER_PORTS:
        table.reserve(SERIAL_PINS)
    return FingerprintPlan(
        port=port,
        baud=table.whole("baud", 9600, 115_200, 57_600),
        password=table.whole("password", 0, 0xFFFF_FFFF, 0),
        touch=_input(table, "touch") if "touch" in table else None,
    )


def _speaker(table: Table) -> SpeakerPlan:
    rhythms: dict[str, Rhythm] = {}
    if "rhythms" in table:
        inner = table.table("rhythms")
        rhythms = {prompt: inner.numbers(prompt, MAX_BEATS, MAX_BEAT_S) for prompt in inner.keys()}  # noqa: SIM118 - a table is no mapping
    return SpeakerPlan(
        buzzer=table.optional_pin("buzzer"),
        rhythms=rhythms,
        voice=table.text("voice") if "voice" in table else None,
    )
