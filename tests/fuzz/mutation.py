"""Octets that are almost right."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def almost(draw: st.DrawFn, seeds: Sequence[bytes], *, most: int = 4) -> bytes:
    """One of the seeds with a few octets changed, taken out, put in, or its end cut off."""
    octets = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(octets)))
        kind = draw(st.sampled_from("fcdix"))
        if kind == "f" and place < len(octets):
            octets[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "c" and place < len(octets):
            octets[place] = draw(st.sampled_from([0x00, 0x15, 0x18, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        elif kind == "d":
            del octets[place : place + draw(st.integers(1, 8))]
        elif kind == "i":
            octets[place:place] = draw(st.binary(min_size=1, max_size=8))
        else:
            del octets[place:]
    return bytes(octets)


def octets(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Any octets, and octets that are almost one of the seeds."""
    return almost(seeds) | st.binary(max_size=200) if seeds else st.binary(max_size=200)
