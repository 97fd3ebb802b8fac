"""The way to a person, and what a caller is offered where there is none."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.dialog.talk import DEMO
from tests.dialog.test_docs import small_bot
from voicebot.dialog import FileConversation, load
from voicebot.dialog.checks import compile_script
from voicebot.dialog.handing import Route
from voicebot.dialog.hours import compiled
from voicebot.dialog.script import Script
from voicebot.dialog.types import (
    NOWHERE,
    PRESENCE,
    Comeback,
    Completeness,
    HangUp,
    KeyState,
    Listen,
    LookUp,
    LookUpResult,
    Meaning,
    Move,
    Promise,
    Recollection,
    Surroundings,
    Transfer,
    TransferReason,
    Trouble,
)

ZONE = ZoneInfo("America/New_York")
FRIDAY = Surroundings(lambda: datetime(2026, 11, 20, 12, tzinfo=ZONE))
SUNDAY = Surroundings(lambda: datetime(2026, 11, 22, 12, tzinfo=ZONE))
INSTEAD = (
    "A colleague can call you back, you can leave a message, or I can try again. Say which, or press 1, 2 or 3."
)
CALLER = "+15550100"


def _call(
    around: Surroundings = NOWHERE, caller: str = CALLER, earlier: Recollection | None = None
) -> FileConversation:
    return DEMO.converse(caller, "+15550199", earlier, around)


def _changed(
    around: Surroundings, routing: list[Route] | None = None, **targets: dict[str, Any]
) -> FileConversation:
    """A call with the demo, with other rules and with `targets` changed."""
    script = DEMO._script
    handover = script.file.handover.model_copy(update={} if routing is None else {"routing": routing})
    changed = {name: script.file.targets[name].model_copy(update=fields) for name, fields in targets.items()}
    compiled_script = compile_script(
        script.file.model_copy(update={"handover": handover, "targets": {**script.file.targets, **changed}})
    )
    assert isinstance(compiled_script, Script)
    return FileConversation(compiled_script, CALLER, "+15550199", None, around)


def _closed_shop() -> FileConversation:
    """The demo, whose desk has the hours of its office too, on a Sunday."""
    return _changed(SUNDAY, desk={"hours": "office"})


def _say_number(call: FileConversation) -> Move:
    return call.hear("five five five two three four five", 0.9)


def _key_number(call: FileConversation) -> Move:
    return call.press("5552345#")


def _said(move: Move) -> str:
    return " ".join(line.text for line in move.say)


def _transfer(move: Move) -> Transfer:
    assert isinstance(move.then, Transfer)
    return move.then


def test_a_transfer_names_its_rule_and_everybody_who_is_asked() -> None:
    """During office hours billing rings first, then the desk; on Sundays the desk alone."""
    for around, asked in ((FRIDAY, ("billing", "desk")), (SUNDAY, ("desk",)), (NOWHERE, ("billing", "desk"))):
        call = _call(around)
        call.hear("I was charged twice", 0.9)
        transfer = _transfer(call.hear("yes please", 0.9))
        assert (transfer.rule, transfer.targets, transfer.in_turn) == ("billing", asked, True)


def test_who_is_asked_for_by_name_is_not_asked_outside_the_hours() -> None:
    """ "Put me through to billing" reaches billing on Friday and the desk on Sunday."""
    assert _transfer(_call(FRIDAY).hear("put me through to billing", 0.9)).targets == ("billing",)
    assert _transfer(_call(SUNDAY).hear("put me through to billing", 0.9)).targets == ("desk",)


def test_closed_hours_are_told_with_the_next_opening_and_what_can_be_done() -> None:
    """Nobody is rung at night; the caller hears when somebody is back."""
    call = _closed_shop()
    move = call.hear("I want to speak to an agent", 0.9)
    assert move.then == Listen()
    assert "They will be back tomorrow at 9 AM." in _said(move)
    assert _said(move).endswith(INSTEAD)


def test_a_caller_who_only_babbles_is_not_told_for_ever_that_it_is_closed() -> None:
    """After the second time the bot says goodbye; one who asks is told again."""
    call = _closed_shop()
    moves = [call.hear(text, 0.9) for text in ["blue giraffe", "pink zebra", "red ox", "grey hippo"]]
    assert [move.then for move in moves] == [Listen(), Listen(), Listen(), HangUp("nobody_there")]
    call = _closed_shop()
    assert [call.hear("agent", 0.9).then for _ in range(4)] == [Listen()] * 4


def test_who_is_there_is_asked_before_anything_is_promised() -> None:
    """The look-up gets the addresses of the users in question; then those who are there ring."""
    call = _call(Surroundings(FRIDAY.now, presence=True))
    call.hear("I was charged twice", 0.9)
    move = call.hear("yes", 0.9)
    assert isinstance(move.then, LookUp)
    assert (move.then.name, move.then.slots) == (PRESENCE, {"billing": "billing", "desk": "desk"})
    assert move.say == ()
    move = call.looked_up(LookUpResult(True, {"billing": "no", "desk": "yes"}))
    assert _transfer(move).targets == ("desk",)
    assert "I'm connecting you" in _said(move)


def test_nobody_at_the_phone_is_told_at_once() -> None:
    """The caller does not listen to ringing in an empty room."""
    call = _call(Surroundings(FRIDAY.now, presence=True))
    assert isinstance(call.hear("agent", 0.9).then, LookUp)
    move = call.looked_up(LookUpResult(True, {"desk": "no"}))
    assert move.then == Listen()
    assert _said(move) == f"I'm sorry, none of my colleagues is at the phone right now. {INSTEAD}"


@pytest.mark.parametrize("unknown", [LookUpResult(False), None])
def test_not_knowing_who_is_there_rings_as_ever(unknown: LookUpResult | None) -> None:
    """An API that fails costs nobody their call: no apology, no fallback."""
    call = _call(Surroundings(FRIDAY.now, presence=True))
    call.hear("agent", 0.9)
    move = call.trouble(Trouble.LOOKUP) if unknown is None else call.looked_up(unknown)
    assert _transfer(move).reason is TransferReason.REQUESTED
    assert "sorry" not in _said(move)


@pytest.mark.parametrize("comeback", list(Comeback))
def test_a_caller_nobody_took_is_told_why_and_offered_something_else(comeback: Comeback) -> None:
    """Whatever went wrong, the caller is back and has a choice; a reason without words of its own is nobody's."""
    move = _call().open(comeback)
    texts = DEMO._script.file.says.comeback
    assert _said(move) == f"{getattr(texts, comeback.value) or texts.no_answer} {INSTEAD}"


