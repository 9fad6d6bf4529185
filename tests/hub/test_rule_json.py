"""Rules as text: every rule comes back as it was, and nothing that is not exactly a rule is taken for one."""

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchwork.hub.house.rule_json import MAX_LENGTH, RuleUnreadable, decode_rule, encode_rule
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Weekly, Window

INSTANTS = st.floats(allow_nan=False, allow_infinity=False)
OPEN = st.none() | INSTANTS
DATES = st.dates(date(2000, 1, 1)).map(date.isoformat)
HOURS = st.builds(Hours, st.frozensets(st.integers(0, 6)), st.integers(0, 1440), st.integers(0, 1440))
RULES = (
    st.just(Always())
    | st.builds(
        Weekly,
        st.lists(HOURS, max_size=4).map(tuple),
        st.lists(DATES, max_size=3).map(tuple),
        st.booleans(),
        OPEN,
        OPEN,
    )
    | st.builds(Window, INSTANTS, INSTANTS)
    | st.builds(Once, OPEN, OPEN)
    | st.builds(FirstUse, st.integers(1, 2880), OPEN, OPEN)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(RULES)
def test_a_rule_comes_back_as_it_was(rule):
    assert decode_rule(encode_rule(rule)) == rule


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_a_rule_or_refused(text):
    try:
        decode_rule(text)
    except RuleUnreadable:
        return
    assert json.loads(text)["kind"] in {"always", "weekly", "window", "once", "first_use"}


@given(RULES, st.data())
def test_a_rule_with_one_thing_replaced_is_a_rule_or_refused(rule, data):
    value = json.loads(encode_rule(rule))
    value[data.draw(st.sampled_from(sorted(value)))] = data.draw(JSON)
    with suppress(RuleUnreadable):
        encode_rule(decode_rule(json.dumps(value)))


@given(RULES, st.data())
def test_a_rule_that_lacks_or_adds_something_is_refused(rule, data):
    value = json.loads(encode_rule(rule))
    with pytest.raises(RuleUnreadable):
        decode_rule(json.dumps({**value, "more": 1}))
    del value[data.draw(st.sampled_from(sorted(value)))]
    with pytest.raises(RuleUnreadable):
        decode_rule(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"always"',
        '{"kind":"never"}',
        '{"kind":["always"]}',
        '{"kind":"always","kind":"always"}',
        '{"kind":"window","start":NaN,"end":1}',
        '{"kind":"window","start":Infinity,"end":1}',
        '{"kind":"window","start":1e999,"end":1}',
        '{"kind":"window","start":true,"end":1}',
        '{"kind":"window","start":null,"end":1}',
        '{"kind":"window","start":"1","end":1}',
        '{"kind":"first_use","minutes":0,"start":null,"end":null}',
        '{"kind":"first_use","minutes":2881,"start":null,"end":null}',
        '{"kind":"first_use","minutes":1.0,"start":null,"end":null}',
        '{"kind":"weekly","hours":{},"except_on":[],"is_off_on_holidays":false,"start":null,"end":null}',
        '{"kind":"weekly","hours":[],"except_on":["2026-2-1"],"is_off_on_holidays":false,"start":null,"end":null}',
        '{"kind":"weekly","hours":[],"except_on":["20260201"],"is_off_on_holidays":false,"start":null,"end":null}',
        '{"kind":"weekly","hours":[],"except_on":[],"is_off_on_holidays":0,"start":null,"end":null}',
        "[" * 10_000,
        f'{{"kind":"always"}}{" " * MAX_LENGTH}',
        f'{{"kind":"window","start":{"1" * 5000},"end":1}}',
    ],
)
def test_what_is_not_exactly_a_rule_is_refused(text):
    with pytest.raises(RuleUnreadable):
        decode_rule(text)


@pytest.mark.parametrize("hours", [{"days": [7]}, {"days": [0, 0]}, {"start": -1}, {"end": 1441}, {"start": True}])
def test_hours_outside_their_bounds_are_refused(hours):
    value = json.loads(encode_rule(Weekly((Hours(frozenset({0}), 60, 120),))))
    value["hours"][0].update(hours)
    with pytest.raises(RuleUnreadable):
        decode_rule(json.dumps(value))


@pytest.mark.parametrize(
    "rule",
    [
        Weekly((Hours(frozenset({9}), 0, 1),)),
        Weekly((), except_on=("tomorrow",)),
        FirstUse(0),
        Window(float("nan"), 0.0),
    ],
)
def test_a_rule_that_could_not_be_read_again_is_not_written(rule):
    with pytest.raises(RuleUnreadable):
        encode_rule(rule)
