"""What English makes of measures: units, sizes, fractions, ratios, and so much of one thing per another."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

_UNITS = {
    "kg": ("kilogram", "kilograms"),
    "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"),
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m²": ("square meter", "square meters"),
    "m³": ("cubic meter", "cubic meters"),
    "l": ("liter", "liters"),
    "L": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "gal": ("gallon", "gallons"),
    "tsp": ("teaspoon", "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "yds": ("yard", "yards"),
    "mi": ("mile", "miles"),
    "mph": ("mile per hour", "miles per hour"),
    "sq ft": ("square foot", "square feet"),
    "lbs": ("pound", "pounds"),
    "lb": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "yrs": ("year", "years"),
    "yr": ("year", "years"),
    "wks": ("week", "weeks"),
    "wk": ("week", "weeks"),
    "h": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "mins": ("minute", "minutes"),
    "min": ("minute", "minutes"),
    "secs": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"),
    "MP": ("megapixel", "megapixels"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"),
    "mAh": ("milliamp hour", "milliamp hours"),
    "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"),
    "dB": ("decibel", "decibels"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
}
_PER = {"s": "second", "h": "hour", "hr": "hour", "mo": "month", "yr": "year"}
_RATES = "second|minute|hour|day|night|week|month|quarter|year|person|user|seat|item|piece|unit|call|line"
_FRACTIONS = {
    "½": "a half",
    "1/2": "a half",
    "⅓": "a third",
    "1/3": "a third",
    "⅔": "two thirds",
    "2/3": "two thirds",
    "¼": "a quarter",
    "1/4": "a quarter",
    "¾": "three quarters",
    "3/4": "three quarters",
}
_PARTED = "of|an?|cups?|inch|inches|miles?|hours?|pounds?|tsp|tbsp|oz|lbs?|gal|kg"
"""What follows a fraction, where alone it may as well be a date."""

_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,3})?"
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_LENGTHS = ("mm", "cm", "ft")
_COUNTED = "|".join(re.escape(unit) for unit in _UNITS if unit not in _LENGTHS)
_SIZE = rf"{_NUMBER}(?:\s?(?:mm|cm|m|ft|in|inch|inches)\b|\")?"
_STOP = r"(?:\.(?=[,;:)]|\s[a-z0-9]))?"
"""The full stop of an abbreviation, where no sentence ends with it."""


def _unit(match: re.Match[str]) -> str:
    one, many = _UNITS[match.group(2)]
    return f"{match.group(1)} {one if match.group(1) == '1' else many}"


def _per(match: re.Match[str]) -> str:
    return f"{match.group(1)} per {_PER.get(match.group(2), match.group(2))}"


def _fraction(match: re.Match[str]) -> str:
    whole, fraction = match.group(1), _FRACTIONS[match.group(2)]
    return f"{whole} and {fraction}" if whole else fraction


def _size(match: re.Match[str]) -> str:
    return re.sub(r"\s?x\s?(?=[0-9])", " by ", match.group())


def _times(match: re.Match[str]) -> str:
    """`3x faster` is three times faster, `4 x 500 ml` four times that; `2x Blue Shirt` are two of them."""
    count, named = match.groups()
    if named is not None:
        return f"{count} "
    return f"{count} time{'' if count == '1' else 's'}"


def _inch(match: re.Match[str]) -> str:
    """`27"` is 27 inches, unless the mark ends what is quoted."""
    return f"{match.group(1)} inch" if match.group(1) else match.group()


RATES: tuple[Rule, ...] = (
    (
        re.compile(
            rf"([0-9][0-9.,]{{0,15}}(?:\s?[A-Za-z€£]{{1,12}})?)/({_RATES}|{'|'.join(_PER)})\b{_STOP}",
        ),
        _per,
    ),
)
"""Before money, of which a rate may be."""

SPANS: tuple[Rule, ...] = (
    (
        re.compile(rf"(?<![\w.,])({_NUMBER}\s?(?:%|{_UNIT}))\s?[-–—]\s?(?={_NUMBER}\s?(?:%|{_UNIT})(?!\w))"),
        lambda match: f"{match.group(1)} to ",
    ),
    (
        re.compile(r"(?<![\w:.,])([0-9]{1,3}):([0-9])(?![0-9:]|[.,][0-9])"),
        lambda match: " to ".join(match.groups()),
    ),
)
"""From one amount to another, and of one to another."""

PARTS: tuple[Rule, ...] = (
    (
        re.compile(rf"(?:(?<![\w.,/])([0-9]{{1,3}})\s?)?([{''.join(f for f in _FRACTIONS if len(f) == 1)}])"),
        _fraction,
    ),
    (re.compile(r"(?<![\w.,/])([0-9]{1,3})\s([12]/[23]|[13]/4)(?![\w/])"), _fraction),
    (re.compile(r"(?<![\w.,/-])1/2(?=\s(?:off|price)\b)"), lambda _match: "half"),
    (re.compile(rf"(?<![\w.,/-])()([12]/[23]|[13]/4)(?=\s(?:{_PARTED})\b)"), _fraction),
    (re.compile(r"(?<=[0-9])\s?%"), lambda _match: " percent"),
)
"""Of one, and of a hundred."""

SIZES: tuple[Rule, ...] = (
    (re.compile(rf"(?<![\w.,-]){_SIZE}(?:\s?x\s?{_SIZE}){{1,3}}(?!\w|\s?(?:{_COUNTED})(?!\w))"), _size),
    (
        re.compile(r"(?<![\w.,-])([0-9]{1,4})\s?x(?:\s+(?=([A-Z]))|(?=\s*[0-9$€£]|\s+[a-z]|[.,;!?)]|\s*\Z))"),
        _times,
    ),
    (
        re.compile(r"(?<![\w.,])([0-9])'\s?([0-9]|1[01])(?:\"|(?![\w']))"),
        lambda match: " foot ".join(match.groups()),
    ),
    (re.compile(rf"(?<![\w.,])\"[^\"]{{0,300}}\"|(?<![\w.,])({_NUMBER})\""), _inch),
)
"""How long, wide and high, and how often."""

UNITS: tuple[Rule, ...] = (
    # `5 W 34th St` lies in the west.
    (re.compile(rf"\b({_NUMBER})\s?(?!W\.?\s[A-Z0-9])({_UNIT})(?!\w){_STOP}"), _unit),
    (
        re.compile(rf"\b(half|thirds?|quarters?)\s(tsp|tbsp|oz|lb|gal|kg)(?!\w){_STOP}"),
        lambda match: f"{match.group(1)} {_UNITS[match.group(2)][0]}",
    ),
    # With a space it is the preposition.
    (re.compile(rf"\b({_NUMBER})in(?!\w){_STOP}"), lambda match: f"{match.group(1)} inch"),
    # Without a space they are millions.
    (re.compile(rf"\b({_NUMBER})\s(m)(?![\w'²³/]){_STOP}"), lambda match: _meters(match.group(1))),
)


def _meters(number: str) -> str:
    return f"{number} meter{'' if number == '1' else 's'}"
