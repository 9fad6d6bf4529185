import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from latchwork.base.clock import MATTER_EPOCH_S
from latchwork.base.errors import Misuse
from latchwork.base.logs import Secret
from latchwork.matter.crypto.keys import KeyPair
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.access import (
    AccessEntry,
    AccessList,
    AccessTarget,
    AuthMode,
    Privilege,
    Subject,
    check_entry,
)
from latchwork.matter.trust.certificates import Certificate, CertificateError, check_root, verify_chain
from latchwork.matter.trust.declaration import DeclarationError, open_declaration
from latchwork.matter.trust.device_certificates import DeviceCertificate
from latchwork.matter.trust.fabric import Fabric, FabricTable
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.matter.trust.issuing import issue_intermediate, issue_node, issue_root

VECTORS = Path(__file__).parents[2] / "vectors"
KNOWN = json.loads((VECTORS / "trust_certificates.json").read_text())["certificates"]
ATTESTATION = json.loads((VECTORS / "trust_attestation.json").read_text())
SEEDS = {
    "tlv": [base64.b64decode(forms["tlv"]) for forms in KNOWN.values()],
    "der": [base64.b64decode(forms["der"]) for forms in KNOWN.values() if "der" in forms],
    "device": [base64.b64decode(text) for text in ATTESTATION["certificates"].values()],
    "declaration": [base64.b64decode(text) for text in ATTESTATION["declarations"].values()],
}


@st.composite
def damaged(draw, kind):
    octets = bytearray(draw(st.sampled_from(SEEDS[kind])))
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(octets) - 1))
        if draw(st.booleans()):
            octets[position] = draw(st.integers(0, 255))
        else:
            del octets[position : position + draw(st.integers(1, 3))]
        if not octets:
            break
    return bytes(octets)


def of(kind):
    return st.one_of(st.binary(max_size=700), damaged(kind))


@settings(max_examples=400)
@given(of("tlv"))
def test_any_octets_as_a_tlv_certificate_are_read_or_refused_and_never_crash(octets):
    try:
        read = Certificate.from_tlv(octets)
        read.tbs_der()
        verify_chain(read, None, read, now=1)
    except CertificateError:
        return


@settings(max_examples=400)
@given(of("der"))
def test_any_octets_as_an_x509_certificate_are_rebuilt_exactly_or_refused(octets):
    try:
        read = Certificate.from_der(octets)
    except CertificateError:
        return
    assert read.to_der() == octets
    assert Certificate.from_tlv(read.to_tlv()) == read


@settings(max_examples=400)
@given(of("device"))
def test_any_octets_as_a_device_certificate_are_read_or_refused(octets):
    try:
        DeviceCertificate.from_der(octets)
    except CertificateError:
        return


@settings(max_examples=400)
@given(of("declaration"))
def test_any_octets_as_a_declaration_are_opened_or_refused(octets):
    try:
        open_declaration(octets)
    except DeclarationError:
        return


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_octets_as_a_stored_fabric_are_read_or_refused(octets):
    with pytest.raises((TlvError, CertificateError)):
        Fabric.decode(octets)


# Our own authority


def key(number):
    return KeyPair.from_scalar(number.to_bytes(32, "big"))


ROOT_KEY, ICA_KEY, NODE_KEY = key(101), key(102), key(103)
SINCE = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) - MATTER_EPOCH_S
FABRIC_ID = 0xFAB
SERIAL = b"\x40serial"
IPK = GroupKeySet(0, 0, (EpochKey(Secret(bytes(16)), 0),))
root = issue_root(ROOT_KEY, 1, serial=SERIAL, not_before=SINCE)
ica = issue_intermediate(ROOT_KEY, root, ICA_KEY.public, 2, serial=SERIAL, not_before=SINCE)


def node_certificate(**changes):
    issuer = changes.pop("issuer", ica)
    signer = changes.pop("signer", ICA_KEY)
    parts = {"node_id": 5, "fabric_id": FABRIC_ID, "serial": SERIAL, "not_before": SINCE} | changes
    return issue_node(signer, issuer, NODE_KEY.public, **parts)


