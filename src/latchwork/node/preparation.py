"""What a node makes before its first commissioner asks for it, so that he does not wait for it.

Stands in node; changes nothing but when things are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from latchwork.matter.messages import interaction, secure_channel
from latchwork.matter.tlv.schema import Struct

if TYPE_CHECKING:
    from latchwork.node.node import Node

_MESSAGES: Final = tuple(
    kind
    for messages in (interaction, secure_channel)
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind is not Struct
)


def prepare(node: Node) -> None:
    """Makes the identity, and what reads and writes a commissioner's messages: compiled at first use otherwise.

    Raises:
        StoreError: the identity cannot be stored.
    """
    with node.turn():
        _ = node.identity
    for kind in _MESSAGES:
        kind.fields()
    for behavior in node.endpoints[0].clusters.values():
        for command in behavior.state.accepted_commands.values():
            for kind in filter(None, (command.request, command.response)):
                kind.fields()
