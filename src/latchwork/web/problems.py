"""Problem details (RFC 9457): how every error of the API looks, and which error of the house is which problem.

Layer web. What an error says to the outside is made of its own message, which never holds a secret by the rules of the house; what was
not raised on purpose says nothing at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from logging import ERROR
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from latchwork.base.errors import LatchworkError, Misuse, PeerViolation, Refused, Unreachable, Unsupported
from latchwork.base.logs import log, logger
from latchwork.hub.books.repository import Conflict, NotFound
from latchwork.matter.session.handshake import HandshakeFailed
from latchwork.store.database import ConstraintBroken
from latchwork.store.errors import StoreError

CONTENT_TYPE: Final = "application/problem+json"
_TYPES: Final = "tag:latchwork,2026:problem:"
_LOG = logger(__name__)
_MAX_ERRORS: Final = 20
_MAX_POINTER: Final = 200
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_0-9.~$\[\]-]{0,60}")


class Problem(Exception):
    """An answer that says what is wrong.

    Args:
        status: HTTP status code.
        code: stable name for programs, in snake_case.
        title: the same for everything with this code, in plain words.
        detail: what is wrong this time, and what to do.
        headers: to send along.
        errors: `pointer` and `detail` of each part that is wrong.
        extra: further members.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.extra = dict(extra or {})

    def response(self, instance: str = "") -> Response:
        """The answer.

        Args:
            instance: names this occurrence: the request's id.
        """
        body: dict[str, Any] = {
            "type": f"{_TYPES}{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            body["detail"] = self.detail
        if instance:
            body["instance"] = f"urn:latchwork:request:{instance}"
        if self.errors:
            body["errors"] = self.errors[:_MAX_ERRORS]
        body |= self.extra
        headers = {"cache-control": "no-store"} | self.headers
        return Response(json.dumps(body, ensure_ascii=False).encode(), self.status, headers, CONTENT_TYPE)


def not_found(what: str) -> Problem:
    """Nothing is there, or not for whoever asks: which of the two is not said."""
    return Problem(404, "not_found", "There is no such thing", f"There is no such {what}.")


def forbidden(detail: str) -> Problem:
    """Whoever asks is known, and may not."""
    return Problem(403, "forbidden", "This is not allowed", detail)


def invalid(pointer: str, detail: str) -> Problem:
    """One part of the request is wrong.

    Args:
        pointer: JSON pointer to it (RFC 6901).
        detail: what is expected.
    """
    return Problem(422, "invalid_request", "The request is not right", errors=[{"pointer": pointer, "detail": detail}])


def from_error(error: LatchworkError) -> Problem:
    """The problem that an error of the house is; one that only says where another happened is that one, in its own words."""
    cause = getattr(error, "cause", None)
    blame = cause if isinstance(cause, LatchworkError) else error
    detail = " ".join(part for part in (_sentence(str(error)), error.advice) if part)
    match blame:
        case NotFound():
            return not_found(blame.what)
        case Conflict():
            return Problem(409, "conflict", "Somebody else changed it", detail)
        case ConstraintBroken():
            # Its text names tables and columns.
            return Problem(
                409,
                "conflict",
                "It contradicts what is there",
                "Something that it names is not there, or is there already.",
            )
        case StoreError():
            log(_LOG, ERROR, "storage_failed", error=type(blame).__name__)
            return Problem(
                503, "storage_unavailable", "The storage does not work", blame.advice, headers={"retry-after": "10"}
            )
        case Misuse():
            return Problem(422, "not_possible", "This cannot be done", detail)
        case Refused():
            return Problem(502, "lock_refused", "The lock said no", detail)
        case HandshakeFailed() | PeerViolation():
            return Problem(502, "no_agreement", "The lock and the hub could not agree", detail)
        case Unreachable():
            return Problem(504, "lock_unreachable", "The lock does not answer", detail)
        case Unsupported():
            return Problem(422, "not_supported", "This lock cannot do it", detail)
    log(_LOG, ERROR, "request_failed", error=type(error).__name__)
    return _internal()


def problem_of(error: Exception) -> Problem:
    """The problem that any error is."""
    match error:
        case Problem():
            return error
        case LatchworkError():
            return from_error(error)
        case RequestValidationError():
            return _from_validation(error)
        case HTTPException():
            return _from_http(error)
    return _internal()


async def answer_problem(request: Request, error: Exception) -> Response:
    """Handler for everything that routes raise."""
    return problem_of(error).response(request.scope.get("latchwork.request_id", ""))


def _from_validation(error: RequestValidationError) -> Problem:
    errors = []
    for each in error.errors():
        # The value itself is not repeated, nor a name that is no name: it may be a code.
        named = [str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "…" for part in each["loc"]]
        where = [part.replace("~", "~0").replace("/", "~1") for part in named]
        errors.append(
            {"pointer": "/" + "/".join(where)[:_MAX_POINTER], "detail": str(each["msg"]).removeprefix("Value error, ")}
        )
    return Problem(422, "invalid_request", "The request is not right", errors=errors)


def _from_http(error: HTTPException) -> Problem:
    try:
        phrase = HTTPStatus(error.status_code).phrase
    except ValueError:
        phrase = "Error"
    code = {404: "not_found", 405: "method_not_allowed", 400: "invalid_request", 413: "request_too_long"}.get(
        error.status_code, "http_error"
    )
    title = {
        404: "There is no such thing",
        405: "This method is not for this address",
        413: "The request is too long",
    }.get(error.status_code, phrase)
    return Problem(error.status_code, code, title, headers=error.headers)


def _internal() -> Problem:
    return Problem(500, "internal_error", "Something went wrong in the hub", "The hub's log says more.")


def _sentence(text: str) -> str:
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…" else f"{text}."
