"""Which network interface the locks are on, where nobody says it.

The roof; reads /proc where there is one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from latchwork.base.errors import Misuse

_ROUTES: Final = Path("/proc/net/route")
_OURSELVES: Final = "lo"
_INNER: Final = ("docker", "veth", "br-", "virbr", "lxc", "tun", "tap", "wg", "tailscale", "dummy")
"""Interfaces of containers, machines in the machine and tunnels: no lock is there."""


def default_interface() -> str:
    """The interface by which this machine reaches its home network.

    Raises:
        Misuse: there is none, or several and no telling which; names them.
    """
    names = [name for _, name in socket.if_nameindex()]
    try:
        routes = _ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        routes = []
    return choose(names, routes)


def choose(names: Iterable[str], routes: Sequence[str]) -> str:
    """See `default_interface`.

    Args:
        names: of all interfaces.
        routes: lines of /proc/net/route below its heading.

    Raises:
        Misuse: as there.
    """
    outer = [name for name in names if name != _OURSELVES and not name.startswith(_INNER)]
    by_default = sorted(
        (int(fields[6]), fields[0])
        for fields in (line.split() for line in routes)
        if len(fields) > 6 and fields[1] == "00000000" and fields[0] in outer
    )
    if by_default:
        return by_default[0][1]
    if len(outer) == 1:
        return outer[0]
    if not outer:
        raise Misuse(
            "this machine is in no network",
            advice="Connect it, or say --interface lo for virtual locks on this machine.",
        )
    raise Misuse(f"this machine is in several networks: {', '.join(outer)}", advice="Say which with --interface.")
