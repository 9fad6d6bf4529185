"""Access control lists, commissioning windows and certificates as administrators use them."""

import pytest

from latchwork.matter.crypto.keys import parse_csr
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.access_control import (
    AccessControl,
    AccessControlEntryStruct,
    AccessControlExtensionStruct,
    AccessControlTargetStruct,
)
from latchwork.matter.model.clusters.administrator_commissioning import (
    AdministratorCommissioning,
    OpenBasicCommissioningWindow,
    OpenCommissioningWindow,
)
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.operational_credentials import (
    AddNoc,
    AddTrustedRootCertificate,
    AttestationRequest,
    CsrRequest,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
    RemoveFabric,
    SetVidVerificationStatement,
    SignVidVerificationRequest,
    UpdateFabricLabel,
    UpdateNoc,
)
from latchwork.matter.tlv.elements import decode
from latchwork.node.commissioning import ENHANCED

Code = NodeOperationalCertStatusEnum
Admin = AdministratorCommissioning


def entry(privilege=5, auth_mode=2, subjects=(0x99,), targets=None):
    return AccessControlEntryStruct(
        privilege=privilege, auth_mode=auth_mode, subjects=subjects, targets=targets, fabric_index=1
    )


def test_an_access_list_replaces_only_the_writers_entries(house, authority, other_authority):
    admin, other = house.commission(authority), house.commission(other_authority, admin=0x77)
    target = AccessControlTargetStruct(cluster=0x101, endpoint=1, device_type=None)
    admin.write(AccessControl, AccessControl.acl, (entry(), entry(3, subjects=(0x55,), targets=(target,))))
    mine = admin.read(AccessControl.acl, AccessControl)
    assert [item.privilege for item in mine] == [5, 3]
    assert mine[1].targets == (target,)
    assert [item.subjects for item in other.read(AccessControl.acl, AccessControl)] == [(0x77,)]


def test_each_written_entry_is_recorded_with_its_writer(house, authority):
    admin = house.commission(authority)
    admin.write(AccessControl, AccessControl.acl, (entry(), entry(3, subjects=(0x55,))))
    admin.write(AccessControl, AccessControl.acl, (entry(),))
    events = admin.events(AccessControl, AccessControl.access_control_entry_changed)[1:]
    assert [event.change_type for event in events] == [0, 1, 0, 2]
    assert {event.admin_node_id for event in events} == {0x99}
    assert {event.admin_passcode_id for event in events} == {None}


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (entry(auth_mode=1), Status.CONSTRAINT_ERROR),
        (entry(auth_mode=3, subjects=(1,)), Status.CONSTRAINT_ERROR),
        (entry(privilege=9), Status.CONSTRAINT_ERROR),
        (entry(auth_mode=9), Status.CONSTRAINT_ERROR),
        (entry(subjects=(0,)), Status.CONSTRAINT_ERROR),
        (entry(subjects=(1, 2, 3, 4, 5)), Status.RESOURCE_EXHAUSTED),
    ],
)
def test_a_wrong_entry_changes_nothing(house, authority, wrong, status):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        admin.write(AccessControl, AccessControl.acl, (entry(), wrong))
    assert refused.value.code == status
    assert len(admin.read(AccessControl.acl, AccessControl)) == 1


def test_more_entries_than_a_fabric_has_are_refused(house, authority):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        admin.write(AccessControl, AccessControl.acl, tuple(entry(subjects=(n,)) for n in range(1, 7)))
    assert refused.value.code == Status.RESOURCE_EXHAUSTED


def test_an_access_list_survives_a_restart_and_rolls_back_with_its_fail_safe(house, authority):
    admin = house.commission(authority)
    admin.write(AccessControl, AccessControl.acl, (entry(), entry(3, subjects=(0x55,))))
    house.arm(admin)
    admin.write(AccessControl, AccessControl.acl, (entry(),))
    house.reboot(power_cut=True)
    assert [e.privilege for e in house.admin(1).read(AccessControl.acl, AccessControl)] == [5, 3]


def test_names_survive_a_restart(house, authority):
    admin = house.commission(authority)
    admin.write(BasicInformation, BasicInformation.node_label, "Front door")
    admin.write(BasicInformation, BasicInformation.location, "AT")
    house.reboot(power_cut=True)
    admin = house.admin(1)
    assert admin.read(BasicInformation.node_label, BasicInformation) == "Front door"
    assert admin.read(BasicInformation.location, BasicInformation) == "AT"


