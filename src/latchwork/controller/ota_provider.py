"""The OTA provider: serves firmware to the nodes of our fabric (Core 11.20.6).

Controller storey. It answers QueryImage, ApplyUpdateRequest and NotifyUpdateApplied on an endpoint of the controller's own node, and gives
the image over Bulk Data Exchange, block by block from the file. Which image a node gets, and when, is said by plans.

```python
provider = OtaProvider(controller)
await provider.open()
await update(provider, peer, ImageFile.open("lock-2.ota"), on_step=print)    # of controller.firmware
```
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from latchwork.base.errors import LatchworkError, Unreachable
from latchwork.base.logs import log, logger
from latchwork.controller.authority import Authority
from latchwork.controller.ota_image_file import ImageFile, OpenImage
from latchwork.matter.crypto.primitives import hkdf, hmac_sha256
from latchwork.matter.discovery import OperationalService, host_name
from latchwork.matter.exchange.bdx import NotServed, Sender, status_report
from latchwork.matter.interaction.events import EventLog
from latchwork.matter.interaction.replies import Replies
from latchwork.matter.interaction.server import InteractionServer, Transaction
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.bdx import BdxCode, ReceiveInit
from latchwork.matter.messages.header import ProtocolId
from latchwork.matter.messages.interaction import Opcode
from latchwork.matter.messages.secure_channel import Opcode as SecureChannelOpcode
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.ota_software_update_provider import (
    ApplyUpdateActionEnum,
    ApplyUpdateRequest,
    ApplyUpdateResponse,
    DownloadProtocolEnum,
    NotifyUpdateApplied,
    OtaSoftwareUpdateProvider,
    QueryImage,
    QueryImageResponse,
    StatusEnum,
)
from latchwork.matter.model.meta import Attribute, Command
from latchwork.matter.tlv.schema import Struct
from latchwork.matter.trust.access import AccessEntry, AccessList, AccessTarget, AuthMode, Privilege
from latchwork.matter.trust.fabric import Fabric
from latchwork.stack.mdns_contract import Discovery, Publication, Published
from latchwork.stack.runtime import Exchange, Message, Runtime
from latchwork.stack.transfers import Serving, block_size

_log = logger(__name__)
PROVIDER_ENDPOINT: Final = 0
"""Where the cluster is on the controller's node."""
OTA_PROVIDER_DEVICE_TYPE: Final = 0x0014
MAX_TRANSFERS: Final = 32
"""Images served at once; each has a file open and one block in memory."""
BUSY_S: Final = 120
"""How long a node waits that came when all were taken."""
_TOKEN_LENGTH: Final = 16
_SERVED: Final = frozenset({Opcode.READ_REQUEST, Opcode.INVOKE_REQUEST})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a node that asks for an image is answered.

    Attributes:
        is_offered: it gets the image; otherwise there is none for it.
        is_busy: it is told to come again after `query_delay`.
        query_delay: seconds to wait before fetching, or before asking again.
        action: the answer to whether to apply.
        apply_delay: seconds to wait before applying, or before asking again.
        needs_consent: the device asks its user, where it can.
    """

    is_offered: bool = True
    is_busy: bool = False
    query_delay: int = 0
    action: ApplyUpdateActionEnum = ApplyUpdateActionEnum.PROCEED
    apply_delay: int = 0
    needs_consent: bool = False


AT_ONCE: Final = Plan()
Planner = Callable[[int, ImageFile], Plan]
"""A plan for a node, by its node id, and an image that suits it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A node asked for an image, and was answered."""

    answer: QueryImageResponse


@dataclass(frozen=True, slots=True)
class Progress:
    """A node fetches its image.

    Attributes:
        octets: how many it has.
        total: how many there are.
    """

    octets: int
    total: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A transfer ended: complete, or with an error."""

    error: LatchworkError | None


@dataclass(frozen=True, slots=True)
class Applying:
    """A node asked whether to apply, and was answered."""

    answer: ApplyUpdateResponse


