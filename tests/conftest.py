"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# A push is judged by the same examples each time; at a developer's machine the search goes on.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
