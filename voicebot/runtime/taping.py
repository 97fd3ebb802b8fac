"""Recording what calls are told, so that they can be replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from voicebot import __version__
from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog
from voicebot.dialog.types import Recollection, Surroundings
from voicebot.replay.header import Header, Source, telling
from voicebot.replay.tape import Tape, TapeRecorder
from voicebot.settings import Settings
from voicebot.store.sessions import Session

FOLDER = "inputs"
"""Where the recordings go, below the data folder."""


class Tapes:
    """Begins a tape for every stream, with what the conversation depends on besides its events.

    Makes the folder; raises SettingsError where it cannot be written to.
    """

    def __init__(self, settings: Settings, dialog: FileDialog, rules: Rules) -> None:
        self._recorder = TapeRecorder(settings.data_dir / FOLDER, timedelta(days=settings.keep_recordings_days))
        self._settings = telling(settings)
        self._source = Source.of(dialog.name, str(settings.dialog), dialog.source)
        self._rules = rules

    def begin(self, session: Session, lead: float, earlier: Recollection | None, around: Surroundings) -> Tape:
        """A tape of one stream of the call. lead: seconds of audio sent ahead of the caller's ear."""
        return self._recorder.begin(
            Header(
                voicebot=__version__,
                began=datetime.now(UTC),
                call_id=session.call_id,
                caller=session.caller,
                called=session.called,
                gateway=session.gateway,
                dialog=self._source,
                rules=self._rules,
                lead=lead,
                earlier=earlier,
                timed=around.now is not None,
                presence=around.presence,
                customer=around.customer,
                settings=self._settings,
            )
        )

    def close(self, timeout: float) -> bool:
        """Write what is waiting, at most for `timeout` seconds; whether all was written."""
        return self._recorder.close(timeout)
