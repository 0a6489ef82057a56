"""The first page: what the shop has, and where to go from there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_rgpd.centre import identity
from django_rgpd.centre.forms import AddressForm
from django_rgpd.centre.frame import page, refused
from django_rgpd.centre.views.entering import door
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.core.pages import public, takes
from django_rgpd.erasure.counting import Question
from django_rgpd.erasure.lines import Going, Keeping, Open, Staying
from django_rgpd.erasure.plan import draw
from django_rgpd.erasure.reach import entries
from django_rgpd.erasure.statements import rows_of
from django_rgpd.registry import Entry, Subject, people, scope
from django_rgpd.registry.conditions import all_of, any_of, is_never, not_


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
    return page(request, "overview", {"visitor": found, "held": held(people.subject(found.person), now=now)})


def held(subject: Subject, *, now: datetime) -> list[Held]:
    """What the shop has of ``subject``, table by table: all that would go, stays open or stays.

    The rows are counted beside the plan, in its statement: lines may be of the same rows, so that they do not add up.
    """
    hers = [(entry, where) for entry in entries() if not is_never(where := _hers(entry, subject))]
    drawn = draw(subject, now=now, beside=[Question(rows=rows_of(entry, where)) for entry, where in hers])
    rows = {entry.label: answer.count for (entry, _where), answer in zip(hers, drawn.beside, strict=True)}
    shown = drawn.plan
    lines: list[Going | Open | Staying | Keeping] = [*shown.goes, *shown.open, *shown.stays, *shown.keeps]
    found: dict[str, list[Going | Open | Staying | Keeping]] = {}
    for line in lines:
        found.setdefault(line.model, []).append(line)
    return [
        Held(
            label=same[0].label,
            rows=rows[model],
            fields=tuple(dict.fromkeys(field for line in same for field in line.fields)),
        )
        for model, same in found.items()
    ]


def _hers(entry: Entry, subject: Subject) -> Q:
    """Rows of ``entry`` that an erasure of ``subject`` is about: whichever way leads to her, and whoever of the row she is."""
    return any_of(
        *(
            all_of(any_of(*scope.conditions(entry, role, subject)), not_(scope.shared(entry, role, subject)))
            for role in entry.people
            if entry.fields_of(role)
        )
    )
