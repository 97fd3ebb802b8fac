"""Recordings of calls as private files in HubSpot, from where a note or a call refers to them.

A file is named after its call and overwrites one of that name, so that one whose answer was lost is not left
behind. It ends by itself when recordings end here.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import soundfile
import structlog
from urllib3.filepost import encode_multipart_formdata

from voicebot.crm.hubspot_http import Api, object_id
from voicebot.crm.port import CallNote, NoteRecording
from voicebot.crm.progress import Progress
from voicebot.errors import CrmRejected, CrmThrottled, CrmUnauthorized, CrmUnavailable
from voicebot.store.keeping import files

FOLDER = "/voicebot"
"""Where the files go; HubSpot makes it."""

MOST_BYTES = 64 << 20
"""A recording that is longer as a WAV, half an hour of both sides, is not sent."""

TRIES = 5
"""Failed attempts after which a note goes without the recording: it matters more."""

LONG = 15.0
"""Seconds after which the note is left to an attempt of its own, whose lease is whole."""

UNFINISHED = 60.0
"""Seconds after a call in which its recording may still be on its way to the disk."""

_BLOCK = 1 << 16
_FILES = "files"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shelf:
    """Which recordings may be sent. folder: of the recordings of this machine. days: how long they are kept."""

    folder: Path
    days: int
    clock: Callable[[], float] = time.time


def attach(api: Api, shelf: Shelf, note: CallNote, progress: Progress) -> None:
    """Send the recordings of the call that are not there yet. What cannot be sent becomes a remark.

    Kept between attempts: `file_0` and so on, the id of each, `none` where there will be none; `file_tries`;
    `recording_remark`; and `written`, all of them as `Crm.erase` takes them.
    Raises CrmThrottled, CrmUnavailable.
    """
    begun = time.monotonic()
    for number, recording in enumerate(note.recordings):
        if not progress[f"file_{number}"]:
            progress.put(**{f"file_{number}": _send(api, shelf, note, number, recording, progress) or "none"})
            progress.put(written=" ".join(f"{_FILES}/{identity}" for identity in attached(note, progress)))
    if time.monotonic() - begun > LONG:
        raise CrmThrottled("the recording is sent; the note follows", 0.0, account=False)


def attached(note: CallNote, progress: Progress) -> list[str]:
    """The ids of the files that were sent."""
    found = (progress[f"file_{number}"] for number in range(len(note.recordings)))
    return [identity for identity in found if identity not in ("", "none")]


def _send(
    api: Api, shelf: Shelf, note: CallNote, number: int, recording: NoteRecording, progress: Progress
) -> str | None:
    def without(why: str) -> None:
        progress.put(recording_remark=f"The recording of this call is not attached: {why}.")

    ended = note.started_at.timestamp() + note.duration
    if not recording.seconds and shelf.clock() < ended + UNFINISHED:
        raise CrmThrottled("waiting for the recording of the call to be complete", 5.0, account=False)
    tries = int(progress["file_tries"] or 0)
    if tries >= TRIES:
        without("HubSpot did not take it")
        return None
    try:
        content = wav(shelf.folder, recording.path)
    except (OSError, soundfile.LibsndfileError) as error:
        log.error("crm.recording_unreadable", call=note.call_id, error=type(error).__name__)
        without("it cannot be read")
        return None
    if content is None:
        without("it is on another machine, or was deleted")
        return None
    if len(content) > MOST_BYTES:
        without("it is too long")
        return None
    progress.put(file_tries=str(tries + 1))
    try:
        return object_id(api.upload(*_form(f"{note.call_id}-{number + 1}.wav", content, shelf.days)))
    except (CrmRejected, CrmUnauthorized) as error:
        # A scope that is missing for files must not stop the notes, which do without it.
        log.error("crm.recording_refused", call=note.call_id, error=str(error))
        without("HubSpot refused it")
        return None
    except CrmThrottled:
        progress.put(file_tries=str(tries))
        raise
    except CrmUnavailable as error:
        # The note was not touched: there is no doubt about it.
        raise CrmUnavailable(str(error)) from None


def wav(folder: Path, path: str) -> bytes | None:
    """The recording as a WAV, unpacked where it is packed; None if it is not in `folder`.

    One that is longer than `MOST_BYTES` is cut just beyond. Raises OSError, soundfile.LibsndfileError.
    """
    found = files(folder, path)
    if not found:
        return None
    out = io.BytesIO()
    with (
        soundfile.SoundFile(found[0]) as sound,
        soundfile.SoundFile(out, "w", sound.samplerate, sound.channels, "PCM_16", format="WAV") as unpacked,
    ):
        for block in sound.blocks(_BLOCK, dtype="int16"):
            unpacked.write(block)
            if out.tell() > MOST_BYTES:
                break
    return out.getvalue()


def _form(name: str, content: bytes, days: int) -> tuple[bytes, str]:
    """The multipart body and its content type."""
    options = {
        "access": "PRIVATE",
        "overwrite": True,
        "duplicateValidationStrategy": "NONE",
        "ttl": f"P{days}D",
    }
    return encode_multipart_formdata(
        {
            "file": (name, content, "audio/wav"),
            "fileName": name,
            "folderPath": FOLDER,
            "options": json.dumps(options),
        }
    )
