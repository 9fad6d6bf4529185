"""Operational Credentials: attestation, and the certificates by which the node belongs to fabrics (Core 11.18).

Stands in node. What a command does to a fabric is the node's; the order of checks here decides which of two errors a peer sees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from latchwork.base.logs import Secret, log, logger
from latchwork.matter.crypto.keys import KeyPair, csr
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.operational_credentials import (
    AddNoc,
    AddTrustedRootCertificate,
    AttestationRequest,
    AttestationResponse,
    CertificateChainRequest,
    CertificateChainResponse,
    CertificateChainTypeEnum,
    CsrRequest,
    CsrResponse,
    FabricDescriptorStruct,
    NocResponse,
    NOCStruct,
    NodeOperationalCertStatusEnum,
    OperationalCredentials,
    RemoveFabric,
    SetVidVerificationStatement,
    SignVidVerificationRequest,
    SignVidVerificationResponse,
    UpdateFabricLabel,
    UpdateNoc,
)
from latchwork.matter.trust.access import AuthMode, Subject, is_cat_subject, is_operational_node_id
from latchwork.matter.trust.certificates import Certificate, CertificateError, NodeIdNotAllowed, check_root
from latchwork.matter.trust.fabric import Fabric
from latchwork.matter.trust.groups import EpochKey, GroupKeySet
from latchwork.node.behavior import Behavior
from latchwork.node.behaviors.access_control import AccessControlBehavior
from latchwork.node.failsafe import FailSafe
from latchwork.node.membership import VendorStatement

_LOG = logger(__name__)
MAX_CERTIFICATE = 400
NONCE = 32
MAX_LABEL = 32
BINDING_VERSION = 1
STATEMENT_LENGTH = 85

Code = NodeOperationalCertStatusEnum


class OperationalCredentialsBehavior(Behavior):
    """Proves what the node is, and takes and gives up its memberships."""

    __slots__ = ()

    cluster = OperationalCredentials

    # --- attributes

    def read_nocs(self, _context: RequestContext) -> tuple[NOCStruct, ...]:
        """The node's own certificates on every fabric."""
        statement = self.node.members.statement
        return tuple(
            NOCStruct(
                noc=fabric.noc,
                icac=fabric.icac,
                vvsc=statement(fabric.index).signer or None,
                fabric_index=fabric.index,
            )
            for fabric in self.node.fabrics
        )

    def read_fabrics(self, _context: RequestContext) -> tuple[FabricDescriptorStruct, ...]:
        """Who the fabrics are."""
        statement = self.node.members.statement
        return tuple(
            FabricDescriptorStruct(
                root_public_key=fabric.root_public_key.raw,
                vendor_id=fabric.vendor_id,
                fabric_id=fabric.fabric_id,
                node_id=fabric.node_id,
                label=fabric.label,
                vid_verification_statement=statement(fabric.index).statement or None,
                fabric_index=fabric.index,
            )
            for fabric in self.node.fabrics
        )

    def read_supported_fabrics(self, _context: RequestContext) -> int:
        """How many fabrics there may be."""
        return self.node.config.max_fabrics

    def read_commissioned_fabrics(self, _context: RequestContext) -> int:
        """How many there are."""
        return len(self.node.fabrics)

    def read_trusted_root_certificates(self, _context: RequestContext) -> tuple[bytes, ...]:
        """The root of every fabric, and the one that a commissioner has just brought."""
        roots = [fabric.root for fabric in self.node.fabrics]
        pending = self.node.fail_safe.pending_root
        if pending is not None and pending not in roots:
            roots.append(pending)
        return tuple(roots)

    def read_current_fabric_index(self, context: RequestContext) -> int:
        """The reader's own fabric."""
        return context.subject.fabric_index

    def fabrics_changed(self) -> None:
        """Has everything about fabrics reported."""
        for attribute in (
            OperationalCredentials.nocs,
            OperationalCredentials.fabrics,
            OperationalCredentials.commissioned_fabrics,
            OperationalCredentials.trusted_root_certificates,
        ):
            self.touch(attribute)

    # --- attestation

    def attestation_request(self, request: AttestationRequest, context: RequestContext) -> AttestationResponse:
        """Proves that the node is genuine (Core 6.2.3).

        Raises:
            StatusError: the nonce has not 32 octets.
        """
        _require(len(request.attestation_nonce) == NONCE, Status.INVALID_COMMAND, "a nonce has 32 octets")
        identity = self.node.identity
        elements = identity.attestation_elements(request.attestation_nonce)
        return AttestationResponse(
            attestation_elements=elements,
            attestation_signature=identity.sign(elements + _challenge(context)),
        )

    def certificate_chain_request(
        self, request: CertificateChainRequest, _context: RequestContext
    ) -> CertificateChainResponse:
        """Gives the device's or the product's attestation certificate (Core 11.18.6.3).

        Raises:
            StatusError: there is no such certificate.
        """
        if request.certificate_type == CertificateChainTypeEnum.DAC_CERTIFICATE:
            return CertificateChainResponse(certificate=self.node.identity.dac)
        if request.certificate_type == CertificateChainTypeEnum.PAI_CERTIFICATE:
            return CertificateChainResponse(certificate=self.node.identity.pai)
        raise StatusError(Status.INVALID_COMMAND, "no such certificate")

    def csr_request(self, request: CsrRequest, context: RequestContext) -> CsrResponse:
        """Makes a new operational key and asks for its certificate (Core 11.18.6.5).

        Raises:
            StatusError: no fail-safe, a certificate was given under it already, or a nonce of the wrong length.
        """
        for_update = bool(request.is_for_update_noc)
        _require(len(request.csr_nonce) == NONCE, Status.INVALID_COMMAND, "a nonce has 32 octets")
        known = self.node.fabrics.get(context.subject.fabric_index) is not None
        _require(known or not for_update, Status.INVALID_COMMAND, "there is no certificate to update")
        fail_safe = self._armed(context)
        _require(not fail_safe.has_credentials, Status.CONSTRAINT_ERROR, "a certificate was taken already")
        key = KeyPair.generate(self.node.entropy)
        fail_safe.pending_key, fail_safe.is_key_for_update = key, for_update
        identity = self.node.identity
        elements = identity.nocsr_elements(csr(key), request.csr_nonce)
        return CsrResponse(nocsr_elements=elements, attestation_signature=identity.sign(elements + _challenge(context)))

    # --- membership

    def add_trusted_root_certificate(self, request: AddTrustedRootCertificate, context: RequestContext) -> None:
        """Keeps a root for the AddNOC that follows (Core 11.18.6.13).

        Raises:
            StatusError: no fail-safe, one was brought already, or it is no root certificate.
        """
        octets = request.root_ca_certificate
        _require(len(octets) <= MAX_CERTIFICATE, Status.INVALID_COMMAND, "a certificate has at most 400 octets")
        fail_safe = self._armed(context)
        _require(fail_safe.pending_root is None, Status.CONSTRAINT_ERROR, "a root was brought already")
        _require(not fail_safe.has_credentials, Status.CONSTRAINT_ERROR, "a certificate was taken already")
        try:
            check_root(Certificate.from_tlv(octets), now=None)
        except CertificateError as error:
            raise StatusError(Status.INVALID_COMMAND, str(error)) from error
        fail_safe.pending_root = octets
        self.touch(OperationalCredentials.trusted_root_certificates)

    def add_noc(self, request: AddNoc, context: RequestContext) -> NocResponse:
        """Joins a fabric (Core 11.18.6.8).

        Raises:
            StatusError: no fail-safe, a certificate was taken already, or a field is not allowed.
        """
        _check_sizes(request.noc_value, request.icac_value)
        _require(len(request.ipk_value) == 16, Status.INVALID_COMMAND, "the identity protection key has 16 octets")
        _require(_is_vendor(request.admin_vendor_id), Status.INVALID_COMMAND, "no vendor may be asked with that id")
        fail_safe = self._armed(context)
        _require(not fail_safe.has_credentials, Status.CONSTRAINT_ERROR, "a certificate was taken already")
        key = fail_safe.pending_key
        if key is None:
            return _answer(Code.MISSING_CSR)
        _require(not fail_safe.is_key_for_update, Status.CONSTRAINT_ERROR, "the key was made for UpdateNOC")
        if fail_safe.pending_root is None:
            return _answer(Code.INVALID_NOC)
        if not is_admin_subject(request.case_admin_subject):
            return _answer(Code.INVALID_ADMIN_SUBJECT)
        table = self.node.fabrics
        index = table.free_index()
        if index is None:
            return _answer(Code.TABLE_FULL)
        ipk = GroupKeySet(0, 0, (EpochKey(Secret(request.ipk_value), 0),))
        made = self._fabric(
            index=index,
            root=fail_safe.pending_root,
            noc=request.noc_value,
            icac=request.icac_value or None,  # some administrators send an empty one for none
            key=key,
            vendor_id=request.admin_vendor_id,
            label="",
            ipk=ipk,
        )
        if not isinstance(made, Fabric):
            return _answer(made)
        if table.find(made.root_public_key, made.fabric_id) is not None:
            return _answer(Code.FABRIC_CONFLICT)
        fail_safe.take_over(index)
        fail_safe.added = True
        self.node.join(made)
        session: Any = context.session
        subject = context.subject
        if subject.auth_mode is AuthMode.PASE:
            # From here on the commissioner acts for the new fabric (Core 11.18.6.8).
            subject = context.subject = replace(subject, fabric_index=index)
            if session is not None:
                session.subject = subject
        by = Subject(subject.auth_mode, index, subject.node_id)
        self.sibling(AccessControlBehavior).add_administrator(request.case_admin_subject, by)
        return _answer(Code.OK, index)

    def update_noc(self, request: UpdateNoc, context: RequestContext) -> NocResponse:
        """Changes the node's certificate on the caller's fabric (Core 11.18.6.9).

        Raises:
            StatusError: no fail-safe, a certificate was taken already, or the key was made for AddNOC.
        """
        index = self.accessing_fabric(context)
        _check_sizes(request.noc_value, request.icac_value)
        fail_safe = self._armed(context)
        _require(not fail_safe.has_credentials, Status.CONSTRAINT_ERROR, "a certificate was taken already")
        key = fail_safe.pending_key
        # A new root belongs to an AddNOC; the SDK answers as if the key were missing.
        if key is None or fail_safe.pending_root is not None:
            return _answer(Code.MISSING_CSR)
        _require(fail_safe.is_key_for_update, Status.CONSTRAINT_ERROR, "the key was made for AddNOC")
        fabric = self.node.fabrics.get(index)
        if fabric is None:
            return _answer(Code.INVALID_FABRIC_INDEX)
        made = self._fabric(
            index=index,
            root=fabric.root,
            noc=request.noc_value,
            icac=request.icac_value or None,  # some administrators send an empty one for none
            key=key,
            vendor_id=fabric.vendor_id,
            label=fabric.label,
            ipk=fabric.ipk,
        )
        if not isinstance(made, Fabric):
            return _answer(made)
        if made.fabric_id != fabric.fabric_id:
            return _answer(Code.INVALID_NOC)
        fail_safe.take_over(index)
        fail_safe.updated = True
        self.node.change_fabric(made)
        statement = self.node.members.statement(index)
        if made.icac is not None and statement.signer:
            self.node.members.set_statement(index, statement.replace(signer=b""))
        self.node.forget_peers(index)
        return _answer(Code.OK, index)

    def update_fabric_label(self, request: UpdateFabricLabel, context: RequestContext) -> NocResponse:
        """Names the caller's fabric (Core 11.18.6.11).

        Raises:
            StatusError: the label is too long.
        """
        label, index = request.label, self.accessing_fabric(context)
        _require(len(label.encode()) <= MAX_LABEL, Status.INVALID_COMMAND, "a label has at most 32 octets")
        fabric = self.node.fabrics.get(index)
        if fabric is None:
            return _answer(Code.INVALID_FABRIC_INDEX)
        if any(other.label == label and other.index != index for other in self.node.fabrics):
            return _answer(Code.LABEL_CONFLICT)
        self.node.members.replace(replace(fabric, label=label))
        self.touch(OperationalCredentials.fabrics)
        return _answer(Code.OK, index)

    def remove_fabric(self, request: RemoveFabric, _context: RequestContext) -> NocResponse:
        """Leaves a fabric, the caller's own or another (Core 11.18.6.12).

        Raises:
            StatusError: the index cannot be a fabric's.
        """
        index = request.fabric_index
        _require(1 <= index <= 254, Status.INVALID_COMMAND, "a fabric index is 1 to 254")
        if self.node.fabrics.get(index) is None:
            return _answer(Code.INVALID_FABRIC_INDEX)
        self.node.leave(index)
        return _answer(Code.OK, index)

    # --- vendor id verification

    def set_vid_verification_statement(self, request: SetVidVerificationStatement, context: RequestContext) -> None:
        """Keeps what proves the vendor id of the caller's fabric (Core 11.18.6.14).

        Raises:
            StatusError: nothing is given, or a value is not allowed.
        """
        index = self.accessing_fabric(context)
        vendor, statement, signer = request.vendor_id, request.vid_verification_statement, request.vvsc
        given = vendor is not None or statement is not None or signer is not None
        _require(given, Status.INVALID_COMMAND, "nothing to set")
        _require(vendor is None or _is_vendor(vendor), Status.CONSTRAINT_ERROR, "no vendor id")
        _require(
            statement is None or len(statement) in {0, STATEMENT_LENGTH}, Status.CONSTRAINT_ERROR, "85 octets, or none"
        )
        _require(signer is None or len(signer) <= MAX_CERTIFICATE, Status.CONSTRAINT_ERROR, "at most 400 octets")
        fabric = self.node.fabrics.get(index)
        if fabric is None:
            raise StatusError(Status.CONSTRAINT_ERROR, "the session belongs to no fabric")
        _require(not signer or fabric.icac is None, Status.INVALID_COMMAND, "the fabric has an intermediate")
        before = self.node.members.statement(index)
        after = VendorStatement(
            statement=before.statement if statement is None else statement,
            signer=before.signer if signer is None else signer,
        )
        if after != before:
            self.node.members.set_statement(index, after)
        if vendor is not None and vendor != fabric.vendor_id:
            self.node.members.replace(replace(fabric, vendor_id=vendor))
        if not self.node.fail_safe.has_credentials:
            # Only a statement that belongs to new credentials goes with them (Core 11.18.6.14).
            self.node.ledger.settle(f"f/{index}/vid")
            self.node.ledger.settle(f"f/{index}/fabric")
        if after.statement != before.statement or vendor not in {None, fabric.vendor_id}:
            self.touch(OperationalCredentials.fabrics)
        if after.signer != before.signer:
            self.touch(OperationalCredentials.nocs)

    def sign_vid_verification_request(
        self, request: SignVidVerificationRequest, context: RequestContext
    ) -> SignVidVerificationResponse:
        """Signs, with a fabric's operational key, that the fabric has the vendor id it says (Core 6.4.10.1).

        Raises:
            StatusError: there is no such fabric, or the challenge has not 32 octets.
        """
        fabric = self.node.fabrics.get(request.fabric_index)
        allowed = fabric is not None and len(request.client_challenge) == NONCE
        if fabric is None or not allowed:
            raise StatusError(Status.CONSTRAINT_ERROR, "no such fabric, or a challenge that has not 32 octets")
        binding = (
            bytes([BINDING_VERSION])
            + fabric.root_public_key.raw
            + fabric.fabric_id.to_bytes(8, "big")
            + fabric.vendor_id.to_bytes(2, "big")
        )
        message = (
            bytes([BINDING_VERSION])
            + request.client_challenge
            + _challenge(context)
            + bytes([fabric.index])
            + binding
            + self.node.members.statement(fabric.index).statement
        )
        return SignVidVerificationResponse(
            fabric_index=fabric.index, fabric_binding_version=BINDING_VERSION, signature=fabric.key.sign(message)
        )

    # --- parts of commands

    def _armed(self, context: RequestContext) -> FailSafe:
        fail_safe = self.node.fail_safe
        armed = fail_safe.is_armed_for(context.subject.fabric_index)
        _require(armed, Status.FAILSAFE_REQUIRED, "the fail-safe is not armed by this administrator")
        return fail_safe

    def _fabric(self, *, noc: bytes, key: KeyPair, **parts: Any) -> Fabric | Code:
        """The fabric that certificates make, or the reason why they make none."""
        try:
            certificate = Certificate.from_tlv(noc)
        except NodeIdNotAllowed:
            return Code.INVALID_NODE_OP_ID
        except CertificateError as error:
            log(_LOG, 30, "certificate.refused", reason=error)
            return Code.INVALID_NOC
        try:
            if certificate.public_key.raw != key.public.raw:
                return Code.INVALID_PUBLIC_KEY
            return Fabric.create(noc=noc, key=key, **parts)
        except CertificateError as error:
            log(_LOG, 30, "certificate.refused", reason=error)
            return Code.INVALID_NOC


def is_admin_subject(subject: int) -> bool:
    """Whether an ACL entry may name it: an operational node id or a CASE authenticated tag with a version (Core 6.6.2.1.2)."""
    return is_operational_node_id(subject) or is_cat_subject(subject)


def _is_vendor(vendor_id: int) -> bool:
    """Whether a vendor of that id may operate a fabric: a real one or a test one (Core 2.5.2)."""
    return 1 <= vendor_id <= 0xFFF4


def _challenge(context: RequestContext) -> bytes:
    session: Any = context.session
    return bytes(session.attestation_challenge)


def _answer(code: Code, index: int | None = None) -> NocResponse:
    return NocResponse(status_code=code, fabric_index=index)


def _check_sizes(noc: bytes, icac: bytes | None) -> None:
    fits = len(noc) <= MAX_CERTIFICATE and (icac is None or len(icac) <= MAX_CERTIFICATE)
    _require(fits, Status.INVALID_COMMAND, "a certificate has at most 400 octets")


def _require(condition: bool, status: Status, message: str) -> None:
    if not condition:
        raise StatusError(status, message)
