"""Setup mode: the menu, and everything that can be programmed at the door.

Layer doorlock; the part of `panel` that deals with an administrator. Each function takes the panel's state and gives the next one with
what is to be done. It never opens the door.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from latchwork.base.logs import Secret
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.panel_calibration import FIRST, ask, shown
from latchwork.doorlock.panel_effects import (
    Adjust,
    FactoryReset,
    NewCredential,
    NewMasterCode,
    OpenWindow,
    PanelEffect,
    Program,
    Restart,
    Say,
    StartEnrolment,
    StopEnrolment,
    UserRemoval,
    Volume,
)
from latchwork.doorlock.panel_menu import MenuOption
from latchwork.doorlock.panel_state import (
    ChoosingKind,
    ChoosingLanguage,
    ChoosingOption,
    ChoosingUser,
    ChoosingVolume,
    ConfirmingRemoval,
    ConfirmingReset,
    GivingCard,
    GivingCode,
    GivingFinger,
    LocalProgramming,
    PanelFacts,
    PanelState,
    SetupTask,
    ShowingDoor,
    Verifying,
    Waiting,
)
from latchwork.doorlock.panel_types import Programmed, Programming
from latchwork.doorlock.prompts import Prompt

Step = tuple[PanelState, tuple[PanelEffect, ...]]

BACK: Final = "*"
CONFIRM: Final = "#"
MAX_DIGITS: Final = 16
"""Keys that are remembered; more than the longest code, so that a longer one is never right."""

_NEEDS: Final = MappingProxyType(
    {
        MenuOption.ADD_USER: LocalProgramming.ADD | LocalProgramming.MODIFY,
        MenuOption.DELETE_USER: LocalProgramming.CLEAR,
        MenuOption.CHANGE_MASTER_CODE: LocalProgramming.MODIFY,
        MenuOption.VOLUME: LocalProgramming.ADJUST_SETTINGS,
        MenuOption.LANGUAGE: LocalProgramming.ADJUST_SETTINGS,
    }
)
"""What must be allowed of local programming, one of it at least; the other options change neither people nor settings."""

_OPTIONS: Final = MappingProxyType({option: Prompt(f"menu.{option.value}") for option in MenuOption})
_KINDS: Final = (
    (CredentialKind.PIN, Prompt.KIND_CODE),
    (CredentialKind.FINGERPRINT, Prompt.KIND_FINGER),
    (CredentialKind.RFID, Prompt.KIND_CARD),
)
_VOLUMES: Final = (Volume.SILENT, Volume.LOW, Volume.MEDIUM, Volume.HIGH)
_PROBLEMS: Final = MappingProxyType(
    {
        Programming.IN_USE: Prompt.MEMORY_IN_USE,
        Programming.FULL: Prompt.MEMORY_FULL,
        Programming.NOT_FOUND: Prompt.USER_UNKNOWN,
        Programming.LAST_ADMIN: Prompt.USER_LAST_ADMIN,
        Programming.FAILED: Prompt.MEMORY_FAILED,
    }
)


def enter(state: PanelState, now: float, *first: PanelEffect) -> Step:
    """Setup mode, from its menu on; `first` is done before the menu is read out."""
    return _at(state, ChoosingOption(), now, *first, _menu(state))


def leave(state: PanelState, *first: PanelEffect) -> Step:
    """The ordinary keypad again; a finger that is being taken is not wanted any more."""
    stop = (StopEnrolment(),) if isinstance(state.task, GivingFinger) else ()
    calm = replace(state, task=None, task_until=None, digits="", digits_until=None)
    return calm, (*stop, *first)


def forget_everything(state: PanelState) -> Step:
    """A factory reset; only the battery is what it was."""
    _calm, stop = leave(state)
    fresh = PanelState(state.rules, is_battery_low=state.is_battery_low)
    return fresh, (*stop, FactoryReset())


def setup_key(state: PanelState, key: str, facts: PanelFacts, now: float) -> Step:
    """A key in setup mode."""
    if key == BACK:
        return _back(state, now)
    match state.task:
        case ChoosingOption():
            return _option(state, key, facts, now)
        case ChoosingKind(user):
            return _kind(state, key, user, facts, now)
        case ChoosingVolume():
            return _volume(state, key, now)
        case ChoosingLanguage():
            return _language(state, key, now)
        case ConfirmingRemoval(user):
            # A digit is neither yes nor no. Somebody is typing something else, and what cannot be undone is not done by its end.
            return _ask_memory(state, UserRemoval(user), now) if key == CONFIRM else _back(state, now)
        case ConfirmingReset():
            return forget_everything(state) if key == CONFIRM else _back(state, now)
        case ShowingDoor() as showing:
            return _door_shown(state, showing, facts, now) if key == CONFIRM else (state, ())
        case ChoosingUser() | GivingCode():
            if key != CONFIRM:
                return collect(state, key, now), ()
            return _confirmed(replace(state, digits="", digits_until=None), state.digits, facts, now)
        case _:
            return state, ()


def collect(state: PanelState, key: str, now: float) -> PanelState:
    """One digit more; a pause from here on forgets them all."""
    rules = state.rules
    until = None if state.task_until is None else now + rules.setup_s
    return replace(
        state,
        digits=(state.digits + key)[:MAX_DIGITS],
        digits_until=now + rules.between_keys_s,
        task_until=state.task_until if isinstance(state.task, Verifying) else until,
    )


def card_given(state: PanelState, identifier: Secret, now: float) -> Step:
    """A card in setup mode: the one that was waited for, or none of anybody's business."""
    if not isinstance(state.task, GivingCard):
        return state, ()
    return _ask_memory(state, NewCredential(CredentialKind.RFID, identifier, state.task.user_index), now)


