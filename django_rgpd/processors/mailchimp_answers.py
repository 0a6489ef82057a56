"""What Mailchimp's answers mean for a step: evidence, or the end that a refusal is."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from django_rgpd.outbox.outcomes import Declined, NeedsSomeone
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Evidence, Unreachable
from django_rgpd.processors.mailchimp_client import Refusal


class Unclear(NeedsSomeone):
    """An answer that we know nothing of."""


def meant(no: Refusal) -> Evidence:
    """Evidence of an absence, or the outcome that a refusal is."""
    if no.meaning is Meaning.ABSENT:
        return Evidence(absent=True, status=no.status)
    if no.meaning is Meaning.PASSING:
        raise Unreachable(after=no.after)
    if no.meaning is Meaning.CLOSED:
        raise NeedsSomeone(
            _("They refuse the key, or the plan does not allow it: look at the account, renew the key.")
        )
    if no.meaning is not Meaning.UNCLEAR:
        raise refusal(no.meaning)
    raise Unclear(
        _("They answered %(status)d, which nobody expected: look at the account.") % {"status": no.status}
    )


def refusal(meaning: Meaning) -> Declined:
    """The end of a step for somebody whom they do not take: ``LEFT``, ``FORGOTTEN`` or ``REFUSED``."""
    if meaning is Meaning.LEFT:
        words = _(
            "She unsubscribed, bounced or complained there: she can come back only by a form of theirs."
        )
    elif meaning is Meaning.FORGOTTEN:
        words = _(
            "She was deleted there for good, and no import brings her back: send her to a form of theirs."
        )
    else:
        words = _("They do not take this address, or a field of it.")
    return Declined(words)


def together(answers: Sequence[Evidence]) -> Evidence:
    """What one step came to that asked several audiences: absent only where every one said so."""
    there = [one for one in answers if not one.absent]
    if not there:
        return Evidence(absent=True)
    last = there[-1]
    return Evidence(reference=last.reference, status=last.status, places=len(there))
