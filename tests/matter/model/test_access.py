"""Access: the specification's shorthand, parsed."""

from __future__ import annotations

import pytest

from latchwork.base.errors import Misuse
from latchwork.matter.model.access import ADMINISTER, MANAGE, OPERATE, VIEW, Access, access


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R V", Access(read=VIEW, write=None, invoke=VIEW)),
        ("R A", Access(read=ADMINISTER, write=None, invoke=ADMINISTER)),
        ("RW VO", Access(read=VIEW, write=OPERATE, invoke=OPERATE)),
        ("R[W] VM", Access(read=VIEW, write=MANAGE, invoke=MANAGE)),
        ("RW A", Access(read=ADMINISTER, write=ADMINISTER, invoke=ADMINISTER)),
        ("W A", Access(read=None, write=ADMINISTER, invoke=ADMINISTER)),
        ("RW F VA", Access(read=VIEW, write=ADMINISTER, invoke=ADMINISTER, fabric_scoped=True)),
        ("RW T VO", Access(read=VIEW, write=OPERATE, invoke=OPERATE, timed=True)),
        ("O T", Access(read=OPERATE, write=None, invoke=OPERATE, timed=True)),
        ("F A", Access(read=ADMINISTER, write=None, invoke=ADMINISTER, fabric_scoped=True)),
        ("S A", Access(read=ADMINISTER, write=None, invoke=ADMINISTER, fabric_scoped=True, fabric_sensitive=True)),
    ],
)
def test_shorthand_means_what_the_specification_says(text, expected):
    assert access(text) == expected


@pytest.mark.parametrize("text", ["Z", "RW Q", "R V!"])
def test_what_is_no_shorthand_is_a_misuse(text):
    with pytest.raises(Misuse):
        access(text)
