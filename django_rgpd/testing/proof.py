"""``assert_erased``: nothing of a person is left but what the rule keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django_rgpd.core import clock
from django_rgpd.erasure.residue import Value, distinctive, search
from django_rgpd.registry.models import Address, Person
from django_rgpd.testing.canaries import Canaries
from django_rgpd.testing.sweeping import sweep

Sought = Person | UUID | str | Iterable[str]


def assert_erased(
    sought: Sought,
    *,
    values: Mapping[str, Iterable[str]] | Iterable[Value] = (),
    canaries: Canaries | None = None,
    allow: Collection[str] = (),
    logs: str = "",
    mails: bool = False,
    now: datetime | None = None,
) -> None:
    """Fail where something of a person is left that the rule does not keep.

    ``sought`` is a ``Person``, its uuid, or her addresses. ``values`` are further texts of hers (kind →
    texts, or what
    ``residue.gather`` returned before the erasure). ``canaries`` are swept for everywhere; ``allow`` names
    the models (labels) whose
    rows may keep them, an invoice say. Raises ``AssertionError`` with the places, never with the values.
    """
    emails = _known(sought)
    instant = now or clock.now()
    given = distinctive(values) if isinstance(values, Mapping) else list(values)
    found = search([*distinctive({"email": emails}), *given], now=instant)
    problems = [str(finding) for finding in found if not finding.kept and finding.label not in allow]
    if canaries is not None:
        seen = sweep(canaries, logs=logs, mails=mails)
        problems += [str(one) for one in seen if not _allowed(one.place, allow)]
    if problems:
        msg = "Of an erased person this is left:\n  " + "\n  ".join(problems)
        raise AssertionError(msg)


def _allowed(place: str, allow: Collection[str]) -> bool:
    return any(place == label or place.startswith(f"{label}.") for label in allow)


def _known(sought: Sought) -> list[str]:
    if isinstance(sought, str):
        return [sought]
    if not isinstance(sought, Person | UUID):
        return list(sought)
    person = sought if isinstance(sought, Person) else Person._base_manager.get(uuid=sought)
    person.refresh_from_db()
    left = []
    if person.erased_at is None:
        left.append("erased_at is not set")
    if person.user_key is not None:
        left.append("user_key is set")
    if Address._base_manager.filter(person=person, canonical__isnull=False).exists():
        left.append("an address is still readable")
    if left:
        msg = f"Person {person.uuid}: {', '.join(left)}."
        raise AssertionError(msg)
    return []
