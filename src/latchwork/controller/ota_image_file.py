"""Firmware images on disk, as a provider serves them.

Controller storey; knows files and their headers, not who gets them. A file is read in blocks and never held in memory.
"""

from __future__ import annotations

import os
from pathlib import Path

from latchwork.base.errors import Misuse
from latchwork.matter.exchange.bdx import NotServed
from latchwork.matter.messages.bdx import BdxCode
from latchwork.matter.messages.ota_image import OtaImageHeader, check_image


class ImageFile:
    """An image on disk.

    Attributes:
        path: where it is.
        header: what it says of itself.
        size: octets of the file.
        designator: its name for those who fetch it.
    """

    __slots__ = ("designator", "header", "path", "size")

    def __init__(self, path: Path | str, header: OtaImageHeader, size: int) -> None:
        self.path = Path(path)
        self.header = header
        self.size = size
        self.designator = f"{header.vendor_id:04X}-{header.product_id:04X}-{header.software_version}.ota"

    @classmethod
    def open(cls, path: Path | str) -> ImageFile:
        """The image in a file, read once from end to end and checked.

        Raises:
            OtaImageError: it is no image, or not whole.
            Misuse: it cannot be read.
        """
        try:
            with Path(path).open("rb") as file:
                header = check_image(file.read)
                return cls(path, header, file.tell())
        except OSError as error:
            raise Misuse(f"image {path} cannot be read: {error.strerror}") from error

    def source(self) -> OpenImage:
        """The file, opened to be served.

        Raises:
            NotServed: it is gone.
        """
        try:
            return OpenImage(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC), self.size)
        except OSError as error:
            raise NotServed(BdxCode.FILE_DESIGNATOR_UNKNOWN, f"{self.path}: {error.strerror}") from error

    def __repr__(self) -> str:
        return f"<image {self.designator}, {self.size} octets>"


class OpenImage:
    """An image that is being served (a `Source`).

    Attributes:
        length: octets of the file.
    """

    __slots__ = ("_file", "length")

    def __init__(self, file: int, length: int) -> None:
        self._file = file
        self.length = length

    def read(self, offset: int, size: int) -> bytes:
        """At most `size` octets from `offset` on.

        Raises:
            NotServed: the medium refused.
        """
        try:
            return os.pread(self._file, size, offset)
        except OSError as error:
            raise NotServed(BdxCode.TRANSFER_FAILED_UNKNOWN_ERROR, str(error)) from error

    def close(self) -> None:
        """Nobody reads it any more."""
        os.close(self._file)
