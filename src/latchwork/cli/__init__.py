"""The `latchwork` command: its verbs, loaded when they are used.

The roof: parses, calls and prints; no logic of locks or protocol. `main` is a click group, so it is what tests call too.
"""

from __future__ import annotations

from latchwork.cli.group import main

__all__ = ["main"]
