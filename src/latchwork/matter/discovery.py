"""DNS-SD names and TXT records of Matter nodes: how they are called and what they say about themselves.

Chapter discovery: strings only; sends nothing and knows no network (Core 4.3). What is published is checked strictly,
what is read is taken tolerantly: a value that breaks its rule counts as absent, the rest of the record stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from latchwork.base.errors import Misuse, PeerViolation

OPERATIONAL_TYPE: Final = "_matter._tcp"
"""Service type of commissioned nodes (Core 4.3.2)."""
COMMISSIONABLE_TYPE: Final = "_matterc._udp"
"""Service type of nodes that can be commissioned (Core 4.3.1)."""
COMMISSIONER_TYPE: Final = "_matterd._udp"
"""Service type of commissioners that can be asked for help (Core 4.3.3)."""
MAX_INTERVAL_MS: Final = 3_600_000
"""Largest SII and SAI, milliseconds (Core 4.3.4)."""
MAX_THRESHOLD_MS: Final = 65_535
"""Largest SAT, milliseconds (Core 4.3.4)."""
MAX_DEVICE_NAME: Final = 32
"""Octets of DN (Core 4.3.1.9)."""
MAX_PAIRING_INSTRUCTION: Final = 128
"""Octets of PI (Core 4.3.1.12)."""
MAX_ROTATING_ID: Final = 50
"""Octets of RI before they become hexadecimal (Core 4.3.1.10)."""
_TCP_CLIENT: Final = 1 << 1
_TCP_SERVER: Final = 1 << 2


class ServiceNameError(PeerViolation):
    """A service instance name is not that of an operational Matter node."""


@dataclass(frozen=True, slots=True)
class SessionHints:
    """What every Matter TXT record may say about the node's sessions (Core 4.3.4).

    Attributes:
        idle_interval_ms: SII, or None.
        active_interval_ms: SAI, or None.
        active_threshold_ms: SAT, or None.
        tcp_client: T bit 1: it opens TCP connections.
        tcp_server: T bit 2: it accepts them.
        long_idle: ICD: True while it operates as a long idle time device, None where the key is absent.
    """

    idle_interval_ms: int | None = None
    active_interval_ms: int | None = None
    active_threshold_ms: int | None = None
    tcp_client: bool = False
    tcp_server: bool = False
    long_idle: bool | None = None

    def __post_init__(self) -> None:
        """Raise Misuse when a value is out of its range."""
        _check("SII", self.idle_interval_ms, MAX_INTERVAL_MS)
        _check("SAI", self.active_interval_ms, MAX_INTERVAL_MS)
        _check("SAT", self.active_threshold_ms, MAX_THRESHOLD_MS)

    def txt(self) -> dict[str, str]:
        """Keys and values as published; absent ones are left out."""
        record: dict[str, str] = {}
        for key, value in (
            ("SII", self.idle_interval_ms),
            ("SAI", self.active_interval_ms),
            ("SAT", self.active_threshold_ms),
        ):
            if value is not None:
                record[key] = str(value)
        tcp = (_TCP_CLIENT if self.tcp_client else 0) | (_TCP_SERVER if self.tcp_server else 0)
        if tcp:
            record["T"] = str(tcp)
        if self.long_idle is not None:
            record["ICD"] = "1" if self.long_idle else "0"
        return record

    @classmethod
    def from_txt(cls, txt: Mapping[str, str]) -> SessionHints:
        """From any TXT record; never fails: what breaks its rule is absent. Keys match in any case (RFC 6763 6.4)."""
        record = _folded(txt)
        tcp = _number(record.get("t"), 0xFF) or 0
        return cls(
            idle_interval_ms=_number(record.get("sii"), MAX_INTERVAL_MS),
            active_interval_ms=_number(record.get("sai"), MAX_INTERVAL_MS),
            # 0 would mean that the node is never active: peers read it as absent.
            active_threshold_ms=_number(record.get("sat"), MAX_THRESHOLD_MS) or None,
            tcp_client=bool(tcp & _TCP_CLIENT),
            tcp_server=bool(tcp & _TCP_SERVER),
            long_idle={"0": False, "1": True}.get(record.get("icd", "")),
        )


@dataclass(frozen=True, slots=True)
class OperationalService:
    """A commissioned node on one fabric (Core 4.3.2).

    Attributes:
        compressed_fabric_id: 64 bits, as an integer or as the 8 octets that its derivation gives.
        node_id: 64 bits.
        hints: of its sessions.
    """

    compressed_fabric_id: int
    node_id: int
    hints: SessionHints = field(default_factory=SessionHints)

    def __init__(self, compressed_fabric_id: int | bytes, node_id: int, hints: SessionHints | None = None) -> None:
        """Take the compressed fabric id in either form.

        Raises:
            Misuse: an id does not have 64 bits.
        """
        if isinstance(compressed_fabric_id, bytes):
            if len(compressed_fabric_id) != 8:
                raise Misuse("a compressed fabric id has 8 octets")
            compressed_fabric_id = int.from_bytes(compressed_fabric_id, "big")
        if compressed_fabric_id >> 64 or node_id >> 64:
            raise Misuse("compressed fabric id and node id have 64 bits")
        object.__setattr__(self, "compressed_fabric_id", compressed_fabric_id)
        object.__setattr__(self, "node_id", node_id)
        object.__setattr__(self, "hints", hints or SessionHints())

    @property
    def service_type(self) -> str:
        """`_matter._tcp`."""
        return OPERATIONAL_TYPE

    @property
    def instance(self) -> str:
        """The instance name: compressed fabric id and node id, 16 upper-case hexadecimal digits each."""
        return f"{self.compressed_fabric_id:016X}-{self.node_id:016X}"

    @property
    def subtypes(self) -> tuple[str, ...]:
        """`_I<compressed fabric id>`, by which all nodes of a fabric are found."""
        return (operational_filter(self.compressed_fabric_id),)

    def txt(self) -> dict[str, str]:
        """The TXT record's keys and values."""
        return self.hints.txt()

    @classmethod
    def from_instance(cls, name: str, txt: Mapping[str, str] | None = None) -> OperationalService:
        """From an instance name, with or without the rest of its domain name behind a dot.

        Raises:
            ServiceNameError: not two times 16 hexadecimal digits with a dash between.
        """
        label = name.partition(".")[0]
        fabric, dash, node = label[:16], label[16:17], label[17:]
        if dash != "-" or not (_is_hex64(fabric) and _is_hex64(node)):
            raise ServiceNameError("not the instance name of an operational Matter node")
        return cls(int(fabric, 16), int(node, 16), SessionHints.from_txt(txt or {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionableAdvert:
    """What the TXT record of a commissionable node says; None or empty where it does not (Core 4.3.1).

    Attributes:
        discriminator: D, 12 bits.
        vendor_id: VP before the plus sign.
        product_id: VP behind the plus sign.
        commissioning_mode: CM: 0 not now, 1 with its own passcode, 2 with a temporary one, 3 joint fabric.
        device_type: DT.
        device_name: DN.
        rotating_id: RI, octets.
        pairing_hint: PH, bits of Core 4.3.1.11.
        pairing_instruction: PI.
        commissioner_passcode: CP: it can use a passcode that the commissioner shows.
        joint_fabric: JF, bits.
        hints: of its sessions.
    """

    discriminator: int | None = None
    vendor_id: int | None = None
    product_id: int | None = None
    commissioning_mode: int = 0
    device_type: int | None = None
    device_name: str = ""
    rotating_id: bytes = b""
    pairing_hint: int | None = None
    pairing_instruction: str = ""
    commissioner_passcode: bool = False
    joint_fabric: int | None = None
    hints: SessionHints = field(default_factory=SessionHints)

    @classmethod
    def from_txt(cls, txt: Mapping[str, str]) -> CommissionableAdvert:
        """From any TXT record; never fails: what breaks its rule is absent. Keys match in any case (RFC 6763 6.4)."""
        record = _folded(txt)
        vendor, _, product = record.get("vp", "").partition("+")
        return cls(
            discriminator=_number(record.get("d"), 0xFFF),
            vendor_id=_number(vendor, 0xFFFF),
            product_id=_number(product, 0xFFFF),
            commissioning_mode=_number(record.get("cm"), 3) or 0,
            device_type=_number(record.get("dt"), 0xFFFF_FFFF),
            device_name=_cut(record.get("dn", ""), MAX_DEVICE_NAME),
            rotating_id=_octets(record.get("ri", "")),
            pairing_hint=_number(record.get("ph"), 0xFFFF_FFFF),
            pairing_instruction=_cut(record.get("pi", ""), MAX_PAIRING_INSTRUCTION),
            commissioner_passcode=record.get("cp") == "1",
            joint_fabric=_number(record.get("jf"), 0xFF),
            hints=SessionHints.from_txt(txt),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionableService:
    """A node that can be commissioned, as it publishes itself (Core 4.3.1).

    Attributes:
        instance: 16 upper-case hexadecimal digits, new for every announcement: `random_instance`.
        discriminator: 12 bits.
        advert: everything else that its TXT record says; its `discriminator` is ignored.
    """

    instance: str
    discriminator: int
    advert: CommissionableAdvert = field(default_factory=CommissionableAdvert)

    def __post_init__(self) -> None:
        """Raise Misuse when a value breaks the rule of its key."""
        advert = self.advert
        if not (_is_hex64(self.instance) and self.instance == self.instance.upper()):
            raise Misuse("a commissionable instance name has 16 upper-case hexadecimal digits")
        for key, number, largest in (
            ("D", self.discriminator, 0xFFF),
            ("VP", advert.vendor_id, 0xFFFF),
            ("VP", advert.product_id, 0xFFFF),
            ("CM", advert.commissioning_mode, 3),
            ("DT", advert.device_type, 0xFFFF_FFFF),
            ("PH", advert.pairing_hint, 0xFFFF_FFFF),
            ("JF", advert.joint_fabric, 0xFF),
        ):
            _check(key, number, largest)
        for key, octets, largest in (
            ("DN", advert.device_name.encode(), MAX_DEVICE_NAME),
            ("PI", advert.pairing_instruction.encode(), MAX_PAIRING_INSTRUCTION),
            ("RI", advert.rotating_id, MAX_ROTATING_ID),
        ):
            if len(octets) > largest:
                raise Misuse(f"{key} has at most {largest} octets")
        if advert.product_id is not None and advert.vendor_id is None:
            raise Misuse("VP gives a product only behind its vendor")

    @property
    def service_type(self) -> str:
        """`_matterc._udp`."""
        return COMMISSIONABLE_TYPE

    @property
    def subtypes(self) -> tuple[str, ...]:
        """`_S`, `_L`, and `_V`, `_T`, `_CM` where they apply (Core 4.3.1.3)."""
        advert = self.advert
        names = [
            commissionable_filter(discriminator=self.discriminator),
            commissionable_filter(short_discriminator=self.discriminator >> 8),
        ]
        if advert.vendor_id is not None:
            names.append(commissionable_filter(vendor_id=advert.vendor_id))
        if advert.device_type is not None:
            names.append(commissionable_filter(device_type=advert.device_type))
        if advert.commissioning_mode:
            names.append(commissionable_filter(commissioning_mode=True))
        return tuple(names)

    def txt(self) -> dict[str, str]:
        """The TXT record's keys and values; absent ones are left out."""
        advert = self.advert
        record = {"D": str(self.discriminator), "CM": str(advert.commissioning_mode)}
        if advert.vendor_id is not None:
            record["VP"] = str(advert.vendor_id)
            if advert.product_id is not None:
                record["VP"] += f"+{advert.product_id}"
        numbers = {"DT": advert.device_type, "PH": advert.pairing_hint, "JF": advert.joint_fabric}
        texts = {"DN": advert.device_name, "RI": advert.rotating_id.hex().upper(), "PI": advert.pairing_instruction}
        record |= {key: str(number) for key, number in numbers.items() if number is not None}
        record |= {key: text for key, text in texts.items() if text}
        if advert.commissioner_passcode:
            record["CP"] = "1"
        return record | advert.hints.txt()


def random_instance(entropy: Callable[[int], bytes]) -> str:
    """A new instance name of a commissionable node: 64 random bits; `entropy` returns that many octets."""
    return entropy(8).hex().upper()


def host_name(identifier: bytes) -> str:
    """The host's label from 6 octets (a MAC) or 8 (an EUI-64 or random ones): upper-case digits (Core 4.3.1.1).

    Raises:
        Misuse: neither 6 nor 8 octets.
    """
    if len(identifier) not in {6, 8}:
        raise Misuse("a host name is made of 6 or 8 octets")
    return identifier.hex().upper()


def operational_filter(compressed_fabric_id: int) -> str:
    """The subtype that all nodes of a fabric share: `_I` and 16 digits (Core 4.3.2.3)."""
    return f"_I{compressed_fabric_id:016X}"


def commissionable_filter(
    *,
    discriminator: int | None = None,
    short_discriminator: int | None = None,
    vendor_id: int | None = None,
    device_type: int | None = None,
    commissioning_mode: bool = False,
) -> str:
    """The subtype to browse for: the narrowest of what is known, in the order of the arguments (Core 4.3.1.3).

    Raises:
        Misuse: nothing is given, or a number is out of range.
    """
    for letter, number, largest in (
        ("L", discriminator, 0xFFF),
        ("S", short_discriminator, 0xF),
        ("V", vendor_id, 0xFFFF),
        ("T", device_type, 0xFFFF_FFFF),
    ):
        if number is not None:
            _check(f"_{letter}", number, largest)
            return f"_{letter}{number}"
    if commissioning_mode:
        return "_CM"
    raise Misuse("a filter needs one thing to filter by")


def _folded(txt: Mapping[str, str]) -> dict[str, str]:
    """Keys in lower case; the first of two spellings counts (RFC 6763 6.4)."""
    record: dict[str, str] = {}
    for key, value in txt.items():
        record.setdefault(key.lower(), value)
    return record


def _number(text: str | None, largest: int) -> int | None:
    """A decimal without sign, spaces or leading zeros, up to `largest`; anything else is None."""
    if not text or len(text) > 10 or not (text.isascii() and text.isdigit()) or (text[0] == "0" and len(text) > 1):
        return None
    value = int(text)
    return value if value <= largest else None


def _octets(text: str) -> bytes:
    if len(text) > 2 * MAX_ROTATING_ID or len(text) % 2 or not text.isalnum():
        return b""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _cut(text: str, octets: int) -> str:
    return text.encode(errors="replace")[:octets].decode(errors="ignore")


def _is_hex64(text: str) -> bool:
    return len(text) == 16 and all(character in "0123456789ABCDEFabcdef" for character in text)


def _check(key: str, number: int | None, largest: int) -> None:
    if number is not None and not 0 <= number <= largest:
        raise Misuse(f"{key} is 0..{largest}")
