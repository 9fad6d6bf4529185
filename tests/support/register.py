"""A register as most tests want one: ten users, ten credentials of each kind, two fabrics that administer it."""

from types import MappingProxyType

import pytest

from latchwork.doorlock.credentials import CredentialKind
from latchwork.doorlock.events import Source
from latchwork.doorlock.limits import Limits
from latchwork.doorlock.register import Author, ChangeRefused, Register, key_of
from latchwork.doorlock.users import CredentialRule

ALPHA = Author(Source.REMOTE, 1, 0x1111)
BETA = Author(Source.REMOTE, 2, 0x2222)
AT_THE_LOCK = Author(Source.KEYPAD)

LIMITS = Limits(
    users=10,
    credentials_per_user=5,
    kinds=MappingProxyType(
        {kind: 10 for kind in CredentialKind if kind not in (CredentialKind.PROGRAMMING_PIN, CredentialKind.FACE)}
    ),
    lengths=MappingProxyType({CredentialKind.PIN: (6, 8), CredentialKind.RFID: (10, 20)}),
    week_days_per_user=10,
    year_days_per_user=10,
    holidays=10,
    rules=frozenset(CredentialRule),
)
"""The capacities that the project's certification suites expect of their sample lock; it knows no faces."""


def empty(limits=LIMITS):
    return Register(limits, key=b"k" * 32)


class Disk:
    """What a lock's storage holds: every change since the last time, and nothing else."""

    def __init__(self):
        self.records = {}

    def save(self, register):
        for key, record in register.take_dirty().items():
            if record is None:
                self.records.pop(key, None)
            else:
                assert key_of(record) == key
                self.records[key] = record

    def restart(self, limits=LIMITS):
        """The register of the next start: another key, the same records, in whatever order."""
        register = Register(limits, key=b"q" * 32)
        register.load(reversed(self.records.values()))
        return register


def refused(problem, change, *args, **named):
    """Call a method of a register that must refuse, and change nothing; returns the refusal."""
    register = change.__self__
    before = dict(register._dirty)
    with pytest.raises(ChangeRefused) as caught:
        change(*args, **named)
    assert caught.value.problem is problem, caught.value
    assert register._dirty == before
    return caught.value
