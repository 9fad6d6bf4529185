import base64
import json
from pathlib import Path

import pytest

from latchwork.matter.crypto.keys import KeyPair, PublicKey
from latchwork.matter.trust.certificates import Certificate, CertificateError, check_root, verify_chain
from latchwork.matter.trust.fabric import compressed_fabric_id
from latchwork.matter.trust.groups import (
    EpochKey,
    GroupKeySet,
    current_epoch_key,
    group_session_id,
    multicast_address,
    operational_key,
    privacy_key,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "trust_certificates.json").read_text())
KNOWN = {
    name: {form: base64.b64decode(text) for form, text in forms.items()}
    for name, forms in VECTORS["certificates"].items()
}
MALFORMED = {name: base64.b64decode(text) for name, text in VECTORS["malformed"].items()}
BOTH_FORMS = sorted(name for name, forms in KNOWN.items() if "der" in forms)
CHAINS = [
    ("Node01_01", "ICA01", "Root01"),
    ("Node01_02", None, "Root01"),
    ("Node02_01", "ICA02", "Root02"),
    ("Node02_02", "ICA02", "Root02"),
    ("Node02_03", "ICA02", "Root02"),
    ("Node02_04", "ICA02", "Root02"),
    ("Node02_05", "ICA02", "Root02"),
    ("Node02_06", "ICA02", "Root02"),
    ("Node02_08", "ICA02", "Root02"),
]
IN_2021 = 662_688_000


def certificate(name):
    return Certificate.from_tlv(KNOWN[name]["tlv"])


def chain(names):
    return [None if name is None else certificate(name) for name in names]


@pytest.mark.parametrize("name", BOTH_FORMS)
def test_a_certificate_in_tlv_becomes_the_published_x509_octet_for_octet(name):
    assert certificate(name).to_der() == KNOWN[name]["der"]


@pytest.mark.parametrize("name", BOTH_FORMS)
def test_an_x509_certificate_becomes_the_same_certificate_as_its_tlv(name):
    read = Certificate.from_der(KNOWN[name]["der"])
    assert read == certificate(name)
    assert Certificate.from_tlv(read.to_tlv()) == read


@pytest.mark.parametrize("name", BOTH_FORMS)
def test_a_certificate_holds_the_published_key(name):
    key = KeyPair.from_scalar(KNOWN[name]["key"]).public
    assert certificate(name).public_key == key
    assert certificate(name).extensions.subject_key_id == key.key_identifier


@pytest.mark.parametrize("names", CHAINS)
def test_a_published_chain_is_valid(names):
    verify_chain(*chain(names), now=IN_2021)
    verify_chain(*chain(names), now=None)


@pytest.mark.parametrize(
    "names", [("Node01_01", "ICA02", "Root01"), ("Node01_01", "ICA01", "Root02"), ("Node01_01", None, "Root01")]
)
def test_a_chain_with_a_foreign_link_is_refused(names):
    with pytest.raises(CertificateError):
        verify_chain(*chain(names), now=None)


def test_a_critical_extension_that_nobody_here_knows_is_refused():
    with pytest.raises(CertificateError, match="critical"):
        verify_chain(*chain(("Node02_07", "ICA02", "Root02")), now=None)


def test_an_altered_signature_is_refused():
    with pytest.raises(CertificateError):
        verify_chain(certificate("Node01_01_Err01"), certificate("ICA01"), certificate("Root01"), now=None)


@pytest.mark.parametrize("now", [0, 655_999_999, 1_600_000_000])
def test_a_chain_is_refused_before_and_after_its_time(now):
    with pytest.raises(CertificateError):
        verify_chain(*chain(("Node01_01", "ICA01", "Root01")), now=now)


@pytest.mark.parametrize("name", ["Root01", "Root02", "Root03"])
def test_a_published_root_is_a_root(name):
    check_root(certificate(name), now=None)


@pytest.mark.parametrize("name", ["ICA01", "Node01_01", "FWSign01"])
def test_anything_else_is_no_root(name):
    with pytest.raises(CertificateError):
        check_root(certificate(name), now=None)


def test_ids_and_tags_come_from_the_subject():
    node = certificate("Node01_01")
    assert (node.kind, node.node_id, node.fabric_id, node.cats) == ("node", 0xDEDEDEDE00010001, 0xFAB000000000001D, ())
    assert certificate("Node02_03").cats == (0xABCD0001,)
    assert [certificate(name).kind for name in ("Root01", "ICA01", "FWSign01")] == ["root", "intermediate", "firmware"]


