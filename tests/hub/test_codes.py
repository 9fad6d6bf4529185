"""Codes: long enough for every lock, never weak, each as likely as any other, and told apart without being shown."""

from collections import Counter
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.hub.codes import NoCodeLeft, NoCommonLength, duplicate_of, length_for, random_code, weakness
from latchwork.hub.house.entities import CredentialKind
from latchwork.hub.house.observed import Capabilities


def lock(least, greatest, pins=10):
    return Capabilities(has_users=True, kinds={CredentialKind.PIN: pins}, pin_length=(least, greatest))


def octets(seed):
    """Octets that look like chance and are the same each time."""
    state = seed * 2 + 1

    def give(length):
        nonlocal state
        result = bytearray()
        for _ in range(length):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            result.append(state >> 56)
        return bytes(result)

    return give


def test_a_code_has_six_digits_where_the_locks_take_them():
    assert length_for({"Front": lock(4, 8), "Back": lock(4, 10)}, None) == 6


def test_a_code_is_shorter_or_longer_where_a_lock_asks_for_it():
    assert length_for({"Front": lock(4, 8), "Back": lock(4, 4)}, None) == 4
    assert length_for({"Front": lock(4, 8), "Back": lock(7, 10)}, None) == 7


def test_a_wanted_length_is_taken_when_every_lock_takes_it():
    assert length_for({"Front": lock(4, 8)}, 8) == 8


def test_a_wanted_length_names_the_locks_that_do_not_take_it():
    with pytest.raises(NoCommonLength, match=r"Back \(4 to 6\)") as caught:
        length_for({"Front": lock(4, 8), "Back": lock(4, 6)}, 8)
    assert caught.value.clashes == ("Back",)
    assert caught.value.advice == "Choose 4 to 6 digits."


def test_locks_without_a_common_length_are_named():
    with pytest.raises(NoCommonLength) as caught:
        length_for({"Front": lock(4, 5), "Back": lock(6, 10), "Side": lock(4, 10)}, None)
    assert caught.value.clashes == ("Front", "Back")
    assert "Side" not in str(caught.value)


def test_locks_that_take_no_codes_do_not_count():
    assert length_for({"Front": lock(4, 8), "Reader": lock(9, 9, pins=0)}, None) == 6
    assert length_for({}, None) == 6
    assert length_for({}, 5) == 5


@pytest.mark.parametrize(
    "code",
    [
        *("1111", "1212", "123123", "1234", "9876", "7890", "2468", "1122", "1221", "1984", "2024", "3112", "1231"),
        *("0229", "140789", "890714", "071489", "14071989", "19890714", "2580", "1470", "1379", "1793", "121121"),
        *("000001", "852456", "123", "159753", "12344321", "24680"),
    ],
)
def test_codes_that_people_guess_are_weak(code):
    assert weakness(code)


@pytest.mark.parametrize("code", ["7294", "4837", "830471", "926408", "5190738", "70391846", "40913"])
def test_codes_without_a_pattern_are_not(code):
    assert weakness(code) is None


def test_what_is_no_code_has_no_weakness_and_is_not_repeated():
    with pytest.raises(Misuse) as caught:
        weakness("12a4")
    assert "12a4" not in str(caught.value)


@given(st.integers(4, 10), st.integers(0))
def test_a_new_code_is_not_weak_and_as_long_as_wanted(length, seed):
    code = random_code(length, octets(seed), ())
    assert len(code) == length
    assert weakness(code) is None


def test_a_new_code_is_not_taken():
    class All:
        asked = 0

        def __contains__(self, code):
            self.asked += 1
            return self.asked < 5

    taken = All()
    random_code(6, octets(1), taken)
    assert taken.asked == 5


def test_octets_that_would_favour_some_digits_are_not_used():
    given_out = count(250)

    def entropy(length):
        return bytes(min(next(given_out), 255) if each < 3 else 200 + 7 * each % 50 for each in range(length))

    assert len(random_code(8, entropy, ())) == 8
    digits = Counter(digit for seed in range(400) for digit in random_code(8, octets(seed), ()))
    assert min(digits.values()) > 0.8 * max(digits.values())


def test_when_every_code_is_taken_that_is_said():
    class Everything:
        def __contains__(self, code):
            return True

    with pytest.raises(NoCodeLeft):
        random_code(4, octets(3), Everything())
    with pytest.raises(Misuse):
        random_code(0, octets(3), ())


def test_most_codes_are_not_weak():
    weak = sum(weakness(f"{code:04}") is not None for code in range(10_000))
    assert 500 < weak < 2000


def test_a_duplicate_is_another_credential_with_the_same_secret():
    assert duplicate_of("mine", [("mine", 1), ("mine", 2)]) is None
    assert duplicate_of("mine", [("mine", 1), ("other", 4)]) == "other"
    assert duplicate_of("mine", []) is None
