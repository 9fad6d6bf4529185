"""A certificate authority of the hub's own: HTTPS inside a home, where no public authority vouches for a name.

Layer web. Its root is for this home only: name constraints (RFC 5280 4.2.1.10) keep it to names that exist in home networks and to private
addresses, so that whoever trusts it trusts nothing about any site on the internet, whatever becomes of its key.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import ifaddr
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from latchwork.base.errors import Misuse

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ROOT_DAYS: Final = 3650
SERVER_DAYS: Final = 396
"""Browsers take 397 days at most from authorities that came with them; from others some take 825 (Apple HT210176)."""
ZONES: Final = ("local", "home.arpa", "internal", "localhost")
"""Names that no one can own on the internet (RFC 6762, RFC 8375, ICANN's reservation of 2024, RFC 6761)."""
NETWORKS: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "100.64.0.0/10"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)
"""Addresses inside homes: private, link-local, of this machine, and those of carriers and overlay networks (RFC 1918, 4193, 6598)."""
PUBLIC_FILE: Final = "latchwork.crt"
_SKEW: Final = timedelta(days=1)
"""Clocks of telephones and hubs differ."""
_ROOT_LEFT: Final = timedelta(days=30)
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-)){0,10}")


@dataclass(frozen=True, slots=True)
class Names:
    """What a machine is called.

    Attributes:
        names: of DNS, in small letters, the one to tell people first.
        addresses: its own.
    """

    names: tuple[str, ...]
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Root:
    """The authority's certificate, for those who may trust it.

    Attributes:
        name: as lists of certificates show it.
        pem, der: the certificate in its two forms.
        fingerprint: SHA-256 of `der`, as pairs of hexadecimal digits with colons, as systems show it.
        until: end of its life, UTC.
    """

    name: str
    pem: bytes
    der: bytes
    fingerprint: str
    until: datetime


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def names_of_machine(host: str = "") -> Names:
    """What this machine is called, and its addresses.

    Args:
        host: name or address that the server listens on, if it is a particular one.
    """
    full = socket.gethostname().lower().rstrip(".")
    short = full.partition(".")[0]
    addresses: list[Address] = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    for adapter in ifaddr.get_adapters():
        texts = (each.ip if isinstance(each.ip, str) else each.ip[0] for each in adapter.ips)
        addresses += [ipaddress.ip_address(text.partition("%")[0]) for text in texts]
    names = [f"{short}.local", short, full]
    try:
        addresses.append(ipaddress.ip_address(host))
    except ValueError:
        names.append(host.lower())
    return Names(
        tuple(dict.fromkeys(each for each in [*names, "localhost"] if _NAME.fullmatch(each))),
        tuple(sorted({each for each in addresses if not each.is_unspecified}, key=lambda each: (each.version, each))),
    )


