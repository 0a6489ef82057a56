"""The ways in by a mailed link: for a guest to her page, for an account to one more address.

What is asked for is answered the same, and costs the same, whoever asks: the request writes one job, and
the job finds out whether there is anything to open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from django.urls import reverse
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.centre import challenges
from django_rgpd.core import addresses, conf, limits, links
from django_rgpd.core.errors import BadAddress, Refused, StoreDown
from django_rgpd.outbox import mail
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people, registry, scope
from django_rgpd.registry.addresses import holder
from django_rgpd.registry.models import Address, Challenge, Kind, Person
from django_rgpd.registry.who import Subject

LINK = "link"
"""How an address was proven: by the click on a link that was mailed there."""


def ask_in(canonical: str, *, ip: str, language: str, now: datetime) -> None:
    """Have a link to the page mailed to ``canonical``, if the shop holds anything under it.

    ``ip`` is ``limits.client_ip(request)``. Says nothing about whether a mail leaves.
    """
    if _may_mail(canonical, ip):
        mail.send("centre/link", to=canonical, context={}, language=language, now=now)


def ask_address(canonical: str, *, person: Person, ip: str, language: str, now: datetime) -> None:
    """Have a link mailed to ``canonical`` by which ``person``, logged in, proves that it is hers as well."""
    if _may_mail(canonical, ip):
        context = {"person": str(person.uuid)}
        mail.send("centre/address", to=canonical, context=context, language=language, now=now)


def prove(challenge: Challenge, *, now: datetime) -> Person:
    """Use a link up: its address is its person's from now on. Returns who she is now.

    Raises ``Refused`` where the link was used a moment ago or its person was erased meanwhile.
    """
    address = challenge.address
    if address is None or not challenges.use(challenge, now=now):
        raise Refused(_("This link has been used already. Please ask for a new one."))
    proven = people.prove(address, how=LINK, now=now)
    person = people.standing_for(proven.person)
    signals.contacted.send(sender=Person, person=person.uuid, at=now)
    return person


@mail.prepares("centre/link")
def _link(context: Mapping[str, object], *, job: Job, now: datetime) -> dict[str, object] | None:
    canonical = str(job.payload["to"])
    address = _entry(canonical, now=now)
    if address is None:
        return None
    token = challenges.link(challenges.OPENS, person=address.person.uuid, address=address, now=now)
    return _context("centre_open", token)


@mail.prepares("centre/address")
def _address(context: Mapping[str, object], *, job: Job, now: datetime) -> dict[str, object] | None:
    person = people.by_uuid(UUID(str(context["person"])))
    if person is None or person.erased_at is not None:
        return None
    address = people.note(Kind.EMAIL, str(job.payload["to"]), person=person, now=now)
    token = challenges.link(challenges.ADDS, person=person.uuid, address=address, now=now)
    return _context("centre_address", token)


def _entry(canonical: str, *, now: datetime) -> Address | None:
    """The entry that a click on a link mailed to ``canonical`` proves; None where nothing is held under it.

    An account that has typed an address, without proving it, must not be opened by whoever reads mail
    there, nor be given what that mailbox bought as a guest: the click then proves a guest of her own.
    """
    known = holder(Kind.EMAIL, canonical, site=conf.get().SITE)
    if known is not None and (known.person.user_key is None or known.proven_at is not None):
        return known
    if not _held(canonical):
        return None
    if known is None:
        return people.note(Kind.EMAIL, canonical, now=now)
    return _claim(known, now=now)


def _claim(known: Address, *, now: datetime) -> Address:
    earlier = Address.objects.filter(
        site=known.site, kind=known.kind, canonical=known.canonical, proven_at__isnull=True
    ).filter(person__user_key__isnull=True, person__erased_at__isnull=True, person__merged_into__isnull=True)
    guest = earlier.select_related("person").first()
    if guest is not None:
        return guest
    person = Person.objects.create(site=known.site, created_at=now)
    return people.note(Kind.EMAIL, str(known.canonical), person=person, now=now)


def _held(canonical: str) -> bool:
    """Whether any declared table has rows without an account under this address."""
    nobody = Subject(uuids=(uuid4(),), addresses={Kind.EMAIL: frozenset({canonical})})
    return any(
        scope.rows(entry, role, nobody).exists()
        for entry in registry
        for role in entry.people
        if scope.conditions(entry, role, nobody)
    )


def _may_mail(canonical: str, ip: str) -> bool:
    """Counted apart from other mails: a newsletter asked for just now keeps nobody from her data."""
    try:
        mailbox = addresses.limiter_key(canonical)
        return (
            (not ip or limits.allowed("ip", ip, limits.PER_IP))
            and limits.allowed("centre", mailbox, limits.PER_ADDRESS)
            and limits.allowed("overall", "", limits.OVERALL)
        )
    except (BadAddress, StoreDown):
        return False


def _context(name: str, token: str) -> dict[str, object]:
    path = reverse(f"django_rgpd:{name}", args=[token])
    return {"link": links.absolute(path), "minutes": challenges.LINK_LIFE.seconds // 60}
