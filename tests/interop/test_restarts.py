"""Power cuts and restarts on either side: nothing that was agreed is lost, and everyone finds each other again."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cast import Cast
from peers import Controller, Lock

LOCKED, UNLOCKED = 1, 2
NAME, RELOCK_S = "Back door", 600
KINDS = ("chip", "matterjs", "latchwork")
PATIENCE = {"latchwork": 5.0, "chip": 30.0, "matterjs": 40.0}
"""Seconds until a controller must have found a restarted lock; the others wait until their own sessions time out, 11 to 14 s."""


class House:
    """Our lock with one controller of every kind.

    Attributes:
        agreed: what the lock must remember, as each kind of controller sees it.
    """

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.lock: Lock = cast.lock("latchwork", port=5540)
        self.controllers: dict[str, Controller] = {}
        self.nodes: dict[str, str] = {}
        code = self.lock.manual
        for number, kind in enumerate(KINDS):
            controller = self.controllers[kind] = cast.controller(kind)
            node = self.nodes[kind] = controller.commission(code)
            code = controller.ask("openWindow", node=node, discriminator=256 * (number + 1))["qr"]
        last = KINDS[-1]
        path = {"node": self.nodes[last], "endpoint": 0, "cluster": "AdministratorCommissioning"}
        self.controllers[last].ask("invoke", **path, command="RevokeCommissioning")
        for cluster, endpoint, attribute, value in (
            ("BasicInformation", 0, "NodeLabel", NAME),
            ("DoorLock", 1, "AutoRelockTime", RELOCK_S),
        ):
            path = {"node": self.nodes[last], "endpoint": endpoint, "cluster": cluster, "attribute": attribute}
            self.controllers[last].ask("write", **path, value=value)
        self.agreed = {kind: self.facts(kind) for kind in KINDS}
        for facts in self.agreed.values():
            assert (len(facts["fabrics"]), facts["name"], facts["relock"]) == (len(KINDS), NAME, RELOCK_S)

    def of(self, kind: str) -> tuple[Controller, str]:
        return self.controllers[kind], self.nodes[kind]

    def facts(self, kind: str) -> dict[str, Any]:
        """What the lock must remember, as this controller sees it."""
        controller, node = self.of(kind)
        return {
            "fabrics": controller.value(node, 0, "OperationalCredentials", "Fabrics", fabricFilter=False),
            "acl": controller.value(node, 0, "AccessControl", "Acl"),
            "name": controller.value(node, 0, "BasicInformation", "NodeLabel"),
            "relock": controller.value(node, 1, "DoorLock", "AutoRelockTime"),
        }

    def cut_power(self, **options: int) -> None:
        """Kill the lock and start it again."""
        self.lock.kill()
        self.lock = self.cast.again(self.lock, **options)
        assert self.lock.ready["commissioned"] is True

    def everyone_operates(self, kinds: Iterable[str]) -> None:
        """Each of these controllers tries until it works, all of them from now on."""

        def operate(kind: str) -> None:
            controller, node = self.of(kind)
            controller.until_it_works(lambda: turn_both_ways(controller, node), PATIENCE[kind])

        with ThreadPoolExecutor() as pool:
            list(pool.map(operate, kinds))


@pytest.fixture(scope="module")
def house(cast: Cast) -> House:
    return House(cast)


def turn_both_ways(controller: Controller, node: str) -> None:
    for command in ("UnlockDoor", "LockDoor"):
        controller.operate(node, command)


def newest_event(controller: Controller, node: str) -> int:
    entries = controller.ask("read", node=node, endpoint=1, cluster="DoorLock", event="LockOperation")
    return max((entry["number"] for entry in entries), default=0)


def remembers_everyone(house: House, *kinds: str, port: int) -> None:
    """The lock loses power; controllers of these kinds find it again, everything is as agreed and reports go on."""
    ours, node = house.of("latchwork")
    ours.subscribe(node, max=3)
    last_event = newest_event(ours, node)
    house.cut_power(port=port)
    house.everyone_operates(kinds)
    assert newest_event(ours, node) > last_event
    assert {kind: house.facts(kind) for kind in kinds} == {kind: house.agreed[kind] for kind in kinds}
    assert ours.lock_state(node) == LOCKED
    since = len(ours.said)
    house.lock.send({"turn": "unlock"})
    ours.reported(since, attribute="LockState", value=UNLOCKED)


def test_a_lock_that_lost_power_remembers_everything_and_everyone_finds_it_again(house: House) -> None:
    remembers_everyone(house, *KINDS, port=5540)


def test_a_lock_that_comes_back_on_another_port_is_found_there(house: House) -> None:
    # matter.js tries the old port for most of a minute: below it is restarted and looks at once.
    remembers_everyone(house, "chip", "latchwork", port=5599)


@pytest.mark.parametrize("kind", KINDS)
def test_a_controller_that_was_restarted_still_knows_the_lock(house: House, kind: str) -> None:
    controller, node = house.of(kind)
    controller.stop()
    controller = house.controllers[kind] = house.cast.again(controller)
    assert node in [known["node"] for known in controller.ask("nodes")]
    controller.until_it_works(lambda: turn_both_ways(controller, node), 15)
    assert house.facts(kind) == house.agreed[kind]


def test_our_controller_finds_another_houses_lock_again_after_a_power_cut(cast: Cast) -> None:
    lock, ours = cast.lock("matterjs", discriminator=3333), cast.controller("latchwork")
    node = ours.commission(lock.qr)
    turn_both_ways(ours, node)
    lock.kill()
    lock = cast.again(lock, discriminator=3333, port=5544)
    assert lock.ready["commissioned"] is True
    ours.until_it_works(lambda: turn_both_ways(ours, node), PATIENCE["latchwork"])
    ours.kill()
    ours = cast.again(ours)
    assert [known["node"] for known in ours.ask("nodes")] == [node]
    ours.until_it_works(lambda: turn_both_ways(ours, node), PATIENCE["latchwork"])
