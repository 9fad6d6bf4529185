"""Who signs certification declarations: the keys of the Connectivity Standards Alliance (Core 6.3.3).

Pure constants. Source: connectedhomeip v1.4.2, `credentials/development/cd-certs/CSA_Matter_CD_Signing_Key_00{1..5}.cert.der`.
"""

from __future__ import annotations

from typing import Final

from latchwork.matter.crypto.keys import PublicKey

_OFFICIAL: Final = (
    (
        "04cdeee93e44f8b72be3d1a9c07e21968b9afff3b403f05e1669d7b1e5caee6fc7"
        "714b42e7e23695e92cd7635473a280ae688f37bb9489e11629b9b94ff7b09929"
    ),
    (
        "04031937e8f94251045df27457bb46253ee3754e8c12ae28557d8027b9d4c356d9"
        "1b408cff32275017b25f8c8ba20516d5c83af2b724128013dfcc8f95d200a90b"
    ),
    (
        "049f575cd5fdb7521f10a4df31f073912b614728f2d37f5b6b96bc2cbf7c0b1196"
        "90577d555d21a09660a8b082a339ea530f7a812d8693b56fd764185fabcd32f5"
    ),
    (
        "047cfc8d8810a89cf4fa191778f2afec78f8517a97a3e57fc213bad888e3611e74"
        "ffb684bdeba8a68b25234a5c358f373bab9b6d304e1306dd7620a528d1161c0b"
    ),
    (
        "04438a52c662a2a6d72647f95eb753136ee4ae0fdb3aa9c16931426b3d0867f910"
        "3ae7d7a1b887e9f813a6f26f76bbcda93593787c12778ca8f2975dc45a2042f9"
    ),
)


def official_signers() -> tuple[PublicKey, ...]:
    """The keys that sign the declarations of certified products."""
    return tuple(PublicKey.from_bytes(bytes.fromhex(key)) for key in _OFFICIAL)
