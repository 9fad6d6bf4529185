"""The tree of errors, by blame and hope.

Ground floor; every layer refines these roots, none invents a new one.

```
LatchworkError
├── Misuse          our caller asked for something that cannot be: fix the call
├── PeerViolation   their bytes break the protocol: drop them or answer a status, never retry the same bytes
├── Refused         the peer understood and said no: carries its status
├── Unreachable     no answer (now): try later
├── Unsupported     it will never work with this peer or this set-up: do not retry
└── Bug             our own invariant broke: please report
```

Every error may carry `advice`: one sentence in plain words that says what to do next. It is for people; the message is for both.
"""

from __future__ import annotations


class LatchworkError(Exception):
    """Root of all errors raised on purpose.

    Attributes:
        advice: what a person can do about it, one sentence, or an empty string.
    """

    advice: str = ""

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        if advice is not None:
            self.advice = advice


class Misuse(LatchworkError):
    """Our caller asked for something that cannot be."""


class PeerViolation(LatchworkError):
    """Bytes or behaviour of a peer that the protocol does not allow."""


class Refused(LatchworkError):
    """A peer understood the request and said no.

    Attributes:
        status: the wire's status code, or None where there is none.
        cluster_status: the cluster-specific code beside it, or None (Core 8.10).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        cluster_status: int | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.status = status
        self.cluster_status = cluster_status


class Unreachable(LatchworkError):
    """No answer within the time the protocol allows; a later try may succeed."""


class Unsupported(LatchworkError):
    """It cannot work with this peer or this set-up; retrying does not help."""


class Bug(LatchworkError):
    """An invariant of ours broke."""

    advice = "This is a defect of Latchwork: please report it with the log."
