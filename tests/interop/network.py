"""A private Ethernet segment: hosts that are network namespaces on one bridge, each with one interface `lan0`.

Nothing of it touches the machine's own interfaces, and it is gone with the process that made it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from itertools import count

SUBNET = "fd00:6c77:1::"
INTERFACE = "lan0"


class NoNetwork(Exception):
    """This machine has no namespaces for us; the message says why."""


@dataclass(frozen=True)
class Host:
    """One host of the segment.

    Attributes:
        namespace: its network namespace.
        address: its unique local address.
    """

    namespace: str
    address: str

    def command(self, *arguments: str) -> list[str]:
        """`arguments` to run on this host."""
        return ["ip", "netns", "exec", self.namespace, *arguments]


class Network:
    """The segment: `open` makes it, `close` removes every namespace, and with them their interfaces."""

    _numbers = count(1)

    def __init__(self) -> None:
        self._prefix = f"lw{os.getpid()}n{next(self._numbers)}"
        self._switch = f"{self._prefix}-lan"
        self._namespaces: list[str] = []
        self._ports = count(1)

    def open(self) -> None:
        """Make the segment, without hosts.

        Raises:
            NoNetwork: there is no root or no `ip netns` here.
        """
        if os.name != "posix" or os.geteuid() != 0:
            raise NoNetwork("needs root for network namespaces")
        if shutil.which("ip") is None:
            raise NoNetwork("needs the command ip (iproute2)")
        try:
            self._add(self._switch)
            self._ip(
                "-n", self._switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0", "stp_state", "0"
            )
            self._ip("-n", self._switch, "link", "set", "br0", "up")
        except subprocess.CalledProcessError as error:
            self.close()
            raise NoNetwork(f"no network namespace here: {error.stderr.strip()}") from None

    def host(self, name: str) -> Host:
        """One more host; `name` is short and appears in process lists."""
        number = next(self._ports)
        host = Host(f"{self._prefix}-{name}{number}", f"{SUBNET}{number:x}")
        self._add(host.namespace)
        off = ["net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0"]
        _run(*host.command("sysctl", "-qw", *off))
        self._ip("-n", self._switch, "link", "add", f"port{number}", "type", "veth", "peer", "name", INTERFACE, "netns", host.namespace)  # fmt: skip
        self._ip("-n", self._switch, "link", "set", f"port{number}", "master", "br0", "up")
        self._ip("-n", host.namespace, "link", "set", "lo", "up")
        self._ip("-n", host.namespace, "link", "set", INTERFACE, "up")
        self._ip("-n", host.namespace, "addr", "add", f"{host.address}/64", "dev", INTERFACE, "nodad")
        return host

    def _add(self, namespace: str) -> None:
        self._ip("netns", "add", namespace)
        self._namespaces.append(namespace)

    @staticmethod
    def _ip(*arguments: str) -> None:
        _run("ip", *arguments)

    def close(self) -> None:
        """Remove all of it; more than once is harmless."""
        while self._namespaces:
            subprocess.run(["ip", "netns", "del", self._namespaces.pop()], capture_output=True, check=False, timeout=10)


def _run(*arguments: str) -> None:
    subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=10)
