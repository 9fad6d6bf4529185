"""Names and TXT records, against the C++ SDK's tests (src/lib/dnssd/tests, v1.4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.discovery import (
    CommissionableAdvert,
    CommissionableService,
    OperationalService,
    ServiceNameError,
    SessionHints,
    commissionable_filter,
    host_name,
    operational_filter,
    random_instance,
)

HINTS = st.builds(
    SessionHints,
    idle_interval_ms=st.none() | st.integers(0, 3_600_000),
    active_interval_ms=st.none() | st.integers(0, 3_600_000),
    active_threshold_ms=st.none() | st.integers(1, 65_535),
    tcp_client=st.booleans(),
    tcp_server=st.booleans(),
    long_idle=st.none() | st.booleans(),
)


def test_operational_names_are_those_of_the_sdk():
    """TestServiceNaming.cpp, TestMakeInstanceName."""
    assert OperationalService(0x1234, 0x5678).instance == "0000000000001234-0000000000005678"
    service = OperationalService(bytes.fromhex("1122334455667788"), 0x0123456789ABCDEF)
    assert service.instance == "1122334455667788-0123456789ABCDEF"
    assert service.service_type == "_matter._tcp"
    assert service.subtypes == ("_I1122334455667788",)


def test_operational_names_are_read_with_and_without_their_domain():
    """TestServiceNaming.cpp, TestExtractIdFromInstanceName."""
    assert OperationalService.from_instance("ABCDEF1234567890-1234567890ABCDEF") == OperationalService(
        0xABCDEF1234567890, 0x1234567890ABCDEF
    )
    service = OperationalService.from_instance("1122334455667788-aabbccddeeff1122.some.suffix.here", {"SII": "500"})
    assert service.node_id == 0xAABBCCDDEEFF1122
    assert service.hints.idle_interval_ms == 500


@pytest.mark.parametrize(
    "name",
    [
        "1x22334455667788-AABBCCDDEEDD1122",
        "1122334455667788x2233445566778899",
        "-1234567890ABCDEF",
        "1234567890ABCDEF-",
        "112233445566778-8AABBCCDDEEFF1122",
        "11223344556677-AABBCCDDEEFF1122",
        "1122334455667788-AABBCCDDEEFF112233",
        "+122334455667788-AABBCCDDEEFF1122",
        "\uff11122334455667788-AABBCCDDEEFF1122",
        "",
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(ServiceNameError):
        OperationalService.from_instance(name)


def test_filters_are_those_of_the_sdk():
    """TestServiceNaming.cpp, TestMakeServiceNameSubtype."""
    assert commissionable_filter(discriminator=3) == "_L3"
    assert commissionable_filter(discriminator=4095) == "_L4095"
    assert commissionable_filter(short_discriminator=15) == "_S15"
    assert commissionable_filter(vendor_id=0xFFFF) == "_V65535"
    assert commissionable_filter(device_type=10) == "_T10"
    assert commissionable_filter(commissioning_mode=True) == "_CM"
    assert operational_filter(0xABCD12341111BBBB) == "_IABCD12341111BBBB"


def test_the_narrowest_filter_wins_and_none_is_a_mistake():
    assert commissionable_filter(discriminator=1, vendor_id=2, commissioning_mode=True) == "_L1"
    for wrong in ({}, {"discriminator": 4096}, {"short_discriminator": 16}, {"vendor_id": 0x10000}):
        with pytest.raises(Misuse):
            commissionable_filter(**wrong)


def test_a_commissionable_node_says_what_the_specification_asks():
    service = CommissionableService(
        instance="DD200C20D25AE5F7",
        discriminator=3840,
        advert=CommissionableAdvert(
            vendor_id=0xFFF1,
            product_id=0x8001,
            commissioning_mode=1,
            device_type=10,
            device_name="Front door",
            rotating_id=b"\x0a\x1b",
            pairing_hint=33,
            hints=SessionHints(idle_interval_ms=500, active_interval_ms=300, tcp_server=True, long_idle=False),
        ),
    )
    assert service.txt() == {
        "D": "3840",
        "CM": "1",
        "VP": "65521+32769",
        "DT": "10",
        "PH": "33",
        "DN": "Front door",
        "RI": "0A1B",
        "SII": "500",
        "SAI": "300",
        "T": "4",
        "ICD": "0",
    }
    assert service.subtypes == ("_L3840", "_S15", "_V65521", "_T10", "_CM")


@pytest.mark.parametrize(
    ("text", "vendor", "product"),
    [  # TestTxtFields.cpp, TestGetVendor and TestGetProduct
        ("123+456", 123, 456),
        ("123+", 123, None),
        ("+456", None, 456),
        ("123", 123, None),
        ("123+65536", 123, None),
        ("65536+456", None, 456),
    ],
)
def test_vendor_and_product_share_a_key(text, vendor, product):
    advert = CommissionableAdvert.from_txt({"vp": text})
    assert (advert.vendor_id, advert.product_id) == (vendor, product)


@pytest.mark.parametrize(
    ("key", "value", "attribute", "read"),
    [
        ("D", "4096", "discriminator", None),
        ("D", "007", "discriminator", None),
        ("D", "1234", "discriminator", 1234),
        ("CM", "2", "commissioning_mode", 2),
        ("CM", "256", "commissioning_mode", 0),
        ("DT", "4294967296", "device_type", None),
        ("RI", "0A1BC", "rotating_id", b""),
        ("RI", "0ATT", "rotating_id", b""),
        ("RI", "0a1b", "rotating_id", b"\x0a\x1b"),
        ("DN", "a" * 33, "device_name", "a" * 32),
        ("PI", "b" * 129, "pairing_instruction", "b" * 128),
        ("PH", "-1", "pairing_hint", None),
        ("CP", "1", "commissioner_passcode", True),
        ("CP", "2", "commissioner_passcode", False),
        ("JF", "14", "joint_fabric", 14),
    ],
)
def test_a_bad_value_is_an_absent_value(key, value, attribute, read):
    assert getattr(CommissionableAdvert.from_txt({key: value}), attribute) == read


@pytest.mark.parametrize(
    ("key", "value", "attribute", "read"),
    [
        ("SII", "3600000", "idle_interval_ms", 3_600_000),
        ("SII", "3600001", "idle_interval_ms", None),
        ("sai", "5000", "active_interval_ms", 5000),
        ("SAI", "05000", "active_interval_ms", None),
        ("SAI", " 5", "active_interval_ms", None),
        ("SAT", "65535", "active_threshold_ms", 65_535),
        ("SAT", "65536", "active_threshold_ms", None),
        ("SAT", "0", "active_threshold_ms", None),
        ("T", "6", "tcp_server", True),
        ("T", "1", "tcp_server", False),
        ("T", "2", "tcp_client", True),
        ("ICD", "1", "long_idle", True),
        ("ICD", "0", "long_idle", False),
        ("ICD", "2", "long_idle", None),
        ("ICD", "", "long_idle", None),
    ],
)
def test_session_hints_keep_their_bounds(key, value, attribute, read):
    assert getattr(SessionHints.from_txt({key: value}), attribute) == read


@given(HINTS)
def test_session_hints_survive_the_wire(hints):
    assert SessionHints.from_txt(hints.txt()) == hints


@given(
    st.dictionaries(
        st.sampled_from(["D", "VP", "CM", "DT", "DN", "RI", "PH", "PI", "CP", "JF", "SII", "SAI", "SAT", "T", "ICD"]),
        st.text("0123456789+-aF x²٣", max_size=130),
    )
)
def test_any_txt_record_is_read(txt):
    CommissionableAdvert.from_txt(txt)


def test_what_would_break_a_rule_is_not_published():
    for wrong in (
        {"device_name": "ä" * 17},
        {"commissioning_mode": 4},
        {"product_id": 1},
        {"rotating_id": bytes(51)},
    ):
        with pytest.raises(Misuse):
            CommissionableService(instance="0" * 16, discriminator=1, advert=CommissionableAdvert(**wrong))
    with pytest.raises(Misuse):
        CommissionableService(instance="abc", discriminator=1)
    with pytest.raises(Misuse):
        SessionHints(idle_interval_ms=3_600_001)
    with pytest.raises(Misuse):
        OperationalService(b"short", 1)
    with pytest.raises(Misuse):
        host_name(b"1234567")


def test_names_come_from_the_given_entropy():
    assert random_instance(lambda size: bytes(range(size))) == "0001020304050607"
    assert host_name(bytes.fromhex("b75afb458ecd")) == "B75AFB458ECD"
