"""Whether the bot answers when the turn is over, stops when it should and hears numbers, in virtual time."""
