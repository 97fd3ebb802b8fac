"""Replies that a jambonz server takes, and those it throws away."""

from typing import Any

import pytest

from voicebot.testing.jambonz_validate import ReplyRefused, Verb, read_reply

LISTEN = {
    "verb": "listen",
    "url": "ws://bot/audio",
    "actionHook": {"url": "/next", "method": "POST"},
    "mixType": "mono",
    "sampleRate": 8000,
    "passDtmf": True,
    "wsAuth": {"username": "u", "password": "p"},
    "metadata": {"token": "x"},
    "bidirectionalAudio": {"enabled": True, "streaming": True, "sampleRate": 8000},
    "id": "first",
}


@pytest.mark.parametrize(
    "verb",
    [
        LISTEN,
        {"verb": "say", "text": ["one", "two"], "synthesizer": {"vendor": "google", "voice": "x"}},
        {"verb": "play", "url": "https://x/y.wav", "loop": 2},
        {"verb": "dial", "target": [{"type": "user", "name": "alice"}], "timeLimit": 60, "headers": {"X-A": "b"}},
        {
            "verb": "dial",
            "target": [{"type": "sip", "sipUri": "sip:a@b", "auth": {"username": "u", "password": "p"}}],
        },
        {"verb": "enqueue", "name": "support", "priority": 1},
        {"verb": "hangup", "headers": {}},
        {"verb": "redirect", "actionHook": "/x"},
        {"verb": "pause", "length": 1.5},
        {"verb": "tag", "data": {"a": 1}},
        {"verb": "config", "synthesizer": {"vendor": "google"}, "listen": {"enable": False}},
        {"verb": "gather", "input": ["digits"], "numDigits": 1, "say": {"text": "press one"}},
    ],
)
def test_good_verbs_are_taken(verb: dict[str, Any]) -> None:
    """Every property here is one the server knows."""
    (read,) = read_reply([verb])
    assert read == Verb(verb["verb"], {key: value for key, value in verb.items() if key != "verb"})


def test_stream_is_rewritten_to_listen() -> None:
    """`stream` is the newer name of the same verb, and a verb may be written as a single key."""
    reply = [LISTEN | {"verb": "stream"}, {"say": {"text": "x"}}]
    assert [verb.name for verb in read_reply(reply)] == ["listen", "say"]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ({"verb": "hangup"}, "must be array"),
        (["hangup"], "array of objects"),
        ([{"text": "x", "loop": 1}], "missing verb"),
        ([{"say": "x"}], "not an object"),
        ([{"verb": "transfer"}], "invalid instruction: transfer"),
        ([LISTEN | {"tracks": ["in"]}], "unknown property tracks"),
        ([LISTEN | {"sampleRate": "8000"}], "sampleRate"),
        ([LISTEN | {"passDtmf": 1}], "passDtmf"),
        ([LISTEN | {"mixType": "left"}], "mixType"),
        ([LISTEN | {"bidirectionalAudio": {"enabled": True, "rate": 8000}}], "unknown property rate"),
        ([LISTEN | {"wsAuth": {"username": "u"}}], "missing value for password"),
        ([{"verb": "listen"}], "missing value for url"),
        ([{"verb": "dial"}], "missing value for target"),
        ([{"verb": "dial", "target": {"type": "user"}}], "not an array"),
        ([{"verb": "dial", "target": [{"name": "alice"}]}], "missing value for type"),
        ([{"verb": "dial", "target": [{"type": "agent"}]}], "type"),
        ([{"verb": "dial", "target": [], "method": "POST"}], "unknown property method"),
        ([{"verb": "say", "text": 5}], "text"),
        ([{"verb": "pause", "length": True}], "length"),
        ([{"verb": "hangup"}, {"verb": "say", "txt": "x"}], "unknown property txt"),
    ],
)
def test_one_mistake_refuses_the_whole_reply(reply: object, says: str) -> None:
    """An unknown property, a wrong type or a missing value anywhere is enough."""
    with pytest.raises(ReplyRefused, match=says):
        read_reply(reply)
