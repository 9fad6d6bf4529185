"""ICD Management as a peer sees it: who may register, and what comes of it."""

import pytest

from latchwork.base.errors import Bug
from latchwork.matter.interaction.client import AttributeQuery, read_request
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.icd_management import (
    ClientTypeEnum,
    IcdManagement,
    OperatingModeEnum,
    RegisterClient,
    StayActiveRequest,
    UnregisterClient,
)
from latchwork.matter.trust.access import AccessEntry, AuthMode, Privilege
from latchwork.node.behaviors.icd_management import IcdManagementBehavior
from latchwork.node.config import NodeConfig
from latchwork.node.icd import IcdConfig, Trigger

SHORT = IcdConfig(clients_per_fabric=2)
LONG = IcdConfig(
    is_long_idle=True,
    can_be_short=True,
    threshold_ms=5000,
    trigger=Trigger.RESET_BUTTON_SECONDS,
    trigger_instruction="5",
    slow_poll_ms=30_000,
)
KEY, OTHER = bytes(range(16)), bytes(range(16, 32))
MANAGER = 0x77


def registration(node_id=0x51, key=KEY, **changes):
    fields = {
        "check_in_node_id": node_id,
        "monitored_subject": node_id,
        "key": key,
        "client_type": ClientTypeEnum.PERMANENT,
    }
    return RegisterClient(**fields | changes)


def register(peer, *args, **changes):
    return peer.invoke(IcdManagement, IcdManagement.register_client, registration(*args, **changes)).icd_counter


def unregister(peer, node_id=0x51, **changes):
    peer.invoke(IcdManagement, IcdManagement.unregister_client, UnregisterClient(check_in_node_id=node_id, **changes))


def refusal(call, *args, **changes):
    with pytest.raises(StatusError) as caught:
        call(*args, **changes)
    return Status(caught.value.status)


@pytest.fixture
def sleepy(make_house):
    return make_house(NodeConfig(icd=SHORT))


@pytest.fixture
def long_idle(make_house):
    return make_house(NodeConfig(icd=LONG))


def behavior(house) -> IcdManagementBehavior:
    return house.node.endpoints[0].behavior(IcdManagementBehavior)


def manager(house, index):
    """Somebody who manages, but does not administer."""
    entry = AccessEntry(index, Privilege.MANAGE, AuthMode.CASE, (MANAGER,))
    house.node.members.set_entries(index, (*house.node.access.entries(index), entry))
    return house.admin(index, MANAGER)


def test_a_node_that_does_not_sleep_has_no_such_cluster(house):
    assert IcdManagement.id not in house.node.endpoints[0].clusters
    assert house.node.sleep is None


def test_it_says_how_it_sleeps(long_idle, authority):
    admin = long_idle.commission(authority)
    said = {
        attribute.name: admin.read(attribute, IcdManagement)
        for attribute in (
            IcdManagement.idle_mode_duration,
            IcdManagement.active_mode_duration,
            IcdManagement.active_mode_threshold,
            IcdManagement.clients_supported_per_fabric,
            IcdManagement.user_active_mode_trigger_hint,
            IcdManagement.user_active_mode_trigger_instruction,
            IcdManagement.operating_mode,
            IcdManagement.maximum_check_in_backoff,
        )
    }
    assert said == {
        "idle_mode_duration": 60,
        "active_mode_duration": 300,
        "active_mode_threshold": 5000,
        "clients_supported_per_fabric": 2,
        "user_active_mode_trigger_hint": Trigger.RESET_BUTTON_SECONDS,
        "user_active_mode_trigger_instruction": "5",
        "operating_mode": OperatingModeEnum.SIT,
        "maximum_check_in_backoff": 60,
    }
    assert behavior(long_idle).state.features == 0xF


def test_without_check_ins_there_is_nothing_to_register(make_house, authority):
    house = make_house(NodeConfig(icd=IcdConfig(has_check_in=False)))
    admin = house.commission(authority)
    assert behavior(house).state.features == 0
    assert refusal(register, admin) is Status.UNSUPPORTED_COMMAND
    assert admin.read(IcdManagement.idle_mode_duration, IcdManagement) == 60


