"""QR codes as pictures: for a page and for a terminal.

Layer hub, pure; draws whatever text it is given and keeps nothing.
"""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Final

import segno

_SCALE: Final = 8
_QUIET: Final = 4
"""Modules of white around the code, as ISO/IEC 18004 asks."""


def qr_svg(text: str) -> bytes:
    """A picture as an SVG document: black on white, whatever is behind it, with its own size and no script or style."""
    out = BytesIO()
    _drawn(text).save(
        out, kind="svg", scale=_SCALE, border=_QUIET, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return out.getvalue()


def qr_terminal(text: str) -> str:
    """A picture of half blocks, two rows of modules to a line; meant for light on dark and readable the other way too."""
    out = StringIO()
    _drawn(text).terminal(out, border=2, compact=True)
    return out.getvalue()


def _drawn(text: str) -> segno.QRCode:
    # Medium correction: a scratched screen is rare, and a smaller picture is read from further away.
    return segno.make_qr(text, error="m")
