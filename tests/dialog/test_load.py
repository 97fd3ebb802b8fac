"""Mistakes in a dialog file are reported where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialog.talk import CONFIG, DEMO
from voicebot.dialog import advise, load
from voicebot.dialog.targets import Target, TargetKind
from voicebot.errors import DialogError

TEXT = (CONFIG / "dialog.yaml").read_text()


def mistakes(folder: Path, text: str) -> list[str]:
    """What `load` says of `text`, one message per line, without the folder."""
    path = folder / "bot.yaml"
    path.write_text(text)
    with pytest.raises(DialogError) as caught:
        load(path)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def changed(old: str, new: str) -> tuple[str, str]:
    """The demo's file with one change, and the `file:line` of the change."""
    assert old in TEXT
    return TEXT.replace(old, new, 1), f"bot.yaml:{TEXT[: TEXT.index(old)].count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    digits: [4, 6]", "    digits: [4, six]", ":17: slots.order_number.digits[2]: "),
        ("    means: order_status", "    means: order_state", ":12: slots.order_number.means: there is no intent"),
        (
            "    look_up: orders",
            "    look_up: order",
            ":14: intents.order_status.look_up: there is no look-up `order`",
        ),
        (
            "  fallback: desk",
            "  fallback: me",
            ":13: handover.fallback: there is no target `me`; there is: billing",
        ),
        (
            "    slots: [order_number]",
            "    slots: [number]",
            ":13: intents.order_status.slots[1]: there is no slot",
        ),
        (
            "    unless: ['\\brefund']",
            "    unless: ['(']",
            ":14: intents.order_status.unless[1]: not a valid regular",
        ),
        ("    kind: user", "    kind: pigeon", ":11: targets.desk.kind: input should be 'user', 'phone', 'sip'"),
        ("  threshold: 0.75", "  threshold: high", ":14: limits.threshold: input should be a valid number"),
        ('  filler: "One moment, please."', "  filler: 12", ":11: says.filler: must be text; put 12 in quotes"),
        ("    address: desk", "    adress: desk", ": targets.desk.adress: there is no such key"),
        (
            "      - check order {order_number}",
            "      - check order {number}",
            ": intents.order_status.phrases[9]: there is no slot `number`",
        ),
        ("language: en", "crm: {targets: [hubspto]}\nlanguage: en", ": crm.targets[1]: input should be 'hubspot'"),
        (
            "language: en",
            "crm: {fields: {hubspot: {call: {order_c: order}}}}\nlanguage: en",
            ": crm.fields.hubspot.call.order_c: there is no slot `order`; there is: callback, order_number",
        ),
        (
            "language: en",
            "crm: {fields: {hubspot: {contact: {length_c: call.minutes}}}}\nlanguage: en",
            ": crm.fields.hubspot.contact.length_c: there is no field of calls `minutes`; there is: ",
        ),
        (
            "language: en",
            "crm: {targets: [webhook], fields: {hubspot: {}}}\nlanguage: en",
            ": crm.fields.hubspot: `hubspot` is not among `crm.targets`",
        ),
        (
            "language: en",
            "crm: {targets: [zendesk], customer: {hubspot: {tier: hs_tier}}}\nlanguage: en",
            ": crm.customer.hubspot: `hubspot` is not among `crm.targets`",
        ),
        (
            "language: en",
            "crm: {customer: {hubspot: {known: hs_tier}}}\nlanguage: en",
            ": crm.customer.hubspot.known: `known` is known without asking for it",
        ),
        ("language: en", "crm: {customer: {webhook: {tier: hs_tier}}}\nlanguage: en", ": crm.customer.webhook"),
        ("      - get a receipt", "      - opening hours", ": the intent `opening_hours` has this phrase already"),
        ("language: en", "language: English", ":11: language: 'English' must look like"),
    ],
)
def test_a_mistake_is_shown_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The message begins with file, line and column, names the key, and says what would be right."""
    text, where = changed(old, new)
    assert any(line.startswith(where) and message in line for line in mistakes(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{{ so_far | spell }}",
            "{{ so_fa | spell }}",
            "there is no variable `so_fa` here; there is: name, so_far",
        ),
        ("{{ so_far | spell }}", "{{ so_far | shout }}", "not a valid template: No filter named 'shout'"),
        ("{{ so_far | spell }}", "{{ so_far | spell ", "not a valid template"),
        ("{{ so_far | spell }}", "{{ so_far + 1 }}", "does not work with text values"),
        ("{{ so_far | spell }}", "{{ so_far.__class__.mro() }}", "not a valid template"),
    ],
)
def test_a_template_that_cannot_work_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Unknown variables, filters and unsafe expressions are found before any call."""
    text, where = changed(old, new)
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(f"{where}:11: slots.order_number.rest: ")
    assert message in line


