"""Recipients and processors: who gets data, what for, where, and under which safeguard (art. 13.1 e-f, 28, 44 ff.)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_rgpd.policy.purposes import Text

ADEQUACY = "adequacy"
STANDARD_CLAUSES = "standard clauses"
BINDING_RULES = "binding rules"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who receives data: ``purposes`` by key, ``country`` as ISO 3166 code, ``safeguard`` outside the EEA."""

    key: str
    name: Text
    purposes: Iterable[str] = field(default=(), kw_only=True)
    country: str = field(default="FR", kw_only=True)
    safeguard: str = field(default="", kw_only=True)
    processor: bool = field(default=True, kw_only=True)
    holds: Text = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "purposes", tuple(self.purposes))
