"""A node is commissioned, completed, rolled back and left again."""

import pytest

from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.access_control import AccessControl
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.general_commissioning import (
    CommissioningErrorEnum,
    GeneralCommissioning,
    SetRegulatoryConfig,
)
from latchwork.matter.model.clusters.operational_credentials import (
    AttestationRequest,
    CsrRequest,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
    RemoveFabric,
    UpdateFabricLabel,
)
from latchwork.node.commissioning import BASIC

Error = CommissioningErrorEnum
Code = NodeOperationalCertStatusEnum


def fabrics(peer):
    return peer.read(OperationalCredentials.fabrics, OperationalCredentials, filtered=False)


def test_a_new_node_waits_for_a_commissioner_and_shows_no_window(house):
    assert house.node.window.kind == BASIC
    assert house.node.window.is_listening
    assert house.commissioner().read(OperationalCredentials.commissioned_fabrics, OperationalCredentials) == 0


def test_a_commissioned_node_knows_its_fabric_and_administrator(house, authority):
    admin = house.commission(authority)
    (fabric,) = fabrics(admin)
    assert (fabric.fabric_id, fabric.node_id, fabric.vendor_id) == (0x1111, 0x22, 0xFFF1)
    assert fabric.root_public_key == authority.key.public.raw
    (entry,) = admin.read(AccessControl.acl, AccessControl)
    assert (entry.privilege, entry.subjects, entry.targets) == (5, (0x99,), None)
    assert admin.read(OperationalCredentials.current_fabric_index, OperationalCredentials) == 1
    assert admin.read(OperationalCredentials.trusted_root_certificates, OperationalCredentials) == (
        authority.root.to_tlv(),
    )
    assert not house.node.fail_safe.is_armed
    assert not house.node.window.is_open


def test_a_pase_session_belongs_to_the_fabric_it_added(house, authority):
    peer = house.commissioner()
    answer = house.add_noc(peer, authority)
    assert answer.status_code == Code.OK
    assert peer.session.fabric_index == answer.fabric_index == 1
    assert peer.read(OperationalCredentials.current_fabric_index, OperationalCredentials) == 1


@pytest.mark.parametrize("node_id", [0, 0xFFFF_FFF0_0000_0000, 0xFFFF_FFFF_FFFF_0001, 0xFFFF_FFFD_0001_0001])
def test_a_certificate_whose_node_id_is_no_nodes_is_refused_as_such(house, authority, node_id):
    before = house.content()
    answer = house.add_noc(house.commissioner(), authority, node_id=node_id)
    assert answer.status_code == Code.INVALID_NODE_OP_ID
    assert answer.fabric_index is None
    assert len(house.node.fabrics) == 0
    assert house.content() == before


def test_the_last_operational_node_id_is_taken(house, authority):
    assert house.add_noc(house.commissioner(), authority, node_id=0xFFFF_FFEF_FFFF_FFFF).status_code == Code.OK


def test_the_first_access_entry_is_recorded_as_the_passcodes_doing(house, authority):
    admin = house.commission(authority)
    (event,) = admin.events(AccessControl, AccessControl.access_control_entry_changed)
    assert event.admin_node_id is None
    assert event.admin_passcode_id == 0
    assert event.fabric_index == 1


def test_completing_over_pase_is_refused(house, authority):
    peer = house.commissioner()
    with pytest.raises(StatusError) as refused:
        peer.invoke(GeneralCommissioning, GeneralCommissioning.commissioning_complete)
    assert refused.value.code == Status.UNSUPPORTED_ACCESS
    house.add_noc(peer, authority)
    answer = peer.invoke(GeneralCommissioning, GeneralCommissioning.commissioning_complete)
    assert answer.error_code == Error.INVALID_AUTHENTICATION


def test_completing_without_a_fail_safe_says_so(house, authority):
    admin = house.commission(authority)
    answer = admin.invoke(GeneralCommissioning, GeneralCommissioning.commissioning_complete)
    assert answer.error_code == Error.NO_FAIL_SAFE


def test_commands_that_need_the_fail_safe_are_refused_without_it(house, authority):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as refused:
        admin.invoke(OperationalCredentials, OperationalCredentials.csr_request, CsrRequest(csr_nonce=bytes(32)))
    assert refused.value.code == Status.FAILSAFE_REQUIRED


def test_an_administrator_cannot_arm_while_a_window_is_open(house, authority):
    admin = house.commission(authority)
    house.node.open_factory_window()
    assert house.arm(admin) == Error.BUSY_WITH_OTHER_ADMIN


def test_the_fail_safe_belongs_to_one_administrator(house, authority, other_authority):
    admin, other = house.commission(authority), house.commission(other_authority, admin=0x77)
    assert house.arm(admin) == Error.OK
    assert house.arm(other) == Error.BUSY_WITH_OTHER_ADMIN
    assert house.arm(admin, 0) == Error.OK
    assert house.arm(other) == Error.OK


def test_the_breadcrumb_is_kept_while_armed_and_gone_afterwards(house, authority):
    admin = house.commission(authority)
    house.arm(admin, 60, breadcrumb=7)
    assert admin.read(GeneralCommissioning.breadcrumb, GeneralCommissioning) == 7
    house.advance(61)
    assert admin.read(GeneralCommissioning.breadcrumb, GeneralCommissioning) == 0


