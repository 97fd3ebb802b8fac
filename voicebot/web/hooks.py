"""The webhooks jambonz calls. Each takes a JSON body and answers a JSON array of verbs.

Whatever fails behind them, the answer is verbs with status 200: an error status on `/voice` is a call that is
never answered, and on a confirmHook it hangs up on the person who just answered.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from voicebot.errors import StoreError
from voicebot.store.schema import LARGEST_INTEGER
from voicebot.web import verbs
from voicebot.web.gate import Gate
from voicebot.web.incoming import Hook, parse
from voicebot.web.switchboard import Switchboard
from voicebot.web.verbs import Verb

log = structlog.get_logger()

Answer = Callable[[Hook], list[Verb]]


def blueprint(switchboard: Switchboard, gate: Gate) -> Blueprint:
    """`/voice` and what follows it under `/voice/…`, `/queue/<target>`, `/escalate` and `/status`."""
    hooks = Blueprint("hooks", __name__)

    @hooks.before_request
    def check() -> ResponseReturnValue | None:
        return None if request.method == "OPTIONS" else gate.refuse(request)

    @hooks.post("/voice", provide_automatic_options=False)
    def voice() -> ResponseReturnValue:
        return _reply(switchboard.answer, otherwise=switchboard.net)

    @hooks.route("/voice", methods=["OPTIONS"], provide_automatic_options=False)
    def variables() -> ResponseReturnValue:
        # Flat, by variable name: the API server refuses the {"env": …} shape some SDKs send.
        return jsonify(switchboard.variables)

    @hooks.post("/voice/next")
    def after_stream() -> ResponseReturnValue:
        return _reply(switchboard.after_stream, otherwise=switchboard.net)

    @hooks.post("/voice/dialed")
    def after_dial() -> ResponseReturnValue:
        # Not the net again: a person has just been tried, and trying could go on for ever.
        return _reply(switchboard.after_dial, otherwise=lambda hook: switchboard.goodbye())

    @hooks.post("/voice/whisper")
    def whisper() -> ResponseReturnValue:
        return _reply(switchboard.whisper, otherwise=lambda hook: [])

    @hooks.post("/voice/accept")
    def accept() -> ResponseReturnValue:
        prompts = request.args.get("prompts", 1, type=int)
        return _reply(lambda hook: switchboard.accept(hook, prompts), otherwise=lambda hook: [])

    @hooks.post("/voice/queued")
    def after_queue() -> ResponseReturnValue:
        return _reply(switchboard.after_queue, otherwise=lambda hook: switchboard.goodbye())

    @hooks.post("/voice/wait")
    def wait() -> ResponseReturnValue:
        wanted = request.args.get("target", "")
        # An empty answer would leave the caller in silence, for ever.
        return _reply(lambda hook: switchboard.wait(hook, wanted), otherwise=lambda hook: [verbs.leave()])

    @hooks.post("/queue/<wanted>")
    def fetch(wanted: str) -> ResponseReturnValue:
        return _reply(lambda hook: switchboard.fetch(hook, wanted), otherwise=lambda hook: switchboard.goodbye())

    @hooks.post("/queue/<wanted>/done")
    def fetched(wanted: str) -> ResponseReturnValue:
        offer = request.args.get("offer", 0, type=int)
        offer = offer if 0 <= offer <= LARGEST_INTEGER else 0
        return _reply(
            lambda hook: switchboard.fetched(hook, wanted, offer), otherwise=lambda hook: switchboard.goodbye()
        )

    @hooks.post("/escalate")
    def escalate() -> ResponseReturnValue:
        wanted = request.args.get("target", "")
        return _reply(lambda hook: switchboard.escalate(hook, wanted), otherwise=switchboard.net)

    @hooks.post("/status")
    def status() -> ResponseReturnValue:
        # The one hook whose answer nobody hears: a failure is shown, so that jambonz may be told to repeat it.
        hook = parse(request.get_data())
        try:
            switchboard.completed(hook)
        except StoreError as error:
            log.error("voice.store_failed", call=hook.call_id, hook=request.path, error=str(error))
            return jsonify(error="the store cannot be reached; repeat this request"), 503
        return jsonify([])

    return hooks


def _reply(answer: Answer, otherwise: Answer) -> ResponseReturnValue:
    hook = parse(request.get_data())
    try:
        return jsonify(answer(hook))
    except StoreError as error:
        log.error("voice.store_failed", call=hook.call_id, hook=request.path, error=str(error))
    except Exception as error:
        # The message of an unforeseen error may hold caller data; its place in the code does not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "voice.hook_failed",
            call=hook.call_id,
            hook=request.path,
            error=type(error).__name__,
            at=f"{place.name}:{place.lineno}",
        )
    return jsonify(otherwise(hook))
