"""Whose devices a controller takes without asking.

Controller storey. Authorities of certified products are published by the Connectivity Standards Alliance in a ledger on the internet,
which a home must not depend on: they are read from a folder of DER files that the owner fills or a package brings.
"""

from __future__ import annotations

from pathlib import Path

from latchwork.base.errors import Misuse
from latchwork.base.logs import log, logger
from latchwork.matter.trust.attestation import TrustStore
from latchwork.matter.trust.certificates import CertificateError
from latchwork.matter.trust.declaration_signers import official_signers
from latchwork.matter.trust.development import development_trust

_log = logger(__name__)


def trust_store(folder: Path | None = None) -> TrustStore:
    """The published test authorities, the official declaration signers, and the authorities of a folder.

    Args:
        folder: holds product attestation authorities as `*.der`, or None.

    Raises:
        Misuse: the folder cannot be read.
    """
    trust = development_trust()
    for key in official_signers():
        trust.signers[key.key_identifier] = key
    if folder is None:
        return trust
    if not folder.is_dir():
        raise Misuse(f"{folder} is no folder", advice="Name a folder that holds the makers' certificates as *.der.")
    for path in sorted(folder.glob("*.der")):
        try:
            trust.trust(path.read_bytes())
        except CertificateError as error:
            log(_log, 30, "authority.refused", file=path.name, reason=error)
        except OSError as error:
            raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    return trust
