"""What to say: the bot of one YAML file, its intents, slots, replies and routing. Pure; only `load` reads a file.

`load(path)` gives a `FileDialog`; its `converse` starts the dialog's side of one call. `advise(path)` tells what
is worth a look in the file.
"""

from voicebot.dialog.conversation import FileConversation
from voicebot.dialog.engine import FileDialog
from voicebot.dialog.load import advise, load
from voicebot.dialog.schema import LookUpSource

__all__ = ["FileConversation", "FileDialog", "LookUpSource", "advise", "load"]
