"""A server of Piper voices that breaks off, ignores ranges, or sends something else, as a test wants."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VOICE = "en_US-test-low"
MODEL = bytes(range(256)) * 2000
CONFIG = b'{"audio": {"sample_rate": 16000}}'
FOLDER = "en/en_US/test/low"


@dataclass
class Hub:
    """What is served.

    cuts: after how many bytes of the model the next answers break off. ranges: whether it knows ranges.
    model: what is sent as the model. asked: path and Range header of every request.
    before: called before each answer with the path.
    """

    url: str
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    model: bytes = MODEL
    before: Callable[[str], None] = lambda path: None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def listed(self) -> dict[str, object]:
        """`voices.json` as the publisher wrote it."""
        files = {
            f"{FOLDER}/{VOICE}.onnx": MODEL,
            f"{FOLDER}/{VOICE}.onnx.json": CONFIG,
            f"{FOLDER}/MODEL_CARD": b"a card",
        }
        return {
            VOICE: {
                "key": VOICE,
                "language": {"code": "en_US", "family": "en"},
                "quality": "low",
                "num_speakers": 1,
                "files": {
                    path: {"size_bytes": len(content), "md5_digest": hashlib.md5(content).hexdigest()}
                    for path, content in files.items()
                },
            }
        }


@contextlib.contextmanager
def hub() -> Iterator[Hub]:
    """A server on a free port of this machine, for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            here.asked.append((self.path, wanted))
            here.before(self.path)
            content = {
                "/main/voices.json": json.dumps(here.listed()).encode(),
                f"/main/{FOLDER}/{VOICE}.onnx": here.model,
                f"/main/{FOLDER}/{VOICE}.onnx.json": CONFIG,
            }.get(self.path)
            if content is None:
                self.send_error(404)
                return
            begin = int(match.group(1)) if here.ranges and (match := re.match(r"bytes=(\d+)-$", wanted)) else 0
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - begin))
            self.end_headers()
            cut = here.cuts.pop(0) if here.cuts and self.path.endswith(".onnx") else len(content)
            self.wfile.write(content[begin : begin + cut])

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Hub(f"http://127.0.0.1:{server.server_address[1]}/main")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
