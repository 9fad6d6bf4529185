"""A factory reset: nothing is left of anybody, and the device is still itself."""

import pytest
from tests.node.conftest import entropy_from

from latchwork.base.clock import ManualClock
from latchwork.base.errors import Misuse
from latchwork.matter.model.clusters.administrator_commissioning import AdministratorCommissioning
from latchwork.matter.model.clusters.identify import IdentifyTypeEnum
from latchwork.node.behaviors.basic_information import BasicInformationBehavior
from latchwork.node.behaviors.identify import IdentifyBehavior, identify
from latchwork.node.commissioning import BASIC, ENHANCED
from latchwork.node.config import NodeConfig
from latchwork.node.node import EVENT_NUMBERS, Node
from latchwork.node.reset import FactoryState
from latchwork.store.kv import MemoryStore


class Made:
    def __init__(self, store=None):
        self.clock = ManualClock()
        self.store = store or MemoryStore()
        self.node = Node(NodeConfig(), self.store, clock=self.clock, entropy=entropy_from("reset"))
        self.node.add_endpoint(1, {}, [self._identify])
        self.factory = FactoryState(self.node)
        self.node.start_local()

    @staticmethod
    def _identify(endpoint):
        return IdentifyBehavior(endpoint, identify(IdentifyTypeEnum.NONE, endpoint.node.config.spec))

    @property
    def label(self):
        return self.node.endpoints[0].behavior(BasicInformationBehavior).state.node_label

    def name_it(self, name):
        with self.node.turn():
            self.node.endpoints[0].behavior(BasicInformationBehavior).state.node_label = name


def test_settings_are_as_they_left_the_factory_also_after_a_restart():
    made = Made()
    made.name_it("Front door")
    made.factory.restore()
    assert made.label == ""
    assert Made(made.store).label == ""


def test_a_value_from_before_the_start_is_no_factory_value():
    first = Made()
    first.name_it("Front door")
    second = Made(first.store)
    assert second.label == "Front door"
    second.factory.restore()
    assert second.label == ""


def test_the_device_stays_who_it_is():
    made = Made()
    identity, credentials = made.node.identity, made.node.pase_credentials()
    made.factory.restore()
    again = Made(made.store).node
    assert again.identity.encode() == identity.encode()
    assert again.pase_credentials().salt == credentials.salt


def test_nothing_else_is_left_in_the_store():
    made = Made()
    made.node.ledger.put("lock/1/user/1", b"Ann")
    made.node.ledger.put("elsewhere", b"x")
    made.factory.restore()
    left = {key.split("/")[0] for key in made.store.keys("")}
    assert left <= {"identity", "events", "seal", "a"}


def test_events_are_gone_and_their_numbers_go_on():
    made = Made()
    before = made.node.events.next_number
    assert len(made.node.events) > 0
    made.factory.restore()
    assert len(made.node.events) == 0
    assert made.node.events.next_number >= before
    assert made.store.get(EVENT_NUMBERS) is not None


def test_the_window_is_open_for_the_first_commissioner():
    made = Made()
    made.node.window.open(ENHANCED, made.node.pase_credentials(), 7, seconds=300, fabric=1, vendor=0xFFF1)
    made.factory.restore()
    assert made.node.window.kind == BASIC
    assert made.node.window.opener_vendor is None
    assert made.node.window.closes_at == made.clock.now + made.node.config.window_seconds


def test_a_fail_safe_that_was_armed_is_over():
    made = Made()
    made.node.pase_established()
    assert made.node.fail_safe.is_armed
    made.factory.restore()
    assert not made.node.fail_safe.is_armed
    assert made.node.window.is_listening


def test_what_a_node_was_cannot_be_seen_after_it_started():
    made = Made()
    with pytest.raises(Misuse):
        FactoryState(made.node)


# the window that a button opens


def test_a_window_can_be_prolonged_and_stays_whose_it_was():
    made = Made()
    window = made.node.window
    window.open(ENHANCED, made.node.pase_credentials(), 7, seconds=300, fabric=1, vendor=0xFFF1)
    made.clock.advance(200)
    window.prolong(600)
    assert window.closes_at == made.clock.now + 600
    assert (window.kind, window.discriminator, window.opener_vendor) == (ENHANCED, 7, 0xFFF1)
    made.clock.advance(599)
    made.node.run_due()
    assert window.is_open
    made.clock.advance(1)
    made.node.run_due()
    assert not window.is_open
    window.prolong(600)
    assert not window.is_open
    assert window.closes_at is None


def test_a_window_that_no_administrator_opened_is_not_one_of_the_cluster():
    made = Made()
    behavior = made.node.endpoints[0].clusters[AdministratorCommissioning.id]
    assert made.node.window.is_open
    assert behavior.read_window_status(None) == 0
    assert behavior.read_admin_vendor_id(None) is None
