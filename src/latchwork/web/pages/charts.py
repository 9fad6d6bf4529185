"""Pictures made of numbers: a day as a strip, and something over time as a line. Plain SVG, sized by the style sheet.

Layer web, pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

WIDTH: Final = 360.0
_STRIP: Final = 28.0
_LINE: Final = 120.0
_EDGE: Final = 8.0


def day_strip(marks: Sequence[tuple[float, str]], label: str) -> Markup:
    """What happened in a day, as marks on a line from midnight to midnight; the page writes the hours below.

    Args:
        marks: part of the day that had gone by, 0 to 1, and a class: `open`, `locked`, `bad` or `other`.
        label: what the picture says, for those who do not see it.
    """
    parts = [f'<line class="axis" x1="0" x2="{WIDTH:g}" y1="24" y2="24"/>']
    for part, kind in marks:
        x = max(2.0, min(WIDTH - 2, part * WIDTH))
        parts.append(f'<line class="mark {escape(kind)}" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="24"/>')
    return _picture("strip", _STRIP, label, parts, ' preserveAspectRatio="none"')


def line_chart(
    points: Sequence[tuple[float, float]],
    label: str,
    *,
    start: float,
    end: float,
    low: float = 0.0,
    high: float = 100.0,
    grid: Sequence[float] = (),
) -> Markup:
    """Something over time. It is stretched to whatever room there is, and so what is written beside it is the page's.

    Args:
        points: instant and value, oldest first.
        label: what the picture says, for those who do not see it.
        start: instant at its left edge.
        end: instant at its right edge.
        low: value at its lower edge.
        high: value at its upper edge.
        grid: values that have a line.
    """
    span, rise = max(end - start, 1e-9), max(high - low, 1e-9)

    def place(at: float, value: float) -> tuple[float, float]:
        y = (1 - (min(max(value, low), high) - low) / rise) * (_LINE - 2 * _EDGE) + _EDGE
        return _EDGE + min(max((at - start) / span, 0.0), 1.0) * (WIDTH - 2 * _EDGE), y

    parts = []
    for value in grid:
        y = place(start, value)[1]
        parts.append(f'<line class="axis" x1="0" x2="{WIDTH:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
    if points:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        first, last = place(*points[0])[0], place(*points[-1])
        parts.append(f'<polygon class="below" points="{first:.1f},{_LINE:g} {path} {last[0]:.1f},{_LINE:g}"/>')
        parts.append(f'<polyline class="value" points="{path}"/>')
        # A line without length and with round ends: a dot that stays round when the picture is stretched.
        parts.append(f'<path class="dot" d="M{last[0]:.1f} {last[1]:.1f}h0"/>')
    return _picture("line-chart", _LINE, label, parts, ' preserveAspectRatio="none"')


def _picture(kind: str, height: float, label: str, parts: Sequence[str], more: str = "") -> Markup:
    """The picture of parts that are made of numbers and escaped texts."""
    begin = (
        f'<svg class="chart {kind}" viewBox="0 0 {WIDTH:g} {height:g}"{more} role="img" aria-label="{escape(label)}">'
    )
    return Markup(f"{begin}{''.join(parts)}</svg>")  # noqa: S704 - numbers, and texts that were escaped
