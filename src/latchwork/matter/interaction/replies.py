"""What an action has to say, and the one answer that every action may get.

Interaction storey of `matter`; knows status responses, nothing of any action.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from latchwork.base.logs import logger
from latchwork.matter.interaction import wire
from latchwork.matter.messages.interaction import Opcode, StatusResponseMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.tlv.elements import TlvError

_LOG: Final = logger(__name__)


class Replies(NamedTuple):
    """Messages to send now, on the exchange of the action.

    Attributes:
        messages: opcode and payload of each.
        done: nothing more is expected of the peer; the exchange can close when the messages are acknowledged.
    """

    messages: list[tuple[int, bytes]]
    done: bool


NOTHING = Replies([], done=True)


def status_reply(status: int, *, done: bool = True) -> Replies:
    """A StatusResponse."""
    return Replies([(Opcode.STATUS_RESPONSE, wire.status_response(int(status)))], done)


def parse_status(opcode: int, payload: bytes) -> int:
    """The status of a StatusResponse; INVALID_ACTION when it is anything else."""
    if opcode != Opcode.STATUS_RESPONSE:
        return Status.INVALID_ACTION
    try:
        return StatusResponseMessage.decode(payload).status
    except TlvError:
        return Status.INVALID_ACTION


def defect(action: str, path: tuple[int, int, int]) -> StatusError:
    """What a peer is told when a cluster broke: FAILURE. The log gets the exception that is being handled.

    One broken cluster must not take the rest of a report, or the exchange, with it.
    """
    if _LOG.isEnabledFor(logging.ERROR):
        _LOG.error("%s of %s/0x%04X/0x%04X broke", action, *path, exc_info=True)
    return StatusError(Status.FAILURE, f"{action} broke")
