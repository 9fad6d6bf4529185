"""Issuing operational certificates: a fabric's own authority (Core 6.5).

Pure; keys, times and serial numbers are arguments.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.trust.certificate_parts import (
    CLIENT_AUTH,
    CRL_SIGN,
    DIGITAL_SIGNATURE,
    FABRIC_ID,
    ICAC_ID,
    KEY_CERT_SIGN,
    NOC_CAT,
    NODE_ID,
    RCAC_ID,
    SERVER_AUTH,
    Dn,
    DnValue,
    Extensions,
)
from latchwork.matter.trust.certificates import Certificate

SERIAL_LENGTH: Final = 8
"""Octets of a serial number of ours, the first bit 0."""


def serial_number(octets: bytes) -> bytes:
    """A positive serial number with no superfluous octets, from random ones."""
    return bytes((octets[0] & 0x3F | 0x40,)) + octets[1:]


def issue_root(
    key: KeyPair,
    rcac_id: int,
    *,
    serial: bytes,
    not_before: int,
    not_after: int = 0,
    fabric_id: int | None = None,
) -> Certificate:
    """A root that signs itself.

    Args:
        key: the authority's.
        rcac_id: 64-bit id of the root.
        serial: see `serial_number`.
        not_before: beginning of the validity, seconds of the epoch 2000.
        not_after: its end; 0 never ends.
        fabric_id: limits the root to one fabric, or None.
    """
    subject: list[tuple[int, DnValue]] = [(RCAC_ID, rcac_id)]
    if fabric_id is not None:
        subject.append((FABRIC_ID, fabric_id))
    name: Dn = tuple(subject)
    extensions = Extensions(
        is_ca=True,
        key_usage=KEY_CERT_SIGN | CRL_SIGN,
        subject_key_id=key.public.key_identifier,
        authority_key_id=key.public.key_identifier,
    )
    return _signed(Certificate(serial, name, name, not_before, not_after, key.public, extensions), key)


def issue_intermediate(
    issuer_key: KeyPair,
    issuer: Certificate,
    public_key: PublicKey,
    icac_id: int,
    *,
    serial: bytes,
    not_before: int,
    not_after: int = 0,
    fabric_id: int | None = None,
) -> Certificate:
    """An intermediate authority below a root; arguments as `issue_root`."""
    subject: list[tuple[int, DnValue]] = [(ICAC_ID, icac_id)]
    if fabric_id is not None:
        subject.append((FABRIC_ID, fabric_id))
    extensions = Extensions(
        is_ca=True,
        path_length=0,
        key_usage=KEY_CERT_SIGN | CRL_SIGN,
        subject_key_id=public_key.key_identifier,
        authority_key_id=issuer_key.public.key_identifier,
    )
    made = Certificate(serial, issuer.subject, tuple(subject), not_before, not_after, public_key, extensions)
    return _signed(made, issuer_key)


def issue_node(
    issuer_key: KeyPair,
    issuer: Certificate,
    public_key: PublicKey,
    *,
    node_id: int,
    fabric_id: int,
    serial: bytes,
    not_before: int,
    not_after: int = 0,
    cats: tuple[int, ...] = (),
) -> Certificate:
    """A node's operational certificate; `cats` are its authenticated tags, at most three."""
    subject: list[tuple[int, DnValue]] = [(FABRIC_ID, fabric_id), (NODE_ID, node_id)]
    subject += [(NOC_CAT, cat) for cat in cats]
    extensions = Extensions(
        is_ca=False,
        key_usage=DIGITAL_SIGNATURE,
        purposes=(CLIENT_AUTH, SERVER_AUTH),
        subject_key_id=public_key.key_identifier,
        authority_key_id=issuer_key.public.key_identifier,
    )
    made = Certificate(serial, issuer.subject, tuple(subject), not_before, not_after, public_key, extensions)
    return _signed(made, issuer_key)


def _signed(certificate: Certificate, key: KeyPair) -> Certificate:
    return replace(certificate, signature=key.sign(certificate.tbs_der()))
