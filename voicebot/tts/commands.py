"""`voicebot say` and `voicebot voices`: hear an engine without a call, see what is here, get more."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.errors import ModelUnavailable, VoicebotError
from voicebot.settings import Settings, Voice, load

if TYPE_CHECKING:
    from voicebot.audio import Pcm

voices_app = typer.Typer(
    help="Which voices are here, for each engine, and how to get more.", invoke_without_command=True
)


def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    out: Annotated[Path, typer.Option(help="The WAV file to write, as a caller hears it: 8 kHz, 16 bit.")],
    voice: Annotated[Voice | None, typer.Option(help="The engine; the configured one if left out.")] = None,
    name: Annotated[str | None, typer.Option(help="Its voice; the configured or the engine's own one.")] = None,
) -> None:
    """Speak a text into a file with the configured voice or another; tell how it was read and how long it took."""
    settings = load()
    changes: dict[str, object] = {}
    if voice is not None and voice is not settings.voice:
        # The configured name belongs to the configured engine.
        changes = {"voice": voice, "voice_name": ""}
    if name is not None:
        changes["voice_name"] = name
    typer.echo(asyncio.run(_say(load(**changes), text, out)))


async def _say(settings: Settings, text: str, out: Path) -> str:
    import numpy as np

    from voicebot.audio import seconds, silence
    from voicebot.audio.level import speech_dbfs, true_peak_dbfs
    from voicebot.tts.build import engine
    from voicebot.tts.normalise import has_words, speakable_sentences

    speaker = await asyncio.to_thread(engine, settings)
    begun = time.perf_counter()
    first = 0.0
    spoken = [silence(0)]
    try:
        async with aclosing(speaker.stream(text)) as audio:
            async for chunk in audio:
                first = first or time.perf_counter() - begun
                spoken.append(chunk)
        took = time.perf_counter() - begun
    finally:
        await speaker.aclose()
    pcm = np.concatenate(spoken)
    if not len(pcm):
        if has_words(text):
            raise VoicebotError(f"{speaker.description} made silence of this text: try another voice")
        raise VoicebotError("there is nothing to say in this text")
    _write(out, pcm)
    return (
        f"{out}: {seconds(pcm):.1f} s by {speaker.description}\n"
        f"first audio after {1000 * first:.0f} ms, all after {1000 * took:.0f} ms; "
        f"speech at {speech_dbfs(pcm):.1f} dBFS, peak {true_peak_dbfs(pcm):.1f} dBFS\n"
        f"spoken as: {' '.join(speakable_sentences(text, speaker.language))}"
    )


def _write(out: Path, pcm: Pcm) -> None:
    import soundfile

    from voicebot.audio import SAMPLE_RATE

    # libsndfile calls whatever goes wrong with a path a system error, and prints what goes wrong with a file.
    wav = io.BytesIO()
    soundfile.write(wav, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    try:
        out.write_bytes(wav.getvalue())
    except OSError as error:
        raise VoicebotError(
            f"{out} cannot be written ({error.strerror}): give --out a file in a folder that exists"
        ) from error


@voices_app.callback()
def voices(context: typer.Context) -> None:
    """List the voices that are here, for each engine, and how to get more."""
    if context.invoked_subcommand is not None:
        return
    from voicebot.tts.inventory import inventory

    for line in inventory(load()):
        typer.echo(line)


@voices_app.command("offers")
def voices_offers(
    language: Annotated[str, typer.Option(help="Only languages that begin so: en, en_GB, de.")] = "",
) -> None:
    """List the Piper voices that can be fetched (asks VOICEBOT_VOICES_URL)."""
    from voicebot.tts.catalogue import offers

    offered = sorted(offers(load().voices_url).items())
    fitting = [(name, offer) for name, offer in offered if offer.language.startswith(language)]
    if not fitting:
        languages = ", ".join(sorted({offer.language for _, offer in offered}))
        raise ModelUnavailable(
            f"no Piper voice speaks a language that begins with {language}; there are {languages}"
        )
    for name, offer in fitting:
        typer.echo(f"{name:40} {offer.size / 1e6:6.0f} MB  {offer.speakers} speaker(s)")


@voices_app.command("get")
def voices_get(
    name: Annotated[str, typer.Argument(help="A Piper voice such as en_US-lessac-medium.")],
) -> None:
    """Fetch a Piper voice into the data folder; run it again to go on after a break."""
    from voicebot.tts import catalogue
    from voicebot.tts.build import voices_folder

    settings = load()
    offered = catalogue.offers(settings.voices_url)
    offer = offered.get(name)
    if offer is None:
        near = ", ".join([other for other in sorted(offered) if other[:2] == name[:2]][:5])
        such = f", such as {near}" if near else ""
        raise ModelUnavailable(f"there is no Piper voice {name}; `voicebot voices offers` lists all{such}")
    folder = voices_folder(settings)
    with typer.progressbar(length=offer.size, label=name) as bar:
        before: dict[str, int] = {}

        def progress(file: str, there: int, _size: int) -> None:
            bar.update(there - before.get(file, 0))
            before[file] = there

        catalogue.get(offer, folder, progress)
    typer.echo(f"{name} is in {folder}. Use it: VOICEBOT_VOICE=piper VOICEBOT_VOICE_NAME={name}")
