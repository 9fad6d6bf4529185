"""Where gpiozero begins: pins as the drivers want them, and its errors in plain words.

Layer devices. The only file that imports gpiozero, and only when the first pin is asked for. Pin numbers are GPIO (BCM) numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final, Protocol

from latchwork.base.errors import LatchworkError, Misuse, Unsupported

SERVO_HZ: Final = 50
"""What a servo is told its angle with: a pulse each 20 ms."""


class Input(Protocol):
    """A pin that is read. Its two callbacks come from a thread of gpiozero's."""

    @property
    def is_active(self) -> bool:
        """What it is now."""

    when_activated: Callable[[], None] | None
    when_deactivated: Callable[[], None] | None


class Output(Protocol):
    """A pin that switches something."""

    def on(self) -> None:
        """Switch it on."""

    def off(self) -> None:
        """Switch it off."""


class HBridge(Protocol):
    """Two pins that turn a motor either way."""

    def forward(self) -> None:
        """Turn one way."""

    def backward(self) -> None:
        """Turn the other way."""

    def stop(self) -> None:
        """Stand still."""


class Pulses(Protocol):
    """A pin that gives pulses; `value` is the part of the time that it is on, 0 to 1."""

    value: float

    def off(self) -> None:
        """Give none."""


class Analog(Protocol):
    """A channel of a converter."""

    @property
    def value(self) -> float:
        """The voltage as a part of the reference, 0 to 1."""


class Line:
    """A pin that is either held low or let go, with a pull-up: two of them joined by a key cannot harm each other."""

    __slots__ = ("_device",)

    def __init__(self, device: Any) -> None:
        self._device = device

    def hold_low(self) -> None:
        """Pull it to ground."""
        self._device.pin.output_with_state(0)

    def let_go(self) -> None:
        """Leave it to its pull-up."""
        self._device.pin.input_with_pull("up")


class Pins:
    """Takes pins, and gives all of them back in `close`: outputs off, motors still.

    Raises:
        Unsupported: gpiozero is missing, or this machine has no pins.
    """

    __slots__ = ("_gpiozero", "_taken")

    def __init__(self) -> None:
        self._gpiozero = _gpiozero()
        self._taken = ExitStack()
        with _told("the pins of this machine"):
            self._gpiozero.Device.ensure_pin_factory()

    def input(self, pin: int, *, active_low: bool = True) -> Input:
        """A pin with a pull resistor: active when it is joined to ground, or to 3.3 V when not `active_low`."""
        return self._take(f"GPIO{pin}", lambda: self._gpiozero.DigitalInputDevice(pin, pull_up=active_low))  # type: ignore[no-any-return]  # gpiozero has no types

    def output(self, pin: int, *, active_low: bool = False) -> Output:
        """A pin that begins switched off."""
        return self._take(  # type: ignore[no-any-return]  # gpiozero has no types
            f"GPIO{pin}", lambda: self._gpiozero.DigitalOutputDevice(pin, active_high=not active_low)
        )

    def motor(self, forward: int, backward: int, enable: int | None = None) -> HBridge:
        """The inputs of an H-bridge, switched and not pulsed: full speed or none."""
        return self._take(  # type: ignore[no-any-return]  # gpiozero has no types
            f"GPIO{forward} and GPIO{backward}",
            lambda: self._gpiozero.Motor(forward, backward, enable=enable, pwm=False),
        )

    def servo(self, pin: int) -> Pulses:
        """The signal wire of a servo, without pulses at first."""
        return self._take(  # type: ignore[no-any-return]  # gpiozero has no types
            f"GPIO{pin}", lambda: self._gpiozero.PWMOutputDevice(pin, frequency=SERVO_HZ)
        )

    def line(self, pin: int) -> Line:
        """A row of a keypad, let go at first."""
        return Line(self._take(f"GPIO{pin}", lambda: self._gpiozero.InputDevice(pin, pull_up=True)))

    def analog(self, channel: int, device: int = 0) -> Analog:
        """A channel of an MCP3008 on the first SPI bus; `device` is its chip select, 0 or 1."""
        return self._take(  # type: ignore[no-any-return]  # gpiozero has no types
            "the MCP3008", lambda: self._gpiozero.MCP3008(channel, port=0, device=device)
        )

    def close(self) -> None:
        """Give every pin back."""
        self._taken.close()

    def _take(self, what: str, make: Callable[[], Any]) -> Any:
        with _told(what):
            device = make()
        self._taken.callback(device.close)
        return device


def _gpiozero() -> ModuleType:
    try:
        import gpiozero  # noqa: PLC0415 - an extra that only real doors need
    except ImportError as error:
        raise Unsupported(
            "gpiozero is not installed", advice="Install the drivers of the Raspberry Pi: pip install 'latchwork[pi]'."
        ) from error
    return gpiozero  # type: ignore[no-any-return]  # gpiozero has no types


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Makes an error of ours of whatever gpiozero and the library below it raise."""
    from gpiozero import exc  # noqa: PLC0415 - loaded already

    try:
        yield
    except exc.BadPinFactory as error:
        raise Unsupported(
            "gpiozero finds no pins on this machine",
            advice="Run it on a Raspberry Pi, as a user of the group gpio and with lgpio installed (pip install"
            " 'latchwork[pi]'), or try it without pins: GPIOZERO_PIN_FACTORY=mock.",
        ) from error
    except exc.GPIOPinInUse as error:
        raise Misuse(f"{what} is in use twice", advice="Give every part a pin of its own.") from error
    except exc.PinFixedPull as error:
        raise Misuse(
            f"{what} has a pull-up on the board that cannot be switched off",
            advice="Wire this part to another pin, or have it join the pin to ground.",
        ) from error
    except LatchworkError:
        raise
    except Exception as error:
        raise Unsupported(
            f"{what} cannot be used: {error}",
            advice="Is another program using it, and is its bus (SPI, serial) switched on in raspi-config?",
        ) from error
