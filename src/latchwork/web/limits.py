"""How often somebody may ask: a quota for each name, that refills evenly.

Layer web, pure: the time is an argument. One number is kept for each name (the generic cell rate algorithm, ITU-T I.371), and the names
themselves are bounded, so that inventing new ones fills no memory.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

from latchwork.web.networks import is_at_home, network_of
from latchwork.web.problems import Problem

MAX_NAMES: Final = 20_000
MAX_KNOWN: Final = 2000
"""Accounts at the networks that they signed in from, which are remembered."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left.

    Attributes:
        is_allowed: whether there was one left.
        remaining: how many are left now.
        wait_s: seconds until there is one again; 0 while there is.
    """

    is_allowed: bool
    remaining: int
    wait_s: float


class Limiter:
    """A quota for each name.

    Args:
        name: of the quota, for headers.
        quota: how many in a burst.
        window_s: seconds in which a used-up quota is whole again.
    """

    __slots__ = ("_each", "_until", "name", "quota", "window_s")

    def __init__(self, name: str, quota: int, window_s: float) -> None:
        self.name = name
        self.quota = quota
        self.window_s = window_s
        self._each = window_s / quota
        self._until: OrderedDict[str, float] = OrderedDict()

    def take(self, who: str, now: float) -> Taken:
        """Use one of `who`'s at `now`, seconds of a monotonic clock."""
        until = max(self._until.get(who, now), now)
        left = self.window_s - (until - now)
        if left < self._each - 1e-9:
            return Taken(is_allowed=False, remaining=0, wait_s=self._each - left)
        self._keep(who, until + self._each)
        return Taken(is_allowed=True, remaining=int((left - self._each) / self._each + 1e-9), wait_s=0.0)

    def give_back(self, who: str) -> None:
        """The last one of `who`'s was not what is counted."""
        if who in self._until:
            self._until[who] -= self._each

    def check(self, who: str, now: float) -> Taken:
        """As `take`.

        Raises:
            Problem: 429 when there is none left.
        """
        taken = self.take(who, now)
        if not taken.is_allowed:
            wait = max(1, ceil(taken.wait_s))
            headers = {"retry-after": str(wait)} | self.headers(taken)
            raise Problem(429, "too_many_requests", "Too many requests", f"Try again in {wait} s.", headers=headers)
        return taken

    def headers(self, taken: Taken) -> dict[str, str]:
        """What tells a client where it stands (RateLimit header fields for HTTP)."""
        return {
            "ratelimit-policy": f'"{self.name}";q={self.quota};w={ceil(self.window_s)}',
            "ratelimit": f'"{self.name}";r={taken.remaining};t={ceil(taken.wait_s)}',
        }

    def _keep(self, who: str, until: float) -> None:
        self._until[who] = until
        self._until.move_to_end(who)
        if len(self._until) > MAX_NAMES:
            self._until.popitem(last=False)


class LogInLimits:
    """Who tries passwords: few for one account from one address, more for either alone.

    One account alone has a wide quota: a narrow one would let a stranger lock its owner out. For the same reason it is counted apart for
    those at home, and not at all where somebody has signed in to this account before. Addresses count by their network.
    """

    __slots__ = ("_account", "_address", "_known", "_pair", "_second", "_second_pair")

    def __init__(self) -> None:
        self._pair = Limiter("log-in", 5, 15 * 60.0)
        self._address = Limiter("log-in-address", 30, 15 * 60.0)
        self._account = Limiter("log-in-account", 100, 60 * 60.0)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        # Codes of six digits are few: whoever has the password guesses for years. Nobody else gets here, to lock an owner out.
        self._second_pair = Limiter("second-factor", 5, 15 * 60.0)
        self._second = Limiter("second-factor-account", 20, 60 * 60.0)

    def check(self, account: str, address: str, now: float) -> None:
        """Count an attempt before it is known whether it is right: many at once are counted too.

        Raises:
            Problem: 429.
        """
        network = network_of(address)
        self._pair.check(f"{account}\n{network}", now)
        self._address.check(network, now)
        if (account, network) not in self._known:
            self._account.check(_of_account(account, address), now)

    def was_right(self, account: str, address: str) -> None:
        """The attempt was no guess."""
        network = network_of(address)
        self._pair.give_back(f"{account}\n{network}")
        self._address.give_back(network)
        if (account, network) not in self._known:
            self._account.give_back(_of_account(account, address))
        self._known[account, network] = None
        self._known.move_to_end((account, network))
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def check_second(self, account: str, address: str, now: float) -> None:
        """Count a code beside a right password, likewise before it is known whether it is right.

        Raises:
            Problem: 429.
        """
        self._second_pair.check(f"{account}\n{network_of(address)}", now)
        self._second.check(account, now)

    def second_was_right(self, account: str, address: str) -> None:
        """The code was no guess."""
        self._second_pair.give_back(f"{account}\n{network_of(address)}")
        self._second.give_back(account)

    def check_address(self, address: str, now: float) -> None:
        """Count an attempt that names no account.

        Raises:
            Problem: 429.
        """
        self._address.check(network_of(address), now)

    def address_was_right(self, address: str) -> None:
        """The attempt was no guess."""
        self._address.give_back(network_of(address))


def _of_account(account: str, address: str) -> str:
    return f"{'home' if is_at_home(address) else 'away'}\n{account}"
