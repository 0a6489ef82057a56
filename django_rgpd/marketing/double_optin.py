"""Double opt-in: whoever types an address gets the same answer, and nothing stands before its holder has
confirmed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from django_rgpd import signals
from django_rgpd.consent import decisions, kinds, state, suppress
from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses, conf, limits, links
from django_rgpd.core.errors import BadLink
from django_rgpd.outbox import mail
from django_rgpd.outbox.models import Job
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry import people
from django_rgpd.registry.addresses import holder
from django_rgpd.registry.models import Address, Challenge, Kind, Person

ABOUT = "newsletter"
TEMPLATE = "marketing/confirm"
HOW = "double_optin"
LIVES = timedelta(days=7)
"""How long a confirmation link works, and how long an entry that nobody confirmed is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a confirmation link is about."""

    challenge: Challenge
    purposes: tuple[Purpose, ...]
    confirmed: bool

    @property
    def language(self) -> str:
        """In which it was asked, and so is the mail that holds the link."""
        return str(self.challenge.details.get("language", ""))


@sensitive_variables()
def ask(
    email: str,
    agreed: Mapping[str, Wording],
    *,
    now: datetime,
    form: str,
    language: str,
    ip: str | None = None,
) -> None:
    """Someone typed ``email`` and ticked boxes: a mail with a confirmation link follows, and nothing else.

    ``agreed``: purpose → the wording shown. ``form``: which form it was. ``ip``:
    ``limits.client_ip(request)``. The work is the same whoever's address it is: one job; where the limits are
    reached, none, and the caller answers the same.

    Raises ``BadAddress``, and ``StoreDown`` where the limits cannot be counted: then nothing is sent.
    """
    canonical = addresses.canonical(Kind.EMAIL, email)
    if not limits.mail_allowed(canonical, ip):
        return
    context = {
        "wordings": {purpose: str(wording.uuid) for purpose, wording in agreed.items()},
        "form": form,
        "asked_at": now.isoformat(),
    }
    mail.send(TEMPLATE, to=canonical, context=context, language=language, now=now)


@mail.prepares(TEMPLATE)
@sensitive_variables()
def open_entry(context: Mapping[str, object], *, job: Job, now: datetime) -> Mapping[str, object] | None:
    """When the mail leaves: note the address, unproven, and make the link; None where she asked never to be
    written to, or left after she had asked.
    """
    to, asked_at = str(job.payload["to"]), datetime.fromisoformat(str(context["asked_at"]))
    wordings = context["wordings"]
    known = {one.key: one for one in current().marketing}
    purposes = [key for key in wordings if key in known] if isinstance(wordings, dict) else []
    found = holder(Kind.EMAIL, to, site=conf.get().SITE)
    purposes = _still_wanted(purposes, to, found.person if found else None, since=asked_at, now=now)
    never = suppress.ASKED in {one.reason for one in suppress.over(Kind.EMAIL, to, now=now)}
    if never or not purposes or asked_at + LIVES <= now:
        return None
    token, hashed = links.fresh()
    with transaction.atomic():
        address = _note(to, now=now)
        Challenge.objects.create(
            site=conf.get().SITE,
            about=ABOUT,
            person=address.person.uuid,
            address=address,
            hashed=hashed,
            details={**context, "language": job.payload.get("language", "")},
            created_at=asked_at,
            expires_at=asked_at + LIVES,
        )
    return {
        "confirm_url": links.absolute(reverse("django_rgpd:confirm", args=[token])),
        "purposes": [known[key] for key in purposes],
        "controller": current().controller,
        "until": asked_at + LIVES,
    }


def look(token: str, *, now: datetime) -> Asked:
    """What a confirmation link is about; changes nothing. Raises ``BadLink`` for one that is no more, or
    never was.
    """
    return _asked(Challenge.objects.select_related("address__person"), token, now)


def confirm(token: str, *, now: datetime) -> Asked:
    """The holder of the mailbox confirms: her address is proven, and what she ticked is live. Twice is once.

    Raises ``BadLink`` for a link that is over, or whose address was given up or erased, or whose holder
    refused since.
    """
    with transaction.atomic():
        asked = _asked(Challenge.objects.select_for_update(), token, now)
        if asked.confirmed:
            return asked
        challenge = asked.challenge
        address = people.prove(_current(challenge), how=HOW, now=now)
        person = state.lock(address.person)
        asked_for = [one.key for one in asked.purposes]
        since, text = challenge.created_at, str(address.canonical)
        wanted = _still_wanted(asked_for, text, person, since=since, now=now)
        agreed = [one for one in asked.purposes if one.key in wanted]
        if not agreed or person.erased_at is not None:
            raise BadLink
        wordings = _wordings(challenge)
        for purpose in agreed:
            decisions.confirm(
                person,
                purpose.key,
                EMAIL,
                how=HOW,
                now=now,
                wording=wordings.get(purpose.key),
                address=address,
                asked_at=challenge.created_at,
                details={"form": str(challenge.details.get("form", ""))},
            )
        challenge.used_at = now
        challenge.save(update_fields=["used_at"])
        if asked.language not in {"", person.language}:  # what she read and confirmed last is what she reads
            person.language = asked.language
            person.save(update_fields=["language"])
        signals.contacted.send(sender=Person, person=person.uuid, at=now)
    return Asked(challenge=challenge, purposes=tuple(agreed), confirmed=False)


def _asked(challenges: QuerySet[Challenge], token: str, now: datetime) -> Asked:
    found = challenges.filter(site=conf.get().SITE, about=ABOUT, hashed=links.hashed(token)).first()
    # At its last second a link still works.
    if found is None or found.expires_at < now:
        raise BadLink
    known = {one.key: one for one in current().marketing}
    purposes = tuple(known[key] for key in found.details.get("wordings", {}) if key in known)
    if found.used_at is None:
        if not purposes:
            raise BadLink
        _current(found)
    return Asked(challenge=found, purposes=purposes, confirmed=found.used_at is not None)


def _note(to: str, *, now: datetime) -> Address:
    """The entry that the click will prove: of whoever proved it, of a guest known by it alone, or of a new
    one.

    An account that merely claims the address must not get it, and all that hangs on it, by somebody else's
    click.
    """
    address = people.note(Kind.EMAIL, to, now=now)
    if address.proven_at is None and address.person.user_key is not None:
        guest = Person.objects.create(site=conf.get().SITE, created_at=now)
        return people.note(Kind.EMAIL, to, person=guest, now=now)
    return address


def _current(challenge: Challenge) -> Address:
    """The entry that a click on the link proves. Raises ``BadLink`` where the address was given up or
    erased.
    """
    noted = Address.objects.select_related("person").filter(pk=challenge.address_id or 0).first()
    if noted is None or noted.canonical is None or noted.person.erased_at is not None:
        raise BadLink
    if noted.until is None:
        return noted
    holds = holder(noted.kind, noted.canonical, site=noted.site)
    if holds is not None and holds.proven_at is not None:
        return holds
    if noted.proven_at is None and noted.until == noted.since:  # a claim, which a click makes good
        return noted
    raise BadLink


def _still_wanted(
    purposes: Collection[str], text: str, person: Person | None, *, since: datetime, now: datetime
) -> list[str]:
    """Those of ``purposes`` that she has not refused after she had asked, ``since``: an older wish must not bring her back.

    ``person`` may be nobody whom this database knows, where an older dump was restored: then the list of suppressions tells.
    """
    rows = {} if person is None else state.rows(person)
    listed = [one for one in suppress.over(Kind.EMAIL, text, now=now) if one.since > since]
    left = {
        one
        for one in purposes
        if (row := state.standing(rows, one, EMAIL))
        and row.standing in kinds.REFUSALS
        and row.since > since
        or suppress.strictest(listed, channel=EMAIL, purpose=one)
    }
    return [one for one in purposes if one not in left]


def _wordings(challenge: Challenge) -> dict[str, Wording]:
    uuids = [UUID(str(one)) for one in challenge.details.get("wordings", {}).values()]
    return {one.purpose: one for one in Wording.objects.filter(uuid__in=uuids)}