def test_a_condition_with_an_unknown_variable_is_refused(tmp_path: Path) -> None:
    """A `when` may use slots and what the look-up gives, nothing else."""
    text, where = changed('when: status == "shipped"', 'when: state == "shipped"')
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(where)
    assert "there is no variable `state` here" in line


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """What must be there is asked for by its full name, at the part where it belongs."""
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith("  greeting: "))
    assert mistakes(tmp_path, text) == ["bot.yaml:11:1: says.greeting: is missing"]


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    """YAML would silently take the second; we name both lines."""
    (line,) = mistakes(tmp_path, f"{TEXT}\nname: Other\n")
    assert line.endswith("`name` is given twice; the first is in line 3")


def test_all_mistakes_are_shown_at_once(tmp_path: Path) -> None:
    """Two mistakes give two lines."""
    text, _ = changed("  fallback: desk", "  fallback: nobody")
    assert len(mistakes(tmp_path, text.replace("    means: order_status", "    means: nothing"))) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "bot.yaml:1:1: the file is empty"),
        ("# only a comment\n", "bot.yaml:1:1: the file is empty"),
        ("- a\n- b\n", "bot.yaml:1:1: a dialog file is a mapping (`name: ...`), not a list"),
        ("name: [", "bot.yaml:1:8: not valid YAML"),
        ("name: !!python/object:os.system x", "bot.yaml:1:7: not valid YAML"),
        ("a: 1\n---\nb: 2\n", "bot.yaml:2:1: not valid YAML"),
        ("\x00", "bot.yaml:1:1: not valid YAML"),
    ],
)
def test_a_file_that_is_no_dialog_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Whatever is in the file, the message says what is wrong with it."""
    assert mistakes(tmp_path, text)[0].startswith(message)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    """Who points to no file is told which setting points there."""
    with pytest.raises(DialogError, match="there is no such file; VOICEBOT_DIALOG"):
        load(tmp_path / "none.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are not guessed at."""
    path = tmp_path / "bot.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(DialogError, match="cannot be read as UTF-8"):
        load(path)


ANSWER = '      - say: "Order {{ order_number | spell }}, {{ items }}, has been {{ status }}."'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    act: transfer\n", "    act: thanks\n", "no intent has `act: transfer`"),
        (ANSWER, ANSWER.replace("- say", '- when: "1"\n        say'), "the last answer must have no `when`"),
        ("    slots: [order_number]\n", "", "the look-up needs the slot `order_number`"),
        ("gives: [status,", "gives: [caller, status,", "`caller` is already the name of something"),
    ],
)
def test_a_file_that_would_leave_callers_stuck_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """A bot without a way to a person, or without an answer, does not start."""
    assert old in TEXT
    text = TEXT.replace("    target: billing\n", "").replace(old, new)
    assert any(message in line for line in mistakes(tmp_path, text))


def test_yes_and_no_are_words(tmp_path: Path) -> None:
    """YAML's old booleans need no quotes in a list of phrases."""
    path = tmp_path / "bot.yaml"
    path.write_text(TEXT.replace('      - "yes"\n', "      - yes\n").replace('      - "no"\n', "      - no\n"))
    assert load(path).name == "Acme Outfitters"


def test_the_demo_knows_its_people() -> None:
    """Targets are as the file says, with defaults for what it leaves out."""
    assert DEMO.fallback == Target("desk", TargetKind.USER, "desk", ring_seconds=25, priority=9)
    assert set(DEMO.targets) == {"desk", "billing"}


def test_fixed_lines_are_what_will_be_said() -> None:
    """Sentences without variables are known ahead, finished, and each once."""
    lines = DEMO.fixed_lines()
    assert "Hello, this is the automated assistant of Acme Outfitters. How can I help you?" in lines
    assert "Shall I connect you to a person?" in lines
    assert not any("{" in line for line in lines)
    assert len(lines) == len(set(lines))


