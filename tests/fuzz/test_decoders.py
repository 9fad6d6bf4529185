"""Whatever arrives, a decoder gives a value or raises its documented error."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.mutation import octets
from tests.fuzz.targets import TARGETS, serve

FEW = {"interaction server": 120}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_documented_errors(target):
    seeds = list(target.seeds())
    for seed in seeds:
        target(seed)

    @settings(
        max_examples=FEW.get(target.name, 150),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(octets(seeds))
    def run(data):
        target(data)

    run()


def test_targets_have_names_of_their_own():
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(opcode=st.integers(0, 255), depth=st.integers(1, 400), kind=st.sampled_from([0x15, 0x16, 0x17, 0x36, 0x37]))
def test_deep_nesting_is_refused_and_exhausts_nothing(opcode, depth, kind):
    nested = bytes([kind] if kind < 0x20 else [kind, 0]) * depth + b"\x18" * depth
    serve(bytes([opcode]) + len(nested).to_bytes(2, "little") + nested)