def test_arming_again_extends_up_to_the_cumulative_limit(house, authority):
    admin = house.commission(authority)
    house.arm(admin, 600)
    house.advance(500)
    house.arm(admin, 600)
    house.advance(300)
    assert house.node.fail_safe.is_armed
    house.advance(101)
    assert not house.node.fail_safe.is_armed


def test_an_expired_fail_safe_leaves_nothing_of_an_added_fabric(house, authority):
    before = house.content()
    peer = house.commissioner()
    house.add_noc(peer, authority)
    house.advance(61)
    assert len(house.node.fabrics) == 0
    assert house.node.access.entries(1) == ()
    assert house.content() == before
    assert house.node.window.is_listening


def test_a_power_cut_during_commissioning_is_an_expiry(house, authority):
    before = house.content()
    house.add_noc(house.commissioner(), authority)
    house.reboot(power_cut=True)
    assert len(house.node.fabrics) == 0
    assert house.content() == before


def test_a_power_cut_after_completion_loses_nothing(house, authority):
    house.commission(authority)
    house.reboot(power_cut=True)
    admin = house.admin(1)
    (fabric,) = fabrics(admin)
    assert fabric.node_id == 0x22
    assert len(admin.read(AccessControl.acl, AccessControl)) == 1
    assert not house.node.window.is_open


def test_a_label_set_under_the_fail_safe_is_rolled_back(house, authority):
    admin = house.commission(authority)
    admin.invoke(OperationalCredentials, OperationalCredentials.update_fabric_label, UpdateFabricLabel(label="Home"))
    house.arm(admin)
    admin.invoke(OperationalCredentials, OperationalCredentials.update_fabric_label, UpdateFabricLabel(label="Away"))
    assert fabrics(admin)[0].label == "Away"
    house.advance(61)
    assert fabrics(admin)[0].label == "Home"


def test_the_regulatory_configuration_is_rolled_back(house, authority):
    admin = house.commission(authority)
    house.arm(admin)
    request = SetRegulatoryConfig(new_regulatory_config=0, country_code="AT", breadcrumb=3)
    answer = admin.invoke(GeneralCommissioning, GeneralCommissioning.set_regulatory_config, request)
    assert answer.error_code == Error.OK
    assert admin.read(GeneralCommissioning.regulatory_config, GeneralCommissioning) == 0
    house.arm(admin, 0)
    assert admin.read(GeneralCommissioning.regulatory_config, GeneralCommissioning) == 2


def test_two_fabrics_cannot_have_one_label(house, authority, other_authority):
    admin, other = house.commission(authority), house.commission(other_authority, admin=0x77)
    label = UpdateFabricLabel(label="Home")
    command = OperationalCredentials.update_fabric_label
    assert admin.invoke(OperationalCredentials, command, label).status_code == Code.OK
    assert other.invoke(OperationalCredentials, command, label).status_code == Code.LABEL_CONFLICT


def test_the_same_fabric_cannot_be_added_twice(house, authority):
    house.commission(authority)
    house.node.open_factory_window()
    answer = house.add_noc(house.commissioner(), authority, node_id=0x33)
    assert answer.status_code == Code.FABRIC_CONFLICT
    assert len(house.node.fabrics) == 1


def test_a_node_that_left_its_last_fabric_waits_for_a_commissioner(house, authority):
    admin = house.commission(authority)
    answer = admin.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=1))
    assert answer.status_code == Code.OK
    assert len(house.node.fabrics) == 0
    assert house.node.access.entries(1) == ()
    assert not house.store.keys("f/")
    assert house.node.window.is_listening


def test_leaving_is_recorded_for_those_who_stay(house, authority, other_authority):
    house.commission(authority)
    other = house.commission(other_authority, admin=0x77)
    other.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=1))
    (event,) = other.events(BasicInformation, BasicInformation.leave)
    assert event.fabric_index == 1
    assert [fabric.fabric_index for fabric in fabrics(other)] == [2]


def test_removing_a_fabric_that_is_not_there_says_so(house, authority):
    admin = house.commission(authority)
    answer = admin.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=9))
    assert answer.status_code == Code.INVALID_FABRIC_INDEX


def test_the_fabric_of_the_fail_safe_removed_under_it_does_not_come_back(house, authority, other_authority):
    admin, other = house.commission(authority), house.commission(other_authority, admin=0x77)
    house.arm(admin)
    other.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=1))
    assert not house.node.fail_safe.is_armed
    house.advance(100)
    house.reboot()
    assert [fabric.index for fabric in house.node.fabrics] == [2]


def test_too_many_failed_attempts_close_the_window(house):
    for _ in range(19):
        house.node.window.attempt_failed()
    assert house.node.window.is_open
    house.node.window.attempt_failed()
    assert not house.node.window.is_open


def test_attestation_is_signed_over_elements_and_challenge(house):
    peer = house.commissioner()
    nonce = bytes(range(32))
    answer = peer.invoke(
        OperationalCredentials, OperationalCredentials.attestation_request, AttestationRequest(attestation_nonce=nonce)
    )
    assert nonce in answer.attestation_elements
    assert len(answer.attestation_signature) == 64


def test_every_cluster_of_the_root_can_be_read(house, authority):
    report = house.commission(authority).read_all()
    assert not report.statuses
    assert all(value.is_typed for value in report.attributes)
