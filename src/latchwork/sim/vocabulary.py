"""What can happen at a door, in words: one object of words and values, as the command line, tests and drawn doors speak it.

Layer sim. Several words of one object happen in their order. An object with a word or a value that makes no sense has no effect at all.

| word | value | what happens |
| --- | --- | --- |
| `press`, `release` | button | somebody presses it, or lets it go |
| `hold` | button, with `seconds` | pressed now and let go by itself later |
| `key` | `0` … `9`, `*`, `#` | a key of the keypad |
| `keys` | text | several keys |
| `finger`, `card`, `face` | a name; a card also as octets | it is shown to its sensor |
| `touch`, `privacy` | true | the pad outside, the button inside |
| `turn` | `lock`, `unlock` | a hand turns the thumb turn |
| `open`, `close`, `ajar`, `force` | true | the leaf of the door; a thrown bolt holds it |
| `door` | `DoorOpen` … | its sensor sees it there, whatever the bolt does |
| `calibrate` | true | somebody shows the sensor the door, closed, open and ajar, as the menu asks for it |
| `plate` | `on`, `off` | the front plate |
| `battery` | per cent | so much is left |
| `change_batteries` | true | out and in again: the power goes and comes |
| `power_cut`, `power_on` | true | the power goes, comes |
| `advance` | seconds | travel through time |
| `phone`, `app` | true, false | a phone of the maker's app is near; the lock is bound to that app |
| `fault` | name, with `on` and `value` | a fault is switched on or off |

Buttons are `set`, `reset`, `touch` and `privacy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.devices.lock_device import lock_of
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_types import Answered
from latchwork.sim.parts import KEYS, VirtualButton, template_of

if TYPE_CHECKING:
    from latchwork.sim.lock import VirtualLock

Act = Callable[["VirtualLock"], None]

_ADVICE: Final = 'Send words such as {"turn":"lock"}, {"press":"set"} or {"keys":"123456#"}.'
_BUTTONS: Final = MappingProxyType(
    {"set": "set_button", "reset": "reset_button", "touch": "touch_pad", "privacy": "privacy_button"}
)
_PARTS: Final = MappingProxyType({"touch_pad": "touch"})
"""What a part is called in `Hardware`, where that is another name."""
_TURNS: Final = MappingProxyType({"lock": BoltPosition.LOCKED, "unlock": BoltPosition.UNLOCKED})
_DOORS: Final = MappingProxyType({position.name.lower().replace("_", ""): position for position in DoorPosition})
_EXTRAS: Final = MappingProxyType({"hold": frozenset({"seconds"}), "fault": frozenset({"on", "value"})})
"""Words that only say more about another one."""
_HANDS: Final = frozenset(
    {"press", "hold", "key", "keys", "finger", "card", "face", "touch", "privacy", "turn", "plate", "change_batteries"}
)
_HOLD_S: Final = 5.0
_LONGEST_S: Final = 10 * 366 * 86_400


def understand(lock: VirtualLock, event: object) -> list[Act]:
    """What is to be done; nothing is done yet.

    Raises:
        Misuse: it makes no sense, or this lock has no such part.
    """
    if not isinstance(event, Mapping) or not event:
        raise Misuse("this is nothing that can happen to a lock", advice=_ADVICE)
    extras = frozenset[str]().union(*(_EXTRAS.get(word, ()) for word in event))
    words = [word for word in event if word not in extras]
    unknown = [word for word in words if word not in _WORDS]
    if unknown:
        raise Misuse(f"nothing at a lock is called {unknown[0]}", advice=_ADVICE)
    return [_WORDS[word](lock, event[word], event) for word in words]


def is_touch(event: Mapping[str, Any]) -> bool:
    """Whether somebody lays a hand on the lock: what wakes it."""
    return not event.keys().isdisjoint(_HANDS)


# each word checks first what it was given, and gives what is to be done


def _button(lock: VirtualLock, name: Any) -> VirtualButton:
    if not isinstance(name, str) or name not in _BUTTONS:
        # What was said is not said back: it may be a code that was meant for the keypad.
        raise Misuse("there is no such button", advice=f"The buttons are {', '.join(_BUTTONS)}.")
    part: VirtualButton = _part(lock, _BUTTONS[name])
    return part


def _part(lock: VirtualLock, name: str) -> Any:
    """The virtual part of a name, which the lock must have."""
    part, used = getattr(lock, name), getattr(lock.hardware, _PARTS.get(name, name))
    if used is None:
        raise Misuse(f"this lock has no {name.replace('_', ' ')}")
    if used is not part:
        raise Misuse(f"the {name.replace('_', ' ')} of this lock is a real one: use your hands")
    return part


def _press(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    button = _button(lock, value)
    return lambda _: button.press()


def _release(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    button = _button(lock, value)
    return lambda _: button.release()


def _hold(lock: VirtualLock, value: Any, event: Mapping[str, Any]) -> Act:
    button, seconds = _button(lock, value), _seconds(event.get("seconds", _HOLD_S))
    return lambda lock: button.hold(seconds, lock)


def _tap(name: str) -> Callable[[VirtualLock, Any, Mapping[str, Any]], Act]:
    def word(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
        _true(name, value)
        button = _button(lock, name)
        return lambda _: button.tap()

    return word


def _keys(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    if not isinstance(value, str) or not KEYS.issuperset(value):
        raise Misuse("a keypad has the keys 0 to 9, * and #")
    keypad = _part(lock, "keypad")
    return lambda _: keypad.press(value)


def _finger(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    name, reader = _name("a finger", value), _part(lock, "fingerprints")

    def act(lock: VirtualLock) -> None:
        known = lock_of(lock.node).register.find(CredentialKind.FINGERPRINT, template_of(name))
        if known is not None and not reader.is_enrolling:
            reader.learn(name)  # the lock remembers it; only this process has forgotten
        reader.touch(name)

    return act


def _card(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    card = value if isinstance(value, bytes) else _name("a card", value)
    reader = _part(lock, "cards")
    return lambda _: reader.hold(card)


def _face(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    template = template_of(_name("a face", value))
    if not lock.model.limits.kinds.get(CredentialKind.FACE):
        raise Misuse("this lock does not know faces")

    def act(lock: VirtualLock) -> None:
        if lock.has_power:
            known = lock_of(lock.node).register.find(CredentialKind.FACE, template)
            outcome = lock_of(lock.node).present(CredentialKind.FACE, Secret(template if known else b""))
            lock.panel.feed(Answered(outcome))

    return act


def _turn(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    position = _TURNS.get(value) if isinstance(value, str) else None
    if position is None:
        raise Misuse("a thumb turn is turned to lock or to unlock")
    bolt = _part(lock, "bolt")
    return lambda _: bolt.turn(position)


def _leaf(name: str) -> Callable[[VirtualLock, Any, Mapping[str, Any]], Act]:
    def word(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
        _true(name, value)

        def act(lock: VirtualLock) -> None:
            door = lock.door
            if name == "force":
                door.force_open()
            elif name == "ajar":
                if door.position() is not DoorPosition.CLOSED or door.open():
                    door.put(DoorPosition.AJAR)
            elif not (door.open() if name == "open" else door.close()):
                lock.on_told({"event": "held", "what": name, "by": "bolt"})

        del lock
        return act

    return word


def _door(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    position = door_position(value)
    del lock
    return lambda lock: lock.put_door(position)


def _calibrate(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    _true("calibrate", value)
    gauge = lock.door.gauge
    if lock.hardware.door_gauge is not gauge:
        raise Misuse("this lock has no virtual door sensor that is calibrated")

    def act(lock: VirtualLock) -> None:
        if lock.has_power:
            lock_of(lock.node).calibrate_door(gauge.shown())

    return act


def door_position(name: Any) -> DoorPosition:
    """`DoorOpen` or `open` → where the leaf is.

    Raises:
        Misuse: there is no such position.
    """
    wanted = str(name).lower().replace("_", "").removeprefix("door").removesuffix("error")
    position = _DOORS.get(wanted)
    if position is None:
        raise Misuse("a door cannot be so", advice="A door is open, closed, jammed, forced open or ajar: DoorOpen …")
    return position


def _plate(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    if value not in ("on", "off"):
        raise Misuse("the front plate is on or off")
    plate = _part(lock, "front_plate")
    return lambda _: plate.press() if value == "on" else plate.release()


def _battery(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise Misuse("a battery has 0 to 100 per cent left")
    battery = _part(lock, "battery")
    return lambda _: battery.put(float(value))


def _change_batteries(lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    _true("change_batteries", value)
    battery = _part(lock, "battery")

    def act(lock: VirtualLock) -> None:
        lock.cut_power()
        battery.change()
        lock.restore_power()

    return act


def _power(name: str) -> Callable[[VirtualLock, Any, Mapping[str, Any]], Act]:
    def word(_lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
        _true(name, value)
        return lambda lock: lock.cut_power() if name == "power_cut" else lock.restore_power()

    return word


def _advance(_lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
    seconds = _seconds(value)
    return lambda lock: lock.advance(seconds)


def _app(name: str) -> Callable[[VirtualLock, Any, Mapping[str, Any]], Act]:
    def word(_lock: VirtualLock, value: Any, _event: Mapping[str, Any]) -> Act:
        if not isinstance(value, bool):
            raise Misuse(f"{name} is true or false")

        def act(lock: VirtualLock) -> None:
            app = lock.panel.vendor_app
            if name == "phone":
                app.is_phone_connected = value
                app.is_bound = app.is_bound or value  # only the app that owns a lock connects to it
            else:
                app.is_bound = value
                app.is_phone_connected = app.is_phone_connected and value

        return act

    return word


def _fault(lock: VirtualLock, value: Any, event: Mapping[str, Any]) -> Act:
    from latchwork.sim.faults import make_fault  # noqa: PLC0415 - a lock without faults never loads them

    is_on = event.get("on", True)
    if not isinstance(is_on, bool):
        raise Misuse("a fault is on or off: true or false")
    given = event.get("value")
    fault = make_fault(str(value), None if given is None else str(given))
    del lock
    return lambda lock: lock.put_fault(fault) if is_on else lock.take_fault(fault.name)


def _true(name: str, value: Any) -> None:
    if value is not True:
        raise Misuse(f"{name} has the value true, or is left out")


def _name(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Misuse(f"{what} goes by a name")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_S:
        raise Misuse("seconds are a number from 0 to ten years")
    return float(value)


_WORDS: Final[Mapping[str, Callable[[VirtualLock, Any, Mapping[str, Any]], Act]]] = MappingProxyType(
    {
        "press": _press,
        "release": _release,
        "hold": _hold,
        "key": _keys,
        "keys": _keys,
        "finger": _finger,
        "card": _card,
        "face": _face,
        "touch": _tap("touch"),
        "privacy": _tap("privacy"),
        "turn": _turn,
        "open": _leaf("open"),
        "close": _leaf("close"),
        "ajar": _leaf("ajar"),
        "force": _leaf("force"),
        "door": _door,
        "calibrate": _calibrate,
        "plate": _plate,
        "battery": _battery,
        "change_batteries": _change_batteries,
        "power_cut": _power("power_cut"),
        "power_on": _power("power_on"),
        "advance": _advance,
        "phone": _app("phone"),
        "app": _app("app"),
        "fault": _fault,
    }
)
WORDS: Final = tuple(_WORDS)
"""Every word, for whoever offers them."""
