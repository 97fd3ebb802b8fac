"""When it is open, and when it opens again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.dialog.hours import Hours, compiled, in_words, waited_words

BERLIN = ZoneInfo("Europe/Berlin")
SHOP = compiled(
    "Europe/Berlin", {"mon-fri": ["09:00-12:30", "13:30-18:00"], "sat": "10:00-16:00"}, ["2026-12-24", "12-25"]
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-11-20 09:00", True),
        ("2026-11-20 08:59", False),
        ("2026-11-20 12:29", True),
        ("2026-11-20 12:30", False),
        ("2026-11-20 17:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 10:00", True),
        ("2026-11-22 12:00", False),
        ("2026-12-24 10:00", False),
        ("2027-12-24 10:00", True),
        ("2031-12-25 10:00", False),
    ],
)
def test_it_is_open_within_its_spans_and_on_no_holiday(moment: str, there: bool) -> None:
    """Spans include their first minute and not their last; a holiday may be of one year or of every year."""
    assert SHOP.open(_at(moment)) is there


def test_the_time_zone_counts_and_not_that_of_the_server() -> None:
    """The same moment is nine in Berlin and three in New York; summer time moves with the place."""
    assert SHOP.open(datetime(2026, 11, 20, 8, 0, tzinfo=UTC))
    assert not SHOP.open(datetime(2026, 11, 20, 7, 59, tzinfo=UTC))
    assert SHOP.open(datetime(2026, 7, 20, 7, 0, tzinfo=UTC))


def test_a_span_may_go_past_midnight() -> None:
    """A night shift that begins on Friday holds until Saturday morning, and no longer."""
    night = compiled("Europe/Berlin", {"fri": "22:00-06:00"}, [])
    assert night.open(_at("2026-11-20 23:00"))
    assert night.open(_at("2026-11-21 05:59"))
    assert not night.open(_at("2026-11-21 06:00"))
    assert not night.open(_at("2026-11-21 23:00"))


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-20 07:00", "today at 9 AM"),
        ("2026-11-20 12:45", "today at 1:30 PM"),
        ("2026-11-20 19:00", "tomorrow at 10 AM"),
        ("2026-11-21 17:00", "on Monday at 9 AM"),
        ("2026-12-23 19:00", "on Saturday at 10 AM"),
    ],
)
def test_the_next_opening_is_told_as_people_say_it(moment: str, words: str) -> None:
    """Today, tomorrow, or the day's name; never a day off."""
    now = _at(moment)
    assert in_words(SHOP.opens(now), now) == words


def test_a_far_opening_has_its_date_and_a_missing_one_is_later() -> None:
    """A weekday alone would mean the next one; nothing within three weeks is not promised."""
    now = _at("2026-11-20 12:00")
    assert in_words(_at("2026-12-01 09:00"), now) == "on Tuesday, December 1, at 9 AM"
    assert compiled("UTC", {"mon": []}, []).opens(now) is None
    assert in_words(None, now) == "later"


@given(MOMENTS)
def test_an_opening_is_an_hour_when_it_is_open_and_just_before_it_is_not(now: datetime) -> None:
    """The next opening lies ahead, is open, and follows a minute that is closed."""
    opening = SHOP.opens(now)
    assert opening is not None
    assert opening > now
    assert SHOP.open(opening)
    assert not SHOP.open(opening.astimezone(UTC) - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("zone", "week", "holidays", "message"),
    [
        ("Berlin", {"mon": "09:00-18:00"}, [], "no time zone 'Berlin'"),
        ("UTC", {"monday-fry": "09:00-18:00"}, [], "'monday-fry' is no weekday"),
        ("UTC", {"mon": "9 to 6"}, [], "'9 to 6' is no opening time"),
        ("UTC", {"mon": "09:00-24:30"}, [], "must begin and end within a day"),
        ("UTC", {"mon": "09:00-18:00"}, ["24.12."], "'24.12.' is no day"),
        ("UTC", {"mon": "09:00-18:00"}, ["02-30"], "'02-30' is no day"),
    ],
)
def test_mistakes_are_named(zone: str, week: dict[str, str], holidays: list[str], message: str) -> None:
    """What is wrong is said in terms of what was written."""
    with pytest.raises(ValueError, match=message):
        compiled(zone, week, holidays)


def test_days_may_be_written_out_and_wrap_around_the_week() -> None:
    """`Saturday` is `sat`, and `sat-mon` are three days."""
    hours: Hours = compiled("UTC", {"Saturday - Monday": "00:00-24:00"}, [])
    assert [hours.open(datetime(2026, 11, day, 12, tzinfo=UTC)) for day in range(20, 26)] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (60, "one minute"), (179.9, "2 minutes"), (600, "10 minutes")],
)
def test_a_wait_is_told_in_whole_minutes(seconds: float, words: str) -> None:
    """Nobody wants to hear seconds."""
    assert waited_words(seconds) == words
