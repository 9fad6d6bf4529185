"""Operational Credentials (Core 11.18): attestation, and the fabrics that the node belongs to.

Model storey of `matter`; a declaration in the shorthand of the specification, without behaviour.
"""

from __future__ import annotations

from typing import Annotated

from latchwork.matter.model.meta import Attribute, Cluster, Command, Response
from latchwork.matter.tlv.schema import U8, U16, U64, Hidden, Len, Nullable, OpenEnum, Range, Struct, Tag


class CertificateChainTypeEnum(OpenEnum):
    """Values of certificate chain type."""

    DAC_CERTIFICATE = 1
    PAI_CERTIFICATE = 2


class NodeOperationalCertStatusEnum(OpenEnum):
    """Values of node operational cert status."""

    OK = 0
    INVALID_PUBLIC_KEY = 1
    INVALID_NODE_OP_ID = 2
    INVALID_NOC = 3
    MISSING_CSR = 4
    TABLE_FULL = 5
    INVALID_ADMIN_SUBJECT = 6
    FABRIC_CONFLICT = 9
    LABEL_CONFLICT = 10
    INVALID_FABRIC_INDEX = 11


class NOCStruct(Struct):
    """Noc."""

    noc: Annotated[bytes, Tag(1), Len(0, 400)]
    icac: Annotated[bytes | None, Tag(2), Nullable, Len(0, 400)]
    vvsc: Annotated[bytes | None, Tag(3), Len(0, 400)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class FabricDescriptorStruct(Struct):
    """Fabric descriptor."""

    root_public_key: Annotated[bytes, Tag(1), Len(65)]
    vendor_id: Annotated[U16, Tag(2)]
    fabric_id: Annotated[U64, Tag(3)]
    node_id: Annotated[U64, Tag(4)]
    label: Annotated[str, Tag(5), Len(0, 32)]
    vid_verification_statement: Annotated[bytes | None, Tag(6), Len(85)] = None
    fabric_index: Annotated[U8 | None, Tag(254)] = None


class AttestationRequest(Struct):
    """Fields of the command AttestationRequest."""

    attestation_nonce: Annotated[bytes, Tag(0), Len(32)]


class AttestationResponse(Response):
    """Answer to AttestationRequest."""

    command_id = 0x01

    attestation_elements: Annotated[bytes, Tag(0)]
    attestation_signature: Annotated[bytes, Tag(1)]


class CertificateChainRequest(Struct):
    """Fields of the command CertificateChainRequest."""

    certificate_type: Annotated[CertificateChainTypeEnum, Tag(0)]


class CertificateChainResponse(Response):
    """Answer to CertificateChainRequest."""

    command_id = 0x03

    certificate: Annotated[bytes, Tag(0)]


class CsrRequest(Struct):
    """Fields of the command CsrRequest."""

    csr_nonce: Annotated[bytes, Tag(0), Len(32)]
    is_for_update_noc: Annotated[bool | None, Tag(1)] = None


class CsrResponse(Response):
    """Answer to CsrRequest."""

    command_id = 0x05

    nocsr_elements: Annotated[bytes, Tag(0)]
    attestation_signature: Annotated[bytes, Tag(1)]


class AddNoc(Struct):
    """Fields of the command AddNoc."""

    noc_value: Annotated[bytes, Tag(0), Len(0, 400)]
    icac_value: Annotated[bytes | None, Tag(1), Len(0, 400)] = None
    ipk_value: Annotated[bytes, Tag(2), Len(16), Hidden]
    case_admin_subject: Annotated[U64, Tag(3)]
    admin_vendor_id: Annotated[U16, Tag(4)]


class UpdateNoc(Struct):
    """Fields of the command UpdateNoc."""

    noc_value: Annotated[bytes, Tag(0), Len(0, 400)]
    icac_value: Annotated[bytes | None, Tag(1), Len(0, 400)] = None


class NocResponse(Response):
    """Answer to AddNoc and UpdateNoc and UpdateFabricLabel and RemoveFabric."""

    command_id = 0x08

    status_code: Annotated[NodeOperationalCertStatusEnum, Tag(0)]
    fabric_index: Annotated[U8 | None, Tag(1)] = None
    debug_text: Annotated[str | None, Tag(2)] = None


class UpdateFabricLabel(Struct):
    """Fields of the command UpdateFabricLabel."""

    label: Annotated[str, Tag(0), Len(0, 32)]


class RemoveFabric(Struct):
    """Fields of the command RemoveFabric."""

    fabric_index: Annotated[U8, Tag(0), Range(1, 254)]


class AddTrustedRootCertificate(Struct):
    """Fields of the command AddTrustedRootCertificate."""

    root_ca_certificate: Annotated[bytes, Tag(0), Len(0, 400)]


class SetVidVerificationStatement(Struct):
    """Fields of the command SetVidVerificationStatement."""

    vendor_id: Annotated[U16 | None, Tag(0)] = None
    vid_verification_statement: Annotated[bytes | None, Tag(1), Len(0, 85)] = None
    vvsc: Annotated[bytes | None, Tag(2), Len(0, 400)] = None


class SignVidVerificationRequest(Struct):
    """Fields of the command SignVidVerificationRequest."""

    fabric_index: Annotated[U8, Tag(0), Range(1, 254)]
    client_challenge: Annotated[bytes, Tag(1), Len(32)]


class SignVidVerificationResponse(Response):
    """Answer to SignVidVerificationRequest."""

    command_id = 0x0E

    fabric_index: Annotated[U8, Tag(0)]
    fabric_binding_version: Annotated[U8, Tag(1)]
    signature: Annotated[bytes, Tag(2)]


class OperationalCredentials(Cluster):
    """The cluster: attestation, and the fabrics that the node belongs to."""

    __slots__ = ()

    id = 0x003E
    revision = 2
    name = "OperationalCredentials"

    nocs = Attribute[tuple[NOCStruct, ...]](
        0x0000, tuple[NOCStruct, ...], access="R F A", quality="N C", constraint="max supportedFabrics"
    )
    fabrics = Attribute[tuple[FabricDescriptorStruct, ...]](
        0x0001, tuple[FabricDescriptorStruct, ...], access="R F V", quality="N", constraint="max supportedFabrics"
    )
    supported_fabrics = Attribute[int](0x0002, U8, quality="F", constraint="5 to 254")
    commissioned_fabrics = Attribute[int](0x0003, U8, quality="N", constraint="max supportedFabrics")
    trusted_root_certificates = Attribute[tuple[bytes, ...]](
        0x0004, tuple[bytes, ...], quality="N C", constraint="max supportedFabrics[max 400]"
    )
    current_fabric_index = Attribute[int](0x0005, U8)

    attestation_request = Command(0x00, AttestationRequest, AttestationResponse, access="A", is_strict=True)
    certificate_chain_request = Command(
        0x02, CertificateChainRequest, CertificateChainResponse, access="A", is_strict=True
    )
    csr_request = Command(0x04, CsrRequest, CsrResponse, access="A", is_strict=True)
    add_noc = Command(0x06, AddNoc, NocResponse, access="A", is_strict=True)
    update_noc = Command(0x07, UpdateNoc, NocResponse, access="F A", is_strict=True)
    update_fabric_label = Command(0x09, UpdateFabricLabel, NocResponse, access="F A", is_strict=True)
    remove_fabric = Command(0x0A, RemoveFabric, NocResponse, access="A", is_strict=True)
    add_trusted_root_certificate = Command(0x0B, AddTrustedRootCertificate, None, access="A", is_strict=True)
    set_vid_verification_statement = Command(0x0C, SetVidVerificationStatement, None, access="F A")
    sign_vid_verification_request = Command(0x0D, SignVidVerificationRequest, SignVidVerificationResponse, access="A")
