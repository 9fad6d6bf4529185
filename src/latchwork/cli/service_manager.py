"""What the service manager is told: that the hub is ready, what it does, and that it ends (sd_notify of systemd).

The roof. Without a service manager nothing is said.
"""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Tell the service manager, such as `READY=1` or `STOPPING=1`; harmless where there is none or it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"  # a name that is in no folder
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(address)
            asked.send(state.encode())
        except OSError:
            return  # it went away: whoever serves doors goes on
