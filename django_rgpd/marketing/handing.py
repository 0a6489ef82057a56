"""Handing one message to the shop's mail backend, and what its answer means for the person and for the range."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_rgpd.core.errors import Misconfigured, Refused
from django_rgpd.core.mail_line import before_its_data
from django_rgpd.marketing.models import RecipientState

RECIPIENT_REFUSED = "recipient_refused"
MESSAGE_REFUSED = "message_refused"
UNSENDABLE = "unsendable"
NOT_TAKEN = "not_taken"
PUT_OFF = "put_off"
BROKEN = "broken"
KILLED = "killed"

WORDS: dict[str, Promise] = {
    RECIPIENT_REFUSED: _("The mail server refuses the address."),
    MESSAGE_REFUSED: _("The mail server refuses the message."),
    UNSENDABLE: _("No message can be written to this address."),
    NOT_TAKEN: _("The mail backend did not take the message."),
    PUT_OFF: _("The mail server put it off until our patience ended."),
    BROKEN: _("The connection broke before the mail server had answered."),
    KILLED: _("The program ended before the mail server had answered."),
}
"""What a failure or a doubt is, in words for staff."""

_NOT_BEGUN = (
    Misconfigured,
    Refused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPHeloError,
    smtplib.SMTPConnectError,
    smtplib.SMTPAuthenticationError,
)
_UNWRITABLE = (smtplib.SMTPNotSupportedError, UnicodeError, ValueError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the recipient; ``failure`` is a key of ``WORDS``; ``over``: the rest of the range must wait."""

    state: RecipientState
    failure: str = ""
    over: bool = False


SENT = Outcome(RecipientState.SENT)
AGAIN = Outcome(RecipientState.WAITING)
LATER = Outcome(RecipientState.WAITING, over=True)


def hand_over(message: EmailMessage, connection: BaseEmailBackend) -> Outcome:
    """Send ``message`` over ``connection`` and say what that came to; raises nothing."""
    try:
        number = connection.send_messages([message])
    except Exception as error:  # a backend is the shop's choice, and may raise what it likes
        return outcome(error)
    return SENT if number else Outcome(RecipientState.FAILED, NOT_TAKEN)


def outcome(error: Exception) -> Outcome:
    """What ``error`` means: a clear no is a failure, a clear "not yet" waits, and a broken line is a doubt."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [int(code) for code, _text in error.recipients.values()]
        if all(code >= 500 for code in codes):
            return Outcome(RecipientState.FAILED, RECIPIENT_REFUSED)
        return LATER if 421 in codes else AGAIN  # 421: the server closes (RFC 5321, 3.8)
    if isinstance(error, smtplib.SMTPDataError):
        return Outcome(RecipientState.FAILED, MESSAGE_REFUSED) if error.smtp_code >= 500 else LATER
    if isinstance(error, _NOT_BEGUN):  # a backend that refuses by our own errors has sent nothing either
        return LATER
    status = getattr(error, "status_code", None)  # anymail's errors, by the vendor's HTTP answer
    if isinstance(status, int):
        return _by_http(status)
    if type(error).__name__ == "AnymailRecipientsRefused":
        return Outcome(RecipientState.FAILED, RECIPIENT_REFUSED)
    if isinstance(error, _UNWRITABLE):
        return Outcome(RecipientState.FAILED, UNSENDABLE)
    if isinstance(error, smtplib.SMTPException | OSError) and before_its_data(error):
        return LATER
    return Outcome(RecipientState.UNKNOWN, BROKEN, over=True)


def _by_http(status: int) -> Outcome:
    if status in {401, 403, 408, 429}:
        return LATER
    if 400 <= status < 500:
        return Outcome(RecipientState.FAILED, MESSAGE_REFUSED)
    return Outcome(RecipientState.UNKNOWN, BROKEN, over=True)
