"""A person at a browser, as far as HTTP goes: cookies, forms and their tokens."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.house import House
from voicebot.roles import Role

PASSWORD = "correct horse battery"
HTML = {"Accept": "text/html"}


class Browser:
    """Keeps cookies, and sends with every form the token its page carried."""

    def __init__(self, house: House) -> None:
        self.client: FlaskClient = house.client.application.test_client()
        self._token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """The page at `path`."""
        answer = self.client.get(path, base_url="https://bot.example", headers=HTML, **options)
        found = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', answer.text)
        if found:
            self._token = found[1]
        return answer

    def post(self, path: str, token: str | None = None, **fields: Any) -> TestResponse:
        """Send a form; `token` replaces the one the page carried."""
        sent = {"csrf_token": self._token if token is None else token, **fields}
        return self.client.post(path, base_url="https://bot.example", headers=HTML, data=sent)

    def send(self, path: str, body: Any, token: str | None = None) -> TestResponse:
        """Send JSON as a page's script does."""
        headers = {"X-CSRF-Token": self._token if token is None else token, "Accept": "application/json"}
        return self.client.post(path, base_url="https://bot.example", headers=headers, json=body)

    def sign_in(self, name: str, password: str = PASSWORD, **fields: Any) -> TestResponse:
        """Open the sign-in page and send it."""
        self.get("/sign-in")
        return self.post("/sign-in", name=name, password=password, **fields)


def person(house: House, name: str, *roles: Role, targets: tuple[str, ...] = ()) -> Browser:
    """A new user with these roles, signed in."""
    house.records.users.add(name, PASSWORD, roles, targets)
    browser = Browser(house)
    assert browser.sign_in(name).status_code == 303
    return browser
