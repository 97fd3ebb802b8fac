"""Whom a note is for, as every connector decides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.crm.support import Ledger
from voicebot.crm.addressee import Addressee, Manners
from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.numbers import Number, parse
from voicebot.crm.progress import SENT, Progress
from voicebot.errors import CrmError, CrmRejected, CrmThrottled, CrmUnavailable

MANNERS = Manners("Acme", one="customer", many="customers", new="prospect")
NUMBER = parse("+14155552671", "US")


class People:
    """A CRM's people: who has the number, and who of them vanished; somebody new is `new`, if anybody."""

    def __init__(self, *ids: str, gone: Sequence[str] = (), refused: bool = False) -> None:
        self.ids = ids
        self.gone = gone
        self.refused = refused
        self.created = 0

    def find(self, number: Number, gone: str | None) -> list[str]:
        return [each for each in self.ids if each != gone]

    def create(self, number: Number) -> str:
        if self.refused:
            raise Invalid("a rule of the account")
        self.created += 1
        return "new"

    def put(self, who: str | None) -> str:
        if who in self.gone:
            raise NotFound(f"{who} is not there")
        return f"note on {who}"


def of(
    people: People,
    ledger: Ledger,
    manners: Manners = MANNERS,
    number: Number | None = NUMBER,
    create: bool = True,
    guess: bool = True,
) -> Addressee:
    progress = Progress(ledger.attempt())
    made = people.create if create else None
    return Addressee(manners, "call-1", progress, number, people.find, made, guess)


@pytest.mark.parametrize(
    ("people", "note"),
    [
        (People("7"), "note on 7"),
        (People("7", "8"), "note on 7"),
        (People(), "note on new"),
        (People(refused=True), "note on None"),
        (People("7", "8", gone=["7"]), "note on 8"),
        (People("7", gone=["7"]), "note on new"),
        (People("7", "8", gone=["7", "8"]), "note on None"),
    ],
)
def test_the_best_who_is_there_gets_the_note(people: People, note: str) -> None:
    """Else somebody new, and in the end nobody: the note is never lost."""
    assert of(people, Ledger()).write(people.put) == note


def test_a_decision_outlives_the_attempt() -> None:
    """The next attempt neither searches nor creates again."""
    ledger, people = Ledger(), People()
    for _ in range(2):
        assert of(people, ledger).write(people.put) == "note on new"
    assert people.created == 1
    assert of(People("7"), ledger).write(people.put) == "note on new"


def test_nobody_is_made_up_without_a_number_or_when_not_wanted() -> None:
    """Nor in place of one who vanished, where the CRM would only bring that one back."""
    people = People("7", gone=["7"])
    assert of(people, Ledger(), number=None).write(people.put) == "note on None"
    assert of(people, Ledger(), create=False).write(people.put) == "note on None"
    same = Manners("Acme", one="customer", many="customers", new="prospect", anew=False)
    assert of(people, Ledger(), same).write(people.put) == "note on None"
    assert people.created == 0


def test_other_errors_decide_nothing() -> None:
    """Who cannot be reached has not vanished: the next attempt is for the same person."""
    ledger, people = Ledger(), People("7", "8")

    def fail(who: str | None) -> str:
        raise CrmThrottled("later", 1.0)

    with pytest.raises(CrmThrottled):
        of(people, ledger).write(fail)
    assert of(People("8"), ledger).write(people.put) == "note on 7"


def test_nobody_who_is_not_found_is_an_error() -> None:
    """A wrong address is not mended by searching again."""
    people = People(gone=["7"])

    def fail(who: str | None) -> str:
        raise NotFound("wrong address")

    with pytest.raises(NotFound):
        of(people, Ledger(), create=False).write(fail)


def test_a_connector_says_what_vanishing_looks_like() -> None:
    """An error of its own choice counts, and NotFound then does not."""
    people = People("7", "8")

    def refuse(error: CrmError) -> Callable[[str | None], str]:
        def put(who: str | None) -> str:
            if who == "7":
                raise error
            return people.put(who)

        return put

    def invalid(error: CrmError) -> bool:
        return isinstance(error, Invalid)

    assert of(people, Ledger()).write(refuse(Invalid("suspended")), invalid) == "note on 8"
    with pytest.raises(NotFound):
        of(people, Ledger()).write(refuse(NotFound("wrong address")), invalid)


@pytest.mark.parametrize(
    ("people", "guess", "remark"),
    [
        (People("7"), True, []),
        (People("7", "8"), True, ["2 customers have this number; this is on the one changed last."]),
        (People("7", "8"), False, ["2 customers have this number (7, 8); this is on none of them."]),
        (People(refused=True), True, ["Acme refused to create a prospect for this caller."]),
        (People("7", "8", gone=["7", "8"]), True, ["The customer of this call could not be found again."]),
    ],
)
def test_the_reader_is_told_what_is_unusual(people: People, guess: bool, remark: list[str]) -> None:
    """In a sentence for the note."""
    addressee = of(people, Ledger(), guess=guess)
    told: list[str] = []

    def put(who: str | None) -> str:
        told[:] = addressee.remarks(who)
        return people.put(who)

    addressee.write(put)
    assert told == remark


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (CrmUnavailable("its answer was lost", ambiguous=True), SENT),
        (CrmUnavailable("it cannot be reached"), "before"),
        (CrmThrottled("later", 1.0), "before"),
        (CrmRejected("too large"), "before"),
    ],
)
def test_a_write_that_certainly_failed_was_not_begun(error: CrmError, state: str) -> None:
    """Only where its end is unknown the next attempt has to look."""
    ledger = Ledger(progress={"writing": "before"})
    with pytest.raises(CrmError), Progress(ledger.attempt()).begun("writing"):
        raise error
    assert ledger.progress["writing"] == state


def test_a_write_stays_begun_until_its_result_is_kept() -> None:
    """A worker that dies between the answer and the outbox leaves doubt; so does one that dies meanwhile."""
    ledger = Ledger()
    progress = Progress(ledger.attempt())
    with progress.begun("writing"):
        pass
    assert ledger.progress["writing"] == SENT
    ledger = Ledger()
    with pytest.raises(KeyboardInterrupt), Progress(ledger.attempt()).begun("writing"):
        raise KeyboardInterrupt
    assert ledger.progress["writing"] == SENT
