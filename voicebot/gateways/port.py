"""The seam to telephony gateways: wire protocols as pure codecs.

A `Wire` is one socket's protocol state. It turns messages into events and commands into messages, touches no
socket and reads no clock; `now` is in seconds, monotonic. It owns whatever is peculiar to its gateway: codec and
rate conversion, smallest useful message, padding, scrubbing, guards after a flush.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from voicebot.audio import Pcm

Message: TypeAlias = str | bytes
"""A WebSocket message: text or binary."""


@dataclass(frozen=True, slots=True)
class StreamStarted:
    """The stream says who it is; always the first event of a wire.

    call_id: the gateway's id of the call; "" when it has none.
    token: what our webhook put into the stream's metadata; "" when absent.
    context: anything else the gateway told, by name.
    """

    call_id: str
    caller: str
    called: str
    token: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """Caller audio of any length, at 8 kHz."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """A key press: one of 0-9, *, #, A-D."""

    key: str


@dataclass(frozen=True, slots=True)
class MarkPlayed:
    """Everything sent before `mark` was played to the caller."""

    mark: str


@dataclass(frozen=True, slots=True)
class MarkCleared:
    """`mark` was dropped by a flush."""

    mark: str


@dataclass(frozen=True, slots=True)
class StreamStopped:
    """The gateway says that the stream is over (not every gateway does; the socket's close counts as well)."""


WireEvent: TypeAlias = StreamStarted | AudioReceived | DigitReceived | MarkPlayed | MarkCleared | StreamStopped


class Wire(Protocol):
    """One socket's protocol. Commands return the messages to send, in order; they may be held back to the next."""

    @property
    def lead(self) -> float:
        """How far ahead of the caller's ear audio may be sent, in seconds."""
        ...

    def receive(self, message: Message, now: float) -> Sequence[WireEvent]:
        """Take one message. Raises ProtocolError for what must close the socket."""
        ...

    def send(self, pcm: Pcm, now: float) -> Sequence[Message]:
        """Speak `pcm` to the caller after all audio sent before."""
        ...

    def finish(self, mark: str, now: float) -> Sequence[Message]:
        """The utterance is complete: push out what is held back, and ask for `mark` if the gateway can."""
        ...

    def flush(self, now: float) -> Sequence[Message]:
        """Silence at once: drop everything not yet played."""
        ...

    def quiet_until(self, now: float) -> float:
        """The earliest time at which audio may be sent again after a flush (`now` if at once)."""
        ...

    def end(self) -> Sequence[Message]:
        """Leave the call to the gateway's next step; the socket is closed afterwards."""
        ...
