"""What a lock says: the prompts by name, and their texts by language.

Layer doorlock: plain text. A model may bring texts of its own, a speaker recordings of its own; the names stay. A translation is another
entry in `CATALOGUE`; what it lacks is said in English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

FALLBACK: Final = "en"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Prompt(Enum):
    """The prompts. A value is what speakers with recordings, and models with texts of their own, know it by."""

    SET_FACTORY = "set.factory"
    SET_VERIFY = "set.verify"
    SET_SETUP = "set.setup"
    SET_PHONE_CONNECTED = "set.phone_connected"
    PAIRING_OPEN = "pairing.open"

    OPENED = "entry.opened"
    OPENED_BATTERY_LOW = "entry.opened_battery_low"
    LOCKED = "entry.locked"
    WRONG = "entry.wrong"
    TOO_MANY_WRONG = "entry.too_many_wrong"
    SHOW_ANOTHER = "entry.show_another"
    NOT_NOW = "entry.not_now"
    NOT_AT_THIS_TIME = "entry.not_at_this_time"
    NOT_ANY_MORE = "entry.not_any_more"

    NOT_ADMIN = "verify.not_admin"
    VERIFY_FOR_RESET = "verify.reset"

    MENU_ADD_USER = "menu.add_user"
    MENU_DELETE_USER = "menu.delete_user"
    MENU_CHANGE_MASTER_CODE = "menu.change_master_code"
    MENU_PAIRING = "menu.pairing"
    MENU_VOLUME = "menu.volume"
    MENU_LANGUAGE = "menu.language"
    MENU_RESTART = "menu.restart"
    MENU_FACTORY_RESET = "menu.factory_reset"
    MENU_CALIBRATE_DOOR = "menu.calibrate_door"
    SETUP_MENU = "setup.menu"
    SETUP_NO_SUCH_OPTION = "setup.no_such_option"
    SETUP_NOT_ALLOWED = "setup.not_allowed"
    SETUP_NOT_POSSIBLE = "setup.not_possible"
    SETUP_ENDED = "setup.ended"

    USER_NUMBER_OR_NEW = "user.number_or_new"
    USER_NUMBER_TO_DELETE = "user.number_to_delete"
    USER_CONFIRM_REMOVAL = "user.confirm_removal"
    USER_ENROLLED = "user.enrolled"
    USER_REMOVED = "user.removed"
    USER_UNKNOWN = "user.unknown"
    USER_LAST_ADMIN = "user.last_admin"
    KIND_CHOOSE = "kind.choose"
    KIND_CODE = "kind.code"
    KIND_FINGER = "kind.finger"
    KIND_CARD = "kind.card"

    CODE_NEW = "code.new"
    CODE_MASTER_NEW = "code.master_new"
    CODE_AGAIN = "code.again"
    CODE_DIFFERENT = "code.different"
    CODE_LENGTH = "code.length"
    CODE_MASTER_CHANGED = "code.master_changed"
    FINGER_PLACE = "finger.place"
    FINGER_FAILED = "finger.failed"
    CARD_HOLD = "card.hold"
    MEMORY_IN_USE = "memory.in_use"
    MEMORY_FULL = "memory.full"
    MEMORY_FAILED = "memory.failed"

    VOLUME_CHOOSE = "volume.choose"
    VOLUME_SET = "volume.set"
    LANGUAGE_CHOOSE = "language.choose"
    LANGUAGE_OPTION = "language.option"
    LANGUAGE_SET = "language.set"

    DOOR_CLOSE = "door.close"
    DOOR_OPEN = "door.open"
    DOOR_AJAR = "door.ajar"
    DOOR_CALIBRATED = "door.calibrated"
    DOOR_CONTRADICTION = "door.contradiction"
    DOOR_NO_READING = "door.no_reading"
    DOOR_AS_BEFORE = "door.as_before"
    DOOR_NEEDS_NONE = "door.needs_none"

    RESET_CONFIRM = "reset.confirm"
    RESET_DONE = "reset.done"
    RESTARTING = "reset.restarting"
    PLATE_TAKEN = "alarm.plate_taken"
    BATTERY_LOW = "battery.low"


_ENGLISH: Final[Mapping[Prompt, str]] = MappingProxyType(
    {
        Prompt.SET_FACTORY: "Scan the setup code to add this lock.",
        Prompt.SET_VERIFY: "Ready to pair. To set up the lock, verify the administrator fingerprint or password.",
        Prompt.SET_SETUP: "Ready to pair. Setup mode.",
        Prompt.SET_PHONE_CONNECTED: "Ready to pair. Your phone is connected: change settings in the app.",
        Prompt.PAIRING_OPEN: "Ready to pair for {minutes} minutes. Scan the setup code, or enter it in your app.",
        Prompt.OPENED: "Unlocked.",
        Prompt.OPENED_BATTERY_LOW: "Unlocked. The battery is low.",
        Prompt.LOCKED: "Locked.",
        Prompt.WRONG: "That does not open this lock.",
        Prompt.TOO_MANY_WRONG: "Too many attempts. Try again later.",
        Prompt.SHOW_ANOTHER: "Show another of your keys.",
        Prompt.NOT_NOW: "This door does not open from outside now.",
        Prompt.NOT_AT_THIS_TIME: "You may not open at this time.",
        Prompt.NOT_ANY_MORE: "You may not open any more.",
        Prompt.NOT_ADMIN: "That is not an administrator.",
        Prompt.VERIFY_FOR_RESET: "To reset the lock, verify the administrator fingerprint or password.",
        Prompt.MENU_ADD_USER: "Add a user",
        Prompt.MENU_DELETE_USER: "Delete a user",
        Prompt.MENU_CHANGE_MASTER_CODE: "Change the master code",
        Prompt.MENU_PAIRING: "Add the lock to a smart home",
        Prompt.MENU_VOLUME: "Volume",
        Prompt.MENU_LANGUAGE: "Language",
        Prompt.MENU_RESTART: "Restart",
        Prompt.MENU_FACTORY_RESET: "Factory reset",
        Prompt.MENU_CALIBRATE_DOOR: "Calibrate the door sensor",
        Prompt.SETUP_MENU: "{options} Star to leave.",
        Prompt.SETUP_NO_SUCH_OPTION: "There is no such option.",
        Prompt.SETUP_NOT_ALLOWED: "The owner has switched this off at the lock. Use the app.",
        Prompt.SETUP_NOT_POSSIBLE: "This lock cannot do that.",
        Prompt.SETUP_ENDED: "Setup ended.",
        Prompt.USER_NUMBER_OR_NEW: "Enter a user's number, then hash. For somebody new, hash.",
        Prompt.USER_NUMBER_TO_DELETE: "Enter the number of the user to delete, then hash.",
        Prompt.USER_CONFIRM_REMOVAL: "Delete user {user}? Hash for yes, star for no.",
        Prompt.USER_ENROLLED: "Added for user {user}.",
        Prompt.USER_REMOVED: "User {user} deleted.",
        Prompt.USER_UNKNOWN: "There is no such user.",
        Prompt.USER_LAST_ADMIN: "User {user} is the only administrator and stays.",
        Prompt.KIND_CHOOSE: "{options}",
        Prompt.KIND_CODE: "Code",
        Prompt.KIND_FINGER: "Fingerprint",
        Prompt.KIND_CARD: "Card",
        Prompt.CODE_NEW: "Enter the new code, {least} to {most} digits, then hash.",
        Prompt.CODE_MASTER_NEW: "Enter the new master code, {least} to {most} digits, then hash.",
        Prompt.CODE_AGAIN: "Once more, then hash.",
        Prompt.CODE_DIFFERENT: "The two were not the same. Enter the new code again, then hash.",
        Prompt.CODE_LENGTH: "A code has {least} to {most} digits. Enter another, then hash.",
        Prompt.CODE_MASTER_CHANGED: "The master code is changed.",
        Prompt.FINGER_PLACE: "Place your finger on the sensor and lift it, several times.",
        Prompt.FINGER_FAILED: "The finger was not read well.",
        Prompt.CARD_HOLD: "Hold the card against the lock.",
        Prompt.MEMORY_IN_USE: "That is in use already. Choose another.",
        Prompt.MEMORY_FULL: "The lock's memory is full.",
        Prompt.MEMORY_FAILED: "That did not work.",
        Prompt.VOLUME_CHOOSE: "1: Silent. 2: Low. 3: Medium. 4: High.",
        Prompt.VOLUME_SET: "This is the new volume.",
        Prompt.LANGUAGE_CHOOSE: "{options}",
        Prompt.LANGUAGE_OPTION: "English",
        Prompt.LANGUAGE_SET: "This lock speaks English.",
        Prompt.DOOR_CLOSE: "Close the door, then hash.",
        Prompt.DOOR_OPEN: "Open the door wide, then hash.",
        Prompt.DOOR_AJAR: "Leave the door slightly ajar, then hash.",
        Prompt.DOOR_CALIBRATED: "The door sensor is calibrated.",
        Prompt.DOOR_CONTRADICTION: "The sensor saw no difference, or not in this order. Once more.",
        Prompt.DOOR_NO_READING: "The door sensor says nothing. Look at its magnet.",
        Prompt.DOOR_AS_BEFORE: "The door sensor is as it was before.",
        Prompt.DOOR_NEEDS_NONE: "The door sensor of this lock needs no calibration.",
        Prompt.RESET_CONFIRM: "Everybody and everything will be forgotten. Hash for yes, star for no.",
        Prompt.RESET_DONE: "The lock is as it left the factory.",
        Prompt.RESTARTING: "Restarting. Nothing is lost.",
        Prompt.PLATE_TAKEN: "The front plate was taken off.",
        Prompt.BATTERY_LOW: "The battery is low: {percent} per cent.",
    }
)

_GERMAN: Final[Mapping[Prompt, str]] = MappingProxyType(
    {
        Prompt.SET_FACTORY: "Scannen Sie den Kopplungscode, um dieses Schloss hinzuzufügen.",
        Prompt.SET_VERIFY: "Bereit zum Koppeln. Zum Einrichten bestätigen Sie sich als Verwalter, mit Finger oder Code.",
        Prompt.SET_SETUP: "Bereit zum Koppeln. Einrichtung.",
        Prompt.OPENED: "Aufgeschlossen.",
        Prompt.LOCKED: "Abgeschlossen.",
        Prompt.WRONG: "Das öffnet dieses Schloss nicht.",
        Prompt.TOO_MANY_WRONG: "Zu viele Versuche. Versuchen Sie es später.",
        Prompt.LANGUAGE_OPTION: "Deutsch",
        Prompt.LANGUAGE_SET: "Dieses Schloss spricht Deutsch.",
        Prompt.RESET_DONE: "Das Schloss ist wie ab Werk.",
    }
)

CATALOGUE: Final[Mapping[str, Mapping[Prompt, str]]] = MappingProxyType({"en": _ENGLISH, "de": _GERMAN})
"""Texts by ISO 639-1 code of the language. English has all of them."""


def text(
    prompt: Prompt,
    language: str = FALLBACK,
    own: Mapping[str, str] = _NOTHING,
    options: Sequence[tuple[Prompt, str | None]] = (),
    **values: str,
) -> str:
    """What is said for `prompt`.

    Args:
        prompt: which.
        language: ISO 639-1 code; what is missing there is said in English.
        own: a model's own English texts, by the prompt's value.
        options: what can be chosen by a key, from 1 on, each in a language of its own or in this one: the value `options`.
        values: what goes into the text; one that the text has no place for is left out.
    """
    spoken = (text(each, its_own or language, own) for each, its_own in options)
    values["options"] = " ".join(f"{number}: {what}." for number, what in enumerate(spoken, 1))
    found = CATALOGUE.get(language, _ENGLISH).get(prompt)
    if found is None or (language == FALLBACK and prompt.value in own):
        found = own.get(prompt.value, _ENGLISH[prompt])
    return found.format(**values)
