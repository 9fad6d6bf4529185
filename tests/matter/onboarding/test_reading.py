"""What people paste, and what they hold up by mistake."""

# ruff: noqa: RUF001 - full-width and typographic characters are what is tested

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from latchwork.matter.onboarding import CodeProblem, OnboardingCodeError, parse, parse_all

MANUAL = "34970112332"
QR = "MT:-24J042C00KA0648G00"


def refusal(text: str) -> OnboardingCodeError:
    with pytest.raises(OnboardingCodeError) as caught:
        parse(text)
    assert caught.value.advice
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "3497-011-2332",
        " 3497 011 2332\n",
        "3497\u00a0011\u20112332",
        "\ufeff34970\u200b112332",
        "３４９７-０１１-２３３２",
        "“3497–011–2332”",
        "'34970112332'",
        "Setup code: 3497-011-2332 (keep it)",
        "https://example.test/?code=MT:-24J042C00KA0648G00",
        "https://example.test/?code=MT%3A-24J042C00KA0648G00&x=1",
        "mt:-24j042c00ka0648g00",
        "MT: -24J042 C00KA 0648G00",
        '"MT:-24J042C00KA0648G00"',
        "Z%MT:-24J042C00KA0648G00%DDD",
        "the code is MT:-24J042C00KA0648G00 I think",
        "ＭＴ：-24J042C00KA0648G00",
    ],
)
def test_a_code_is_found_however_it_is_pasted(text):
    assert parse(text).passcode == 20202021


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", CodeProblem.EMPTY),
        (" \u200b ", CodeProblem.EMPTY),
        ("hello", CodeProblem.NOT_A_CODE),
        ("MT:", CodeProblem.NOT_A_CODE),
        ("ASMT:", CodeProblem.NOT_A_CODE),
        ("MT:*", CodeProblem.NOT_A_CODE),
        ("MT:ABC", CodeProblem.WRONG_LENGTH),
        ("MT:...................", CodeProblem.MALFORMED),
        ("MT:-24J042C00KA06", CodeProblem.WRONG_LENGTH),
        ("34970112331", CodeProblem.CHECK_DIGIT),
        ("34970112323", CodeProblem.CHECK_DIGIT),
        ("3497011233", CodeProblem.WRONG_LENGTH),
        ("349701123320", CodeProblem.WRONG_LENGTH),
        ("X-HM://0023ISYWYZ6EO", CodeProblem.HOMEKIT),
        ("123-45-678", CodeProblem.HOMEKIT),
        ("12345678", CodeProblem.HOMEKIT),
        ("WIFI:T:WPA;S:home;P:secret;;", CodeProblem.WIFI),
        ("83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5", CodeProblem.ZIGBEE_INSTALL_CODE),
        ("83:FE:D3:40:7A:93:9A:38", CodeProblem.ZIGBEE_INSTALL_CODE),
        ("Z:000D6F000D6F0001$I:83FED3407A939723A5C639B26916D505C3B5", CodeProblem.ZIGBEE_QR),
        ("G$M:69775$S:680S00003915$D:0000000017B2335C%Z$A:04CF8CDF3C3C3C3C$I:83FED340", CodeProblem.ZIGBEE_QR),
        ("https://example.test/app", CodeProblem.WEB_LINK),
        ("34028-23669-20938-46346-33746-07431-56821-14560", CodeProblem.ZWAVE),
        ("ZWS2DSK:51525-35455-41424-34445-31323-33435-21222-32425", CodeProblem.ZWAVE),
        ("90" + "01" + "12345" + "003" + "51525354554142434445313233343521222324250001", CodeProblem.ZWAVE),
        ("v=1&&eui=000b57fffe07f6ab&&cc=J01NM3", CodeProblem.THREAD),
    ],
)
def test_a_refusal_names_what_it_saw(text, kind):
    assert refusal(text).kind is kind


def test_a_wrong_length_says_how_many_digits_there_are():
    error = refusal("3497-011-233")
    assert "has 10" in str(error)
    assert error.advice == "1 digit is missing from a code of 11 digits."


def test_a_code_of_a_later_version_asks_for_an_update():
    """A first digit of 8 or 9 (Core 5.1.4.1); the check digit of both codes is right."""
    assert refusal("80000100001").kind in {CodeProblem.UNKNOWN_VERSION, CodeProblem.CHECK_DIGIT}
    from latchwork.matter.onboarding import base38, verhoeff

    assert refusal("8000010000" + verhoeff.check_digit("8000010000")).kind is CodeProblem.UNKNOWN_VERSION
    data = bytearray(base38.decode(QR[3:]))
    data[0] |= 1
    assert refusal("MT:" + base38.encode(bytes(data))).kind is CodeProblem.UNKNOWN_VERSION


def test_a_long_first_digit_on_a_short_code_is_a_wrong_length():
    from latchwork.matter.onboarding import verhoeff

    assert refusal("4000010000" + verhoeff.check_digit("4000010000")).kind is CodeProblem.WRONG_LENGTH
    assert "21 digits" in str(refusal("4000010000" + verhoeff.check_digit("4000010000")))


def test_damaged_extension_data_is_refused():
    from latchwork.matter.onboarding import base38

    assert refusal("MT:" + base38.encode(base38.decode(QR[3:]) + b"\x15\x2c\x00\xff")).kind is CodeProblem.MALFORMED


def test_too_many_joined_codes_are_refused():
    assert refusal("MT:" + "*".join([QR[3:]] * 40)).kind is CodeProblem.MALFORMED


def test_a_refusal_does_not_repeat_the_code():
    for text in ("34970112331", "3497011233", "MT:-24J042C00KA06", "123-45-678"):
        error = refusal(text)
        assert text not in str(error) + error.advice


@given(st.text() | st.text("0123456789- ") | st.text("MT:0123456789ABCDEF-.*").map(lambda text: "MT:" + text))
@example("ﷺ" * 4096)
@example("²" * 11)
@example("٣" * 11)
def test_any_text_is_read_or_refused_in_the_documented_way(text):
    try:
        found = parse_all(text)
    except OnboardingCodeError:
        return
    assert found
