"""Ethernet Network Diagnostics (Core 11.16): counters of an Ethernet interface.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from enum import IntFlag

from latchwork.matter.model.meta import Attribute, Cluster, Command
from latchwork.matter.tlv.schema import U64, OpenEnum


class PhyRateEnum(OpenEnum):
    """Values of phy rate."""

    RATE10_M = 0
    RATE100_M = 1
    RATE1_G = 2
    RATE25_G = 3
    RATE5_G = 4
    RATE10_G = 5
    RATE40_G = 6
    RATE100_G = 7
    RATE200_G = 8
    RATE400_G = 9


class EthernetNetworkDiagnostics(Cluster):
    """The cluster: counters of an Ethernet interface."""

    __slots__ = ()

    id = 0x0037
    revision = 1
    name = "EthernetNetworkDiagnostics"
    quality = "K"

    class Feature(IntFlag):
        """Features, by their names and by their codes."""

        PACKET_COUNTS = PKTCNT = 1 << 0
        ERROR_COUNTS = ERRCNT = 1 << 1

    phy_rate = Attribute[PhyRateEnum | None](0x0000, PhyRateEnum, "O", quality="X")
    full_duplex = Attribute[bool | None](0x0001, bool, "O", quality="X")
    packet_rx_count = Attribute[int](0x0002, U64, "PKTCNT", quality="C")
    packet_tx_count = Attribute[int](0x0003, U64, "PKTCNT", quality="C")
    tx_err_count = Attribute[int](0x0004, U64, "ERRCNT", quality="C")
    collision_count = Attribute[int](0x0005, U64, "ERRCNT", quality="C")
    overrun_count = Attribute[int](0x0006, U64, "ERRCNT", quality="C")
    carrier_detect = Attribute[bool | None](0x0007, bool, "O", quality="X C")
    time_since_reset = Attribute[int](0x0008, U64, "O", quality="C")

    reset_counts = Command(0x00, None, None, "PKTCNT | ERRCNT", access="M")
