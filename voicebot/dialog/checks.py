"""What types cannot say of a dialog file: names exist, patterns compile, templates have their variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from voicebot.dialog.checksums import CARD_LENGTHS
from voicebot.dialog.crm_plan import CALL_FIELDS
from voicebot.dialog.intents import PLACEHOLDER, Intents
from voicebot.dialog.replies import Replies
from voicebot.dialog.routing import FALLBACK, Router, rule_name
from voicebot.dialog.schema import DialogFile, Intent, Slot
from voicebot.dialog.script import CUSTOMER_NAME, RESERVED, Script
from voicebot.dialog.slots import SlotReader
from voicebot.dialog.words import split
from voicebot.people import KNOWN, NAME

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake: where it is in the file's structure, and what is wrong."""

    loc: Loc
    message: str


def compile_script(file: DialogFile) -> Script | list[Problem]:
    """The file made ready for conversations, or everything that is wrong with it."""
    replies = Replies({"name": file.name})
    problems = [*_names(file), *_patterns(file), *_templates(file, replies), *_twice(file), *_sense(file)]
    if problems:
        return problems
    slots = {name: SlotReader(name, slot) for name, slot in file.slots.items()}
    values = {name: slot.pattern for name, slot in file.slots.items() if slot.pattern and not slot.spelt}
    return Script(file, replies, Intents(file.intents, file.limits.threshold, values), slots, Router(file))


def advice(file: DialogFile) -> Iterator[Problem]:
    """What is no mistake, and yet worth a look."""
    for name, slot in file.slots.items():
        if "private" not in slot.model_fields_set and (secret := _secret(name, slot)):
            yield Problem(
                ("slots", name),
                f"this looks like {secret}: write `private: true`, so that it is recorded and kept nowhere "
                "(or `private: false` where it is none)",
            )


def _secret(name: str, slot: Slot) -> str:
    """What the digits of `slot` seem to be that should not be kept, or ""."""
    if not slot.spelt or slot.alphabet != "digits":
        return ""
    said = " ".join((name.replace("_", " "), slot.prompt, *slot.cues)).lower()
    # Phones have a check digit of the same rule, and 15 digits.
    as_long = any(length in CARD_LENGTHS for length in slot.lengths)
    checked = slot.checksum == "luhn" and slot.lengths != [15]
    if as_long and (checked or re.search(r"\bcard\b", said)):
        return "a payment card number"
    return "a secret" if re.search(r"\b(?:pin|cvv|cvc|security code)\b", said) else ""


def _names(file: DialogFile) -> Iterator[Problem]:
    def known(loc: Loc, name: str | None, kind: str, names: Iterable[str]) -> Iterator[Problem]:
        there = sorted(names)
        if name is not None and name not in there:
            yield Problem(loc, f"there is no {kind} `{name}`; there is: {', '.join(there) or 'none'}")

    for slot_name, slot in file.slots.items():
        yield from known(("slots", slot_name, "means"), slot.means, "intent", file.intents)
        yield from known(("slots", slot_name, "look_up"), slot.look_up, "look-up", file.look_ups)
    for name, intent in file.intents.items():
        here: Loc = ("intents", name)
        for index, slot_name in enumerate(intent.slots):
            yield from known((*here, "slots", index), slot_name, "slot", file.slots)
        for index, phrase in enumerate(intent.phrases):
            for used in PLACEHOLDER.findall(phrase):
                yield from known((*here, "phrases", index), used, "slot", file.slots)
        yield from known((*here, "look_up"), intent.look_up, "look-up", file.look_ups)
        yield from known((*here, "target"), intent.target, "target", file.targets)
        for index, answer in enumerate(intent.answer):
            yield from known((*here, "answer", index, "target"), answer.target, "target", file.targets)
    for name, source in file.look_ups.items():
        yield from known(("look_ups", name, "key"), source.key, "slot", file.slots)
        for used in re.findall(r"\{(\w*)\}", source.url or ""):
            yield from known(("look_ups", name, "url"), used, "slot", file.slots)
        for index, given in enumerate(source.gives):
            if given in file.slots or given in RESERVED:
                yield Problem(
                    ("look_ups", name, "gives", index), f"`{given}` is already the name of something else"
                )
    for name in file.slots:
        if name in RESERVED:
            yield Problem(("slots", name), f"`{name}` is a reserved name")
    for name, target in file.targets.items():
        yield from known(("targets", name, "hours"), target.hours, "opening hours", file.hours)
    skills = {skill for target in file.targets.values() for skill in target.skills}
    for index, route in enumerate(file.handover.routing):
        here = ("handover", "routing", index)
        for intent_name in route.intent:
            yield from known((*here, "intent"), intent_name, "intent", file.intents)
        yield from known((*here, "target"), route.target, "target", file.targets)
        for number, target_name in enumerate(route.targets):
            yield from known((*here, "targets", number), target_name, "target", file.targets)
        yield from known((*here, "skill"), route.skill, "skill", skills)
    yield from known(("handover", "fallback"), file.handover.fallback, "target", file.targets)
    if file.handover.callback is not None:
        yield from known(("handover", "callback", "slot"), file.handover.callback.slot, "slot", file.slots)
    for vendor, properties in file.crm.customer.items():
        if file.crm.targets is not None and vendor not in file.crm.targets:
            yield Problem(
                ("crm", "customer", vendor), f"`{vendor}` is not among `crm.targets`: add it there, or drop this"
            )
        for name in properties:
            if name in (KNOWN, NAME):
                yield Problem(("crm", "customer", vendor, name), f"`{name}` is known without asking for it")
    for crm, fields in file.crm.fields.items():
        if file.crm.targets is not None and crm not in file.crm.targets:
            yield Problem(
                ("crm", "fields", crm), f"`{crm}` is not among `crm.targets`: add it there, or drop this"
            )
        for part in ("contact", "call"):
            for name, value in getattr(fields, part).items():
                here = ("crm", "fields", crm, part, name)
                if value.startswith("call."):
                    yield from known(here, value.removeprefix("call."), "field of calls", CALL_FIELDS)
                else:
                    yield from known(here, value, "slot", file.slots)


