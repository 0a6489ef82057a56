"""Telling a processor of many people at once what stands in the shop: as ``sync``, read for all of them, told in one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import copies, kinds
from django_rgpd.core import clock, conf
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import sync
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Alone, Gone, Later, Outcome
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import MANY, Call, Capability, Contact, Evidence, Told

_OPEN = (State.WAITING, State.RUNNING, State.NEEDS, State.REFUSED)
_AGREEING = [kind for kind, standing in kinds.STANDINGS.items() if standing in copies.LASTING]


def most(job: Job) -> int:
    """How many go with ``job``: none where its processor takes one at a time, or where an address has moved."""
    key = job.payload.get("processor")
    road = next((one for one in sync.heard() if one.key == key), None)
    if road is None or {sync.MOVED, sync.STOPPED} & set(job.payload) or job.person is None:
        return 1
    steps = {Capability.OPT_OUT_MANY}
    if road.processor.can(Capability.SUBSCRIBE):
        steps.add(Capability.SUBSCRIBE_MANY)
    able = all(map(road.processor.can, steps)) and all(
        road.processor.many(one.key) for one in road.marketing(EMAIL)
    )
    return MANY if able else 1


@jobs.together(calling.SYNC, most=most)
@sensitive_variables()
def sync_many(some: Sequence[Job], *, now: datetime) -> Mapping[int, object]:
    """Have the processor hold of each person what stands in the shop now."""
    return calling.make(
        lambda road, call: _Together(some, road, call).told(), some[0].payload, job=some[0], now=now
    )


class _Together:
    """Some jobs, whom they are about, and what becomes of each; people are known by their addresses here."""

    @sensitive_variables()
    def __init__(self, some: Sequence[Job], road: roads.Road, call: Call) -> None:
        self._jobs, self._road, self._call = some, road, call
        self._people = {one.person for one in some if one.person is not None}
        self._seen = self._standing()
        self._wanted = {one.contact.address: one for _uuid, one in sorted(self._seen.items())}
        self._evidence = Evidence(absent=True)
        self._first = True
        self._ends: dict[str, Outcome] = {}
        self._alone = Alone()

    @sensitive_variables()
    def told(self) -> dict[int, object]:
        """First what must stop, then what may begin, as ``sync`` tells it of one; the end of each job."""
        purposes = [one.key for one in self._road.marketing(EMAIL)]
        for purpose in purposes:
            self._leave(purpose)
        if self._road.processor.can(Capability.SUBSCRIBE):
            for purpose in purposes:
                self._join(purpose)
        return self._outcomes()

    @sensitive_variables()
    def _leave(self, purpose: str) -> None:
        """Who is held by our own record is told of in one call.

        Of whom nobody ever said anything about it, there is nothing to tell. Of anybody else they would learn the address by it
        (art. 5.1.c): she goes alone, by a hash.
        """
        leaving = {address: one for address, one in self._wanted.items() if purpose in one.over}
        held = self._held(leaving, purpose)
        others = {address: one for address, one in leaving.items() if address not in held}
        decided = (address for address, one in others.items() if purpose not in one.undecided)
        self._ends.update(dict.fromkeys(decided, self._alone))
        contacts = [leaving[address].contact for address in held]
        if contacts:
            self._keep(self._road.processor.opt_out_many(contacts, purpose, call=self._call))

    @sensitive_variables()
    def _join(self, purpose: str) -> None:
        contacts: Sequence[Contact] = [
            one.about(purpose)
            for address, one in self._wanted.items()
            if purpose in one.live and address not in self._ends
        ]
        if contacts and not self._first:
            contacts = self._still(contacts)
        if contacts:
            step = self._road.processor.subscribe_many
            self._keep(step(contacts, purpose, self._still, call=self._call))

    @sensitive_variables()
    def _still(self, contacts: Sequence[Contact]) -> list[Contact]:
        jobs.renew_together(self._jobs, now=clock.now())
        now = {one.contact.address: one for one in self._standing().values()}
        return [one for one in contacts if now.get(one.address) == self._wanted[one.address]]

    def _standing(self) -> dict[UUID, sync.Wanted]:
        return sync.wanted_of(self._people, self._road, now=self._call.now)

    @sensitive_variables()
    def _keep(self, told: Told) -> None:
        self._first = False
        self._evidence = told.evidence
        self._ends = {**told.refused, **self._ends}

    @sensitive_variables()
    def _outcomes(self) -> dict[int, object]:
        went_well: object = calling.progress(self._jobs[0].payload, self._evidence)
        changed = Later(self._call.now + timedelta(seconds=1), _("It changed while they were told."))
        gone = Gone(_("There is nobody to tell them about any more."))
        now = self._standing()
        back = {uuid: seen.stopped_before(now.get(uuid)) for uuid, seen in self._seen.items()}
        back = {uuid: purposes for uuid, purposes in back.items() if purposes}
        if back:
            sync.put_back(back, self._road.key, now=clock.now())
        ends: dict[UUID | None, object] = {
            uuid: changed
            if now.get(uuid) != seen and uuid not in back
            else self._ends.get(seen.contact.address, went_well)
            for uuid, seen in self._seen.items()
        }
        return {one.pk: ends.get(one.person, gone) for one in self._jobs}

    @sensitive_variables()
    def _held(self, leaving: Mapping[str, sync.Wanted], purpose: str) -> list[str]:
        """Who of ``leaving`` is there by our own record: she was agreed for once, and no other job has still to say so."""
        of = {uuid: address for address, one in leaving.items() for uuid in one.uuids}
        agreed = Event.objects.filter(
            site=conf.get().SITE, person__in=list(of), purpose=purpose, channel=EMAIL, kind__in=_AGREEING
        )
        waiting = Job.objects.filter(
            name=calling.SYNC, person__in=list(of), state__in=_OPEN, payload__processor=self._road.key
        )
        known = {of[uuid] for uuid in agreed.values_list("person", flat=True).distinct() if uuid}
        told = Counter(of[uuid] for uuid in waiting.values_list("person", flat=True) if uuid)
        return [address for address in sorted(known) if told[address] == 1]
