"""`python -m scripts.demo_asr STEP`: each step of the pipeline by one command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random

from scripts.demo_asr import clips, heldout
from scripts.demo_asr.grammar import Grammar
from scripts.demo_asr.voices import SEEN, Voice
from voicebot.asr.model import DEMO


def main(argv: Sequence[str] | None = None) -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo_asr", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)

    text = steps.add_parser("text", help="print sentences of the grammar")
    text.add_argument("--count", type=int, default=50)
    text.add_argument("--seed", type=int, default=1)

    make = steps.add_parser("clips", help="record training sentences with the synthetic voices")
    make.add_argument("folder", type=Path)
    make.add_argument("--count", type=int, default=20_000)
    make.add_argument("--seed", type=int, default=1)
    make.add_argument("--kinds", nargs="+", default=[], help="sections of sentences.txt, and no others")

    train = steps.add_parser("train", help="train on a folder of clips (needs torch)")
    train.add_argument("folder", type=Path)
    train.add_argument("out", type=Path, help="the checkpoint to write")
    train.add_argument(
        "--start", type=Path, nargs="+", default=[], help="a converted model folder or checkpoints to go on from"
    )
    train.add_argument("--tokenizer", type=Path, default=DEMO / "tokenizer.json")
    train.add_argument("--minutes", type=float, default=120)
    train.add_argument("--rate", type=float, default=7e-4, help="AdamW's highest rate; 1.5e-3 from scratch")
    train.add_argument("--last", type=float, default=1.4e-5, help="the rate it falls to by the end")
    train.add_argument("--processes", type=int, default=1, help="one for every free core")
    train.add_argument("--seed", type=int, default=1)

    convert = steps.add_parser("convert", help="turn a checkpoint into a CTranslate2 int8 folder (needs torch)")
    convert.add_argument("checkpoints", type=Path, nargs="+", help="one, or several to take the mean of")
    convert.add_argument("out", type=Path)

    held = steps.add_parser("heldout", help="record sentences that training never sees")
    held.add_argument("folder", type=Path)
    held.add_argument("--count", type=int, default=60, help="sentences for each voice")
    held.add_argument("--noise", nargs="+", default=["clean"], help="clean, or decibels under the voice")
    held.add_argument("--voices", nargs="+", default=[str(voice) for voice in SEEN])
    held.add_argument("--nobody", type=float, default=0, help="minutes of noises without words to record besides")
    held.add_argument("--festival", nargs="*", default=[], help="Scheme to run first, such as a voice's folder")

    args = parser.parse_args(argv)
    if args.step == "text":
        grammar, rng = Grammar(), Random(args.seed)
        for _ in range(args.count):
            sentence = grammar.sentence(rng)
            print(sentence.kind, sentence.text, sentence.spoken, sep="\t")
    elif args.step == "clips":
        clips.make(args.folder, args.seed, args.count, args.kinds)
    elif args.step == "heldout":
        heldout.make(
            args.folder,
            [Voice.parse(name) for name in args.voices],
            args.noise,
            args.count,
            festival=args.festival,
            nobody_minutes=args.nobody,
        )
    elif args.step == "train":
        from scripts.demo_asr.train import Plan
        from scripts.demo_asr.train import train as run

        plan = Plan(args.minutes, args.rate, args.last, processes=args.processes, seed=args.seed)
        run(args.folder, args.tokenizer, args.out, plan, args.start)
    elif args.step == "convert":
        from scripts.demo_asr.train import mean
        from scripts.demo_asr.weights import convert as write

        network, shape = mean(args.checkpoints)
        write(network, shape, DEMO, args.out)


if __name__ == "__main__":
    main()
