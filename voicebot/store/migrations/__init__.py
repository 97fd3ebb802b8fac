"""Alembic's migrations of the records' database; `voicebot.store.migrate` runs them whenever records are opened.

Each file in `versions` is one step. A step must run inside the transaction that `migrate` opened.
"""
