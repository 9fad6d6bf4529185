"""The front panel of a lock as a whole: buttons, keypad, sensors and voice on one side, node and door lock on the other.

Layer devices. What a press means is decided by `doorlock.panel`; here its inputs come from the hardware's ports, and what it asks for is
done to the node (pairing window, factory reset), to the door lock (credentials, programming) and to the speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from latchwork.base.logs import Secret, log, logger
from latchwork.devices.door_lock import DoorLockBehavior
from latchwork.devices.finger_enrolment import FingerEnrolment
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_model import LockModel, ResetPlace, SoftReset
from latchwork.doorlock.changes import ChangeRefused
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Alarm, EntryOutcome
from latchwork.doorlock.inputs import TimePassed
from latchwork.doorlock.panel import panel_deadline, panel_start, panel_step
from latchwork.doorlock.panel_effects import (
    Adjust,
    CalibrateDoor,
    FactoryReset,
    LockUp,
    NewCredential,
    OpenWindow,
    PanelEffect,
    Present,
    Program,
    Restart,
    Say,
    StartEnrolment,
    StopEnrolment,
    TellOfPlate,
    Verify,
    Volume,
    Withdraw,
)
from latchwork.doorlock.panel_memory import administrators, change_memory, is_administrator, result_of
from latchwork.doorlock.panel_state import (
    ALL_PROGRAMMING,
    GivingFinger,
    LocalProgramming,
    PanelFacts,
    PanelRules,
    ShowingDoor,
)
from latchwork.doorlock.panel_types import (
    Answered,
    BatteryAt,
    CardSeen,
    Enrolled,
    EnrolmentFailed,
    FingerSeen,
    KeyPressed,
    PadTouched,
    PanelInput,
    PlateTaken,
    PrivacyPushed,
    Programmed,
    Programming,
    ResetPressed,
    ResetReleased,
    SetPressed,
    SetReleased,
    Verified,
    WasReset,
)
from latchwork.doorlock.prompts import text
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.clusters.door_lock_types import SoundVolumeEnum
from latchwork.matter.model.meta import Attribute
from latchwork.node.agenda import Appointment
from latchwork.node.commissioning import BASIC
from latchwork.node.node import Node
from latchwork.node.presence import icd_of
from latchwork.node.reset import FactoryState

_LOG = logger(__name__)

_BY_PEOPLE: Final = (KeyPressed, SetPressed, ResetPressed, FingerSeen, CardSeen, PadTouched, PrivacyPushed)
"""What wakes a lock that sleeps: somebody stands before it."""
FAREWELL_S: Final = 1.0
"""Seconds between the alarm of a factory reset and the reset: who subscribed hears the alarm before the lock knows nobody any more."""

BATTERY_S: Final = 3600.0
"""Seconds between two looks at the battery."""

_VOLUMES: Final = MappingProxyType(
    {
        Volume.SILENT: SoundVolumeEnum.SILENT,
        Volume.LOW: SoundVolumeEnum.LOW,
        Volume.MEDIUM: SoundVolumeEnum.MEDIUM,
        Volume.HIGH: SoundVolumeEnum.HIGH,
    }
)
_BUTTONS: Final = frozenset({ResetPlace.RESET_BUTTON, ResetPlace.BATTERY_BAY_BUTTON})


def panel_rules(model: LockModel) -> PanelRules:
    """What a model's front panel does."""
    return PanelRules(
        pairing_s=model.pairing_window_s,
        reset_hold_s=model.reset.hold_s,
        reset_needs_admin=model.reset.needs_admin,
        short_press_restarts=SoftReset.SHORT_PRESS in model.reset.soft,
        reset_button_resets=not _BUTTONS.isdisjoint(model.reset.places),
        set_hold_resets=ResetPlace.SETTINGS_KEY in model.reset.places,
        pin_lengths=model.door_pin_lengths,
        menu=model.menu,
        languages=model.languages,
    )


