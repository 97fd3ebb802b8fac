"""Sessions to servers an operator names, and what they say about coming back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from voicebot.errors import SettingsError
from voicebot.servers import DAY, retry_after, session
from voicebot.testing.speech_server import FakeSpeechServer


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30.0),
        (" 1 ", 1.0),
        ("0", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, DAY),
    ],
)
def test_seconds_to_wait_are_taken_as_they_are_written(said: str, seconds: float | None) -> None:
    """A whole number counts, up to a day; anything else says nothing."""
    assert retry_after({"Retry-After": said}) == seconds


def test_a_date_to_wait_for_is_so_many_seconds_away() -> None:
    """As HTTP writes dates; one that has passed is now, one without a zone is of Greenwich."""
    soon = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after({"Retry-After": format_datetime(soon, usegmt=True)}) == pytest.approx(90, abs=5)
    assert retry_after({"Retry-After": format_datetime(soon.replace(tzinfo=None))}) == pytest.approx(90, abs=5)
    assert retry_after({"Retry-After": format_datetime(soon, usegmt=True)}, longest=60) == 60
    assert retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({}) is None


@given(st.text(max_size=40))
def test_no_header_is_too_odd(said: str) -> None:
    """Whatever a server writes, there are seconds to wait or there are none."""
    seconds = retry_after({"Retry-After": said})
    assert seconds is None or 0 <= seconds <= DAY


def test_the_key_goes_along_and_a_netrc_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody keeps in his home for the same host does not take the place of the setting."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with FakeSpeechServer() as server, session(server.url, 1, SecretStr("sk-1")) as made:
        made.post(f"{server.url}/audio/speech", json={"input": "Hello."})
    assert [asked.authorization for asked in server.asked] == ["Bearer sk-1"]


@pytest.mark.parametrize("key", ["sk-1\n", "sk 1", "sk-é", "sk-\x00"])
def test_a_key_that_cannot_be_sent_names_its_setting(key: str) -> None:
    """A line break would begin another header; the message does not show the key."""
    with pytest.raises(SettingsError, match="VOICEBOT_ASR_API_KEY") as refused:
        session("http://127.0.0.1:8000/v1", 1, SecretStr(key), "VOICEBOT_ASR_API_KEY")
    assert key not in str(refused.value)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
def test_this_machine_is_reached_without_a_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through one, 127.0.0.1 would be the proxy's own machine, which would get the key and what callers say."""
    monkeypatch.delenv("REQUEST_METHOD", raising=False)
    with FakeSpeechServer() as server, FakeSpeechServer() as proxy, session(server.url, 1) as made:
        monkeypatch.setenv(variable, proxy.base)
        made.post(f"{server.url}/audio/speech", json={"input": "Hello."})
        assert (len(server.asked), len(proxy.asked)) == (1, 0)


def test_a_host_elsewhere_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the way out is a proxy's, it is taken."""
    with FakeSpeechServer() as proxy, session("http://speech.example/v1", 1) as made:
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("http_proxy", proxy.base)
        made.post("http://speech.example/v1/audio/speech", json={"input": "Hello."})
        assert [asked.path for asked in proxy.asked] == ["http://speech.example/v1/audio/speech"]
