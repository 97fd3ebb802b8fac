"""Tests of the look-ups."""
