"""A caller who asks to be forgotten is, everywhere, or it is said what is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crm.test_note import NOTE
from tests.database import empty
from voicebot.call.record import Disposition, EndEntry, Speaker, TurnEntry
from voicebot.crm.numbers import Number, parse
from voicebot.errors import CrmUnavailable
from voicebot.privacy.forget import Forgotten, forget
from voicebot.store.records import Records
from voicebot.testing.crm import FakeCrm

ADA, BOB = "+14155550142", "+14155550143"


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records.open(empty(tmp_path / "calls.db"))
    yield opened
    opened.close()


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm("hubspot")


def number(text: str) -> Number:
    found = parse(text, "US")
    assert found is not None
    return found


def call(records: Records, call_id: str, caller: str, *, ended: bool = True, crm: FakeCrm | None = None) -> None:
    """A call, told to `crm` if given."""
    records.start(call_id, caller, "+15550000000", "jambonz", "shop", "node")
    records.add(call_id, TurnEntry(0, Speaker.CALLER, "hello", 1.0, 2.0))
    if ended:
        end = EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, "")
        records.finish(call_id, end, ["hubspot"] if crm is not None else [])
    if crm is not None:
        leased = records.outbox.lease("worker", 60.0)
        assert leased is not None
        crm.written[f"note-{call_id}"] = NOTE
        records.outbox.delivered(leased.id, "worker", f"note-{call_id}")


def erased(records: Records, crm: FakeCrm, tmp_path: Path, caller: str = ADA) -> Forgotten:
    return forget(number(caller), "US", records, {"hubspot": crm}, tmp_path / "recordings", tmp_path / "inputs")


def test_a_caller_is_forgotten_here_and_at_the_crm(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """However the gateways wrote the number: the calls, the notes and the recordings are gone, others' are not."""
    call(records, "a", ADA, crm=crm)
    call(records, "b", "sip:4155550142@carrier.example")
    call(records, "other", BOB, crm=crm)
    for call_id in ("a", "other"):
        records.keeping.recording(call_id, f"day/{call_id}")
        file = tmp_path / "recordings" / "day" / f"{call_id}.flac"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"sound")
    assert erased(records, crm, tmp_path) == Forgotten(calls=2, notes=1, files=1, left=())
    assert [row.call_id for row in records.calls()] == ["other"]
    assert list(crm.written) == ["note-other"]
    assert [path.name for path in (tmp_path / "recordings").rglob("*.flac")] == ["other.flac"]


@pytest.mark.parametrize("caller", ["+15550100", "201", "sip:ada@pbx.example"])
def test_who_has_no_number_is_forgotten_as_written(
    records: Records, crm: FakeCrm, tmp_path: Path, caller: str
) -> None:
    """Extensions, SIP addresses and numbers that cannot exist are callers too; nobody else goes with them."""
    call(records, "a", caller)
    call(records, "other", ADA)
    done = forget(caller, "US", records, {"hubspot": crm}, tmp_path / "recordings", tmp_path / "inputs")
    assert done == Forgotten(calls=1, notes=0, files=0, left=())
    assert [row.call_id for row in records.calls()] == ["other"]


def test_forgetting_twice_is_forgetting_once(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """Nobody is left to forget; a number that never called is no mistake."""
    call(records, "a", ADA, crm=crm)
    erased(records, crm, tmp_path)
    assert erased(records, crm, tmp_path) == Forgotten(0, 0, 0, ())


def test_a_crm_that_does_not_answer_leaves_the_call(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """The call is what knows the note's id: it stays until the note is gone, and the reason is told."""
    call(records, "a", ADA, crm=crm)
    crm.failures.append(CrmUnavailable("no answer"))
    first = erased(records, crm, tmp_path)
    assert (first.calls, first.notes) == (0, 0)
    assert first.left == ("call a, its note at hubspot: no answer",)
    assert erased(records, crm, tmp_path) == Forgotten(1, 1, 0, ())


def test_a_call_that_is_going_on_is_left(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """It can be forgotten once it is over."""
    call(records, "a", ADA, ended=False)
    assert erased(records, crm, tmp_path).left == ("call a is still going on",)


def test_a_note_on_its_way_is_waited_for(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """Otherwise it would arrive after the caller was forgotten."""
    records.start("a", ADA, "+15550000000", "jambonz", "shop", "node")
    records.finish("a", EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, ""), ["hubspot"])
    done = erased(records, crm, tmp_path)
    assert done.calls == 0
    assert "has a note on its way" in done.left[0]


def test_a_crm_that_is_gone_from_the_settings_is_named(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """Its note can be deleted only by who still has access."""
    call(records, "a", ADA, crm=crm)
    done = forget(number(ADA), "US", records, {}, tmp_path, tmp_path)
    assert done.calls == 0
    assert "VOICEBOT_CRM" in done.left[0]


def test_a_note_that_was_given_up_owes_nothing(records: Records, crm: FakeCrm, tmp_path: Path) -> None:
    """What never reached the CRM need not be deleted there; what may have is to be looked for."""
    for call_id, ambiguous in (("never", False), ("perhaps", True)):
        records.start(call_id, ADA, "+15550000000", "jambonz", "shop", "node")
        end = EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, "")
        records.finish(call_id, end, ["hubspot"])
        leased = records.outbox.lease("worker", 60.0)
        assert leased is not None
        if ambiguous:
            records.outbox.retry(leased.id, "worker", 0.0, "lost", ambiguous=True)
            leased = records.outbox.lease("worker", 60.0)
            assert leased is not None
        records.outbox.dead(leased.id, "worker", "given up")
    done = erased(records, crm, tmp_path)
    assert done.calls == 1
    (left,) = done.left
    assert "perhaps" in left
    assert "deliveries drop" in left


def test_what_was_sent_along_with_a_note_that_was_refused_is_erased(
    records: Records, crm: FakeCrm, tmp_path: Path
) -> None:
    """There is no note, but there may be a file."""
    call(records, "a", ADA)
    records.start("b", ADA, "+15550000000", "jambonz", "shop", "node")
    records.finish("b", EndEntry(9.0, Disposition.COMPLETED, "goodbye", None, 0.0, {}, ""), ["hubspot"])
    leased = records.outbox.lease("worker", 60.0)
    assert leased is not None
    records.outbox.save_progress(leased.id, {"written": "files/7"})
    records.outbox.dead(leased.id, "worker", "too long")
    crm.written["files/7"] = NOTE
    assert erased(records, crm, tmp_path) == Forgotten(2, 0, 0, ())
    assert not crm.written
