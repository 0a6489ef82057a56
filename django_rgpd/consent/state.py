"""The state rows: what stands for a person now, always what the events fold to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias
from uuid import UUID

from django_rgpd.consent import kinds
from django_rgpd.consent.copies import Copies
from django_rgpd.consent.folding import Snapshot, fold
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.ledger.models import Event
from django_rgpd.policy import current
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

Key: TypeAlias = tuple[str, str]
"""A purpose and a channel; an empty one stands for all of marketing."""

ALL: Key = ("", "")
PAGE = 1_000
COLUMNS = (
    "standing",
    "live",
    "since",
    "expires_at",
    "event",
    "wording",
    "language",
    "user_key",
    "agreed_with",
    "address",
    "silent_until",
)


def holder(person: Person | UUID) -> Person:
    """The person under whom consents are kept: herself, or the one that she was merged into.

    Raises ``Person.DoesNotExist``.
    """
    return people.standing_for(person if isinstance(person, Person) else Person.objects.get(uuid=person))


def lock(person: Person | UUID) -> Person:
    """The holder of ``person``'s consents, locked until the caller's transaction ends: decisions come one by
    one.

    Raises ``Person.DoesNotExist``.
    """
    found = people.lock(person)
    while found.merged_into:
        found = people.lock(found.merged_into)
    return found


def rows(person: Person | UUID) -> dict[Key, ConsentState]:
    """Every state row of ``person``, by purpose and channel."""
    mine = ConsentState.objects.filter(site=conf.get().SITE, person=holder(person).uuid)
    return {(row.purpose, row.channel): row for row in mine}


def rows_of(holders: Collection[UUID]) -> dict[UUID, dict[Key, ConsentState]]:
    """The same of many holders who have any: one query; none for nobody."""
    found: dict[UUID, dict[Key, ConsentState]] = {}
    if not holders:
        return found
    for row in ConsentState.objects.filter(site=conf.get().SITE, person__in=list(holders)):
        found.setdefault(row.person, {})[row.purpose, row.channel] = row
    return found


def live(person: Person | UUID, purpose: str, channel: str = "") -> bool:
    """Whether a consent of ``person`` to ``purpose`` stands (on ``channel``, where it is a marketing
    purpose).
    """
    return ConsentState.objects.filter(
        site=conf.get().SITE, person=holder(person).uuid, purpose=purpose, channel=channel, live=True
    ).exists()


def standing(states: Mapping[Key, ConsentState], purpose: str, channel: str) -> ConsentState | None:
    """What decides on a purpose and channel: its own row, else a refusal of all that it belongs to."""
    own = states.get((purpose, channel))
    if own is not None or not (channel or _interest(purpose)):
        return own
    wider = [row for key in ((purpose, ""), ("", channel), ALL) if (row := states.get(key))]
    return max(wider, key=lambda row: row.since, default=None)


def refresh(person: Person, keys: Iterable[Key] | None = None) -> None:
    """Write the state rows of ``keys`` (of all that there are, without) anew from the events.

    ``person`` is a holder, locked by the caller's transaction.
    """
    uuids = [person.uuid, *Person.objects.filter(merged_into=person.uuid).values_list("uuid", flat=True)]
    mine = ConsentState.objects.filter(site=person.site, person__in=uuids)
    written = {(row.purpose, row.channel): row for row in mine if row.person == person.uuid}
    events = list(Event.objects.filter(site=person.site, person__in=uuids, kind__in=kinds.READ))
    told = keys_of(events)
    copies = Copies([person])
    for key in told | set(written) if keys is None else set(keys):
        snapshot = fold(of_key(events, key)) if key in told else None
        _write(person, key, snapshot, written.get(key), copies)
    if len(uuids) > 1:
        mine.filter(person__in=uuids[1:]).delete()


def keys_of(events: Iterable[Event]) -> set[Key]:
    """The purposes and channels that events speak of."""
    return {(event.purpose, event.channel) for event in events}


def covers(wide: Key, key: Key) -> bool:
    """Whether what is said about ``wide`` is said about ``key``; the blanks stand for marketing alone."""
    if wide == key:
        return True
    if key[0] and not key[1] and not (_marketing(key[0]) or _interest(key[0])):
        return False
    return wide[0] in {key[0], ""} and wide[1] in {key[1], ""}


def of_key(events: Iterable[Event], key: Key) -> list[Event]:
    """The events that decide on ``key``: its own and, for marketing, those about all of it."""
    return [event for event in events if covers((event.purpose, event.channel), key)]


def row_of(person: Person, key: Key, snapshot: Snapshot, copies: Copies) -> ConsentState:
    """The row, not saved, that ``snapshot`` makes."""
    copy = copies.of(person, key, snapshot)
    return ConsentState(
        site=person.site,
        person=person.uuid,
        purpose=key[0],
        channel=key[1],
        standing=snapshot.standing,
        live=snapshot.live,
        since=snapshot.since,
        expires_at=snapshot.until,
        event=snapshot.event,
        wording=snapshot.wording,
        language=snapshot.language,
        user_key=copy.user_key,
        agreed_with=copy.agreed_with,
        address=copy.address,
        silent_until=copy.silent_until,
    )


def _write(
    person: Person, key: Key, snapshot: Snapshot | None, row: ConsentState | None, copies: Copies
) -> None:
    if snapshot is None:
        if row is not None:
            row.delete()
        return
    wanted = row_of(person, key, snapshot, copies)
    if row is not None:
        wanted.pk = row.pk
    wanted.save(force_insert=row is None, force_update=row is not None)


def _marketing(purpose: str) -> bool:
    return any(one.key == purpose for one in current().marketing)


def _interest(purpose: str) -> bool:
    """Whether ``purpose`` is an interest in marketing that sends nothing, such as profiling: who refuses all of marketing refuses
    it too (art. 21.2, 21.3).
    """
    found = next((one for one in current().purposes if one.key == purpose), None)
    return found is not None and found.objectionable and not found.marketing
