"""Quotas refill evenly, names are bounded, and passwords are checked by as many as the machine bears."""

import asyncio
from concurrent.futures import Future

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from latchwork.web import limits
from latchwork.web.limits import Limiter
from latchwork.web.passwords import Passwords
from latchwork.web.problems import Problem


@given(st.integers(1, 20), st.floats(1, 1000), st.lists(st.floats(0, 100), max_size=60))
def test_in_no_window_more_than_twice_the_quota_and_never_more_than_it_at_once(quota, window, pauses):
    limiter, now, taken = Limiter("some", quota, window), 0.0, []
    for pause in pauses:
        now += pause
        found = limiter.take("ana", now)
        if found.is_allowed:
            taken.append(now)
        else:
            assert found.wait_s > 0
            assert limiter.take("bob", now).is_allowed, "another's quota is another's"
            limiter.give_back("bob")
    for at in set(taken):
        assert taken.count(at) <= quota
        assert sum(at <= each < at + window for each in taken) <= 2 * quota


@given(st.integers(1, 20), st.floats(1, 1000))
def test_who_waits_as_long_as_told_is_let_through(quota, window):
    limiter = Limiter("some", quota, window)
    for _ in range(quota):
        assert limiter.take("ana", 0.0).is_allowed
    refused = limiter.take("ana", 0.0)
    assert not refused.is_allowed
    assert limiter.take("ana", refused.wait_s + 1e-6).is_allowed


def test_made_up_names_fill_no_memory(monkeypatch):
    monkeypatch.setattr(limits, "MAX_NAMES", 10)
    limiter = Limiter("some", 1, 60.0)
    for count in range(100):
        limiter.take(f"name {count}", 0.0)
    assert len(limiter._until) == 10


async def test_a_name_that_nobody_has_takes_a_hash_all_the_same():
    checked = []

    class Hasher(PasswordHasher):
        def verify(self, kept, password):
            checked.append(kept)
            return super().verify(kept, password)

    passwords = Passwords(Hasher(time_cost=1, memory_cost=8, parallelism=1))
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify("not a hash", "whatever it is")
    kept = await passwords.hash("four plain words here")
    assert await passwords.verify(kept, "four plain words here")
    assert not await passwords.verify(kept, "four plain words there")
    assert len(checked) == 4
    passwords.close()


async def test_letters_that_keyboards_compose_differently_are_the_same():
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    kept = await passwords.hash("caf\u00e9 au lait noir")
    assert await passwords.verify(kept, "cafe\u0301 au lait noir")
    passwords.close()


async def test_passwords_that_wait_are_bounded(monkeypatch):
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    held = Future()
    monkeypatch.setattr(passwords._pool, "submit", lambda *_args, **_rest: held)
    waiting = [asyncio.create_task(passwords.verify(None, "x")) for _ in range(16)]
    await asyncio.sleep(0)
    with pytest.raises(Problem, match="503"):
        await passwords.verify(None, "x")
    held.set_result(False)
    assert await asyncio.gather(*waiting) == [False] * 16
    passwords.close()
