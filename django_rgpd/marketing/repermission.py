"""Asking once more before the end of a marketing term: one mail for each stretch of silence, and silence ends it.

The event and the mail's job are written in one transaction under the people's locks, and the event's uuid follows from the
stretch: two workers write it once; killed between two pages, the next night finds who is left. The mail itself leaves at least
once, like every mail (``outbox.deliver``): a worker that dies between the mail server's answer and its own note sends it again
with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from django_rgpd.consent import kinds
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf, links, mail
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many
from django_rgpd.marketing import ends, going_on
from django_rgpd.marketing.links import preferences_url, unsubscribe_url
from django_rgpd.marketing.send import send_answered
from django_rgpd.outbox import jobs
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry.models import Person

JOB = "marketing.ask_again"
TEMPLATE = "marketing/ask_again"


@daily("marketing.ask_again", waits=True)
def ask(*, now: datetime) -> int:
    """Write down a mail to each person whose marketing term ends soon and who was not asked yet; returns how many.

    Where a shorter term of a new policy leaves less time, the mail is written at once, as long as a day is left; a term that
    is over asks nobody. Whether she may still be written to is asked when the mail leaves.
    """
    return sum(_ask(purpose, now=now) for purpose in ends.asked_about())


@jobs.job(JOB, waits=True)
def deliver(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Ask whether there is still something to ask, and whether it may be sent; then send."""
    event = Event.objects.filter(uuid=UUID(str(payload["event"]))).first()
    asked = None if event is None else going_on.about(event, now=now)
    if event is None or asked is None or not asked.as_it_was:
        raise Gone(_("There is nothing to ask any more."))
    person = asked.person
    message = mail.message(
        TEMPLATE,
        {
            "purpose": asked.purpose,
            "controller": current().controller,
            "end": asked.end,
            "channels": asked.channel_labels,
            "reason": asked.answer.reason,
            "go_on_url": links.absolute(reverse("django_rgpd:go_on", args=[going_on.token(event)])),
            "unsubscribe_url": unsubscribe_url(person.uuid, asked.purpose.key, EMAIL),
            "preferences_url": preferences_url(person.uuid),
        },
        to="",
        language=person.language,
    )
    message.extra_headers["Message-ID"] = f"<{job.uuid}@{_host()}>"
    send_answered(message, asked.answer, person=person, purpose=asked.purpose.key, now=now)


def _ask(purpose: Purpose, *, now: datetime) -> int:
    written = last = 0
    found = ends.near(purpose, now=now).order_by("pk").values_list("pk", "person")
    while page := list(found.filter(pk__gt=last)[: ends.PAGE]):
        last = page[-1][0]
        written += _ask_page(purpose, page, now=now)
    return written


@transaction.atomic
def _ask_page(purpose: Purpose, page: Sequence[tuple[int, UUID]], *, now: datetime) -> int:
    """Ask the people of a page who were not asked yet; they are locked first and looked at then."""
    hers = Person.objects.filter(uuid__in=[person for _pk, person in page])
    holders = {one.uuid: one for one in hers.order_by("pk").select_for_update()}
    rows = ends.near(purpose, now=now).filter(pk__in=[pk for pk, _person in page]).order_by("pk")
    endings = _not_asked(purpose, list(rows), holders)
    many([_event(one) for one in endings], now=now)
    return jobs.put_many(
        [jobs.Draft(name=JOB, payload={"event": one.uuid}, person=one.person) for one in endings], now=now
    )


def _not_asked(
    purpose: Purpose, rows: Sequence[ConsentState], holders: dict[UUID, Person]
) -> list[ends.Ending]:
    known = [(row, holders[row.person]) for row in rows if row.person in holders]
    found = [ending for row, holder in known if (ending := ends.ending_of(purpose, holder, row))]
    asked = set(Event.objects.filter(uuid__in=[one.uuid for one in found]).values_list("uuid", flat=True))
    return [one for one in found if one.uuid not in asked]


def _event(ending: ends.Ending) -> Draft:
    told = {"since": ending.since.isoformat(), "end": ending.end.isoformat()}
    return Draft(
        uuid=ending.uuid,
        kind=kinds.ASKED_AGAIN,
        person=ending.person,
        purpose=ending.purpose,
        channel=EMAIL,
        how="mail",
        payload=told,
    )


def _host() -> str:
    return conf.get().BASE_URL.partition("://")[2].partition(":")[0] or "localhost"
