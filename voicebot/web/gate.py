"""Who may call the webhooks: jambonz, proven by its signature, and by HTTP Basic where that is set."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from flask import Request, Response, jsonify

from voicebot.settings import Settings
from voicebot.web import signature


class Gate:
    """Checks requests against the settings; when neither secret nor user is set, only web pages are refused."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._secret = settings.jambonz_webhook_secret
        self._user = settings.webhook_user
        self._password = settings.webhook_password
        self._clock = clock

    def refuse(self, request: Request) -> Response | None:
        """The answer to a request that is not jambonz's (401 without proof, 403 with a wrong one), or None."""
        if "Origin" in request.headers:
            # Only browsers send it: any page a person visits could otherwise call an unsigned server beside it.
            return _refusal(403, "webhooks are for jambonz, not for web pages")
        if self._secret is not None:
            header = request.headers.get(signature.HEADER)
            try:
                signature.verify(header, request.get_data(), self._secret.get_secret_value(), self._clock())
            except signature.SignatureRefused as error:
                return _refusal(401 if error.missing else 403, str(error))
        if self._password is not None and not self._known(request):
            answer = _refusal(401, "user name and password of the webhook are missing or wrong")
            answer.headers["WWW-Authenticate"] = 'Basic realm="voicebot webhooks", charset="UTF-8"'
            return answer
        return None

    def _known(self, request: Request) -> bool:
        password = self._password.get_secret_value() if self._password else ""
        return matches(request, self._user, password)


def matches(request: Request, user: str, password: str) -> bool:
    """Whether the request carries exactly this HTTP Basic user and password; takes the same time either way."""
    given = request.authorization
    if given is None or given.type != "basic":
        return False
    same_user = hmac.compare_digest((given.username or "").encode(errors="replace"), user.encode())
    same_password = hmac.compare_digest((given.password or "").encode(errors="replace"), password.encode())
    return same_user and same_password


def _refusal(status: int, message: str) -> Response:
    answer = jsonify(error=message)
    answer.status_code = status
    return answer
