"""Where answers come from: orders, customers, whatever the dialog asks. A file for the demo, HTTP for real.

`build(definitions, base)` makes the look-ups of a dialog file.
"""

from voicebot.lookup.build import build
from voicebot.lookup.port import LookUps

__all__ = ["LookUps", "build"]
