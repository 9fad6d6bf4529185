"""QR codes read from photographs.

Layer web; on Pillow, which makes pixels of a file, and ZXing, which finds codes among them. Whoever sends a picture may say anything
about it: what counts is what its first octets are, and how large they say it becomes, before any of it is unpacked.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Final

from latchwork.base.errors import Misuse

if TYPE_CHECKING:  # loaded when the first picture comes: a hub sees few
    from PIL.Image import Image

MAX_OCTETS: Final = 12 << 20
"""Of a file: what telephones make, uncompressed formats left out."""
MAX_PIXELS: Final = 50_000_000
"""Of a picture: the largest cameras of telephones; in grey this many octets."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")
"""What cameras and screenshots make. Others need decoders that are seldom looked at."""
_ENOUGH: Final = 1600
"""Pixels of the longer side: a code that fills a tenth of it still has three pixels to a module."""
_MAX_CODES: Final = 8
_MAX_TEXT: Final = 4296
"""Characters that a QR code can hold (ISO/IEC 18004)."""


class NotAPicture(Misuse):
    """This file cannot be read as a picture."""

    advice = "Take a photo with the camera, or send a JPEG, PNG or WebP; or type the digits."


def read_codes(octets: bytes) -> tuple[str, ...]:
    """The texts of the QR codes in a picture, at most eight; none where none was found.

    Args:
        octets: a file.

    Raises:
        NotAPicture: it is none, is damaged, or is too large.
    """
    import zxingcpp  # noqa: PLC0415 - as above

    if len(octets) > MAX_OCTETS:
        raise NotAPicture("the picture is too large")
    try:
        grey = _grey(octets)
    except Exception as error:
        # Pillow's decoders fail in as many ways as there are formats: OSError, ValueError, SyntaxError, struct.error and more.
        raise NotAPicture("this file is not a picture that can be read") from error
    if grey is None:
        raise NotAPicture("the picture has too many pixels")
    grey.thumbnail((_ENOUGH, _ENOUGH))
    found = zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return tuple(each.text[:_MAX_TEXT] for each in found[:_MAX_CODES] if each.text)


def _grey(octets: bytes) -> Image | None:
    """The pixels; None when there would be too many of them."""
    from PIL import Image  # noqa: PLC0415 - as above

    with Image.open(BytesIO(octets), formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            return None
        # JPEGs are then unpacked at a fraction of their size at once.
        opened.draft("L", (_ENOUGH, _ENOUGH))
        return opened.convert("L")


class PictureReader:
    """Reads codes on a thread of its own.

    One picture at a time: each is up to fifty megabytes while it is unpacked, and there is one owner before one camera.
    """

    __slots__ = ("_thread",)

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "qr reading")

    async def read(self, octets: bytes) -> tuple[str, ...]:
        """As `read_codes`.

        Raises:
            NotAPicture: as there.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, read_codes, octets)

    def close(self) -> None:
        """End the thread, once the picture at work is done."""
        self._thread.shutdown(cancel_futures=True)
