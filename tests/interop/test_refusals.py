"""Our controller with another house's lock when commissioning cannot work: it says what is wrong and what to do, and harms nothing."""

from collections.abc import Iterator

import pytest
from cast import Cast
from peers import COMMISSION, Controller, Lock, Refusal

from latchwork.matter.onboarding import manual_code, parse
from latchwork.matter.onboarding.payload import SetupPayload

LOCKED = 1


@pytest.fixture(scope="module")
def ours(cast: Cast) -> Controller:
    return cast.controller("latchwork")


@pytest.fixture
def lock(cast: Cast) -> Iterator[Lock]:
    with cast.lock("matterjs", passcode=55667788, discriminator=2222) as made:
        yield made


def commission(controller: Controller, code: str, **fields: int) -> dict[str, object]:
    """The refusal that this code ends in."""
    with pytest.raises(Refusal) as refusal:
        controller.ask("commission", code=code, seconds=COMMISSION, **fields)
    return refusal.value.answer


def mistyped(code: str) -> str:
    """The manual code of the same device with another passcode."""
    payload = parse(code)
    return manual_code(SetupPayload(passcode=payload.passcode ^ 2, discriminator=payload.discriminator))


def test_a_wrong_passcode_is_called_that_and_the_right_one_still_works(ours: Controller, lock: Lock) -> None:
    answer = commission(ours, mistyped(lock.manual))
    assert answer["error"] == "could not secure the connection with the setup code: the passcode is wrong"
    assert "passcode" in str(answer["advice"])
    node = ours.commission(lock.manual)
    assert ours.lock_state(node) == LOCKED


def test_the_code_of_a_window_that_closed_finds_nobody(ours: Controller, lock: Lock) -> None:
    node = ours.commission(lock.qr)
    window = ours.ask("openWindow", node=node, timeout=180)
    ours.ask("invoke", node=node, endpoint=0, cluster="AdministratorCommissioning", command="RevokeCommissioning")
    answer = commission(ours, window["manual"], timeout=2)
    assert "no device" in str(answer["error"])
    assert "window" in str(answer["advice"])
    assert ours.lock_state(node) == LOCKED


def test_a_code_with_a_typing_error_is_refused_before_anything_is_sent(ours: Controller, lock: Lock) -> None:
    last = (int(lock.manual[-1]) + 1) % 10
    answer = commission(ours, f"{lock.manual[:-1]}{last}")
    assert "digit" in f"{answer['error']} {answer['advice']}"
