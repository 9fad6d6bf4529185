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
_MARGIN: Final = 18.0


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
    ticks: Sequence[tuple[float, str]] = (),
    days: Sequence[tuple[float, str]] = (),
) -> Markup:
    """Something over time.

    Args:
        points: instant and value, oldest first.
        label: what the picture says, for those who do not see it.
        start: instant at its left edge.
        end: instant at its right edge.
        low: value at its lower edge.
        high: value at its upper edge.
        ticks: values that are written at the side.
        days: instants that are written below.
    """
    span, rise = max(end - start, 1e-9), max(high - low, 1e-9)

    def place(at: float, value: float) -> tuple[float, float]:
        y = (1 - (min(max(value, low), high) - low) / rise) * (_LINE - 2 * _MARGIN) + _MARGIN / 2
        return (at - start) / span * WIDTH, y

    parts = []
    for value, text in ticks:
        y = place(start, value)[1]
        parts.append(f'<line class="axis" x1="0" x2="{WIDTH:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{WIDTH:g}" y="{y - 4:.1f}" text-anchor="end">{escape(text)}</text>')
    for at, text in days:
        x = min(max(place(at, low)[0], 0), WIDTH)
        parts.append(f'<text x="{x:.0f}" y="{_LINE - 4:g}" text-anchor="middle">{escape(text)}</text>')
    if points:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(f'<polyline class="value" points="{path}"/>')
        x, y = place(*points[-1])
        parts.append(f'<circle class="value" cx="{min(x, WIDTH - 4):.1f}" cy="{y:.1f}" r="4"/>')
    return _picture("line-chart", _LINE, label, parts)


def _picture(kind: str, height: float, label: str, parts: Sequence[str], more: str = "") -> Markup:
    """The picture of parts that are made of numbers and escaped texts."""
    begin = (
        f'<svg class="chart {kind}" viewBox="0 0 {WIDTH:g} {height:g}"{more} role="img" aria-label="{escape(label)}">'
    )
    return Markup(f"{begin}{''.join(parts)}</svg>")  # noqa: S704 - numbers, and texts that were escaped
