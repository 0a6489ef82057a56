"""The processor that there is nothing to tell: it holds what the shop's own database and files hold, and loses it with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django_rgpd.processors.base import Capability, Problems, Processor


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingMore(Processor):
    """A host, a mail relay: ``reason`` says, for colleagues and auditors, why nobody has to be told."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    told: ClassVar[bool] = False

    reason: str

    def problems(self) -> Problems:
        """The reason is a sentence."""
        if not self.reason.strip():
            yield 'lacks a reason: say in one sentence why nobody has to be told (reason="…").'
