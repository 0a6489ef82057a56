"""What each processor holds of one person's marketing, to be shown beside what stands here: asked at that moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import permission, state
from django_rgpd.core import conf
from django_rgpd.core.errors import RgpdError
from django_rgpd.marketing import sync
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Later, NeedsSomeone
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call, Capability, Contact
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

_SHOWN = ("status", "last_changed", "unsubscribe_reason", "timestamp_opt")
"""What is shown of an answer: nothing that says more about her than where she stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One purpose at one processor: what they answer, and where the last job that tells them stands, unless it is done."""

    processor: str
    purpose: str
    there: str
    job: str


@sensitive_variables()
def look(person: Person, *, now: datetime) -> list[Side]:
    """A line for each processor and purpose; one that does not answer says so in words. Nothing is changed or kept."""
    holder = state.holder(person)
    found = []
    for road in sync.heard():
        held, job = _held(road, holder, now=now), _job(road, holder)
        for purpose in road.marketing(EMAIL):
            there = held if isinstance(held, str) else _words(held, purpose.key)
            found.append(Side(processor=road.key, purpose=str(purpose.label), there=there, job=job))
    return found


@sensitive_variables()
def _held(road: roads.Road, holder: Person, *, now: datetime) -> Sequence[Mapping[str, object]] | str:
    """What they answer about her address of now; a text where there is no answer."""
    address = permission.address_for(holder, EMAIL)
    if address is None or address.canonical is None:
        return _("no address to ask about")
    if not road.processor.can(Capability.EXPORT):
        return _("cannot be asked")
    if not conf.in_production():
        return _("not asked: this is no production")
    call = Call(job=Job(name=calling.SYNC), now=now)
    try:
        told = road.processor.export(Contact(address=address.canonical), call=call)
        return [record for _kind, record in told]
    except (NeedsSomeone, Declined, Later) as no:
        return str(no.note)
    except RgpdError:
        return _("They do not answer at the moment.")


def _job(road: roads.Road, holder: Person) -> str:
    """Where the last job stands that tells the processor of her, with its note; empty where they were told."""
    hers = Job.objects.filter(name=calling.SYNC, person__in=people.subject(holder).uuids)
    last = (
        hers.filter(Q(payload__processor=road.key) | Q(progress__processor=road.key)).order_by("-pk").first()
    )
    if last is None or last.state in {State.DONE, State.GONE}:
        return ""
    return ", ".join(one for one in (last.get_state_display(), last.note) if one)


def _words(held: Sequence[Mapping[str, object]], purpose: str) -> str:
    for record in held:
        if record.get("purpose") == purpose:
            return ", ".join(str(record[name]) for name in _SHOWN if record.get(name))
        purposes = record.get("purposes")
        if isinstance(purposes, list) and purpose in purposes:
            return _("held")
    return _("not held")
