"""The first page: what the shop has, and where to go from there."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_rgpd.centre import identity
from django_rgpd.centre.forms import AddressForm
from django_rgpd.centre.frame import page, refused
from django_rgpd.centre.views.entering import door
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.pages import public, takes
from django_rgpd.erasure.lines import Going, Keeping, Open, Staying
from django_rgpd.erasure.plan import Plan, plan
from django_rgpd.registry import people


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the shop has of the visitor in one table: how many rows, and the names of the fields."""

    label: str
    rows: int
    fields: tuple[str, ...]


@public
@takes("GET")
def centre(request: HttpRequest) -> HttpResponseBase:
    """The door for who has not shown who they are; for the others their page."""
    now = clock.now()
    try:
        found = identity.visitor(request, now=now)
    except Refused as no:
        return refused(request, no)
    if found is None:
        return door(request, AddressForm())
    shown = plan(people.subject(found.person), now=now)
    return page(request, "overview", {"visitor": found, "held": held(shown)})


def held(shown: Plan) -> list[Held]:
    """What the shop has, table by table: all that would go, stays open or stays, said once.

    Lines that say the same fields are of different rows; lines that say others may be of the same.
    """
    lines: list[Going | Open | Staying | Keeping] = [*shown.goes, *shown.open, *shown.stays, *shown.keeps]
    rows: dict[str, dict[tuple[str, ...], int]] = {}
    for line in lines:
        counts = rows.setdefault(line.model, {})
        counts[line.fields] = counts.get(line.fields, 0) + line.rows
    labels = {line.model: line.label for line in lines}
    return [
        Held(
            label=labels[model],
            rows=max(counts.values()),
            fields=tuple(dict.fromkeys(field for fields in counts for field in fields)),
        )
        for model, counts in rows.items()
    ]
