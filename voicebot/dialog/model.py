"""What the parts of a dialog file have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class Model(BaseModel):
    """Base of the file's parts: unknown keys and wrong types are mistakes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
