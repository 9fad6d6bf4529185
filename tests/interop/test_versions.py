"""A lock told to be of Matter 1.4.2, as the C++ SDK's controller of that version sees it; by default it is of 1.6."""

import pytest
from cast import Cast

LOCKED, UNLOCKED = 1, 2


@pytest.mark.parametrize(("spec", "version"), [("1.4.2", 0x01040200), (None, 0x01060000)])
def test_the_sdk_reads_the_version_that_the_lock_was_told_to_be_of(cast: Cast, spec: str | None, version: int) -> None:
    controller = cast.controller("chip")
    with cast.lock("latchwork", spec=spec) as lock:
        node = controller.commission(lock.qr)
        assert controller.value(node, 0, "BasicInformation", "SpecificationVersion") == version
        entries = controller.ask("read", node=node)
        assert [entry for entry in entries if "value" not in entry] == []
        unknown = {(entry["cluster"], entry["attribute"]) for entry in entries if isinstance(entry["attribute"], int)}
        assert spec is None or unknown == set()
        controller.operate(node, "UnlockDoor")
        assert controller.lock_state(node) == UNLOCKED
        controller.ask("decommission", node=node)
