"""Command line of the telephone scorecard."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import command, machine, table
from voicebot.asr import build
from voicebot.audio import Pcm, seconds
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
from voicebot.testing.scorecard import Card, Totals, judge, page
from voicebot.testing.utterances import NOISES, VOICES, Utterance, nobody, read, spoken

MODELS = ("demo", "tiny.en", "base.en", "small.en", "distil-large-v3", "large-v3-turbo")
NOISE_MINUTES = 2.0

ABOUT = """Word error rate, sentences and numbers exactly right, and text made up where nobody speaks, for every
model at hand: those in the data folder, and those the model hub gives. Without --folder the utterances are spoken
by espeak-ng here and now, which flatters a model trained on such voices (demo) and is hard on one that was not:
read those figures side by side for noise and context, not for choosing a model. With --context the same for less
padding than 30 s.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        "asr_quality", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="as VOICEBOT_ASR_MODEL names them")
    parser.add_argument("--context", nargs="+", type=float, default=[30.0], help="seconds, each in turn")
    parser.add_argument("--folder", type=Path, help="recordings with a manifest.tsv")
    parser.add_argument("--data", type=Path, default=Path("var"), help="the data folder with its models")
    parser.add_argument("--noise-minutes", type=float, default=NOISE_MINUTES)
    parser.add_argument("--details", action="store_true", help="tables by voice, noise and class for each model")
    parser.add_argument("--quick", action="store_true", help="one voice and a little noise")
    chosen = parser.parse_args(arguments)
    said = list(read(chosen.folder) if chosen.folder else spoken(VOICES[:1] if chosen.quick else VOICES))
    quiet = list(nobody(0.2 if chosen.quick else chosen.noise_minutes))
    print("\n".join(machine()))
    print(f"command   {command('benchmarks.asr_quality')}")
    print(f"material  {len(said)} utterances, {sum(seconds(one.pcm) for one in said) / 60:.1f} minutes, "
          f"{len({one.voice for one in said})} voices, mu-law\n")  # fmt: skip
    rows, details = [], []
    for model in chosen.models:
        for context in chosen.context if model != "demo" else chosen.context[:1]:
            settings = Settings(
                asr_model=model, asr_context_seconds=context, asr_timeout=60.0, data_dir=chosen.data
            )
            try:
                card, speed = asyncio.run(_judged(settings, said, quiet))
            except ModelUnavailable as error:
                print(f"{model}: {error}", file=sys.stderr)
                break
            shown = "own" if model == "demo" else f"{context:g}"
            rows += _rows(model, shown, card, speed)
            details += [f"\n{model}, context {shown} s\n{page(card, wrong=True)}"] if chosen.details else []
    print(table(_HEAD, rows))
    print("\n".join(details))
    return 0


async def _judged(settings: Settings, said: Sequence[Utterance], quiet: Sequence[Pcm]) -> tuple[Card, float]:
    recognizer = await asyncio.to_thread(build, settings)
    try:
        began = time.monotonic()
        card = await judge(recognizer, said, quiet)
        return card, (sum(seconds(one.pcm) for one in said) + card.noise_seconds) / (time.monotonic() - began)
    finally:
        await recognizer.aclose()


_HEAD = ("model", "context s", "noise dB", "n", "exact %", "WER %", "numbers %", "false texts", "audio s/s")


def _rows(model: str, context: str, card: Card, speed: float) -> list[tuple[str, ...]]:
    groups = card.by(lambda score: score.utterance.noise)
    order = [*(noise for noise in NOISES if noise in groups), *(noise for noise in groups if noise not in NOISES)]
    rows = [_row(model, context, noise, groups[noise]) for noise in order]
    (everything,) = card.by(lambda score: "all").values()
    false = f"{len(card.false_texts)} in {card.noise_seconds / 60:.1f} min"
    return [*rows, (*_row(model, context, "all", everything)[:-2], false, f"{speed:.1f}")]


def _row(model: str, context: str, noise: str, totals: Totals) -> tuple[str, ...]:
    return (
        model,
        context,
        noise,
        str(totals.count),
        f"{100 * totals.exact:.1f}",
        f"{100 * totals.wer:.1f}",
        f"{100 * totals.numbers:.1f}",
        "",
        "",
    )


if __name__ == "__main__":
    sys.exit(main())
