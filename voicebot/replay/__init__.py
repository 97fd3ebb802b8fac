"""Calls recorded as their inputs, and played again: `tape` writes what a call was told, `reading` reads it back,
`drive` tells it to a call again, `rerun` asks what would have been under other rules."""
