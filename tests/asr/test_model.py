"""Which model is taken, and what an operator reads when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import ctranslate2
import pytest

from tests.asr.hub import Hub
from voicebot.asr import model
from voicebot.asr.model import DEMO, choose, missing, within
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings

CHOOSE = """
import sys
from voicebot.asr.model import choose
from voicebot.errors import ModelUnavailable
from voicebot.settings import Settings
try:
    checkpoint = choose(Settings(asr_model=sys.argv[1], asr_device="cpu", data_dir=sys.argv[2]))
except ModelUnavailable as error:
    print(error)
else:
    print(checkpoint.folder, "|", checkpoint.name, "|", checkpoint.note)
"""


def _choose(model: str, data_dir: Path, **environment: str) -> str:
    """What `choose` comes to in a process of its own: the hub client reads its environment once, when imported."""
    run = subprocess.run(
        [sys.executable, "-c", CHOOSE, model, str(data_dir)],
        env={"PATH": "", "HOME": str(data_dir), **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    return run.stdout.splitlines()[-1]


def test_the_demo_model_is_complete_and_always_there(tmp_path: Path) -> None:
    """`demo` needs no network, and its folder holds all a model needs."""
    checkpoint = choose(Settings(asr_model="demo", asr_device="cpu", data_dir=tmp_path))
    assert checkpoint.is_demo
    assert missing(checkpoint.folder) == []
    assert (checkpoint.device, checkpoint.compute_type) == ("cpu", "int8")


def test_a_model_made_by_the_demo_recipe_is_used_in_its_way(tmp_path: Path) -> None:
    """Its feature settings tell it from a released Whisper, wherever its folder is."""
    made = shutil.copytree(DEMO, tmp_path / "made")
    settings = Settings(asr_model=str(made), asr_device="cpu", data_dir=tmp_path)
    assert choose(settings).is_demo
    (made / "preprocessor_config.json").write_text('{"feature_size": 80}')
    assert not choose(settings).is_demo
    (made / "preprocessor_config.json").unlink()
    assert not choose(settings).is_demo


def test_auto_without_a_hub_is_the_demo_model_and_says_so(tmp_path: Path) -> None:
    """Where nothing can be fetched the bot still runs, and the operator reads with what and why."""
    began = time.monotonic()
    said = _choose("auto", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert said == (
        f"{DEMO} | demo model | hears synthetic English voices only: the model hub could not be reached"
    )
    assert time.monotonic() - began < 15


def test_offline_is_honoured(tmp_path: Path) -> None:
    """With HF_HUB_OFFLINE nobody knocks at the hub."""
    with Hub() as hub:
        said = _choose("auto", tmp_path, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1")
    assert said.endswith("the model is not in the data folder, and HF_HUB_OFFLINE forbids to fetch it")
    assert hub.asked == []


def test_a_named_model_out_of_reach_is_an_error_with_the_fix(tmp_path: Path) -> None:
    """Who names a model does not get another one behind his back."""
    said = _choose("small.en", tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert said.startswith("VOICEBOT_ASR_MODEL=small.en: the model hub could not be reached. Connect")
    assert "VOICEBOT_ASR_MODEL=demo" in said


def test_a_model_is_fetched_once_into_the_data_folder(tmp_path: Path) -> None:
    """The hub gives the model at the first start; the next start does without it."""
    with Hub({"shop/whisper": DEMO}) as hub:
        first = _choose("shop/whisper", tmp_path, HF_ENDPOINT=hub.url)
    folder = Path(first.split(" | ")[0])
    assert folder.is_relative_to(tmp_path / "models")
    assert (folder / "model.bin").read_bytes() == (DEMO / "model.bin").read_bytes()
    assert missing(folder) == []
    assert _choose("shop/whisper", tmp_path, HF_ENDPOINT="http://127.0.0.1:9") == first


def test_a_model_the_hub_does_not_have(tmp_path: Path) -> None:
    """A wrong hub id is told from a closed network."""
    with Hub() as hub:
        said = _choose("nobody/nothing", tmp_path, HF_ENDPOINT=hub.url)
    assert said.startswith("VOICEBOT_ASR_MODEL=nobody/nothing: the model hub did not give it")


def test_a_copy_that_lacks_files_is_refused(tmp_path: Path) -> None:
    """A hub's model of another kind is not loaded to fail in the midst of a start."""
    (tmp_path / "half").mkdir()
    for name in ("model.bin", "config.json"):
        shutil.copy(DEMO / name, tmp_path / "half")
    with Hub({"shop/whisper": tmp_path / "half"}) as hub:
        said = _choose("shop/whisper", tmp_path, HF_ENDPOINT=hub.url)
    assert said.startswith(
        "VOICEBOT_ASR_MODEL=shop/whisper: the model hub's copy has no vocabulary.json and no tokenizer.json."
    )


