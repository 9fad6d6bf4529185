"""The requestor's cluster: what administrators may tell it, and what it makes of a restart; downloads are in the stories."""

import pytest

from latchwork.base.errors import Misuse
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.descriptor import Descriptor
from latchwork.matter.model.clusters.operational_credentials import OperationalCredentials, RemoveFabric
from latchwork.matter.model.clusters.ota_software_update_provider import QueryImageResponse, StatusEnum
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    AnnouncementReasonEnum,
    AnnounceOtaProvider,
    OtaSoftwareUpdateRequestor,
    ProviderLocation,
    UpdateStateEnum,
)
from latchwork.node.behaviors.ota_requestor import ANNOUNCED_WITHIN_S, ATTEMPT, URGENT_WITHIN_S, make_updatable
from latchwork.node.config import NodeConfig
from latchwork.node.firmware import Firmware
from latchwork.node.node import Node
from latchwork.node.updating import Attempt, BadOffer, Offer

REQUESTOR = OtaSoftwareUpdateRequestor
REASON = AnnouncementReasonEnum


class FakeSlots:
    """Slots that remember what was asked of them."""

    def __init__(self):
        self.running = None
        self.calls = []

    def is_ready(self, _key):
        return False

    def begin(self, key, _check):
        self.calls.append(("begin", key))
        return 0

    def append(self, data):
        self.calls.append(("append", len(data)))

    def finish(self):
        return Firmware(2, "2")

    def activate(self):
        self.calls.append(("activate",))

    def discard(self):
        self.calls.append(("discard",))


@pytest.fixture
def house(make_house):
    class Updatable(make_house):
        def _boot(self):
            node = Node(self.config, self.store, clock=self.clock, entropy=self.entropy)
            self.slots, self.restarts, self.begun = FakeSlots(), [], []
            self.requestor = make_updatable(node, self.slots, lambda: self.restarts.append(self.clock.now))
            node.start_local()
            return node

        def watch(self, monkeypatch):
            """Note whom it begins to ask, and when; there is no network here."""

            def begin(_self, work, location):
                work.close()
                self.begun.append((self.clock.now, location))

            monkeypatch.setattr(type(self.requestor), "_begin", begin)

    return Updatable()


def announce(peer, reason=REASON.UPDATE_AVAILABLE, node_id=0x99):
    request = AnnounceOtaProvider(provider_node_id=node_id, vendor_id=1, announcement_reason=reason, endpoint=3)
    peer.invoke(REQUESTOR, REQUESTOR.announce_ota_provider, request)


def location(node_id, fabric_index=None, endpoint=0):
    return ProviderLocation(provider_node_id=node_id, endpoint=endpoint, fabric_index=fabric_index)


def test_an_idle_node_says_so(house, authority):
    admin = house.commission(authority)
    assert admin.read(REQUESTOR.update_state, REQUESTOR) == UpdateStateEnum.IDLE
    assert admin.read(REQUESTOR.update_state_progress, REQUESTOR) is None
    assert admin.read(REQUESTOR.update_possible, REQUESTOR) is True
    assert admin.read(REQUESTOR.default_ota_providers, REQUESTOR) == ()


def test_the_root_is_an_ota_requestor_that_uses_a_provider(house, authority):
    admin = house.commission(authority)
    assert 0x12 in [each.device_type for each in admin.read(Descriptor.device_type_list, Descriptor)]
    assert 0x2A in admin.read(Descriptor.server_list, Descriptor)
    assert admin.read(Descriptor.client_list, Descriptor) == (0x29,)


def test_a_node_is_made_updatable_once(house):
    with pytest.raises(Misuse):
        make_updatable(house.node, FakeSlots(), lambda: None)


@pytest.mark.parametrize(
    ("reason", "within"),
    [(REASON.UPDATE_AVAILABLE, ANNOUNCED_WITHIN_S), (REASON.URGENT_UPDATE_AVAILABLE, URGENT_WITHIN_S)],
)
def test_an_announced_provider_is_asked_after_a_random_time(house, authority, monkeypatch, reason, within):
    house.watch(monkeypatch)
    admin, times = house.commission(authority), set()
    for _ in range(5):
        announced, count = house.clock.now, len(house.begun)
        announce(admin, reason)
        while len(house.begun) == count:
            house.advance(1)
        when, asked = house.begun[-1]
        assert asked == location(0x99, 1, endpoint=3)
        assert 1 <= when - announced <= within + 2
        times.add(when - announced)
    assert len(times) > 1


def test_a_mere_announcement_is_remembered_for_the_daily_round(house, authority, monkeypatch):
    house.watch(monkeypatch)
    admin = house.commission(authority)
    announce(admin, REASON.SIMPLE_ANNOUNCEMENT)
    house.advance(80_000)
    assert house.begun == []
    house.advance(7000)
    assert [asked for _, asked in house.begun] == [location(0x99, 1, endpoint=3)]


def test_a_node_that_cannot_update_now_asks_nobody(house, authority, monkeypatch):
    house.watch(monkeypatch)
    admin = house.commission(authority)
    house.requestor.allow(False)
    announce(admin, REASON.URGENT_UPDATE_AVAILABLE)
    house.advance(60)
    assert house.begun == []
    assert admin.read(REQUESTOR.update_possible, REQUESTOR) is False


def test_default_providers_of_all_fabrics_take_turns(house, authority, other_authority, monkeypatch):
    house.watch(monkeypatch)
    one, two = house.commission(authority), house.commission(other_authority, admin=0x77)
    one.write(REQUESTOR, REQUESTOR.default_ota_providers, (location(0x11),))
    two.write(REQUESTOR, REQUESTOR.default_ota_providers, (location(0x22),))
    for _ in range(4):
        house.advance(86_401)
    assert [asked.provider_node_id for _, asked in house.begun] == [0x22, 0x11, 0x22, 0x11]
    assert [asked.fabric_index for _, asked in house.begun] == [2, 1, 2, 1]


