"""Shapes that several resources share: strict bodies, texts with bounds, rules of time, pages.

Layer web, pure.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from latchwork.base.errors import Misuse
from latchwork.hub.house.rule_json import encode_rule
from latchwork.hub.house.rules import Always, FirstUse, Hours, Once, Rule, Weekly, Window
from latchwork.web.problems import invalid
from latchwork.web.stamps import TimeIn, to_text

_T = TypeVar("_T")
MAX_MEMBERS: Final = 64
"""Of an object that is sent; none that means anything has so many."""


class Body(BaseModel):
    """A request's body: what is not known is refused rather than passed over."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _bounded(cls, found: Any) -> Any:
        """Each member that is not known is a complaint of its own: a million of them would be a long answer to nothing."""
        if isinstance(found, dict) and len(found) > MAX_MEMBERS:
            raise ValueError("has too many members")
        return found


class ListOf(BaseModel, Generic[_T]):
    """Some of a list, and where the rest is."""

    data: list[_T]
    next_cursor: str | None = None


class ProblemOut(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    instance: str = ""
    errors: list[dict[str, str]] = []


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text consists of whole characters") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("a text has no control characters")
    return text


Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_encodable)
]
"""What something is called."""
Text = Annotated[str, StringConstraints(max_length=300), AfterValidator(_encodable)]
"""A remark."""
Id = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_encodable)]
"""Names something that the hub made."""
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
"""A local date."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
"""A local time of day; 24:00 is midnight at the end of the day."""

_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class AlwaysRule(Body):
    """At any time."""

    kind: Literal["always"]


class HoursBody(Body):
    """A stretch of some days, in the site's zone; one that ends at or before its start ends the day after."""

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    start: WallTime
    end: WallTime


class WeeklyRule(Body):
    """Some hours of each week."""

    kind: Literal["weekly"]
    hours: Annotated[list[HoursBody], Field(min_length=1, max_length=50)]
    except_on: Annotated[list[Day], Field(max_length=1000)] = []
    is_off_on_holidays: bool = False
    start: TimeIn | None = None
    end: TimeIn | None = None


class WindowRule(Body):
    """From an instant until another."""

    kind: Literal["window"]
    start: TimeIn
    end: TimeIn


class OnceRule(Body):
    """One opening."""

    kind: Literal["once"]
    start: TimeIn | None = None
    end: TimeIn | None = None


class FirstUseRule(Body):
    """For some time from the first use on."""

    kind: Literal["first_use"]
    minutes: Annotated[int, Field(ge=1, le=2880)]
    start: TimeIn | None = None
    end: TimeIn | None = None


RuleBody = Annotated[
    AlwaysRule | WeeklyRule | WindowRule | OnceRule | FirstUseRule, Field(discriminator="kind", title="Rule")
]


def to_rule(body: RuleBody) -> Rule:
    """The rule that a body is.

    Raises:
        Problem: 422 when it can never hold, or names a day that is none.
    """
    match body:
        case WeeklyRule():
            rule: Rule = Weekly(
                hours=tuple(_hours(each) for each in body.hours),
                except_on=tuple(body.except_on),
                is_off_on_holidays=body.is_off_on_holidays,
                start=body.start,
                end=body.end,
            )
        case WindowRule():
            rule = Window(body.start, body.end)
        case OnceRule():
            rule = Once(body.start, body.end)
        case FirstUseRule():
            rule = FirstUse(body.minutes, body.start, body.end)
        case _:
            rule = Always()
    start, end = getattr(rule, "start", None), getattr(rule, "end", None)
    if start is not None and end is not None and end <= start:
        raise invalid("/body/rule/end", "a rule ends after it starts")
    try:
        encode_rule(rule)
    except Misuse as error:
        raise invalid("/body/rule", str(error)) from None
    return rule


def from_rule(rule: Rule) -> AlwaysRule | WeeklyRule | WindowRule | OnceRule | FirstUseRule:
    """The body that a rule is."""
    match rule:
        case Weekly():
            hours = [
                {"days": [_DAYS[day] for day in sorted(each.days)], "start": _wall(each.start), "end": _wall(each.end)}
                for each in rule.hours
            ]
            except_on, is_off = list(rule.except_on), rule.is_off_on_holidays
            weekly = {"kind": "weekly", "hours": hours, "except_on": except_on, "is_off_on_holidays": is_off}
            return WeeklyRule.model_validate(weekly | _span(rule.start, rule.end))
        case Window():
            return WindowRule.model_validate({"kind": "window"} | _span(rule.start, rule.end))
        case Once():
            return OnceRule.model_validate({"kind": "once"} | _span(rule.start, rule.end))
        case FirstUse():
            first = {"kind": "first_use", "minutes": rule.minutes}
            return FirstUseRule.model_validate(first | _span(rule.start, rule.end))
        case Always():
            return AlwaysRule(kind="always")


def _span(start: float | None, end: float | None) -> dict[str, str | None]:
    return {"start": None if start is None else to_text(start), "end": None if end is None else to_text(end)}


def _hours(body: HoursBody) -> Hours:
    return Hours(frozenset(_DAYS.index(day) for day in body.days), _minutes(body.start), _minutes(body.end))


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _wall(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
