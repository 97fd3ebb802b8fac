"""Text written for a page, a chat or another engine, without what only the eye makes something of.

HTML, SSML and Markdown, emoji and emoticons. The same in every language.
"""

from __future__ import annotations

import html
import re
import unicodedata

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "\N{NO-BREAK SPACE}": " ", "‑": "-", "−": "-"}
    | dict.fromkeys("\ufe0e\ufe0f\u20e3", "")
)
"""One writing for what has several; what makes a picture of the character before it goes with the picture."""

_UNSAYABLE = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Zl", "Zp"])
_DEGREE = "°"
_TAG = re.compile(
    r"</?(?:speak|break|prosody|emphasis|say-as|phoneme|sub|voice|lang|audio|mark|[abipsuw]|em|strong|br|span|div|ul|ol|li"
    r"|h[1-6])(?:\s[^<>]{0,200})?/?>",
    re.I,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,5});")
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{1,300}\)")
_SCHEME = re.compile(r"\b(?:mailto|tel):(?=[\w+])", re.I)
_FENCE = re.compile(r"```\w{0,20}")
_BEGINNING = re.compile(r"\A\s*(?:#{1,6}|[-*•▪–—])\s+")
"""A heading or an item of a list: `sentences` begins anew with it."""

_BETWEEN = re.compile(r"\s+[•▪·]\s+")
_EMOTICON = re.compile(r"(?<![^\s.,!?])(?:[:;]-?[()DP]|<3)(?![^\s.,!?])")


def plain(text: str) -> str:
    """`text` with its words, numbers and signs alone. Never fails, and leaves no half surrogate."""
    said = _ENTITY.sub(lambda match: html.unescape(match.group()), _TAG.sub(" ", text))
    said = unicodedata.normalize("NFC", said).translate(_SAME)
    said = _FENCE.sub(" ", _SCHEME.sub("", _LINK.sub(r"\1", said)))
    said = _EMOTICON.sub("", _BETWEEN.sub(", ", _BEGINNING.sub("", said)))
    return "".join(" " if unicodedata.category(char) in _UNSAYABLE and char != _DEGREE else char for char in said)
