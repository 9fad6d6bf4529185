"""The front panel of a lock: Set and Reset button, keypad, finger, card and voice.

Layer doorlock: one function, `panel_step(state, happened, facts, now)`, from state to state with what is to be done. Its rules:

- Set opens the pairing window for ten minutes, in every situation and at once; again, and the ten minutes begin again. Whatever is said
  then, the window is open. `panel_scenarios` says what else follows.
- A code, finger or card is shown to the lock and never judged here: nothing on this panel opens a door.
- Setup mode comes after an administrator's fingerprint or code where there is an administrator. Who turns out to be somebody else is
  shown to the lock as anybody is: a wrong administrator's code counts as a wrong code.
- Reset counts after it was held long enough, and not before.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import EntryOutcome, Source
from latchwork.doorlock.inputs import TimePassed
from latchwork.doorlock.panel_effects import LockUp, OpenWindow, Present, Restart, Say, TellOfPlate, Verify, Withdraw
from latchwork.doorlock.panel_scenarios import SCENARIOS, Setup, scenario
from latchwork.doorlock.panel_setup import (
    BACK,
    CONFIRM,
    Step,
    card_given,
    collect,
    enter,
    finger_failed,
    finger_taken,
    forget_everything,
    leave,
    programmed,
    setup_key,
)
from latchwork.doorlock.panel_state import (
    GivingCard,
    GivingFinger,
    PanelFacts,
    PanelRules,
    PanelState,
    Purpose,
    Verifying,
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
    ResetPressed,
    ResetReleased,
    SetPressed,
    SetReleased,
    Verified,
    WasReset,
)
from latchwork.doorlock.prompts import Prompt

_ANSWERS: Final = MappingProxyType(
    {
        EntryOutcome.OPENED: Prompt.OPENED,
        EntryOutcome.LOCKED: Prompt.LOCKED,
        EntryOutcome.REFUSED: Prompt.NOT_NOW,
        EntryOutcome.WRONG_CODE: Prompt.WRONG,
        EntryOutcome.LOCKED_OUT: Prompt.TOO_MANY_WRONG,
        EntryOutcome.SHOW_ANOTHER: Prompt.SHOW_ANOTHER,
        EntryOutcome.SCHEDULE: Prompt.NOT_AT_THIS_TIME,
        EntryOutcome.DISABLED: Prompt.NOT_ANY_MORE,
    }
)
"""What is said to somebody who showed a credential. A forced user's outcome is OPENED: nothing tells it from anybody's."""


def panel_start(rules: PanelRules) -> PanelState:
    """A panel that nobody has touched yet."""
    return PanelState(rules)


def panel_step(state: PanelState, happened: PanelInput, facts: PanelFacts, now: float) -> Step:
    """What follows when `happened` happens.

    Args:
        state: what the panel remembers.
        happened: the input.
        facts: how the rest of the lock is, now.
        now: seconds of a monotonic clock.
    """
    state, overdue = _catch_up(state, facts, now)
    state, effects = _take(state, happened, facts, now)
    return state, (*overdue, *effects)


def panel_deadline(state: PanelState) -> float | None:
    """When `TimePassed` is due: seconds of the same clock, or None."""
    times = [state.task_until, state.digits_until]
    if state.reset_since is not None:
        times.append(state.reset_since + state.rules.reset_hold_s)
    if state.set_since is not None and _is_reset_by_set(state):
        times.append(state.set_since + state.rules.reset_hold_s)
    return min((time for time in times if time is not None), default=None)


def _take(state: PanelState, happened: PanelInput, facts: PanelFacts, now: float) -> Step:
    match happened:
        case KeyPressed(key):
            return _key(state, key, facts, now)
        case SetPressed():
            return _set(replace(state, set_since=now), facts, now)
        case SetReleased():
            return replace(state, set_since=None), ()
        case ResetPressed():
            return replace(state, reset_since=now if state.rules.reset_button_resets else None), ()
        case ResetReleased():
            return _reset_released(state, now)
        case FingerSeen(template):
            return _finger(state, template)
        case CardSeen(identifier):
            if isinstance(state.task, GivingCard):
                return card_given(state, identifier, now)
            return _shown(state, Present(CredentialKind.RFID, identifier, Source.RFID))
        case Answered(outcome):
            return state, (Say(_answer(state, outcome)),)
        case Verified(is_admin, shown):
            return _verified(state, shown, now, is_admin=is_admin)
        case Enrolled(template):
            return finger_taken(state, template, now)
        case EnrolmentFailed():
            return finger_failed(state, now)
        case Programmed():
            return programmed(state, happened, now)
        case BatteryAt(percent):
            return _battery(state, percent)
        case PadTouched():
            return state, (LockUp(),)
        case PrivacyPushed():
            return state, (Withdraw(),)
        case PlateTaken():
            return state, (TellOfPlate(), Say(Prompt.PLATE_TAKEN))
        case WasReset():
            return state, (Say(Prompt.RESET_DONE),)
        case TimePassed():
            return state, ()


def _catch_up(state: PanelState, facts: PanelFacts, now: float) -> Step:
    """What was due until now: buttons held long enough, people who took too long."""
    rules = state.rules
    if state.reset_since is not None and now >= state.reset_since + rules.reset_hold_s:
        return _held(replace(state, reset_since=None), facts, now)
    if state.set_since is not None and _is_reset_by_set(state) and now >= state.set_since + rules.reset_hold_s:
        return forget_everything(replace(state, set_since=None))
    if state.task_until is not None and now >= state.task_until:
        return leave(state, Say(Prompt.SETUP_ENDED)) if state.is_in_setup else leave(state)
    if state.digits_until is not None and now >= state.digits_until:
        return replace(state, digits="", digits_until=None), ()
    return state, ()


# buttons


def _set(state: PanelState, facts: PanelFacts, now: float) -> Step:
    rules = state.rules
    state = replace(state, pairing_until=now + rules.pairing_s)
    opening = OpenWindow(rules.pairing_s)
    if state.is_in_setup:
        return state, (opening, Say(Prompt.PAIRING_OPEN, {"minutes": f"{rules.pairing_s / 60:g}"}))
    answer = SCENARIOS[scenario(facts)]
    said = Say(answer.prompt)
    if answer.setup is Setup.AT_ONCE:
        return enter(state, now, opening, said)
    if answer.setup is Setup.VERIFY:
        return _ask_for_admin(state, Purpose.SETUP, now, opening, said)
    return leave(state, opening, said)


def _ask_for_admin(state: PanelState, purpose: Purpose, now: float, *effects: OpenWindow | Say) -> Step:
    calm, stop = leave(state)
    return replace(calm, task=Verifying(purpose), task_until=now + state.rules.verify_s), (*stop, *effects)


def _is_reset_by_set(state: PanelState) -> bool:
    return state.rules.set_hold_resets and state.is_in_setup


def _reset_released(state: PanelState, now: float) -> Step:
    since, state = state.reset_since, replace(state, reset_since=None)
    if since is not None and state.rules.short_press_restarts and now - since <= state.rules.short_press_s:
        return state, (Say(Prompt.RESTARTING), Restart())
    return state, ()


def _held(state: PanelState, facts: PanelFacts, now: float) -> Step:
    if state.rules.reset_needs_admin and facts.has_admin:
        return _ask_for_admin(state, Purpose.RESET, now, Say(Prompt.VERIFY_FOR_RESET))
    return forget_everything(state)


# people


def _key(state: PanelState, key: str, facts: PanelFacts, now: float) -> Step:
    if state.is_in_setup:
        return setup_key(state, key, facts, now)
    if key == BACK:
        if not state.digits and state.task is not None:
            return leave(state)
        return replace(state, digits="", digits_until=None), ()
    if key != CONFIRM:
        return collect(state, key, now), ()
    if not state.digits:
        return state, ()
    shown = Present(CredentialKind.PIN, Secret(state.digits.encode()), Source.KEYPAD)
    return _shown(replace(state, digits="", digits_until=None), shown)


def _finger(state: PanelState, template: Secret | None) -> Step:
    if isinstance(state.task, GivingFinger):
        return state, ()  # it is the one being taken
    return _shown(state, Present(CredentialKind.FINGERPRINT, template or Secret(), Source.BIOMETRIC))


def _shown(state: PanelState, shown: Present) -> Step:
    return state, (Verify(shown),) if isinstance(state.task, Verifying) else (shown,)


def _verified(state: PanelState, shown: Present, now: float, *, is_admin: bool) -> Step:
    if not is_admin or not isinstance(state.task, Verifying):
        return state, (shown,)
    if state.task.purpose is Purpose.RESET:
        return forget_everything(state)
    # A key that is held down already was not held by an administrator.
    return enter(replace(state, set_since=None), now)


def _answer(state: PanelState, outcome: EntryOutcome) -> Prompt:
    prompt = _ANSWERS[outcome]
    if prompt is Prompt.WRONG and isinstance(state.task, Verifying):
        return Prompt.NOT_ADMIN
    if prompt is Prompt.OPENED and state.is_battery_low:
        return Prompt.OPENED_BATTERY_LOW
    return prompt


def _battery(state: PanelState, percent: float) -> Step:
    is_low = percent <= state.rules.low_battery_percent
    said = (Say(Prompt.BATTERY_LOW, {"percent": f"{percent:.0f}"}),) if is_low and not state.is_battery_low else ()
    return replace(state, is_battery_low=is_low), said
