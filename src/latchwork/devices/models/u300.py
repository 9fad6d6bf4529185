"""Aqara Smart Lock U300: a lever lock with Matter over Thread, fitted without tools.

Layer devices: data. What is marked "assumed" is not in the maker's public words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel, Power, PowerKind, Reset, ResetPlace, SoftReset
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.panel_menu import STANDARD_MENU
from latchwork.matter.model.clusters.door_lock import LockTypeEnum

U300: Final = LockModel(
    key="u300",
    maker="Aqara",
    name="Smart Lock U300",
    lock_type=LockTypeEnum.DOOR_FURNITURE,
    has_door_sensor=False,  # assumed
    limits=Limits(
        users=50,  # assumed, as are all counts below
        credentials_per_user=10,
        kinds=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: 1,
                CredentialKind.PIN: 50,
                CredentialKind.RFID: 50,
                CredentialKind.FINGERPRINT: 50,
            }
        ),
        lengths=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: (4, 8),  # assumed: the same as a code
                CredentialKind.PIN: (4, 8),  # assumed: as its sister, the U400
                CredentialKind.RFID: (4, 10),  # assumed
                CredentialKind.FINGERPRINT: (1, 32),  # assumed
            }
        ),
        week_days_per_user=7,  # assumed
        year_days_per_user=5,  # assumed
    ),
    unlocks_with=("fingerprint", "code", "card", "phone", "app", "key"),
    power=Power(kind=PowerKind.RECHARGEABLE, cell="its own battery pack", count=1),
    # "Over ten seconds", then let go after the sound: eleven leave no doubt.
    reset=Reset(hold_s=11.0, places=(ResetPlace.RESET_BUTTON,), soft=(SoftReset.SHORT_PRESS, SoftReset.BATTERIES)),
    radios=("thread", "ble", "nfc"),
    has_vendor_app=True,
    pin_lengths_at_lock=(6, 10),
    menu=STANDARD_MENU,
)
