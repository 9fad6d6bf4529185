"""Random stories: each store behaves as a dict does, whatever is applied and however often it is reopened."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from latchwork.store.kv import FileStore, MemoryStore, Store

KEYS = st.text(alphabet="ab/~!", min_size=1, max_size=4)
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=40), max_size=5)


class Stories(RuleBasedStateMachine):
    """Two stores and a dict hear the same; they must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.memory: Store = MemoryStore()
        self.file: Store = FileStore(Path(self.folder.name) / "store.db")
        self.oracle: dict[str, bytes] = {}

    @rule(changes=CHANGES)
    def apply(self, changes: dict[str, bytes | None]) -> None:
        self.memory.apply(changes)
        self.file.apply(changes)
        self._expect(changes)

    @rule(prefix=KEYS, changes=CHANGES)
    def apply_to_a_section(self, prefix: str, changes: dict[str, bytes | None]) -> None:
        self.memory.section(prefix).apply(changes)
        self.file.section(prefix).apply(changes)
        self._expect({f"{prefix}/{key}": value for key, value in changes.items()})

    @rule()
    def reopen(self) -> None:
        self.file.close()
        self.file = FileStore(Path(self.folder.name) / "store.db")

    @rule(prefix=KEYS)
    def list_a_prefix(self, prefix: str) -> None:
        expected = sorted(key for key in self.oracle if key.startswith(prefix))
        assert self.memory.keys(prefix) == expected
        assert self.file.keys(prefix) == expected

    @rule(key=KEYS)
    def read_one(self, key: str) -> None:
        assert self.memory.get(key) == self.file.get(key) == self.oracle.get(key)

    @invariant()
    def both_hold_what_the_dict_holds(self) -> None:
        for store in (self.memory, self.file):
            assert {key: store.get(key) for key in store.keys("")} == self.oracle

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()

    def _expect(self, changes: dict[str, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.oracle.pop(key, None)
            else:
                self.oracle[key] = value


TestStories = Stories.TestCase
TestStories.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
