"""Our own voice in the caller's audio, and other voices over ours."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import pytest

from voicebot.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Pcm, at_level, silence
from voicebot.audio.echo import WINDOW, EchoGuard
from voicebot.testing.caller_line import Noise, telephone, trimmed
from voicebot.tts.espeak import EspeakSynthesizer

BOT = at_level(EspeakSynthesizer("en-gb").render("We are open Monday to Friday from nine to six."))
CHUNK = SAMPLE_RATE // 10


def _frames(pcm: Pcm) -> Pcm:
    return pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)


def _echoes(guard: EchoGuard, heard: Pcm) -> list[bool]:
    """What the guard says of each frame of `heard`, all of which pass for voice; the bot speaks from 1 s on."""
    for start in range(0, len(BOT), CHUNK):
        guard.played(BOT[start : start + CHUNK], 1 + start / SAMPLE_RATE)
    return [
        guard.hear(frame, (place + 1) * FRAME_SECONDS, voice=True)
        for place, frame in enumerate(_frames(Noise(-60.0).over(heard)))
    ]


@pytest.mark.parametrize("delay", [0.0, 0.13, 0.7])
@pytest.mark.parametrize("level", [-10, -20, -26])
def test_an_echo_is_known_at_any_delay(delay: float, level: int) -> None:
    """Through the telephone, fainter by so many dB, and late: it is ours but for its first moments."""
    back = np.rint(telephone(BOT) * 10 ** (level / 20)).astype(np.int16)
    found = _echoes(EchoGuard(), np.concatenate((silence(1 + delay), back)))
    during = found[round((1 + delay) / FRAME_SECONDS) + WINDOW :]
    assert np.mean(during) > 0.95


@pytest.mark.parametrize("voice", ["en-gb", "en-us", "en-us+f3"])
def test_another_voice_is_no_echo(voice: str) -> None:
    """Nor is the same voice saying something else, with or without an echo of ours behind it."""
    said = trimmed(telephone(EspeakSynthesizer(voice).render("I want to talk to a person, this is taking long.")))
    heard = np.concatenate((silence(1.2), said))
    assert not any(_echoes(EchoGuard(), heard))
    length = min(len(heard) - 9600, len(BOT))
    heard[9600 : 9600 + length] += np.rint(BOT[:length] * 0.05).astype(np.int16)
    over = _echoes(EchoGuard(), heard)[60:120]
    assert np.mean(over) < 0.1


def test_what_was_never_played_does_not_come_back() -> None:
    """After the bot was silenced the same words are somebody else's."""
    guard = EchoGuard()
    guard.played(BOT, 1.0)
    guard.silenced(1.0)
    frames = _frames(telephone(BOT))
    assert not any(guard.hear(frame, 1.0 + place * FRAME_SECONDS, True) for place, frame in enumerate(frames))


def _answer(last: int, compared: Container[int]) -> bool:
    """What a guard says of frame `last` that has compared the frames `compared` before.

    The bot begins at 1 s, a little ahead of the caller's ear, and is silenced at 1.8 s; the caller's audio is its
    sentence, whole.
    """
    guard, sent, silenced = EchoGuard(), 0, False
    guard.played(BOT[:CHUNK], 0.5)
    for place, frame in enumerate(_frames(np.concatenate((silence(1), BOT)))[: last + 1]):
        now = (place + 1) * FRAME_SECONDS
        if now >= 1.8 and not silenced:
            guard.silenced(now)
            silenced = True
        while 1 + sent / SAMPLE_RATE < now + 0.2 and not silenced:
            guard.played(BOT[sent : sent + CHUNK], 1 + sent / SAMPLE_RATE)
            sent += CHUNK
        answer = guard.hear(frame, now, voice=place == last or place in compared)
    return answer


def test_what_was_compared_before_makes_no_difference() -> None:
    """What is played and what is silenced between two comparisons counts in the second."""
    frames = range(50, 120)
    fresh = [_answer(last, ()) for last in frames]
    assert [_answer(last, range(last % 2, last - 1, 2)) for last in frames] == fresh
    assert any(fresh)
    assert not all(fresh)


def test_digital_silence_is_no_echo() -> None:
    """Neither a silent caller nor a silent bot divides by zero."""
    guard = EchoGuard()
    guard.played(silence(1.0), 0.0)
    assert not guard.hear(silence(FRAME_SECONDS), 0.5, True)
    guard.played(BOT, 1.0)
    assert not guard.hear(silence(FRAME_SECONDS), 1.5, True)
