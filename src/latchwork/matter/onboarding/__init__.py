"""Onboarding codes: manual digits and QR text, read as people give them and written as the specification says.

Chapter onboarding of the protocol: pure, above TLV; knows no network, draws no pictures (Core 5.1).
"""

from latchwork.matter.onboarding.codes import dashed, manual_code, qr_code
from latchwork.matter.onboarding.payload import (
    CodeProblem,
    CommissioningFlow,
    DiscoveryCapabilities,
    Discriminator,
    OnboardingCodeError,
    SetupPayload,
    is_valid_passcode,
    random_discriminator,
    random_passcode,
)
from latchwork.matter.onboarding.reading import parse, parse_all

__all__ = [
    "CodeProblem",
    "CommissioningFlow",
    "DiscoveryCapabilities",
    "Discriminator",
    "OnboardingCodeError",
    "SetupPayload",
    "dashed",
    "is_valid_passcode",
    "manual_code",
    "parse",
    "parse_all",
    "qr_code",
    "random_discriminator",
    "random_passcode",
]
