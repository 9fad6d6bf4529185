"""Access: who may read, write or invoke an element, from the specification's shorthand (Core 7.6).

Model storey of `matter`; privileges are plain numbers here, who holds them is the business of `trust`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from latchwork.base.errors import Misuse

VIEW: Final = 1
OPERATE: Final = 3
MANAGE: Final = 4
ADMINISTER: Final = 5

_PRIVILEGES: Final = {"V": VIEW, "O": OPERATE, "M": MANAGE, "A": ADMINISTER}


@dataclass(frozen=True, slots=True)
class Access:
    """What it takes to use an element.

    Attributes:
        read: privilege to read an attribute, an event or nothing at all (None).
        write: privilege to write an attribute, or None.
        invoke: privilege to invoke a command.
        timed: writes and invokes have to be timed interactions.
        fabric_scoped: the element belongs to fabrics, each sees its own part (commands: needs an accessing fabric).
        fabric_sensitive: other fabrics do not see it at all.
    """

    read: int | None
    write: int | None
    invoke: int
    timed: bool = False
    fabric_scoped: bool = False
    fabric_sensitive: bool = False


@lru_cache(maxsize=128)
def access(text: str) -> Access:
    """The access of a shorthand such as `RW F VA`, `R[W] VM`, `A T` or `V`.

    Raises:
        Misuse: it is no shorthand.
    """
    reads = writes = False
    privileges: list[int] = []
    flags: set[str] = set()
    for word in text.split():
        letters = word.replace("[", "").replace("]", "").replace("*", "")
        if set(letters) <= {"R", "W"}:
            reads, writes = "R" in letters, "W" in letters
        elif letters in {"F", "S", "T"}:
            flags.add(letters)
        elif set(letters) <= _PRIVILEGES.keys():
            privileges += [_PRIVILEGES[letter] for letter in letters]
        else:
            raise Misuse(f"{text!r} is no access")
    least, most = (privileges[0], privileges[-1]) if privileges else (VIEW, OPERATE)
    return Access(
        read=least if reads or not writes else None,
        write=most if writes else None,
        invoke=most,
        timed="T" in flags,
        fabric_scoped="F" in flags or "S" in flags,
        fabric_sensitive="S" in flags,
    )
