"""What a processor says that somebody did there, given to the verb that it is about.

News of an address that nobody has, or of an erased person, changes nothing and leaves nothing; no news ever grants anything.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import state
from django_rgpd.core.errors import BadAddress
from django_rgpd.marketing import addressee, reported
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Gone, NeedsSomeone
from django_rgpd.processors import calling
from django_rgpd.processors.inbound import Kind, News, listen


@listen
@sensitive_variables()
def hear(news: News, *, now: datetime) -> None:
    """Act at once: from this transaction on she is not written to. What she agreed to after ``news.at`` stands."""
    source, email, at = news.processor, news.address, news.at
    with suppress(BadAddress):
        match news.kind:
            case Kind.LEFT:
                reported.unsubscribed(email, source=source, at=at, purpose=news.purpose, now=now)
            case Kind.COMPLAINED:
                reported.complained(email, source=source, at=at, now=now)
            case Kind.UNREACHABLE:
                reported.bounced(email, at=at, now=now)
            case Kind.MOVED:
                _moved(news, now=now)


@sensitive_variables()
def _moved(news: News, *, now: datetime) -> None:
    """Ask somebody to look (art. 16): an address is hers when she has proven it here, never because a vendor says so.

    The task has no address: who looks finds both at the processor.
    """
    with transaction.atomic():
        found = addressee.locked(news.address)
        if found is None:
            return
        whom = found.person.uuid
        open_ = [State.WAITING, State.RUNNING, State.NEEDS]
        hers = Job.objects.filter(name=calling.MOVED, person=whom, payload__processor=news.processor)
        if not hers.filter(state__in=open_).exists():
            jobs.put(calling.MOVED, {"processor": news.processor}, person=whom, now=now)


@jobs.job(calling.MOVED)
def moved(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Wait for who looks."""
    if not payload.get("processor") or job.person is None or state.holder(job.person).erased_at is not None:
        raise Gone
    raise NeedsSomeone(
        _(
            "They have another address for this person. Ask her at the one that the shop knows; nothing changed here."
        )
    )
