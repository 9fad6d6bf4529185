"""A front panel with somebody in front of it, and a lock behind it that knows a few codes: the words of the panel's tests."""

from __future__ import annotations

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome
from latchwork.doorlock.inputs import TimePassed
from latchwork.doorlock.panel import panel_deadline, panel_start, panel_step
from latchwork.doorlock.panel_effects import FactoryReset, Present, Program, Say, Verify
from latchwork.doorlock.panel_state import PanelFacts, PanelRules
from latchwork.doorlock.panel_types import (
    Answered,
    KeyPressed,
    Programmed,
    Programming,
    ResetPressed,
    ResetReleased,
    SetPressed,
    SetReleased,
    Verified,
    WasReset,
)

MASTER = b"24681357"
CODE = b"135790"
FINGER = b"right thumb"


class Front:
    """One panel, driven by hand. Whatever it asks of the lock is answered at once.

    Attributes:
        effects: everything that it asked for.
        admins, openers: secrets of administrators, and of whoever may open.
        result: what the lock's memory answers.
    """

    def __init__(self, facts: PanelFacts | None = None, **rules: object) -> None:
        self.state = panel_start(PanelRules(**rules))
        self.facts = facts or PanelFacts()
        self.now = 0.0
        self.effects = []
        self.admins = {MASTER}
        self.openers = {CODE}
        self.result = Programmed(Programming.DONE, 7)
        self.was_opened_by = []

    def feed(self, happened):
        self.state, effects = panel_step(self.state, happened, self.facts, self.now)
        for effect in effects:
            self.effects.append(effect)
            match effect:
                case Present(_, secret):
                    self.feed(Answered(self._judged(secret)))
                case Verify(shown):
                    self.feed(Verified(bytes(shown.secret) in self.admins, shown))
                case Program():
                    self.feed(self.result)
                case FactoryReset():
                    self.feed(WasReset())
        return list(effects)

    def _judged(self, secret):
        if bytes(secret) not in self.openers:
            return EntryOutcome.WRONG_CODE
        self.was_opened_by.append(bytes(secret))
        return EntryOutcome.OPENED

    def keys(self, keys, pause=0.5):
        for key in keys.decode() if isinstance(keys, bytes) else keys:
            self.wait(pause)
            self.feed(KeyPressed(key))

    def wait(self, seconds):
        """Time passes, and whatever is due on the way happens when it is due."""
        until = self.now + seconds
        while (deadline := panel_deadline(self.state)) is not None and deadline <= until:
            self.now = deadline
            self.feed(TimePassed())
        self.now = until

    def press_set(self, hold=0.2):
        self.feed(SetPressed())
        self.wait(hold)
        self.feed(SetReleased())

    def press_reset(self, hold):
        self.feed(ResetPressed())
        self.wait(hold)
        self.feed(ResetReleased())

    def asked(self, kind):
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def said(self):
        return [effect.prompt for effect in self.asked(Say)]

    @property
    def last_said(self):
        return self.said[-1] if self.said else None

    def enter_setup(self):
        """As an administrator."""
        self.facts = PanelFacts(is_commissioned=True, has_admin=True, kinds=ALL_KINDS)
        self.press_set()
        self.keys(MASTER + b"#")
        assert self.state.is_in_setup


ALL_KINDS = frozenset({CredentialKind.PIN, CredentialKind.FINGERPRINT, CredentialKind.RFID})


def secret(octets):
    return Secret(octets)
