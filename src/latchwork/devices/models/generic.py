"""A dead bolt that can do everything the Door Lock cluster knows, but pull a latch: for simulation and for doors one builds.

Layer devices: data.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel, Reset, ResetPlace, SoftReset
from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.users import CredentialRule

GENERIC: Final = LockModel(
    key="generic",
    name="Latchwork Lock",
    has_remote_pin=True,
    has_aliro_radio=True,
    limits=Limits(
        users=100,
        credentials_per_user=10,
        kinds=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: 1,
                CredentialKind.PIN: 100,
                CredentialKind.RFID: 100,
                CredentialKind.FINGERPRINT: 100,
                CredentialKind.FINGER_VEIN: 100,
                CredentialKind.FACE: 20,
                CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: 10,
                CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: 20,
                CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: 20,
            }
        ),
        lengths=MappingProxyType(
            {
                CredentialKind.PROGRAMMING_PIN: (4, 10),
                CredentialKind.PIN: (4, 10),
                CredentialKind.RFID: (4, 20),
                CredentialKind.FINGERPRINT: (1, 32),
                CredentialKind.FINGER_VEIN: (1, 32),
                CredentialKind.FACE: (1, 32),
                CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY: (65, 65),
                CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY: (65, 65),
                CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY: (65, 65),
            }
        ),
        week_days_per_user=10,
        year_days_per_user=10,
        holidays=20,
        rules=frozenset(CredentialRule),
    ),
    unlocks_with=("fingerprint", "face", "code", "card", "phone", "app", "key"),
    reset=Reset(hold_s=10.0, places=(ResetPlace.RESET_BUTTON,), soft=(SoftReset.BATTERIES, SoftReset.SHORT_PRESS)),
    radios=("thread", "ble", "nfc", "uwb"),
)
"""The reset is the one that guides give for locks in general: the button, ten seconds."""
