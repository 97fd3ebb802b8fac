"""Many callers, one speech model: our queue against plain faster-whisper in threads, and against one lock."""
