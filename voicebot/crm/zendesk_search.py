"""The users of a Zendesk account who have a telephone number, told from look-alikes."""

from __future__ import annotations

from typing import Any

from voicebot.crm import matches
from voicebot.crm.matches import Found
from voicebot.crm.numbers import Number
from voicebot.crm.zendesk_http import Api
from voicebot.errors import CrmUnavailable

_PAGE = 100


def users(api: Api, number: Number, region: str, pages: int, without: str | None = None) -> Found:
    """Those with exactly this number who are neither suspended nor deleted. Raises CrmError.

    region: country (ISO 3166) of numbers stored without a country code. pages: of a hundred users, at most.
    without: id of a user who is left out.
    """
    for question in (f"phone:{number.e164}", number.national.lstrip("0")):
        answers = _ask(api, question, pages)
        known = [user for answer in answers for user in answer["users"] if isinstance(user, dict)]
        same = matches.having(number, known, ("phone",), region)
        same = [user for user in same if user.get("active") is not False and not user.get("suspended")]
        same = [user for user in same if str(user.get("id")) != without]
        same.sort(key=lambda user: str(user.get("updated_at") or ""), reverse=True)
        if same:
            count = answers[-1].get("count")
            more = answers[-1].get("next_page") and isinstance(count, int)
            return Found(same, int(count or 0) if more else len(same))
    return Found((), 0)


def _ask(api: Api, question: str, pages: int) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    for page in range(1, pages + 1):
        answer = api.read("users/search", {"query": question, "per_page": str(_PAGE), "page": str(page)})
        if not isinstance(answer.get("users"), list):
            raise CrmUnavailable("Zendesk answered a search without users")
        answers.append(answer)
        if not answer.get("next_page"):
            break
    return answers