def test_a_dialog_without_anything_to_offer_tries_again_on_a_yes(tmp_path: Path) -> None:
    """Three times; then the caller hears that nobody is there, and goodbye."""
    (tmp_path / "shop.yaml").write_text(small_bot())
    bot = load(tmp_path / "shop.yaml")
    call = bot.converse(CALLER, "")
    assert _said(call.open(Comeback.BUSY)) == "Everybody is on the phone. Shall I try once more?"
    assert _transfer(call.hear("yes", 0.9)).rule == "fallback"
    tired = bot.converse(CALLER, "", Recollection(Meaning(None, 0.0), "", attempts=3))
    assert tired.open(Comeback.BUSY).then == HangUp("nobody_there")


def test_another_try_is_one_of_the_choices() -> None:
    """ "Try again" rings again, up to the third time."""
    call = _call()
    call.open(Comeback.BUSY)
    assert _transfer(call.hear("try again please", 0.9)).target == "desk"
    tired = _call(earlier=Recollection(Meaning(None, 0.0), "", attempts=3))
    tired.open(Comeback.BUSY)
    move = tired.hear("try again please", 0.9)
    assert (move.then, _said(move).endswith(INSTEAD)) == (Listen(), True)


def test_the_choice_may_be_keyed_in() -> None:
    """For those whose line is bad: 1 is a call back, 2 a message, 3 another try, 0 a person as everywhere."""
    said = []
    for key in "123045":
        call = _call()
        call.open(Comeback.BUSY)
        said.append(_said(call.press(key)))
    assert said[0].startswith("We would call you back on")
    assert said[1].startswith("Please leave your message now")
    assert said[2].startswith("I'm connecting you")
    assert said[3] == said[2]
    assert (
        said[4]
        == said[5]
        == f"Sorry, that key does nothing here. Press zero for a person, or just tell me what you need. {INSTEAD}"
    )


