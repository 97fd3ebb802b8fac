"""The part of the dialog file that says who takes a call, when, and what is done if nobody does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from voicebot.dialog import hours
from voicebot.dialog.model import Language, Model, Name, Text

Reason = Literal["requested", "pressed_zero", "not_understood", "silent", "rule", "failure"]
Ring = Literal["together", "in_turn"]
ANYBODY = "*"
"""As a value under `customer:`: the property is known, whatever it is."""


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[Name], BeforeValidator(_many)]
Texts = Annotated[list[Text], BeforeValidator(_many)]


class Opening(Model):
    """When somebody is there: weekdays to spans, in a time zone; on holidays nobody is."""

    zone: Text
    week: dict[str, Text | list[Text]] = Field(min_length=1)
    holidays: list[Text] = []

    @model_validator(mode="after")
    def _agree(self) -> Opening:
        self.compiled()
        return self

    def compiled(self) -> hours.Hours:
        """Ready to be asked. Raises ValueError."""
        return hours.compiled(self.zone, self.week, self.holidays)


class TargetSpec(Model):
    """A person or group a call can be handed to; most fields are those of `dialog.targets.Target`.

    skills: what rules may ask for; languages: spoken there, any if empty; hours: name of the opening hours.
    """

    kind: Literal["user", "phone", "sip", "queue"]
    address: Text
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 25
    talk_seconds: Annotated[int, Field(ge=10, le=86400)] | None = None
    music: str = ""
    trunk: str = ""
    caller_id: str = ""
    priority: Annotated[int, Field(ge=0, le=99)] = 5
    wait_seconds: Annotated[int, Field(ge=10, le=7200)] = 300
    say_seconds: Annotated[int, Field(ge=5, le=300)] = 30
    skills: list[Name] = []
    languages: list[Language] = []
    hours: Name | None = None

    @model_validator(mode="after")
    def _agree(self) -> TargetSpec:
        if self.kind == "sip" and not self.address.startswith(("sip:", "sips:")):
            raise ValueError("the address of a `sip` target is a URI such as sip:desk@pbx.example")
        if self.kind == "phone" and not (self.address.startswith("+") and self.address[1:].isdigit()):
            raise ValueError('the address of a `phone` target is an E.164 number in quotes, such as "+15550100"')
        if self.kind == "queue" and self.music and not self.music.startswith(("http://", "https://")):
            raise ValueError("the `music` of a queue is the URL of a sound file, http or https")
        return self


class Route(Model):
    """A rule of who takes a transfer; every condition it has must hold.

    intent: the caller's main one; called, caller: numbers; when: a condition on slots and what look-ups gave.
    customer: properties of the caller in the CRM, with the value they must have; `*` is any.
    failures: from this many misunderstandings on; words: any of them was said; reason: why a person is wanted.
    """

    name: Name | None = None
    intent: Names = []
    called: Texts = []
    caller: Texts = []
    when: Text | None = None
    customer: dict[Text, Texts] = {}
    failures: Annotated[int, Field(ge=1, le=99)] | None = None
    words: Texts = []
    reason: Annotated[list[Reason], BeforeValidator(_many)] = []
    target: Name | None = None
    targets: list[Name] = []
    skill: Name | None = None
    ring: Ring = "together"

    @model_validator(mode="after")
    def _agree(self) -> Route:
        if not self.conditions:
            raise ValueError("give `intent:` or `called:`, or another condition; without one it is the `fallback`")
        if (self.target is not None) + bool(self.targets) + (self.skill is not None) != 1:
            raise ValueError("say who takes the call: one of `target:`, `targets:` and `skill:`")
        return self

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions it has, by key."""
        keys = ("intent", "called", "caller", "when", "customer", "failures", "words", "reason")
        return {key: value for key in keys if (value := getattr(self, key))}


class Callback(Model):
    """Calling back: `slot` takes a number other than the caller's; `{{ number }}` is the one that was agreed."""

    slot: Name
    confirm: Text
    done: Text
    about: Text = "Wants to be called back on {{ number }}."


class Voicemail(Model):
    """Leaving a message; `{{ message }}` is what was said."""

    prompt: Text
    done: Text
    about: Text = 'Left a message: "{{ message }}"'


class Handover(Model):
    """What the agent is told, who takes the call, and what is offered when nobody does.

    waited: added to the whisper of a caller who waited for a minute or more; accept: what to press to take it.
    closed, absent: said when nobody is there at this hour, or at their phone; instead: what is offered then.
    in_line: a caller's place in a queue.
    """

    whisper: Text
    waited: Text = "Waited {{ waited }}."
    accept: Text | None = None
    wants_person: Text
    nothing_yet: Text
    routing: list[Route] = []
    fallback: Name
    closed: Text | None = None
    absent: Text | None = None
    instead: Text | None = None
    in_line: Text = "You are number {{ place }} in line. Please stay on the line."
    callback: Callback | None = None
    voicemail: Voicemail | None = None

    @model_validator(mode="after")
    def _agree(self) -> Handover:
        if self.instead is None and (self.callback is not None or self.voicemail is not None):
            raise ValueError("`instead:` is missing: the question that offers a call back or a message")
        return self
