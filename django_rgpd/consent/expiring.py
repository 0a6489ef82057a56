"""What ends by the calendar alone, consents and soft opt-ins: said in the ledger, so that all who must hear of it do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from django_rgpd.consent import customers, deciding, kinds, news, state, together
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import clock, conf
from django_rgpd.core.failures import wrapped
from django_rgpd.ledger.record import Draft, many
from django_rgpd.policy import POST, LegitimateInterest, Purpose
from django_rgpd.registry.conditions import all_of, not_
from django_rgpd.registry.days import after_day
from django_rgpd.registry.models import Person

if TYPE_CHECKING:
    from django.db.models import Q, QuerySet

    from django_rgpd.policy import Term

PAGE = 500
"""People of one transaction: enough that statements cost little each, few enough that nobody waits for a lock."""


def dated(*, now: datetime) -> QuerySet[ConsentState]:
    """Live consents whose own day has come."""
    return ConsentState.objects.filter(site=conf.get().SITE, live=True, expires_at__lte=now)


def lapsed(purpose: Purpose, *, now: datetime) -> QuerySet[ConsentState]:
    """Soft opt-ins to ``purpose`` whose customers neither bought nor were offered a way out within the time that the policy gives
    (CPCE L34-5); none where a basis of it knows no such time.
    """
    interests = [one for one in purpose.bases if isinstance(one, LegitimateInterest) and one.marketing]
    withins = [one.when.within for one in interests if one.when is not None]
    if not withins or any(one.endless for one in withins):
        return ConsentState.objects.none()
    rows = ConsentState.objects.filter(
        all_of(*(_over(one, now) for one in withins)),
        site=conf.get().SITE,
        purpose=purpose.key,
        standing=Standing.INFORMED,
    )
    # Letters may need no sale at all.
    return rows.exclude(channel=POST) if len(withins) < len(interests) else rows


def expire(over: QuerySet[ConsentState], *, now: datetime) -> int:
    """Write that what ``over`` finds came to its end, in transactions of ``PAGE`` rows; returns how many rows.

    Each page is found again under the locks of its people: who renewed, bought or got in touch meanwhile goes on. As many
    statements for a full page as for one row. Killed between two, the next run goes on.
    """
    ended = last = 0
    while page := list(over.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PAGE]):
        last = page[-1]
        ended += _expire(over, page, now=now)
    return ended


def _over(within: Term, now: datetime) -> Q:
    told = after_day(ConsentState, "since", within.cutoff(clock.legal_day(now)))
    return all_of(not_(told), not_(customers.any_bought("person", within, now=now)))


@wrapped(deciding.DOING)
def _expire(over: QuerySet[ConsentState], page: Sequence[int], *, now: datetime) -> int:
    with transaction.atomic():
        having = ConsentState.objects.filter(pk__in=page).values("person")
        holders = Person.objects.select_for_update().filter(uuid__in=having).order_by("pk")
        known = {one.uuid: one for one in holders}
        found: dict[state.Key, list[Person]] = defaultdict(list)
        for uuid, *key in over.filter(pk__in=page).values_list("person", "purpose", "channel"):
            if uuid in known:
                found[key[0], key[1]].append(known[uuid])
        for (purpose, channel), people in found.items():
            drafts = [
                Draft(kind=kinds.EXPIRED, person=one, purpose=purpose, channel=channel, how="term")
                for one in people
            ]
            many(drafts, now=now)
            together.refresh(people, (purpose, channel))
            uuids = [one.uuid for one in people]
            news.tell(uuids, purpose=purpose, channel=channel, kind=kinds.EXPIRED)
        return sum(len(people) for people in found.values())