def test_every_fixed_sentence_of_a_call_was_announced() -> None:
    """What the bot says first was synthesised ahead of time."""
    conversation = DEMO.converse("", "")
    said = [*conversation.open().say, *conversation.silent().say, *conversation.hear("blub blub", 0.9).say]
    assert {line.text for line in said} <= set(DEMO.fixed_lines())


def test_the_file_says_who_is_told_and_what_goes_where(tmp_path: Path) -> None:
    """Targets and mapped properties reach those who deliver; a file without them tells everybody, plainly."""
    plain = load(CONFIG / "dialog.yaml").crm
    assert (plain.targets, plain.fields) == (None, {})
    crm = "crm: {targets: [hubspot], fields: {hubspot: {call: {order_c: order_number, sure: call.confidence}}}}\n"
    (tmp_path / "bot.yaml").write_text(TEXT.replace("language: en\n", crm + "language: en\n", 1))
    plan = load(tmp_path / "bot.yaml").crm
    assert plan.targets == ("hubspot",)
    assert plan.fields["hubspot"]["call"] == {"order_c": "order_number", "sure": "call.confidence"}


def test_a_private_value_is_not_whispered(tmp_path: Path) -> None:
    """The whisper is spoken by the gateway and shown at desks, where nothing private belongs."""
    text = TEXT.replace("    digits: [4, 6]", "    digits: [4, 6]\n    private: true", 1)
    text = text.replace("{{ summary }}", "Order {{ order_number }}.", 1)
    (told,) = [line for line in mistakes(tmp_path, text) if "handover.whisper" in line]
    assert "order_number" in told


def test_a_private_value_is_in_no_sentence_about_the_call(tmp_path: Path) -> None:
    """What a call was about is whispered as well, and kept; the value may still be used in answers."""
    text = TEXT.replace("    digits: [4, 6]", "    digits: [4, 6]\n    private: true", 1)
    lines = mistakes(tmp_path, text)
    assert [line.split(": ")[1] for line in lines] == ["intents.order_status.about", "intents.cancel_order.about"]
    assert all("`order_number` is private" in line and "leave it out" in line for line in lines)
    number = text.splitlines().index(next(line for line in text.splitlines() if "Asked about {{" in line)) + 1
    assert lines[0].startswith(f"bot.yaml:{number}:")


@pytest.mark.parametrize(
    ("name", "slot", "warned"),
    [
        ("payment", 'digits: [13, 16, 19], checksum: luhn, prompt: "Which account?"', "a payment card number"),
        ("card_number", 'digits: [16], prompt: "Its number, please."', "a payment card number"),
        ("payment", 'digits: [16], prompt: "Please key in your card\'s number."', "a payment card number"),
        ("secret", 'digits: [4], prompt: "Please key in your PIN."', "a secret"),
        ("cvv", 'digits: [3, 4], prompt: "The three digits on the back?"', "a secret"),
        ("payment", 'digits: [16], private: true, checksum: luhn, prompt: "Your card\'s number?"', ""),
        ("club_card", 'digits: [16], private: false, prompt: "What is on your club card?"', ""),
        ("phone_id", 'digits: [15], checksum: luhn, prompt: "What is your IMEI?"', ""),
        ("parcel", 'digits: [14], prompt: "Which parcel?"', ""),
        ("voucher", 'length: [16], alphabet: both, prompt: "What is on the card?"', ""),
        ("spinner", 'digits: [4], prompt: "Which spinner?"', ""),
    ],
)
def test_what_looks_like_a_card_should_be_private(tmp_path: Path, name: str, slot: str, warned: str) -> None:
    """The file loads, and the advice names slot and line and says what to write."""
    rest = 'reprompt: "Again?", rest: "Go on.", invalid: "No.", unknown: "Never mind."'
    text = TEXT.replace("\nslots:\n", f"\nslots:\n  {name}: {{{slot}, {rest}}}\n", 1)
    path = tmp_path / "bot.yaml"
    path.write_text(text)
    load(path)
    number = text.splitlines().index("slots:") + 2
    where = f"{path}:{number}:3: slots.{name}: this looks like {warned}: write `private: true`"
    advice = advise(path)
    assert [line.startswith(where) for line in advice] == ([True] if warned else [])
