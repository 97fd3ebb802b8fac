"""How the demo recogniser is made: sentences, synthetic callers, a line, training, conversion, evaluation."""