def test_default_providers_are_one_for_each_fabric_and_survive_a_restart(house, authority, other_authority):
    one, two = house.commission(authority), house.commission(other_authority, admin=0x77)
    one.write(REQUESTOR, REQUESTOR.default_ota_providers, (location(0x11),))
    two.write(REQUESTOR, REQUESTOR.default_ota_providers, (location(0x22),))
    house.reboot()
    one = house.admin(1)
    assert one.read(REQUESTOR.default_ota_providers, REQUESTOR) == (location(0x11, 1),)
    everybody = one.read(REQUESTOR.default_ota_providers, REQUESTOR, filtered=False)
    assert everybody == (location(0x11, 1), location(0x22, 2))
    for wrong in ((location(0x11), location(0x12)), (location(0),)):
        with pytest.raises(StatusError) as caught:
            one.write(REQUESTOR, REQUESTOR.default_ota_providers, wrong)
        assert caught.value.code is Status.CONSTRAINT_ERROR
    one.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=1))
    two = house.admin(2, 0x77)
    assert two.read(REQUESTOR.default_ota_providers, REQUESTOR, filtered=False) == (location(0x22, 2),)


def test_only_members_of_a_fabric_announce_and_only_nodes(house, authority):
    admin = house.commission(authority)
    with pytest.raises(StatusError) as caught:
        announce(admin, node_id=0xFFFF_FFFF_FFFF_0001)
    assert caught.value.code is Status.CONSTRAINT_ERROR
    house.node.open_factory_window()
    with pytest.raises(StatusError) as caught:
        announce(house.commissioner())
    assert caught.value.code is Status.UNSUPPORTED_ACCESS


def attempt(**changes):
    known = {"fabric_index": 1, "provider_node_id": 0x99, "endpoint": 0, "version": 2, "token": bytes(8)}
    return Attempt(**known | {"is_applying": False} | changes)


def test_a_download_that_a_restart_broke_off_is_asked_for_again(house, authority, monkeypatch):
    house.commission(authority)
    house.node.ledger.put(ATTEMPT, attempt().encode())
    house.watch(monkeypatch)
    house.reboot(power_cut=True)
    house.advance(29)
    assert house.begun == []
    house.advance(2)
    assert [asked for _, asked in house.begun] == [location(0x99, 1)]
    assert house.slots.calls == []


def test_firmware_that_runs_is_told_once(house, authority, monkeypatch):
    house.commission(authority)
    house.node.ledger.put(ATTEMPT, attempt(is_applying=True).encode())
    house.watch(monkeypatch)
    house.config = NodeConfig(software_version=2)
    house.reboot()
    (applied,) = house.admin(1).events(REQUESTOR, REQUESTOR.version_applied)
    assert (applied.software_version, applied.product_id) == (2, 0x8000)
    house.advance(31)
    assert [asked for _, asked in house.begun] == [location(0x99, 1)]


def test_a_switch_that_did_not_come_about_is_not_tried_for_ever(house, authority, monkeypatch):
    house.commission(authority)
    house.node.ledger.put(ATTEMPT, attempt(is_applying=True).encode())
    house.watch(monkeypatch)
    house.reboot()
    house.advance(3600)
    assert house.begun == []
    assert house.node.ledger.get(ATTEMPT) is None
    assert house.slots.calls == [("discard",)]


def test_an_attempt_that_cannot_be_read_is_none(house):
    house.node.ledger.put(ATTEMPT, b"\xff")
    house.reboot()
    assert house.admin(1).events(REQUESTOR, REQUESTOR.version_applied) == []


def test_a_fabrics_download_goes_with_the_fabric(house, authority, other_authority):
    one = house.commission(authority)
    house.commission(other_authority, admin=0x77)
    house.node.ledger.put(ATTEMPT, attempt().encode())
    one.invoke(OperationalCredentials, OperationalCredentials.remove_fabric, RemoveFabric(fabric_index=1))
    assert house.node.ledger.get(ATTEMPT) is None
    assert house.slots.calls == [("discard",)]


def answer(**changes):
    known = {
        "image_uri": "bdx://0000000000000099/a/b.ota",
        "software_version": 2,
        "software_version_string": "2",
        "update_token": bytes(8),
    }
    return QueryImageResponse(status=StatusEnum.UPDATE_AVAILABLE, **known | changes)


def test_an_offer_names_the_file_behind_the_node():
    offer = Offer.of(answer(), 0x99)
    assert (offer.designator, offer.version, offer.delay, offer.needs_consent) == (b"a/b.ota", 2, 0, False)
    assert Offer.of(answer(software_version=3), 0x99).key != offer.key


@pytest.mark.parametrize(
    "changes",
    [
        {"image_uri": None},
        {"software_version": None},
        {"software_version_string": None},
        {"update_token": None},
        {"image_uri": "https://example.org/a.ota"},
        {"image_uri": "bdx://99/a.ota"},
        {"image_uri": "bdx://00000000000000_9/a.ota"},
        {"image_uri": "bdx://0000000000000099"},
        {"image_uri": "bdx://0000000000000099/"},
        {"image_uri": "bdx://0000000000000098/a.ota"},
    ],
)
def test_an_offer_without_its_particulars_is_refused(changes):
    with pytest.raises(BadOffer):
        Offer.of(answer(**changes), 0x99)
