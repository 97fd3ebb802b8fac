"""Every reply passes what jambonz will hold against it; one that does not is a call never answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jambonz_sdk import JambonzValidator

from tests.web.house import BILLING, CALL, DESK, LEG, RECEPTION, House
from voicebot.call.record import Disposition
from voicebot.dialog.types import HangUp
from voicebot.web import verbs
from voicebot.web.handover import context_headers

Reply = list[dict[str, Any]]

FOLDER = Path(__file__).parent / "verbs"
PEOPLE = (RECEPTION, BILLING, DESK)
HEADERS = {target.name: context_headers(target, "ab12", "https://bot.example") for target in PEOPLE}
WRONG: list[Reply] = [
    [{"verb": "listen", "url": "wss://bot.example/audio", "tracks": ["in"]}],
    [{"verb": "dial", "target": [{"type": "fax", "number": "+14155550100"}]}],
    [{"verb": "listen", "actionHook": "https://bot.example/next"}],
]


def built_verbs() -> list[Reply]:
    """Every builder, with every option."""
    hook = "https://bot.example/hook"
    everything = [
        verbs.listen("wss://bot.example/audio/jambonz", hook, "t0", "stream-0", ("user", "password")),
        verbs.listen("wss://bot.example/audio/jambonz", hook, "t0"),
        verbs.say("Grüß Gott"),
        verbs.play("https://bot.example/a.wav"),
        verbs.pause(1.5),
        verbs.play("https://bot.example/a.wav", 20.0),
        verbs.gather("Press 1.", hook, 8.0),
        verbs.enqueue("support", hook, hook, 0, "dial-0:support"),
        verbs.enqueue("support", hook),
        verbs.redirect(hook),
        verbs.leave(),
        verbs.dequeue("support", hook, CALL, 15),
        verbs.tag({"target": "billing"}),
        verbs.hangup(),
        *(verbs.dial((target,), hook) for target in PEOPLE),
        *(verbs.dial((target,), hook, hook, HEADERS, "dial-0") for target in PEOPLE),
        verbs.dial(PEOPLE, hook, hook, HEADERS, "dial-0.1:reception+billing+desk"),
    ]
    return [[verb] for verb in everything]


def given_replies(house: House) -> list[Reply]:
    """What the hooks answer in every situation there is."""
    replies = []

    def ask(path: str, **fields: Any) -> None:
        replies.append(house.hook(path, **fields))

    ask("/voice", call_sid="no-room")
    house.has_room()
    ask("/voice", env_vars={"TRANSFER_TARGET": "billing"})
    house.bot_spoke(Disposition.TRANSFERRED)
    ask("/voice/next")
    for target in ("reception", "billing", "desk"):
        house.bot_plans(target)
        ask("/voice/next")
        ask("/escalate")
    ask("/voice/whisper", call_sid=LEG, parent_call_sid=CALL)
    ask("/voice/whisper", call_sid=LEG, parent_call_sid="unknown")
    for attempt in range(5):
        ask("/voice/dialed", verb_id=f"dial-{attempt}:desk", dial_call_status="busy")
    ask("/voice/dialed", verb_id="dial-5:desk", dial_call_status="completed", dial_sip_status=200)
    house.bot_plans("reception", others=("desk", "billing", "support"))
    ask("/voice/next")
    for digits in ("1", "2", None):
        ask("/voice/accept?prompts=1", call_sid=LEG, parent_call_sid=CALL, to="desk", digits=digits)
    ask("/voice/dialed", verb_id="dial-6:reception+desk+billing", dial_call_status="busy")
    for target, seconds in (("support", 0), ("holding", 20), ("support", 60), ("nowhere", 0)):
        ask(f"/voice/wait?target={target}", queue_position=0, queue_time=seconds)
    for name in ("support", "support", "nowhere"):
        ask(f"/queue/{name}", call_sid="agent", from_="alice")
    ask("/queue/support/done?offer=1", call_sid="agent", from_="alice", dequeue_result="complete")
    ask("/voice/queued", verb_id="dial-6.1:support", queue_result="leave")
    house.sessions.put(replace(house.bot_plans(), plan=HangUp("goodbye")))
    ask("/voice/next")
    ask("/voice/next", call_status="completed")
    house.sessions.broken = True
    for path in ("/voice", "/voice/next", "/voice/dialed", "/voice/whisper", "/voice/accept", "/escalate"):
        ask(path)
    for path in ("/voice/queued", "/voice/wait?target=nowhere", "/queue/support", "/queue/support/done"):
        ask(path)
    return replies


@pytest.fixture
def replies(build: Callable[..., House]) -> list[Reply]:
    """Every verb and every reply we can produce."""
    found = built_verbs() + given_replies(build(accept="Press 1.", ws_user="jambonz", ws_password="pa55"))
    used = {verb["verb"] for reply in found for verb in reply}
    assert used == {
        "listen", "say", "dial", "enqueue", "hangup", "redirect", "play", "pause", "tag", "gather", "leave",
        "dequeue",
    }  # fmt: skip
    return found


def test_the_published_schemas_accept_every_reply(replies: list[Reply]) -> None:
    """The schemas of the Python SDK: those of the newer servers."""
    validator = JambonzValidator()
    for reply in replies:
        assert [error for verb in reply for error in validator.validate_verb(verb)] == []
        assert validator.validate_app(reply) == [] or reply == []


def test_the_published_schemas_can_refuse() -> None:
    """The check itself is awake."""
    validator = JambonzValidator()
    assert validator.validate_verb(WRONG[1][0])
    assert validator.validate_verb(WRONG[2][0])


@pytest.mark.node
def test_the_servers_own_validator_accepts_every_reply(replies: list[Reply]) -> None:
    """The package that runs inside the feature server, which throws away a reply for one unknown property."""
    verdicts = verdicts_of(replies + WRONG)
    accepted, refused = verdicts[: len(replies)], verdicts[len(replies) :]
    assert [(verdict, reply) for verdict, reply in zip(accepted, replies, strict=True) if verdict] == []
    assert all(refused)


def verdicts_of(replies: list[Reply]) -> list[str | None]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on PATH: the server's own verb validator cannot run")
    finished = subprocess.run(
        [node, str(FOLDER / "validate.cjs"), str(installed(npm))],
        input=json.dumps(replies),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert finished.returncode == 0, finished.stderr
    verdicts: list[str | None] = json.loads(finished.stdout)
    return verdicts


def installed(npm: str) -> Path:
    """The folder the validator is installed in: below VOICEBOT_TEST_CACHE, else in the temporary folder."""
    cache = Path(os.environ.get("VOICEBOT_TEST_CACHE") or Path(tempfile.gettempdir()) / f"voicebot-{os.getuid()}")
    package = json.loads((FOLDER / "package.json").read_text())
    version = package["dependencies"]["@jambonz/verb-specifications"]
    place = cache / f"verb-specifications-{version}"
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=cache))
    shutil.copy(FOLDER / "package.json", fresh)
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        "--loglevel=error",
    ]
    finished = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=50)
    if finished.returncode != 0:
        shutil.rmtree(fresh)
        pytest.skip(f"npm could not install the server's verb validator: {finished.stderr.strip()[-300:]}")
    try:
        fresh.rename(place)
    except OSError:
        # Another test process was faster.
        shutil.rmtree(fresh)
    return place
