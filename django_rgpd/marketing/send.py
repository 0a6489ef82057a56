"""The one door for marketing mail: nothing leaves without a standing basis, nor without a way out in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.utils.translation import gettext as _

from django_rgpd.consent.permission import Answer, may_send
from django_rgpd.consent.state import holder
from django_rgpd.core import mail, mail_class, mail_line
from django_rgpd.core.errors import Refused
from django_rgpd.marketing import labels, links, opens, way_out
from django_rgpd.outbox import door, jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry.models import Person

JOB = "marketing.mail"


@dataclass(slots=True)
class Sending:
    """What became of a mailing: how many mails were written down, and how many people were left out for which
    reason.
    """

    queued: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


def send(
    purpose: str,
    template: str,
    people: Iterable[Person | UUID],
    *,
    now: datetime,
    context: Mapping[str, object] | None = None,
    key: str | None = None,
    channel: str = EMAIL,
) -> Sending:
    """Write down a mail of ``purpose`` for each of ``people`` to whom it may go; each is asked again when it
    leaves.

    ``template``: ``"<room>/<name>"`` (see ``core.mail.message``); it must show ``{{ unsubscribe_url }}`` in
    its text and in its HTML, best by including ``django_rgpd/marketing/mail/footer.txt`` and ``.html``.
    ``context`` is small JSON, the same for all. ``key`` names the mailing: while a mail of the same key waits
    for the same person, no second one is written.

    Raises ``Misconfigured`` for a template without the link, ``ValueError`` for a purpose that is no
    marketing by mail, ``Refused`` while the door is shut (an older dump was restored).
    """
    _marketing(purpose, channel)
    if words := door.shut():
        raise Refused(words)
    values = {name: _storable(value) for name, value in (context or {}).items()}
    sending = Sending()
    for person in people:
        answer = may_send(person, purpose, channel, now=now)
        if not answer:
            sending.dropped[answer.reason] += 1
            continue
        found = holder(person)
        if not sending.queued:
            _built(template, values, found, purpose, channel, answer)
        payload = {
            "template": template,
            "purpose": purpose,
            "channel": channel,
            "context": values,
        }
        jobs.put(JOB, payload, now=now, person=found.uuid, key=f"{key}:{found.uuid}" if key else None)
        sending.queued += 1
    return sending


def send_message(
    message: EmailMessage, *, person: Person | UUID, purpose: str, now: datetime, channel: str = EMAIL
) -> Answer:
    """Send a mail that the shop built itself, now, if it may go; returns the answer, true where it was sent.

    The recipient is the person's proven address, whatever the message says. The text and the HTML must show
    ``links.unsubscribe_url(person.uuid, purpose, channel)``. Raises as ``send`` does.
    """
    _marketing(purpose, channel)
    answer = may_send(person, purpose, channel, now=now)
    if answer:
        send_answered(message, answer, person=holder(person), purpose=purpose, now=now, channel=channel)
    return answer


def send_answered(
    message: EmailMessage,
    answer: Answer,
    *,
    person: Person,
    purpose: str,
    now: datetime,
    channel: str = EMAIL,
) -> None:
    """The same where ``may_send`` was asked about ``person``, who is a holder, a moment ago, and said yes."""
    if answer.yes and answer.address is not None:
        message.to, message.cc, message.bcc = [str(answer.address.canonical)], [], []
        seal(
            message,
            person=person.uuid,
            purpose=purpose,
            channel=channel,
            open_tracking=opens.allowed_by(person, now=now),
        )
        _leave(message)


def seal(
    message: EmailMessage, *, person: UUID, purpose: str, channel: str = EMAIL, open_tracking: bool = False
) -> None:
    """Put the one-click headers on ``message``, see that its link is there, and mark it as asked about for its one recipient.

    Sealed mails pass our mail backend without being asked about again, so ask first (``may_send``), set ``to``, and send it now.
    ``open_tracking``: whether she agreed to it (``opens.allowed_by``). Raises ``Misconfigured`` where a part does not show the
    link.
    """
    message.extra_headers = {
        **way_out.without(message.extra_headers),
        **way_out.headers(person, purpose, channel),
    }
    labels.label(message, purpose=purpose)
    way_out.demand(message, links.unsubscribe_url(person, purpose, channel), purpose=purpose)
    to = message.recipients()
    alone = mail_class.Asked(purpose, to[0], open_tracking) if len(to) == 1 else None
    mail_class.mark(message, alone or mail_class.Marketing(purpose))


@jobs.job(JOB, waits=True)
def deliver(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Ask once more whether the mail may go, and hand it to the shop's mail backend."""
    purpose, channel = str(payload["purpose"]), str(payload["channel"])
    if job.person is None:
        raise Gone(_("Nobody to send to."))
    answer = may_send(job.person, purpose, channel, now=now)
    if not answer:
        raise Gone(_("Not sent: %(why)s") % {"why": answer.words})
    jobs.renew(job, now=now, progress={"reason": answer.reason, "basis": answer.basis})
    context = payload.get("context")
    given = context if isinstance(context, dict) else {}
    found = holder(job.person)
    tracked = opens.allowed_by(found, now=now)
    message = _built(str(payload["template"]), given, found, purpose, channel, answer, open_tracking=tracked)
    message.extra_headers["Message-ID"] = f"<{job.uuid}@{way_out.host()}>"
    labels.label(message, mailing=job.uuid)
    _leave(message)


def _built(
    template: str,
    context: Mapping[str, object],
    person: Person,
    purpose: str,
    channel: str,
    answer: Answer,
    *,
    open_tracking: bool = False,
) -> EmailMultiAlternatives:
    policy = current()
    url = links.unsubscribe_url(person.uuid, purpose, channel)
    message = mail.message(
        template,
        {
            **context,
            "purpose": policy.purpose(purpose),
            "controller": policy.controller,
            "reason": answer.reason,
            "unsubscribe_url": url,
            "preferences_url": links.preferences_url(person.uuid),
        },
        to=str(answer.address.canonical) if answer.address else "",
        language=person.language,
    )
    seal(message, person=person.uuid, purpose=purpose, channel=channel, open_tracking=open_tracking)
    return message


def _leave(message: EmailMessage) -> None:
    what = mail_class.of(message)
    if isinstance(what, mail_class.Asked) and not what.opens:
        opens.switch_off(message, opens.provider_of_the_shop())
    mail_line.leave(message)


def _marketing(purpose: str, channel: str) -> Purpose:
    for found in current().marketing:
        if found.key == purpose and channel in found.channels and channel == EMAIL:
            return found
    msg = f"{purpose!r} is no marketing purpose by {channel}; send other notices by outbox.mail."
    raise ValueError(msg)


def _storable(value: object) -> object:
    """``value`` without characters that PostgreSQL refuses in JSON (NUL, unpaired surrogates)."""
    if isinstance(value, Mapping):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return mail.clean_text(value) if isinstance(value, str) else value
