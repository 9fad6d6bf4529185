"""Rules of time on pages: in short words, as the fields of a form, and back.

Layer web, pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Rule, Weekly, Window
from latchwork.web.api.shapes import AlwaysRule, FirstUseRule, HoursBody, OnceRule, RuleBody, WeeklyRule, WindowRule
from latchwork.web.pages.forms import Fields
from latchwork.web.pages.texts import Texts
from latchwork.web.pages.words import Words
from latchwork.web.problems import Problem, invalid
from latchwork.web.stamps import to_text

KINDS: Final = ("always", "weekly", "window", "once", "first_use")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_STRETCHES: Final = 7
_WORKDAYS, _WEEKEND, _ALL = frozenset(range(5)), frozenset((5, 6)), frozenset(range(7))


@dataclass(frozen=True, slots=True)
class StretchFields:
    """One stretch of a week, as fields show it."""

    days: frozenset[str]
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFields:
    """A rule, as the fields of a form show it.

    Attributes:
        kind: which of `KINDS`.
        stretches: of a week.
        except_on: local dates, ISO 8601.
        is_off_on_holidays: whether holidays are such dates.
        start, end: local times for `datetime-local`, or empty.
        hours: from the first use.
    """

    kind: str = "always"
    stretches: tuple[StretchFields, ...] = (StretchFields(frozenset(DAYS[:5]), "09:00", "17:00"),)
    except_on: tuple[str, ...] = ()
    is_off_on_holidays: bool = False
    start: str = ""
    end: str = ""
    hours: float = 2


def fields_of_rule(rule: Rule, words: Words) -> RuleFields:
    """The rule as a form shows it."""
    from_at, until_at = getattr(rule, "start", None), getattr(rule, "end", None)
    start = words.field(from_at) if from_at is not None else ""
    end = words.field(until_at) if until_at is not None else ""
    match rule:
        case Weekly():
            stretches = tuple(
                StretchFields(
                    frozenset(DAYS[day] for day in each.days),
                    words.minute_of_day(each.start),
                    words.minute_of_day(each.end).replace("24:00", "23:59"),
                )
                for each in rule.hours
            )
            return RuleFields(
                kind="weekly",
                stretches=stretches,
                except_on=rule.except_on,
                is_off_on_holidays=rule.is_off_on_holidays,
                start=start,
                end=end,
            )
        case Window():
            return RuleFields(kind="window", start=start, end=end)
        case Once():
            return RuleFields(kind="once", start=start, end=end)
        case FirstUse():
            return RuleFields(kind="first_use", hours=rule.minutes / 60, start=start, end=end)
        case Always():
            return RuleFields()


def rule_of_fields(form: Fields, words: Words) -> RuleBody:
    """What a form says.

    Raises:
        Problem: 422 with the field that is not right.
    """
    kind = form.text("rule", "always")
    start, end = _instant(form, words, "start"), _instant(form, words, "end")
    match kind:
        case "always":
            return AlwaysRule(kind="always")
        case "weekly":
            stretches = [
                HoursBody.model_construct(
                    days=form.texts(f"days_{number}"), start=form.text(f"from_{number}"), end=form.text(f"to_{number}")
                )
                for number in range(MAX_STRETCHES)
                if form.texts(f"days_{number}")
            ]
            if not stretches:
                raise invalid("/days", "Choose at least one day.")
            return _checked(
                WeeklyRule,
                kind="weekly",
                hours=[each.model_dump() for each in stretches],
                except_on=form.text("except_on").replace(",", " ").split(),
                is_off_on_holidays=form.flag("is_off_on_holidays"),
                start=start,
                end=end,
            )
        case "window":
            if start is None or end is None:
                raise invalid("/start", "Say from when and until when.")
            return _checked(WindowRule, kind="window", start=start, end=end)
        case "once":
            return _checked(OnceRule, kind="once", start=start, end=end)
        case "first_use":
            minutes = round(_number(form.text("hours", "2")) * 60)
            return _checked(FirstUseRule, kind="first_use", minutes=minutes, start=start, end=end)
    raise invalid("/rule", "There is no such rule.")


def _checked(shape: type[RuleBody], **values: object) -> RuleBody:
    try:
        return shape.model_validate(values)
    except ValueError as error:
        raise _not_right(error) from None


def _not_right(error: ValueError) -> Problem:
    found = error.errors() if isinstance(error, ValidationError) else []
    where = str(found[0]["loc"][0]) if found else "rule"
    return invalid(f"/{where}", f"This is not right: {where.replace('_', ' ')}.")


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise invalid("/hours", "This is a number of hours.") from None


def _instant(form: Fields, words: Words, name: str) -> str | None:
    text = form.text(name)
    if not text:
        return None
    try:
        return to_text(words.instant(text))
    except ValueError:
        raise invalid(f"/{name}", "This is a day and a time.") from None


def rule_words(rule: Rule, texts: Texts, words: Words) -> str:
    """When the rule holds, in as few words as possible."""
    match rule:
        case Always():
            return texts.say("rule.always")
        case Weekly():
            stretches = "; ".join(_stretch(each, texts, words) for each in rule.hours)
            extra = texts.say("rule.but_holidays") if rule.is_off_on_holidays else ""
            if rule.except_on:
                extra += texts.say("rule.but_days", count=len(rule.except_on))
            return stretches + extra + _span(rule.start, rule.end, texts, words)
        case Window(start, end):
            return texts.say("rule.window", start=_at(start, texts, words), end=_at(end, texts, words))
        case Once(start, end):
            return texts.say("rule.once") + _span(start, end, texts, words)
        case FirstUse(minutes, start, end):
            lasting = words.lasting(minutes * 60)
            return texts.say("rule.first_use", lasting=lasting) + _span(start, end, texts, words)


def _at(at: float, texts: Texts, words: Words) -> str:
    return texts.say("time.day_and_clock", day=words.day(at), clock=words.clock(at))


def _span(start: float | None, end: float | None, texts: Texts, words: Words) -> str:
    said = "" if start is None else texts.say("rule.from", at=_at(start, texts, words))
    return said + ("" if end is None else texts.say("rule.until", at=_at(end, texts, words)))


def _stretch(hours: Hours, texts: Texts, words: Words) -> str:
    if hours.days == _ALL:
        days = texts.say("rule.every_day")
    elif hours.days == _WORKDAYS:
        days = texts.say("rule.workdays")
    elif hours.days == _WEEKEND:
        days = texts.say("rule.weekend")
    else:
        days = ", ".join(texts.say(f"time.weekday.{day}")[:3] for day in sorted(hours.days))
    start, end = words.minute_of_day(hours.start), words.minute_of_day(hours.until)
    return texts.say("rule.stretch", days=days, start=start, end=end)
