"""Finding what somebody named: by id, by name, by the beginning of a name that only one has, or by a part of it.

The roof, pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from latchwork.base.errors import Misuse

_Named = TypeVar("_Named", bound=Mapping[str, Any])
_MANY: Final = 12


def pick(text: str, among: Sequence[_Named], what: str) -> _Named:
    """The one that is meant.

    Args:
        text: what somebody typed.
        among: with their `id` and `name`.
        what: what they are, such as door.

    Raises:
        Misuse: none is meant, or several may be; names the candidates.
    """
    wanted = " ".join(text.casefold().split())
    ways: tuple[Callable[[str, str], bool], ...] = (
        lambda _, id_: id_ == text.strip(),
        lambda name, _: name == wanted,
        lambda name, _: name.startswith(wanted),
        lambda name, _: any(word.startswith(wanted) for word in name.split()),
    )
    for fits in ways if wanted else ():
        found = [each for each in among if fits(" ".join(str(each["name"]).casefold().split()), str(each["id"]))]
        if len(found) == 1:
            return found[0]
        if found:
            raise Misuse(f"{text!r} may be several: {_listed(found)}", advice="Write more of the name, or the id.")
    if not among:
        raise Misuse(f"there is no {what} yet")
    raise Misuse(f"there is no {what} {text!r}", advice=f"There is: {_listed(among)}.")


def _listed(found: Sequence[Mapping[str, Any]]) -> str:
    names = [str(each["name"]) for each in found]
    doubled = {name for name in names if names.count(name) > 1}
    shown = [f"{each['name']} ({each['id']})" if each["name"] in doubled else str(each["name"]) for each in found]
    return ", ".join([*shown[:_MANY], *(["…"] if len(shown) > _MANY else [])])