def _patterns(file: DialogFile) -> Iterator[Problem]:
    def compiled(loc: Loc, pattern: str) -> Iterator[Problem]:
        try:
            re.compile(pattern)
        except re.error as error:
            at = "" if error.pos is None else f" at character {error.pos + 1}"
            yield Problem(loc, f"not a valid regular expression: {error.msg}{at}")

    for name, slot in file.slots.items():
        if slot.pattern is not None:
            yield from compiled(("slots", name, "pattern"), slot.pattern)
    for name, intent in file.intents.items():
        for index, pattern in enumerate(intent.patterns):
            yield from compiled(("intents", name, "patterns", index), pattern)
        for index, pattern in enumerate(intent.unless):
            yield from compiled(("intents", name, "unless", index), pattern)


def _templates(file: DialogFile, replies: Replies) -> Iterator[Problem]:
    def added(
        loc: Loc, source: str | None, variables: Iterable[str] = (), add: Callable[..., None] = replies.add
    ) -> Iterator[Problem]:
        if source is None:
            return
        try:
            add(source, variables)
        except ValueError as error:
            yield Problem(loc, str(error))

    # The whisper, and every `about` with it, goes through the gateway and is shown at desks: no place for private
    # values.
    told = partial(replies.add, private=[name for name, slot in file.slots.items() if slot.private])
    for loc, source in says(file):
        yield from added(loc, source)
    for name, slot in file.slots.items():
        for part in ("prompt", "reprompt", "unknown"):
            yield from added(("slots", name, part), getattr(slot, part))
        yield from added(("slots", name, "rest"), slot.rest, ["so_far"])
        yield from added(("slots", name, "invalid"), slot.invalid, ["heard"])
        yield from added(("slots", name, "read_back"), slot.read_back, ["heard"])
    for name, intent in file.intents.items():
        here: Loc = ("intents", name)
        everything = [*intent.slots, *_given(file, intent)]
        for index, answer in enumerate(intent.answer):
            yield from added((*here, "answer", index, "say"), answer.say, everything)
            yield from added((*here, "answer", index, "when"), answer.when, everything, replies.add_condition)
        yield from added((*here, "not_found"), intent.not_found, intent.slots)
        yield from added((*here, "confirm"), intent.confirm, intent.slots)
        yield from added((*here, "about"), intent.about, everything, told)
    yield from added(
        ("handover", "whisper"),
        file.handover.whisper,
        [*RESERVED, CUSTOMER_NAME, *file.slots, *_all_given(file)],
        told,
    )
    yield from _handover_templates(file, replies, added)


