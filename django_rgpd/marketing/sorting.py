"""Which class a mail is of, and whether it may pass at all: refused loudly, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.core.mail import EmailMessage

from django_rgpd.core import mail_class
from django_rgpd.core.errors import Misconfigured
from django_rgpd.core.mail_class import Asked, MailClass, Marketing, Service
from django_rgpd.marketing import classes

MOST = 10
"""Recipients of one text, copies included, beyond which a mail without a class is taken for a mailing."""

MERGED = ("merge_data", "merge_headers", "merge_metadata")
"""What makes anymail send one mail to each recipient."""

_COPIES = frozenset({"to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"})
_BULK = frozenset({"bulk", "list", "junk"})


def sort(message: EmailMessage, esp: str) -> MailClass | None:
    """What ``message`` is; None for a mail without a class that looks like no mailing.

    ``esp`` is anymail's name of the provider, empty where it is none of anymail's. Raises ``Misconfigured`` for what may not
    pass: a mailing without a class; marketing of a purpose that is none, with copies, for later, or whose way out nobody
    vouches for.
    """
    what = mail_class.of(message)
    if what is None:
        _demand_no_mailing(message)
    if what is None or isinstance(what, Service):
        return what
    classes.demand(what.purpose)
    _demand_no_copies(message, what.purpose)
    if isinstance(what, Asked):
        whole = not what.broken and message.recipients() == [what.to]
        what = what if whole and "List-Unsubscribe" in message.extra_headers else Marketing(what.purpose)
    if isinstance(what, Marketing):
        _demand_now(message, what.purpose)
        _demand_link_of_template(message, what, esp)
    return what


def demand_no_mass(messages: Sequence[EmailMessage]) -> None:
    """Raise ``Misconfigured`` where ``messages``, sent at once and without a class, are one text to many (``send_mass_mail``)."""
    readers: Counter[tuple[str, str]] = Counter()
    for message in messages:
        readers[str(message.subject), str(message.body)] += len(message.recipients())
    if max(readers.values(), default=0) > MOST:
        raise _unmarked(f"the same text to more than {MOST} recipients")


def template_of(message: EmailMessage) -> object:
    """The provider's template that is the text of ``message`` (anymail's ``template_id``), or None."""
    found: object = getattr(message, "template_id", None)
    return found if isinstance(found, str | int) and found else None


def merged(message: EmailMessage, name: str) -> Mapping[str, Mapping[str, object]]:
    """What anymail merges for each address under ``name`` (one of ``MERGED``); nothing where it was not set."""
    found: object = getattr(message, name, None)
    return found if isinstance(found, Mapping) else {}


def name_readers(headers: Mapping[str, object]) -> bool:
    """Whether a mail's own headers say to whom it goes."""
    return not _COPIES.isdisjoint(name.strip().lower() for name in headers)


def _demand_no_mailing(message: EmailMessage) -> None:
    if sign := _mailing(message):
        raise _unmarked(sign)


def _unmarked(sign: str) -> Misconfigured:
    return Misconfigured(
        f"A mail without a class looks like a mailing ({sign}): nothing was sent. Mark it by"
        " marketing.classes.marketing(message, purpose), or by service(message) if it is none."
    )


def _mailing(message: EmailMessage) -> str:
    headers = {name.lower(): str(value).strip().lower() for name, value in message.extra_headers.items()}
    number = len(message.recipients())
    if "list-unsubscribe" in headers:
        return "List-Unsubscribe"
    if headers.get("precedence") in _BULK:
        return f"Precedence: {headers['precedence']}"
    if number > 1 and any(isinstance(getattr(message, name, None), Mapping) for name in MERGED):
        return "batch sending"
    return f"more than {MOST} recipients" if number > MOST else ""


def _demand_no_copies(message: EmailMessage, purpose: str) -> None:
    each = [message.extra_headers, *merged(message, "merge_headers").values()]
    if message.cc or message.bcc or any(name_readers(headers) for headers in each):
        msg = (
            f"A mail of {purpose!r} has cc, bcc or a To, Cc or Bcc header of its own, perhaps among its merge_headers:"
            " a copy shows somebody else's way out."
        )
        raise Misconfigured(msg)


def _demand_now(message: EmailMessage, purpose: str) -> None:
    at = getattr(message, "send_at", None)
    if at is not None and not isinstance(at, type):  # anymail's UNSET is a class
        msg = (
            f"A mail of {purpose!r} has send_at: who leaves meanwhile would get it. Send it when it is time."
        )
        raise Misconfigured(msg)


def _demand_link_of_template(message: EmailMessage, what: Marketing, esp: str) -> None:
    if esp and template_of(message) is not None and not what.template_shows_link:
        msg = (
            f"A mail of {what.purpose!r} is a template at the provider: have it show unsubscribe_url of the merge"
            " data, and say so by marketing(message, purpose, template_shows_link=True)."
        )
        raise Misconfigured(msg)