@pytest.mark.parametrize(
    ("gpus", "cores", "language", "chosen"),
    [
        (1, 2, "en", ("large-v3-turbo", "cuda", "float16")),
        (1, 16, "de", ("large-v3-turbo", "cuda", "float16")),
        (0, 7, "en", ("base.en", "cpu", "int8")),
        (0, 8, "en", ("small.en", "cpu", "int8")),
        (0, 7, "de", ("base", "cpu", "int8")),
        (0, 8, "de", ("small", "cpu", "int8")),
    ],
)
def test_auto_takes_what_keeps_up_and_knows_the_language(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: int,
    cores: int,
    language: str,
    chosen: tuple[str, str, str],
) -> None:
    """The largest model on a GPU; on a CPU what its cores can do, one for English alone where that is spoken."""
    known = {"cuda": {"int8", "float16", "float32"}, "cpu": {"int8", "float32"}}
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: gpus)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", known.__getitem__)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
    monkeypatch.setattr(model, "download_model", lambda name, **_: str(DEMO))
    checkpoint = choose(Settings(asr_model="auto", data_dir=tmp_path), language)
    assert (checkpoint.name, checkpoint.device, checkpoint.compute_type) == chosen


def test_a_gpu_is_left_alone_or_missed_as_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cpu` stays on the CPU of a machine with a GPU; `cuda` without a GPU is an error, and no slow start."""
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    assert choose(Settings(asr_model="demo", asr_device="cpu")).device == "cpu"
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    with pytest.raises(ModelUnavailable, match=r"VOICEBOT_ASR_DEVICE=cuda: no CUDA device.*ASR_DEVICE=cpu"):
        choose(Settings(asr_model="demo", asr_device="cuda"))


def test_an_incomplete_folder_names_the_missing_files(tmp_path: Path) -> None:
    """The operator reads which files to add."""
    (tmp_path / "model.bin").touch()
    (tmp_path / "vocabulary.txt").touch()
    with pytest.raises(ModelUnavailable, match=r"has no config\.json and no tokenizer\.json"):
        choose(Settings(asr_model=str(tmp_path), asr_device="cpu"))


@pytest.mark.parametrize("name", ["smal.en", "/nowhere/model", "../model"])
def test_a_misspelt_model_lists_what_there_is(name: str) -> None:
    """Neither a folder nor a size nor a hub id: the message says what would be."""
    with pytest.raises(ModelUnavailable, match=r"no such folder.*demo.*small\.en"):
        choose(Settings(asr_model=name, asr_device="cpu"))


def test_a_compute_type_this_machine_cannot_do_lists_those_it_can() -> None:
    """float16 needs a GPU."""
    with pytest.raises(ModelUnavailable, match=r"VOICEBOT_ASR_COMPUTE_TYPE=float16.*int8"):
        choose(Settings(asr_model="demo", asr_device="cpu", asr_compute_type="float16"))


def test_work_that_hangs_is_left_behind() -> None:
    """A name look-up that never returns costs the limit and no more; a failure comes through as it is."""
    never = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.02, never.wait)
    never.set()
    assert within(5, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)
