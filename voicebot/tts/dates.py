"""What English makes of written dates, times, and names of days and months."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MONTHS_SHORT = {name[:3]: name for name in MONTHS if name != "May"} | {"Sept": "September"}

_DAYS = {
    "Mon": "Monday",
    "Tues": "Tuesday",
    "Tue": "Tuesday",
    "Wed": "Wednesday",
    "Thurs": "Thursday",
    "Thu": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}

_TIME = r"(?<![\w:.,])([01]?[0-9]|2[0-3]|24(?=:00)):([0-5][0-9])(?![0-9:]|[.,][0-9])"
_HALF = r"\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)"
_ANY_HALF = r"\s?[AaPp](?:\.[Mm]\.|[Mm]\b)"
_CLOCK = r"[T ]([0-2][0-9]:[0-5][0-9])(?::[0-5][0-9](?:\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_ANY_DAY = "|".join((*_DAYS.values(), *_DAYS))
_MONTH_NAMES = "|".join(sorted(MONTHS_SHORT, key=len, reverse=True))
_ANY_MONTH = "|".join((*MONTHS, *sorted(MONTHS_SHORT, key=len, reverse=True)))


def calendar(british: bool) -> tuple[Rule, ...]:
    """Dates in digits, said the American or the British way.

    `11/12/2026` is read by the same choice, `20/11/2026` the only way it can be. In `3.4.2026` the day is first.
    """

    def iso(match: re.Match[str]) -> str:
        year, month, day, clock, zone = match.groups()
        said = _day(int(year), int(month), int(day), british)
        if said is None:
            return match.group()
        # The offset of a local time is not what a caller is to hear; that it is not local time is.
        return said + (f" at {clock}{' UTC' if zone == 'Z' else ''}" if clock else "")

    def by_custom(match: re.Match[str]) -> str:
        first, second, year = int(match.group(1)), int(match.group(2)), _century(match.group(3))
        month, day = (second, first) if british else (first, second)
        return _day(year, month, day, british) or _day(year, day, month, british) or match.group()

    def day_first(match: re.Match[str]) -> str:
        day, month, year = (int(part) for part in match.groups())
        return _day(year, month, day, british) or match.group()

    def without_year(match: re.Match[str]) -> str:
        before, first, second = match.group(1), int(match.group(2)), int(match.group(3))
        for month, day in ((second, first), (first, second)) if british else ((first, second), (second, first)):
            # Any leap year: whether there is a February 29th nobody said.
            if _day(2024, month, day, british) is not None:
                return f"{before} {_month_day(month, day, british)}"
        return match.group()

    return (
        (re.compile(rf"(?<![\w-])([12][0-9]{{3}})-([01]?[0-9])-([0-3]?[0-9])(?:{_CLOCK})?(?![\w-])"), iso),
        (re.compile(r"(?<![\w/])([0-3]?[0-9])/([0-3]?[0-9])/([12][0-9]{3}|[0-9]{2})(?![\w/])"), by_custom),
        (re.compile(r"(?<![\w-])([0-3]?[0-9])-([0-3]?[0-9])-([12][0-9]{3})(?![\w-])"), by_custom),
        (re.compile(r"(?<![\w.])([0-3]?[0-9])\.([01]?[0-9])\.([12][0-9]{3})(?!\w|\.[0-9])"), day_first),
        # Anywhere else they may be a fraction.
        (
            re.compile(
                r"\b(by|on|until|till|before|after|due) (?!24/7|[12]/[23]\b|[13]/4\b)"
                r"([0-3]?[0-9])/([0-3]?[0-9])(?![\w/]|[.,][0-9])",
                re.I,
            ),
            without_year,
        ),
    )


def _century(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)


def _day(year: int, month: int, day: int, british: bool) -> str | None:
    try:
        date(year, month, day)
    except ValueError:
        return None
    return f"{_month_day(month, day, british)}{'' if british else ','} {_year(year)}"


def _month_day(month: int, day: int, british: bool) -> str:
    name, said = MONTHS[month - 1], ordinal(day)
    return f"the {said} of {name}" if british else f"{name} {said}"


def _year(year: int) -> str:
    """In pairs, as years are read aloud, except the first decade of a millennium."""
    if year % 1000 < 10:
        return str(year)
    high, low = divmod(year, 100)
    return f"{high} {low}" if low > 9 else f"{high} oh {low}" if low else f"{high} hundred"


def ordinal(number: int) -> str:
    """`1st`, `12th`: engines say it."""
    teens = number % 100 in (11, 12, 13)
    return str(number) + ("th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))


def _clock(match: re.Match[str]) -> str:
    """`9:00` as 9 o'clock, `9:05` as 9 oh 5, `17:30` as 17 30, with the half of the day where it is written."""
    hour, minute, half = int(match.group(1)), int(match.group(2)), match.group(3)
    minutes = f" oh {minute}" if minute < 10 else f" {minute}"
    if half:
        return f"{hour}{minutes if minute else ''} {half.lower()}.m."
    if minute:
        return f"{hour}{minutes}"
    if hour in (0, 24):
        return "midnight"
    return f"{hour} o'clock" if hour <= 12 else f"{hour} hundred"


