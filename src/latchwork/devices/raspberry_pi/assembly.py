"""From a plan to a door: every part is made, and everything is switched off again at the end.

Layer devices: the one place that knows every driver of this folder.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from latchwork.base.errors import Misuse
from latchwork.devices.hardware import Bolt, Button, Hardware, Speaker
from latchwork.devices.raspberry_pi.battery import AnalogBattery
from latchwork.devices.raspberry_pi.buzzer import Buzzer
from latchwork.devices.raspberry_pi.contacts import Contact, ContactButton, ContactDoorSensor
from latchwork.devices.raspberry_pi.door_gauge import AnalogDoorGauge
from latchwork.devices.raspberry_pi.driven_bolt import DrivenBolt, EndStops
from latchwork.devices.raspberry_pi.drives import MotorDrive, ServoDrive
from latchwork.devices.raspberry_pi.fingerprint import FingerprintModule
from latchwork.devices.raspberry_pi.keypad import MatrixKeypad
from latchwork.devices.raspberry_pi.pins import Pins
from latchwork.devices.raspberry_pi.plan import (
    DoorPlan,
    FingerprintPlan,
    GaugePlan,
    InputPin,
    MotorPlan,
    RelayPin,
    ServoPlan,
    SpeakerPlan,
    read_plan,
)
from latchwork.devices.raspberry_pi.relay import Relay, StrikeBolt
from latchwork.devices.raspberry_pi.serial_line import PortLine
from latchwork.devices.raspberry_pi.wiegand import WiegandReader
from latchwork.devices.speech import SeveralSpeakers, voice


@dataclass(slots=True, kw_only=True)
class BuiltDoor(Hardware):
    """The parts of a door that was built. Close it: motors are cut and outputs off then.

    gpiozero does the same when Python ends in whatever orderly way; nothing does when it is killed, see docs/howto/build-a-door.md.
    """

    _ends: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)

    async def close(self) -> None:
        """Switch everything off, and give pins and lines back. Harmless a second time."""
        await self._ends.aclose()


def load_door(path: Path) -> BuiltDoor:
    """Read a door's plan and make its parts ready. Call it in the event loop that they shall report to.

    Raises:
        Misuse: the plan says something that cannot be, or no event loop runs.
        Unsupported: gpiozero or pyserial is missing, or the machine has not got what the plan names.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError as error:
        raise Misuse("a door is loaded without an event loop", advice="Call load_door in a coroutine.") from error
    return _Builder(loop).build(read_plan(path))


class _Builder:
    """Makes the parts; what was made is undone when one of them fails."""

    __slots__ = ("_ends", "_loop", "_parts_end", "_pins")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pins = Pins()
        self._ends = AsyncExitStack()
        self._parts_end = ExitStack()

    def build(self, plan: DoorPlan) -> BuiltDoor:
        """The door.

        Raises:
            LatchworkError: one of the parts cannot be made.
        """
        self._parts_end.callback(self._pins.close)
        self._ends.callback(self._parts_end.close)
        try:
            return self._parts(plan)
        except BaseException:
            self._parts_end.close()
            raise

    def _parts(self, plan: DoorPlan) -> BuiltDoor:
        door = BuiltDoor(bolt=self._bolt(plan), _ends=self._ends)
        if isinstance(plan.door, GaugePlan):
            channel = self._pins.analog(plan.door.channel, plan.door.device)
            door.door_gauge = gauge = AnalogDoorGauge(channel, self._loop, plan.door.every_s)
            self._parts_end.callback(gauge.close)
        elif plan.door is not None:
            door.door_sensor = ContactDoorSensor(self._contact(plan.door))
        buttons = {name: self._button(contact) for name, contact in plan.buttons.items()}
        door.set_button = buttons.get("set")
        door.reset_button = buttons.get("reset")
        door.touch = buttons.get("touch")
        door.privacy_button = buttons.get("privacy")
        door.front_plate = buttons.get("front_plate")
        if plan.cards is not None:
            data0, data1 = map(self._pins.input, plan.cards)
            reader = WiegandReader(data0, data1, self._loop)
            self._parts_end.callback(reader.close)
            door.cards, door.keypad = reader, reader.keypad
        if plan.keypad is not None:
            rows = [self._pins.line(pin) for pin in plan.keypad.rows]
            columns = [self._pins.input(pin) for pin in plan.keypad.columns]
            door.keypad = keypad = MatrixKeypad(rows, columns, plan.keypad.keys, self._loop)
            self._parts_end.callback(keypad.close)
        if plan.battery is not None:
            channel = self._pins.analog(plan.battery.channel, plan.battery.device)
            door.battery = battery = AnalogBattery(channel, plan.battery.scale, self._loop, plan.battery.every_s)
            self._parts_end.callback(battery.close)
        if plan.speaker is not None:
            door.speaker = self._speaker(plan.speaker)
        if plan.fingerprints is not None:
            door.fingerprints = self._fingerprints(plan.fingerprints)
        return door

    def _bolt(self, plan: DoorPlan) -> Bolt:
        if isinstance(plan.bolt, RelayPin):
            bolt: StrikeBolt | DrivenBolt = StrikeBolt(self._relay(plan.bolt))
        else:
            bolt = self._driven(plan.bolt, plan.latch)
        self._parts_end.callback(bolt.stop)
        return bolt

    def _driven(self, plan: MotorPlan | ServoPlan, latch: RelayPin | None) -> DrivenBolt:
        drive: MotorDrive | ServoDrive
        if isinstance(plan, MotorPlan):
            drive = MotorDrive(self._pins.motor(plan.forward, plan.backward, plan.enable))
            contacts: tuple[InputPin, InputPin] | None = (plan.locked_stop, plan.unlocked_stop)
        else:
            drive = ServoDrive(self._pins.servo(plan.pin), locked_ms=plan.locked_ms, unlocked_ms=plan.unlocked_ms)
            contacts = plan.stops
        stops = None if contacts is None else EndStops(*map(self._contact, contacts))
        relay = None if latch is None else self._relay(latch)
        return DrivenBolt(drive, self._loop, limit_s=plan.limit_s, stops=stops, latch=relay)

    def _relay(self, plan: RelayPin) -> Relay:
        return Relay(self._pins.output(plan.pin, active_low=plan.active_low), self._loop, plan.limit_s)

    def _contact(self, plan: InputPin) -> Contact:
        contact = Contact(self._pins.input(plan.pin, active_low=plan.active_low), self._loop, plan.settle_s)
        self._parts_end.callback(contact.close)
        return contact

    def _button(self, plan: InputPin) -> Button:
        return ContactButton(self._contact(plan))

    def _speaker(self, plan: SpeakerPlan) -> Speaker | None:
        speakers: list[Speaker] = []
        if plan.buzzer is not None:
            buzzer = Buzzer(self._pins.output(plan.buzzer), plan.rhythms, self._loop)
            self._parts_end.callback(buzzer.close)
            speakers.append(buzzer)
        if plan.voice is not None:
            spoken = voice(plan.voice)
            self._ends.push_async_callback(spoken.close)
            speakers.append(spoken)
        return SeveralSpeakers(*speakers) if speakers else None

    def _fingerprints(self, plan: FingerprintPlan) -> FingerprintModule:
        touch = None if plan.touch is None else self._contact(plan.touch)
        module = FingerprintModule(PortLine(plan.port, plan.baud, self._loop), touch=touch, password=plan.password)
        self._ends.push_async_callback(module.close)
        module.start()
        return module
