"""Commands: checked, handed to their cluster, answered (Core 8.8).

Interaction storey of `matter`; knows what a command may do and how its answer is written down, not how messages come and go. A handler
may answer at once or with an awaitable; only then does anything here wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from inspect import isawaitable
from typing import Any, Final, TypeAlias

from latchwork.base.errors import Bug
from latchwork.matter.interaction import wire
from latchwork.matter.interaction.directory import VIEW, Directory
from latchwork.matter.interaction.paths import invalid_action, is_cluster_id
from latchwork.matter.interaction.replies import defect
from latchwork.matter.interaction.view import ClusterView, NodeView, RequestContext
from latchwork.matter.messages.interaction import CommandDataIB, InvokeRequestMessage
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.meta import Command
from latchwork.matter.tlv.elements import TlvError
from latchwork.matter.tlv.schema import ABSENT, BoundsError, Struct

_HEAD: Final = b"\x15\x28\x00\x36\x01"
_TAIL: Final = b"\x18" + wire.REVISION_AND_END
_MORE: Final = b"\x18\x29\x02" + wire.REVISION_AND_END

Answer: TypeAlias = bytes
"""A finished InvokeResponseIB."""


class Invoking:
    """One invoke action.

    Args:
        endpoints: the endpoints of the group the message was sent to, or None for a message to this node alone.
        limit: most octets of a response message.
        max_paths: most commands in one request.
    """

    __slots__ = ("_context", "_directory", "_endpoints", "_limit", "_max_paths", "_node")

    def __init__(
        self,
        node: NodeView,
        directory: Directory,
        context: RequestContext,
        *,
        limit: int,
        max_paths: int,
        endpoints: Collection[int] | None = None,
    ) -> None:
        self._node = node
        self._directory = directory
        self._context = context
        self._endpoints = endpoints
        self._limit = limit
        self._max_paths = max_paths

    def run(self, message: InvokeRequestMessage) -> list[bytes] | Awaitable[list[bytes]]:
        """Carry the commands out in order and give the response messages.

        Raises:
            StatusError: INVALID_ACTION; no command was run.
        """
        requests = message.invoke_requests
        self._check(requests)
        if self._endpoints is not None:
            path = requests[0].path
            work = [(endpoint, requests[0]) for endpoint in self._endpoints if self._is_there(endpoint, path.cluster)]
        else:
            work = [(request.path.endpoint or 0, request) for request in requests]
        answers: list[Answer] = []
        for index, (endpoint, request) in enumerate(work):
            answer = self._one(endpoint, request)
            if not isinstance(answer, bytes):
                return self._rest(answer, answers, work[index + 1 :])
            answers.append(answer)
        return self._messages(answers)

    def _is_there(self, endpoint: int, cluster: int) -> bool:
        found = self._node.endpoints.get(endpoint)
        return found is not None and cluster in found.clusters

    async def _rest(
        self, first: Awaitable[Answer], answers: list[Answer], work: list[tuple[int, CommandDataIB]]
    ) -> list[bytes]:
        answers.append(await first)
        for endpoint, request in work:
            answer = self._one(endpoint, request)
            answers.append(answer if isinstance(answer, bytes) else await answer)
        return self._messages(answers)

    def _check(self, requests: tuple[CommandDataIB, ...]) -> None:
        is_group = self._endpoints is not None
        if len(requests) > (1 if is_group else self._max_paths):
            raise invalid_action(f"{len(requests)} commands in one request are too many")
        if not requests:
            raise invalid_action("a request without commands")
        for request in requests:
            if (request.path.endpoint is None) != is_group or request.path.endpoint == 0xFFFF:
                raise invalid_action("a command names its endpoint, unless it is sent to a group")
            if not is_cluster_id(request.path.cluster):
                raise invalid_action("a path cannot exist")
        if len(requests) > 1:
            paths = {(r.path.endpoint, r.path.cluster, r.path.command) for r in requests}
            references = {r.command_ref for r in requests}
            if len(paths) != len(requests) or len(references) != len(requests) or None in references:
                raise invalid_action("commands of one request differ in path and reference")

    def _one(self, endpoint: int, request: CommandDataIB) -> Answer | Awaitable[Answer]:
        try:
            view, command = self._permitted(endpoint, request)
            fields = _fields(command, request.command_fields)
            result = self._call(view, command, fields, (endpoint, request.path.cluster, command.id))
            if isawaitable(result):
                return self._later(result, endpoint, request, command)
            return self._answer(endpoint, request, command, result)
        except StatusError as error:
            return _status(endpoint, request, error)

    def _call(
        self, view: ClusterView, command: Command, fields: Any, path: tuple[int, int, int]
    ) -> Struct | Awaitable[Struct | None] | None:
        try:
            return view.invoke(command, fields, self._context)
        except StatusError:
            raise
        except Exception as error:
            raise defect("invoke", path) from error

    async def _later(
        self, result: Awaitable[Struct | None], endpoint: int, request: CommandDataIB, command: Command
    ) -> Answer:
        try:
            value = await _outcome(result, (endpoint, request.path.cluster, command.id))
            return self._answer(endpoint, request, command, value)
        except StatusError as error:
            return _status(endpoint, request, error)

    def _permitted(self, endpoint: int, request: CommandDataIB) -> tuple[ClusterView, Command]:
        """The cluster and the command, if the requester may run it (Core 8.8.3.2).

        Raises:
            StatusError: he may not.
        """
        context, cluster, number = self._context, request.path.cluster, request.path.command
        found = self._node.endpoints.get(endpoint)
        view = None if found is None else found.clusters.get(cluster)
        command = None if view is None else view.state.accepted_commands.get(number)
        privilege = VIEW if command is None else command.privilege
        if not self._directory.allows(context, privilege, endpoint, cluster):
            raise StatusError(Status.UNSUPPORTED_ACCESS)
        if view is None or command is None:
            raise StatusError(self._directory.missing(endpoint, cluster, Status.UNSUPPORTED_COMMAND))
        if command.fabric_scoped and not context.subject.fabric_index:
            raise StatusError(Status.UNSUPPORTED_ACCESS, "a fabric-scoped command needs a fabric")
        if command.timed and not context.is_timed:
            raise StatusError(Status.NEEDS_TIMED_INTERACTION)
        return view, command

    def _answer(self, endpoint: int, request: CommandDataIB, command: Command, result: Struct | None) -> Answer:
        reference = request.command_ref
        if result is None:
            path = wire.command_path(endpoint, request.path.cluster, command.id)
            return wire.command_status(path, Status.SUCCESS, None, reference)
        if command.response_id is None:
            raise Bug(f"{type(result).__name__} is no declared response")
        out = bytearray(b"\x15\x35\x00")
        out += wire.command_path(endpoint, request.path.cluster, command.response_id)
        out += b"\x35\x01"
        result.encode_members(out)
        out.append(wire.END)
        if reference is not None:
            out += wire.unsigned(2, reference)
        out += b"\x18\x18"
        if len(out) + len(_HEAD) + len(_MORE) > self._limit:
            return _status(endpoint, request, StatusError(Status.RESOURCE_EXHAUSTED))
        return bytes(out)

    def _messages(self, answers: list[Answer]) -> list[bytes]:
        if len(answers) == 1:
            return [_HEAD + answers[0] + _TAIL]
        room = self._limit - len(_HEAD) - len(_MORE)
        bodies = [b""]
        for answer in answers:
            if bodies[-1] and len(bodies[-1]) + len(answer) > room:
                bodies.append(answer)
            else:
                bodies[-1] += answer
        return [_HEAD + body + _MORE for body in bodies[:-1]] + [_HEAD + bodies[-1] + _TAIL]


def _status(endpoint: int, request: CommandDataIB, error: StatusError) -> Answer:
    path = wire.command_path(endpoint, request.path.cluster, request.path.command)
    status = Status.FAILURE if error.status is None else error.status
    return wire.command_status(path, status, error.cluster_status, request.command_ref)


async def _outcome(result: Awaitable[Struct | None], path: tuple[int, int, int]) -> Struct | None:
    try:
        return await result
    except StatusError:
        raise
    except Exception as error:
        raise defect("invoke", path) from error


def _fields(command: Command, data: Any) -> Any:
    """The declared request.

    Raises:
        StatusError: INVALID_COMMAND for missing fields or other types, CONSTRAINT_ERROR for values out of bounds, unless the command is
            strict about them.
    """
    kind = command.request
    if data is ABSENT:
        data = {}
    if kind is None:
        if type(data) is not dict:
            raise StatusError(Status.INVALID_COMMAND, "fields are a structure")
        return None
    try:
        return kind.accept(data)
    except BoundsError as error:
        raise StatusError(
            Status.INVALID_COMMAND if command.is_strict else Status.CONSTRAINT_ERROR, str(error)
        ) from error
    except TlvError as error:
        raise StatusError(Status.INVALID_COMMAND, str(error)) from error
