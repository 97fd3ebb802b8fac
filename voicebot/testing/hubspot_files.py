"""The files of a fake HubSpot account: multipart uploads, private or not, up to a size, and deletion."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from voicebot.testing.hubspot_errors import refuse
from voicebot.testing.vendor import Reply

_TTL = re.compile(r"P\d+[DWMY]")
_ACCESS = ("PRIVATE", "PUBLIC_INDEXABLE", "PUBLIC_NOT_INDEXABLE")


@dataclass
class File:
    """A file as it is kept. options: as they were sent."""

    id: str
    name: str
    folder: str
    content: bytes
    options: dict[str, Any]


class Files:
    """Every file of an account, by its id. limit: bytes of the largest it takes."""

    def __init__(self, limit: int = 300 << 20) -> None:
        self.kept: dict[str, File] = {}
        self.limit = limit
        self._next = 24332474034

    def upload(self, content_type: str, raw: bytes) -> Reply:
        """Keep a file; one of the same name in the folder is overwritten if that is wanted."""
        said = _parts(content_type, raw)
        content = said.get("file")
        if content is None or not (said.get("folderPath") or said.get("folderId")):
            return refuse(400, "VALIDATION_ERROR", "file and a folder are required")
        if len(content) > self.limit:
            return refuse(413, "REQUEST_ENTITY_TOO_LARGE", "the file is too large")
        texts = {name: value.decode() for name, value in said.items() if name != "file"}
        try:
            options = json.loads(texts.get("options", ""))
        except ValueError:
            return refuse(400, "VALIDATION_ERROR", "options must be JSON", {"propertyName": ["options"]})
        if options.get("access") not in _ACCESS or not _TTL.fullmatch(options.get("ttl", "P1D")):
            return refuse(400, "VALIDATION_ERROR", "options are not valid", {"propertyName": ["options"]})
        name = texts.get("fileName", "")
        folder = texts.get("folderPath", "/")
        same = [each for each in self.kept.values() if (each.name, each.folder) == (name, folder)]
        if same and options.get("overwrite"):
            identity = same[0].id
        else:
            identity, self._next = str(self._next), self._next + 1
        self.kept[identity] = File(identity, name, folder, content, options)
        return Reply(
            201,
            {
                "id": identity,
                "path": f"{folder}/{name}",
                "size": len(content),
                "access": options["access"],
                "type": "AUDIO",
                "archived": False,
            },
        )

    def delete(self, identity: str) -> Reply:
        """Delete a file for good."""
        if self.kept.pop(identity, None) is None:
            return refuse(404, "OBJECT_NOT_FOUND", "no such file")
        return Reply(204)


def _parts(content_type: str, raw: bytes) -> dict[str, bytes]:
    """The parts of a multipart form (RFC 7578) by name."""
    kind, _, boundary = content_type.partition("boundary=")
    found: dict[str, bytes] = {}
    if not kind.startswith("multipart/form-data") or not boundary:
        return found
    for part in raw.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if (name := re.search(rb'name="([^"]+)"', head)) is not None:
            found[name[1].decode()] = content.removesuffix(b"\r\n")
    return found
