"""How a call reads in a CRM: the note as HubSpot HTML and as plain text. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from voicebot.crm.port import CallNote, NoteWrapUp

MAX_CHARACTERS = 65_536
"""Longest `hs_note_body` HubSpot takes, measured after escaping."""

HEADING = "[Voicebot Summary]"

_MARKER = "Call-ID:"
# Budgets in escaped characters. Together with the tags around them they stay below half of MAX_CHARACTERS, so the
# transcript always has the other half.
_FIELD = 500
_SUMMARY = 12_000
_SLOTS = 20
_REMARKS = 5
_TURN = 4_000
_PLAIN_SLOT = 200
_ITEM = 200
_ITEMS = 8
# Of what the last agent wrote, and of those before; the desk keeps 8,000 characters of each.
_WRAP_UPS = (6_000, 1_000, 1_000)

# C0 and C1 controls and line separators would break lines; a lone surrogate cannot be sent as UTF-8.
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_INLINE_TAG = re.compile(r"</?(?:b|i|a|u|em|strong|span)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def html(note: CallNote, remarks: Sequence[str] = (), most: int = MAX_CHARACTERS) -> str:
    """The note as HTML of at most `most` characters, no fewer than 32,768.

    remarks: sentences of ours for the reader, such as that several contacts match.

    Uses only the tags p, br, b, i, ul and li; everything that came from a caller, a gateway or a model is
    escaped. What does not fit is left out of the middle of the transcript, which says so; the summary and the
    marker stay.
    """
    parts = [f"<p><b>{HEADING}</b></p>"]
    if note.summary.strip():
        parts.append(f"<p>{_clip(note.summary, _SUMMARY)}</p>")
    parts.append("<p>" + "<br>".join(f"<b>{name}:</b> {_clip(value)}" for name, value in _facts(note)) + "</p>")
    if note.slots:
        parts.append("<ul>" + "".join(f"<li>{_clip(slot)}</li>" for slot in _slots(note)) + "</ul>")
    if note.action_items:
        items = "".join(f"<li>{_clip(item, _ITEM)}</li>" for item in note.action_items[:_ITEMS])
        parts.append(f"<p><b>To do</b></p><ul>{items}</ul>")
    for wrote, budget in zip(reversed(note.wrap_ups), _WRAP_UPS, strict=False):
        parts.append(f"<p><b>{_clip(_by(wrote))}</b><br>{_clip(wrote.text, budget)}</p>")
    parts.extend(f"<p><i>{_clip(remark)}</i></p>" for remark in remarks[:_REMARKS])
    before, after = "".join(parts), f"<p>{escape(marker(note.call_id), quote=False)}</p>"
    if note.late:
        return before + after
    return before + _transcript(note, most - length(before) - length(after)) + after


def plain(note: CallNote, most: int, remarks: Sequence[str] = ()) -> str:
    """The note as plain text of at most `most` characters (no fewer than 30,000), for a CRM without HTML.

    Like `html`, it loses the middle of a long transcript, and keeps summary and marker.
    """
    head = [HEADING]
    if note.summary.strip():
        head.append(_cut(note.summary, most // 4))
    head += ["", *(f"{name}: {_cut(value, _FIELD)}" for name, value in _facts(note))]
    head += [f"  {_cut(slot, _PLAIN_SLOT)}" for slot in _slots(note)]
    if note.action_items:
        head += ["", "To do", *(f"  {_cut(item, _ITEM)}" for item in note.action_items[:_ITEMS])]
    for wrote, budget in zip(reversed(note.wrap_ups), _WRAP_UPS, strict=False):
        head += ["", _cut(_by(wrote), _FIELD), _cut(wrote.text, budget)]
    head += [_cut(remark, _FIELD) for remark in remarks[:_REMARKS]]
    after = f"\n\n{marker(note.call_id)}"
    if note.late:
        return "\n".join(head) + after
    before = "\n".join([*head, "", "Transcript", ""])
    lines = [f"{_cut(turn.speaker, _FIELD)}: {_cut(turn.text, _TURN)}" for turn in note.turns]
    room = most - length(before) - length(after)
    return before + "\n".join(_fit(lines, room, "\n", "… {} turns left out …") or ["Nothing was said."]) + after


def text(note: CallNote) -> str:
    """The note as plain text for a terminal, complete and not escaped; control characters are taken out."""
    lines = [HEADING]
    if note.summary.strip():
        lines.append(_clean(note.summary))
    lines.append("")
    lines.extend(f"{name}: {_clean(value)}" for name, value in _facts(note))
    lines.extend(f"  {_clean(name)}: {_clean(value)}" for name, value in note.slots.items())
    lines.extend(f"To do: {_clean(item)}" for item in note.action_items)
    for wrote in note.wrap_ups:
        lines.extend(["", _clean(_by(wrote)), _clean(wrote.text)])
    if not note.late:
        lines.extend(["", "Transcript"])
        lines.extend(f"{_clean(turn.speaker)}: {_clean(turn.text)}" for turn in note.turns)
        if not note.turns:
            lines.append("Nothing was said.")
    lines.extend(["", marker(note.call_id)])
    return "\n".join(lines)


def marker(call_id: str) -> str:
    """The line by which a note of this call is found again; call ids beyond 255 characters are cut."""
    return f"{_MARKER} {_clean(call_id)[:255]}".rstrip()


def is_marked(body: str, call_id: str) -> bool:
    """Whether the HTML `body` of a note carries the marker of `call_id` as a line of its own.

    HubSpot may rewrite the HTML it keeps, so only the text counts. A caller who says the marker aloud does not
    count: spoken lines begin with the speaker.
    """
    plain = unescape(_TAG.sub("\n", _INLINE_TAG.sub("", body)))
    wanted = marker(call_id)
    return any(" ".join(line.split()) == wanted for line in plain.split("\n"))


def length(body: str) -> int:
    """Characters as HubSpot may count them: UTF-16 units, never fewer than code points."""
    return len(body) + sum(1 for character in body if character > "\uffff")


def _facts(note: CallNote) -> list[tuple[str, str]]:
    percent = round(100 * min(max(note.confidence, 0.0), 1.0))
    minutes, seconds = divmod(round(note.duration), 60)
    return [
        ("Phone", note.caller or "unknown"),
        ("Called", note.called or "unknown"),
        ("Started", f"{note.started_at:%Y-%m-%d %H:%M} UTC"),
        ("Duration", f"{minutes}:{seconds:02d} min"),
        ("Intent", note.intent or "none recognised"),
        ("Confidence", f"{percent}%"),
        ("Outcome", note.outcome),
        *((name, value) for name, value in (("Result", note.result), ("Sentiment", note.sentiment)) if value),
    ]


def _by(wrote: NoteWrapUp) -> str:
    return f"Agent {wrote.agent}" + (f" ({wrote.disposition})" if wrote.disposition else "")


def _slots(note: CallNote) -> list[str]:
    lines = [f"{name}: {value}" for name, value in note.slots.items()]
    if len(lines) > _SLOTS:
        lines[_SLOTS:] = [f"… and {len(lines) - _SLOTS} more"]
    return lines


def _transcript(note: CallNote, room: int) -> str:
    opening, closing = "<p><b>Transcript</b></p><p>", "</p>"
    lines = [f"<b>{_clip(turn.speaker)}:</b> {_clip(turn.text, _TURN)}" for turn in note.turns]
    if not lines:
        return f"{opening}<i>Nothing was said.</i>{closing}"
    kept = _fit(lines, room - len(opening) - len(closing))
    return opening + "<br>".join(kept) + closing


def _fit(lines: list[str], room: int, joint: str = "<br>", cut: str = "<i>… {} turns left out …</i>") -> list[str]:
    """As many lines as `room` holds with a `joint` each: a third from the beginning, the rest from the end."""
    sizes = [length(line) + len(joint) for line in lines]
    if sum(sizes) <= room:
        return lines
    room -= len(cut) + len(str(len(lines))) + len(joint)
    head = used = 0
    while used + sizes[head] <= room // 3:
        used += sizes[head]
        head += 1
    tail = len(lines)
    while tail > head and used + sizes[tail - 1] <= room:
        tail -= 1
        used += sizes[tail]
    return [*lines[:head], cut.format(tail - head), *lines[tail:]]


def _clip(value: str, budget: int = _FIELD) -> str:
    """`value` escaped, in at most `budget` characters; cut between characters, never inside an entity."""
    clean = _clean(value)
    whole = escape(clean, quote=False)
    if length(whole) <= budget:
        return whole
    pieces: list[str] = []
    room = budget - 1
    for character in clean:
        piece = escape(character, quote=False)
        room -= length(piece)
        if room < 0:
            break
        pieces.append(piece)
    return "".join(pieces) + "…"


def _cut(value: str, budget: int) -> str:
    """`value` in one line of at most `budget` characters."""
    clean = _clean(value)
    if length(clean) <= budget:
        return clean
    while length(clean) > budget - 1:
        clean = clean[: len(clean) - max(1, length(clean) - budget + 1)]
    return clean + "…"


def _clean(value: str) -> str:
    return _SURROGATES.sub("\ufffd", _BLANKS.sub(" ", value)).strip()
