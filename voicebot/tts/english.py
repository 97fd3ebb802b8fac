"""What English makes of written dates, times, money, units and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeAlias

from voicebot.tts.spelling import spell

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

CODE_WORDS = frozenset(
    (
        "order",
        "ticket",
        "case",
        "reference",
        "ref",
        "account",
        "invoice",
        "tracking",
        "confirmation",
        "booking",
        "reservation",
        "customer",
        "member",
        "policy",
        "claim",
        "extension",
        "code",
        "pin",
        "id",
    )
)
"""A number behind one of these is read digit by digit."""

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
_DOLLAR, _EURO, _POUND = ("dollar", "cent", "cents"), ("euro", "cent", "cents"), ("pound", "penny", "pence")
_MONEY = {
    "$": _DOLLAR,
    "US$": _DOLLAR,
    "USD": _DOLLAR,
    "€": _EURO,
    "EUR": _EURO,
    "£": _POUND,
    "GBP": _POUND,
}
_ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missis",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "Prof.": "Professor",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "appt.": "appointment",
    "dept.": "department",
    "ext.": "extension",
    "Ave.": "Avenue",
    "Blvd.": "Boulevard",
    "Rd.": "Road",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "and/or": "and or",
}
_UNITS = {
    "kg": "kilogram",
    "km": "kilometer",
    "cm": "centimeter",
    "mm": "millimeter",
    "lbs": "pound",
    "lb": "pound",
    "oz": "ounce",
    "hrs": "hour",
    "hr": "hour",
    "mins": "minute",
    "min": "minute",
    "secs": "second",
    "sec": "second",
}

_TIME = r"(?<![\w:.,])([01]?[0-9]|2[0-3]):([0-5][0-9])(?![0-9:]|[.,][0-9])"
_HALF = r"\s?([AaPp])(?:\.[Mm]\.|[Mm]\b)"
_ANY_HALF = r"\s?[AaPp](?:\.[Mm]\.|[Mm]\b)"
_AMOUNT = r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.([0-9]{2})(?![0-9]))?"
_DAY_NAMES = "|".join(_DAYS)
_MONTH_NAMES = "|".join(sorted(MONTHS_SHORT, key=len, reverse=True))


def dates(british: bool) -> tuple[Rule, ...]:
    """Dates in digits, said the American or the British way; `11/12/2026` is read by the same choice."""

    def iso(match: re.Match[str]) -> str:
        year, month, day = (int(part) for part in match.groups())
        return _day(year, month, day, british) or match.group()

    def slashed(match: re.Match[str]) -> str:
        first, second, year = (int(part) for part in match.groups())
        month, day = (second, first) if british else (first, second)
        return _day(year, month, day, british) or match.group()

    return (
        (re.compile(r"(?<![\w-])([12][0-9]{3})-([01]?[0-9])-([0-3]?[0-9])(?![\w-])"), iso),
        (re.compile(r"(?<![\w/])([0-3]?[0-9])/([0-3]?[0-9])/([12][0-9]{3})(?![\w/])"), slashed),
    )


def _day(year: int, month: int, day: int, british: bool) -> str | None:
    try:
        date(year, month, day)
    except ValueError:
        return None
    name, ordinal = MONTHS[month - 1], _ordinal(day)
    return f"the {ordinal} of {name} {_year(year)}" if british else f"{name} {ordinal}, {_year(year)}"


def _year(year: int) -> str:
    """In pairs, as years are read aloud, except the first decade of a millennium."""
    if year % 1000 < 10:
        return str(year)
    high, low = divmod(year, 100)
    return f"{high} {low}" if low > 9 else f"{high} oh {low}" if low else f"{high} hundred"


def _ordinal(number: int) -> str:
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


def _range(match: re.Match[str]) -> str:
    return f"{match.group(1)} to "


def _sum(sign: str, amount: str, cents: str | None, scale: str | None = None) -> str:
    one, small, smalls = _MONEY[sign]
    if scale:
        return f"{amount}{'.' + cents if cents else ''} {scale} {one}s"
    whole, fraction = int(amount.replace(",", "")), int(cents or 0)
    parts = [f"{whole} {one if whole == 1 else one + 's'}"] if whole or not fraction else []
    if fraction:
        parts.append(f"{fraction} {small if fraction == 1 else smalls}")
    return " and ".join(parts)


def _unit(match: re.Match[str]) -> str:
    number, unit = match.group(1), _UNITS[match.group(2)]
    return f"{number} {unit if number == '1' else unit + 's'}"


def _address(match: re.Match[str]) -> str:
    bare = re.sub(r"\A(?:https?://)?(?:www\.)?", "", match.group(), flags=re.I).rstrip("/")
    return "".join(_SIGNS.get(char, char) for char in bare)


_SIGNS = {".": " dot ", "-": " dash ", "_": " underscore ", "@": " at ", "+": " plus ", "/": " slash "}

ADDRESSES: tuple[Rule, ...] = (
    (re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), _address),
    (re.compile(r"\b(?:https?://|www\.)[\w./-]{1,200}\w/?", re.I), _address),
)

WORDS: tuple[Rule, ...] = (
    (re.compile(r"\b24/7\b"), lambda _match: "24 7"),
    (re.compile(rf"({_TIME}{_ANY_HALF}?)\s?[-–—]\s?(?=[0-9])"), _range),
    (re.compile(rf"(?<![\w.,/-])([0-9]{{1,2}}{_ANY_HALF})\s?[-–—]\s?(?=[0-9])"), _range),
    (re.compile(r"(?<![\w.,/–-])([0-9]{1,3})\s?[-–]\s?(?=[0-9]{1,3}(?![0-9–-]))"), _range),
    (re.compile(r"(?<![\w.,/–-])([0-9]{4})\s?–\s?(?=[0-9]{4}(?![0-9–-]))"), _range),
    (re.compile(rf"{_TIME}(?:{_HALF})?"), _clock),
    (re.compile(rf"(?<![\w.:])(1[0-2]|0?[1-9]){_HALF}"), _hour),
    (
        re.compile(rf"(US\$|[$€£])\s?{_AMOUNT}(?:\s(hundred|thousand|million|billion)\b)?"),
        lambda match: _sum(match.group(1), match.group(2), match.group(3), match.group(4)),
    ),
    (
        re.compile(rf"(?<![\w.,]){_AMOUNT}\s?(€|£|USD\b|EUR\b|GBP\b)"),
        lambda match: _sum(match.group(3), match.group(1), match.group(2)),
    ),
    (re.compile(r"(?<=[0-9])\s?%"), lambda _match: " percent"),
    (
        re.compile(
            rf"\b((?:{'|'.join(sorted(CODE_WORDS))})(?:\s(?:number|no\.?|code|id))?(?:\sis)?:?)\s?#?"
            r"([0-9]{3,20})\b(?![.,:/-][0-9])",
            re.I,
        ),
        lambda match: f"{match.group(1)} {spell(match.group(2))}",
    ),
    (re.compile(r"\bNos?\.\s?(?=[0-9])"), lambda _match: "number "),
    (
        re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _ABBREVIATIONS))})(?!\w)"),
        lambda match: _ABBREVIATIONS[match.group(1)],
    ),
    # Voices read its letters.
    (re.compile(r"\b(m+)(?:-?hm+)\b", re.I), lambda match: "Um hum" if match.group(1)[0].isupper() else "um hum"),
    (
        re.compile(rf"\b({_DAY_NAMES})\b\.?\s?[-–—]\s?({_DAY_NAMES})\b\.?"),
        lambda match: f"{_DAYS[match.group(1)]} to {_DAYS[match.group(2)]}",
    ),
    # Sat and Sun are words of their own unless a number follows.
    (
        re.compile(r"\b(Mon|Tues|Tue|Wed|Thurs|Thu|Fri|(?:Sat|Sun)(?=\.?,?\s[0-9]))\b\.?"),
        lambda m: _DAYS[m.group(1)],
    ),
    (re.compile(rf"\b({_MONTH_NAMES})\b\.?(?=\s[0-9])"), lambda match: MONTHS_SHORT[match.group(1)]),
    (re.compile(rf"(?<=[0-9]\s)({_MONTH_NAMES})\b\.?"), lambda match: MONTHS_SHORT[match.group(1)]),
    (re.compile(rf"\b([0-9]{{1,6}}(?:\.[0-9]{{1,3}})?)\s?({'|'.join(_UNITS)})\b"), _unit),
    (re.compile(r"\s?&\s?"), lambda _match: " and "),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), lambda _match: " or "),
    (re.compile(r"(?<=\s)-(?=[0-9])|\A-(?=[0-9])"), lambda _match: "minus "),
)
