"""Conformance: the specification's shorthand, evaluated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.base.errors import Misuse
from latchwork.matter.model.conformance import Conformance, Verdict, conformance

MANDATORY, OPTIONAL, FORBIDDEN, DEPRECATED = Verdict.MANDATORY, Verdict.OPTIONAL, Verdict.FORBIDDEN, Verdict.DEPRECATED


@pytest.mark.parametrize(
    ("text", "names", "verdict"),
    [
        ("M", "", MANDATORY),
        ("O", "", OPTIONAL),
        ("X", "", FORBIDDEN),
        ("D", "", DEPRECATED),
        ("desc", "", OPTIONAL),
        ("PIN", "PIN", MANDATORY),
        ("PIN", "RID", FORBIDDEN),
        ("[PIN]", "PIN", OPTIONAL),
        ("[PIN]", "", FORBIDDEN),
        ("PIN | RID", "RID", MANDATORY),
        ("COTA & PIN", "PIN", FORBIDDEN),
        ("COTA & PIN", "PIN COTA", MANDATORY),
        ("[!USR & PIN]", "PIN", OPTIONAL),
        ("[!USR & PIN]", "PIN USR", FORBIDDEN),
        ("!(LT | DF)", "", MANDATORY),
        ("!(LT | DF)", "DF", FORBIDDEN),
        ("A ^ B", "A", MANDATORY),
        ("A ^ B", "A B", FORBIDDEN),
        ("A | B & C", "A", MANDATORY),
        ("A | B & C", "B", FORBIDDEN),
        ("LITS, O", "LITS", MANDATORY),
        ("LITS, O", "", OPTIONAL),
        ("P, O", "", OPTIONAL),
        ("P, AUX", "AUX", MANDATORY),
        ("P, AUX", "", FORBIDDEN),
        ("P", "", FORBIDDEN),
        ("O.a", "", OPTIONAL),
        ("O.a+", "", OPTIONAL),
        ("[WI | TH].a+", "TH", OPTIONAL),
        ("StatusCode == Ok, O", "StatusCode", OPTIONAL),
    ],
)
def test_shorthand_means_what_the_specification_says(text, names, verdict):
    assert conformance(text).verdict(names.split(), 1) is verdict


@pytest.mark.parametrize(
    ("text", "revision", "verdict"),
    [
        ("Rev >= v3", 2, FORBIDDEN),
        ("Rev >= v3", 3, MANDATORY),
        ("Rev >= v4, O", 3, OPTIONAL),
        ("[Rev >= v2]", 2, OPTIONAL),
    ],
)
def test_an_element_can_depend_on_the_clusters_revision(text, revision, verdict):
    assert conformance(text).verdict((), revision) is verdict


@pytest.mark.parametrize("text", ["", "M,", "PIN &", "& PIN", "(PIN", "PIN)", "PIN RID", "[PIN", "§", "!"])
def test_what_is_no_shorthand_is_a_misuse(text):
    with pytest.raises(Misuse, match="conformance"):
        Conformance(text)


@given(st.text(alphabet="MOXDP[]()!&|^,. abRev>=v12", max_size=30))
def test_any_text_is_either_shorthand_or_a_misuse(text):
    try:
        parsed = Conformance(text)
    except Misuse:
        return
    assert parsed.verdict({"a", "b"}, 1) in Verdict
