"""Who loses access because of what a calendar says, or does not say any more."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from latchwork.hub.calendars.deciding import CONFIRM_S, DOUBT_S, Known, State, decide
from latchwork.hub.calendars.staying import MAX_STAYS, Listing, Stay

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_800_000_000.0


def stay(key, start, end, name=""):
    return Stay(key=key, name=name, start=NOW + start * DAY, end=NOW + end * DAY)


def listing(*stays, cancelled=(), events=None, is_whole=True):
    count = len(stays) + len(cancelled) if events is None else events
    by_key = {each.key: each for each in stays}
    return Listing(stays=by_key, cancelled=frozenset(cancelled), events=count, is_whole=is_whole)


def known(each, **changes):
    return replace(Known(key=each.key, name=each.name, start=each.start, end=each.end), **changes)


ONE, TWO, THREE = stay("one", 1, 3, "Ada"), stay("two", 3, 5, "Ben"), stay("three", 5, 7, "Cleo")
HERE = stay("here", -1, 2, "Dora")


def test_what_is_new_is_made_and_what_is_over_is_not():
    decision = decide(listing(ONE, HERE, stay("past", -5, -2)), [], NOW)
    assert {each.key for each in decision.add} == {"one", "here"}
    assert decision.remove == decision.change == ()


def test_what_is_known_is_not_made_again():
    assert decide(listing(ONE, HERE), [known(ONE), known(HERE)], NOW) == decide(listing(), [], NOW)


def test_what_moved_is_the_same_stay():
    moved = replace(ONE, start=ONE.start + DAY, end=ONE.end + DAY)
    decision = decide(listing(moved), [known(ONE)], NOW)
    assert decision.change == (("one", moved),)
    assert decision.add == ()


def test_what_is_cancelled_goes_at_once_and_so_does_who_is_there():
    decision = decide(listing(cancelled=("one", "here")), [known(ONE), known(HERE)], NOW)
    assert set(decision.remove) == {("one", "cancelled"), ("here", "cancelled")}


def test_what_is_missing_once_stays_and_what_is_missing_twice_goes():
    first = decide(listing(TWO, THREE), [known(ONE), known(TWO), known(THREE)], NOW)
    assert first.missing == ("one",)
    assert first.remove == ()
    assert first.warning == ""
    missing = [known(ONE, missing_since=NOW), known(TWO), known(THREE)]
    assert decide(listing(TWO, THREE), missing, NOW + CONFIRM_S - 1).remove == ()
    assert decide(listing(TWO, THREE), missing, NOW + CONFIRM_S).remove == (("one", "vanished"),)
    again = decide(listing(ONE, TWO, THREE), missing, NOW + CONFIRM_S)
    assert again.found == ("one",)
    assert again.remove == ()


def test_a_calendar_that_lost_most_or_all_of_its_stays_is_doubted_for_a_day():
    everybody = [known(each, missing_since=NOW) for each in (ONE, TWO, THREE)]
    for found in (listing(), listing(THREE)):
        doubted = decide(found, everybody, NOW + DOUBT_S - HOUR)
        assert doubted.remove == ()
        assert "kept for a day" in doubted.warning
    # One has begun in the meantime, and stays.
    assert {key for key, _ in decide(listing(events=3), everybody, NOW + DOUBT_S).remove} == {"two", "three"}


def test_the_only_stay_of_a_calendar_that_has_other_events_is_not_doubted():
    decision = decide(listing(events=4), [known(ONE, missing_since=NOW)], NOW + CONFIRM_S)
    assert decision.remove == (("one", "vanished"),)


def test_who_is_there_is_never_sent_away_by_silence_and_the_owner_is_told():
    first = decide(listing(TWO, THREE), [known(HERE), known(TWO), known(THREE)], NOW)
    assert first.missing == ("here",)
    assert "has begun" in first.warning
    later = decide(listing(TWO, THREE), [known(HERE, missing_since=NOW), known(TWO), known(THREE)], NOW + 1.5 * DAY)
    assert later.remove == ()


def test_a_stay_that_has_begun_does_not_begin_again_because_the_export_is_shortened():
    shortened = replace(HERE, start=NOW + 5 * HOUR)
    assert decide(listing(shortened), [known(HERE)], NOW).change == ()
    longer = replace(shortened, end=HERE.end + DAY)
    ((_, changed),) = decide(listing(longer), [known(HERE)], NOW).change
    assert (changed.start, changed.end) == (HERE.start, HERE.end + DAY)
    postponed = replace(HERE, start=NOW + 10 * DAY, end=NOW + 12 * DAY)
    assert decide(listing(postponed), [known(HERE)], NOW).change == (("here", postponed),)
    # The same where the export gives it a new name each day.
    ((key, renamed),) = decide(listing(replace(shortened, key="new")), [known(HERE)], NOW).change
    assert (key, renamed.key, renamed.start) == ("here", "new", HERE.start)


def test_a_reading_that_is_not_whole_takes_nothing_away():
    missing = [known(ONE, missing_since=NOW - 10 * DAY), known(TWO), known(THREE)]
    decision = decide(listing(TWO, is_whole=False), missing, NOW)
    assert decision.remove == decision.missing == ()
    assert "cannot be read" in decision.warning


def test_exports_that_name_everything_anew_change_nothing_but_the_names():
    renamed = [replace(each, key=f"{each.key}'") for each in (ONE, TWO, THREE)]
    decision = decide(listing(*renamed), [known(ONE), known(TWO), known(THREE)], NOW)
    assert decision.add == decision.remove == decision.missing == ()
    assert dict(decision.change) == {each.key.rstrip("'"): each for each in renamed}


def test_two_guests_of_no_name_on_the_same_days_are_two():
    a, b = stay("a", 1, 2), stay("b", 1, 2)
    decision = decide(listing(a, b, THREE), [known(stay("old", 1, 2)), known(THREE)], NOW)
    assert len(decision.add) == 1
    assert len(decision.change) == 1


def test_what_people_took_back_does_not_come_again_and_what_was_prolonged_does():
    assert decide(listing(ONE), [known(ONE, state=State.WITHDRAWN)], NOW).add == ()
    over = known(stay("one", -3, -1), state=State.OVER)
    assert decide(listing(ONE), [over], NOW).add == (ONE,)
    assert decide(listing(HERE), [known(HERE, state=State.OVER)], NOW).add == ()


def test_there_is_a_bound_and_it_is_told():
    many = [stay(f"{number:04}", number + 1, number + 2) for number in range(MAX_STAYS + 10)]
    decision = decide(listing(*many), [], NOW)
    assert [each.key for each in decision.add] == [each.key for each in many[:MAX_STAYS]]
    assert "more than" in decision.warning


def carried_out(decision, before, now):
    """What the service makes of a decision."""
    after = {each.key: each for each in before}
    for key, _ in decision.remove:
        del after[key]
    for key, each in decision.change:
        old = after.pop(key)
        after[each.key] = replace(old, key=each.key, start=each.start, end=each.end, missing_since=None)
    for key in decision.missing:
        after[key] = replace(after[key], missing_since=now)
    for key in decision.found:
        if key in after:
            after[key] = replace(after[key], missing_since=None)
    for each in decision.add:
        after[each.key] = known(each)
    return list(after.values())


spans = st.tuples(st.integers(-72, 240), st.integers(1, 120)).map(
    lambda span: (NOW + span[0] * HOUR, NOW + sum(span) * HOUR)
)
stays = st.builds(
    lambda key, name, span: Stay(key=key, name=name, start=span[0], end=span[1]),
    st.sampled_from("abcdefgh"),
    st.sampled_from(["", "Ada", "Ben"]),
    spans,
)
listings = st.builds(
    lambda found, cancelled, closed, is_whole: listing(
        *{each.key: each for each in found if each.key not in cancelled}.values(),
        cancelled=cancelled,
        events=len({each.key for each in found} | cancelled) + closed,
        is_whole=is_whole,
    ),
    st.lists(stays, max_size=8),
    st.frozensets(st.sampled_from("abcdefgh"), max_size=2),
    st.integers(0, 2),
    st.booleans(),
)


class Calendars(RuleBasedStateMachine):
    """A calendar that says anything, read at any time."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.known = []
        self.empty_since = None

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours):
        self.now += hours * HOUR
        self.known = [
            replace(each, state=State.OVER) if each.state is State.STANDS and each.end <= self.now else each
            for each in self.known
        ]

    @rule(key=st.sampled_from("abcdefgh"))
    def people_take_it_back(self, key):
        self.known = [
            replace(each, state=State.WITHDRAWN) if each.key == key and each.state is State.STANDS else each
            for each in self.known
        ]

    @rule(found=listings)
    def it_is_read(self, found):
        before = {each.key: each for each in self.known}
        decision = decide(found, self.known, self.now)
        removed = dict(decision.remove)
        for key, why in removed.items():
            assert before[key].state is State.STANDS
            if why == "vanished":
                assert found.is_whole
                assert before[key].start > self.now, "who is there is not sent away"
                assert before[key].missing_since is not None
                assert self.now - before[key].missing_since >= CONFIRM_S
                if not found.events:
                    assert self.now - before[key].missing_since >= DOUBT_S
        self.known = carried_out(decision, self.known, self.now)
        live = {each.key: each for each in self.known if each.state is State.STANDS}
        untouchable = {each.key for each in before.values() if each.state is not State.STANDS}
        for each in found.stays.values():
            if each.end > self.now and each.key not in untouchable:
                assert live[each.key].end == each.end, "whoever the calendar has, has access until the end"
                assert live[each.key].start <= each.start
        again = decide(found, self.known, self.now)
        assert again == replace(decide(listing(), [], self.now), warning=again.warning), "a second time changes nothing"

    @invariant()
    def nobody_is_there_twice(self):
        keys = [each.key for each in self.known]
        assert len(keys) == len(set(keys))
        assert all(each.end > each.start for each in self.known)


TestCalendars = Calendars.TestCase
TestCalendars.settings = settings(max_examples=150, stateful_step_count=20, deadline=None)


@given(st.lists(stays, min_size=1, max_size=8, unique_by=lambda each: each.key))
def test_an_empty_calendar_takes_nothing_away_within_a_day(found):
    everybody = [known(each) for each in found]
    decision = decide(listing(), everybody, NOW)
    assert decision.remove == ()
    everybody = carried_out(decision, everybody, NOW)
    assert decide(listing(), everybody, NOW + DOUBT_S - 1).remove == ()
