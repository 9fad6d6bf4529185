"""What a browser's authenticator answered, out of the field of a form.

Layer web, pure.
"""

from __future__ import annotations

import json
from typing import Any, Final

from latchwork.web.pages.forms import Fields
from latchwork.web.problems import Problem

_MAX: Final = 20_000


def answer_in(form: Fields) -> dict[str, Any]:
    """The field `credential` as the object that it is.

    Raises:
        Problem: 422 when it is none.
    """
    text = form.raw("credential")
    try:
        found = json.loads(text) if len(text) <= _MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Problem(422, "passkey_refused", "This passkey was not taken", "Try once more.")
    return found
