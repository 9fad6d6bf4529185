"""The words that a running home understands."""

import pytest

from latchwork.base.errors import Misuse
from latchwork.cli.home_prompt import HELP, obey


class Told:
    """A household that only writes down what it was told."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def check(self, number: int) -> None:
        if number > 2:
            raise Misuse("no such lock")

    def list(self) -> None:
        self.done.append(("list",))

    def events(self) -> None:
        self.done.append(("events",))

    def help(self) -> None:
        self.done.append(("help",))

    def code(self, number: int) -> None:
        self.done.append(("code", number))

    def door(self, number: int, *, is_open: bool) -> None:
        self.done.append(("door", number, is_open))

    def turn(self, number: int, *, is_lock: bool) -> None:
        self.done.append(("turn", number, is_lock))

    async def operate(self, number: int, *, is_lock: bool) -> None:
        self.done.append(("operate", number, is_lock))

    async def share(self, number: int) -> None:
        self.done.append(("share", number))


@pytest.mark.parametrize(
    ("line", "done"),
    [
        ("list", ("list",)),
        ("lock 1", ("operate", 1, True)),
        ("  UNLOCK 2 ", ("operate", 2, False)),
        ("door 1 open", ("door", 1, True)),
        ("door 1 closed", ("door", 1, False)),
        ("turn 2 lock", ("turn", 2, True)),
        ("turn 2 unlock", ("turn", 2, False)),
        ("events", ("events",)),
        ("code 1", ("code", 1)),
        ("share 1", ("share", 1)),
        ("help", ("help",)),
    ],
)
async def test_every_command_does_what_it_says(line: str, done: tuple[object, ...]) -> None:
    home = Told()
    assert await obey(line, home)
    assert home.done == [done]
    assert line.split(maxsplit=1)[0].lower() in HELP


@pytest.mark.parametrize("line", ["quit", "exit", "q", "QUIT"])
async def test_quitting_ends_it(line: str) -> None:
    assert not await obey(line, Told())


@pytest.mark.parametrize(
    "line", ["dance", "lock", "lock x", "lock 1 2", "lock 3", "door 1", "door 1 ajar", "list 1", "turn lock 1"]
)
async def test_what_is_not_understood_says_what_would_be(line: str) -> None:
    with pytest.raises(Misuse):
        await obey(line, Told())