@settings(max_examples=60)
@given(
    node_id=st.integers(1, 0xFFFF_FFEF_FFFF_FFFF),
    fabric_id=st.integers(1, (1 << 64) - 1),
    cats=st.lists(st.integers(0, 0xFFFF), max_size=3, unique=True),
    lifetime=st.integers(1, 0x7FFF_FFFF),
)
def test_what_we_issue_survives_both_forms_and_verifies(node_id, fabric_id, cats, lifetime):
    tags = tuple(identifier << 16 | 1 for identifier in cats)
    made = node_certificate(node_id=node_id, fabric_id=fabric_id, cats=tags, not_after=SINCE + lifetime)
    assert Certificate.from_tlv(made.to_tlv()) == made == Certificate.from_der(made.to_der())
    assert (made.node_id, made.fabric_id, made.cats) == (node_id, fabric_id, tags)
    assert len(made.to_tlv()) <= 400
    verify_chain(made, ica, root, now=SINCE)
    verify_chain(made, ica, root, now=SINCE + lifetime)
    with pytest.raises(CertificateError):
        verify_chain(made, ica, root, now=SINCE + lifetime + 1)
    with pytest.raises(CertificateError):
        verify_chain(made, ica, root, now=SINCE - 1)


def test_another_implementation_of_x509_reads_what_we_issue():
    issued = [x509.load_der_x509_certificate(part.to_der()) for part in (node_certificate(), ica, root)]
    for certificate, issuer in zip(issued, [*issued[1:], issued[-1]], strict=True):
        certificate.verify_directly_issued_by(issuer)
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    purposes = issued[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purposes.critical
    assert {purpose.dotted_string for purpose in purposes.value} == {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}


@pytest.mark.parametrize(
    "changes",
    [
        {"node_id": 0},
        {"node_id": 0xFFFF_FFF0_0000_0000},
        {"fabric_id": 0},
        {"cats": (0x0001_0000,)},
        {"cats": (0x0001_0001, 0x0001_0002)},
        {"cats": (0x0001_0001, 0x0002_0001, 0x0003_0001, 0x0004_0001)},
        {"not_after": SINCE - 5},
        {"signer": ROOT_KEY},
        {"issuer": root},
    ],
)
def test_a_node_certificate_that_breaks_a_rule_is_refused(changes):
    with pytest.raises(CertificateError):
        verify_chain(Certificate.from_tlv(node_certificate(**changes).to_tlv()), ica, root, now=None)


def test_authorities_of_another_fabric_are_refused():
    theirs = issue_root(ROOT_KEY, 1, serial=SERIAL, not_before=SINCE, fabric_id=FABRIC_ID + 1)
    made = node_certificate(issuer=theirs, signer=ROOT_KEY)
    with pytest.raises(CertificateError, match="fabric"):
        verify_chain(made, None, theirs, now=None)


def test_a_node_certificate_cannot_issue_another_one():
    first = node_certificate()
    second = issue_node(
        NODE_KEY, first, NODE_KEY.public, node_id=6, fabric_id=FABRIC_ID, serial=SERIAL, not_before=SINCE
    )
    with pytest.raises(CertificateError):
        verify_chain(second, first, root, now=None)
    with pytest.raises(CertificateError):
        check_root(first, now=None)


# Fabrics


def fabric(index, fabric_id=FABRIC_ID):
    return Fabric.create(
        index=index,
        root=root.to_tlv(),
        noc=node_certificate(fabric_id=fabric_id).to_tlv(),
        icac=ica.to_tlv(),
        key=NODE_KEY,
        vendor_id=0xFFF1,
        label="home",
        ipk=IPK,
    )


def test_a_fabric_survives_storage_and_shows_no_secret():
    made = fabric(3)
    again = Fabric.decode(made.encode())
    assert (again.index, again.fabric_id, again.node_id, again.label) == (3, FABRIC_ID, 5, "home")
    assert again.key.scalar == NODE_KEY.scalar
    assert again.compressed_id == made.compressed_id
    assert again.ipk == IPK
    assert NODE_KEY.scalar.hex() not in repr(made)


def test_a_fabric_of_another_key_is_refused():
    with pytest.raises(CertificateError, match="key"):
        Fabric.create(
            index=1,
            root=root.to_tlv(),
            noc=node_certificate().to_tlv(),
            icac=ica.to_tlv(),
            key=key(9),
            vendor_id=1,
            label="",
            ipk=IPK,
        )


def test_an_index_that_was_given_back_is_not_given_again_soon():
    table = FabricTable(5)
    for expected in (1, 2, 3):
        assert table.free_index() == expected
        table.add(fabric(expected))
    table.remove(3)
    assert table.free_index() == 4


def test_indices_start_again_behind_the_last_one():
    table = FabricTable(5)
    table.last_index = 254
    assert table.free_index() == 1
    table.add(fabric(1))
    assert table.free_index() == 2


def test_fabrics_from_the_store_do_not_move_the_index_given_last():
    table = FabricTable(5)
    table.last_index = 3
    for index in (1, 2):
        table.add(fabric(index))
    assert table.free_index() == 4


def test_a_full_table_has_no_index_and_takes_no_fabric():
    table = FabricTable(5)
    for index in range(1, 6):
        table.add(fabric(index))
    assert table.free_index() is None
    with pytest.raises(Misuse):
        table.add(fabric(6))


def test_a_fabric_is_found_by_root_and_id():
    table = FabricTable()
    table.add(fabric(1))
    table.add(fabric(2, FABRIC_ID + 1))
    found = table.find(root.public_key, FABRIC_ID + 1)
    assert found is not None
    assert found.index == 2
    assert table.find(ICA_KEY.public, FABRIC_ID) is None


# Access


INCLUDES = {1: {1}, 2: {1, 2}, 3: {1, 3}, 4: {1, 3, 4}, 5: {1, 2, 3, 4, 5}}
CAT = 0xFFFF_FFFD_0000_0000
node_ids = st.integers(1, 3)
tags = st.builds(lambda identifier, version: identifier << 16 | version, st.integers(1, 2), st.integers(1, 3))
modes = st.sampled_from([AuthMode.CASE, AuthMode.GROUP])
targets = st.builds(
    AccessTarget,
    cluster=st.none() | st.integers(1, 2),
    endpoint=st.none() | st.integers(0, 1),
    device_type=st.none() | st.integers(10, 11),
)
entries = st.builds(
    AccessEntry,
    fabric_index=st.integers(1, 2),
    privilege=st.sampled_from(list(Privilege)),
    auth_mode=modes,
    subjects=st.none() | st.lists(node_ids | tags.map(lambda tag: CAT | tag), max_size=3).map(tuple),
    targets=st.none() | st.lists(targets, max_size=3).map(tuple),
)
subjects = st.one_of(
    st.builds(
        Subject,
        auth_mode=st.just(AuthMode.CASE),
        fabric_index=st.integers(0, 2),
        node_id=node_ids,
        cats=st.lists(tags, max_size=3).map(tuple),
    ),
    st.builds(
        Subject, auth_mode=st.just(AuthMode.GROUP), fabric_index=st.integers(0, 2), node_id=node_ids, group_id=node_ids
    ),
)


def oracle(listed, subject, privilege, endpoint, cluster, device_types):
    """The words of Core 6.6.6, one rule after the other."""
    for entry in listed:
        if not subject.fabric_index or entry.fabric_index != subject.fabric_index:
            continue
        if entry.auth_mode != subject.auth_mode or privilege not in INCLUDES[entry.privilege]:
            continue
        names = {subject.group_id} if subject.auth_mode is AuthMode.GROUP else {subject.node_id}
        for cat in subject.cats:
            names |= {CAT | (cat >> 16) << 16 | version for version in range(1, (cat & 0xFFFF) + 1)}
        if entry.subjects and not names & set(entry.subjects):
            continue
        if not entry.targets:
            return True
        for target in entry.targets:
            if target.cluster not in {None, cluster} or target.endpoint not in {None, endpoint}:
                continue
            if target.device_type is None or target.device_type in device_types:
                return True
    return False


@settings(max_examples=400)
@given(
    st.lists(entries, max_size=6),
    st.lists(entries, max_size=6),
    subjects,
    st.sampled_from(list(Privilege)),
    st.integers(0, 1),
    st.integers(1, 2),
)
def test_access_is_decided_as_the_words_say_before_and_after_a_change(
    first, second, subject, privilege, endpoint, cluster
):
    device_types = (10,) if endpoint else (11,)
    access = AccessList()
    for listed in (first, second):
        for index in (1, 2):
            access.replace(index, [entry for entry in listed if entry.fabric_index == index])
        for _ in range(2):
            given_access = access.allows(subject, privilege, endpoint, cluster, device_types)
            assert given_access == oracle(listed, subject, privilege, endpoint, cluster, device_types)


def test_the_node_itself_and_a_commissioner_may_do_everything():
    access = AccessList()
    commissioner = Subject(AuthMode.PASE, 0, is_commissioning=True)
    for subject in (Subject(None, 0), commissioner):
        assert access.privileges_for(subject, 0, 1) == {1, 2, 3, 4, 5}
    assert not access.allows(Subject(AuthMode.PASE, 1), Privilege.VIEW, 0, 1)


def test_an_added_entry_counts_at_once():
    access = AccessList()
    ana = Subject(AuthMode.CASE, 1, 7)
    assert not access.allows(ana, Privilege.VIEW, 1, 1)
    access.add(AccessEntry(1, Privilege.OPERATE, AuthMode.CASE, (7,)))
    assert access.allows(ana, Privilege.OPERATE, 1, 1)
    assert not access.allows(ana, Privilege.MANAGE, 1, 1)
    assert access.entries(1)[0].subjects == (7,)


def entry(**changes):
    parts = {"fabric_index": 1, "privilege": Privilege.OPERATE, "auth_mode": AuthMode.CASE} | changes
    return AccessEntry(**parts)


@pytest.mark.parametrize(
    "allowed",
    [
        entry(),
        entry(subjects=(1, 0xFFFF_FFEF_FFFF_FFFF, CAT | 0x1_0001)),
        entry(auth_mode=AuthMode.GROUP, subjects=(1, 0xFFFF)),
        entry(privilege=Privilege.ADMINISTER, subjects=(1,)),
        entry(targets=(AccessTarget(cluster=0x0101), AccessTarget(endpoint=1, cluster=0xFFF1_FC00))),
        entry(targets=(AccessTarget(device_type=0x000A),)),
    ],
)
def test_an_entry_within_the_rules_may_be_written(allowed):
    check_entry(allowed)


@pytest.mark.parametrize(
    "refused",
    [
        entry(privilege=Privilege(9)),
        entry(auth_mode=AuthMode.PASE),
        entry(auth_mode=AuthMode.GROUP, privilege=Privilege.ADMINISTER),
        entry(auth_mode=AuthMode.GROUP, subjects=(0,)),
        entry(auth_mode=AuthMode.GROUP, subjects=(0x1_0000,)),
        entry(subjects=(0,)),
        entry(subjects=(0xFFFF_FFFF_FFFF_0001,)),
        entry(subjects=(CAT | 0x1_0000,)),
        entry(subjects=(1, 2, 3, 4, 5)),
        entry(targets=(AccessTarget(),)),
        entry(targets=(AccessTarget(endpoint=1, device_type=10),)),
        entry(targets=(AccessTarget(endpoint=0xFFFF),)),
        entry(targets=(AccessTarget(cluster=0x8000),)),
        entry(targets=(AccessTarget(device_type=0xC000),)),
        entry(targets=(AccessTarget(cluster=1),) * 4),
    ],
)
def test_an_entry_that_breaks_a_rule_is_refused(refused):
    with pytest.raises(Misuse):
        check_entry(refused)


def test_an_authentication_mode_that_does_not_exist_is_refused():
    with pytest.raises(Misuse):
        check_entry(entry(auth_mode=AuthMode(9)))
