"""The root certificate in the form in which Apple's devices take it.

Layer web, pure.
"""

from __future__ import annotations

import plistlib
from hashlib import sha256
from typing import Final
from uuid import UUID

from latchwork.web.authority import Root

MOBILECONFIG_TYPE: Final = "application/x-apple-aspen-config"
CRT_TYPE: Final = "application/x-x509-ca-cert"


def mobileconfig(root: Root) -> bytes:
    """A configuration profile with the certificate and nothing else; the same one each time, so that a second install replaces the first."""
    certificate, profile = (
        str(UUID(bytes=sha256(part + root.der).digest()[:16], version=4)).upper() for part in (b"root", b"profile")
    )
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"latchwork.trust.{profile}",
            "PayloadUUID": profile,
            "PayloadDisplayName": root.name,
            "PayloadDescription": "Lets this device know the Latchwork hub of this home. It holds for home networks only.",
            "PayloadContent": [
                {
                    "PayloadType": "com.apple.security.root",
                    "PayloadVersion": 1,
                    "PayloadIdentifier": f"latchwork.trust.{profile}.root",
                    "PayloadUUID": certificate,
                    "PayloadDisplayName": root.name,
                    "PayloadCertificateFileName": "latchwork.crt",
                    "PayloadContent": root.der,
                }
            ],
        }
    )
