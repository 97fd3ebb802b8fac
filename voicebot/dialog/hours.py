"""Opening hours: whether it is open at a moment, and when it opens again, said the way people say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LOOK_AHEAD = 21
"""Days within which the next opening is looked for; three weeks are longer than any row of holidays."""

_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")
_HOLIDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
_MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one minute of a day to another; beyond 1440 is the day after."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody is there.

    week: the spans of each weekday, Monday first.
    holidays: days without any, as (year or None for every year, month, day).
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[tuple[int | None, int, int]]

    def open(self, now: datetime) -> bool:
        """Whether it is open at `now` (aware)."""
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        return any(span.start <= minute < span.end for span in self._spans(today)) or any(
            minute + _MIDNIGHT < span.end for span in self._spans(yesterday)
        )

    def opens(self, now: datetime) -> datetime | None:
        """The next opening after `now`, in local time; None if there is none within three weeks."""
        local = now.astimezone(self.zone)
        for ahead in range(LOOK_AHEAD):
            day = local.date() + timedelta(days=ahead)
            for span in sorted(self._spans(day), key=lambda each: each.start):
                moment = datetime.combine(day, time(span.start // 60 % 24, span.start % 60), self.zone)
                if moment > local:
                    return moment
        return None

    def _spans(self, day: date) -> tuple[Span, ...]:
        free = (day.year, day.month, day.day) in self.holidays or (None, day.month, day.day) in self.holidays
        return () if free else self.week[day.weekday()]


def compiled(zone: str, week: Mapping[str, str | Sequence[str]], holidays: Sequence[str]) -> Hours:
    """The hours of a dialog file: weekdays such as `mon-fri` or `sat` to spans such as `09:00-18:00`.

    A span that ends before it begins goes on past midnight. Raises ValueError saying what is wrong.
    """
    days: list[list[Span]] = [[] for _ in DAYS]
    for name, spans in week.items():
        for index in _days(name):
            for span in [spans] if isinstance(spans, str) else spans:
                days[index].append(_span(span))
    return Hours(_zone(zone), tuple(tuple(each) for each in days), frozenset(_holiday(each) for each in holidays))


def in_words(opening: datetime | None, now: datetime) -> str:
    """An opening as it is said: `today at 9 AM`, `tomorrow at 9:30 AM`, `on Monday at 10 AM`; `later` for None."""
    if opening is None:
        return "later"
    days = (opening.date() - now.astimezone(opening.tzinfo).date()).days
    minutes = f":{opening.minute:02}" if opening.minute else ""
    at = f"{opening.hour % 12 or 12}{minutes} {'AM' if opening.hour < 12 else 'PM'}"
    if days < 2:
        return f"{'tomorrow' if days else 'today'} at {at}"
    weekday = NAMES[opening.weekday()]
    return f"on {weekday} at {at}" if days < 7 else f"on {weekday}, {opening:%B} {opening.day}, at {at}"


def waited_words(seconds: float) -> str:
    """A time spent waiting, as it is said: `less than a minute`, `one minute`, `12 minutes`."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "less than a minute"
    return "one minute" if minutes == 1 else f"{minutes} minutes"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write one such as Europe/Berlin") from None


def _days(name: str) -> Iterator[int]:
    first, _, last = (part.strip().lower()[:3] for part in name.partition("-"))
    if first not in DAYS or (last and last not in DAYS):
        raise ValueError(f"{name!r} is no weekday; write {', '.join(DAYS)}, or a range such as mon-fri")
    start = DAYS.index(first)
    length = (DAYS.index(last) - start) % 7 if last else 0
    return ((start + step) % 7 for step in range(length + 1))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    numbers = [int(part) for part in found.groups()] if found is not None else []
    if not numbers:
        raise ValueError(f"{text!r} is no opening time; write it as 09:00-18:00")
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if start >= _MIDNIGHT or end > _MIDNIGHT or start == end:
        raise ValueError(f"{text!r} is no opening time: it must begin and end within a day, at different times")
    return Span(start, end if end > start else end + _MIDNIGHT)


def _holiday(text: str) -> tuple[int | None, int, int]:
    found = _HOLIDAY.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        year, month, day = int(found[1]) if found[1] else None, int(found[2]), int(found[3])
        date(year or 2024, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is no day; write 2026-12-25, or 12-25 for every year") from None
    return year, month, day