class LocalAuthority:
    """The root and the server's certificate, in a folder of the hub.

    Each key is in one file with its certificate: there is no moment in which one is new and the other old.

    Attributes:
        file: certificate and key of the server.
        public_file: certificate of the root, for programs on this machine.

    Args:
        folder: made for its owner's eyes only where there is none.
        names: of this machine.
        now: UTC seconds since 1970.
    """

    def __init__(self, folder: Path, names: Names, now: float) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._root_file, self.file = folder / "root.pem", folder / "server.pem"
        self.public_file = folder / PUBLIC_FILE
        self._root = self._read(self._root_file) or self._new_root(names, now)
        if self._root.certificate.not_valid_after_utc - _time(now) < _ROOT_LEFT:
            self._root = self._new_root(names, now)
        try:
            self._server = self._read(self.file)
        except Misuse:
            self._server = None  # nobody trusts this one itself: another is as good
        self.renew_if_due(names, now)
        self.public_file.write_bytes(self.root.pem)

    @property
    def root(self) -> Root:
        """What is to be trusted."""
        found = self._root.certificate
        return Root(
            name=_common_name(found),
            pem=found.public_bytes(serialization.Encoding.PEM),
            der=found.public_bytes(serialization.Encoding.DER),
            fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
            until=found.not_valid_after_utc,
        )

    def renew_if_due(self, names: Names, now: float) -> bool:
        """Make another certificate for the server where two thirds of its life are over, or the machine is called otherwise.

        Args:
            names: of this machine as it is now; what the root may not vouch for is left out.
            now: UTC seconds since 1970.

        Returns:
            Whether there is a new one in `file`.
        """
        wanted = self._permitted(names)
        if self._server is not None and self._is_good(self._server.certificate, wanted, _time(now)):
            return False
        self._server = self._new_server(wanted, _time(now))
        _write(self.file, self._server)
        return True

    def _is_good(self, found: x509.Certificate, wanted: Names, now: datetime) -> bool:
        begun, until = found.not_valid_before_utc, found.not_valid_after_utc
        if not begun <= now < begun + (until - begun) * 2 / 3:
            return False
        try:
            found.verify_directly_issued_by(self._root.certificate)
            said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # noqa: BLE001 - of another root, or of no form that we know: it is made anew
            return False
        has = {*said.get_values_for_type(x509.DNSName), *map(str, said.get_values_for_type(x509.IPAddress))}
        return has == {*wanted.names, *map(str, wanted.addresses)}

    def _permitted(self, names: Names) -> Names:
        """Those that the root may vouch for."""
        said = self._root.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        zones = [each.value for each in said.permitted_subtrees or () if isinstance(each, x509.DNSName)]
        return Names(
            tuple(name for name in names.names if any(name == zone or name.endswith(f".{zone}") for zone in zones)),
            tuple(each for each in names.addresses if any(each in network for network in NETWORKS)),
        )

    def _new_root(self, names: Names, now: float) -> _Pair:
        at, key = _time(now), ec.generate_private_key(ec.SECP256R1())
        short = names.names[0].partition(".")[0] if names.names else "this machine"
        # Its own names too, where they are no one's but this machine's: a name of one word, or its full one.
        zones = dict.fromkeys([*ZONES, *(name for name in names.names if not _is_in(name, ZONES))])
        subject = _named(f"Latchwork on {short} {at:%Y-%m-%d}")
        constraints = x509.NameConstraints(
            permitted_subtrees=[*map(x509.DNSName, zones), *map(x509.IPAddress, NETWORKS)], excluded_subtrees=None
        )
        certificate = (
            _begun(subject, subject, key.public_key(), at, timedelta(days=ROOT_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(is_root=True), critical=True)
            .add_extension(constraints, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        made = _Pair(certificate, key)
        _write(self._root_file, made)
        return made

    def _new_server(self, names: Names, at: datetime) -> _Pair:
        root, key = self._root, ec.generate_private_key(ec.SECP256R1())
        life = min(timedelta(days=SERVER_DAYS), root.certificate.not_valid_after_utc - at + _SKEW)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
        others = x509.SubjectAlternativeName(
            [*map(x509.DNSName, names.names), *map(x509.IPAddress, names.addresses)],
        )
        certificate = (
            _begun(_named("Latchwork hub"), root.certificate.subject, key.public_key(), at, life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_root=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(others, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(authority, critical=False)
            .sign(root.key, hashes.SHA256())
        )
        return _Pair(certificate, key)

    @staticmethod
    def _read(file: Path) -> _Pair | None:
        try:
            octets = file.read_bytes()
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
        except FileNotFoundError:
            return None
        try:
            key = serialization.load_pem_private_key(octets, None)
            certificate = x509.load_pem_x509_certificate(octets)
        except (ValueError, TypeError) as error:
            raise Misuse(
                f"{file} is damaged", advice="Move it away: a new one is made, which devices then have to trust."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise Misuse(f"{file} holds no key of ours", advice="Move it away: a new one is made.")
        return _Pair(certificate, key)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, life: timedelta
) -> x509.CertificateBuilder:
    begin = at - _SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
    )


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _is_in(name: str, zones: Iterable[str]) -> bool:
    return any(name == zone or name.endswith(f".{zone}") for zone in zones)


def _time(now: float) -> datetime:
    return datetime.fromtimestamp(int(now), UTC)


def _write(file: Path, pair: _Pair) -> None:
    """Both in one file that only its owner reads, there as a whole or not at all."""
    parts: Sequence[bytes] = (
        pair.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        pair.certificate.public_bytes(serialization.Encoding.PEM),
    )
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(b"".join(parts))
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)
