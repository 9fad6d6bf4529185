"""A lock's node as far as sharing asks it: who is on it and whether it is open, as plain values."""

from types import SimpleNamespace

from latchwork.base.errors import Unreachable
from latchwork.controller.windows import SALT_LENGTH
from latchwork.hub.sharing.service import Sharing
from latchwork.matter.interaction.values import AttributeValue
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.administrator_commissioning import (
    AdministratorCommissioning,
    CommissioningWindowStatusEnum,
    StatusCodeEnum,
)
from latchwork.matter.model.clusters.general_commissioning import GeneralCommissioning
from latchwork.matter.model.clusters.operational_credentials import (
    FabricDescriptorStruct,
    NocResponse,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
)
from latchwork.matter.onboarding import DiscoveryCapabilities, Discriminator, SetupPayload

APPLE, GOOGLE, AMAZON = 0x1349, 0x6006, 0x1217
OUR_ROOT = bytes([4]) + bytes(64)
OURS = 1


def fabric(index, vendor_id=0xFFF1, label="", root=None):
    """An ecosystem on a lock."""
    return FabricDescriptorStruct(
        root_public_key=root or bytes([4, index]) + bytes(63),
        vendor_id=vendor_id,
        fabric_id=index * 7,
        node_id=index * 100,
        label=label,
        fabric_index=index,
    )


class SharedLock:
    """A peer; what it says is set by the test."""

    def __init__(self, node_id=1, entropy=None):
        self.node_id = node_id
        self.entropy = entropy
        self.fabrics = {OURS: fabric(OURS, label="Latchwork", root=OUR_ROOT)}
        self.supported = 5
        self.opener = None
        self.breadcrumb = 0
        self.is_silent = False
        self.is_asleep = False
        self.loses = 0
        self.opening_error = None
        self.done = []

    def joins(self, index, vendor_id, label=""):
        self.fabrics[index] = fabric(index, vendor_id, label)
        self.opener = None

    async def read(self, *queries, fabric_filtered):
        assert not fabric_filtered
        if self.is_silent:
            raise Unreachable("the lock does not answer")
        index, vendor = self.opener or (None, None)
        said = {
            AdministratorCommissioning.window_status: CommissioningWindowStatusEnum(1 if self.opener else 0),
            AdministratorCommissioning.admin_fabric_index: index,
            AdministratorCommissioning.admin_vendor_id: vendor,
            OperationalCredentials.fabrics: tuple(self.fabrics.values()),
            OperationalCredentials.supported_fabrics: self.supported,
            OperationalCredentials.commissioned_fabrics: len(self.fabrics),
            OperationalCredentials.current_fabric_index: OURS,
            GeneralCommissioning.breadcrumb: self.breadcrumb,
        }
        values = {(attribute.cluster_id, attribute.id): value for attribute, value in said.items()}
        return [
            AttributeValue(0, each.cluster, each.attribute, values[each.cluster, each.attribute], 1, True)
            for each in queries
        ]

    async def open_window(self, *, seconds):
        self.done.append(("open", seconds))
        if self.opening_error is not None:
            raise self.opening_error
        assert self.opener is None
        self.opener = (OURS, 0xFFF1)
        if self.loses:
            self.loses -= 1
            raise Unreachable("no answer, and it is not known whether the device did it")
        chance = self.entropy(SALT_LENGTH) if self.entropy else b"\x01\x02\x03"
        return SetupPayload(
            discriminator=Discriminator.of(0x123),
            passcode=1_000_000 + int.from_bytes(chance[:3], "big") % 1_000_000,
            vendor_id=0xFFF1,
            product_id=0x8000,
            discovery_capabilities=DiscoveryCapabilities.ON_NETWORK,
        )

    async def invoke(self, endpoint, command, request=None):
        assert (endpoint, command, request) == (0, AdministratorCommissioning.revoke_commissioning, None)
        if self.is_silent:
            raise Unreachable("the lock does not answer")
        self.done.append("revoke")
        if self.opener is None:
            raise StatusError(Status.FAILURE, cluster_status=int(StatusCodeEnum.WINDOW_NOT_OPEN))
        self.opener = None

    async def remove_fabric(self, index):
        self.done.append(("remove", index))
        del self.fabrics[index]
        return NocResponse(status_code=NodeOperationalCertStatusEnum.OK, fabric_index=index)


class AnyLocks(dict):
    """Peers by node id, made when they are asked for."""

    def get(self, node_id, default=None):
        if node_id not in self:
            self[node_id] = SharedLock(node_id)
        return super().get(node_id, default)


def busy():
    """What a lock says that is open already, or has somebody joining."""
    return StatusError(Status.FAILURE, cluster_status=int(StatusCodeEnum.BUSY))


class ModelSharing(Sharing):
    """The hub's own sharing, over locks that are plain values."""

    def __init__(self, desk, peers=None):
        self.locks = AnyLocks() if peers is None else peers
        self.woken = []
        controller = SimpleNamespace(
            peers=self.locks,
            fabric=SimpleNamespace(root_public_key=SimpleNamespace(raw=OUR_ROOT)),
            check_ins=SimpleNamespace(watched=set()),
        )
        keepers = SimpleNamespace(wake=lambda lock_id, why: self.woken.append((lock_id, why.value)))
        super().__init__(desk, controller, keepers)