def test_a_call_back_is_promised_to_the_caller_s_own_number() -> None:
    """The number is read back; yes makes it a promise, in the slot, the summary and the outcome."""
    call = _call()
    call.open(Comeback.NO_ANSWER)
    move = call.hear("please call me back", 0.9)
    assert _said(move) == "We would call you back on 1 5 5 5 0 1 0 0. Is that the right number?"
    move = call.hear("yes", 0.9)
    assert _said(move).startswith("All right, a colleague will call you back on 1 5 5 5 0 1 0 0.")
    assert call.promise is Promise.CALLBACK
    assert call.meaning.slots["callback"] == CALLER
    assert "Wants to be called back on +15550100." in call.summary
    assert "Wants to speak to a person." not in call.summary
    assert call.settled
    assert call.hear("no that's all", 0.9).then == HangUp("goodbye")


def test_another_number_may_be_given_by_voice_or_by_keys() -> None:
    """No leads to the question for the number, and the number is confirmed in its turn."""
    for give in (_say_number, _key_number):
        call = _call()
        call.hear("call me back", 0.9)
        assert _said(call.hear("no", 0.9)).startswith("On which number should we call you?")
        assert _said(give(call)) == "We would call you back on 5 5 5 2 3 4 5. Is that the right number?"
        call.hear("yes", 0.9)
        assert call.meaning.slots["callback"] == "5552345"


@pytest.mark.parametrize("caller", ["anonymous", "", "sip:ada@pbx.example", "0"])
def test_a_caller_without_a_number_is_asked_for_one(caller: str) -> None:
    """There is nothing to read back."""
    move = _call(caller=caller).hear("call me back", 0.9)
    assert _said(move).startswith("On which number should we call you?")


def test_everything_said_in_a_message_is_part_of_it() -> None:
    """Words that would mean something elsewhere are not answered; pauses do not end the message."""
    call = _call()
    call.open(Comeback.WAITED)
    assert "Please leave your message now" in _said(call.hear("I want to leave a message", 0.9))
    for words in ("Hello, this is Ada.", "My order never arrived, I want to speak to an agent.", "Goodbye."):
        assert call.completeness(words) is Completeness.UNFINISHED
        assert call.hear(words, 0.9) == Move((), Listen())
    assert call.completeness("um") is Completeness.NOTHING
    move = call.silent()
    assert move.then == HangUp("voicemail")
    assert _said(move).startswith("Thank you. A colleague will get your message.")
    assert call.promise is Promise.VOICEMAIL
    assert (
        'Left a message: "Hello, this is Ada. My order never arrived, I want to speak to an agent. Goodbye."'
        in call.summary
    )


def test_a_key_ends_the_message_and_zero_is_still_a_person() -> None:
    """Any key but 0; what was said before 0 is kept."""
    call = _call()
    call.hear("leave a message", 0.9)
    call.hear("Ada here.", 0.9)
    assert call.keys("5") is KeyState.DONE
    assert call.press("5").then == HangUp("voicemail")
    call = _call()
    call.hear("leave a message", 0.9)
    call.hear("Ada here.", 0.9)
    assert _transfer(call.press("0")).target == "desk"
    assert "Ada here." in call.summary


def test_a_message_nobody_leaves_is_asked_for_once_more() -> None:
    """Then the bot hangs up; nothing was promised."""
    call = _call()
    call.hear("leave a message", 0.9)
    assert "Please leave your message now" in _said(call.silent())
    assert call.silent().then == HangUp("silent")
    assert call.promise is None


def test_an_endless_message_comes_to_an_end() -> None:
    """A radio beside the phone fills no note; the longest call ends it as well."""
    call = _call()
    call.hear("leave a message", 0.9)
    moves = [call.hear("and so on " * 50, 0.9) for _ in range(10)]
    assert HangUp("voicemail") in [move.then for move in moves]
    call = _call()
    call.hear("leave a message", 0.9)
    call.hear("Ada here.", 0.9)
    assert call.trouble(Trouble.TOO_LONG).then == HangUp("voicemail")


