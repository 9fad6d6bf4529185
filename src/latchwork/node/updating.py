"""The node's conversation with one OTA provider: asking for an image, fetching it, asking whether to apply it (Core 11.20.3).

Stands in node, on stack; knows the provider's cluster and the firmware slots, not when any of it is done: that is the requestor's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from latchwork.base.errors import PeerViolation, Refused, Unreachable
from latchwork.matter.exchange.bdx import Receiver
from latchwork.matter.messages.bdx import MAX_DESIGNATOR
from latchwork.matter.messages.ota_image import OtaImageHeader
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.ota_software_update_provider import (
    ApplyUpdateRequest,
    ApplyUpdateResponse,
    DownloadProtocolEnum,
    NotifyUpdateApplied,
    OtaSoftwareUpdateProvider,
    QueryImage,
    QueryImageResponse,
)
from latchwork.matter.model.clusters.ota_software_update_requestor import ProviderLocation
from latchwork.matter.tlv.schema import U8, U16, U32, U64, Len, Struct, Tag
from latchwork.node.firmware import Slots
from latchwork.stack.client import Client
from latchwork.stack.runtime import Session
from latchwork.stack.transfers import block_size, download

if TYPE_CHECKING:
    from latchwork.node.node import Node

_SCHEME: Final = "bdx://"
_NODE_DIGITS: Final = 16


class BadOffer(PeerViolation):
    """The provider's answer is not one that an update can be made from."""

    advice = "The update provider does not keep to the protocol: update its software."


class WrongImage(Refused):
    """The image is not the one that was offered, or not for this device."""

    advice = "Give the provider the image that the device's maker published for it."


