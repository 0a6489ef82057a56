"""The processor for a shop's own tests and demos: it keeps what it was told, and fails when it is asked to."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from django_rgpd.processors.base import (
    Call,
    Capability,
    Contact,
    Evidence,
    Member,
    Members,
    Processor,
    Standing,
    Still,
    Told,
)

told: dict[str, dict[str, dict[str, object]]] = {}
"""Name of the dummy → address → what it holds of her. Empty it between tests: ``dummy.forget()``."""

failures: deque[Exception] = deque()
"""What the next calls raise instead of answering, first in first out; put ``None`` calls through by leaving it empty."""


def forget() -> None:
    """Hold nothing, and fail no more."""
    told.clear()
    failures.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dummy(Processor):
    """Holds people in the memory of the process; with ``path`` it also keeps them in that file, as JSON."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)

    name: str = "dummy"
    path: str = ""

    def subscribe(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """Hold her, with the fields and the purpose."""
        held = self._held()
        known = held.setdefault(contact.address, {"purposes": []})
        purposes = {*_texts(known["purposes"]), purpose}
        known.update({"fields": dict(contact.fields), "purposes": sorted(purposes)})
        return self._answer(held, places=1)

    def opt_out(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """Hold her without the purpose."""
        held = self._held()
        known = held.get(contact.address)
        if known is None:
            return self._answer(held)
        known["purposes"] = sorted({*_texts(known["purposes"])} - {purpose})
        return self._answer(held, places=1)

    def subscribe_many(self, contacts: Sequence[Contact], purpose: str, still: Still, *, call: Call) -> Told:
        """Hold them, with the fields and the purpose."""
        for one in contacts:
            self.subscribe(one, purpose, call=call)
        return Told(evidence=self._answer(self._held(), places=1))

    def opt_out_many(self, contacts: Sequence[Contact], purpose: str, *, call: Call) -> Told:
        """Hold them without the purpose."""
        for one in contacts:
            self.opt_out(one, purpose, call=call)
        return Told(evidence=self._answer(self._held(), places=1))

    def members(self, purpose: str, *, page: Mapping[str, object] | None = None, call: Call) -> Members:
        """Everybody, on one page, and nobody who left: it does not remember when."""
        wanted = (page or {}).get("standings")
        held = [one for one, known in self._held().items() if purpose in _texts(known["purposes"])]
        if isinstance(wanted, list) and Standing.WRITTEN_TO not in wanted:
            held = []
        return Members(
            members=tuple(Member(address=one, standing=Standing.WRITTEN_TO) for one in held), next={}
        )

    def update(self, former: Contact, contact: Contact, *, call: Call) -> Evidence:
        """Hold her under her new address."""
        held = self._held()
        known = held.pop(former.address, None)
        if known is None:
            return self._answer(held)
        held.setdefault(contact.address, known)["fields"] = dict(contact.fields)
        return self._answer(held, places=1)

    def erase(self, contact: Contact, *, call: Call) -> Evidence:
        """Hold nothing of her."""
        held = self._held()
        return self._answer(held, places=int(held.pop(contact.address, None) is not None))

    def export(self, contact: Contact, *, call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
        """What is held of her."""
        known = self._held().get(contact.address)
        if known is not None:
            yield "contact", {"address": contact.address, **known}

    def restrict(self, contact: Contact, *, call: Call) -> Evidence:
        """Hold her for no purpose."""
        held = self._held()
        known = held.get(contact.address)
        if known is not None:
            known["purposes"] = []
        return self._answer(held, places=int(known is not None))

    def _held(self) -> dict[str, dict[str, object]]:
        if failures:
            raise failures.popleft()
        if self.path and self.name not in told and Path(self.path).exists():
            told[self.name] = json.loads(Path(self.path).read_text(encoding="utf-8"))
        return told.setdefault(self.name, {})

    def _answer(self, held: dict[str, dict[str, object]], *, places: int = 0) -> Evidence:
        if self.path:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            Path(self.path).write_text(json.dumps(held, ensure_ascii=False, indent=1), encoding="utf-8")
        return Evidence(absent=not places, reference=self.name, places=places)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
