"""A door with a lock, a front panel and people in front of it, in a virtual world: the words of the panel's stories."""

from __future__ import annotations

import asyncio

from tests.support.panel import MASTER, secret
from tests.support.world import _silence

from latchwork.base.errors import LatchworkError
from latchwork.devices.front_panel import FrontPanel
from latchwork.devices.hardware import Hardware
from latchwork.devices.lock_device import lock_of, make_lock
from latchwork.devices.models import GENERIC
from latchwork.doorlock.changes import Author
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source
from latchwork.doorlock.panel_effects import NewMasterCode
from latchwork.doorlock.panel_memory import change_memory
from latchwork.matter.onboarding import qr_code
from latchwork.node.config import NodeConfig
from latchwork.sim.door import VirtualBolt, VirtualDoor
from latchwork.sim.lock import label
from latchwork.store.kv import MemoryStore

BY_THE_APP = Author(Source.PROPRIETARY_REMOTE)


class Part:
    """Something with one listener."""

    def __init__(self):
        self.heard = ()

    def listen(self, *callbacks):
        self.heard = callbacks

    def tell(self, *what, which=0):
        if self.heard:
            self.heard[which](*what)


class Finger(Part):
    """A fingerprint reader: `offer` is the finger that comes when it is to take one; None is one that cannot be read."""

    def __init__(self):
        super().__init__()
        self.templates = set()
        self.offer = b"thumb"
        self.seconds = 5.0

    async def enrol(self):
        await asyncio.sleep(self.seconds)
        if self.offer is None:
            raise LatchworkError("the finger was not read")
        self.templates.add(self.offer)
        return self.offer

    def forget(self, template):
        self.templates.discard(bytes(template))

    def forget_all(self):
        self.templates.clear()

    def touch(self, finger):
        self.tell(finger if finger in self.templates else None)


class Voice:
    """Remembers what was said."""

    def __init__(self):
        self.prompts = []
        self.texts = []

    def say(self, prompt, text):
        self.prompts.append(prompt)
        self.texts.append(text)


class Cells:
    """A battery."""

    def __init__(self):
        self.left = 80.0

    def percent(self):
        return self.left

    def millivolts(self):
        return None

    def listen(self, changed):
        pass


class FrontDoor:
    """One lock of a model with all its parts. The same name again is the same lock after a restart."""

    def __init__(self, world, model=GENERIC, name="door", **config):
        self.world = world
        self.name = name
        self.model = model
        self.config = NodeConfig(**config)
        self.finger, self.voice, self.cells = Finger(), Voice(), Cells()
        self.bolt = VirtualBolt()
        self.door = VirtualDoor(self.bolt)
        self.parts = {part: Part() for part in ("set", "reset", "touch", "privacy", "plate", "keypad", "cards")}
        self.restarts = 0

    async def start(self):
        world, parts = self.world, self.parts
        hardware = Hardware(
            bolt=self.bolt,
            door_sensor=self.door if self.model.has_door_sensor else None,
            set_button=parts["set"],
            reset_button=parts["reset"],
            touch=parts["touch"],
            privacy_button=parts["privacy"],
            front_plate=parts["plate"],
            keypad=parts["keypad"],
            fingerprints=self.finger,
            cards=parts["cards"],
            speaker=self.voice,
            battery=self.cells,
        )
        store = world.stores.setdefault(self.name, MemoryStore())
        entropy, host = world._entropy(self.name), world._host(self.name)
        self.node = make_lock(self.config, store, hardware, model=self.model, clock=world.clock, entropy=entropy)
        self.lock = lock_of(self.node)
        self.panel = FrontPanel(self.node, self.lock, hardware, self.model)
        self.panel.on_restart = self._restart
        runtime = self.node.make_runtime([world.air.attach(host)], use_threads=False)
        await self.node.start(runtime, world.air.discovery(host))
        self.panel.start()
        world.locks[self.name] = self
        return self

    def _restart(self):
        self.restarts += 1

    async def close(self):
        self.panel.stop()
        await self.node.stop()

    async def power_cut(self):
        """Batteries out and in again."""
        self.world.stores[self.name] = self.world.stores[self.name].copy()
        _silence(self.node.runtime)
        await self.close()
        await self.start()

    @property
    def qr(self):
        return qr_code(label(self.config))

    @property
    def register(self):
        return self.lock.lock.register

    @property
    def is_open(self):
        return self.lock.state.lock_state.name in {"UNLOCKED", "UNLATCHED"}

    @property
    def last_prompt(self):
        return self.voice.prompts[-1] if self.voice.prompts else None

    # hands

    async def press(self, button, seconds=0.2):
        self.parts[button].tell(which=0)
        await asyncio.sleep(seconds)
        self.parts[button].tell(which=1)

    async def press_set(self):
        await self.press("set")

    async def keys(self, keys):
        for key in keys.decode() if isinstance(keys, bytes) else keys:
            self.parts["keypad"].tell(key)
            await asyncio.sleep(0.3)

    async def enter(self, code):
        await self.keys(code)
        await self.keys("#")

    async def show_card(self, identifier):
        self.parts["cards"].tell(identifier)
        await asyncio.sleep(0.3)

    async def show_finger(self, finger):
        self.finger.touch(finger)
        await asyncio.sleep(0.3)

    async def lock_up(self):
        await self.press("touch")

    async def take_plate_off(self):
        self.parts["plate"].tell(which=1)

    # what was done before the story

    def make_admin(self):
        """The maker's app has made somebody the administrator, who has a master code."""
        self.panel.vendor_app.is_bound = True
        with self.node.turn():
            self.lock.program(
                lambda register, _author: change_memory(register, BY_THE_APP, NewMasterCode(secret(MASTER)))
            )

    async def enter_setup(self):
        await self.press_set()
        await self.enter(MASTER)
        assert self.panel.state.is_in_setup

    def credential(self, kind, octets):
        return self.register.find(CredentialKind(kind), octets)