@dataclass(slots=True)
class VendorApp:
    """What the lock's maker's app has to do with it, as far as the panel must know.

    Attributes:
        is_bound: the lock was added to the app.
        is_phone_connected: a phone holds a Bluetooth connection from the app.
    """

    is_bound: bool = False
    is_phone_connected: bool = False


class FrontPanel:
    """One lock's front panel. Make it before its node starts; `start` it after.

    Attributes:
        state: what the panel remembers.
        vendor_app: what the maker's app has to do with the lock.
        on_restart: called for a soft reset: whoever runs the lock stops and starts it. Without, nothing happens.
        on_reset: called after a factory reset.
    """

    def __init__(self, node: Node, door_lock: DoorLockBehavior, hardware: Hardware, model: LockModel) -> None:
        self._node = node
        self._door_lock = door_lock
        self._hardware = hardware
        self._model = model
        self._factory = FactoryState(node)
        self._alarm: Appointment | None = None
        self._farewell: Appointment | None = None
        self._look: Appointment | None = None
        self._enrolment: FingerEnrolment | None = None
        if hardware.fingerprints is not None:
            failed = partial(self.feed, EnrolmentFailed())
            self._enrolment = FingerEnrolment(hardware.fingerprints, self._finger_taken, failed)
        self._is_up = False
        self._language = model.languages[0]
        self._volume = SoundVolumeEnum.MEDIUM
        self.state = panel_start(panel_rules(model))
        self.vendor_app = VendorApp()
        self.on_restart: Callable[[], None] | None = None
        self.on_reset: Callable[[], None] | None = None

    def start(self) -> None:
        """Listen to the hardware from now on."""
        self._is_up = True
        parts, feed = self._hardware, self.feed
        for button, pressed, released in (
            (parts.set_button, SetPressed(), SetReleased()),
            (parts.reset_button, ResetPressed(), ResetReleased()),
            (parts.touch, PadTouched(), None),
            (parts.privacy_button, PrivacyPushed(), None),
            (parts.front_plate, None, PlateTaken()),
        ):
            if button is not None:
                button.listen(*(_nothing if each is None else partial(feed, each) for each in (pressed, released)))
        if parts.keypad is not None:
            parts.keypad.listen(lambda key: feed(KeyPressed(key)))
        if parts.fingerprints is not None:
            parts.fingerprints.listen(self._finger_seen)
        if parts.cards is not None:
            parts.cards.listen(lambda identifier: feed(CardSeen(Secret(identifier))))
        self._look_at_battery()

    def stop(self) -> None:
        """Forget what was to be done later; what the hardware still says has no effect."""
        self._is_up = False
        for appointment in (self._alarm, self._farewell, self._look):
            if appointment is not None:
                appointment.cancel()
        self._stop_enrolment()

    def feed(self, happened: PanelInput) -> None:
        """Something happened: do what follows. Nothing does before `start` and after `stop`."""
        if not self._is_up:
            return
        node = self._node
        if node.sleep is not None and isinstance(happened, _BY_PEOPLE):
            icd_of(node).press()
        with node.turn():
            todo: list[PanelInput] = [happened]
            while todo:
                self.state, effects = panel_step(self.state, todo.pop(0), self.facts, node.clock.monotonic())
                todo.extend(self._do(effects))
            self._door_lock.show_door(is_shown=isinstance(self.state.task, ShowingDoor))
        self._set_alarm()

    @property
    def facts(self) -> PanelFacts:
        """How the lock is now."""
        state = self._door_lock.state
        features = (
            state.local_programming_features if self._has(DoorLock.local_programming_features) else ALL_PROGRAMMING
        )
        return PanelFacts(
            is_commissioned=len(self._node.fabrics) > 0,
            has_admin=bool(administrators(self._door_lock.register)),
            is_in_vendor_app=self.vendor_app.is_bound,
            is_phone_connected=self.vendor_app.is_phone_connected,
            can_program=state.enable_local_programming if self._has(DoorLock.enable_local_programming) else True,
            programming=LocalProgramming(int(features)),
            kinds=self._enrollable(),
            has_door_sensor=self._door_lock.door.is_there,
            measures_door=self._door_lock.door.measures,
            door_reading=self._door_lock.door.reading(),
        )

    @property
    def pairing_left(self) -> float:
        """Seconds for which a commissioner may still come; 0 when none may, infinite when the window stays open."""
        window = self._node.window
        if not window.is_open:
            return 0.0
        closes = window.closes_at
        return float("inf") if closes is None else max(0.0, closes - self._node.clock.monotonic())

    def _enrollable(self) -> frozenset[CredentialKind]:
        parts, kinds = self._hardware, self._model.limits.kinds
        there = (
            (CredentialKind.PIN, parts.keypad),
            (CredentialKind.FINGERPRINT, parts.fingerprints),
            (CredentialKind.RFID, parts.cards),
        )
        return frozenset(kind for kind, part in there if part is not None and kinds.get(kind))

    # what the hardware says

    def _finger_seen(self, template: bytes | None) -> None:
        reader = self._hardware.fingerprints
        is_owned = template is not None and self._door_lock.register.find(CredentialKind.FINGERPRINT, template)
        is_enrolling = self._enrolment is not None and self._enrolment.is_running
        if template is not None and not is_owned and reader is not None and not is_enrolling:
            # Its user was deleted over the network: the sensor does not know that yet.
            reader.forget(template)
        self.feed(FingerSeen(None if template is None else Secret(template)))

    def _look_at_battery(self) -> None:
        """Now, and every hour: the battery's port has one listener, which is the Power Source cluster."""
        battery = self._hardware.battery
        if battery is None:
            return
        self._look = self._node.call_at(self._node.clock.monotonic() + BATTERY_S, self._look_at_battery)
        percent = battery.percent()
        if percent is not None:
            self.feed(BatteryAt(percent))

    def _set_alarm(self) -> None:
        deadline = panel_deadline(self.state)
        if self._alarm is not None:
            if self._alarm.is_pending and self._alarm.when == deadline:
                return
            self._alarm.cancel()
            self._alarm = None
        if deadline is not None:
            self._alarm = self._node.call_at(deadline, lambda: self.feed(TimePassed()))

    # what the panel asks for

    def _do(self, effects: Iterable[PanelEffect]) -> list[PanelInput]:
        """Do it; gives the answers that are known at once. What is said at one time is said in one breath."""
        answers: list[PanelInput] = []
        said: list[Say] = []
        for effect in effects:
            if isinstance(effect, Say):
                said.append(effect)
                continue
            answer = self._do_one(effect)
            if answer is not None:
                answers.append(answer)
        if said:
            self._speak(said)
        return answers

    def _do_one(self, effect: PanelEffect) -> PanelInput | None:
        lock = self._door_lock
        match effect:
            case OpenWindow(seconds):
                self._open_window(seconds)
            case Present(kind, secret, source):
                return Answered(lock.present(kind, secret, source))
            case Verify(shown):
                return Verified(self._is_admin(shown), shown)
            case Program():
                return self._program(effect)
            case StartEnrolment():
                if self._enrolment is not None:
                    self._enrolment.start()
            case StopEnrolment():
                self._stop_enrolment()
            case Adjust(volume, language):
                self._adjust(volume, language)
            case CalibrateDoor(scale):
                self._door_lock.calibrate_door(scale)
            case Restart():
                if self.on_restart is not None:
                    self.on_restart()
            case FactoryReset():
                self._begin_reset()
            case LockUp():
                # Touching a lock that does not lock by touch is nothing to speak of.
                return Answered(EntryOutcome.LOCKED) if lock.touch_pad() is EntryOutcome.LOCKED else None
            case Withdraw():
                lock.press_privacy()
            case TellOfPlate():
                lock.raise_alarm(Alarm.FRONT_ESCEUTCHEON_REMOVED)
            case Say():
                self._speak([effect])
        return None

    def _speak(self, said: list[Say]) -> None:
        if self._hardware.speaker is None or self.volume is SoundVolumeEnum.SILENT:
            return
        own, language = self._model.prompts, self.language
        texts = [text(each.prompt, language, own, each.options, **each.values) for each in said]
        # A speaker that knows prompts by name, such as a buzzer, makes the first one heard: the others explain it.
        self._node.ledger.when_stored(partial(self._hardware.speaker.say, said[0].prompt.value, " ".join(texts)))

    def _open_window(self, seconds: float) -> None:
        node = self._node
        if node.window.is_open:
            # An administrator may have opened it with a passcode of its own, and somebody may be at work: neither is disturbed.
            node.window.prolong(seconds)
        else:
            node.window.open(BASIC, node.pase_credentials(), node.config.discriminator, seconds=seconds)
            if node.fail_safe.is_armed:
                # Somebody is at work since before the last window closed: the next one may come when that one has failed.
                node.window.commissioner_arrived()
        log(_LOG, 20, "panel.pairing", seconds=seconds)

    # people

    def _is_admin(self, shown: Present) -> bool:
        lock = self._door_lock.lock
        deaf_until = lock.entry.lockout_until
        is_deaf = deaf_until is not None and self._node.clock.monotonic() < deaf_until
        return not is_deaf and is_administrator(lock.register, shown)

    def _stop_enrolment(self) -> None:
        if self._enrolment is not None:
            self._enrolment.stop()

    def _program(self, asked: Program) -> Programmed:
        user: int | None = getattr(asked.change, "user_index", None)
        try:
            user, _changes = self._door_lock.program(
                lambda register, author: change_memory(register, author, asked.change)
            )
        except ChangeRefused as refused:
            log(_LOG, 20, "panel.refused", problem=refused.problem.name)
            self._forget_template(asked)
            return Programmed(result_of(refused), user)
        return Programmed(Programming.DONE, user)

    def _forget_template(self, asked: Program) -> None:
        change, reader = asked.change, self._hardware.fingerprints
        if reader is not None and isinstance(change, NewCredential) and change.kind is CredentialKind.FINGERPRINT:
            reader.forget(change.secret)

    def _finger_taken(self, template: bytes) -> bool:
        is_wanted = isinstance(self.state.task, GivingFinger)
        if is_wanted:
            self.feed(Enrolled(Secret(template)))
        return is_wanted

    # settings

    @property
    def language(self) -> str:
        """What is spoken: ISO 639-1 code."""
        return self._door_lock.state.language if self._has(DoorLock.language) else self._language

    @property
    def volume(self) -> SoundVolumeEnum:
        """How loud."""
        return self._door_lock.state.sound_volume if self._has(DoorLock.sound_volume) else self._volume

    def _has(self, attribute: Attribute[Any]) -> bool:
        return attribute.id in self._door_lock.state.supported_attributes

    def _adjust(self, volume: Volume | None, language: str | None) -> None:
        if volume is not None:
            self._volume = _VOLUMES[volume]
            if self._has(DoorLock.sound_volume):
                self._door_lock.state.sound_volume = self._volume
        if language is not None:
            self._language = language
            if self._has(DoorLock.language):
                self._door_lock.state.language = language

    # factory reset

    def _begin_reset(self) -> None:
        if self._farewell is not None and self._farewell.is_pending:
            return
        self._door_lock.raise_alarm(Alarm.LOCK_FACTORY_RESET)
        self._farewell = self._node.call_at(self._node.clock.monotonic() + FAREWELL_S, self._reset)

    def _reset(self) -> None:
        self._stop_enrolment()
        if self._hardware.fingerprints is not None:
            self._hardware.fingerprints.forget_all()
        with self._node.turn():
            self._factory.restore()
            self._door_lock.forget_door()  # stored anew: what is not stored counts as installed
            self.vendor_app = VendorApp()
            self._language, self._volume = self._model.languages[0], SoundVolumeEnum.MEDIUM
        self.feed(WasReset())
        if self.on_reset is not None:
            self.on_reset()


def _nothing() -> None:
    """Half of a button that only the other half of is of interest."""
