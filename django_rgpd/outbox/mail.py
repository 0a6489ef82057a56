"""Mails as jobs: the address is looked up, and the text written, only when the mail leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import conf, mail, mail_class, mail_line
from django_rgpd.core.errors import Misconfigured
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Gone
from django_rgpd.registry import Subject, ending, people
from django_rgpd.registry.models import Address, Kind, Person

JOB = "mail"
_INSTANT = "$instant"
_DAY = "$day"


class Preparer(Protocol):
    """Adds to a mail's context, when it leaves, what must not be written down before: a fresh random link."""

    def __call__(
        self, context: Mapping[str, object], *, job: Job, now: datetime
    ) -> Mapping[str, object] | None: ...


_preparers: dict[str, Preparer] = {}


def prepares(template: str) -> Callable[[Preparer], Preparer]:
    """Have the decorated function complete the context of ``template`` when the mail leaves.

    It returns what to add, or None where the mail has no object any more and must not be sent.
    """

    def register(preparer: Preparer) -> Preparer:
        known = _preparers.get(template)
        if known is not None and known.__module__ != preparer.__module__:
            msg = f"The mail {template!r} is prepared already, by {known.__module__}."
            raise Misconfigured(msg)
        _preparers[template] = preparer
        return preparer

    return register


@sensitive_variables()
def send(
    template: str,
    *,
    context: Mapping[str, object],
    now: datetime,
    person: UUID | None = None,
    to: str | None = None,
    language: str = "",
    headers: Mapping[str, str] | None = None,
    key: str | None = None,
    run_at: datetime | None = None,
) -> Job:
    """Write down a mail to be sent after the commit.

    ``template`` is ``"<room>/<name>"`` (see ``core.mail.message``). It goes to ``to``, or else to the
    address that ``person`` has when it leaves (``address_of``). ``to`` stands in clear in the job's payload until the
    mail has left, so pass it only where the address cannot be looked up any more. ``context`` is small;
    dates in it stay dates.
    """
    written = draft(template, context=context, person=person, to=to, language=language, headers=headers)
    return jobs.put(JOB, written.payload, now=now, person=person, key=key, run_at=run_at)


@sensitive_variables()
def draft(
    template: str,
    *,
    context: Mapping[str, object],
    person: UUID | None = None,
    to: str | None = None,
    language: str = "",
    headers: Mapping[str, str] | None = None,
) -> jobs.Draft:
    """A mail as ``send`` writes it, to be written together with other jobs (``jobs.put_many``)."""
    if person is None and to is None:
        msg = "A mail needs a person or an address."
        raise ValueError(msg)
    payload = {
        "template": template,
        "to": to,
        "context": {name: _packed(value) for name, value in context.items()},
        "language": language,
        "headers": dict(headers or {}),
    }
    return jobs.Draft(name=JOB, payload=payload, person=person)


@sensitive_variables()
def address_of(person: UUID) -> str | None:
    """The email address that ``person`` can be written to now, or None.

    It is a proven one: her account's own, else the one proven last. An account that proved none is written to where it
    says itself. What only a proven address may get (marketing) does not ask here but ``consent.permission``.
    """
    found = Person.objects.filter(uuid=person, erased_at__isnull=True).first()
    if found is None:
        return None
    account = people.account_of(found)
    own = people.account_email(account) if account is not None else None
    proven = Address.objects.filter(
        person=found,
        kind=Kind.EMAIL,
        canonical__isnull=False,
        until__isnull=True,
        proven_at__isnull=False,
    ).order_by("-proven_at", "-pk")
    texts = [str(text) for text in proven.values_list("canonical", flat=True)]
    if texts or not found.merged_into:
        return address_among(texts, own=own)
    return address_of(found.merged_into)


def address_among(proven: Sequence[str], *, own: str | None) -> str | None:
    """Which address to write to: of those ``proven``, the last one first, the account's ``own``, else the last; else ``own``."""
    return own if own in proven or not proven else proven[0]


def _waiting(subject: Subject) -> QuerySet[Job]:
    states = [State.WAITING, State.NEEDS, State.REFUSED]
    return Job.objects.filter(person__in=subject.uuids, name=JOB, state__in=states)


@ending.ends(_waiting)
def take_back(subject: Subject, *, now: datetime) -> None:
    """With the erasure no mail that waits is sent to her any more."""
    _waiting(subject).update(state=State.GONE, payload={}, finished_at=now)


@jobs.job(JOB)
@sensitive_variables()
def deliver(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Render the mail and hand it to the shop's mail backend."""
    template, given = str(payload["template"]), payload["context"]
    to = str(payload["to"]) if payload.get("to") else job.person and address_of(job.person)
    if not to:
        raise Gone(_("There is no address to write to any more."))
    context: dict[str, object] = {name: _unpacked(value) for name, value in dict(given).items()}  # type: ignore[arg-type]
    preparer = _preparers.get(template)
    added = preparer(context, job=job, now=now) if preparer else {}
    if added is None:
        raise Gone(_("What the mail was about does not exist any more."))
    language = str(payload.get("language") or "") or _language(job.person)
    message = mail.message(
        template,
        {**context, **added},
        to=to,
        language=language,
        headers={
            # The same at each attempt, so that a mail server can tell a second copy from a second mail.
            "Message-ID": f"<{job.uuid}@{_host()}>",
            "Auto-Submitted": "auto-generated",
            **dict(payload.get("headers") or {}),  # type: ignore[arg-type]
        },
    )
    mail_class.mark(message, mail_class.Service())
    mail_line.leave(message)


def _language(person: UUID | None) -> str:
    if person is None:
        return ""
    return Person.objects.filter(uuid=person).values_list("language", flat=True).first() or ""


def _host() -> str:
    return conf.get().BASE_URL.partition("://")[2].partition(":")[0] or "localhost"


def _packed(value: object) -> object:
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _packed(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(inner) for inner in value]
    return value


def _unpacked(value: object) -> object:
    if isinstance(value, list):
        return [_unpacked(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_INSTANT}:
        return datetime.fromisoformat(value[_INSTANT])
    if set(value) == {_DAY}:
        return date.fromisoformat(value[_DAY])
    return {name: _unpacked(inner) for name, inner in value.items()}
