"""Counters of the web side, and the text in which Prometheus reads them (exposition format 0.0.4).

Layer web. Labels have the names of routes, doors' ids and words of ours: never a person, never a code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.5, 2.5)
_MAX_SERIES: Final = 2000

Sample = tuple[Mapping[str, str], float]


class Measures:
    """What this process has done.

    Attributes:
        live_listeners: streams of live events.
        listening: likewise of each account; never shown.

    Args:
        started: when, seconds of the monotonic clock.
    """

    __slots__ = ("_buckets", "_requests", "_seconds", "listening", "live_listeners", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.live_listeners = 0
        self.listening: Counter[str] = Counter()
        self._requests: dict[tuple[str, str, int], int] = {}
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        key = (method if method in _METHODS else "OTHER", route, status)
        if key in self._requests or len(self._requests) < _MAX_SERIES:
            self._requests[key] = self._requests.get(key, 0) + 1
        self._seconds += seconds
        self._buckets[next((at for at, bound in enumerate(_BUCKETS) if seconds <= bound), len(_BUCKETS))] += 1

    def text(self) -> Iterable[str]:
        """Lines about requests."""
        samples: list[Sample] = [
            ({"method": method, "route": route, "status": str(status)}, float(count))
            for (method, route, status), count in sorted(self._requests.items())
        ]
        yield from metric("latchwork_http_requests_total", "counter", "Requests answered.", samples)
        yield from metric(
            "latchwork_live_listeners", "gauge", "Live event streams.", [({}, float(self.live_listeners))]
        )
        name = "latchwork_http_request_seconds"
        yield f"# HELP {name} Time to answer."
        yield f"# TYPE {name} histogram"
        total = 0
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self._buckets, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {total}"


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def metric(name: str, kind: str, help_text: str, samples: Iterable[Sample]) -> Iterable[str]:
    """Lines of one metric."""
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