def test_a_client_registers_and_is_listed_without_its_key(sleepy, authority):
    admin = sleepy.commission(authority)
    counter = register(admin)
    assert counter == admin.read(IcdManagement.icd_counter, IcdManagement)
    (listed,) = admin.read(IcdManagement.registered_clients, IcdManagement)
    assert (listed.check_in_node_id, listed.monitored_subject, listed.client_type) == (0x51, 0x51, 0)
    assert listed.fabric_index == admin.session.fabric_index


def test_a_registration_can_be_changed(sleepy, authority):
    admin = sleepy.commission(authority)
    register(admin)
    register(admin, key=OTHER, monitored_subject=0x52, client_type=ClientTypeEnum.EPHEMERAL)
    (client,) = behavior(sleepy).registrations.of(admin.session.fabric_index)
    assert bytes(client.key) == OTHER
    assert (client.monitored_subject, client.client_type) == (0x52, 1)


def test_a_fabric_has_as_many_clients_as_it_may_have(sleepy, authority, other_authority):
    admin, other = sleepy.commission(authority), sleepy.commission(other_authority)
    register(admin, 1)
    register(admin, 2)
    assert refusal(register, admin, 3) is Status.RESOURCE_EXHAUSTED
    register(admin, 2)
    register(other, 3)
    unregister(admin, 1)
    register(admin, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_type": ClientTypeEnum(2)},
        {"node_id": 0},
        {"node_id": 0xFFFF_FFFF_FFFF_FFFF},
        {"key": bytes(15)},
        {"key": bytes(17)},
        {"verification_key": bytes(15)},
    ],
)
def test_impossible_values_break_a_constraint(sleepy, authority, wrong):
    admin = sleepy.commission(authority)
    assert refusal(register, admin, **wrong) is Status.CONSTRAINT_ERROR
    assert behavior(sleepy).registrations.of(admin.session.fabric_index) == []


def test_who_does_not_administer_needs_the_key_to_change_a_registration(sleepy, authority):
    admin = sleepy.commission(authority)
    peer = manager(sleepy, admin.session.fabric_index)
    register(peer)  # the first time there is no key to know
    assert refusal(register, peer, key=OTHER) is Status.FAILURE
    assert refusal(register, peer, key=OTHER, verification_key=OTHER) is Status.FAILURE
    register(peer, key=OTHER, verification_key=KEY)
    assert refusal(register, peer, verification_key=KEY) is Status.FAILURE
    register(admin, verification_key=KEY)  # an administrator may be wrong


def test_who_does_not_administer_needs_the_key_to_unregister(sleepy, authority):
    admin = sleepy.commission(authority)
    peer = manager(sleepy, admin.session.fabric_index)
    register(admin)
    assert refusal(unregister, peer) is Status.FAILURE
    assert refusal(unregister, peer, verification_key=OTHER) is Status.FAILURE
    unregister(peer, verification_key=KEY)
    assert refusal(unregister, peer, verification_key=KEY) is Status.NOT_FOUND
    register(admin)
    unregister(admin)
    assert refusal(unregister, admin) is Status.NOT_FOUND


def test_registering_takes_more_than_operating(sleepy, authority):
    admin = sleepy.commission(authority)
    index = admin.session.fabric_index
    entry = AccessEntry(index, Privilege.OPERATE, AuthMode.CASE, (0x55,))
    sleepy.node.members.set_entries(index, (*sleepy.node.access.entries(index), entry))
    assert refusal(register, sleepy.admin(index, 0x55)) is Status.UNSUPPORTED_ACCESS


def test_fabrics_do_not_see_each_others_clients(sleepy, authority, other_authority):
    admin, other = sleepy.commission(authority), sleepy.commission(other_authority)
    register(admin)
    assert other.read(IcdManagement.registered_clients, IcdManagement) == ()
    assert refusal(unregister, other) is Status.NOT_FOUND
    query = AttributeQuery(0, IcdManagement.id, IcdManagement.registered_clients.id)
    (unfiltered,) = other.report(read_request([query], fabric_filtered=False)).attributes
    assert unfiltered.value == [{254: admin.session.fabric_index}]  # that there is one, but not who


