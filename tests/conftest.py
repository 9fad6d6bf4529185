"""What holds in every test: nothing that was started outlives it, every log line can be written, and every run tries the same.

`LATCHWORK_EXPLORE=1` has Hypothesis try what it did not try before: for whoever looks for defects rather than for a change's effect.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from asyncio import runners

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("explore" if os.environ.get("LATCHWORK_EXPLORE") else "same")

ON_LOOPBACK = (
    *("/interop/", "/stack/", "/browser/", "test_benchmarks.py", "test_examples.py", "cli/test_home_story.py"),
    *("cli/test_hub_service.py", "cli/test_lean.py", "cli/test_lock_lines.py", "cli/test_twins.py"),
    *("devices/test_network.py", "devices/test_secrets_cannot_be_printed.py", "sim/test_virtual_lock.py"),
    *("stories/test_first_day.py", "stories/test_hub_on_sockets.py", "stories/test_hub_is_killed.py"),
)
"""Tests that share this machine's loopback or measure: `check` runs these one after the other, the others on all cores."""


def pytest_itemcollected(item):
    if any(part in str(item.path) for part in ON_LOOPBACK):
        item.add_marker(pytest.mark.loopback)


PATIENCE = 2.0
"""Seconds that a thread whose work is over may take to end."""


class _Writes(logging.Handler):
    """Formats every record and forgets it: a line that cannot be formatted is an error in the place that wrote it."""

    def emit(self, record):
        record.getMessage()
        for name, value in getattr(record, "fields", {}).items():
            assert isinstance(name, str)
            str(value)


@pytest.fixture(autouse=True)
def every_log_line_can_be_written():
    root, handler = logging.getLogger("latchwork"), _Writes()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture(autouse=True)
def no_task_is_left_behind(monkeypatch):
    """`asyncio.Runner` cancels in silence what is left: here it is said aloud."""
    left = []
    cancel = runners._cancel_all_tasks

    def tell(loop):
        if sys.exc_info()[0] is None:  # a loop that broke off leaves its main task, and its error says so
            left.extend(task for task in asyncio.all_tasks(loop) if not task.done())
        cancel(loop)

    monkeypatch.setattr(runners, "_cancel_all_tasks", tell)
    yield
    assert not left, f"tasks left behind: {left}"


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    before = set(threading.enumerate())
    yield
    limit = time.monotonic() + PATIENCE
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, limit - time.monotonic()))
        assert not thread.is_alive(), f"a thread is left behind: {thread}"
