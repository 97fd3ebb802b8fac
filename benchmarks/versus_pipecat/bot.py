"""The same bot built with pipecat. Runs in pipecat's own environment: `python -m benchmarks.versus_pipecat.bot`.

The pipeline is the one `pipecat init` writes for telephony (Silero VAD and turn strategies with their defaults).
Ours are only the parts it lacks: jambonz, the rules in the place of a language model, and the espeak-ng voice. The
speech model is loaded once and shared by all calls, which pipecat would load for each.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket
from faster_whisper import WhisperModel
from loguru import logger
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    AudioRawFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    LLMContextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from benchmarks.versus_pipecat import jambonz
from benchmarks.versus_pipecat.strategy import Strategy
from voicebot.dialog import load
from voicebot.dialog.port import Conversation, Dialog
from voicebot.tts.espeak import EspeakSynthesizer

SUBPROTOCOL = "audio.drachtio.org"


class JambonzSerializer(FrameSerializer):
    """Pipecat's frames as messages of a jambonz audio fork, and back."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """Audio and interruptions; nothing else concerns jambonz."""
        if isinstance(frame, InterruptionFrame):
            return jambonz.clear()
        return jambonz.audio(frame.audio) if isinstance(frame, AudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """Audio and keys."""
        match jambonz.received(data):
            case jambonz.Audio(pcm):
                return InputAudioRawFrame(audio=pcm, sample_rate=jambonz.RATE_IN, num_channels=1)
            case jambonz.Key(key) if key in {entry.value for entry in KeypadEntry}:
                return InputDTMFFrame(KeypadEntry(key))
            case _:
                return None


class Espeak(TTSService):
    """Our espeak-ng engine as a service of pipecat's."""

    def __init__(self, synthesizer: EspeakSynthesizer) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=jambonz.RATE_OUT,
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._synthesizer = synthesizer

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """The audio of one sentence."""
        async for pcm in self._synthesizer.stream(text):
            yield TTSAudioRawFrame(pcm.tobytes(), jambonz.RATE_OUT, 1, context_id=context_id)


class SharedWhisper(WhisperSTTService):
    """Pipecat's Whisper service with a model that is loaded already."""

    def __init__(self, model: WhisperModel, folder: str) -> None:
        self._shared = model
        super().__init__(settings=WhisperSTTService.Settings(model=folder, language=Language.EN))

    def _load(self) -> None:
        self._model = self._shared


class Rules(FrameProcessor):
    """The dialog in the place of a language model: the same rules as voicebot's."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer what the caller said; pass on everything else."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        said = [message for message in frame.context.messages if message.get("role") == "user"]
        if said:
            move = self._conversation.hear(str(said[-1]["content"]).strip(), 0.9)
            for line in move.say:
                await self.push_frame(TTSSpeakFrame(line.text))


def strategies(strategy: Strategy) -> UserTurnStrategies | None:
    """None is pipecat's default: Smart Turn, with the model in its package."""
    match strategy:
        case Strategy.SMART_TURN:
            return None
        case Strategy.TIMEOUT:
            return UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy()])


def application(dialog: Dialog, model: WhisperModel, folder: str, strategy: Strategy, audio_url: str) -> FastAPI:
    """The webhooks and the audio socket."""
    app = FastAPI()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/voice")
    async def voice() -> list[dict[str, Any]]:
        return [jambonz.listen(audio_url)]

    @app.post("/status")
    @app.post("/done")
    async def done() -> list[dict[str, Any]]:
        return []

    @app.websocket("/audio")
    async def audio(websocket: WebSocket) -> None:
        await websocket.accept(subprotocol=SUBPROTOCOL)
        await hold(websocket, dialog.converse("", ""), model, folder, strategy)

    return app


async def hold(
    websocket: WebSocket, conversation: Conversation, model: WhisperModel, folder: str, strategy: Strategy
) -> None:
    """One call."""
    transport = FastAPIWebsocketTransport(
        websocket=websocket,
        params=FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=JambonzSerializer()
        ),
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies(strategy)
        ),
    )
    pipeline = Pipeline(
        [
            transport.input(),
            SharedWhisper(model, folder),
            user,
            Rules(conversation),
            Espeak(EspeakSynthesizer()),
            transport.output(),
            assistant,
        ]
    )
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=jambonz.RATE_IN, audio_out_sample_rate=jambonz.RATE_OUT),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_connected")
    async def connected(_transport: Any, _client: Any) -> None:
        await worker.queue_frames([TTSSpeakFrame(line.text) for line in conversation.open().say])

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport: Any, _client: Any) -> None:
        await runner.cancel()

    await runner.run()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser("python -m benchmarks.versus_pipecat.bot", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dialog", type=Path, required=True, help="the dialog file")
    parser.add_argument("--model", required=True, help="folder of a CTranslate2 Whisper model")
    parser.add_argument("--compute-type", default="int8")
    parser.add_argument("--strategy", type=Strategy, choices=list(Strategy), default=Strategy.SMART_TURN)
    options = parser.parse_args()
    logger.remove()
    logger.add(lambda message: print(message, end="", flush=True), level="WARNING")
    model = WhisperModel(options.model, device="cpu", compute_type=options.compute_type)
    app = application(
        load(options.dialog), model, options.model, options.strategy, f"ws://127.0.0.1:{options.port}/audio"
    )
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
