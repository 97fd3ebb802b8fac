"""The files an operator deploys with, held against what the code really has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from voicebot.cli import app
from voicebot.settings import Settings

ROOT = Path(__file__).parents[1]
SETTINGS = {f"VOICEBOT_{name.upper()}" for name in Settings.model_fields}
OUR_SERVICES = ("web", "media", "media-gpu", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """docker-compose.yml as YAML gives it, anchors resolved."""
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(content, dict)
    return content


def test_the_compose_file_is_valid() -> None:
    """The compose specification's own schema accepts it."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    subprocess.run([*command, str(ROOT / "docker-compose.yml")], check=True, capture_output=True, timeout=60)


def test_the_dockerfile_is_clean() -> None:
    """hadolint finds nothing to say."""
    linter = Path(sys.executable).with_name("hadolint")
    result = subprocess.run(
        [str(linter), str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.stdout + result.stderr == ""


def test_services_run_commands_that_exist(compose: dict[str, Any]) -> None:
    """What the compose file starts is what the command line offers."""
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert {compose["services"][name]["command"][0] for name in OUR_SERVICES} <= commands


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_services_are_locked_down_and_waited_for(compose: dict[str, Any], name: str) -> None:
    """Every process of ours runs without rights it does not need, on a read-only root, after Redis is healthy."""
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["depends_on"]["redis"]["condition"] == "service_healthy"
    assert set(service["environment"]) <= SETTINGS | {"VOICEBOT_HEALTH_PORT"}


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_services_see_the_bot_and_listen_where_their_ports_lead(compose: dict[str, Any], name: str) -> None:
    """A dialog of one's own needs no new image, and no line of voicebot.env leads a published port nowhere."""
    service = compose["services"][name]
    assert "./config:/app/config:ro" in service["volumes"]
    ports = {service["environment"][setting] for setting in ("VOICEBOT_HTTP_PORT", "VOICEBOT_WS_PORT")}
    assert {port.rsplit(":", 1)[1] for port in service.get("ports", ())} <= ports


def test_no_secrets_get_into_the_image() -> None:
    """Settings files, wherever they lie, and what a server wrote stay out of the build."""
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {"**/*.env", "var"} <= set(left_out)


def test_the_gpu_service_is_built_with_the_libraries_it_needs(compose: dict[str, Any]) -> None:
    """The profile reserves a GPU, asks for it, and builds on the CUDA 12 base that the Dockerfile names."""
    service = compose["services"]["media-gpu"]
    base = service["build"]["args"]["BASE"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert service["profiles"] == ["gpu"]
    assert service["environment"]["VOICEBOT_ASR_DEVICE"] == "cuda"
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    # cuBLAS is in the runtime images, not in the base ones; CTranslate2 loads libcublas.so.12.
    assert base.startswith("nvidia/cuda:12.")
    assert "-runtime-" in base
    assert f"--build-arg BASE={base}" in dockerfile
    assert "\nARG BASE=python" in dockerfile
    assert "\nFROM ${BASE}\n" in dockerfile
    assert service["image"] != compose["services"]["media"]["image"]


def test_the_image_can_be_built_with_a_voice() -> None:
    """What VOICES may name is copied in and ends in the installation; nothing else is named in the docs."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = next(line for line in dockerfile.splitlines() if line.startswith("COPY requirements.txt"))
    (named,) = set(re.findall(r"--build-arg VOICES=(\w+)", dockerfile + (ROOT / "docs" / "voices.md").read_text()))
    assert f"requirements-{named}.txt" in copied
    assert (ROOT / f"requirements-{named}.txt").is_file()
    assert '${VOICES:+-r "requirements-${VOICES}.txt"}' in dockerfile


def test_the_example_settings_exist_and_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name in the example is a setting, and filled in it starts."""
    text = (ROOT / "config" / "voicebot.env.example").read_text()
    lines = [line.removeprefix("#") for line in text.splitlines() if "=" in line and not line.startswith("# ")]
    assert {line.split("=", 1)[0] for line in lines} <= SETTINGS
    filled = text.replace("SECRET=", "SECRET=x").replace("PASSWORD=", "PASSWORD=x")
    path = tmp_path / "voicebot.env"
    path.write_text(filled)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    settings = Settings(_env_file=path)
    assert settings.http_url == "https://bot.example"


def test_requirements_name_no_host() -> None:
    """Pinned files install from whatever index the operator uses."""
    for path in ROOT.glob("requirements*.txt"):
        assert "://" not in path.read_text(), path.name