def finger_taken(state: PanelState, template: Secret, now: float) -> Step:
    """The sensor has a new finger."""
    if not isinstance(state.task, GivingFinger):
        return state, ()
    return _ask_memory(state, NewCredential(CredentialKind.FINGERPRINT, template, state.task.user_index), now)


def finger_failed(state: PanelState, now: float) -> Step:
    """The sensor has not read the new finger."""
    if not isinstance(state.task, GivingFinger):
        return state, ()
    return _at(state, ChoosingOption(), now, Say(Prompt.FINGER_FAILED))


def programmed(state: PanelState, happened: Programmed, now: float) -> Step:
    """The lock's memory has answered; whatever it says, the menu is open again."""
    if not isinstance(state.task, Waiting):
        return state, ()
    user = {"user": str(happened.user_index)}
    if happened.result is not Programming.DONE:
        said = Say(_PROBLEMS[happened.result], user)
    elif isinstance(state.task.change, NewMasterCode):
        said = Say(Prompt.CODE_MASTER_CHANGED)
    elif isinstance(state.task.change, UserRemoval):
        said = Say(Prompt.USER_REMOVED, user)
    else:
        said = Say(Prompt.USER_ENROLLED, user)
    return _at(state, ChoosingOption(), now, said)


def _menu(state: PanelState) -> Say:
    return Say(Prompt.SETUP_MENU, options=tuple((_OPTIONS[option], None) for option in state.rules.menu))


def _at(state: PanelState, task: SetupTask, now: float, *effects: PanelEffect) -> Step:
    until = now + state.rules.setup_s
    return replace(state, task=task, task_until=until, digits="", digits_until=None), effects


def _back(state: PanelState, now: float) -> Step:
    if isinstance(state.task, ChoosingOption):
        return leave(state, Say(Prompt.SETUP_ENDED))
    if state.digits:
        return replace(state, digits="", digits_until=None, task_until=now + state.rules.setup_s), ()
    if isinstance(state.task, ShowingDoor):
        return enter(state, now, Say(Prompt.DOOR_AS_BEFORE))
    stop = (StopEnrolment(),) if isinstance(state.task, GivingFinger) else ()
    return enter(state, now, *stop)


def _chosen(key: str, count: int) -> int | None:
    """Which of `count` options a key means, from 0."""
    number = int(key) - 1 if key.isdecimal() else -1
    return number if 0 <= number < count else None


def _option(state: PanelState, key: str, facts: PanelFacts, now: float) -> Step:
    if key == CONFIRM:
        return enter(state, now)
    number = _chosen(key, len(state.rules.menu))
    if number is None:
        return _at(state, ChoosingOption(), now, Say(Prompt.SETUP_NO_SUCH_OPTION))
    option = state.rules.menu[number]
    needs = _NEEDS.get(option)
    if needs is not None and not (facts.can_program and needs & facts.programming):
        return _at(state, ChoosingOption(), now, Say(Prompt.SETUP_NOT_ALLOWED))
    return _begin(state, option, facts, now)


def _begin(state: PanelState, option: MenuOption, facts: PanelFacts, now: float) -> Step:
    rules = state.rules
    match option:
        case MenuOption.ADD_USER:
            return _at(state, ChoosingUser(is_to_go=False), now, Say(Prompt.USER_NUMBER_OR_NEW))
        case MenuOption.DELETE_USER:
            return _at(state, ChoosingUser(is_to_go=True), now, Say(Prompt.USER_NUMBER_TO_DELETE))
        case MenuOption.CHANGE_MASTER_CODE:
            return _at(state, GivingCode(is_master=True), now, _lengths(Prompt.CODE_MASTER_NEW, state))
        case MenuOption.PAIRING:
            opened = replace(state, pairing_until=now + rules.pairing_s)
            said = Say(Prompt.PAIRING_OPEN, {"minutes": f"{rules.pairing_s / 60:g}"})
            return _at(opened, ChoosingOption(), now, OpenWindow(rules.pairing_s), said)
        case MenuOption.VOLUME:
            return _at(state, ChoosingVolume(), now, Say(Prompt.VOLUME_CHOOSE))
        case MenuOption.LANGUAGE:
            spoken = tuple((Prompt.LANGUAGE_OPTION, language) for language in rules.languages)
            return _at(state, ChoosingLanguage(), now, Say(Prompt.LANGUAGE_CHOOSE, options=spoken))
        case MenuOption.RESTART:
            return leave(state, Say(Prompt.RESTARTING), Restart())
        case MenuOption.FACTORY_RESET:
            return _at(state, ConfirmingReset(), now, Say(Prompt.RESET_CONFIRM))
        case MenuOption.CALIBRATE_DOOR:
            return _begin_calibration(state, facts, now)


