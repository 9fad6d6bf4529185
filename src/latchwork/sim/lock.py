"""A virtual lock: a whole Matter door lock with virtual parts, on a transport of its own.

Layer sim: assembles a node, its hardware and its network, gives them power and takes it away, and tells what happens; knows no controller.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final

from latchwork.base.clock import Clock
from latchwork.base.errors import Misuse
from latchwork.devices.door_lock import Operation
from latchwork.devices.front_panel import FrontPanel
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_device import LOCK_ENDPOINT, lock_of, make_lock, remembered_position
from latchwork.devices.lock_model import LockModel
from latchwork.devices.models import GENERIC
from latchwork.doorlock.bolt import BoltPosition, DoorPosition
from latchwork.doorlock.door_sensor import DoorSense
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import StatusError
from latchwork.matter.model.clusters.door_lock import DoorLock
from latchwork.matter.model.meta import Command
from latchwork.matter.onboarding import (
    DiscoveryCapabilities,
    Discriminator,
    SetupPayload,
    manual_code,
    qr_code,
)
from latchwork.node.agenda import Appointment
from latchwork.node.behaviors.administrator_commissioning import AdministratorCommissioningBehavior
from latchwork.node.config import NodeConfig
from latchwork.node.node import Node
from latchwork.node.presence import icd_of
from latchwork.sim.clock import SimulatedClock
from latchwork.sim.equipment import Equipment, unplug
from latchwork.sim.happenings import pascal, told
from latchwork.sim.power import Fuse, Line, Plug, Signpost
from latchwork.sim.seams import Seams, WatchedDoorLock
from latchwork.stack.mdns_contract import Discovery
from latchwork.stack.tcp import TcpTransport
from latchwork.stack.transport import Transport
from latchwork.store.kv import Store

if TYPE_CHECKING:  # a lock without faults or updates never loads them
    from latchwork.node.firmware import FirmwareFolder
    from latchwork.sim.faults.fault import Fault

__all__ = ["OnOperation", "Operation", "VirtualLock", "label"]

OnOperation = Callable[[Operation], None]
_OPERATIONS: Final = frozenset({"lock_door", "unlock_door", "unlock_with_timeout", "unbolt_door"})
_MAX_STEPS: Final = 100_000
"""Appointments that one journey through time may meet: an endless row of them is a defect, not a long journey."""


class VirtualLock(Equipment):
    """One lock on the network, from `start` to `close`. Its node changes when it loses power or restarts; the rest stays.

    It has the virtual parts of `Equipment`, as far as they are in `hardware`.

    Attributes:
        node: the Matter node of this life.
        panel: its front panel of this life.
        model: what kind of lock it is.
        clock: what tells it the time.
        hardware: all its parts; add to them before `start`.
        seams: where faults stand.
        faults: those that are on, by name.
        payload: what its label says.
        on_commissioned: called with True when it joined its first fabric, with False when it left its last.
        on_operation: called after each operation that a peer asked for.
        on_born: called with each further node before it starts: what belongs to a node is to be done again.
        on_touched: each is called when somebody lays a hand on the lock.
        on_told: called with everything else that happens, as an object for JSON: {"event": "said", …}. There is never a PIN in it.
    """

    def __init__(
        self,
        config: NodeConfig,
        store: Store,
        *,
        model: LockModel = GENERIC,
        hardware: Hardware | None = None,
        firmware: Callable[[], FirmwareFolder] | None = None,
        clock: Clock | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Assemble it; nothing is heard of it before `start`.

        Args:
            config: what the node is.
            store: where it keeps what must survive.
            model: what kind of lock it is.
            hardware: real parts, where it is not all virtual.
            firmware: opens the folder of its firmware, for one that can be updated.
            clock: what tells it the time.
            entropy: octets nobody can guess.

        Raises:
            StoreError: the store cannot be read.
        """
        super().__init__(remembered_position(store))
        self.model = model
        self.clock = SimulatedClock(clock)
        self.seams = Seams(on_event=self._event_recorded, on_refused=self._rule_refused)
        self.faults: dict[str, Fault] = {}
        self.hardware = self.assembled(model)
        if hardware is not None:
            # What is said is told, whoever speaks it.
            self.speaker.also, hardware.speaker = hardware.speaker, self.speaker
            self.hardware = hardware
        self.payload = label(config)
        self.on_commissioned: Callable[[bool], None] = lambda _: None
        self.on_operation: OnOperation = lambda _: None
        self.on_told: Callable[[dict[str, Any]], None] = lambda _: None
        self.on_born: Callable[[Node], None] = lambda _: None
        self.on_touched: list[Callable[[VirtualLock], None]] = []
        self._config = config
        self._store = store
        self._firmware = firmware
        self._entropy = entropy
        self._fuse = Fuse()
        self._watch_parts()
        self._network: tuple[Transport, Discovery, dict[str, Any]] | None = None
        self._tcp: TcpTransport | None = None
        self._tcp_port = 0
        self._signpost: Signpost | None = None
        self._window: tuple[bool, float | None] = (False, None)
        self._is_up = False
        self._changing: asyncio.Task[None] | None = None
        self.node: Node
        self.panel: FrontPanel
        self._build()

    # --- what it is

    @property
    def is_commissioned(self) -> bool:
        """Whether it belongs to a fabric for good."""
        return self.node.is_commissioned

    @property
    def has_power(self) -> bool:
        """Whether its node lives."""
        return not self._fuse.is_blown

    @property
    def manual(self) -> str:
        """The digits on its label."""
        return manual_code(self.payload)

    @property
    def qr(self) -> str:
        """The text of the QR code on its label."""
        return qr_code(self.payload)

    @property
    def port(self) -> int:
        """The UDP port that peers reach it on; 0 before `start`."""
        return 0 if self.node.runtime is None else self.node.runtime.port

    @property
    def state(self) -> str:
        """LockState, such as `LOCKED`."""
        name: str = lock_of(self.node).state.lock_state.name
        return name

    @property
    def behavior(self) -> WatchedDoorLock:
        """The door lock of this life."""
        return self.node.endpoints[LOCK_ENDPOINT].behavior(WatchedDoorLock)

    # --- life

    async def start(
        self, transport: Transport, discovery: Discovery, *, tcp: TcpTransport | None = None, **options: Any
    ) -> None:
        """Be on the network; returns when it can be found. `tcp` listens already; `options` are `Runtime`'s.

        Raises:
            StoreError: the store cannot be read or written.
        """
        self._network = transport, discovery, options
        self._tcp = tcp
        self._tcp_port = 0 if tcp is None else tcp.port
        self._is_up = True
        await self._begin()

    async def close(self) -> None:
        """Say goodbye and leave the network; store and discovery are the caller's. Harmless when done before."""
        await self.settled()
        if not self._is_up:
            return
        self._is_up = False
        for name in list(self.faults):
            self.take_fault(name)
        if self.has_power:
            await self._end()
        assert self._network is not None, "it was started"
        if self._signpost is not None:
            self._fuse.is_blown = False
            await self._signpost.tidy()
        await self._network[0].close()

    def cut_power(self) -> None:
        """The power goes at this instant: the node says no goodbye, and only what was written survives.

        What is left of it is cleared away in the background; `settled` waits for it. Harmless without power.
        """
        if self.has_power:
            self._fuse.is_blown = True
            unplug(self.hardware)
            self.let_go()
            self.on_told({"event": "power", "on": False})
            if self._is_up:
                self._change(self._end(), *self._hang_up())

    def restore_power(self) -> None:
        """The power comes back: the node starts from its store, in the background. Harmless with power."""
        if self._is_up:
            self._change(self._start_again())

    def restart(self) -> None:
        """Stop and start the node in good order, in the background: a soft reset, or new firmware."""
        if self._is_up and self.has_power:
            self._change(self._end(), self._renew())

    async def settled(self) -> None:
        """Wait until what power cuts and restarts began is over."""
        while self._changing is not None and not self._changing.done():
            await asyncio.gather(self._changing, return_exceptions=True)

    # --- faults

    def put_fault(self, fault: Fault) -> None:
        """Switch a fault on; one of the same name that is on already is taken off first.

        Raises:
            Misuse: this lock cannot have it.
        """
        self.take_fault(fault.name)
        fault.begin(self)
        self.faults[fault.name] = fault
        self.on_told({"event": "fault", "name": fault.name, "on": True} | fault.facts)

    def take_fault(self, name: str) -> None:
        """Switch a fault off; harmless when it is not on."""
        fault = self.faults.pop(name, None)
        if fault is not None:
            fault.end(self)
            self.on_told({"event": "fault", "name": name, "on": False})

    # --- people and time

    def handle(self, event: Mapping[str, Any]) -> None:
        """Something happens at the door: an object of one or more words, see `vocabulary`.

        Raises:
            Misuse: it makes no sense, and nothing has happened.
            LatchworkError: this lock cannot do it.
        """
        from latchwork.sim.vocabulary import is_touch, understand  # noqa: PLC0415 - loaded when somebody comes to the door

        acts = understand(self, event)
        if is_touch(event):
            self._touched()
        for act in acts:
            act(self)
        self._look_at_window()

    def put_door(self, position: DoorPosition) -> None:
        """The door's sensor sees the leaf there, whatever the bolt does."""
        self.door.put(position)

    def turn(self, position: BoltPosition) -> bool:
        """A hand turns the bolt there; False when something is in the way."""
        return self.bolt.turn(position)

    def advance(self, seconds: float) -> None:
        """Travel into the future; what is due on the way happens in its order.

        Raises:
            Misuse: into the past, or more appointments on the way than any lock has.
        """
        node, clock = self.node, self.clock
        if seconds < 0:
            raise Misuse("nobody travels into the past")
        until = clock.monotonic() + seconds
        for _ in range(_MAX_STEPS):
            deadline = node.agenda.next_deadline() if self.has_power else None
            if deadline is None or deadline > until:
                break
            clock.advance(max(0.0, deadline - clock.monotonic()))
            node.run_due()
        else:
            raise Misuse("too much happens on the way")
        clock.advance(max(0.0, until - clock.monotonic()))
        if node.agenda.on_earlier is not None:
            node.agenda.on_earlier()  # its timer was set for a future that has come nearer
        self._look_at_window()

    def call_at(self, when: float, callback: Callable[[], None]) -> Appointment:
        """Have `callback` called at `when`, seconds of `clock.monotonic()`: it is the timetable of its parts."""
        return self.node.call_at(when, callback)

    def _touched(self) -> None:
        for wake in tuple(self.on_touched):
            wake(self)
        if self.has_power and self.node.sleep is not None and self.node.runtime is not None:
            icd_of(self.node).press()

    # --- assembling

    def _build(self) -> None:
        """Make the node of the next life from the store."""
        config, slots = self._config, None if self._firmware is None else self._firmware()
        if slots is not None:
            config = slots.configured(config)
        plug = Plug(self._store, self._fuse)
        plug.on_write = self.seams.written
        node = make_lock(config, plug, self.hardware, model=self.model, clock=self.clock, entropy=self._entropy)
        if slots is not None:
            from latchwork.node.behaviors.ota_requestor import make_updatable  # noqa: PLC0415 - seldom asked for

            make_updatable(node, slots, self.restart)
        self.node = node
        endpoint = node.endpoints[LOCK_ENDPOINT]
        # Nobody has seen the plain behavior yet: it starts with the node.
        watched = WatchedDoorLock(endpoint, lock_of(node).state, self.model, self.hardware, self.seams)
        endpoint.clusters[DoorLock.id] = watched
        watched.on_operation = self._operated
        watched.door.on_sense = self._sense_changed
        node.on_commissioned = self._commissioned
        self.panel = FrontPanel(node, watched, self.hardware, self.model)
        self.panel.on_restart = self.restart
        self.panel.on_reset = self._look_at_window
        for fault in self.faults.values():
            fault.born(self)

    async def _begin(self) -> None:
        assert self._network is not None, "it was started"
        transport, discovery, options = self._network
        line = Line(transport, self._fuse, self.seams.incoming, self.seams.outgoing)
        self._signpost = Signpost(discovery, self._fuse)
        transports: list[Transport] = [line] if self._tcp is None else [line, self._tcp]
        runtime = self.node.make_runtime(transports, **options)
        await self.node.start(runtime, self._signpost)
        self.seams.intercept(runtime)
        self.panel.start()
        self._window = self._window_now()
        self._watch_window()
        for fault in tuple(self.faults.values()):
            fault.started(self)

    async def _end(self) -> None:
        self.panel.stop()
        await self.node.stop()

    # --- power

    def _change(self, *steps: Coroutine[Any, Any, None]) -> None:
        """Take these steps after those that are under way."""
        before = self._changing

        async def walk() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            for step in steps:
                await step

        self._changing = asyncio.get_running_loop().create_task(walk())

    def _hang_up(self) -> list[Coroutine[Any, Any, None]]:
        """No more octets on TCP from this instant; what is left to do later is given."""
        runtime, tcp = self.node.runtime, self._tcp
        if runtime is None or tcp is None or tcp not in runtime.transports:
            return []
        runtime.transports.remove(tcp)
        return [tcp.close()]

    async def _start_again(self) -> None:
        if not self.has_power:
            await self._renew()
            self.on_told({"event": "power", "on": True})

    async def _renew(self) -> None:
        unplug(self.hardware)
        self.let_go()
        signpost, self._fuse = self._signpost, Fuse()
        if signpost is not None:
            await signpost.tidy()
        if self._tcp is not None:
            self._tcp = TcpTransport(self._tcp.interface, self._tcp_port)
            await self._tcp.start()
        self._build()
        self.on_born(self.node)
        await self._begin()

    # --- what it tells

    def _watch_parts(self) -> None:
        self.bolt.timetable = self
        self.bolt.on_changed = lambda at: self.on_told({"event": "bolt", "position": pascal(at.name)})
        self.door.on_changed = lambda at: self.on_told({"event": "door", "position": f"Door{pascal(at.name)}"})
        self.speaker.on_said = lambda prompt, text: self.on_told({"event": "said", "prompt": prompt, "text": text})
        self.battery.on_changed = self._battery_changed

    def _commissioned(self, joined: bool) -> None:
        self.on_commissioned(joined)

    def _operated(self, operation: Operation) -> None:
        self.on_operation(operation)

    def _rule_refused(self, command: Command, request: Any, context: RequestContext, error: StatusError) -> None:
        if command.name in _OPERATIONS:
            has_pin, fabric = request.pin_code is not None, context.subject.fabric_index
            self.on_operation(Operation(command.name, has_pin, fabric, error.code, self.state, str(error)))

    def _event_recorded(self, event: Any, payload: Any) -> None:
        message = told(event, payload)
        if message is not None:
            self.on_told(message)

    def _sense_changed(self, sense: DoorSense) -> None:
        self.on_told({"event": "door_sensor", "calibration": pascal(sense.calibration.name)})

    def _battery_changed(self) -> None:
        self.on_told({"event": "battery", "percent": round(self.battery.percent(), 1)})
        if not self.battery.percent():
            self.cut_power()

    def _watch_window(self) -> None:
        state = self.node.endpoints[0].behavior(AdministratorCommissioningBehavior).state
        tell = state.on_change

        def changed(cluster: Any, attribute: Any) -> None:
            tell(cluster, attribute)
            self._look_at_window()

        state.on_change = changed

    def _window_now(self) -> tuple[bool, float | None]:
        window = self.node.window
        return window.is_open, window.closes_at

    def _look_at_window(self) -> None:
        now = self._window_now()
        if now != self._window and self.has_power:
            self._window = is_open, closes_at = now
            seconds = None if closes_at is None else round(closes_at - self.clock.monotonic())
            self.on_told({"event": "window", "open": is_open} | ({"seconds": seconds} if is_open else {}))


def label(config: NodeConfig) -> SetupPayload:
    """What the label of a node of this configuration says; it is found on the network."""
    return SetupPayload(
        discriminator=Discriminator.of(config.discriminator),
        passcode=config.passcode or 0,
        vendor_id=config.vendor_id,
        product_id=config.product_id,
        discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
    )
