"""A lock and a controller of different houses, and a second controller that joins: ours in turn on either side."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import Any

import pytest
from cast import Cast
from network import Network
from peers import Controller, Lock, Refusal

LOCK, UNLOCK = 0, 1
LOCKED, UNLOCKED = 1, 2
REMOTE = 7
NEEDS_TIMED_INTERACTION = 0xC6


@dataclass(frozen=True)
class Home:
    """A lock that belongs to `first`, which calls it `node`, and a controller that does not know it."""

    cast: Cast
    lock: Lock
    first: Controller
    second: Controller
    node: str


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("latchwork", "matterjs", "chip"), id="our-lock-and-matterjs"),
        pytest.param(("latchwork", "chip", "matterjs"), id="our-lock-and-chip"),
        pytest.param(("matterjs", "latchwork", "matterjs"), id="matterjs-lock-and-our-controller"),
        pytest.param(("latchwork", "latchwork", "chip"), id="our-lock-and-our-controller"),
    ],
)
def home(request: pytest.FixtureRequest, network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    lock_kind, first_kind, second_kind = request.param
    with Cast(network, tmp_path_factory.mktemp("pair")) as cast:
        lock, first, second = cast.lock(lock_kind), cast.controller(first_kind), cast.controller(second_kind)
        yield Home(cast, lock, first, second, first.commission(lock.qr))


def fabric_indexes(controller: Controller, node: str) -> set[int]:
    table = controller.value(node, 0, "OperationalCredentials", "Fabrics", fabricFilter=False)
    return {entry["fabricIndex"] for entry in table}


def itself(controller: Controller, node: str) -> tuple[int, str]:
    """The controller as the lock knows it: fabric index and node id (as text: it may be wider than JSON allows)."""
    (entry,) = controller.value(node, 0, "AccessControl", "Acl")
    return controller.value(node, 0, "OperationalCredentials", "CurrentFabricIndex"), str(entry["subjects"][0])


def operations(controller: Controller, node: str) -> list[dict[str, Any]]:
    entries = controller.ask("read", node=node, endpoint=1, cluster="DoorLock", event="LockOperation")
    return [entry["value"] for entry in sorted(entries, key=lambda entry: entry["number"])]


def test_everything_can_be_read_at_once(home: Home) -> None:
    entries = home.first.ask("read", node=home.node)
    assert [entry for entry in entries if "value" not in entry] == []
    read = Counter((entry["endpoint"], entry["cluster"]) for entry in entries)
    listed = {
        (entry["endpoint"], entry["cluster"]): len(entry["value"])
        for entry in entries
        if entry["attribute"] == "AttributeList"
    }
    assert read == listed
    clusters = Counter(endpoint for endpoint, _ in read)
    served = {
        entry["endpoint"]: len(entry["value"])
        for entry in entries
        if (entry["cluster"], entry["attribute"]) == ("Descriptor", "ServerList")
    }
    assert clusters == served


def test_it_locks_and_unlocks_by_timed_commands(home: Home) -> None:
    for command, state in (("UnlockDoor", UNLOCKED), ("LockDoor", LOCKED)) * 2:
        home.first.operate(home.node, command)
        assert home.first.lock_state(home.node) == state


def test_a_command_that_is_not_timed_is_refused_and_nothing_moves(home: Home) -> None:
    home.first.operate(home.node, "UnlockDoor")
    with pytest.raises(Refusal) as refusal:
        home.first.operate(home.node, "LockDoor", timed=False)
    assert refusal.value.status == NEEDS_TIMED_INTERACTION
    assert home.first.lock_state(home.node) == UNLOCKED


def test_each_operation_is_an_event_that_says_who_did_it(home: Home) -> None:
    before = len(operations(home.first, home.node))
    home.first.operate(home.node, "UnlockDoor")
    home.first.operate(home.node, "LockDoor")
    made = operations(home.first, home.node)[before:]
    index, own_node = itself(home.first, home.node)
    assert [event["lockOperationType"] for event in made] == [UNLOCK, LOCK]
    assert {event["operationSource"] for event in made} == {REMOTE}
    assert {(event["fabricIndex"], str(event["sourceNode"])) for event in made} == {(index, own_node)}


def test_a_subscription_reports_every_change_and_event(home: Home) -> None:
    home.first.operate(home.node, "LockDoor")
    since = home.first.subscribe(home.node)
    home.first.operate(home.node, "UnlockDoor")
    home.first.reported(since, attribute="LockState", value=UNLOCKED)
    home.first.reported(since, event="LockOperation", lockOperationType=UNLOCK, operationSource=REMOTE)
    since = len(home.first.said)
    home.lock.send({"turn": "lock"})
    home.first.reported(since, attribute="LockState", value=LOCKED)
    home.first.reported(since, event="LockOperation", lockOperationType=LOCK, fabricIndex=None)


def test_another_controller_joins_through_a_window_and_leaves_again(home: Home) -> None:
    window = home.first.ask("openWindow", node=home.node)
    other = home.second.commission(window["qr"])
    since = home.first.subscribe(home.node)
    here, there = itself(home.first, home.node), itself(home.second, other)
    assert here[0] != there[0]
    everyone = [(home.first, home.node), (home.second, other)]
    assert list(starmap(fabric_indexes, everyone)) == [{here[0], there[0]}] * 2
    for controller, node in everyone:
        for command, state in (("UnlockDoor", UNLOCKED), ("LockDoor", LOCKED)):
            controller.operate(node, command)
            assert [who.lock_state(name) for who, name in everyone] == [state] * 2
    home.first.reported(since, attribute="LockState", value=LOCKED)

    home.second.ask("decommission", node=other)
    assert fabric_indexes(home.first, home.node) == {here[0]}
    since = len(home.first.said)
    home.first.operate(home.node, "UnlockDoor")
    home.first.reported(since, attribute="LockState", value=UNLOCKED)


def test_the_manual_code_will_do_and_whoever_came_first_may_leave_first(home: Home) -> None:
    with home.cast.lock(home.lock.kind, discriminator=1234, passcode=11223344) as lock:
        node = home.first.commission(lock.manual)
        # matter.js remembers devices that left by the discriminator they had: this one gets another.
        other = home.second.commission(home.first.ask("openWindow", node=node, discriminator=3000)["manual"])
        home.first.ask("decommission", node=node)
        (left,) = fabric_indexes(home.second, other)
        assert left == itself(home.second, other)[0]
        home.second.operate(other, "UnlockDoor")
        assert home.second.lock_state(other) == UNLOCKED

        since = len(lock.said)
        home.second.ask("decommission", node=other)
        lock.wait_for(lambda line: line.get("event") == "decommissioned", "farewell", since=since)
        again = home.first.commission(lock.qr)
        assert home.first.lock_state(again) in {LOCKED, UNLOCKED}
