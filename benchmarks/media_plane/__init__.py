"""How many calls one media process holds on one core: the real audio server against callers on another core."""
