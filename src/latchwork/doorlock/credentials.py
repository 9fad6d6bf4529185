"""Credentials: what somebody shows to a lock to be let in.

Layer doorlock: plain values; knows nothing of how they are kept at rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from latchwork.base.logs import Secret


class CredentialKind(IntEnum):
    """What is shown (Application Clusters 5.2.6.9)."""

    PROGRAMMING_PIN = 0
    """The master code: opens the menu at the lock. There is one, and its index is 0."""
    PIN = 1
    RFID = 2
    FINGERPRINT = 3
    FINGER_VEIN = 4
    FACE = 5
    ALIRO_CREDENTIAL_ISSUER_KEY = 6
    ALIRO_EVICTABLE_ENDPOINT_KEY = 7
    ALIRO_NON_EVICTABLE_ENDPOINT_KEY = 8


ALIRO_KINDS = frozenset(
    {
        CredentialKind.ALIRO_CREDENTIAL_ISSUER_KEY,
        CredentialKind.ALIRO_EVICTABLE_ENDPOINT_KEY,
        CredentialKind.ALIRO_NON_EVICTABLE_ENDPOINT_KEY,
    }
)
BIOMETRIC_KINDS = frozenset({CredentialKind.FINGERPRINT, CredentialKind.FINGER_VEIN, CredentialKind.FACE})


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of one user.

    Attributes:
        kind: what is shown.
        index: 1 to the lock's number of credentials of this kind; 0 for the programming PIN.
        secret: PIN digits in ASCII, octets of a card, name of a template in the sensor, or public key of a phone; never shown.
        user_index: whose it is.
        creator: index of the fabric that made it; 0 when that fabric is gone, None when it was made at the lock.
        modifier: index of the fabric that changed it last, likewise.
    """

    kind: CredentialKind
    index: int
    secret: Secret
    user_index: int
    creator: int | None = None
    modifier: int | None = None
