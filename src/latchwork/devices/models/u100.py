"""Aqara Smart Door Lock U100: a dead bolt with Zigbee, whose hub speaks Matter for it.

Layer devices: data. What is marked "assumed" is not in the maker's public words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel, Power, PowerKind, Reset, ResetPlace, SoftReset
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits

U100: Final = LockModel(
    key="u100",
    maker="Aqara",
    name="Smart Door Lock U100",
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
                CredentialKind.PROGRAMMING_PIN: (6, 10),  # assumed: the same as a code
                CredentialKind.PIN: (6, 10),
                CredentialKind.RFID: (4, 10),  # assumed
                CredentialKind.FINGERPRINT: (1, 32),  # assumed
            }
        ),
        week_days_per_user=7,  # assumed: for its periodic codes
        year_days_per_user=5,  # assumed
    ),
    unlocks_with=("fingerprint", "code", "card", "phone", "app", "key"),
    power=Power(kind=PowerKind.REPLACEABLE, cell="AA", count=4),
    reset=Reset(hold_s=10.0, places=(ResetPlace.BATTERY_BAY_BUTTON,), soft=(SoftReset.BATTERIES,)),
    radios=("zigbee", "ble", "nfc"),
    speaks_matter=False,  # in simulation it does
    has_vendor_app=True,
)
