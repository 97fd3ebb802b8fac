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
    short_pause: pause that ends a turn which is just what was asked for, or asks for just one thing. Never more
        than `min_pause`.
    min_pause, max_pause: pause that ends a turn which is complete but may go on, and one which sounds unfinished.
    max_utterance: audio after which an utterance is cut and answered.
    silence: how long the caller may say nothing once the bot's last word was heard.
    keys_pause: how long after a key the next one may come.
    max_keys: keys after which an entry is taken as finished.
    slow: wait for the recogniser or a look-up after which the caller is told to wait.
    patience: the same again, after the caller was last told.
    barge_in_voice: voice that holds the bot.
    hold_voice: the same once a noise has held the bot in what it is saying.
    most_holds: noises that hold the bot in what it is saying; after them only words stop it.
    hold_wait: how long after the caller fell silent the text of what held the bot is waited for.
    hold_words: voice too long for a cough, of which the text is waited for as long as for an unfinished turn.
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
    guess_after: float = 0.1
    short_pause: float = 0.25
    min_pause: float = 0.4
    max_pause: float = 1.2
    max_utterance: float = 15.0
    silence: float = 6.0
    keys_pause: float = 3.0
    max_keys: int = 32
    slow: float = 1.5
    patience: float = 5.0
    barge_in_voice: float = 0.16
    hold_voice: float = 0.4
    most_holds: int = 2
    hold_wait: float = 0.4
    hold_words: float = 1.0
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
            guess_after=settings.guess_after,
            short_pause=settings.short_pause,
            min_pause=settings.min_pause,
            max_pause=settings.max_pause,
            hearing_timeout=settings.asr_timeout + 2.0,
            max_call_seconds=float(settings.max_call_seconds),
        )

    @property
    def open_pause(self) -> float:
        """Pause that ends a turn which may as well go on: a quarter of the way from the one to the other.

        With the defaults 0.6 s: longer than most halts inside a sentence or a number, and still answered within
        0.7 s by a recogniser that is in time.
        """
        return self.min_pause + (self.max_pause - self.min_pause) / 4
