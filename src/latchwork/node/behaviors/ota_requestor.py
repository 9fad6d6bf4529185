"""OTA Software Update Requestor: when the node asks for new firmware, and how far it is (Core 11.20.7).

Stands in node. One update at a time, in one task; what is told to providers is in `node.updating`, where the octets go in `node.firmware`.

A node is made updatable before it starts:

```python
slots = FirmwareFolder(folder)
node = Node(slots.configured(config), store)
make_updatable(node, slots, restart)
```

`restart` is called when the new firmware is to run; what it starts does the three lines above again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Bug, LatchworkError, Unreachable
from latchwork.base.logs import log, logger
from latchwork.matter.exchange.bdx import TransferRefused
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.bdx import BdxCode
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.ota_software_update_provider import ApplyUpdateActionEnum, StatusEnum
from latchwork.matter.model.clusters.ota_software_update_requestor import (
    AnnouncementReasonEnum,
    AnnounceOtaProvider,
    ChangeReasonEnum,
    DownloadError,
    OtaSoftwareUpdateRequestor,
    ProviderLocation,
    StateTransition,
    UpdateStateEnum,
    VersionApplied,
)
from latchwork.matter.model.device_types import OTA_REQUESTOR
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.access import is_operational_node_id
from latchwork.node.agenda import Appointment
from latchwork.node.behavior import Behavior
from latchwork.node.firmware import Slots
from latchwork.node.updating import Attempt, Offer, Provider

if TYPE_CHECKING:
    from latchwork.node.endpoint import Endpoint
    from latchwork.node.node import Node

_LOG = logger(__name__)
PERIOD_S: Final = 86_400
"""How often the default providers are asked (Core 11.20.3.2 proposes daily)."""
SETTLE_S: Final = 30
"""After a start the network is given this long before a provider is asked."""
LEAST_DELAY_S: Final = 120
"""A provider that is busy, or has us wait, is not asked again earlier (Core 11.20.3.2)."""
MOST_DELAY_S: Final = 86_400
"""No provider has us wait longer at once."""
RETRY_S: Final = 30
"""The first wait after a download broke off; each further one without progress is twice as long."""
TRIES: Final = 5
"""How often something is tried that a provider does not answer."""
ANNOUNCED_WITHIN_S: Final = 600
"""All nodes hear the same announcement: each waits a random time up to this long (Core 11.20.7.6.1)."""
URGENT_WITHIN_S: Final = 10
ATTEMPT: Final = "ota/attempt"

_Reason = ChangeReasonEnum
_State = UpdateStateEnum
Consent = Callable[[Offer], Awaitable[bool]]
"""Asks whoever stands before the device whether to take an update."""


class OtaRequestorBehavior(Behavior):
    """Asks providers for firmware, fetches it, and has it run."""

    __slots__ = (
        "_announced",
        "_consent",
        "_location",
        "_next",
        "_progress",
        "_restart",
        "_round",
        "_slots",
        "_target",
        "_task",
        "_wake",
    )

    cluster = OtaSoftwareUpdateRequestor

    def __init__(
        self,
        endpoint: Endpoint,
        state: OtaSoftwareUpdateRequestor,
        slots: Slots,
        restart: Callable[[], None],
        consent: Consent | None = None,
    ) -> None:
        super().__init__(endpoint, state)
        self._slots = slots
        self._restart = restart
        self._consent = consent
        self._announced: dict[int, ProviderLocation] = {}
        self._location: ProviderLocation | None = None
        self._next: Appointment | None = None
        self._progress = 0
        self._round = 0
        self._target: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake: asyncio.Event | None = None

    # --- the cluster

    def start(self) -> None:
        """Looks what the last start left behind: firmware that runs now, or a download to continue."""
        state = self.state
        state.update_state, state.update_state_progress = _State.IDLE, None
        attempt = self._attempt()
        if attempt is None:
            self._plan(PERIOD_S, None)
        elif attempt.version == self.node.config.software_version:
            self._applied(attempt)
            self.node.call_at(self._in(SETTLE_S), lambda: self._begin(self._tell(attempt), attempt.location))
        elif attempt.is_applying:
            # Asking for it again could go on for ever: the switch did not come about, or nobody looks at the slots.
            log(_LOG, 40, "ota.not_applied", version=attempt.version)
            self._forget_download()
            self._plan(PERIOD_S, None)
        else:
            self._plan(SETTLE_S, attempt.location)

    def stop(self) -> None:
        """What is under way is continued after the next start."""
        if self._next is not None:
            self._next.cancel()
        if self._task is not None:
            self._task.cancel()

    def fabric_removed(self, fabric_index: int) -> None:
        """Its providers go, and what is being fetched from one of them."""
        kept = tuple(each for each in self.state.default_ota_providers if each.fabric_index != fabric_index)
        if len(kept) != len(self.state.default_ota_providers):
            self.state.default_ota_providers = kept
        self._announced.pop(fabric_index, None)
        attempt = self._attempt()
        if attempt is not None and attempt.fabric_index == fabric_index:
            self._keep(None)
            self._slots.discard()
        if self._location is not None and self._location.fabric_index == fabric_index and self._task is not None:
            self._task.cancel()
            self._move(_State.IDLE, _Reason.FAILURE)

    def write_default_ota_providers(self, value: tuple[ProviderLocation, ...], context: RequestContext) -> None:
        """One provider for each fabric (Core 11.20.7.5.1).

        Raises:
            StatusError: more than one, or a node id that no node can have.
        """
        mine = [each for each in value if each.fabric_index == context.subject.fabric_index]
        if len(mine) > 1 or not all(is_operational_node_id(each.provider_node_id) for each in mine):
            raise StatusError(Status.CONSTRAINT_ERROR, "at most one provider of each fabric, with a node's id")
        self.state.default_ota_providers = value

    def announce_ota_provider(self, request: AnnounceOtaProvider, context: RequestContext) -> None:
        """A provider says that it is there, and perhaps that it has something (Core 11.20.7.6.1).

        Raises:
            StatusError: the provider's node id is none.
        """
        index = self.accessing_fabric(context)
        if not is_operational_node_id(request.provider_node_id):
            raise StatusError(Status.CONSTRAINT_ERROR, "the provider has a node's id")
        location = ProviderLocation(
            provider_node_id=request.provider_node_id, endpoint=request.endpoint, fabric_index=index
        )
        self._announced[index] = location
        if request.announcement_reason == AnnouncementReasonEnum.SIMPLE_ANNOUNCEMENT:
            return
        is_urgent = request.announcement_reason == AnnouncementReasonEnum.URGENT_UPDATE_AVAILABLE
        if self._task is None or self.state.update_state == _State.IDLE:
            self._plan(self._chance(URGENT_WITHIN_S if is_urgent else ANNOUNCED_WITHIN_S), location)
        elif is_urgent and self._wake is not None and location == self._location:
            # The provider that we are waiting for speaks up itself: there is nothing left to wait for.
            self._wake.set()

    def allow(self, possible: bool) -> None:
        """Whether an update is possible now: not while the battery is low, or the lock is in use."""
        self.state.update_possible = possible

    # --- time

    def _in(self, seconds: float) -> float:
        return self.node.clock.monotonic() + seconds

    def _chance(self, most: int) -> float:
        return 1 + int.from_bytes(self.node.entropy(4), "little") % most

    def _plan(self, seconds: float, location: ProviderLocation | None) -> None:
        """Ask this provider, or the next one of the list, then."""
        if self._next is not None:
            self._next.cancel()
        self._next = self.node.call_at(self._in(seconds), lambda: self._due(location))

    def _due(self, location: ProviderLocation | None) -> None:
        if location is not None and self._task is not None:
            # The last update is still being told of.
            self._plan(LEAST_DELAY_S, location)
            return
        self._plan(PERIOD_S, None)
        location = location or self._next_provider()
        if location is not None and self.state.update_possible:
            self._begin(self._update(location), location)

    def _next_provider(self) -> ProviderLocation | None:
        default: list[ProviderLocation] = list(self.state.default_ota_providers)
        listed = {each.fabric_index for each in default}
        candidates = default + [each for index, each in sorted(self._announced.items()) if index not in listed]
        if not candidates:
            return None
        self._round += 1
        return candidates[self._round % len(candidates)]

    async def _pause(self, seconds: float) -> None:
        """Wait, or until the provider announces itself anew."""
        self._wake = asyncio.Event()
        try:
            async with asyncio.timeout(min(seconds, MOST_DELAY_S)):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self._wake = None

    # --- one update

    def _begin(self, work: Awaitable[None], location: ProviderLocation) -> None:
        if self._task is not None or self.node.runtime is None:
            if asyncio.iscoroutine(work):
                work.close()
            return
        self._location = location
        self._task = asyncio.ensure_future(work)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = self._location = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error("the update broke", exc_info=error)
            self._failed(Bug(f"the update broke: {error}"))

    async def _update(self, location: ProviderLocation) -> None:
        try:
            provider = Provider(self.node, location)
        except LatchworkError as error:
            log(_LOG, 20, "ota.no_provider", reason=error)
            return
        try:
            offer = await self._ask(provider)
            if offer is not None:
                await self._fetch(provider, offer)
                await self._apply(provider, offer)
        except LatchworkError as error:
            self._failed(error)
        finally:
            provider.close()

    async def _ask(self, provider: Provider) -> Offer | None:
        """What the provider has for us; None when that is nothing."""
        for _ in range(TRIES):
            self._move(_State.QUERYING, _Reason.SUCCESS)
            answer = await provider.query(can_consent=self._consent is not None)
            if answer.status != StatusEnum.BUSY:
                break
            self._move(_State.DELAYED_ON_QUERY, _Reason.DELAY_BY_PROVIDER)
            await self._pause(max(LEAST_DELAY_S, answer.delayed_action_time or 0))
        if answer.status != StatusEnum.UPDATE_AVAILABLE:
            failed = answer.status == StatusEnum.DOWNLOAD_PROTOCOL_NOT_SUPPORTED
            self._move(_State.IDLE, _Reason.FAILURE if failed else _Reason.SUCCESS)
            attempt = self._attempt()
            if answer.status == StatusEnum.NOT_AVAILABLE and attempt and attempt.location == provider.location:
                self._forget_download()
            return None
        offer = Offer.of(answer, provider.location.provider_node_id)
        if offer.version <= self.node.config.software_version:
            log(_LOG, 20, "ota.not_newer", version=offer.version)
            self._move(_State.IDLE, _Reason.SUCCESS)
            return None
        return offer if await self._agreed(offer) else None

    async def _agreed(self, offer: Offer) -> bool:
        if offer.delay:
            self._move(_State.DELAYED_ON_QUERY, _Reason.DELAY_BY_PROVIDER)
            await self._pause(offer.delay)
        if not offer.needs_consent:
            return True
        self._move(_State.DELAYED_ON_USER_CONSENT, _Reason.SUCCESS)
        if self._consent is not None and await self._consent(offer):
            return True
        self._move(_State.IDLE, _Reason.FAILURE)
        return False

    async def _fetch(self, provider: Provider, offer: Offer) -> None:
        """Download and check; all over again, once, when what was put together from two tries is not right.

        Raises:
            LatchworkError: it does not get on, or the image is not right.
        """
        self._keep(Attempt.of(offer, provider.location))
        self._target, self._progress = offer.version, 0
        if self._slots.is_ready(offer.key):
            return
        self._move(_State.DOWNLOADING, _Reason.SUCCESS)
        try:
            await self._download(provider, offer)
            self._slots.finish()
        except Unreachable:
            raise
        except LatchworkError as error:
            if not provider.has_continued:
                raise
            # Not every provider can begin in the middle of a file, and a power cut may have spoilt what was here.
            log(_LOG, 30, "ota.begun_anew", reason=error)
            self._slots.discard()
            await self._download(provider, offer)
            self._slots.finish()
        log(_LOG, 20, "ota.downloaded", version=offer.version)

    async def _download(self, provider: Provider, offer: Offer) -> None:
        """Get all octets, continuing for as long as it moves on.

        Raises:
            LatchworkError: it does not.
        """
        failures = 0
        while True:
            before = self._progress
            try:
                await provider.fetch(offer, self._slots, self._moved_on)
            except (Unreachable, TransferRefused) as error:
                failures = 1 if self._progress > before else failures + 1
                if failures > TRIES or not self._may_continue(error):
                    raise
                log(_LOG, 20, "ota.download_broke_off", octets=self._progress, reason=error)
            else:
                return
            await self._pause(RETRY_S * 2 ** (failures - 1))

    def _may_continue(self, error: LatchworkError) -> bool:
        if not isinstance(error, TransferRefused):
            return True
        if error.code == BdxCode.START_OFFSET_NOT_SUPPORTED:
            # It has become another file, a shorter one.
            self._slots.discard()
        return error.code in {BdxCode.START_OFFSET_NOT_SUPPORTED, BdxCode.RESPONDER_BUSY}

    def _moved_on(self, octets: int, total: int | None) -> None:
        self._progress = octets
        percent = min(99, octets * 100 // total) if total else None
        if percent != self.state.update_state_progress:
            with self.node.turn():
                self.state.update_state_progress = percent

    async def _apply(self, provider: Provider, offer: Offer) -> None:
        """Ask until the provider says yes or no, then switch.

        Raises:
            LatchworkError: the provider does not answer any more, or the slots cannot be switched.
        """
        failures = 0
        while True:
            self._move(_State.APPLYING, _Reason.SUCCESS)
            try:
                answer = await provider.may_apply(offer)
            except Unreachable:
                failures += 1
                if failures >= TRIES:
                    raise
                self._move(_State.DELAYED_ON_APPLY, _Reason.FAILURE)
                await self._pause(LEAST_DELAY_S)
                continue
            if answer.action == ApplyUpdateActionEnum.PROCEED:
                break
            if answer.action != ApplyUpdateActionEnum.AWAIT_NEXT_ACTION:
                self._forget_download()
                self._move(_State.IDLE, _Reason.SUCCESS)
                return
            self._move(_State.DELAYED_ON_APPLY, _Reason.DELAY_BY_PROVIDER)
            await self._pause(max(LEAST_DELAY_S, answer.delayed_action_time))
        await asyncio.sleep(min(answer.delayed_action_time, MOST_DELAY_S))
        attempt = self._attempt()
        if attempt is None:
            raise Bug("an update is applied that is not on record")
        self._keep(attempt.replace(is_applying=True))
        self._slots.activate()
        log(_LOG, 20, "ota.restart", version=offer.version)
        self._restart()

    def _applied(self, attempt: Attempt) -> None:
        """The new firmware runs: say so here."""
        config = self.node.config
        self.emit(
            OtaSoftwareUpdateRequestor.version_applied,
            VersionApplied(software_version=attempt.version, product_id=config.product_id),
        )
        self._emit_transition(_State.APPLYING, _State.IDLE, _Reason.SUCCESS)
        self._plan(PERIOD_S, None)

    async def _tell(self, attempt: Attempt) -> None:
        """The new firmware runs: say so to the provider; it is a courtesy, nothing depends on it."""
        for number in range(TRIES):
            try:
                provider = Provider(self.node, attempt.location)
                try:
                    await provider.tell_applied(attempt.token, attempt.version)
                finally:
                    provider.close()
                break
            except LatchworkError as error:
                log(_LOG, 20, "ota.provider_not_told", reason=error)
                await self._pause(RETRY_S * 2**number)
        self._keep(None)

    # --- what it leaves behind

    def _failed(self, error: LatchworkError) -> None:
        """Tell why it ended, and try again: soon enough where a download can be continued."""
        log(_LOG, 30, "ota.failed", reason=error)
        is_slow = isinstance(error, Unreachable)
        with self.node.turn():
            if self.state.update_state == _State.DOWNLOADING:
                failure = DownloadError(
                    software_version=self._target or 0,
                    bytes_downloaded=self._progress,
                    progress_percent=self.state.update_state_progress,
                    platform_code=None,
                )
                self.emit(OtaSoftwareUpdateRequestor.download_error, failure)
            self._move(_State.IDLE, _Reason.TIME_OUT if is_slow else _Reason.FAILURE)
            attempt = self._attempt()
            if is_slow and attempt is not None:
                self._plan(max(RETRY_S * 2**TRIES, LEAST_DELAY_S), attempt.location)
            else:
                self._forget_download()

    def _forget_download(self) -> None:
        self._keep(None)
        try:
            self._slots.discard()
        except LatchworkError as error:
            log(_LOG, 30, "ota.not_discarded", reason=error)

    def _move(self, state: UpdateStateEnum, reason: ChangeReasonEnum) -> None:
        previous = self.state.update_state
        if state == previous:
            return
        with self.node.turn():
            self.state.update_state = state
            self.state.update_state_progress = 0 if state == _State.DOWNLOADING else None
            self._emit_transition(previous, state, reason)

    def _emit_transition(self, before: UpdateStateEnum, after: UpdateStateEnum, reason: ChangeReasonEnum) -> None:
        has_target = after in {_State.DOWNLOADING, _State.APPLYING, _State.ROLLING_BACK}
        transition = StateTransition(
            previous_state=before,
            new_state=after,
            reason=reason,
            target_software_version=self._target if has_target else None,
        )
        self.emit(OtaSoftwareUpdateRequestor.state_transition, transition)

    def _attempt(self) -> Attempt | None:
        stored = self.node.ledger.get(ATTEMPT)
        if stored is None:
            return None
        try:
            return Attempt.decode(stored)
        except TlvError as error:
            log(_LOG, 30, "ota.attempt_unreadable", reason=error)
            return None

    def _keep(self, attempt: Attempt | None) -> None:
        if attempt is not None or self.node.ledger.get(ATTEMPT) is not None:
            self.node.ledger.put(ATTEMPT, None if attempt is None else attempt.encode())


def make_updatable(
    node: Node, slots: Slots, restart: Callable[[], None], *, consent: Consent | None = None
) -> OtaRequestorBehavior:
    """Let a node that was not started yet update itself: the OTA Requestor device type on its root.

    Args:
        node: made with the configuration that `slots.configured` gave.
        slots: where its firmware is.
        restart: called when the new firmware is to run; returns at once, the node is stopped and started after it.
        consent: asks the user, where a provider leaves that to the device.

    Raises:
        Misuse: it is updatable already.
    """
    root = node.endpoints[0]
    state = OtaSoftwareUpdateRequestor(
        spec=node.config.spec,
        optional=("announce_ota_provider",),
        update_possible=True,
        update_state=_State.IDLE,
        default_ota_providers=(),
    )
    behavior = OtaRequestorBehavior(root, state, slots, restart, consent)
    root.add(lambda _: behavior)
    root.types[OTA_REQUESTOR.id] = OTA_REQUESTOR.revision_in(node.config.spec)
    return behavior
