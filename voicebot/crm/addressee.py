"""Whom at a CRM a note is for, decided once: the person with the caller's number, a new one, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from voicebot.crm.http import Invalid, NotFound
from voicebot.crm.matches import several
from voicebot.crm.numbers import Number
from voicebot.crm.progress import Progress
from voicebot.errors import CrmError

_NOBODY = "none"
_NAMED = 10

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Manners:
    """What differs from CRM to CRM.

    crm: its name for readers. one, many, new: what it calls somebody, some, and whom it creates.
    key: under which the decision is kept. anew: whether one is created in place of somebody who vanished.
    """

    crm: str
    one: str
    many: str
    new: str
    key: str = "who"
    anew: bool = True


class Addressee:
    """Whom the note about one call is for.

    Kept between attempts: under the manners' key the id of the person, `_NOBODY`, or "" while undecided;
    `matches`, how many have the number; `remark`, why the note is on nobody, for its reader. `creating`, the state
    of a creation, is over once it is decided.

    number: the caller's; None for none.
    find: ids of the people who have it, the best first, leaving out one who vanished.
    create: the id of somebody new with it; raises Invalid where the account's rules forbid that. None where nobody
        is to be created.
    guess: whether the best of several is meant, or none of them.
    """

    def __init__(
        self,
        manners: Manners,
        call_id: str,
        progress: Progress,
        number: Number | None,
        find: Callable[[Number, str | None], list[str]],
        create: Callable[[Number], str] | None,
        guess: bool = True,
    ) -> None:
        self._manners = manners
        self._call_id = call_id
        self._progress = progress
        self._number = number
        self._find = find
        self._create = create
        self._guess = guess
        self.gone: str | None = None

    def remarks(self, who: str | None) -> list[str]:
        """What the reader of a note on `who` must know."""
        matches = int(self._progress["matches"] or 0)
        found = several(matches, self._manners.many) if who is not None else ""
        return [each for each in (self._progress["remark"], found) if each]

    def write(self, put: Callable[[str | None], str], vanished: Callable[[CrmError], bool] | None = None) -> str:
        """What `put` returns for the person, for whoever is found if that person is no more, or for nobody.

        vanished: whether an error of `put` says that the person is no more (merged, deleted, converted); without
        it, NotFound does.
        """
        vanished = vanished or _not_found
        for _ in range(2):
            who = self._who()
            try:
                return put(who)
            except CrmError as error:
                if who is None or not vanished(error):
                    raise
                log.warning("crm.person_gone", call=self._call_id, error=str(error))
            self.gone = who
            self._progress.put(**{self._manners.key: "", "matches": ""})
        self.nobody(f"The {self._manners.one} of this call could not be found again.")
        return put(None)

    def nobody(self, remark: str = "") -> None:
        """Decide that the note goes without a person. remark: why, where the reader would wonder."""
        self._decide(_NOBODY, remark=remark)

    def _who(self) -> str | None:
        decided = self._progress[self._manners.key]
        if decided:
            return None if decided == _NOBODY else decided
        found = self._find(self._number, self.gone) if self._number is not None else []
        if found and (self._guess or len(found) == 1):
            self._decide(found[0], matches=str(len(found)))
            return found[0]
        if found:
            shown = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
            self.nobody(f"{len(found)} {self._manners.many} have this number ({shown}); this is on none of them.")
            return None
        return self._new()

    def _new(self) -> str | None:
        if self._number is None or self._create is None or (self.gone is not None and not self._manners.anew):
            self.nobody()
            return None
        try:
            who = self._create(self._number)
        except Invalid as error:
            log.warning("crm.contact_refused", call=self._call_id, error=str(error))
            self.nobody(f"{self._manners.crm} refused to create a {self._manners.new} for this caller.")
            return None
        self._decide(who)
        return who

    def _decide(self, who: str, **kept: str) -> None:
        self._progress.put(**{self._manners.key: who, "creating": "", **kept})


def _not_found(error: CrmError) -> bool:
    return isinstance(error, NotFound)