def _hour(match: re.Match[str]) -> str:
    return f"{int(match.group(1))} {match.group(2).lower()}.m."


def _to(match: re.Match[str]) -> str:
    return f"{match.group(1)} to "


def _days(match: re.Match[str]) -> str:
    return " to ".join(_DAYS.get(name, name) for name in match.groups())


def _months(match: re.Match[str]) -> str:
    return " to ".join(MONTHS_SHORT.get(name, name) for name in match.groups())


TIMES: tuple[Rule, ...] = (
    (re.compile(r"\b24/7(?:/365)?\b"), lambda _match: "24 7"),
    (re.compile(r"(?<![\w.,/])50/50(?![\w/])"), lambda _match: "50 50"),
    # Decades in pairs: `19 90s`.
    (re.compile(r"\b(1[5-9]|20)([1-9]0)s\b"), lambda match: f"{match.group(1)} {match.group(2)}s"),
    (re.compile(r"\b(1[5-9])00s\b"), lambda match: f"{match.group(1)} hundreds"),
    (re.compile(rf"({_TIME}(?:{_ANY_HALF})?)\s?[-–—]\s?(?=[0-9])"), _to),
    (re.compile(rf"(?<![\w.,/-])([0-9]{{1,2}}{_ANY_HALF})\s?[-–—]\s?(?=[0-9])"), _to),
    (re.compile(r"(?<![\w.,/–-])([0-9]{1,3})\s?[-–]\s?(?=[0-9]{1,3}(?![0-9–-]))"), _to),
    (
        re.compile(r"(?<![\w.,/–-])([0-9]{1,3}(?:,[0-9]{3})+)\s?[-–]\s?(?=[0-9]{1,3}(?:,[0-9]{3})+(?![0-9–-]))"),
        _to,
    ),
    (re.compile(r"(?<![\w.,/–-])([0-9]{4})\s?–\s?(?=[0-9]{4}(?![0-9–-]))"), _to),
    (re.compile(r"(?<![\w.,/–-])((?:19|20)[0-9]{2})\s?-\s?(?=(?:19|20)[0-9]{2}(?![0-9–-]))"), _to),
    (re.compile(rf"{_TIME}(?:{_HALF})?"), _clock),
    (re.compile(rf"(?<![\w.:,])(1[0-2]|0?[1-9])\.([0-5][0-9]){_HALF}"), _clock),
    (re.compile(rf"(?<![\w.:])(1[0-2]|0?[1-9]){_HALF}"), _hour),
)
"""Times of the day, and from one number to another."""

NAMES: tuple[Rule, ...] = (
    (re.compile(r"\bM\s?[-–]\s?F\b"), lambda _match: "Monday to Friday"),
    (re.compile(rf"\b({_ANY_DAY})\b\.?\s?[-–—]\s?({_ANY_DAY})\b\.?"), _days),
    # Sat and Sun are words of their own unless a number follows or they are abbreviated for all to see.
    (
        re.compile(
            r"\b(Mon|Tues|Tue|Wed|Thurs|Thu|Fri|(?:Sat|Sun)(?=\.?,?\s[0-9]|\.,?\s[a-z])|(?<=\b[Oo]n )(?:Sat|Sun))"
            r"\b\.?"
        ),
        lambda match: _DAYS[match.group(1)],
    ),
    (re.compile(rf"\b({_ANY_MONTH})\b\.?\s?[-–—]\s?({_ANY_MONTH})\b\.?"), _months),
    (re.compile(rf"\b({_MONTH_NAMES})\b\.?(?=\s[0-9])"), lambda match: MONTHS_SHORT[match.group(1)]),
    (re.compile(rf"(?<=[0-9]\s)({_MONTH_NAMES})\b\.?"), lambda match: MONTHS_SHORT[match.group(1)]),
)
"""Short names of days and months in full."""
