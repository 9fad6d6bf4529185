"""What a form sent, as the values that it means; and the token that shows that a page of ours sent it.

Layer web. The token is masked anew in each page, so that a page's compressed length tells nothing of it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from latchwork.web.problems import invalid

MAX_FIELDS: Final = 500
CSRF_FIELD: Final = "csrf_token"


class Fields:
    """The fields of a form that was sent.

    Methods raise `Problem` (422) with the field's name where a value is not what it should be.
    """

    __slots__ = ("_data",)

    def __init__(self, data: FormData) -> None:
        self._data = data

    def text(self, name: str, otherwise: str = "") -> str:
        """One line or more, without blanks around."""
        value = self._data.get(name)
        return value.strip() if isinstance(value, str) else otherwise

    def raw(self, name: str) -> str:
        """As it was typed: a password may begin with a blank."""
        value = self._data.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Of all fields of this name, such as boxes that are ticked."""
        return [value for value in self._data.getlist(name) if isinstance(value, str) and value]

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def whole(self, name: str, otherwise: int | None = None) -> int | None:
        """A whole number; `otherwise` where nothing was typed."""
        text = self.text(name)
        if not text:
            return otherwise
        if not (text.isascii() and text.lstrip("-").isdigit() and len(text) < 12):
            raise invalid(f"/{name}", "This is a whole number.")
        return int(text)

    def file(self, name: str) -> UploadFile | None:
        """A file, or None where none was chosen."""
        value = self._data.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def __contains__(self, name: object) -> bool:
        """Whether there is such a field."""
        return name in self._data


async def fields_of(request: Request) -> Fields:
    """The form of a request."""
    return Fields(await request.form(max_files=4, max_fields=MAX_FIELDS))


Form = Annotated[Fields, Depends(fields_of)]


def mask(token: str, entropy: Callable[[int], bytes]) -> str:
    """The token as it is written into one page."""
    secret = token.encode()
    pad = entropy(len(secret))
    return base64.urlsafe_b64encode(pad + _xor(secret, pad)).decode()


def is_token(sent: str, token: str) -> bool:
    """Whether this is the token, masked or as it is."""
    try:
        both = base64.urlsafe_b64decode(sent.encode("ascii"))
        half = len(both) // 2
        plain = _xor(both[:half], both[half:])
    except (binascii.Error, UnicodeEncodeError, ValueError):
        plain = b""
    expected = token.encode()
    return hmac.compare_digest(plain, expected) | hmac.compare_digest(sent.encode("utf-8", "replace"), expected)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=False))
