"""What English makes of written codes, abbreviations, streets and addresses, and its rules in their order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from voicebot.tts import dates, measures, money, roman
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
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "and/or": "and or",
    "Rev.": "Reverend",
    "Gov.": "Governor",
    "Capt.": "Captain",
    "Mt.": "Mount",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Qty.": "Quantity",
    "qty.": "quantity",
    "pcs.": "pieces",
    "max.": "maximum",
    "incl.": "including",
    "excl.": "excluding",
    "attn.": "attention",
    "tel.": "telephone",
    "Tel.": "Telephone",
    "w/o": "without",
    "w/": "with",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not available",
    "N/A": "not available",
}
_STREETS = {
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "Rd": "Road",
    "Ln": "Lane",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
    "Apt": "Apartment",
    "Ste": "Suite",
}
_WAYS = {"N": "North", "E": "East", "S": "South", "W": "West"}
_LETTERS = "UPS|VIP|FAQ|ETA|COD|LED|RMA"
"""Engines take them for words: ups, fack, cod."""
_DOMAINS = "com|org|net|edu|gov|info|io|eu|de|co\\.uk|org\\.uk|example"
_PATH = r"[\w./?&=%#:+~-]{1,200}"
_CODE = r"(?:[0-9]{3,20}(?:-[0-9]{1,12}| [0-9]{3,12}){0,4}|[0-9]{1,2}(?:-[0-9]{3,12}){1,4})"
_CODE_NAMES = "|".join(sorted((*CODE_WORDS, "ext")))


def keys(british: bool) -> tuple[Rule, ...]:
    """The two keys of a telephone that are no digits, as callers know them."""
    names = {"*": "star", "#": "hash" if british else "pound"}
    return tuple(
        (re.compile(pattern, re.I), lambda match: match.group(1) + names[match.group(2)])
        for pattern in (
            r"\b((?:press|hit|push|dial|enter)(?:\sthe)?\s)([*#])(?!\w)",
            # Further keys of the same list.
            r"((?:,|\band|\bor|\bthen)\s(?:the\s)?)([*#])(?=\s(?:to|for|if|when|at|after)\b)",
        )
    )


def _code(match: re.Match[str]) -> str:
    return f"{match.group(1)} {spell(match.group(2))}"


def _codes(match: re.Match[str]) -> str:
    return match.group(1) + re.sub(rf"#?({_CODE})", lambda code: spell(code.group(1)), match.group(2))


def _saint(match: re.Match[str]) -> str:
    """`St. James` is a saint; `Main St.` and `12 Main St. Boston` are streets."""
    house, name = match.groups()
    return f"{house} Street" if house else "Saint" if name is not None else "Street"


def _street(match: re.Match[str]) -> str:
    return _STREETS[match.group(1) or match.group(2)]


def _letters(match: re.Match[str]) -> str:
    return "".join(f"{letter}." for letter in match.group(1))


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
    (re.compile(r"(?<=[0-9]{4})\s+x([0-9]{2,6})\b"), lambda match: f" extension {match.group(1)}"),
)

WORDS: tuple[Rule, ...] = (
    # Thousands set apart by something else than a comma.
    (re.compile(r"(?<=[0-9])'(?=[0-9]{3}(?![0-9]))"), lambda _match: ""),
    (
        re.compile(r"(?<![\w.,-])[1-9][0-9]{0,2}(?:\s[0-9]{3}){0,3}\s000\b"),
        lambda match: ",".join(match.group().split()),
    ),
    (re.compile(r"(?<=[0-9])[.,][-–—](?![\w-])"), lambda _match: ""),
    *measures.SIZES,
    *measures.RATES,
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
    *measures.SPANS,
    *dates.TIMES,
    *measures.PARTS,
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
    (
        re.compile(
            rf"\b((?:{_CODE_NAMES})\.?(?:\s(?:number|no\.?|code|id))?(?:\sis)?:?)\s#?"
            r"([A-Z]{1,6}(?:[-_][0-9]{2,12}){1,3})(?![\w-])",
            re.I,
        ),
        _code,
    ),
    (re.compile(r"\b(numbers?(?:\sis)?:?)\s#?([0-9]{4,20})\b(?![.,:/-][0-9])", re.I), _code),
    (
        re.compile(
            r"(?<![\w.,:/$€£-])([0-9]{3,20})"
            rf"(?=\sis\s(?:my|our|the|your)\s(?:\w{{1,20}}\s){{0,2}}(?:{_CODE_NAMES}|number)\b)",
            re.I,
        ),
        lambda match: spell(match.group(1)),
    ),
    (re.compile(r"\b(end(?:s|ing)?\s(?:in|with))\s([0-9]{3,8})\b(?![.,:/-][0-9])", re.I), _code),
    # Short numbers that help is called with.
    (re.compile(r"\b(call|dial|text)\s([2-9]11|112|999|988)\b(?![.,:/-]?[0-9])", re.I), _code),
    (re.compile(r"#\s?(?=[0-9]\b)"), lambda _match: "number "),
    (re.compile(r"\b(?:Nos?|[Nn]r)\.\s?(?=[0-9])"), lambda _match: "number "),
    (
        re.compile(r"(?<![\w#])#(?=([A-Z]{1,6}[-_]?[0-9])|[^\W\d_])"),
        lambda match: "" if match.group(1) else "hashtag ",
    ),
    # In front of a name a doctor; behind one a street.
    (re.compile(r"(?<=[a-z]\s)Dr\.(?!\s+[A-Z])"), lambda _match: "Drive"),
    (re.compile(r"\bDr\."), lambda _match: "Doctor"),
    (re.compile(r"\bSt\.?-(?=[A-Z])"), lambda _match: "Saint "),
    (re.compile(r"(?:(?<![\w])([0-9]{1,6}\w?(?:\s[A-Z]\w{0,30}){1,3})\s)?\bSt\b\.?(?:(?=\s+[A-Z])()|)"), _saint),
    (re.compile(r"\bext\s(?=[0-9])"), lambda _match: "extension "),
    (
        re.compile(
            r"\b([0-9]{1,6})\s([NESW])\b\.?(?=\s(?:[0-9]{1,3}(?:st|nd|rd|th)|(?:[A-Z][a-z]{1,20}\s){1,3}"
            r"(?:Street|Ave(?:nue)?|R(?:oa)?d|Boulevard|Blvd|Dr(?:ive)?|Lane|Ln|Way))\b)"
        ),
        lambda match: f"{match.group(1)} {_WAYS[match.group(2)]}",
    ),
    (re.compile(r"(?<=\w\s)(Ave|Blvd|Rd|Ln|Hwy|Pkwy)\b\.?|\b(Apt|Ste)\b\.?(?=\s?#?[0-9])"), _street),
    (re.compile(r"(?<![0-9])(?<![0-9]\s)\b([Mm]in)\.(?=\s?[0-9$€£])"), lambda match: f"{match.group(1)}imum"),
    (
        re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _ABBREVIATIONS))})(?!\w)"),
        lambda match: _ABBREVIATIONS[match.group(1)],
    ),
    (re.compile(rf"(?<![A-Z]\s)(?<![\w.-])({_LETTERS})\b\.?(?!\w|\s?-?#?[0-9]{{3}})"), _letters),
    (re.compile(r"\bCO2\b"), lambda _match: "C O 2"),
    # Voices read its letters.
    (re.compile(r"\b(m+)(?:-?hm+)\b", re.I), lambda match: "Um hum" if match.group(1)[0].isupper() else "um hum"),
    *dates.NAMES,
    *roman.RULES,
    *measures.UNITS,
    (re.compile(r"\s?&\s?"), lambda _match: " and "),
    (re.compile(r"\s?→\s?"), lambda _match: " to "),
    (re.compile(r"(?<=[\w%.])\s?=\s?(?=[\w$€£-])"), lambda _match: " equals "),
    (re.compile(r"(?<=[A-Z])/(?=[A-Z])"), lambda _match: " "),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), lambda _match: " or "),
    (re.compile(r"(?<=\s)-(?=[0-9])|\A-(?=[0-9])"), lambda _match: "minus "),
)