def test_a_caller_who_hangs_up_after_the_message_has_left_it() -> None:
    """Most do."""
    call = _call()
    call.hear("leave a message", 0.9)
    assert not call.settled
    call.hear("Ada here.", 0.9)
    assert call.settled
    assert call.promise is Promise.VOICEMAIL


def test_yes_to_a_choice_is_no_choice() -> None:
    """The question is asked again; no goes on with the bot."""
    call = _call()
    call.open(Comeback.BUSY)
    assert _said(call.hear("yes", 0.9)) == INSTEAD
    assert _said(call.hear("no", 0.9)) == "All right. What can I help you with?"


@pytest.mark.parametrize(
    ("rule", "before", "applies"),
    [
        ({"words": "ridiculous"}, ["this is ridiculous"], True),
        ({"words": "ridiculous"}, ["purple monkey dishwasher"], False),
        ({"failures": 1}, ["purple monkey dishwasher"], True),
        ({"failures": 2}, ["purple monkey dishwasher"], False),
        ({"customer": {"tier": "gold"}}, [], True),
        ({"customer": {"tier": "silver"}}, [], False),
        ({"caller": "+1555*"}, [], True),
        ({"when": "caller == '+15550100'"}, [], True),
        ({"when": "order_number == '1234'"}, ["where is order 1234"], True),
        ({"when": "order_number == '1234'"}, [], False),
    ],
)
def test_rules_see_what_was_said_misunderstood_and_known(
    rule: dict[str, Any], before: list[str], applies: bool
) -> None:
    """Words, failures, values and the customer's properties reach the rules of the file."""
    call = _changed(Surroundings(customer={"tier": "gold"}), routing=[Route(name="it", target="billing", **rule)])
    for words in before:
        if isinstance(call.hear(words, 0.9).then, LookUp):
            call.looked_up(LookUpResult(True, {"status": "shipped", "items": "a hat", "arrives": "today"}))
    assert (_transfer(call.hear("agent", 0.9)).rule == "it") is applies


def test_what_a_crm_says_of_the_caller_counts_as_soon_as_it_is_known() -> None:
    """A rule may ask for it; what was said of this very call beforehand goes before it."""
    rules = [
        Route(name="gold", customer={"tier": ["gold"]}, target="billing"),
        Route(name="stranger", customer={"known": ["no"]}, target="billing"),
    ]
    call = _changed(NOWHERE, routing=rules)
    assert _transfer(call.hear("agent", 0.9)).rule == "fallback"
    call = _changed(NOWHERE, routing=rules)
    call.know({"known": "yes", "tier": "Gold"})
    assert _transfer(call.hear("agent", 0.9)).rule == "gold"
    call = _changed(Surroundings(customer={"tier": "silver"}), routing=rules)
    call.know({"known": "no", "tier": "gold"})
    assert _transfer(call.hear("agent", 0.9)).rule == "stranger"


def test_the_whisper_names_a_caller_whom_a_crm_knows() -> None:
    """Nobody is named otherwise."""
    call = _call()
    call.know({"known": "yes", "name": "Ada Byron"})
    assert "assistant. Ada Byron calls. " in _transfer(call.hear("agent", 0.9)).whisper
    assert "calls" not in _transfer(_call().hear("agent", 0.9)).whisper


def test_the_whisper_tells_a_long_wait() -> None:
    """A caller who was connected at once has not waited."""
    assert DEMO.whisper("About order 1234.", 59.0) == "About order 1234."
    assert DEMO.whisper("About order 1234.", 130.0) == "About order 1234. Waited 2 minutes."
    assert DEMO.accept == "Press 1 to take the call, or 2 to decline."
    assert DEMO.in_line(1, 90.0) == "You are number 2 in line. Please stay on the line."


def test_the_office_is_closed_when_its_hours_say_so() -> None:
    """The demo's own hours are those its answer tells callers."""
    office = DEMO._script.file.hours["office"].compiled()
    assert office == compiled(
        "America/New_York", {"mon-fri": "09:00-18:00", "sat": "10:00-16:00"}, ["01-01", "07-04", "12-25"]
    )
    assert DEMO.who_takes_what(datetime(2026, 11, 22, 12, tzinfo=ZONE)) == [
        "billing   intent billing -> billing (closed, opens tomorrow at 9 AM), then desk",
        "fallback  anything else -> desk",
    ]
