"""Tests of the dialog engine."""
