"""How long callers wait for voicebot and for pipecat: same callers, model, voice and replies, in turn."""
