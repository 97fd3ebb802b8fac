"""Tests of the comparison with pipecat: our serializer for jambonz, the callers, the report, a call."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from benchmarks.versus_pipecat import jambonz
from benchmarks.versus_pipecat.__main__ import OURS, compared, main, row
from benchmarks.versus_pipecat.callers import Hesitant, Waits
from benchmarks.versus_pipecat.script import LINES
from benchmarks.versus_pipecat.servers import DIALOG, installed
from voicebot.audio import SAMPLE_RATE, Pcm, seconds
from voicebot.dialog import load
from voicebot.errors import ConfigError
from voicebot.testing.jambonz_validate import read_reply
from voicebot.tts.espeak import EspeakSynthesizer

PIPECAT = os.environ.get("PIPECAT_PYTHON", "")
needs_pipecat = pytest.mark.skipif(
    not PIPECAT, reason="needs pipecat: PIPECAT_PYTHON=python of an environment with requirements-versus.txt"
)


def test_the_fork_is_read_as_audio_keys_and_nothing_else() -> None:
    """Binary is audio, a dtmf event a key; metadata, marks and garbage are nothing."""
    assert jambonz.received(b"\x01\x02") == jambonz.Audio(b"\x01\x02")
    assert jambonz.received(json.dumps({"event": "dtmf", "dtmf": "5"})) == jambonz.Key("5")
    assert jambonz.received(json.dumps({"callSid": "call-1", "sampleRate": 16000})) is None
    assert jambonz.received(json.dumps({"type": "mark", "data": {}})) is None
    assert jambonz.received("[") is None
    assert jambonz.received("[]") is None


def test_audio_goes_out_as_it_is_and_silence_not_at_all() -> None:
    """jambonz plays silence by itself; a stream of it would look as if the bot spoke without end."""
    assert jambonz.audio(b"\x00\x01") == b"\x00\x01"
    assert jambonz.audio(b"\x00" * 640) is None
    assert json.loads(jambonz.clear()) == {"type": "killAudio"}


def test_the_verb_is_one_jambonz_takes() -> None:
    """Its check lets the reply through, with audio both ways."""
    (verb,) = read_reply([jambonz.listen("ws://127.0.0.1:1/audio")])
    assert verb.name == "listen"
    assert verb.options["bidirectionalAudio"]["sampleRate"] == jambonz.RATE_OUT


def test_the_bot_knows_every_line_and_answers_it_briefly() -> None:
    """Both sides reply with the same few words, in less than two seconds of speech."""
    voice = EspeakSynthesizer()
    for said in LINES:
        words = said.replace("[0.6] ", "")
        conversation = load(DIALOG).converse("", "")
        conversation.open()
        move = conversation.hear(words, 0.9)
        assert move.meaning is not None
        assert move.meaning.intent is not None, words
        assert sum(seconds(voice.render(line.text)) for line in move.say) < 2.0


def test_a_caller_halts_where_the_line_says_so() -> None:
    """The pause is silence of its length between the words."""
    voice = Hesitant(EspeakSynthesizer())

    async def say(text: str) -> list[Pcm]:
        return [pcm async for pcm in voice.stream(text)]

    before, pause, after = asyncio.run(say("I would like to [0.6] return my shoes."))
    assert len(pause) == round(0.6 * SAMPLE_RATE)
    assert not pause.any()
    assert min(seconds(before), seconds(after)) > 0.5


def test_the_ratio_is_told_for_each_number_of_calls() -> None:
    """How many times as long the other's callers wait, at the median and at the 95th percentile."""
    ours = [Waits(1, [0.2, 0.4], asked=2), Waits(2, [0.5, 0.5], asked=2)]
    theirs = [Waits(1, [0.6, 0.6], asked=2), Waits(2, [1.0, 1.0], asked=3)]
    one, two = compared("pipecat", {OURS: ours, "pipecat": theirs}, theirs)
    assert one[:2] == ("pipecat", 1)
    assert one[2] == pytest.approx(2.0)
    assert one[3] == pytest.approx(0.6 / 0.39)
    assert two[2:] == (2.0, 2.0)


def test_lines_spoken_into_and_lines_not_answered_are_counted() -> None:
    """What has no latency is in the row all the same."""
    waits = Waits(4, [0.5, 0.7], asked=5, over=2)
    assert waits.unanswered == 1
    assert row("voicebot", waits) == ("voicebot", "4", "5", "0.60", "0.69", "0.70", "2", "1")


def test_without_pipecat_the_way_to_get_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends at once with how to make the environment."""
    nothing = tmp_path / "python"
    with pytest.raises(ConfigError, match=r"requirements-versus\.txt"):
        installed(nothing)
    assert main(["--pipecat-python", str(nothing)]) == 2
    assert "requirements-versus.txt" in capsys.readouterr().err


def test_a_quick_run_calls_our_server(capsys: pytest.CaptureFixture[str]) -> None:
    """The callers get answers, and the wait is printed."""
    assert main(["--quick", "--ours"]) == 0
    printed = capsys.readouterr().out
    assert "voicebot" in printed
    assert "problem" not in printed


@needs_pipecat
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_quick_run_calls_pipecat_too(capsys: pytest.CaptureFixture[str]) -> None:
    """With either strategy its callers get answers."""
    assert main(["--quick", "--pipecat-python", PIPECAT]) == 0
    printed = capsys.readouterr().out
    assert "pipecat, smart-turn" in printed
    assert "pipecat, timeout" in printed
