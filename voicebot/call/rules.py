"""The times a conversation is run by."""

from __future__ import annotations

from dataclasses import dataclass

from voicebot.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """How long everything may take. All times in seconds.

    vad_threshold: 0..1, speech probability from which a frame is voice.
    start_voice: voice without a break that opens an utterance, or resumes one after a guess was made.
    pre_roll: audio kept from before the voice, so that no first consonant is lost.
    tail: silence left after the last voice in what the recogniser gets; more of it makes models invent words.
    guess_after: pause after which the utterance is recognised on the chance that it is over.
    min_pause, max_pause: pause that ends a turn which is complete, and one which sounds unfinished.
    max_utterance: audio after which an utterance is cut and answered.
    silence: how long the caller may say nothing once the bot's last word was heard.
    keys_pause: how long after a key the next one may come.
    max_keys: keys after which an entry is taken as finished.
    slow: wait for the recogniser or a look-up after which the caller is told to wait.
    patience: the same again, after the caller was last told.
    barge_in_voice: voice that stops the bot.
    voice_timeout: how long the voice may take to come up with the next audio.
    hearing_timeout, lookup_timeout: how long after it was asked for an answer is waited for.
    last_words: how long the text of what was said last is waited for after the caller hung up.
    mark_margin: how long past our own reckoning a gateway's confirmation is waited for before the call is left.
    max_call_seconds: after this the dialog says goodbye or hands over.
    """

    vad_threshold: float = 0.6
    start_voice: float = 0.06
    pre_roll: float = 0.3
    tail: float = 0.2
    guess_after: float = 0.15
    min_pause: float = 0.4
    max_pause: float = 1.2
    max_utterance: float = 15.0
    silence: float = 6.0
    keys_pause: float = 3.0
    max_keys: int = 32
    slow: float = 1.5
    patience: float = 5.0
    barge_in_voice: float = 0.16
    voice_timeout: float = 5.0
    hearing_timeout: float = 8.0
    lookup_timeout: float = 8.0
    last_words: float = 3.0
    mark_margin: float = 0.3
    max_call_seconds: float = 1800.0

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules as the operator set them.

        The recogniser reports its own timeout; ours is longer and only catches one that never reports.
        """
        return cls(
            vad_threshold=settings.vad_threshold,
            min_pause=settings.min_pause,
            max_pause=settings.max_pause,
            hearing_timeout=settings.asr_timeout + 2.0,
            max_call_seconds=float(settings.max_call_seconds),
        )

    @property
    def open_pause(self) -> float:
        """Pause that ends a turn which may or may not go on: midway between the two."""
        return (self.min_pause + self.max_pause) / 2
