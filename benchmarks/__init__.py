"""Measurements, each one command: `python -m benchmarks.<name>`; `--help` says what it measures and asks for.

A benchmark prints the machine, its own command, a table, the ratio to an alternative measured in the same run, and
whether its goals are met. Its exit status is 1 when a floor is missed.
"""
