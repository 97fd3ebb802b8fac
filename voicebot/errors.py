"""Every error this package raises on purpose.

VoicebotError
├── ConfigError            a setting or a file of the operator is wrong; the message names it and the fix
│   ├── SettingsError
│   ├── DialogError
│   ├── RecordingError     a recording of a call cannot be replayed
│   └── ModelUnavailable   a speech model or voice is not there and cannot be had
├── ProtocolError          a gateway said something its protocol does not allow
├── RecognizerError        speech could not be turned into text
│   └── RecognizerTimeout
├── SynthesizerError       text could not be turned into speech
│   └── SynthesizerBusy    later, after `retry_after` seconds
├── LookUpError            the source of an answer (orders, customers) failed
├── StoreError             sessions or records could not be read or written
│   ├── Unstorable         they never will be: what was given does not fit
│   └── StoreConflict      what an operator wants does not go with what is there
└── CrmError               the CRM did not take what we sent
    ├── CrmRejected        it never will: fix the data or the account
    ├── CrmUnauthorized    the credential is wrong, expired or lacks a scope: stop until it is mended
    ├── CrmThrottled       later, after `retry_after` seconds
    └── CrmUnavailable     it did not answer; `ambiguous` tells whether it may have acted
"""

from __future__ import annotations


class VoicebotError(Exception):
    """Base of everything raised on purpose by this package."""


class ConfigError(VoicebotError):
    """The operator's configuration is wrong; the message says where and how to mend it."""


class SettingsError(ConfigError):
    """A `VOICEBOT_*` setting is missing, malformed or contradicts another."""


class DialogError(ConfigError):
    """The dialog file is wrong; the message begins with `file:line:column`."""


class RecordingError(ConfigError):
    """A file is no recording of a call, is damaged, or cannot be replayed so; the message says where and why."""


class ModelUnavailable(ConfigError):
    """A speech model or voice is not on this machine and could not be fetched."""


class ProtocolError(VoicebotError):
    """The far end of a gateway connection broke its protocol.

    close_code: the WebSocket close code to answer with (RFC 6455 section 7.4).
    """

    def __init__(self, message: str, close_code: int = 1008) -> None:
        super().__init__(message)
        self.close_code = close_code


class RecognizerError(VoicebotError):
    """The recogniser failed on an utterance."""


class RecognizerTimeout(RecognizerError):
    """The recogniser did not answer in time."""


class SynthesizerError(VoicebotError):
    """The voice failed on a sentence."""


class SynthesizerBusy(SynthesizerError):
    """The voice asks to be left alone, and says nothing until then.

    retry_after: seconds.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LookUpError(VoicebotError):
    """The source of an answer failed or sent something that is not an answer."""


class StoreError(VoicebotError):
    """Sessions or records could not be read or written."""


class Unstorable(StoreError):
    """What was to be written can never be; trying again is of no use."""


class StoreConflict(StoreError):
    """What was asked for does not go with what is there; the message says what that is."""


class CrmError(VoicebotError):
    """The CRM did not take what we sent."""


class CrmRejected(CrmError):
    """The CRM refuses this content and always will."""


class CrmUnauthorized(CrmError):
    """The CRM refuses our credential, or it lacks a scope."""


class CrmThrottled(CrmError):
    """The CRM asks us to come back later.

    retry_after: seconds to wait, as the CRM named them, or None.
    account: whether nothing else may be sent meanwhile either, as with a limit; False where only this waits.
    """

    def __init__(self, message: str, retry_after: float | None = None, account: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.account = account


class CrmUnavailable(CrmError):
    """The CRM did not answer, or answered with a fault of its own.

    ambiguous: True when the request may have been carried out (the answer was lost).
    """

    def __init__(self, message: str, ambiguous: bool = False) -> None:
        super().__init__(message)
        self.ambiguous = ambiguous