@pytest.mark.parametrize("name", VECTORS["refused_by"]["X509ToChip"])
def test_malformed_x509_is_refused(name):
    with pytest.raises(CertificateError):
        Certificate.from_der(MALFORMED[name])


@pytest.mark.parametrize("name", VECTORS["refused_by"]["ChipToX509"])
def test_malformed_tlv_is_refused(name):
    with pytest.raises(CertificateError):
        Certificate.from_tlv(MALFORMED[name])


@pytest.mark.parametrize("name", VECTORS["refused_by"]["ChipCertLoad"])
def test_a_certificate_that_cannot_be_in_a_chain_is_refused(name):
    with pytest.raises(CertificateError):
        refuse_in_chain(Certificate.from_tlv(MALFORMED[name]))


@pytest.mark.parametrize("name", VECTORS["refused_by"]["GetCertType"])
def test_a_subject_that_says_nothing_clear_is_refused(name):
    with pytest.raises(CertificateError):
        refuse_in_chain(Certificate.from_tlv(MALFORMED[name]))


def refuse_in_chain(read):
    # In the place its name says it belongs to, beside sound ones; issuers differ, so only the reason may surprise.
    place = "NOC" if read.node_id is not None else "root"
    if place == "root":
        check_root(read, now=None)
    else:
        verify_chain(read, certificate("ICA01"), certificate("Root01"), now=None)


@pytest.mark.parametrize("name", VECTORS["refused_by"]["ValidateChipRCAC"])
def test_a_certificate_that_is_no_sound_root_is_refused(name):
    with pytest.raises(CertificateError):
        check_root(Certificate.from_tlv(MALFORMED[name]), now=None)


# Source: connectedhomeip v1.4.2, src/crypto/tests/TestChipCryptoPAL.cpp and TestGroupOperationalCredentials.cpp

EXAMPLE_ROOT = bytes.fromhex(
    "044a9f42b1ca4840d37292bbc7f6a7e11e22200c976fc900dbc98a7a383a641cb8"
    "254a2e56d4e295a847943b4e3897c4a773e930277b4d9fbede8a052686bfacfa"
)
COMPRESSED = bytes.fromhex("87e1b004e235a130")
GROUP_KEYS = [
    (bytes(16), "c5f2690187115150c356ad93b385bb0f", 0x479E, "f5ce81881d1118c5c891c9060bc77009"),
    (bytes(range(0x10, 0x20)), "aed95695f375d2ce78556a41730c3f43", 0xA512, "dc90db2e61765a42607fafaf1637400a"),
    (bytes(range(0x20, 0x30)), "35ca346e5e24bbbe889cf4d35c5e820a", 0xD800, "b1fb3e79a2ff27f3704d2be9192db607"),
]


def test_the_compressed_fabric_id_is_the_published_one():
    assert compressed_fabric_id(PublicKey.from_bytes(EXAMPLE_ROOT), 0x2906C908D115D362) == COMPRESSED


def test_keys_of_groups_are_the_published_ones():
    for epoch_key, expected, session_id, privacy in GROUP_KEYS:
        key = operational_key(epoch_key, COMPRESSED)
        assert (key.hex(), group_session_id(key), privacy_key(key).hex()) == (expected, session_id, privacy)


def keys(*starts):
    return GroupKeySet(1, 0, tuple(EpochKey(bytes([number]) * 16, start) for number, start in enumerate(starts)))


@pytest.mark.parametrize(
    ("starts", "now", "chosen"),
    [
        ((0, 10, 20), 15, 10),
        ((0, 10, 20), 20, 20),
        ((5, 10), 1, 5),
        ((0, 10, 20), None, 10),
        ((0, 10), None, 0),
        ((7,), None, 7),
    ],
)
def test_the_key_to_send_with_is_the_newest_begun_or_without_a_clock_the_second_newest(starts, now, chosen):
    assert current_epoch_key(keys(*starts), now).start_time_us == chosen


def test_the_multicast_address_holds_fabric_and_group():
    assert multicast_address(0x1122334455667788, 0xABCD) == "ff35:40:fd11:2233:4455:6677:8800:abcd"