def test_a_label_written_under_another_fail_safe_is_not_rolled_back(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    admin.write(BasicInformation, BasicInformation.node_label, "Front door")
    house.advance(61)
    assert admin.read(BasicInformation.node_label, BasicInformation) == "Front door"


# Windows


def enhanced(seconds=180, iterations=1000, salt=bytes(16), verifier=None, discriminator=3):
    made = verifier or Verifier.from_passcode(34567890, bytes(16), 1000).encode()
    return OpenCommissioningWindow(
        commissioning_timeout=seconds,
        pake_passcode_verifier=made,
        discriminator=discriminator,
        iterations=iterations,
        salt=salt,
    )


def open_enhanced(peer, **changes):
    peer.invoke(Admin, Admin.open_commissioning_window, enhanced(**changes), timed=True)


def test_an_enhanced_window_shows_who_opened_it_and_closes_by_itself(house, authority):
    admin = house.commission(authority)
    open_enhanced(admin)
    assert house.node.window.kind == ENHANCED
    assert house.node.window.discriminator == 3
    assert admin.read(Admin.window_status, Admin) == 1
    assert admin.read(Admin.admin_fabric_index, Admin) == 1
    assert admin.read(Admin.admin_vendor_id, Admin) == 0xFFF1
    house.advance(181)
    assert admin.read(Admin.window_status, Admin) == 0
    assert admin.read(Admin.admin_fabric_index, Admin) is None


def test_a_basic_window_uses_the_nodes_own_passcode(house, authority):
    admin = house.commission(authority)
    request = OpenBasicCommissioningWindow(commissioning_timeout=180)
    admin.invoke(Admin, Admin.open_basic_commissioning_window, request, timed=True)
    assert admin.read(Admin.window_status, Admin) == 2
    assert house.node.window.discriminator == house.config.discriminator


def test_a_second_window_is_refused_as_busy(house, authority):
    admin = house.commission(authority)
    open_enhanced(admin)
    with pytest.raises(StatusError) as refused:
        open_enhanced(admin)
    assert (refused.value.code, refused.value.cluster_status) == (Status.FAILURE, 2)


def test_no_window_opens_while_the_fail_safe_is_armed(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    with pytest.raises(StatusError) as refused:
        open_enhanced(admin)
    assert refused.value.cluster_status == 2


@pytest.mark.parametrize(
    ("changes", "status", "cluster_status"),
    [
        ({"seconds": 179}, Status.INVALID_COMMAND, None),
        ({"seconds": 901}, Status.INVALID_COMMAND, None),
        ({"verifier": bytes(97)}, Status.FAILURE, 3),
    ],
)
def test_a_window_with_wrong_parameters_is_refused(house, authority, changes, status, cluster_status):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        open_enhanced(admin, **changes)
    assert (refused.value.code, refused.value.cluster_status) == (status, cluster_status)
    assert not house.node.window.is_open


def test_revoking_closes_the_window_and_undoes_the_commissioner(house, authority, other_authority):
    admin = house.commission(authority)
    open_enhanced(admin)
    house.add_noc(house.commissioner(), other_authority)
    assert len(house.node.fabrics) == 2
    admin.invoke(Admin, Admin.revoke_commissioning, timed=True)
    assert len(house.node.fabrics) == 1
    assert not house.node.window.is_open
    with pytest.raises(StatusError) as refused:
        admin.invoke(Admin, Admin.revoke_commissioning, timed=True)
    assert refused.value.cluster_status == 4


# Certificates


def update_csr(admin, *, is_update=True):
    answer = admin.invoke(
        OperationalCredentials,
        OperationalCredentials.csr_request,
        CsrRequest(csr_nonce=bytes(32), is_for_update_noc=is_update),
    )
    return parse_csr(decode(answer.nocsr_elements)[1])


def update_noc(admin, noc):
    request = UpdateNoc(noc_value=noc)
    return admin.invoke(OperationalCredentials, OperationalCredentials.update_noc, request)


def node_ids(admin):
    return [fabric.node_id for fabric in admin.read(OperationalCredentials.fabrics, OperationalCredentials)]


def test_an_updated_certificate_lasts_when_completed_and_goes_when_not(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    assert update_noc(admin, authority.noc(update_csr(admin), 0x44)).status_code == Code.OK
    assert node_ids(admin) == [0x44]
    house.advance(61)
    assert node_ids(admin) == [0x22]


def test_an_update_needs_a_key_that_was_made_for_it(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    assert update_noc(admin, authority.noc(authority.key.public)).status_code == Code.MISSING_CSR
    key = update_csr(admin, is_update=False)
    with pytest.raises(StatusError) as refused:
        update_noc(admin, authority.noc(key))
    assert refused.value.code == Status.CONSTRAINT_ERROR


def test_an_update_with_anothers_key_or_root_is_refused(house, authority, other_authority):
    admin = house.commission(authority)
    house.arm(admin)
    key = update_csr(admin)
    assert update_noc(admin, authority.noc(authority.key.public)).status_code == Code.INVALID_PUBLIC_KEY
    assert update_noc(admin, other_authority.noc(key)).status_code == Code.INVALID_NOC


def test_an_update_to_a_node_id_that_is_no_nodes_is_refused_as_such(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    noc = authority.noc(update_csr(admin), 0xFFFF_FFF0_0000_0000)
    assert update_noc(admin, noc).status_code == Code.INVALID_NODE_OP_ID
    assert node_ids(admin) == [0x22]


def test_an_update_after_a_new_root_is_refused(house, authority, other_authority):
    admin = house.commission(authority)
    house.arm(admin)
    key = update_csr(admin)
    root = AddTrustedRootCertificate(root_ca_certificate=other_authority.root.to_tlv())
    admin.invoke(OperationalCredentials, OperationalCredentials.add_trusted_root_certificate, root)
    assert len(admin.read(OperationalCredentials.trusted_root_certificates, OperationalCredentials)) == 2
    assert update_noc(admin, authority.noc(key)).status_code == Code.MISSING_CSR
    with pytest.raises(StatusError) as refused:
        admin.invoke(OperationalCredentials, OperationalCredentials.add_trusted_root_certificate, root)
    assert refused.value.code == Status.CONSTRAINT_ERROR
    house.advance(61)
    assert len(admin.read(OperationalCredentials.trusted_root_certificates, OperationalCredentials)) == 1


def test_a_root_that_is_none_is_refused(house):
    peer = house.commissioner()
    with pytest.raises(StatusError) as refused:
        peer.invoke(
            OperationalCredentials,
            OperationalCredentials.add_trusted_root_certificate,
            AddTrustedRootCertificate(root_ca_certificate=b"\x15\x18"),
        )
    assert refused.value.code == Status.INVALID_COMMAND


@pytest.mark.parametrize(
    ("command", "request_"),
    [
        (OperationalCredentials.attestation_request, AttestationRequest(attestation_nonce=bytes(33))),
        (OperationalCredentials.attestation_request, AttestationRequest(attestation_nonce=bytes(31))),
        (OperationalCredentials.csr_request, CsrRequest(csr_nonce=bytes(33))),
        (
            OperationalCredentials.add_trusted_root_certificate,
            AddTrustedRootCertificate(root_ca_certificate=bytes(401)),
        ),
        (
            OperationalCredentials.add_noc,
            AddNoc(noc_value=bytes(401), ipk_value=bytes(16), case_admin_subject=1, admin_vendor_id=1),
        ),
        (OperationalCredentials.update_noc, UpdateNoc(noc_value=bytes(401))),
        (OperationalCredentials.update_fabric_label, UpdateFabricLabel(label="x" * 33)),
        (OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=0)),
    ],
)
def test_a_credential_of_the_wrong_length_makes_the_whole_command_invalid(house, authority, command, request_):
    admin = house.commission(authority)
    house.arm(admin)
    with pytest.raises(StatusError) as refused:
        admin.invoke(OperationalCredentials, command, request_)
    assert refused.value.code == Status.INVALID_COMMAND


def test_an_update_over_pase_is_refused(house):
    with pytest.raises(StatusError) as refused:
        update_noc(house.commissioner(), b"\x15\x18")
    assert refused.value.code == Status.UNSUPPORTED_ACCESS


def test_a_vendor_id_is_signed_with_the_operational_key(house, authority):
    admin = house.commission(authority)
    statement = bytes([0x21]) + bytes(84)
    admin.invoke(
        OperationalCredentials,
        OperationalCredentials.set_vid_verification_statement,
        SetVidVerificationStatement(vid_verification_statement=statement),
    )
    challenge = bytes(range(32))
    answer = admin.invoke(
        OperationalCredentials,
        OperationalCredentials.sign_vid_verification_request,
        SignVidVerificationRequest(fabric_index=1, client_challenge=challenge),
    )
    fabric = house.node.fabrics.get(1)
    binding = b"\x01" + authority.key.public.raw + (0x1111).to_bytes(8, "big") + b"\xff\xf1"
    message = b"\x01" + challenge + bytes(admin.session.attestation_challenge) + b"\x01" + binding + statement
    fabric.key.public.verify(message, answer.signature)
    house.reboot(power_cut=True)
    (shown,) = house.admin(1).read(OperationalCredentials.fabrics, OperationalCredentials)
    assert shown.vid_verification_statement == statement


def test_a_fabric_keeps_one_extension_beside_its_list(house, authority):
    admin = house.commission(authority)
    extension = AccessControl.extension
    empty = AccessControlExtensionStruct(data=b"\x17\x18", fabric_index=1)
    admin.write(AccessControl, extension, (empty,))
    no_extensions = (b"\x15\x18", b"\x37\x01\x18", b"\x17\x18\xff", b"\x17", b"", b"\x17\x24\x00\x01\x18")
    for wrong in ((empty, empty), *((empty.replace(data=data),) for data in no_extensions)):
        with pytest.raises(StatusError) as refused:
            admin.write(AccessControl, extension, wrong)
        assert refused.value.code == Status.CONSTRAINT_ERROR
    house.reboot(power_cut=True)
    admin = house.admin(1)
    assert admin.read(extension, AccessControl) == (empty,)
    admin.write(AccessControl, extension, ())
    (removed,) = admin.events(AccessControl, AccessControl.access_control_extension_changed)[-1:]
    assert removed.change_type == 2
    assert admin.read(extension, AccessControl) == ()
