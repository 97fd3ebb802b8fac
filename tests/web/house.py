"""A web application with real stores in memory, and what jambonz would send it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from tests.database import opened
from voicebot.call.record import Disposition, EndEntry
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.dialog.targets import Target, TargetKind
from voicebot.dialog.types import Transfer, TransferReason
from voicebot.errors import StoreError
from voicebot.settings import Settings
from voicebot.store.memory import MemorySessions
from voicebot.store.records import Records
from voicebot.store.sessions import Node, Session
from voicebot.testing.dialog import EchoDialog
from voicebot.web.app import create_app
from voicebot.web.health import Readiness

RECEPTION = Target("reception", TargetKind.USER, "reception")
BILLING = Target(
    "billing",
    TargetKind.PHONE,
    "+14155550100",
    ring_seconds=15,
    talk_seconds=600,
    music="https://bot.example/hold.wav",
    trunk="carrier",
    caller_id="+14155550199",
)
DESK = Target("desk", TargetKind.SIP, "sip:desk@pbx.example;transport=tls")
SUPPORT = Target("support", TargetKind.QUEUE, "helpline", priority=2, wait_seconds=60, say_seconds=20)
HOLDING = replace(SUPPORT, name="holding", music="https://bot.example/hold.wav")
TARGETS = {target.name: target for target in (RECEPTION, BILLING, DESK, SUPPORT, HOLDING)}

CALL = "2f6f0c1e-0b7a-4e0e-9c38-0d6c9d5f6a11"
LEG = "7c1b7b0e-5a0e-4a0e-8a9e-3f0c2b1d4e22"
CALLER = "+15551230001"
CALLED = "+15559870002"


NO_PLAN = CrmPlan()


class BrokenSessions(MemorySessions):
    """A store that can be made unreachable."""

    broken = False

    def open(self, session: Session) -> Session:
        self._check()
        return super().open(session)

    def get(self, call_id: str) -> Session | None:
        self._check()
        return super().get(call_id)

    def close(self, call_id: str) -> None:
        self._check()
        super().close(call_id)

    def resolve_context(self, context_id: str) -> str | None:
        self._check()
        return super().resolve_context(context_id)

    def _check(self) -> None:
        if self.broken:
            raise StoreError("VOICEBOT_REDIS_URL: cannot be reached")


@dataclass
class House:
    """The application and everything behind it, to look into."""

    settings: Settings
    dialog: EchoDialog
    sessions: BrokenSessions
    records: Records
    client: FlaskClient

    def has_room(self, name: str = "media1", url: str = "wss://media1.example", calls: int = 0) -> None:
        """A media node announces itself with a capacity of ten calls."""
        self.sessions.announce(Node(name, url, calls, 10, ready=True))

    def hook(self, path: str, **fields: Any) -> Any:
        """Post the usual fields of a hook, changed by `fields`; return the verbs of the answer."""
        answer = self.client.post(path, json=body(**fields))
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/json"
        return answer.json

    def bot_spoke(self, end: Disposition | None = None) -> None:
        """The audio side has the call on record; with `end`, also that its part is over."""
        self.records.start(CALL, CALLER, CALLED, "jambonz", "echo", "media1")
        if end is not None:
            entry = EndEntry(12.0, end, "requested", "order_status", 0.9, {}, "Asked about order 1234.")
            self.records.finish(CALL, entry, ("hubspot",), hold=60.0)

    def bot_plans(
        self, target: str = "reception", whisper: str = "Caller about order 1234.", **more: Any
    ) -> Session:
        """The audio side wants the caller handed over when the stream ends."""
        session = self.sessions.get(CALL)
        assert session is not None
        planned = replace(
            session,
            plan=Transfer(target, TransferReason.REQUESTED, whisper, **more),
            context_id=self.sessions.issue_context(CALL),
        )
        self.sessions.put(planned)
        return planned


def build(folder: Path, accept: str = "", told: CrmPlan = NO_PLAN, **settings: Any) -> House:
    """A house whose records are in `folder`. Settings are as a deployment behind a proxy would have them.

    accept: what the dialog asks people to press. told: which CRMs it tells about calls.
    """
    chosen = Settings(
        _env_file=None,
        **{
            "public_http_url": "https://bot.example",
            "public_ws_url": "wss://bot.example",
            "agent_password": "open sesame",
            "data_dir": folder,
            **settings,
        },
    )
    dialog = EchoDialog(targets=TARGETS, fallback=RECEPTION, accept=accept, crm=told)
    sessions = BrokenSessions(session_ttl=3600, context_ttl=900)
    records = opened(folder / "calls.db")
    app = create_app(chosen, dialog, sessions, records, lambda: Readiness(ok=True))
    app.config["TESTING"] = False
    return House(chosen, dialog, sessions, records, app.test_client())


def body(**fields: Any) -> dict[str, Any]:
    """A hook's body. A field given as None is left out."""
    usual: dict[str, Any] = {
        "call_sid": CALL,
        "direction": "inbound",
        "from": CALLER,
        "to": CALLED,
        "call_status": "in-progress",
        "sip_status": 200,
        "account_sid": "acc",
        "application_sid": "app",
    }
    renamed = {{"from_": "from"}.get(name, name): value for name, value in fields.items()}
    return {name: value for name, value in {**usual, **renamed}.items() if value is not None}


def verb(reply: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one verb of that name in a reply."""
    found = [item for item in reply if item["verb"] == name]
    assert found, f"no {name} in {[item['verb'] for item in reply]}"
    return found[0]
