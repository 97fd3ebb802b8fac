"""How soon a voice is heard: every engine at hand, for a new sentence and for a known one."""
