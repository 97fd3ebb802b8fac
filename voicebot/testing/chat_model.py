"""A language model for tests, over real HTTP: `/v1/chat/completions` with answers written in advance."""

from __future__ import annotations

import json
from typing import Any

from voicebot.testing.vendor import FakeVendor, Fault, Reply, Request


class FakeChatModel(FakeVendor):
    """A server that answers `says` and keeps what it was asked; a context manager.

    formats: kinds of `response_format` it takes; others are answered 400.
    """

    def __init__(self, says: Any, formats: tuple[str, ...] = ("json_schema", "json_object")) -> None:
        super().__init__()
        self.says = says if isinstance(says, str) else json.dumps(says)
        self.finish = "stop"
        self.formats = formats

    @property
    def url(self) -> str:
        """Its base URL, up to and with `/v1`."""
        return f"{self.base}/v1"

    def carry_out(self, request: Request) -> Reply:
        """Answer as such servers do."""
        wanted = request.body.get("response_format")
        if wanted is not None and wanted["type"] not in self.formats:
            return Reply(
                400, {"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}
            )
        choice = {"index": 0, "message": {"role": "assistant", "content": self.says}, "finish_reason": self.finish}
        return Reply(200, {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice]})

    def refusal(self, fault: Fault) -> Reply:
        """As such servers say it."""
        status = {Fault.UNAUTHORIZED: 401, Fault.THROTTLED: 429, Fault.BROKEN: 500, Fault.AWAY: 503}.get(
            fault, 400
        )
        return Reply(status, {"error": {"message": "no", "type": "error"}})