def _begin_calibration(state: PanelState, facts: PanelFacts, now: float) -> Step:
    if facts.measures_door:
        return _at(state, FIRST, now, ask(FIRST))
    why = Prompt.DOOR_NEEDS_NONE if facts.has_door_sensor else Prompt.SETUP_NOT_POSSIBLE
    return _at(state, ChoosingOption(), now, Say(why))


def _door_shown(state: PanelState, showing: ShowingDoor, facts: PanelFacts, now: float) -> Step:
    task, effects = shown(showing, facts)
    return _at(state, ChoosingOption() if task is None else task, now, *effects)


def _confirmed(state: PanelState, digits: str, facts: PanelFacts, now: float) -> Step:
    """Digits that were confirmed: a user's number, or a code."""
    match state.task:
        case GivingCode() as giving:
            return _code(state, giving, digits, now)
        case ChoosingUser(is_to_go=True) if digits:
            user = int(digits)
            return _at(state, ConfirmingRemoval(user), now, Say(Prompt.USER_CONFIRM_REMOVAL, {"user": str(user)}))
        case ChoosingUser(is_to_go=False):
            needed = LocalProgramming.MODIFY if digits else LocalProgramming.ADD
            if not needed & facts.programming:
                return _at(state, ChoosingOption(), now, Say(Prompt.SETUP_NOT_ALLOWED))
            return _ask_kind(state, int(digits) if digits else None, facts, now)
        case _:
            return state, ()


def _ask_kind(state: PanelState, user: int | None, facts: PanelFacts, now: float) -> Step:
    spoken = tuple((prompt, None) for kind, prompt in _KINDS if kind in facts.kinds)
    if not spoken:
        return _at(state, ChoosingOption(), now, Say(Prompt.SETUP_NOT_POSSIBLE))
    return _at(state, ChoosingKind(user), now, Say(Prompt.KIND_CHOOSE, options=spoken))


def _kind(state: PanelState, key: str, user: int | None, facts: PanelFacts, now: float) -> Step:
    kinds = [kind for kind, _prompt in _KINDS if kind in facts.kinds]
    number = _chosen(key, len(kinds))
    if number is None:
        return _at(state, ChoosingKind(user), now, Say(Prompt.SETUP_NO_SUCH_OPTION))
    if kinds[number] is CredentialKind.PIN:
        return _at(state, GivingCode(user), now, _lengths(Prompt.CODE_NEW, state))
    if kinds[number] is CredentialKind.RFID:
        return _at(state, GivingCard(user), now, Say(Prompt.CARD_HOLD))
    return _at(state, GivingFinger(user), now, Say(Prompt.FINGER_PLACE), StartEnrolment())


def _code(state: PanelState, giving: GivingCode, digits: str, now: float) -> Step:
    least, most = state.rules.pin_lengths
    code = Secret(digits.encode())
    if giving.first is None and not least <= len(digits) <= most:
        return _at(state, giving, now, _lengths(Prompt.CODE_LENGTH, state))
    if giving.first is None:
        return _at(state, replace(giving, first=code), now, Say(Prompt.CODE_AGAIN))
    if giving.first != code:
        return _at(state, replace(giving, first=None), now, Say(Prompt.CODE_DIFFERENT))
    if giving.is_master:
        return _ask_memory(state, NewMasterCode(code), now)
    return _ask_memory(state, NewCredential(CredentialKind.PIN, code, giving.user_index), now)


def _ask_memory(state: PanelState, change: NewCredential | NewMasterCode | UserRemoval, now: float) -> Step:
    return _at(state, Waiting(change), now, Program(change))


def _lengths(prompt: Prompt, state: PanelState) -> Say:
    least, most = state.rules.pin_lengths
    return Say(prompt, {"least": str(least), "most": str(most)})


def _volume(state: PanelState, key: str, now: float) -> Step:
    number = _chosen(key, len(_VOLUMES))
    if number is None:
        return _at(state, ChoosingVolume(), now, Say(Prompt.SETUP_NO_SUCH_OPTION))
    return _at(state, ChoosingOption(), now, Adjust(volume=_VOLUMES[number]), Say(Prompt.VOLUME_SET))


def _language(state: PanelState, key: str, now: float) -> Step:
    number = _chosen(key, len(state.rules.languages))
    if number is None:
        return _at(state, ChoosingLanguage(), now, Say(Prompt.SETUP_NO_SUCH_OPTION))
    chosen = Adjust(language=state.rules.languages[number])
    return _at(state, ChoosingOption(), now, chosen, Say(Prompt.LANGUAGE_SET))