class Attempt(Struct):
    """What a restart must not make the node forget of an update."""

    fabric_index: Annotated[U8, Tag(0)]
    provider_node_id: Annotated[U64, Tag(1)]
    endpoint: Annotated[U16, Tag(2)]
    version: Annotated[U32, Tag(3)]
    token: Annotated[bytes, Tag(4), Len(8, 32)]
    is_applying: Annotated[bool, Tag(5)]

    @classmethod
    def of(cls, offer: Offer, location: ProviderLocation) -> Attempt:
        """An update that begins."""
        return cls(
            fabric_index=location.fabric_index or 0,
            provider_node_id=location.provider_node_id,
            endpoint=location.endpoint,
            version=offer.version,
            token=offer.token,
            is_applying=False,
        )

    @property
    def location(self) -> ProviderLocation:
        """Whose update it is."""
        return ProviderLocation(
            provider_node_id=self.provider_node_id, endpoint=self.endpoint, fabric_index=self.fabric_index
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """An update that a provider has.

    Attributes:
        version: of the software.
        version_string: for people.
        token: names the update to its provider.
        designator: names the file.
        delay: seconds to wait before it is fetched.
        needs_consent: the user has to agree, and the node is to ask.
    """

    version: int
    version_string: str
    token: bytes
    designator: bytes
    delay: int
    needs_consent: bool

    @classmethod
    def of(cls, answer: QueryImageResponse, provider_node_id: int) -> Offer:
        """What an answer offers.

        Raises:
            BadOffer: a field is missing, or the image is with somebody else (Core 11.20.3.2).
        """
        uri, version, token = answer.image_uri, answer.software_version, answer.update_token
        if uri is None or version is None or token is None or answer.software_version_string is None:
            raise BadOffer("an available update without its particulars")
        node, slash, designator = uri.removeprefix(_SCHEME).partition("/")
        is_node = len(node) == _NODE_DIGITS and all(digit in "0123456789ABCDEFabcdef" for digit in node)
        if not uri.startswith(_SCHEME) or not is_node or not slash or not designator:
            raise BadOffer(f"{uri!r} is no address of an image")
        if int(node, 16) != provider_node_id:
            raise BadOffer("the image is with another node than the provider")
        name = designator.encode()
        if len(name) > MAX_DESIGNATOR:
            raise BadOffer("the image's name is too long")
        return cls(
            version,
            answer.software_version_string,
            token,
            name,
            answer.delayed_action_time or 0,
            bool(answer.user_consent_needed),
        )

    @property
    def key(self) -> bytes:
        """What a download is continued by: the same version under the same name."""
        return self.version.to_bytes(4, "big") + self.designator


class Provider:
    """One OTA provider, asked by this node.

    Attributes:
        location: who it is.
        has_continued: a download did not begin at the image's beginning.

    Raises:
        Unreachable: the node is not on a network, or not on the provider's fabric any more.
    """

    def __init__(self, node: Node, location: ProviderLocation) -> None:
        fabric = node.fabrics.get(location.fabric_index or 0)
        if node.runtime is None or fabric is None:
            raise Unreachable("the provider cannot be asked from here")
        self._node = node
        self._runtime = node.runtime
        self.location = location
        self.has_continued = False
        self._client = Client(node.runtime, node.discovery, fabric, location.provider_node_id)

    async def query(self, *, can_consent: bool) -> QueryImageResponse:
        """Ask for an update (Core 11.20.6.5.1).

        Raises:
            LatchworkError: no answer, or a refusal.
        """
        config = self._node.config
        location = self._node.endpoints[0].clusters[BasicInformation.id].state.location
        request = QueryImage(
            vendor_id=config.vendor_id,
            product_id=config.product_id,
            software_version=config.software_version,
            protocols_supported=(DownloadProtocolEnum.BDX_SYNCHRONOUS,),
            hardware_version=config.hardware_version,
            location=location if len(location) == 2 else None,
            requestor_can_consent=can_consent,
        )
        answer = await self._client.invoke(self.location.endpoint, OtaSoftwareUpdateProvider.query_image, request)
        if not isinstance(answer, QueryImageResponse):
            raise BadOffer("no answer to the question for an update")
        return answer

    async def fetch(self, offer: Offer, slots: Slots, on_progress: Callable[[int, int | None], None]) -> None:
        """Download the image into its slot, from where the last try ended; does not check it yet.

        Args:
            offer: which.
            slots: where to.
            on_progress: called with the octets that are here and those of the whole file, or None.

        Raises:
            LatchworkError: the connection broke, or the image is not what was offered.
        """

        async def attempt(session: Session) -> None:
            offset = slots.begin(offer.key, lambda header: self._check(header, offer))
            self.has_continued = self.has_continued or offset > 0
            receiver = Receiver(offer.designator, max_block_size=block_size(session), start_offset=offset)

            def keep(data: bytes) -> None:
                slots.append(data)
                total = None if receiver.length is None else offset + receiver.length
                on_progress(offset + receiver.received, total)

            await download(self._runtime.open(session), receiver, keep)

        await self._client.call(attempt)

    def _check(self, header: OtaImageHeader, offer: Offer) -> None:
        config = self._node.config
        if header.software_version != offer.version:
            raise WrongImage("the image has another version than was offered")
        if not header.suits(
            vendor_id=config.vendor_id, product_id=config.product_id, software_version=config.software_version
        ):
            raise WrongImage("the image is for another device, or not for the version that runs")

    async def may_apply(self, offer: Offer) -> ApplyUpdateResponse:
        """Ask whether to apply what was downloaded (Core 11.20.6.5.4).

        Raises:
            LatchworkError: no answer, or a refusal.
        """
        request = ApplyUpdateRequest(update_token=offer.token, new_version=offer.version)
        command = OtaSoftwareUpdateProvider.apply_update_request
        answer = await self._client.invoke(self.location.endpoint, command, request)
        if not isinstance(answer, ApplyUpdateResponse):
            raise BadOffer("no answer to the question whether to apply")
        return answer

    async def tell_applied(self, token: bytes, version: int) -> None:
        """Say that the new version runs (Core 11.20.6.5.6).

        Raises:
            LatchworkError: no answer, or a refusal.
        """
        request = NotifyUpdateApplied(update_token=token, software_version=version)
        command = OtaSoftwareUpdateProvider.notify_update_applied
        await self._client.invoke(self.location.endpoint, command, request)

    def close(self) -> None:
        """End what was opened for this."""
        self._client.close()
