"""A campaign sent to who looks at it, and shown: the same rendering, with a way out that changes nobody's choices."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext as _

from django_rgpd.core import mail
from django_rgpd.core.errors import Refused
from django_rgpd.marketing import campaigns, course
from django_rgpd.marketing.campaign_letters import Letters
from django_rgpd.marketing.handing import WORDS, hand_over
from django_rgpd.marketing.models import Campaign, RecipientState

CHANGE = "django_rgpd.change_campaign"


def send_test(campaign: Campaign, *, by: AbstractBaseUser | AnonymousUser) -> int:
    """Send each text of ``campaign`` to the address of ``by``'s own account, marked as a test. Returns how many.

    Raises ``PermissionDenied``, and ``Refused`` where the account has no address, the campaign cannot be sent, or the mail
    server does not take it.
    """
    if not isinstance(by, PermissionsMixin) or not (by.has_perm(CHANGE) or by.has_perm(campaigns.PERMISSION)):
        raise PermissionDenied
    address = (
        str(getattr(by, by.get_email_field_name(), "") or "") if isinstance(by, AbstractBaseUser) else ""
    )
    if not address:
        raise Refused(_("Your account has no email address."))
    messages = samples(campaign, address)
    connection = mail.connection()
    for language, message in messages.items():
        with translation.override(language):
            message.subject = _("[Test] %(subject)s") % {"subject": message.subject}
        came = hand_over(message, connection)
        if came.state != RecipientState.SENT:
            why = WORDS.get(came.failure) or _("The mail server does not answer.")
            raise Refused(_("The test was not sent: %(why)s") % {"why": why})
    return len(messages)


def samples(campaign: Campaign, address: str) -> dict[str, EmailMultiAlternatives]:
    """The message of ``campaign`` by language, made out to nobody: its links are real, and lead to no person.

    Raises ``Refused`` where it cannot be sent.
    """
    if words := course.obstacle(campaign):
        raise Refused(words)
    letters = Letters(campaign)
    if not letters.languages:
        raise Refused(_("The campaign has no text."))
    nobody: UUID = uuid4()
    return {language: letters.of(language).to(nobody, address) for language in letters.languages}
