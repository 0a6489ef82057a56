"""Suppressions: digests of addresses that must not be written to, which outlive the person (art. 21.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from django_rgpd.consent.copies import follow_digests, unlifted
from django_rgpd.consent.models import Standing
from django_rgpd.consent.state import Key, holder, rows
from django_rgpd.core import addresses, clock, conf
from django_rgpd.core.keys import Digest
from django_rgpd.policy import EMAIL, SMS
from django_rgpd.policy.own import SUPPRESSION_TERM
from django_rgpd.registry.addresses import writable
from django_rgpd.registry.models import Address, Kind, Person, Suppression

ASKED = "asked"
"""She asked never to be written to again: not even a confirmation goes out."""
OBJECTED = "objected"
"""She objected to marketing; a confirmation that she asks for herself still goes out."""


def suppress(
    kind: str,
    canonical: str,
    *,
    reason: str,
    now: datetime,
    channel: str = "",
    purpose: str = "",
    until: datetime | None = None,
) -> Suppression:
    """Keep the digest of an address on the list of those that are not written to; twice is once.

    ``kind`` and ``canonical`` as in ``core.addresses``. Empty ``channel`` and ``purpose`` mean all marketing.
    ``reason`` is ``ASKED`` or ``OBJECTED``. ``until`` None keeps it until the person lifts it.
    """
    digests = addresses.digests(kind, canonical)
    return _enter(kind, digests, (purpose, channel), reason=reason, now=now, until=until)


def standing(
    kind: str, canonical: str, *, now: datetime, channel: str = "", purpose: str = ""
) -> Suppression | None:
    """The suppression that forbids writing to an address about ``purpose`` on ``channel``, the strictest
    first.
    """
    return strictest(over(kind, canonical, now=now), channel=channel, purpose=purpose)


def over(kind: str, canonical: str, *, now: datetime) -> list[Suppression]:
    """Every suppression that stands for an address."""
    digests = addresses.digests(kind, canonical)
    return list(_unlifted(kind, digests).filter(Q(until__isnull=True) | Q(until__gt=now)))


def over_each(kind: str, canonicals: Iterable[str], *, now: datetime) -> dict[str, list[Suppression]]:
    """The same of many addresses, by address: one query."""
    by_digest = {one.hex: text for text in canonicals for one in addresses.digests(kind, text)}
    standing_now = Q(until__isnull=True) | Q(until__gt=now)
    found: dict[str, list[Suppression]] = {}
    for one in Suppression.objects.filter(
        standing_now, site=conf.get().SITE, kind=kind, digest__in=by_digest, lifted_at__isnull=True
    ):
        found.setdefault(by_digest[one.digest], []).append(one)
    return found


def strictest(found: Collection[Suppression], *, channel: str, purpose: str) -> Suppression | None:
    """The one of ``found`` that forbids ``purpose`` on ``channel``: one that was asked for before an
    objection.
    """
    fitting = [one for one in found if one.channel in {channel, ""} and one.purpose in {purpose, ""}]
    return min(fitting, key=lambda one: one.reason != ASKED, default=None)


def lift(
    kind: str, canonical: str, *, now: datetime, channel: str = "", purpose: str = ""
) -> list[Suppression]:
    """Lift what forbids ``purpose`` on ``channel`` since before ``now``, because the person herself agreed afresh then;
    returns what was lifted.

    For ``consent.decisions`` alone, which carries what was wider over to the person as her objection.
    """
    digests = addresses.digests(kind, canonical)
    wide = {"channel__in": {channel, ""}, "purpose__in": {purpose, ""}}
    found = list(_unlifted(kind, digests).filter(since__lte=now, **wide))
    if found:
        Suppression.objects.filter(pk__in=[one.pk for one in found]).update(lifted_at=now)
        follow_digests(kind, [one.hex for one in digests])
    return found


def keep(person: Person | UUID, *, reason: str, now: datetime) -> int:
    """Suppress every address that ``person`` ever had, by the digests kept of them, at her erasure; returns
    how many.

    With ``OBJECTED`` it covers only what she objected to, and lasts for the term of objections; with
    ``ASKED`` all marketing, until she comes back herself.
    """
    found = holder(person)
    objected = [key for key, row in rows(found).items() if row.standing == Standing.OBJECTED]
    refused: list[Key] = objected if reason == OBJECTED else [("", "")]
    until = objected_until(now) if reason == OBJECTED else None
    hers = Q(person=found) | Q(person__merged_into=found.uuid)
    mine = list(Address.objects.filter(hers)) if refused else []
    for address in mine:
        digests = dict.fromkeys([Digest(address.key_id, address.digest), *_every_key(address)])
        for key in refused:
            _enter(address.kind, tuple(digests), key, reason=reason, now=now, until=until)
    return len(mine) * len(refused)


def told(person: Person, channel: str) -> dict[str, object] | None:
    """What the event of a refusal keeps: the digests of the addresses that she is written to at, where she has any.

    So that it holds for them in a restored dump that is older than she is.
    """
    having = writable() | Q(kind=Kind.PHONE)
    hers = Address.objects.filter(having, person=person, until__isnull=True, canonical__isnull=False)
    if channel:
        hers = hers.filter(kind={EMAIL: Kind.EMAIL, SMS: Kind.PHONE}.get(channel))
    found = [{"kind": one.kind, "digest": one.digest, "key": one.key_id} for one in hers.order_by("pk")]
    return {"digests": found} if found else None


def about(uuids: Iterable[UUID]) -> QuerySet[Suppression]:
    """What stands for the addresses that these people ever had."""
    digests = Address.objects.filter(person__uuid__in=list(uuids)).values("digest")
    return Suppression.objects.filter(digest__in=digests, lifted_at__isnull=True)


def kept(uuids: Iterable[UUID]) -> list[dict[str, str | None]]:
    """The same, as an event keeps it for ``again``."""
    return [said(one) for one in about(uuids).order_by("pk")]


def said(one: Suppression) -> dict[str, str | None]:
    """A suppression as an event keeps it for ``again``: a digest, no address."""
    return {
        "kind": one.kind,
        "digest": one.digest,
        "key": one.key_id,
        "purpose": one.purpose,
        "channel": one.channel,
        "reason": one.reason,
        "since": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
    }


def again(told: Mapping[str, str | None]) -> Suppression:
    """Enter what an event keeps (``kept``) once more, as it was; twice is once."""
    until = told["until"]
    return _enter(
        str(told["kind"]),
        (Digest(str(told["key"]), str(told["digest"])),),
        (str(told["purpose"]), str(told["channel"])),
        reason=str(told["reason"]),
        now=datetime.fromisoformat(str(told["since"])),
        until=datetime.fromisoformat(until) if until else None,
    )


def was_lifted(told: Mapping[str, str | None]) -> bool:
    """Whether this database knows what an event keeps (``kept``), and that it was lifted since."""
    return Suppression.objects.filter(
        site=conf.get().SITE,
        kind=str(told["kind"]),
        digest=str(told["digest"]),
        purpose=str(told["purpose"]),
        channel=str(told["channel"]),
        since=datetime.fromisoformat(str(told["since"])),
        lifted_at__isnull=False,
    ).exists()


def objected_until(since: datetime) -> datetime:
    """When the term of an objection of ``since`` is over."""
    return since.astimezone(clock.legal_zone()) + SUPPRESSION_TERM.length


def objected(told: Mapping[str, str], key: Key, *, since: datetime) -> Suppression:
    """Enter the refusal of ``key`` for the digest of an address, for the term of objections."""
    until = objected_until(since)
    digest = Digest(told["key"], told["digest"])
    return _enter(told["kind"], (digest,), key, reason=OBJECTED, now=since, until=until)


def _enter(
    kind: str, digests: tuple[Digest, ...], key: Key, *, reason: str, now: datetime, until: datetime | None
) -> Suppression:
    purpose, channel = key
    known = _unlifted(kind, digests).filter(channel=channel, purpose=purpose).first()
    if known is None:
        known, _made = Suppression.objects.get_or_create(
            site=conf.get().SITE,
            kind=kind,
            digest=digests[0].hex,
            channel=channel,
            purpose=purpose,
            lifted_at=None,
            defaults={"key_id": digests[0].key_id, "reason": reason, "since": now, "until": until},
        )
    if reason == ASKED != known.reason:
        known.reason, known.until = ASKED, None
    elif until is None or (known.until is not None and until > known.until):
        known.until = until
    known.save(update_fields=["reason", "until"])
    follow_digests(kind, [one.hex for one in digests])
    return known


def _every_key(address: Address) -> tuple[Digest, ...]:
    """Whoever has it now may be known by the digest of another key than she was."""
    return () if address.canonical is None else addresses.digests(address.kind, address.canonical)


def _unlifted(kind: str, digests: tuple[Digest, ...]) -> QuerySet[Suppression]:
    return unlifted(kind, [one.hex for one in digests])
