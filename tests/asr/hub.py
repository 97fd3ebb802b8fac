"""A model hub on loopback that speaks as much of the Hugging Face protocol as a download needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

COMMIT = "a" * 40


class Hub:
    """Serves folders as repositories, each with one commit.

    asked: every path that was asked for.
    """

    def __init__(self, repositories: Mapping[str, Path] | None = None) -> None:
        self.asked: list[str] = []
        self._repositories = dict(repositories or {})
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Tests need no access log."""

            def do_HEAD(self) -> None:
                hub.answer(self, with_body=False)

            def do_GET(self) -> None:
                hub.answer(self, with_body=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, with_body: bool) -> None:
        """Answer one request."""
        path = urlsplit(request.path).path
        self.asked.append(path)
        status, headers, body = self._find(path)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if with_body:
            request.wfile.write(body)

    def _find(self, path: str) -> tuple[int, dict[str, str], bytes]:
        for name, folder in self._repositories.items():
            files = sorted(file for file in folder.iterdir() if file.is_file())
            if path == f"/api/models/{name}/revision/main":
                siblings = [{"rfilename": file.name} for file in files]
                return _json({"id": name, "modelId": name, "sha": COMMIT, "private": False, "siblings": siblings})
            if path == f"/api/models/{name}/tree/{COMMIT}":
                return _json([_entry(file) for file in files])
            if path.startswith(f"/{name}/resolve/{COMMIT}/"):
                file = folder / path.rsplit("/", 1)[1]
                if file.is_file():
                    return 200, {"ETag": f'"{_entry(file)["oid"]}"', "X-Repo-Commit": COMMIT}, file.read_bytes()
        return 404, {"X-Error-Code": "RepoNotFound" if path.startswith("/api/models/") else "EntryNotFound"}, b""


def _entry(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"type": "file", "path": file.name, "size": len(content), "oid": digest}


def _json(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()
