"""The specification's versions that Latchwork can speak, and the revisions each brings.

Model storey of `matter`; knows nothing else. A node is of one version; a controller talks to nodes of any.
"""

from __future__ import annotations

from enum import IntEnum


class SpecVersion(IntEnum):
    """A version of the Matter specification; its value is the node's SpecificationVersion (Core 11.1.5.22).

    The value has one octet each for major, minor and patch, and a reserved one.
    """

    V1_4_2 = 0x01040200
    V1_6 = 0x01060000

    @property
    def data_model_revision(self) -> int:
        """DataModelRevision of nodes of this version (Core 7.1.1)."""
        return _REVISIONS[self][0]

    @property
    def interaction_model_revision(self) -> int:
        """InteractionModelRevision of messages of this version (Core 8.1.1)."""
        return _REVISIONS[self][1]

    def __str__(self) -> str:
        major, minor, patch = (self.value >> shift & 0xFF for shift in (24, 16, 8))
        return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


LATEST = SpecVersion.V1_6
"""What declarations mean when they do not say otherwise."""

_REVISIONS = {SpecVersion.V1_4_2: (19, 12), SpecVersion.V1_6: (21, 12)}
