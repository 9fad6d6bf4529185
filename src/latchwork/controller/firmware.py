"""Updating one device, as named steps that a caller can watch (Core 11.20.3).

Controller storey; announces the provider to the device and follows what it does, on both sides: what it asks the provider, and what it
says of itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from latchwork.base.errors import LatchworkError, Misuse, Refused, Unreachable
from latchwork.base.logs import log, logger
from latchwork.controller.authority import VENDOR_ID
from latchwork.controller.ota_image_file import ImageFile
from latchwork.controller.ota_provider import (
    PROVIDER_ENDPOINT,
    Applied,
    Applying,
    Asked,
    Fetched,
    Happening,
    OtaProvider,
    Progress,
)
from latchwork.controller.peer import Peer
from latchwork.controller.requests import Entry
from latchwork.controller.subscription import Subscription
from latchwork.matter.interaction.client import EventQuery
from latchwork.matter.interaction.values import EventValue
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.ota_software_update_provider import ApplyUpdateActionEnum, StatusEnum
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    AnnouncementReasonEnum,
    AnnounceOtaProvider,
    ChangeReasonEnum,
    OtaSoftwareUpdateRequestor,
    ProviderLocation,
    StateTransition,
    UpdateStateEnum,
)

_log = logger(__name__)
_H = TypeVar("_H", Asked, Fetched, Applying, Applied)
_ORDER: Final[tuple[type, ...]] = (Asked, Progress, Fetched, Applying, Applied)
REQUESTOR_ENDPOINT: Final = 0
TIMEOUT_S: Final = 3600.0
"""How long an update may take by default: a sleepy lock on a slow radio needs most of an hour for a megabyte."""


class UpdateStep(StrEnum):
    """The steps, in their order."""

    ANNOUNCE = "tell the device that there is an update"
    QUERY = "wait until the device asks for it"
    DOWNLOAD = "transfer the update"
    APPLY = "let the device apply it"
    RESTART = "wait until the device runs it"
    VERIFY = "check which version the device runs"


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """A step that began, moved on or ended.

    Attributes:
        step: which.
        state: `started`, `progress`, `done` or `failed`.
        ms: how long it took, milliseconds; None while it runs.
        facts: what became known in it: versions, octets and percent.
        error: why it failed, or None.
    """

    step: UpdateStep
    state: str
    ms: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: LatchworkError | None = None


OnUpdateStep = Callable[[UpdateReport], None]


class UpdateFailed(LatchworkError):
    """A device could not be updated; it runs what it ran before.

    Attributes:
        step: where it failed.
        cause: the error of the step.
    """

    def __init__(self, step: UpdateStep, cause: LatchworkError) -> None:
        super().__init__(f"could not {step}: {cause}", advice=cause.advice)
        self.step = step
        self.cause = cause


class DeviceGaveUp(Refused):
    """The device ended the update."""

    advice = (
        "Check that the image is the device's own and whole, and that the device has enough battery; then try again."
    )


def announcement(provider: OtaProvider, reason: AnnouncementReasonEnum) -> AnnounceOtaProvider:
    """What a device is told of a provider."""
    return AnnounceOtaProvider(
        provider_node_id=provider.node_id,
        vendor_id=VENDOR_ID,
        announcement_reason=reason,
        endpoint=PROVIDER_ENDPOINT,
    )


async def make_default(provider: OtaProvider, peer: Peer) -> None:
    """Have a device ask this provider by itself, daily (Core 11.20.7.5.1).

    Raises:
        LatchworkError: the device refused, or does not answer.
    """
    location = ProviderLocation(provider_node_id=provider.node_id, endpoint=PROVIDER_ENDPOINT)
    await peer.set(REQUESTOR_ENDPOINT, OtaSoftwareUpdateRequestor.default_ota_providers, (location,))


async def update(
    provider: OtaProvider,
    peer: Peer,
    image: ImageFile,
    *,
    on_step: OnUpdateStep = lambda _: None,
    timeout: float = TIMEOUT_S,  # noqa: ASYNC109 - it has to be told apart from the caller's own
) -> int:
    """Update a device and return the version that it runs then.

    Args:
        provider: open, on the device's fabric.
        peer: the device.
        image: what it shall run; the provider offers it from now on.
        on_step: told of every step as it begins, moves on and ends.
        timeout: seconds that all of it may take.

    Raises:
        UpdateFailed: which step failed, and why; a device that is only slow may still update itself later.
    """
    provider.add(image)
    return await _Update(provider, peer, image, on_step).run(timeout)


class _Update:
    """One device being updated."""

    def __init__(self, provider: OtaProvider, peer: Peer, image: ImageFile, on_step: OnUpdateStep) -> None:
        self._provider = provider
        self._peer = peer
        self._image = image
        self._on_step = on_step
        self._happenings: asyncio.Queue[Happening | LatchworkError] = asyncio.Queue()
        self._held: Happening | None = None
        self._version = image.header.software_version
        self._is_announced = False
        self._step = UpdateStep.ANNOUNCE
        self._time = asyncio.get_running_loop().time
        self._since = self._time()
        self._percent = -1

    async def run(self, seconds: float) -> int:
        self._provider.watch(self._peer.node_id, self._happened)
        subscription = None
        try:
            async with asyncio.timeout(seconds):
                self._begin(UpdateStep.ANNOUNCE)
                facts = await self._check()
                subscription = await self._listen()
                await self._announce()
                self._done(facts)
                await self._follow()
                return await self._verify()
        except TimeoutError:
            slow = Unreachable("it took too long", advice="Check that the device is on and within reach.")
            raise self._failed(slow) from None
        except LatchworkError as error:
            raise self._failed(error) from error
        finally:
            self._provider.watch(self._peer.node_id, None)
            if subscription is not None:
                await subscription.close()

    # --- steps

    def _begin(self, step: UpdateStep) -> None:
        self._step, self._since = step, self._time()
        self._on_step(UpdateReport(step, "started"))

    def _ms(self) -> float:
        return (self._time() - self._since) * 1000

    def _done(self, facts: Mapping[str, Any] | None = None) -> None:
        self._on_step(UpdateReport(self._step, "done", self._ms(), facts or {}))

    def _failed(self, error: LatchworkError) -> UpdateFailed:
        self._on_step(UpdateReport(self._step, "failed", self._ms(), {}, error))
        return UpdateFailed(self._step, error)

    async def _check(self) -> dict[str, Any]:
        """What the device is and runs.

        Raises:
            Misuse: the image is not for it.
        """
        get = self._peer.get
        version = await get(0, BasicInformation.software_version)
        vendor, product = await get(0, BasicInformation.vendor_id), await get(0, BasicInformation.product_id)
        header = self._image.header
        if header.software_version <= version:
            raise Misuse(
                f"the device runs version {version}, the image is version {header.software_version}",
                advice="There is nothing to do: an older version is never installed over a newer one.",
            )
        if not header.suits(vendor_id=vendor, product_id=product, software_version=version):
            raise Misuse(
                "the image is for another device, or not for the version that it runs",
                advice="Choose the image that the device's maker published for this product and version.",
            )
        return {"from": version, "to": header.software_version, "octets": self._image.size}

    async def _listen(self) -> Subscription | None:
        """Hear what the device says of its update; not all tell it."""
        events = EventQuery(REQUESTOR_ENDPOINT, OtaSoftwareUpdateRequestor.id)
        try:
            return await self._peer.subscribe(events, on_report=self._reported, max_s=60)
        except Refused as error:
            log(_log, 20, "no events of the update", node=self._peer.node_id, reason=error)
            return None

    async def _announce(self) -> None:
        urgent = announcement(self._provider, AnnouncementReasonEnum.URGENT_UPDATE_AVAILABLE)
        self._is_announced = True
        await self._peer.invoke(REQUESTOR_ENDPOINT, OtaSoftwareUpdateRequestor.announce_ota_provider, urgent)

    async def _follow(self) -> None:
        self._begin(UpdateStep.QUERY)
        while (asked := await self._next(Asked)) is not None and asked.answer.status != StatusEnum.UPDATE_AVAILABLE:
            if asked.answer.status != StatusEnum.BUSY:
                raise DeviceGaveUp(
                    f"the device was answered {asked.answer.status.name}", status=int(asked.answer.status)
                )
            self._moved({"wait": asked.answer.delayed_action_time})
        self._done()
        self._begin(UpdateStep.DOWNLOAD)
        while (fetched := await self._next(Fetched)) is not None and fetched.error is not None:
            log(_log, 20, "transfer broke off", node=self._peer.node_id, reason=fetched.error)
        self._done({"octets": self._image.size})
        self._begin(UpdateStep.APPLY)
        while (word := await self._next(Applying)) is not None and word.answer.action != ApplyUpdateActionEnum.PROCEED:
            if word.answer.action != ApplyUpdateActionEnum.AWAIT_NEXT_ACTION:
                raise DeviceGaveUp("the update was discontinued")
            self._moved({"wait": word.answer.delayed_action_time})
        self._done({} if word is None else {"wait": word.answer.delayed_action_time})
        self._begin(UpdateStep.RESTART)
        while (applied := await self._next(Applied)) is not None and applied.version != self._version:
            log(_log, 20, "another version was applied", node=self._peer.node_id, version=applied.version)
        self._done()

    async def _verify(self) -> int:
        self._begin(UpdateStep.VERIFY)
        version = await self._peer.get(0, BasicInformation.software_version)
        text = await self._peer.get(0, BasicInformation.software_version_string)
        if version != self._version:
            raise DeviceGaveUp(f"the device runs version {version}")
        self._done({"version": version, "version_string": text})
        return version

    # --- what happens meanwhile

    def _happened(self, happening: Happening) -> None:
        if isinstance(happening, Progress):
            percent = happening.octets * 100 // happening.total if happening.total else 0
            if percent != self._percent and self._step == UpdateStep.DOWNLOAD:
                self._percent = percent
                self._moved({"octets": happening.octets, "total": happening.total, "percent": percent})
        else:
            self._happenings.put_nowait(happening)

    def _moved(self, facts: Mapping[str, Any]) -> None:
        self._on_step(UpdateReport(self._step, "progress", None, facts))

    def _reported(self, entries: list[Entry]) -> None:
        if not self._is_announced:
            return  # what the device recorded before
        for entry in entries:
            if isinstance(entry, EventValue) and isinstance(entry.value, StateTransition):
                reason, state = entry.value.reason, entry.value.new_state
                if state == UpdateStateEnum.IDLE and reason == ChangeReasonEnum.FAILURE:
                    self._happenings.put_nowait(DeviceGaveUp("the device gave the update up"))

    async def _next(self, kind: type[_H]) -> _H | None:
        """The next happening of a kind; earlier ones are passed over, a later one, told by another message that was faster, is kept.

        Returns:
            None when a later one shows that it happened.

        Raises:
            DeviceGaveUp: the device says so.
        """
        while True:
            happening = self._held if self._held is not None else await self._happenings.get()
            self._held = None
            if isinstance(happening, LatchworkError):
                raise happening
            if isinstance(happening, kind):
                return happening
            if _ORDER.index(type(happening)) > _ORDER.index(kind):
                self._held = happening
                return None
