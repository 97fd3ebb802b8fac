"""What a dialog tells CRMs about its calls, and what it asks them about callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CrmPlan:
    """Which CRMs are told about a dialog's calls, and which of its values become properties there.

    targets: names of CRMs; None for every configured one.
    fields: by CRM, then by object (`contact`, `call`), the property's name to the value's: a slot, or `call.` and
        one of `CALL_FIELDS`.
    customer: by CRM, what routing rules call a property of the caller to the CRM's name for it.
    """

    targets: tuple[str, ...] | None = None
    fields: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    customer: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def chosen(self, configured: Sequence[str]) -> tuple[str, ...]:
        """Those of the `configured` CRMs that are told."""
        return tuple(name for name in configured if self.targets is None or name in self.targets)


CALL_FIELDS = (
    "id",
    "caller",
    "called",
    "started_at",
    "seconds",
    "intent",
    "confidence",
    "summary",
    "outcome",
    "result",
    "sentiment",
    "action_items",
)
"""What `call.` may be followed by in a CRM's field mapping."""
