"""What a lock can do, as it is kept until the lock can be asked again.

Layer hub, pure.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities


def capabilities_to_json(can: Capabilities) -> dict[str, Any]:
    """As they are kept."""
    kept = asdict(can)
    kept["kinds"] = {kind.value: count for kind, count in can.kinds.items()}
    return kept


def capabilities_from_json(kept: Any) -> Capabilities | None:
    """As they were kept; None where another version kept something else: they are read again anyway."""
    if not isinstance(kept, dict):
        return None
    try:
        return Capabilities(
            **{
                **kept,
                "kinds": {CredentialKind(kind): count for kind, count in kept["kinds"].items()},
                "pin_length": tuple(kept["pin_length"]),
                "rfid_length": tuple(kept["rfid_length"]),
            }
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