def _handover_templates(
    file: DialogFile, replies: Replies, added: Callable[..., Iterator[Problem]]
) -> Iterator[Problem]:
    handover = file.handover
    for name in ("wants_person", "nothing_yet", "accept", "absent", "instead"):
        yield from added(("handover", name), getattr(handover, name))
    yield from added(("handover", "closed"), handover.closed, ["opens"])
    yield from added(("handover", "waited"), handover.waited, ["waited"])
    yield from added(("handover", "in_line"), handover.in_line, ["place", "ahead", "waited"])
    if handover.callback is not None:
        for name in ("confirm", "done", "about"):
            yield from added(("handover", "callback", name), getattr(handover.callback, name), ["number"])
    if handover.voicemail is not None:
        for name in ("prompt", "done"):
            yield from added(("handover", "voicemail", name), getattr(handover.voicemail, name))
        yield from added(("handover", "voicemail", "about"), handover.voicemail.about, ["message"])
    for index, route in enumerate(handover.routing):
        values = ["caller", "called", *file.slots, *_all_given(file)]
        yield from added(("handover", "routing", index, "when"), route.when, values, replies.add_condition)


def says(file: DialogFile) -> Iterator[tuple[Loc, str]]:
    """Every sentence under `says`, with its place."""
    for name in type(file.says).model_fields:
        value = getattr(file.says, name)
        if isinstance(value, str):
            yield ("says", name), value
        elif isinstance(value, list):
            for index, text in enumerate(value):
                yield ("says", name, index), text
        elif value is not None:
            for reason in type(value).model_fields:
                if (text := getattr(value, reason)) is not None:
                    yield ("says", name, reason), text


def _given(file: DialogFile, intent: Intent) -> list[str]:
    source = file.look_ups.get(intent.look_up) if intent.look_up is not None else None
    return source.gives if source is not None else []


def _all_given(file: DialogFile) -> list[str]:
    return [name for source in file.look_ups.values() for name in source.gives]


def _twice(file: DialogFile) -> Iterator[Problem]:
    """Phrases that two intents share: which of them is meant would be chance."""
    owners: dict[tuple[str, ...], str] = {}
    for name, intent in file.intents.items():
        for index, phrase in enumerate(intent.phrases):
            owner = owners.setdefault(split(PLACEHOLDER.sub(" ", phrase)).tokens, name)
            if owner != name:
                yield Problem(("intents", name, "phrases", index), f"the intent `{owner}` has this phrase already")


def _sense(file: DialogFile) -> Iterator[Problem]:
    """Files that would load but leave a caller stuck."""
    acts = {intent.act for intent in file.intents.values()}
    for act in ("transfer", "yes", "no"):
        if act not in acts:
            yield Problem(("intents",), f"no intent has `act: {act}`; callers could not say it")
    yield from _reachable(file)
    for name, intent in file.intents.items():
        if intent.answer and intent.answer[-1].when is not None:
            yield Problem(
                ("intents", name, "answer", len(intent.answer) - 1, "when"),
                "the last answer must have no `when`, or there may be none to give",
            )
    for name, slot in file.slots.items():
        if slot.look_up in file.look_ups and file.look_ups[slot.look_up].needs != {name}:
            yield Problem(("slots", name, "look_up"), f"the look-up must go by `{name}` alone, and does not")
        if slot.mishearings and slot.read_back is None:
            yield Problem(
                ("slots", name, "mishearings"), "`read_back:` is missing: what was guessed is asked about"
            )
    for name, source in file.look_ups.items():
        users = [key for key, intent in file.intents.items() if intent.look_up == name]
        for user in users:
            for needed in sorted(source.needs - set(file.intents[user].slots)):
                yield Problem(
                    ("intents", user, "look_up"), f"the look-up needs the slot `{needed}`; list it under `slots`"
                )


def _reachable(file: DialogFile) -> Iterator[Problem]:
    """Offers nobody could take, and hours nobody would hear of."""
    handover = file.handover
    for act, offer in (("callback", handover.callback), ("voicemail", handover.voicemail)):
        users = [name for name, intent in file.intents.items() if intent.act == act]
        if offer is not None and not users:
            yield Problem(("handover", act), f"no intent has `act: {act}`; callers could not choose it")
        if offer is None and users:
            yield Problem(("intents", users[0], "act"), f"it needs `handover.{act}`, which says how it is done")
    if handover.callback is not None and (slot := file.slots.get(handover.callback.slot)) and not slot.digits:
        yield Problem(("handover", "callback", "slot"), "the slot must be a number: give it `digits`")
    if handover.closed is None and any(target.hours for target in file.targets.values()):
        yield Problem(("handover",), "`closed:` is missing: what callers hear while nobody is there")
    names: dict[str, int] = {FALLBACK: 0}
    for index, route in enumerate(handover.routing):
        name = rule_name(route, index)
        if name in names:
            yield Problem(("handover", "routing", index, "name"), f"another rule is called `{name}` already")
        names[name] = index
