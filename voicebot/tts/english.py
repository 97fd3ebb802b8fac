"""What English makes of written codes, units, abbreviations and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from voicebot.tts import dates, money
from voicebot.tts.spelling import spell

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

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
        "passcode",
        "postcode",
        "voucher",
        "zip",
    )
)
"""A number behind one of these is read digit by digit."""

_ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missis",
    "Ms.": "Miz",
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
    "w/o": "without",
    "w/": "with",
}
_UNITS = {
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "km": ("kilometer", "kilometers"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m²": ("square meter", "square meters"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "ft": ("foot", "feet"),
    "mph": ("mile per hour", "miles per hour"),
    "lbs": ("pound", "pounds"),
    "lb": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "hrs": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "mins": ("minute", "minutes"),
    "min": ("minute", "minutes"),
    "secs": ("second", "seconds"),
    "sec": ("second", "seconds"),
    "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"),
    "TB": ("terabyte", "terabytes"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
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
_DOMAINS = "com|org|net|edu|gov|info|io|eu|de|co\\.uk|org\\.uk|example"
_PATH = r"[\w./?&=%#:+~-]{1,200}"
_CODE = r"(?:[0-9]{3,20}(?:-[0-9]{1,12}| [0-9]{3,12}){0,4}|[0-9]{1,2}(?:-[0-9]{3,12}){1,4})"
_CODE_NAMES = "|".join(sorted((*CODE_WORDS, "ext")))


def keys(british: bool) -> tuple[Rule, ...]:
    """The two keys of a telephone that are no digits, as callers know them."""
    names = {"*": "star", "#": "hash" if british else "pound"}
    return (
        (
            re.compile(r"\b((?:press|hit|push|dial|enter)(?:\sthe)?\s)([*#])(?!\w)", re.I),
            lambda match: match.group(1) + names[match.group(2)],
        ),
    )


def _unit(match: re.Match[str]) -> str:
    one, many = _UNITS[match.group(2)]
    return f"{match.group(1)} {one if match.group(1) == '1' else many}"


def _per(match: re.Match[str]) -> str:
    return f"{match.group(1)} per {_PER.get(match.group(2), match.group(2))}"


def _fraction(match: re.Match[str]) -> str:
    whole, fraction = match.group(1), _FRACTIONS[match.group(2)]
    return f"{whole} and {fraction}" if whole else fraction


def _code(match: re.Match[str]) -> str:
    return f"{match.group(1)} {spell(match.group(2))}"


def _codes(match: re.Match[str]) -> str:
    return match.group(1) + re.sub(rf"#?({_CODE})", lambda code: spell(code.group(1)), match.group(2))


def _saint(match: re.Match[str]) -> str:
    """`St. James` is a saint; `Main St.` and `12 Main St. Boston` are streets."""
    house, name = match.groups()
    return f"{house} Street" if house else "Saint" if name is not None else "Street"


def _address(match: re.Match[str]) -> str:
    bare = re.sub(r"\A(?:https?://)?(?:www\.)?", "", match.group(), flags=re.I).rstrip("/")
    return "".join(_SIGNS.get(char, char) for char in bare)


_SIGNS = {
    ".": " dot ",
    "-": " dash ",
    "_": " underscore ",
    "@": " at ",
    "+": " plus ",
    "/": " slash ",
    "?": " question mark ",
    "&": " and ",
    "=": " equals ",
    "#": " hash ",
    ":": " colon ",
    "%": " percent ",
    "~": " tilde ",
}

ADDRESSES: tuple[Rule, ...] = (
    (re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), _address),
    (re.compile(rf"\b(?:https?://|www\.){_PATH}\w/?", re.I), _address),
    (re.compile(rf"\b(?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{_DOMAINS})\b(?!\.\w)(?:/(?:{_PATH}\w/?)?)?"), _address),
)

WORDS: tuple[Rule, ...] = (
    (re.compile(rf"([0-9][0-9.,]{{0,15}}(?:\s?[A-Za-z€£]{{1,12}})?)/({_RATES}|{'|'.join(_PER)})\b"), _per),
    *money.rules(),
    # What is called a number is none from one to another.
    (
        re.compile(
            rf"\b((?:{_CODE_NAMES})\.?\s(?:number|no\.?|code|id)(?:\sis)?:?)\s?#?"
            r"([0-9]{1,12}(?:-[0-9]{1,12}){1,4})(?![\w-]|[.,:/][0-9])",
            re.I,
        ),
        _code,
    ),
    *dates.TIMES,
    (
        re.compile(rf"(?:(?<![\w.,/])([0-9]{{1,3}})\s?)?([{''.join(f for f in _FRACTIONS if len(f) == 1)}])"),
        _fraction,
    ),
    (re.compile(r"(?<![\w.,/])([0-9]{1,3})\s([12]/[23]|[13]/4)(?![\w/])"), _fraction),
    (re.compile(r"(?<=[0-9])\s?%"), lambda _match: " percent"),
    (
        re.compile(
            rf"\b((?:{_CODE_NAMES})(?:s|\.)?(?:\s(?:numbers|nos\.?|codes|ids))(?:\sare)?:?\s|"
            rf"(?:{_CODE_NAMES})s(?:\sare)?:?\s)(#?{_CODE}(?:(?:,\s|,?\s(?:and|or|to)\s)#?{_CODE}){{0,20}})"
            r"(?![\w-]|[.,:/][0-9])",
            re.I,
        ),
        _codes,
    ),
    (
        re.compile(
            rf"\b((?:{_CODE_NAMES})\.?(?:\s(?:number|no\.?|code|id))?(?:\sis)?:?)\s?#?"
            rf"({_CODE})\b(?![.,:/-][0-9])",
            re.I,
        ),
        _code,
    ),
    (re.compile(r"\b(end(?:s|ing)?\s(?:in|with))\s([0-9]{3,8})\b(?![.,:/-][0-9])", re.I), _code),
    # Short numbers that help is called with.
    (re.compile(r"\b(call|dial|text)\s([2-9]11|112|999|988)\b(?![.,:/-]?[0-9])", re.I), _code),
    (re.compile(r"#\s?(?=[0-9]\b)"), lambda _match: "number "),
    (re.compile(r"\bNos?\.\s?(?=[0-9])"), lambda _match: "number "),
    # In front of a name a doctor; behind one a street.
    (re.compile(r"\bDr\.(?=\s+[A-Z])"), lambda _match: "Doctor"),
    (re.compile(r"(?<=[a-z]\s)Dr\.(?!\s+[A-Z])"), lambda _match: "Drive"),
    (re.compile(r"\bDr\."), lambda _match: "Doctor"),
    (re.compile(r"(?:(?<![\w])([0-9]{1,6}\w?(?:\s[A-Z]\w{0,30}){1,3})\s)?\bSt\.(?:(?=\s+[A-Z])()|)"), _saint),
    (
        re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _ABBREVIATIONS))})(?!\w)"),
        lambda match: _ABBREVIATIONS[match.group(1)],
    ),
    # Voices read its letters.
    (re.compile(r"\b(m+)(?:-?hm+)\b", re.I), lambda match: "Um hum" if match.group(1)[0].isupper() else "um hum"),
    *dates.NAMES,
    (
        re.compile(
            rf"\b([0-9]{{1,6}}(?:\.[0-9]{{1,3}})?)\s?({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?!\w)"
        ),
        _unit,
    ),
    (re.compile(r"\s?&\s?"), lambda _match: " and "),
    (re.compile(r"(?<=[A-Z])/(?=[A-Z])"), lambda _match: " "),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), lambda _match: " or "),
    (re.compile(r"(?<=\s)-(?=[0-9])|\A-(?=[0-9])"), lambda _match: "minus "),
)
