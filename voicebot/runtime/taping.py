"""Recording what calls are told, so that they can be replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from voicebot import __version__
from voicebot.call.rules import Rules
from voicebot.dialog import FileDialog
from voicebot.dialog.types import Recollection, Surroundings
from voicebot.errors import SettingsError
from voicebot.replay.header import Header, Source, telling
from voicebot.replay.tape import Tape, TapeRecorder
from voicebot.settings import PREFIX, Settings
from voicebot.store.sessions import Session


class Tapes:
    """Begins a tape for every stream, with what the conversation depends on besides its events.

    Makes the folder. Raises SettingsError where it cannot be written to, where callers are not told that they are
    recorded, and where the dialog asks for what must not be kept, which a replay could not do without.
    """

    def __init__(self, settings: Settings, dialog: FileDialog, rules: Rules) -> None:
        if dialog.notice is None:
            raise SettingsError(
                f"{PREFIX}RECORD_INPUTS: callers must be told that they are recorded; add "
                f'`notice: "This call is recorded."` under `says:` in {settings.dialog}, or do not record'
            )
        if dialog.private_slots:
            raise SettingsError(
                f"{PREFIX}RECORD_INPUTS: {settings.dialog} has private slots "
                f"({', '.join(sorted(dialog.private_slots))}), and what is said to them must not be kept: a call "
                "cannot be recorded for a replay without it"
            )
        self._recorder = TapeRecorder(settings.inputs_dir, timedelta(days=settings.keep_recordings_days))
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
