"""Who changes a lock's people over the network, and what a refused change is answered with.

Layer devices; shared by the parts of the Door Lock cluster, knows no lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from latchwork.doorlock.changes import Author, ChangeRefused, Problem
from latchwork.doorlock.events import Source
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters import door_lock as wire

_STATUSES: Final = MappingProxyType(
    {
        Problem.FAILURE: (Status.FAILURE, None),
        Problem.DUPLICATE: (Status.FAILURE, int(wire.StatusCodeEnum.DUPLICATE)),
        Problem.OCCUPIED: (Status.FAILURE, int(wire.StatusCodeEnum.OCCUPIED)),
        Problem.INVALID: (Status.INVALID_COMMAND, None),
        Problem.EXHAUSTED: (Status.RESOURCE_EXHAUSTED, None),
        Problem.NOT_FOUND: (Status.NOT_FOUND, None),
        Problem.UNSUPPORTED: (Status.UNSUPPORTED_COMMAND, None),
    }
)
"""What a refused change is answered with: a status, and the cluster's own code where there is one (Application Clusters 5.2.8)."""


def author_of(context: RequestContext) -> Author:
    """Who changes something.

    Raises:
        StatusError: FAILURE: nobody whose name could be kept, a commissioner before its fabric.
    """
    subject = context.subject
    if not subject.fabric_index:
        raise StatusError(Status.FAILURE, "only a member of a fabric changes users, credentials and schedules")
    return Author(Source.REMOTE, subject.fabric_index, subject.node_id or None)


@contextmanager
def refusing() -> Iterator[None]:
    """Within, a refused change becomes the status it is answered with.

    Raises:
        StatusError: the change was refused.
    """
    try:
        yield
    except ChangeRefused as refused:
        status, code = _STATUSES[refused.problem]
        raise StatusError(status, str(refused), cluster_status=code) from refused