@pytest.mark.parametrize("power_cut", [False, True])
def test_clients_and_counter_survive_a_restart(sleepy, authority, power_cut):
    admin = sleepy.commission(authority)
    before = register(admin)
    sleepy.reboot(power_cut=power_cut)
    again = sleepy.admin(admin.session.fabric_index)
    (client,) = behavior(sleepy).registrations.of(admin.session.fabric_index)
    assert bytes(client.key) == KEY
    assert 0 < (again.read(IcdManagement.icd_counter, IcdManagement) - before) % 2**32 <= 100


def test_a_fabric_takes_its_clients_along(sleepy, authority, other_authority):
    admin, other = sleepy.commission(authority), sleepy.commission(other_authority)
    register(admin)
    register(other)
    sleepy.node.leave(admin.session.fabric_index)
    assert [index for index, _ in behavior(sleepy).registrations] == [other.session.fabric_index]
    assert not sleepy.store.keys(f"f/{admin.session.fabric_index}/")
    sleepy.reboot(power_cut=True)
    assert [index for index, _ in behavior(sleepy).registrations] == [other.session.fabric_index]


def test_it_is_a_long_idle_device_while_a_client_is_registered(long_idle, authority):
    admin = long_idle.commission(authority)
    sleep = long_idle.node.sleep

    def mode():
        return admin.read(IcdManagement.operating_mode, IcdManagement)

    assert (mode(), sleep.slow_poll_s) == (OperatingModeEnum.SIT, 15.0)
    register(admin)
    assert (mode(), sleep.slow_poll_s) == (OperatingModeEnum.LIT, 30.0)
    assert long_idle.node.session_parameters().idle_interval_ms == 30_000
    long_idle.reboot()
    sleep = long_idle.node.sleep
    admin = long_idle.admin(admin.session.fabric_index)
    assert (mode(), sleep.slow_poll_s) == (OperatingModeEnum.LIT, 30.0)
    behavior(long_idle).be_short(True)
    assert (mode(), sleep.slow_poll_s) == (OperatingModeEnum.SIT, 15.0)
    behavior(long_idle).be_short(False)
    assert mode() == OperatingModeEnum.LIT
    unregister(admin)
    assert mode() == OperatingModeEnum.SIT


def test_a_device_of_one_kind_cannot_change_it(sleepy):
    with pytest.raises(Bug):
        behavior(sleepy).be_short(True)


def test_a_client_asks_it_to_stay_awake(sleepy, authority):
    admin = sleepy.commission(authority)

    def ask(wanted_ms):
        request = StayActiveRequest(stay_active_duration=wanted_ms)
        response = admin.invoke(IcdManagement, IcdManagement.stay_active_request, request)
        return response.promised_active_duration

    assert ask(10_000) == 10_000
    assert ask(1000) == 10_000
    assert ask(60_000) == 30_000
    sleepy.clock.advance(10)
    assert ask(1000) == 20_000


def test_what_a_lost_commissioner_registered_is_gone(sleepy, authority):
    peer = sleepy.commissioner()
    index = sleepy.add_noc(peer, authority).fabric_index
    register(sleepy.admin(index))
    sleepy.advance(61)
    assert not behavior(sleepy).registrations
    assert not sleepy.store.keys(f"f/{index}/")


def test_subscriptions_report_when_it_wakes_anyway(make_house, authority):
    house = make_house(NodeConfig(icd=IcdConfig(idle_s=300)))
    admin = house.commission(authority)
    chosen = []
    for least, most in ((0, 60), (0, 700), (301, 400), (0, 300), (4000, 5000)):
        admin.subscribe(IcdManagement, IcdManagement.idle_mode_duration, least=least, most=most)
        (subscription,) = list(house.node.server.subscriptions)
        chosen.append(subscription.max_interval)
        house.node.server.subscriptions.drop(subscription)
    assert chosen == [300, 600, 600, 300, 4000]
