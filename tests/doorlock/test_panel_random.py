"""Whatever is pressed, touched and shown, in whatever order: what the panel promises stays true."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.panel import ALL_KINDS, CODE, FINGER, MASTER, Front, secret

from latchwork.doorlock.events import EntryOutcome
from latchwork.doorlock.panel import panel_deadline
from latchwork.doorlock.panel_effects import FactoryReset, OpenWindow, Present, Program
from latchwork.doorlock.panel_state import PanelFacts
from latchwork.doorlock.panel_types import (
    Answered,
    BatteryAt,
    CardSeen,
    Enrolled,
    EnrolmentFailed,
    FingerSeen,
    KeyPressed,
    PadTouched,
    PlateTaken,
    PrivacyPushed,
    ResetPressed,
    ResetReleased,
    SetPressed,
    SetReleased,
)

KEYS = st.sampled_from("0123456789#*").map(KeyPressed)
CODES = st.sampled_from([CODE, MASTER, b"0000"]).map(lambda code: [KeyPressed(key) for key in code.decode() + "#"])
SINGLE = st.sampled_from(
    [
        SetPressed(),
        SetReleased(),
        ResetPressed(),
        ResetReleased(),
        FingerSeen(None),
        FingerSeen(secret(FINGER)),
        CardSeen(secret(b"card")),
        PadTouched(),
        PrivacyPushed(),
        PlateTaken(),
        BatteryAt(10),
        BatteryAt(90),
        Enrolled(secret(b"new")),
        EnrolmentFailed(),
        Answered(EntryOutcome.OPENED),
    ]
)
WAITS = st.sampled_from([0.1, 3.0, 5.0, 10.0, 31.0, 61.0, 700.0])
ACTS = st.lists(st.one_of(KEYS, KEYS, CODES, SINGLE, WAITS), max_size=60)
FACTS = st.builds(
    PanelFacts,
    is_commissioned=st.booleans(),
    has_admin=st.booleans(),
    is_phone_connected=st.booleans(),
    can_program=st.booleans(),
    kinds=st.sampled_from([ALL_KINDS, frozenset()]),
)


def play(front, acts, seen=lambda _: None):
    for act in acts:
        if isinstance(act, float):
            front.wait(act)
            continue
        for each in act if isinstance(act, list) else [act]:
            front.wait(0.2)
            front.feed(each)
            seen(each)


@given(FACTS, ACTS)
@settings(max_examples=200, deadline=None)
def test_pairing_ends_ten_minutes_after_set_and_set_always_opens_it(facts, acts):
    front = Front(facts, menu=())
    last = None

    def seen(happened):
        nonlocal last
        if isinstance(happened, SetPressed):
            last = front.now
            assert OpenWindow(600) in front.effects
        if FactoryReset() in front.effects:
            last = None
        front.effects.clear()
        assert front.state.pairing_until == (None if last is None else last + 600)

    # A reset that is due while nobody does anything forgets the pairing too.
    play(front, [act for act in acts if not isinstance(act, ResetPressed)], seen)


@given(FACTS, ACTS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_nobody_gets_in_without_a_credential_that_opens(facts, acts, needs_admin):
    front = Front(facts, reset_needs_admin=needs_admin, set_hold_resets=True, short_press_restarts=True)
    front.openers = set()
    play(front, acts)
    assert not front.was_opened_by
    assert all(isinstance(effect.secret, bytes) for effect in front.asked(Present))
    deadline = panel_deadline(front.state)
    assert deadline is None or deadline > front.now


@given(ACTS)
@settings(max_examples=200, deadline=None)
def test_nobody_programs_or_resets_a_lock_without_its_administrator(acts):
    front = Front(PanelFacts(has_admin=True, kinds=ALL_KINDS), reset_needs_admin=True, set_hold_resets=True)
    front.admins = set()
    play(front, acts)
    assert not front.state.is_in_setup
    assert front.asked(Program) == []
    assert front.asked(FactoryReset) == []


@given(FACTS, ACTS)
@settings(max_examples=100, deadline=None)
def test_a_panel_left_alone_comes_to_rest(facts, acts):
    front = Front(facts)
    play(front, [*acts, ResetReleased(), SetReleased(), 700.0])
    assert front.state.task is None
    assert not front.state.digits
    assert panel_deadline(front.state) is None
