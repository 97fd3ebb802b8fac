"""The dialog file as types: every key a bot developer may write, and which values it takes."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from voicebot.dialog.checksums import Checksum
from voicebot.dialog.handing import Handover, Opening, TargetSpec
from voicebot.dialog.model import Language, Model, Name, Text

Act = Literal["answer", "transfer", "callback", "voicemail", "goodbye", "thanks", "yes", "no", "repeat"]
Pace = Literal["low", "normal", "high"]
Then = Literal["listen", "offer", "transfer", "hang_up"]
Length = Annotated[int, Field(ge=1, le=34)]


class Comebacks(Model):
    """What is said to a caller who is back because nobody took the call; another try is then offered.

    machine: an answering machine picked up; waited: for as long as the queue allows. `no_answer` if left out.
    """

    no_answer: Text
    busy: Text
    declined: Text
    failed: Text
    machine: Text | None = None
    waited: Text | None = None


class Says(Model):
    """The sentences every bot needs. `{{ name }}` is the bot's name.

    notice: said before the greeting; the caller cannot interrupt it.
    """

    notice: Text | None = None
    greeting: Text
    anything_else: Text
    go_on: Text
    welcome: Text
    goodbye: Text
    still_there: list[Text] = Field(min_length=1)
    not_understood: list[Text] = Field(min_length=1)
    offer_person: Text
    offer_declined: Text
    try_again: Text
    transferring: Text
    wrong_key: Text
    filler: Text
    apology: Text
    too_long: Text
    comeback: Comebacks


class HintTexts(Model):
    """Help for the recogniser: text of the expected kind, and likely words."""

    prompt: str = ""
    hotwords: list[Text] = []


class Slot(Model):
    """Something to be learnt from the caller.

    digits: the lengths a number may have; pattern: what the value must look like (of the digits, or of the words).
    length, alphabet: the same for codes: how many characters, and of which kind; `digits` is short for both.
    checksum: the rule its check digits follow; look_up: the source that knows which values there are.
    mishearings: where neither knows what was heard, what it may have been is tried, and read back if found.
    confirm, read_back: when the value is read back, and the yes-or-no question.
    means: the intent that a bare value stands for.
    patience: how long callers are given to go on while it is asked for; that of the dialog if left out.
    private: the value is used in the call and kept nowhere, and no recording is made while it is asked for.
    """

    digits: list[Length] = []
    length: list[Length] = []
    alphabet: Literal["digits", "letters", "both"] = "digits"
    checksum: Checksum | None = None
    look_up: Name | None = None
    mishearings: bool = False
    confirm: Literal["always", "unsure", "never"] = "unsure"
    read_back: Text | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{0,8}$")] = ""
    pattern: Text | None = None
    cues: list[Text] = []
    means: Name | None = None
    private: bool = False
    prompt: Text
    reprompt: Text
    rest: Text | None = None
    invalid: Text
    unknown: Text
    unknown_phrases: list[Text] = []
    retries: Annotated[int, Field(ge=1, le=10)] = 2
    patience: Pace | None = None
    hints: HintTexts = HintTexts()

    @model_validator(mode="after")
    def _agree(self) -> Slot:
        if not self.spelt and self.pattern is None:
            raise ValueError(
                "say what the value looks like: `digits: [4, 6]` (lengths of a number), `length: [8]` with "
                "`alphabet: both` (a code), or `pattern:` (a regex)"
            )
        if self.digits and (self.length or self.alphabet != "digits"):
            raise ValueError("`digits:` gives the lengths of a number; for a code write `length:` and `alphabet:`")
        if self.spelt and self.rest is None and max(self.lengths) > 1:
            raise ValueError("`rest:` is missing: what is said when only a part of the number was heard")
        if not self.spelt:
            for key in ("prefix", "checksum", "look_up", "mishearings", "read_back"):
                if getattr(self, key):
                    raise ValueError(f"`{key}:` goes with `digits:` or `length:` only")
        if self.alphabet != "digits" and self.checksum in ("luhn", "ean"):
            raise ValueError(f"`checksum: {self.checksum}` is one of digits; leave out `alphabet:`")
        if self.alphabet == "letters" and self.checksum is not None:
            raise ValueError("`checksum:` needs digits; write `alphabet: both`")
        if self.confirm == "always" and self.read_back is None:
            raise ValueError("`read_back:` is missing: the question by which the value is confirmed")
        return self

    @property
    def lengths(self) -> list[int]:
        """How many characters a value that is spelt out may have; none for a value of words."""
        return self.digits or self.length

    @property
    def spelt(self) -> bool:
        """Whether the value is spelt out, in digits or letters, and not a word of the sentence."""
        return bool(self.lengths)


class Answer(Model):
    """One possible answer; the first whose `when` holds is given."""

    when: Text | None = None
    say: Text
    then: Then = "listen"
    target: Name | None = None


def _listed(value: Any) -> Any:
    return [{"say": value}] if isinstance(value, str) else value


Answers = Annotated[list[Answer], BeforeValidator(_listed)]


class Intent(Model):
    """Something a caller may want, how it is said, and what the bot does about it."""

    act: Act = "answer"
    phrases: list[Text] = []
    patterns: list[Text] = []
    unless: list[Text] = []
    slots: list[Name] = []
    look_up: Name | None = None
    answer: Answers = []
    not_found: Text | None = None
    confirm: Text | None = None
    about: Text | None = None
    target: Name | None = None

    @model_validator(mode="after")
    def _agree(self) -> Intent:
        if not self.phrases and not self.patterns:
            raise ValueError("give `phrases:` or `patterns:` by which it is recognised")
        if self.act == "answer" and not self.answer:
            raise ValueError("`answer:` is missing: what the bot says")
        if self.act != "answer" and (self.answer or self.slots or self.look_up):
            raise ValueError(f"an intent with `act: {self.act}` has no `answer`, `slots` or `look_up`")
        if self.look_up is not None and self.not_found is None:
            raise ValueError("`not_found:` is missing: what is said when the look-up knows nothing")
        if self.target is not None and self.act != "transfer":
            raise ValueError("`target:` goes with `act: transfer`, or into an answer with `then: transfer`")
        return self


class LookUpSource(Model):
    """Where answers come from: a YAML file of rows, or an HTTP endpoint.

    key: the slot whose value names the row of the file.
    gives: the values an answer has, for use in templates.
    headers: header name to the environment variable that holds its value.
    """

    file: Text | None = None
    key: Name | None = None
    url: Text | None = None
    method: Literal["GET", "POST"] = "GET"
    timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 3.0
    headers: dict[str, Text] = {}
    gives: list[Name] = Field(min_length=1)

    @property
    def needs(self) -> frozenset[str]:
        """The slots that it is asked by."""
        if self.url is None:
            return frozenset((self.key or "",)) - {""}
        return frozenset(re.findall(r"\{(\w+)\}", self.url))

    @model_validator(mode="after")
    def _agree(self) -> LookUpSource:
        if (self.file is None) == (self.url is None):
            raise ValueError("give either `file:` or `url:`")
        if self.file is not None and self.key is None:
            raise ValueError("`key:` is missing: the slot whose value names the row")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError("`url:` must begin with http:// or https://")
        return self


CrmName = Literal["hubspot", "salesforce", "zendesk", "webhook"]
Property = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,100}$")]
Value = Annotated[str, StringConstraints(pattern=r"^(call\.)?[a-z][a-z0-9_]{0,63}$")]


class CrmFields(Model):
    """Which value (a slot, or `call.` and a field) goes into which property of a CRM's objects.

    contact: of contacts, leads and users that are created; call: of what is written about the call.
    """

    contact: dict[Property, Value] = {}
    call: dict[Property, Value] = {}


class CrmSpec(Model):
    """Who is told about the calls: of the CRMs that VOICEBOT_CRM names, all if `targets` is left out.

    customer: properties of the caller that routing rules may ask for, by CRM the property's name there.
    """

    targets: list[CrmName] | None = None
    fields: dict[CrmName, CrmFields] = {}
    customer: dict[Literal["hubspot", "salesforce", "zendesk"], dict[Name, Property]] = {}


class Limits(Model):
    """Numbers of the conversation's patience and trust.

    threshold: confidence from which an intent counts; confirm_below: recogniser confidence (0..1) below which an
    intent with `confirm`, and a transfer, is asked back; too_long: what follows when a call is over-long;
    patience: how long callers are given to go on before they are answered.
    """

    threshold: Annotated[float, Field(ge=0.5, le=1)] = 0.75
    confirm_below: Annotated[float, Field(ge=0, le=1)] = 0.4
    too_long: Literal["transfer", "hang_up"] = "transfer"
    patience: Pace = "normal"


class DialogFile(Model):
    """The whole file."""

    name: Text
    language: Language = "en"
    limits: Limits = Limits()
    says: Says
    hints: HintTexts = HintTexts()
    slots: dict[Name, Slot] = {}
    look_ups: dict[Name, LookUpSource] = {}
    intents: dict[Name, Intent] = Field(min_length=1)
    hours: dict[Name, Opening] = {}
    targets: dict[Name, TargetSpec] = Field(min_length=1)
    handover: Handover
    crm: CrmSpec = CrmSpec()
