"""The models of lock that are known, by the name that they have on the command line.

Layer devices: data only. A new model is a new file with one `LockModel` in it, and one name in `MODELS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from latchwork.devices.lock_model import LockModel
from latchwork.devices.models.a100 import A100
from latchwork.devices.models.generic import GENERIC
from latchwork.devices.models.u100 import U100
from latchwork.devices.models.u200 import U200
from latchwork.devices.models.u300 import U300
from latchwork.devices.models.u400 import U400

MODELS: Final[Mapping[str, LockModel]] = MappingProxyType(
    {model.key: model for model in (GENERIC, U400, U100, U200, U300, A100)}
)
"""Every model by its key."""

__all__ = ["A100", "GENERIC", "MODELS", "U100", "U200", "U300", "U400"]
