"""The telephone scorecard: what each model at hand makes of 8 kHz mu-law speech, clean and in noise."""