@dataclass(frozen=True, slots=True)
class Applied:
    """A node says that it runs a version."""

    version: int


Happening = Asked | Progress | Fetched | Applying | Applied
Watcher = Callable[[Happening], None]


class Host(Protocol):
    """What the provider needs of its controller."""

    fabric: Fabric
    authority: Authority
    runtime: Runtime
    discovery: Discovery
    entropy: Callable[[int], bytes]


class OtaProvider:
    """Serves images to the nodes of one fabric.

    Args:
        controller: whose node it is part of.
        planner: how a node is answered; by default it gets its image at once.
        max_transfers: images served at once.

    Attributes:
        images: by designator; what is offered to every node that one of them suits.
    """

    def __init__(
        self, controller: Host, *, planner: Planner = lambda _node, _image: AT_ONCE, max_transfers: int = MAX_TRANSFERS
    ) -> None:
        self._controller = controller
        self._planner = planner
        self._max_transfers = max_transfers
        self.images: dict[str, ImageFile] = {}
        self._watchers: dict[int, Watcher] = {}
        self._serving: dict[int, Serving] = {}
        self._published: Published | None = None
        self._key = hkdf(controller.authority.key.scalar, b"", b"latchwork ota update token", 32)
        self._server = InteractionServer(_ProviderNode(self, controller.fabric.index), entropy=controller.entropy)
        self._others: Callable[[Exchange, Message], None] | None = None

    @property
    def node_id(self) -> int:
        """The provider's node id."""
        return self._controller.fabric.node_id

    @property
    def transfers(self) -> int:
        """How many images are being served."""
        return len(self._serving)

    async def open(self) -> None:
        """Answer nodes from now on, and be found by them; requests that are not for a provider go where they went before.

        Raises:
            LatchworkError: discovery cannot publish.
        """
        if self._others is not None:
            return
        controller = self._controller
        self._others = controller.runtime.on_request
        controller.runtime.on_request = self._on_request
        service = OperationalService(controller.fabric.compressed_id, controller.fabric.node_id)
        host = host_name(controller.entropy(8))
        publication = Publication(
            service.instance, service.service_type, controller.runtime.port, host, service.txt(), service.subtypes
        )
        self._published = await controller.discovery.publish(publication)

    async def close(self) -> None:
        """Answer no more; transfers under way end. Harmless when done before."""
        if self._others is None:
            return
        self._controller.runtime.on_request, self._others = self._others, None
        for serving in list(self._serving.values()):
            serving.stop(Unreachable("the provider closes"))
        published, self._published = self._published, None
        if published is not None:
            await published.withdraw()

    def add(self, image: ImageFile) -> None:
        """Offer an image from now on."""
        self.images[image.designator] = image

    def remove(self, image: ImageFile) -> None:
        """Offer an image no more; nodes that are fetching it go on."""
        self.images.pop(image.designator, None)

    def watch(self, node_id: int, watcher: Watcher | None) -> None:
        """Tell `watcher` what a node does with its update, or with None nobody."""
        if watcher is None:
            self._watchers.pop(node_id, None)
        else:
            self._watchers[node_id] = watcher

    def _tell(self, node_id: int, happening: Happening) -> None:
        watcher = self._watchers.get(node_id)
        if watcher is not None:
            watcher(happening)

    # --- the cluster

    def choose(self, request: QueryImage) -> ImageFile | None:
        """The newest image that suits a node, or None."""
        suiting = [
            image
            for image in self.images.values()
            if image.header.suits(
                vendor_id=request.vendor_id, product_id=request.product_id, software_version=request.software_version
            )
        ]
        return max(suiting, key=lambda image: image.header.software_version, default=None)

    def token(self, node_id: int, version: int) -> bytes:
        """The update token of a node and a version: made from both, so that it is known again after a restart."""
        return hmac_sha256(self._key, node_id.to_bytes(8, "big"), version.to_bytes(4, "big"))[:_TOKEN_LENGTH]

    def query_image(self, request: QueryImage, node_id: int) -> QueryImageResponse:
        """Answer a node that asks for an image (Core 11.20.6.5.2)."""
        answer = self._query(request, node_id)
        log(_log, 20, "ota.asked", node=node_id, runs=request.software_version, answer=answer.status.name)
        self._tell(node_id, Asked(answer))
        return answer

    def _query(self, request: QueryImage, node_id: int) -> QueryImageResponse:
        if DownloadProtocolEnum.BDX_SYNCHRONOUS not in request.protocols_supported:
            return QueryImageResponse(status=StatusEnum.DOWNLOAD_PROTOCOL_NOT_SUPPORTED)
        image = self.choose(request)
        plan = AT_ONCE if image is None else self._planner(node_id, image)
        if image is None or not plan.is_offered:
            return QueryImageResponse(status=StatusEnum.NOT_AVAILABLE)
        if plan.is_busy or (node_id not in self._serving and len(self._serving) >= self._max_transfers):
            return QueryImageResponse(status=StatusEnum.BUSY, delayed_action_time=plan.query_delay or BUSY_S)
        if plan.needs_consent and not request.requestor_can_consent:
            # Nobody there can be asked, and nobody here was (Core 11.20.3.4).
            return QueryImageResponse(status=StatusEnum.NOT_AVAILABLE)
        header = image.header
        return QueryImageResponse(
            status=StatusEnum.UPDATE_AVAILABLE,
            delayed_action_time=plan.query_delay,
            image_uri=f"bdx://{self.node_id:016X}/{image.designator}",
            software_version=header.software_version,
            software_version_string=header.software_version_string,
            update_token=self.token(node_id, header.software_version),
            user_consent_needed=plan.needs_consent,
        )

    def apply_update_request(self, request: ApplyUpdateRequest, node_id: int) -> ApplyUpdateResponse:
        """Answer a node that asks whether to apply (Core 11.20.6.5.5)."""
        answer = self._may_apply(request, node_id)
        log(_log, 20, "ota.may_apply", node=node_id, version=request.new_version, answer=answer.action.name)
        self._tell(node_id, Applying(answer))
        return answer

    def _may_apply(self, request: ApplyUpdateRequest, node_id: int) -> ApplyUpdateResponse:
        expected = self.token(node_id, request.new_version)
        image = next(
            (each for each in self.images.values() if each.header.software_version == request.new_version), None
        )
        if image is None or not hmac.compare_digest(expected, request.update_token):
            return ApplyUpdateResponse(action=ApplyUpdateActionEnum.DISCONTINUE, delayed_action_time=0)
        plan = self._planner(node_id, image)
        return ApplyUpdateResponse(action=plan.action, delayed_action_time=plan.apply_delay)

    def notify_update_applied(self, request: NotifyUpdateApplied, node_id: int) -> None:
        """A node says that the new version runs (Core 11.20.6.5.6)."""
        log(_log, 20, "ota.applied", node=node_id, version=request.software_version)
        self._tell(node_id, Applied(request.software_version))

    # --- the network

    def _on_request(self, exchange: Exchange, message: Message) -> None:
        session: Any = exchange.session
        is_ours = session.kind == "case" and session.fabric_index == self._controller.fabric.index
        if is_ours and message.protocol_id == ProtocolId.BDX:
            self._transfer(exchange, message, session.peer_node_id)
        elif is_ours and message.protocol_id == ProtocolId.INTERACTION_MODEL and message.opcode in _SERVED:
            transaction = self._server.begin(session.subject, session=session, max_payload=session.max_payload)
            exchange.on_message = partial(self._take, exchange, transaction)
            self._take(exchange, transaction, message)
        elif self._others is not None:
            self._others(exchange, message)

    def _take(self, exchange: Exchange, transaction: Transaction, message: Message) -> None:
        replies = transaction.receive(message.opcode, message.payload, now=self._controller.runtime.now())
        assert isinstance(replies, Replies)  # no command of the cluster waits
        for opcode, payload in replies.messages:
            exchange.send(opcode, payload)
        if replies.done:
            exchange.finish()

    def _transfer(self, exchange: Exchange, message: Message, node_id: int) -> None:
        before = self._serving.pop(node_id, None)
        if before is not None:
            # A node fetches one image at a time: it was restarted, or its connection broke.
            before.stop(Unreachable("the node began anew"))
        if len(self._serving) >= self._max_transfers:
            report = status_report(BdxCode.RESPONDER_BUSY)
            exchange.send(SecureChannelOpcode.STATUS_REPORT, report, protocol_id=0, final=True)
            return
        total = 0

        def find(proposal: ReceiveInit) -> OpenImage:
            nonlocal total
            image = self.images.get(proposal.designator.decode(errors="replace"))
            if image is None:
                raise NotServed(BdxCode.FILE_DESIGNATOR_UNKNOWN)
            total = image.size
            return image.source()

        session: Any = exchange.session
        sender = Sender(find, max_block_size=block_size(session))
        self._serving[node_id] = Serving(
            exchange,
            sender,
            on_progress=lambda sender: self._tell(node_id, Progress(sender.sent, total)),
            on_end=partial(self._transferred, node_id),
        )
        self._serving[node_id].begin(message)

    def _transferred(self, node_id: int, serving: Serving, error: LatchworkError | None) -> None:
        if self._serving.get(node_id) is serving:
            del self._serving[node_id]
        log(_log, 20, "ota.transferred", node=node_id, octets=serving.sender.sent, reason=error)
        self._tell(node_id, Fetched(error))


