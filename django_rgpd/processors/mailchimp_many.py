"""Many members of an audience in one call: ``POST /lists/{id}``, whose answer is 200 whatever became of each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Alone, Declined, NeedsSomeone, Outcome
from django_rgpd.processors import absences
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Contact, Evidence, Members, Standing, Still, Told, Unreachable
from django_rgpd.processors.mailchimp_answers import meant, refusal
from django_rgpd.processors.mailchimp_client import Refusal

Body = dict[str, object]
Answer = tuple[Mapping[str, object], Evidence]
Post = Callable[[Body], Answer]
"""Make the call with this body. Raises ``Refusal`` where the whole of it was refused, and ``Unreachable``."""
Pages = Callable[[Mapping[str, object]], Members]

ALONE = Alone()
EXISTS = "ERROR_CONTACT_EXISTS"
_TOO_MUCH = frozenset({400, 413, 414, 422})
"""The statuses that one member, or their number, may be the reason of."""
_OVERLAP = timedelta(minutes=1)


class Existing(Alone):
    """She is a member already, and nothing was changed."""


def values(contact: Contact) -> Body:
    """What a member's body says of the fields."""
    return {"merge_fields": dict(contact.fields)} if contact.fields else {}


def joining(contact: Contact) -> Body:
    """The body that puts her on an audience."""
    agreed: Body = {"timestamp_opt": contact.agreed_at.isoformat()} if contact.agreed_at else {}
    return {"email_address": contact.address, "status": "subscribed", **values(contact), **agreed}


@sensitive_variables()
def subscribe(post: Post, pages: Pages, contacts: Sequence[Contact], *, still: Still) -> Told:
    """Have ``contacts`` on the audience; who is a member already, only where she has not left it since she agreed.

    Newcomers come with the first call, which changes nobody who is there. Then it is read who left since, and the others are sent
    again, as far as they ``still`` agree.
    """
    told = send(post, [joining(one) for one in contacts], update=False)
    existing = [one for one in contacts if isinstance(told.refused.get(one.address), Existing)]
    dated = [one for one in existing if one.stands_since is not None]
    left = left_since(pages, dated)
    back = [one for one in dated if one.address not in left]
    back = list(still(back)) if back else []
    if not back:
        return told
    again = send(post, [joining(one) for one in back], update=True)
    settled = {one.address for one in back}
    others = {address: end for address, end in told.refused.items() if address not in settled}
    return Told(evidence=again.evidence, refused={**others, **again.refused})


@sensitive_variables()
def opt_out(post: Post, contacts: Sequence[Contact]) -> Told:
    """Nothing is sent to ``contacts`` any more; who cannot be subscribed there at all is not written to either."""
    leaving: list[Body] = [{"email_address": one.address, "status": "unsubscribed"} for one in contacts]
    told = send(post, leaving, update=True)
    refused = {address: end for address, end in told.refused.items() if not isinstance(end, Declined)}
    return Told(evidence=told.evidence, refused=refused)


@sensitive_variables()
def send(post: Post, members: Sequence[Body], *, update: bool) -> Told:
    """Send ``members``; ``update``: whether those who are there already are changed, else they are ``Existing``.

    A call that is refused as a whole is made again in halves, until whoever spoils it is ``Alone``. So is everybody, where an
    answer names somebody whom nobody asked about.
    """
    try:
        answer, evidence = post({"members": list(members), "update_existing": update})
    except Refusal as no:
        if no.status not in _TOO_MUCH:
            meant(no)  # raises for everything but an absence
            raise NeedsSomeone(_("The audience of the setting does not exist there.")) from None
        if len(members) == 1:
            return Told(evidence=Evidence(absent=True), refused={_address(members[0]): ALONE})
        half = len(members) // 2
        one, other = (send(post, some, update=update) for some in (members[:half], members[half:]))
        evidence = other.evidence if one.evidence.absent else one.evidence
        return Told(evidence=evidence, refused={**one.refused, **other.refused})
    return Told(evidence=evidence, refused=_refused(answer, members))


@sensitive_variables()
def left_since(pages: Pages, contacts: Sequence[Contact]) -> set[str]:
    """Who of ``contacts`` left there, or could not be reached, since she had agreed; all, where asking for each costs less.

    Read page by page from the earliest agreement on; nothing is kept of a page but who is among ``contacts``.
    """
    agreed = {_key(one.address): at for one in contacts if (at := one.stands_since) is not None}
    first = min(agreed.values(), default=None)
    found: set[str] = set()
    page: Mapping[str, object] = {}
    if first is not None:
        standings = [Standing.LEFT, Standing.UNREACHABLE]
        page = {"since": (first - _OVERLAP).isoformat(), "standings": standings}
    for _number in range(len(contacts)):
        told = pages(page)
        for one in told.members:
            at = agreed.get(_key(one.address))
            # They count whole seconds, and a time that cannot be read is not before anything.
            if at is not None and (one.changed_at is None or one.changed_at >= at.replace(microsecond=0)):
                found.add(_key(one.address))
        page = told.next
        if not page:
            return {one.address for one in contacts if _key(one.address) in found}
    return {one.address for one in contacts}


@sensitive_variables()
def _refused(answer: Mapping[str, object], members: Sequence[Body]) -> dict[str, Outcome]:
    errors = answer.get("errors")
    if not isinstance(errors, list):
        raise Unreachable
    asked = {_key(_address(one)): _address(one) for one in members}
    found = {}
    for error in errors:
        address = asked.get(_key(str(error.get("email_address", "")))) if isinstance(error, dict) else None
        if address is None:
            return dict.fromkeys(asked.values(), ALONE)
        found[address] = _end(error)
    count = answer.get("error_count", len(errors))
    return found if count == len(errors) else dict.fromkeys(asked.values(), ALONE)


def _end(error: Mapping[str, object]) -> Outcome:
    if error.get("error_code") == EXISTS:
        return Existing()
    meaning = absences.mailchimp_member(str(error.get("error", "")))
    return ALONE if meaning is Meaning.UNCLEAR else refusal(meaning)


def _address(member: Body) -> str:
    return str(member["email_address"])


def _key(address: str) -> str:
    return address.strip().lower()
