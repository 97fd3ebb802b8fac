"""The fake HubSpot as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from voicebot.testing.hubspot import TOKEN, FakeHubSpot

NOTE = {"properties": {"hs_timestamp": "1795168800000", "hs_note_body": "<p>x</p>"}, "associations": []}
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def running(state: Path) -> Iterator[str]:
    """The base URL of a fake in a process, which is killed without warning at the end."""
    command = [sys.executable, "-m", "voicebot.testing.hubspot", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def state_of(url: str) -> dict[str, list[dict[str, str]]]:
    shown: dict[str, list[dict[str, str]]] = requests.get(f"{url}/_fake/state", timeout=10).json()
    return shown


def test_process_keeps_every_answered_write(tmp_path: Path) -> None:
    """What was answered is in the file, and still there after a kill and a restart."""
    state = tmp_path / "hubspot.json"
    with running(state) as url:
        answer = requests.post(f"{url}/crm/objects/2026-03/notes", json=NOTE, headers=AUTH, timeout=10)
        assert answer.status_code == 201
    assert [note["id"] for note in json.loads(state.read_text())["notes"]] == [answer.json()["id"]]
    with running(state) as url:
        assert [note["hs_note_body"] for note in state_of(url)["notes"]] == ["<p>x</p>"]


def test_process_takes_faults_while_it_runs(tmp_path: Path) -> None:
    """A test in another process can lose an answer after the write."""
    with running(tmp_path / "hubspot.json") as url:
        fault = {"fault": "lost", "operation": "create_note"}
        assert requests.post(f"{url}/_fake/faults", json=fault, timeout=10).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{url}/crm/v3/objects/notes", json=NOTE, headers=AUTH, timeout=10)
        assert len(state_of(url)["notes"]) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"associations": None}, 400),
        ({"properties": {"hs_note_body": "x"}}, 400),
        ({"properties": {"hs_timestamp": "yesterday"}}, 400),
        ({"properties": {"hs_timestamp": "2026-11-20T10:00:00.000Z", "hs_note_body": "x" * 65_537}}, 400),
        ({"associations": [{"to": {"id": "1"}, "types": [{"associationTypeId": 201}]}]}, 400),
    ],
)
def test_fake_is_as_strict_as_the_documents(change: dict[str, object], status: int) -> None:
    """Notes that HubSpot documents as wrong are refused."""
    with FakeHubSpot() as hubspot:
        answer = requests.post(
            f"{hubspot.url}/crm/objects/2026-03/notes", json={**NOTE, **change}, headers=AUTH, timeout=10
        )
        assert answer.status_code == status
        assert hubspot.notes == []