class _ProviderCluster:
    """The cluster as the interaction model sees it (a `ClusterView`)."""

    __slots__ = ("_provider", "state")

    def __init__(self, provider: OtaProvider) -> None:
        self._provider = provider
        self.state = OtaSoftwareUpdateProvider()

    def read(self, attribute: Attribute[Any], _context: RequestContext) -> Any:
        return getattr(self.state, attribute.name)

    def write(self, attribute: Attribute[Any], _value: Any, _context: RequestContext) -> None:
        raise StatusError(Status.UNSUPPORTED_WRITE, attribute.name)

    def invoke(
        self, command: Command, request: Any, context: RequestContext
    ) -> Struct | Awaitable[Struct | None] | None:
        node_id = context.subject.node_id
        if command.id == OtaSoftwareUpdateProvider.query_image.id:
            return self._provider.query_image(request, node_id)
        if command.id == OtaSoftwareUpdateProvider.apply_update_request.id:
            return self._provider.apply_update_request(request, node_id)
        self._provider.notify_update_applied(request, node_id)
        return None


@dataclass(frozen=True, slots=True)
class _ProviderEndpoint:
    """The one endpoint of the controller's node (an `EndpointView`)."""

    clusters: Mapping[int, _ProviderCluster]
    number: int = PROVIDER_ENDPOINT
    device_types: Collection[int] = field(default=(OTA_PROVIDER_DEVICE_TYPE,))


class _ProviderNode:
    """The controller's node (a `NodeView`): whoever is on the fabric may ask for updates, and for nothing else."""

    __slots__ = ("access", "endpoints", "events")

    def __init__(self, provider: OtaProvider, fabric_index: int) -> None:
        clusters = {OtaSoftwareUpdateProvider.id: _ProviderCluster(provider)}
        self.endpoints: Mapping[int, _ProviderEndpoint] = {PROVIDER_ENDPOINT: _ProviderEndpoint(clusters)}
        self.access = AccessList()
        target = AccessTarget(cluster=OtaSoftwareUpdateProvider.id)
        self.access.add(AccessEntry(fabric_index, Privilege.OPERATE, AuthMode.CASE, None, (target,)))
        self.events = EventLog()
