"""What a call leaves behind: its entries and its recording, without what is private in them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import soundfile

from tests.runtime.house import VOICE, house
from voicebot.audio import SAMPLE_RATE
from voicebot.call.record import Disposition, EndEntry, Speaker, TurnEntry
from voicebot.runtime.metrics import Metrics
from voicebot.runtime.minutes import Minutes
from voicebot.settings import Recordings
from voicebot.store.keeping import files


def _keyed(number: int, keys: str, at: float) -> TurnEntry:
    return TurnEntry(number, Speaker.CALLER, "", at, at + 0.5, keys=keys)


def test_what_is_private_is_neither_written_down_nor_recorded(tmp_path: Path) -> None:
    """Also in a second stream, whose entries count from the first: what is keyed and said meanwhile is gone."""

    async def scenario() -> None:
        async with house(tmp_path, recordings=Recordings.WAV) as running:
            services = running.services
            running.token()
            session = running.sessions.get("call-1")
            assert session is not None
            assert services.recorder is not None
            metrics = Metrics(services.capacity, services.ticker, services.journal)
            minutes = Minutes(session, services, metrics, lambda _: 0.0, now=100.0)
            minutes.begin(begun=90.0)
            minutes.tick(private=True, now=100.0)
            minutes.caller(VOICE, 101.0)
            minutes.keep(_keyed(0, "41", at=11.0))
            minutes.tick(private=False, now=102.0)
            minutes.caller(VOICE, 103.0)
            minutes.keep(_keyed(1, "42", at=13.0))
            minutes.keep(EndEntry(14.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, "Said goodbye."))
            minutes.close(104.0)
            assert await asyncio.to_thread(services.recorder.close, 5.0)
            assert await asyncio.to_thread(services.journal.close, 5.0)
            view = services.records.call("call-1")
            assert view is not None
            assert [turn.keys for turn in view.turns] == ["[private]", "42"]
            assert view.row.disposition is Disposition.COMPLETED
            (kept,) = services.records.keeping.recordings_of("call-1")
            (path,) = files(services.settings.recordings_dir, kept.path)
            samples, _ = soundfile.read(path, dtype="int16")
            asked = 2 * SAMPLE_RATE
            assert not samples[:asked].any()
            assert samples[asked:, 0].any()

    asyncio.run(scenario())
