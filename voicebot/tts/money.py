"""What English makes of amounts of money: `$12.50`, `20 EUR`, `$10-20`, `£1.5m`, `1.299,00 €`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Rule: TypeAlias = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


@dataclass(frozen=True, slots=True)
class Currency:
    """What one and several of it are called, and of its hundredth part."""

    one: str
    many: str
    small: str = "cent"
    smalls: str = "cents"


_DOLLAR = Currency("dollar", "dollars")
_CANADIAN = Currency("Canadian dollar", "Canadian dollars")
_AUSTRALIAN = Currency("Australian dollar", "Australian dollars")
_EURO = Currency("euro", "euros")
_POUND = Currency("pound", "pounds", "penny", "pence")
_YEN = Currency("yen", "yen", "sen", "sen")
_RUPEE = Currency("rupee", "rupees", "paisa", "paise")
_ZEALAND = Currency("New Zealand dollar", "New Zealand dollars")
_HONG_KONG = Currency("Hong Kong dollar", "Hong Kong dollars")
_SINGAPORE = Currency("Singapore dollar", "Singapore dollars")
_PESO = Currency("Mexican peso", "Mexican pesos", "centavo", "centavos")
_REAL = Currency("real", "reais", "centavo", "centavos")
_WON = Currency("won", "won", "jeon", "jeon")
_ZLOTY = Currency("zloty", "zlotys", "grosz", "groszy")
_SIGNS = {
    "US$": _DOLLAR,
    "CA$": _CANADIAN,
    "C$": _CANADIAN,
    "AU$": _AUSTRALIAN,
    "A$": _AUSTRALIAN,
    "NZ$": _ZEALAND,
    "HK$": _HONG_KONG,
    "MX$": _PESO,
    "S$": _SINGAPORE,
    "R$": _REAL,
    "$": _DOLLAR,
    "€": _EURO,
    "£": _POUND,
    "¥": _YEN,
    "₹": _RUPEE,
    "₩": _WON,
}
_CODES = {
    "USD": _DOLLAR,
    "CAD": _CANADIAN,
    "AUD": _AUSTRALIAN,
    "EUR": _EURO,
    "GBP": _POUND,
    "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "JPY": _YEN,
    "INR": _RUPEE,
    "NZD": _ZEALAND,
    "HKD": _HONG_KONG,
    "SGD": _SINGAPORE,
    "MXN": _PESO,
    "BRL": _REAL,
    "KRW": _WON,
    "CNY": Currency("yuan", "yuan", "fen", "fen"),
    "PLN": _ZLOTY,
    "CZK": Currency("Czech koruna", "Czech korunas", "haler", "halers"),
    "SEK": Currency("Swedish krona", "Swedish kronor", "ore", "ore"),
    "NOK": Currency("Norwegian krone", "Norwegian kroner", "ore", "ore"),
    "DKK": Currency("Danish krone", "Danish kroner", "ore", "ore"),
    "ZAR": Currency("rand", "rand"),
}
_KNOWN = _SIGNS | _CODES | {"zł": _ZLOTY}
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion"}

_SIGN = "|".join(re.escape(sign) for sign in _SIGNS)
_CODE = "|".join(_CODES)
_CONTINENTAL = r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{2}"
_THOUSANDS = r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]{1,4})?"
"""With the pairs of digits India writes: 1,00,000."""
_NUMBER = rf"(?:{_CONTINENTAL}|{_THOUSANDS}|[0-9]{{1,12}}(?:\.[0-9]{{1,4}}|,[0-9]{{2}})?)"
_SCALE = r"(?:\s(?:hundred|thousand|million|billion|trillion)\b|\s?(?:mn|bn)\b|[kKmMbB]\b)"
_END = r"(?![0-9A-Za-z]|[.,][0-9])"

_APART = rf"(?<![\w.,-])[1-9][0-9]{{0,2}}(?:\s[0-9]{{3}}){{1,3}}(?=,[0-9]{{2}}\s?(?:€|zł|(?:{_CODE}))(?!\w))"
"""The whole part of `1 234,56 €`, whose cents and currency tell that it is one number."""


def rules() -> tuple[Rule, ...]:
    """Amounts with their currency in front or behind, alone and from one to another."""
    return (
        (re.compile(_APART), lambda match: "".join(match.group().split())),
        (
            re.compile(
                rf"(?<![\w$€£¥₹₩])({_SIGN}|(?:{_CODE})(?=[\s0-9]))\s?(-?)({_NUMBER})({_SCALE})?\s?[-–—]\s?"
                rf"(?:\1\s?)?({_NUMBER})({_SCALE})?{_END}"
            ),
            lambda match: _span(*match.groups()),
        ),
        (
            re.compile(rf"(?<![\w$€£¥₹₩])({_SIGN}|(?:{_CODE})(?=[\s0-9]))\s?(-?)({_NUMBER})({_SCALE})?{_END}"),
            lambda match: _minus(match.group(2)) + _amount(match.group(1), match.group(3), match.group(4)),
        ),
        (
            re.compile(rf"(?<![\w.,])({_NUMBER})({_SCALE})?\s?([$€£]|zł\b|(?:{_CODE})\b)(?!\s?[0-9])"),
            lambda match: _amount(match.group(3), match.group(1), match.group(2)),
        ),
        (re.compile(r"(?<![\w.,])([0-9]{1,3})\s?¢"), lambda match: f"{match.group(1)} {_cents(match.group(1))}"),
    )


def _span(currency: str, sign: str, low: str, low_scale: str | None, high: str, high_scale: str | None) -> str:
    """`$10-20` as 10 to 20 dollars; each in full where they are of different kinds."""
    upper = _amount(currency, high, high_scale)
    if low.isdecimal() and high.isdecimal() and low_scale is None:
        return f"{_minus(sign)}{_whole(int(low))} to {upper}"
    return f"{_minus(sign)}{_amount(currency, low, low_scale)} to {upper}"


def _amount(sign: str, number: str, scale: str | None) -> str:
    currency = _KNOWN[sign]
    whole, fraction = _parts(number)
    if scale:
        size = scale.strip()
        decimals = f".{fraction}" if fraction else ""
        return f"{_whole(whole)}{decimals} {_SCALES.get(size.lower(), size)} {currency.many}"
    if len(fraction) > 2:
        return f"{_whole(whole)}.{fraction} {currency.many}"
    hundredths = int(fraction.ljust(2, "0"))
    parts = []
    if whole or not hundredths:
        parts.append(f"{_whole(whole)} {currency.one if whole == 1 else currency.many}")
    if hundredths:
        parts.append(f"{hundredths} {currency.small if hundredths == 1 else currency.smalls}")
    return " and ".join(parts)


def _parts(number: str) -> tuple[int, str]:
    """The whole part, and the digits behind the point or the decimal comma."""
    if re.fullmatch(_CONTINENTAL, number):
        number = number.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[0-9]+,[0-9]{2}", number):
        number = number.replace(",", ".")
    whole, _, fraction = number.replace(",", "").partition(".")
    return int(whole), fraction


def _whole(number: int) -> str:
    """From a million on with commas: without them it would be read like an order number."""
    return f"{number:,}" if number >= 1_000_000 else str(number)


def _minus(sign: str) -> str:
    return "minus " if sign else ""


def _cents(number: str) -> str:
    return "cent" if number == "1" else "cents"
