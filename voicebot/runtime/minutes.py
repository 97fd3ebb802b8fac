"""All that is kept of one call: its entries in the records, its recording, and its tape for a replay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from voicebot.audio import Pcm
from voicebot.call.actions import Action
from voicebot.call.events import Event
from voicebot.call.record import EndEntry, Entry
from voicebot.dialog.types import Recollection, Surroundings
from voicebot.privacy.redact import CallRedactor
from voicebot.replay.tape import Tape
from voicebot.runtime.metrics import Metrics
from voicebot.runtime.recording import Recording
from voicebot.runtime.services import Services
from voicebot.store.sessions import Session

log = structlog.get_logger()


class Minutes:
    """Keeps what one call is to leave behind, without what is private in it. `now`: seconds, monotonic.

    may_return: seconds after an end during which the caller may still come back to the bot.
    """

    def __init__(
        self,
        session: Session,
        services: Services,
        metrics: Metrics,
        may_return: Callable[[EndEntry], float],
        now: float,
    ) -> None:
        self._session = session
        self._services = services
        self._metrics = metrics
        self._may_return = may_return
        self._begun = now
        self._log = log.bind(call=session.call_id)
        self._redactor = CallRedactor(services.redactor)
        self._tape: Tape | None = None
        self._recording = self._record()

    @property
    def recording(self) -> Recording | None:
        """Both sides as audio; None where they are not recorded."""
        return self._recording

    def taped(self, lead: float, earlier: Recollection | None, around: Surroundings) -> Surroundings:
        """Begin the tape, where there is to be one; `around` as the conversation is to have it.

        lead: seconds of audio sent ahead of the caller's ear.
        """
        if self._services.tapes is None:
            return around
        self._tape = self._services.tapes.begin(self._session, lead, earlier, around)
        return self._tape.watched(around)

    def begin(self, begun: float) -> None:
        """Open the record of the call, whose first stream began at `begun`."""
        self._begun = begun
        session, records, settings = self._session, self._services.records, self._services.settings
        dialog = self._services.dialog.name
        self._write(
            partial(
                records.start,
                session.call_id,
                session.caller,
                session.called,
                session.gateway,
                dialog,
                settings.node,
            )
        )
        if self._recording is not None:
            self._write(partial(records.keeping.recording, session.call_id, self._recording.path))

    def since_begun(self, now: float) -> float:
        """Seconds of the call so far; every entry counts in them."""
        return now - self._begun

    def tick(self, private: bool, now: float) -> None:
        """Time passed. private: whether something is asked for that is not to be kept."""
        self._redactor.watch(private, self.since_begun(now))
        if self._recording is not None:
            self._recording.private = private
            self._recording.tick(now)

    def caller(self, pcm: Pcm, at: float) -> None:
        """Audio of the caller that arrived at `at`."""
        if self._recording is not None:
            self._recording.caller(pcm, at)

    def through(self, on: Callable[[Event, float], list[Action]], event: Event, now: float) -> list[Action]:
        """What `on` answers to `event`, kept on the tape on its way."""
        return on(event, now) if self._tape is None else self._tape.through(on, event, now)

    def keep(self, entry: Entry) -> None:
        """One more entry; the last is an `EndEntry`."""
        entry = self._redactor.entry(entry)
        self._metrics.note(entry)
        records, call_id = self._services.records, self._session.call_id
        if isinstance(entry, EndEntry):
            self._log.info(
                "call.ended",
                disposition=entry.disposition.value,
                reason=entry.reason,
                seconds=round(entry.at, 2),
                intent=entry.intent,
            )
            targets = self._services.dialog.crm.chosen(self._services.settings.delivery_targets)
            self._write(partial(records.finish, call_id, entry, targets, self._may_return(entry)))
        else:
            self._write(partial(records.add, call_id, entry))

    def close(self, now: float) -> None:
        """The call is over, and so are its recording and its tape."""
        if self._recording is not None:
            self._recording.close(now)
        if self._tape is not None:
            self._tape.end()

    def _record(self) -> Recording | None:
        if self._services.recorder is None:
            return None
        keeping = self._services.records.keeping
        recording = self._services.recorder.record(
            self._session.call_id, lambda seconds: self._write(partial(keeping.recorded, recording.path, seconds))
        )
        return recording

    def _write(self, write: partial[None]) -> None:
        self._services.journal.write(write)
