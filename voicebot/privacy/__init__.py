"""What of a call may be kept, for how long, and how it is forgotten."""
