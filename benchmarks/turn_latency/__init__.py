"""How long a caller waits for an answer, everything real: last voiced frame to first sound of the reply."""
