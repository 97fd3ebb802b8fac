"""What every call of a process shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.registry import Collector

from voicebot.asr.port import Recognizer
from voicebot.audio import Pcm
from voicebot.call.rules import Rules
from voicebot.crm.callers import Callers
from voicebot.dialog.port import Dialog
from voicebot.lookup.port import LookUps
from voicebot.privacy.redact import Redactor
from voicebot.runtime.beat import Beat
from voicebot.runtime.capacity import Capacity
from voicebot.runtime.journal import Journal
from voicebot.runtime.recording import Recorder
from voicebot.runtime.taping import Tapes
from voicebot.runtime.ticker import Ticker
from voicebot.settings import Settings
from voicebot.store.records import Records
from voicebot.store.sessions import Sessions
from voicebot.tts import CacheStats
from voicebot.tts.port import Synthesizer


@dataclass(frozen=True, slots=True)
class Services:
    """Engines, stores and rules; one of each per process, used by all its calls.

    apology: the dialog's apology as audio, for when the voice itself fails.
    beat: of all calls; it follows the ticker.
    redactor: nothing of a call is kept that did not pass it.
    voice_stats: what the cache of the voice did, for `/metrics`. hearing: the same of the recogniser.
    recorder: where both sides of calls are recorded as audio; None where they are not.
    tapes: where what calls are told is recorded; None where it is not.
    callers: tells who calls; None where no CRM can.
    """

    settings: Settings
    dialog: Dialog
    rules: Rules
    recognizer: Recognizer
    synthesizer: Synthesizer
    apology: Pcm
    lookups: LookUps
    sessions: Sessions
    records: Records
    journal: Journal
    capacity: Capacity
    ticker: Ticker
    beat: Beat
    redactor: Redactor
    voice_stats: Callable[[], CacheStats] | None = None
    hearing: Collector | None = None
    recorder: Recorder | None = None
    tapes: Tapes | None = None
    callers: Callers | None = None
