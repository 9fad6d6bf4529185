"""Bodies of the API made from forms: one place that says what is right, whatever face it comes through.

Layer web, pure.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from latchwork.web.problems import Problem

_Shape = TypeVar("_Shape", bound=BaseModel)


def checked(shape: type[_Shape], **values: Any) -> _Shape:
    """A body with these values.

    Raises:
        Problem: 422 with each field that is not right; never with its value, which may be a code.
    """
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        errors = [
            {
                "pointer": "/" + "/".join(str(part) for part in each["loc"]),
                "detail": f"{_name(each['loc'])}: {str(each['msg']).removeprefix('Value error, ')}.",
            }
            for each in error.errors(include_input=False, include_url=False)
        ]
    raise Problem(422, "invalid_request", "Something is not right yet", errors=errors)


def _name(where: tuple[int | str, ...]) -> str:
    words = [str(part).replace("_", " ") for part in where if isinstance(part, str)]
    return words[0].capitalize() if words else "This"
