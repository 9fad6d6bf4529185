"""Commissioning over IP, step by step (Core 5.5).

Controller storey. The walk is plain `await`; each step is named, timed and told to whoever watches, and when one fails the device is
asked to forget everything at once, so that the next try begins clean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from latchwork.base.clock import MATTER_EPOCH_S, Clock
from latchwork.base.errors import LatchworkError, PeerViolation, Refused, Unreachable
from latchwork.controller import peer
from latchwork.controller.authority import Authority
from latchwork.controller.peer import Peer, StoredPeer, parameters_from
from latchwork.controller.requests import Requests
from latchwork.controller.search import Candidate, Search
from latchwork.controller.steps import CommissioningFailed, NotGenuine, OnStep, Step, StepReport, no_pairing
from latchwork.matter.crypto.keys import InvalidKey, PublicKey, parse_csr
from latchwork.matter.crypto.primitives import AuthenticationFailed, constant_time_equal
from latchwork.matter.discovery import CommissionableAdvert
from latchwork.matter.interaction.client import AttributeQuery
from latchwork.matter.model.clusters.basic_information import BasicInformation
from latchwork.matter.model.clusters.general_commissioning import (
    ArmFailSafe,
    CommissioningErrorEnum,
    GeneralCommissioning,
    RegulatoryLocationTypeEnum,
    SetRegulatoryConfig,
)
from latchwork.matter.model.clusters.network_commissioning import NetworkCommissioning
from latchwork.matter.model.clusters.operational_credentials import (
    AddNoc,
    AddTrustedRootCertificate,
    AttestationRequest,
    CertificateChainRequest,
    CertificateChainTypeEnum,
    CsrRequest,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
    UpdateFabricLabel,
)
from latchwork.matter.model.clusters.time_synchronization import (
    GranularityEnum,
    SetUtcTime,
    TimeSourceEnum,
    TimeSynchronization,
)
from latchwork.matter.onboarding import SetupPayload
from latchwork.matter.session.handshake import HandshakeFailed
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.trust.attestation import (
    AttestationEvidence,
    AttestationResult,
    NocsrElements,
    TrustStore,
    explain,
    verify_attestation,
    verify_elements,
)
from latchwork.matter.trust.certificates import CertificateError
from latchwork.matter.trust.device_certificates import DeviceCertificate
from latchwork.stack.runtime import Session

T = TypeVar("T")
FAIL_SAFE_SECONDS: Final = 120
"""How long the device waits before it undoes everything by itself."""
_ROLL_BACK_TIMEOUT: Final = 2.0
_NONCE: Final = 32
MAX_CANDIDATES: Final = 5
"""Devices that a passcode is tried on: each wrong one costs its device one of twenty attempts."""
LINGER: Final = 2.0
"""Seconds for which another device is waited for when one did not take the passcode."""


class TableFull(Refused):
    """The device belongs to as many fabrics as it can."""

    advice = "Remove the device from an app or hub that no longer uses it, then try again."


class DeviceBusy(Refused):
    """Somebody else is commissioning the device."""

    advice = "Another app or hub is setting the device up: finish or cancel it there, or wait three minutes."


class Administrator(peer.Administrator, Protocol):
    """What commissioning needs of the controller."""

    authority: Authority
    clock: Clock
    trust: TrustStore


@dataclass(slots=True)
class Commissioning:
    """One device on its way into the fabric.

    Attributes:
        controller: whose fabric.
        payload: the onboarding code.
        node_id: the node id that it will have.
        on_step: told of every step.
        address: where it is, if the caller knows.
        timeout: seconds that it may take to be found.
        accept: asked whether a device that failed attestation is welcome all the same.
        facts: what is known so far.
    """

    controller: Administrator
    payload: SetupPayload
    node_id: int
    on_step: OnStep
    address: object | None
    timeout: float
    accept: Callable[[AttestationResult], bool]
    facts: dict[str, Any] = field(default_factory=dict)
    _pase: Session | None = None
    _device_key: PublicKey | None = None

    async def run(self) -> Peer:
        """All steps.

        Raises:
            CommissioningFailed: one of them failed.
        """
        try:
            requests = await self._secured()
            await self._prepare(requests)
            await self._join(requests)
            return await self._finish()
        except BaseException:
            await self._roll_back()
            raise
        finally:
            if self._pase is not None:
                self.controller.runtime.close_session(self._pase)

    async def _step(self, step: Step, work: Awaitable[T], facts: Callable[[T], dict[str, Any]] = lambda _: {}) -> T:
        clock = self.controller.runtime.now
        self.on_step(StepReport(step, "started"))
        began = clock()
        try:
            result = await work
        except LatchworkError as error:
            self.on_step(StepReport(step, "failed", (clock() - began) * 1000, dict(self.facts), error))
            raise CommissioningFailed(step, error, self.facts) from error
        found = facts(result)
        self.facts |= found
        self.on_step(StepReport(step, "done", (clock() - began) * 1000, found))
        return result

    # Find and secure

    async def _secured(self) -> Requests:
        runtime = self.controller.runtime
        if self.address is not None:
            self._pase = await self._step(Step.PASE, self._pairing(self.address, None))
            return Requests(runtime, self._pase)
        with Search(self.controller.discovery, self.payload.discriminator) as search:
            first = await self._step(Step.FIND, search.first(self.timeout), _whereabouts)
            session, _ = await self._step(Step.PASE, self._any_pairing(search, first), _who_took_it)
        self._pase = session
        return Requests(runtime, session)

    async def _any_pairing(self, search: Search, first: Candidate) -> tuple[Session, list[Candidate]]:
        """A session with whichever device takes the passcode, and all that were tried, that one last.

        Only the device that is meant knows the passcode, so one that refuses, is busy or is gone says nothing about the others.
        """
        tried: list[Candidate] = []
        errors: list[LatchworkError] = []
        candidate: Candidate | None = first
        while candidate is not None:
            tried.append(candidate)
            try:
                return await self._first_pairing(candidate), tried
            except (HandshakeFailed, Unreachable) as error:
                errors.append(error)
            candidate = await search.next(LINGER) if len(tried) < MAX_CANDIDATES else None
        raise no_pairing(errors)

    async def _first_pairing(self, candidate: Candidate) -> Session:
        last: LatchworkError = Unreachable("the device has no address")
        for address in candidate.addresses:
            try:
                return await self._pairing(address, candidate.advert)
            except Unreachable as error:
                last = error
        raise last

    async def _pairing(self, address: object, advert: CommissionableAdvert | None) -> Session:
        parameters = None if advert is None else parameters_from(advert.hints)
        return await self.controller.runtime.pase(address, self.payload.passcode, parameters=parameters)

    # Prepare

    async def _prepare(self, requests: Requests) -> None:
        await self._step(Step.READ, self._ask(requests), lambda facts: facts)
        if self.facts.get("commissioned_fabrics", 0) >= self.facts.get("supported_fabrics", 255):
            full = TableFull("the device belongs to as many fabrics as it can", status=5)
            self.on_step(StepReport(Step.NOC, "failed", 0.0, dict(self.facts), full))
            raise CommissioningFailed(Step.NOC, full, self.facts)
        await self._step(Step.ARM_FAIL_SAFE, self._arm(requests, FAIL_SAFE_SECONDS))
        await self._step(Step.REGULATORY, self._regulate(requests))
        if self.facts.get("has_time"):
            await self._step(Step.TIME, self._set_time(requests), lambda accepted: {"time_accepted": accepted})
        await self._step(Step.ATTESTATION, self._attest(requests), lambda result: {"attestation": result.name})

    async def _ask(self, requests: Requests) -> dict[str, Any]:
        basic, general, network = BasicInformation, GeneralCommissioning, NetworkCommissioning
        credentials, clock = OperationalCredentials, TimeSynchronization
        names = {
            (basic.id, basic.vendor_id.id): "vendor_id",
            (basic.id, basic.product_id.id): "product_id",
            (basic.id, basic.product_name.id): "product_name",
            (basic.id, basic.serial_number.id): "serial_number",
            (basic.id, basic.software_version_string.id): "software_version",
            (basic.id, basic.specification_version.id): "specification_version",
            (general.id, general.location_capability.id): "location_capability",
            (network.id, network.feature_map.id): "network_features",
            (credentials.id, credentials.supported_fabrics.id): "supported_fabrics",
            (credentials.id, credentials.commissioned_fabrics.id): "commissioned_fabrics",
            (clock.id, clock.feature_map.id): "has_time",
        }
        answer = await requests.read([AttributeQuery(0, cluster, number) for cluster, number in names])
        facts = {names[value.cluster, value.attribute]: value.value for value in answer.attributes}
        if "has_time" in facts:
            facts["has_time"] = True
        if "vendor_id" not in facts or "product_id" not in facts:
            raise PeerViolation("the device does not say who made it", advice="Update the device's firmware.")
        return facts

    async def _arm(self, requests: Requests, seconds: int) -> None:
        response: Any = await requests.invoke(
            0, GeneralCommissioning.arm_fail_safe, ArmFailSafe(expiry_length_seconds=seconds, breadcrumb=1)
        )
        if response.error_code == CommissioningErrorEnum.BUSY_WITH_OTHER_ADMIN:
            raise DeviceBusy("another administrator is at work", status=int(response.error_code))
        _check(response.error_code, "the fail-safe")

    async def _regulate(self, requests: Requests) -> None:
        location = self.facts.get("location_capability", RegulatoryLocationTypeEnum.INDOOR_OUTDOOR)
        response: Any = await requests.invoke(
            0,
            GeneralCommissioning.set_regulatory_config,
            SetRegulatoryConfig(new_regulatory_config=location, country_code="XX", breadcrumb=2),
        )
        _check(response.error_code, "the regulatory configuration")

    async def _set_time(self, requests: Requests) -> bool:
        now_us = int((self.controller.clock.utc() - MATTER_EPOCH_S) * 1_000_000)
        request = SetUtcTime(
            utc_time=now_us, granularity=GranularityEnum.MILLISECONDS_GRANULARITY, time_source=TimeSourceEnum.ADMIN
        )
        try:
            await requests.invoke(0, TimeSynchronization.set_utc_time, request)
        except Refused:
            return False  # a device with a better clock keeps its own
        return True

    async def _certificate(self, requests: Requests, kind: CertificateChainTypeEnum) -> bytes:
        response: Any = await requests.invoke(
            0, OperationalCredentials.certificate_chain_request, CertificateChainRequest(certificate_type=kind)
        )
        return bytes(response.certificate)

    async def _attest(self, requests: Requests) -> AttestationResult:
        pai = await self._certificate(requests, CertificateChainTypeEnum.PAI_CERTIFICATE)
        dac = await self._certificate(requests, CertificateChainTypeEnum.DAC_CERTIFICATE)
        nonce = self.controller.entropy(_NONCE)
        response: Any = await requests.invoke(
            0, OperationalCredentials.attestation_request, AttestationRequest(attestation_nonce=nonce)
        )
        try:
            self._device_key = DeviceCertificate.from_der(dac).public_key
        except CertificateError as error:
            raise NotGenuine(303, AttestationResult.DAC_FORMAT_INVALID.name, str(error)) from error
        result = verify_attestation(
            AttestationEvidence(
                dac=dac,
                pai=pai,
                elements=response.attestation_elements,
                signature=response.attestation_signature,
                nonce=nonce,
                challenge=requests.session.attestation_challenge,
                vendor_id=self.facts["vendor_id"],
                product_id=self.facts["product_id"],
            ),
            self.controller.trust,
            now=int(self.controller.clock.utc()) - MATTER_EPOCH_S,
        )
        if result is not AttestationResult.SUCCESS and not self.accept(result):
            raise NotGenuine(int(result), result.name, explain(result))
        return result

    # Join

    async def _join(self, requests: Requests) -> None:
        key = await self._step(Step.CSR, self._csr(requests))
        root = self.controller.authority.root.to_tlv()
        request = AddTrustedRootCertificate(root_ca_certificate=root)
        added = requests.invoke(0, OperationalCredentials.add_trusted_root_certificate, request)
        await self._step(Step.ROOT, added)
        await self._step(Step.NOC, self._add_noc(requests, key), lambda index: {"fabric_index": index})

    async def _csr(self, requests: Requests) -> PublicKey:
        nonce = self.controller.entropy(_NONCE)
        response: Any = await requests.invoke(0, OperationalCredentials.csr_request, CsrRequest(csr_nonce=nonce))
        challenge = requests.session.attestation_challenge
        assert self._device_key is not None, "attestation comes before"
        try:
            verify_elements(self._device_key, response.nocsr_elements, challenge, response.attestation_signature)
            elements = NocsrElements.decode(response.nocsr_elements)
            if not constant_time_equal(elements.csr_nonce, nonce):
                raise PeerViolation("the device answered another request for its key")
            return parse_csr(elements.csr)
        except (AuthenticationFailed, TlvError, InvalidKey) as error:
            raise PeerViolation(f"the device's new key is not to be trusted: {error}") from error

    async def _add_noc(self, requests: Requests, key: PublicKey) -> int | None:
        controller = self.controller
        response: Any = await requests.invoke(
            0,
            OperationalCredentials.add_noc,
            AddNoc(
                noc_value=controller.authority.issue(key, self.node_id).to_tlv(),
                icac_value=None,
                ipk_value=controller.authority.ipk,
                case_admin_subject=controller.fabric.node_id,
                admin_vendor_id=controller.fabric.vendor_id,
            ),
        )
        status = response.status_code
        if status == NodeOperationalCertStatusEnum.TABLE_FULL:
            raise TableFull("the device belongs to as many fabrics as it can", status=int(status))
        if status != NodeOperationalCertStatusEnum.OK:
            raise Refused(f"the device refused its certificate: {status.name}", status=int(status))
        index = response.fabric_index
        return None if index is None else int(index)

    # Finish

    async def _finish(self) -> Peer:
        assert self._pase is not None
        address: Any = self._pase.address
        is_tuple = isinstance(address, tuple)
        joined = Peer(
            self.controller,
            StoredPeer(
                node_id=self.node_id,
                host=(f"{address[0]}%{address[3]}" if address[3] else address[0]) if is_tuple else "",
                port=address[1] if is_tuple else 0,
                vendor_id=self.facts["vendor_id"],
                product_id=self.facts["product_id"],
                product_name=str(self.facts.get("product_name", "")),
            ),
        )
        try:
            requests = await self._step(Step.CASE, joined.requests())
            if self.controller.fabric.label:
                await self._step(Step.LABEL, self._label(requests), lambda taken: {"label_accepted": taken})
            completed = requests.invoke(0, GeneralCommissioning.commissioning_complete)
            await self._step(Step.COMPLETE, self._completed(completed))
        except BaseException:
            await joined.close()
            raise
        return joined

    async def _label(self, requests: Requests) -> bool:
        request = UpdateFabricLabel(label=self.controller.fabric.label)
        try:
            response: Any = await requests.invoke(0, OperationalCredentials.update_fabric_label, request)
        except Refused:
            return False
        # Another fabric may have the name already, which is no reason to give up the device.
        return bool(response.status_code == NodeOperationalCertStatusEnum.OK)

    @staticmethod
    async def _completed(answer: Awaitable[Any]) -> None:
        response = await answer
        _check(response.error_code, "the end of commissioning")

    async def _roll_back(self) -> None:
        """Ask the device to undo everything now rather than when its fail-safe expires."""
        if self._pase is None or self._pase.is_closed:
            return
        requests = Requests(self.controller.runtime, self._pase, timeout=_ROLL_BACK_TIMEOUT)
        with suppress(LatchworkError, asyncio.CancelledError):
            await self._arm(requests, 0)


def _whereabouts(found: Candidate) -> dict[str, Any]:
    return {"address": found.addresses[0][0], "device": found.advert}


def _who_took_it(result: tuple[Session, list[Candidate]]) -> dict[str, Any]:
    tried = result[1]
    return _whereabouts(tried[-1]) | {"tried": len(tried)} if len(tried) > 1 else {}


def _check(error: CommissioningErrorEnum, what: str) -> None:
    if error != CommissioningErrorEnum.OK:
        raise Refused(f"the device refused {what}: {error.name}", status=int(error))
