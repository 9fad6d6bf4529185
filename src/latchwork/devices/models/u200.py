"""Aqara Smart Lock U200: turns the key or knob of the lock that is there already; Matter over Thread.

Layer devices: data. What is marked "assumed" is not in the maker's public words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel, Power, PowerKind, Reset, ResetPlace, SoftReset
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.matter.model.clusters.door_lock import LockTypeEnum

U200: Final = LockModel(
    key="u200",
    maker="Aqara",
    name="Smart Lock U200",
    lock_type=LockTypeEnum.EUROCYLINDER,
    has_latch=True,  # assumed: it turns the cylinder further until the latch is in
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
    unlocks_with=("fingerprint", "code", "card", "phone", "app", "voice", "key"),
    move_limit_s=15.0,  # assumed: a multi-point lock takes several turns
    wrong_code_limit=10,
    power=Power(kind=PowerKind.RECHARGEABLE, cell="its own battery pack, or AA in the adapter", count=1),
    reset=Reset(hold_s=10.0, places=(ResetPlace.BATTERY_BAY_BUTTON,), soft=(SoftReset.SHORT_PRESS,)),
    radios=("thread", "ble", "nfc"),
    has_vendor_app=True,
    pin_lengths_at_lock=(6, 10),
)
