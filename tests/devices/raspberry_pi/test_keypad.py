"""The matrix keypad: one press, one key."""

import pytest

from latchwork.devices.raspberry_pi.keypad import MatrixKeypad

ROWS, COLUMNS = (13, 19, 26, 21), (16, 18, 20)
PRINT = ("123", "456", "789", "*0#")
WHERE = {key: (row, column) for row, keys in enumerate(PRINT) for column, key in enumerate(keys)}


@pytest.fixture
def pad(pins, key_matrix, loop):
    matrix = key_matrix(ROWS, COLUMNS)
    keypad = MatrixKeypad([pins.line(pin) for pin in ROWS], [pins.input(pin) for pin in COLUMNS], PRINT, loop)
    matrix.heard = []
    keypad.listen(matrix.heard.append)
    yield matrix
    keypad.close()


def test_every_key_is_itself(pad, let):
    for where in WHERE.values():
        pad.press(where)
        let(0.1)
        pad.release(where)
        let(0.1)
    assert pad.heard == list(WHERE)


def test_a_key_that_is_held_comes_once(pad, let):
    pad.press(WHERE["5"])
    let(3)
    assert pad.heard == ["5"]


def test_the_same_key_twice_comes_twice(pad, let):
    for _ in range(2):
        pad.press(WHERE["0"])
        let(0.1)
        pad.release(WHERE["0"])
        let(0.1)
    assert pad.heard == ["0", "0"]


def test_a_key_that_bounces_comes_once(pad, let):
    for _ in range(4):
        pad.press(WHERE["8"])
        let(0.003)
        pad.release(WHERE["8"])
        let(0.002)
    pad.press(WHERE["8"])
    let(0.2)
    pad.release(WHERE["8"])
    let(0.2)
    assert pad.heard == ["8"]


def test_fast_fingers_may_overlap(pad, let):
    pad.press(WHERE["1"])
    let(0.05)
    pad.press(WHERE["2"])
    let(0.05)
    pad.release(WHERE["1"])
    let(0.05)
    pad.press(WHERE["3"])
    let(0.05)
    pad.release(WHERE["2"], WHERE["3"])
    let(0.05)
    assert pad.heard == ["1", "2", "3"]


def test_a_flat_hand_is_no_code(pad, let):
    pad.press(*WHERE.values())
    let(0.5)
    pad.release(*WHERE.values())
    let(0.5)
    assert pad.heard == []


def test_nothing_is_polled_while_no_key_is_down(pad, loop, let):
    pad.press(WHERE["9"])
    let(0.1)
    pad.release(WHERE["9"])
    let(0.1)
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]


def test_rows_are_never_driven_high(pad, factory, let):
    pad.press(WHERE["4"])
    let(0.1)
    for number in ROWS:
        pin = next(pin for pin in pad.rows if pin.info.name == f"GPIO{number}")
        assert pin.function == "output"
        assert not pin.state
