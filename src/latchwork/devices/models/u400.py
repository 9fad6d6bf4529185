"""Aqara Smart Lock U400: a dead bolt with Matter over Thread that opens to a phone in the pocket.

Layer devices: data. What is marked "assumed" is not in the maker's public words.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel, Power, PowerKind, Reset, ResetPlace, SoftReset
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits

U400: Final = LockModel(
    key="u400",
    maker="Aqara",
    name="Smart Lock U400",
    has_remote_pin=False,  # assumed
    has_aliro_radio=True,
    limits=Limits(
        users=50,  # assumed, as are all counts below
        credentials_per_user=10,
        kinds=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: 1,
                CredentialKind.PIN: 50,
                CredentialKind.RFID: 50,
                CredentialKind.FINGERPRINT: 50,
                CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: 10,
                CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: 10,
                CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: 10,
            }
        ),
        lengths=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: (4, 8),  # assumed: the same as a code
                CredentialKind.PIN: (4, 8),  # codes that come over Matter
                CredentialKind.RFID: (4, 10),  # assumed
                CredentialKind.FINGERPRINT: (1, 32),  # assumed
                CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: (65, 65),
                CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: (65, 65),
                CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: (65, 65),
            }
        ),
        week_days_per_user=7,  # assumed
        year_days_per_user=5,  # assumed
    ),
    unlocks_with=("fingerprint", "code", "card", "phone", "uwb", "app", "voice", "key"),
    power=Power(kind=PowerKind.RECHARGEABLE, cell="its own battery pack", count=1),  # assumed
    # The vendor's help for owners says five seconds, and names no other way.
    reset=Reset(hold_s=5.0, places=(ResetPlace.RESET_BUTTON,), soft=(SoftReset.MENU,)),  # soft: assumed
    radios=("thread", "ble", "nfc", "uwb"),
    has_vendor_app=True,
    pin_lengths_at_lock=(6, 10),
    prompts=MappingProxyType(
        {"set.factory": "Press the Set button once and scan the setup code to add your Aqara smart lock."}
    ),
)
