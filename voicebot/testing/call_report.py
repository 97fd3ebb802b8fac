"""A simulated call told as it goes, one line an event. Times are seconds since the call began."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voicebot.audio import Pcm
from voicebot.testing.caller import Caller, Turn
from voicebot.testing.jambonz_log import (
    CallEnded,
    CommandTaken,
    Dialled,
    EndedBy,
    Entry,
    Fault,
    HookCalled,
    KeyPressed,
    MarkReturned,
    Queued,
    StreamClosed,
    StreamOpened,
    VerbRun,
)
from voicebot.testing.jambonz_validate import ReplyRefused, Verb, read_reply
from voicebot.testing.phone import Heard, Spoken, audible

Print = Callable[[str], None]

_SHOWN = ("call_status", "dial_call_status", "dial_sip_status", "dial_call_duration", "digits", "queue_result")
_QUIET_SECONDS = 0.3
_ENDERS = {EndedBy.CALLER: "the caller", EndedBy.GATEWAY: "the gateway"}


class Reporter:
    """Prints what the gateway's log says."""

    def __init__(self, say: Print) -> None:
        self._say = say

    def __call__(self, entry: Entry) -> None:
        what, text = _line(entry)
        if text:
            self.line(entry.at, what, text)

    def line(self, at: float, what: str, text: str) -> None:
        """One line: when, who or what, and the rest."""
        self._say(f"{at:7.2f}  {what:7} {text}")


class Narrator:
    """A `Phone` that passes everything on to a caller and prints who speaks when, and how fast the bot answers."""

    def __init__(self, caller: Caller, reporter: Reporter) -> None:
        self._caller = caller
        self._reporter = reporter
        self._told = 0
        self._reply_told = True
        self._since: float | None = None
        self._last_sound = 0.0
        self.bot_spoke = False

    def tick(self, heard: Heard | None, now: float) -> Spoken:
        self._bot(heard, now)
        spoken = self._caller.tick(heard, now)
        self._turns()
        if spoken.hang_up:
            self._reporter.line(now, "caller", "hangs up")
        return spoken

    def arrived(self, pcm: Pcm, now: float) -> None:
        self._caller.arrived(pcm, now)

    def _bot(self, heard: Heard | None, now: float) -> None:
        if heard is not None and audible(heard.pcm):
            self._last_sound = now
            self.bot_spoke = True
            if self._since is None:
                self._since = now
                self._reporter.line(now, "bot", "begins to speak")
        elif self._since is not None and (heard is None or now - self._last_sound >= _QUIET_SECONDS):
            seconds = self._last_sound - self._since
            self._reporter.line(self._last_sound, "bot", f"falls silent after {seconds:.1f} s")
            self._since = None

    def _turns(self) -> None:
        turns = self._caller.turns
        while self._told < len(turns):
            turn = turns[self._told]
            self._reporter.line(turn.started_at, "caller", f'"{turn.said}"')
            self._told += 1
            self._reply_told = False
        if turns and not self._reply_told and turns[-1].replied_at is not None:
            self._reply_told = True
            self._reporter.line(turns[-1].replied_at, "turn", _latency(turns[-1]))


def summary(turns: list[Turn]) -> list[str]:
    """What the caller said and how soon each was answered, one line a turn."""
    return [f'  "{turn.said}": {_latency(turn)}' for turn in turns]


def _latency(turn: Turn) -> str:
    if turn.overlapped:
        return "the bot was talking when the caller ended"
    if turn.latency is None:
        return "no reply"
    return f"reply after {1000 * turn.latency:.0f} ms"


def _line(entry: Entry) -> tuple[str, str]:
    match entry:
        case HookCalled():
            told = ", ".join(f"{name}={entry.body[name]}" for name in _SHOWN if entry.body.get(name) is not None)
            answer = f"HTTP {entry.status}" if entry.status else "no answer"
            took = f"{1000 * entry.seconds:.0f} ms"
            return "hook", f"POST {entry.path} ({told}): {answer} in {took}{_verbs(entry.reply)}"
        case VerbRun(verb=verb):
            return "verb", _verb(verb)
        case StreamOpened():
            return "stream", f"open, {entry.url}"
        case StreamClosed():
            return "stream", f"ended by the {entry.by}, close code {entry.code}"
        case CommandTaken(kind="mark"):
            return "", ""
        case CommandTaken():
            return "bot", entry.kind
        case MarkReturned():
            return "mark", f"{entry.name} {entry.event}"
        case KeyPressed():
            return "key", entry.key
        case Dialled():
            whisper = f', hears "{entry.whisper}"' if entry.whisper else ""
            headers = "".join(f"\n{'':18}{name}: {value}" for name, value in entry.headers.items())
            return "person", f"{_target(entry.target)}: {entry.outcome}{whisper}{headers}"
        case Queued(name=name):
            heard = f', heard "{" / ".join(entry.heard)}"' if entry.heard else ""
            return "queue", f"{name}: {entry.result}{heard}"
        case Fault():
            return "FAULT", entry.text
        case CallEnded():
            return (
                "end",
                f"by {_ENDERS[entry.by]}" if entry.sip_status == 200 else f"refused ({entry.sip_status})",
            )


def _verbs(reply: object) -> str:
    try:
        verbs = read_reply(reply)
    except ReplyRefused:
        return ""
    return f", {' + '.join(verb.name for verb in verbs) or 'no verbs'}"


def _verb(verb: Verb) -> str:
    match verb.name:
        case "listen":
            return f"listen {verb.options['url']}"
        case "say":
            return f'say "{verb.options.get("text", "")}"'
        case "dial":
            return f"dial {' and '.join(_target(target) for target in verb.options['target'])}"
        case "enqueue":
            return f"enqueue {verb.options['name']}"
        case _:
            return verb.name


def _target(target: Mapping[str, Any]) -> str:
    return f"{target['type']} {target.get('name') or target.get('number') or target.get('sipUri')}"
