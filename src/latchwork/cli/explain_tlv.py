"""What TLV octets say, element by element, with names where a declared structure fits.

The roof; the octets are read by `matter.tlv`, the names come from declared structures and from the data model's table.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Final

from latchwork.cli.values import camel
from latchwork.matter.tlv.elements import Element, ElementType, ImplicitTag, ProfileTag, Tag, decode, walk
from latchwork.matter.tlv.schema import Hidden, Struct

HIDDEN: Final = "hidden"
_TYPES: Final[Mapping[int, str]] = {
    **{kind: f"int{8 << (kind & 3)}" for kind in range(4)},
    **{kind: f"uint{8 << (kind & 3)}" for kind in range(4, 8)},
    ElementType.FALSE: "bool",
    ElementType.TRUE: "bool",
    ElementType.FLOAT: "float",
    ElementType.DOUBLE: "double",
    **dict.fromkeys(range(0x0C, 0x10), "utf8"),
    **dict.fromkeys(range(0x10, 0x14), "octets"),
    ElementType.NULL: "null",
    ElementType.STRUCTURE: "structure",
    ElementType.ARRAY: "array",
    ElementType.LIST: "list",
}


@dataclass(slots=True)
class Branch:
    """One element with what is inside it.

    Attributes:
        offset: where its control octet is.
        tag: its tag, or None.
        type: its TLV type.
        value: its value; None for containers.
        name: what a declared structure calls it, or an empty string.
        note: what its value means, or an empty string.
        is_hidden: its value is a secret.
        children: of a container.
    """

    offset: int
    tag: Tag
    type: str
    value: Any = None
    name: str = ""
    note: str = ""
    is_hidden: bool = False
    children: list[Branch] = field(default_factory=list)

    @property
    def is_container(self) -> bool:
        """Whether it can have children."""
        return self.type in {"structure", "array", "list"}

    def member(self, tag: int) -> Branch | None:
        """The child with a context tag, or None."""
        return next((child for child in self.children if child.tag == tag), None)

    def to_json(self, *, show_secrets: bool) -> dict[str, Any]:
        """The element as an object."""
        found: dict[str, Any] = {"offset": self.offset, "tag": tag_text(self.tag), "type": self.type}
        if self.name:
            found["name"] = self.name
        if self.is_container:
            found["children"] = [child.to_json(show_secrets=show_secrets) for child in self.children]
        else:
            found["value"] = self.value if show_secrets or not self.is_hidden else HIDDEN
        if self.note:
            found["note"] = self.note
        return found


def tag_text(tag: Tag) -> int | str | None:
    """A tag for people: a number, `common:7`, `implicit:7` or `vendor:profile:number`."""
    if isinstance(tag, ProfileTag):
        return f"common:{tag.number}" if not tag.vendor and not tag.profile else ":".join(map(str, tag))
    return f"implicit:{tag.number}" if isinstance(tag, ImplicitTag) else tag


def grow(data: bytes) -> Branch:
    """The tree of exactly one element.

    Raises:
        TlvError: `data` is something else.
    """
    decode(data)  # the strict reader: what follows may rely on one whole element
    elements = walk(data)
    return _grow(next(elements), elements)


def _grow(element: Element, rest: Iterator[Element]) -> Branch:
    branch = Branch(element.offset, element.tag, _TYPES[element.kind], element.value)
    if branch.is_container:
        for child in rest:
            if child.kind is ElementType.END:
                break
            branch.children.append(_grow(child, rest))
    return branch


def name_members(branch: Branch, hint: Any) -> None:
    """Give the tree the names that a declared type has for it; what the type does not know keeps its numbers."""
    kind = _structure(hint)
    if kind is None:
        return
    if branch.type == "array":
        for child in branch.children:
            name_members(child, kind)
        return
    fields = kind.fields()
    hints = kind.hints()
    for name, tag in fields.items():
        found = branch.member(tag)
        if found is not None:
            found.name = camel(name)
            found.is_hidden = found.is_hidden or Hidden in _markers(hints[name])
            name_members(found, hints[name])


@lru_cache(maxsize=1024)
def _structure(hint: Any) -> type[Struct] | None:
    """The declared structure inside a hint, through lists and options; None when there is none."""
    if isinstance(hint, type):
        return hint if issubclass(hint, Struct) else None
    if typing.get_origin(hint) is Annotated:
        return _structure(hint.__origin__)
    arms = typing.get_args(hint)
    return next((found for arm in arms if (found := _structure(arm)) is not None), None)


def _markers(hint: Any) -> tuple[Any, ...]:
    """All markers of a hint, those of its arms too."""
    found = tuple(getattr(hint, "__metadata__", ()))
    inner = (hint.__origin__,) if typing.get_origin(hint) is Annotated else typing.get_args(hint)
    return found + tuple(marker for arm in inner for marker in _markers(arm))


def fits(branch: Branch, kind: type[Struct]) -> bool:
    """Whether the tree could be this structure: right container, it decodes, and no member is unknown at the top."""
    tags = set(kind.fields().values())
    return branch.type == ("list" if kind.is_list else "structure") and all(
        child.tag in tags for child in branch.children
    )
