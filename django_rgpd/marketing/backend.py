"""The mail backend that marketing does not get around: it asks about each reader, and hands on to the shop's own backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import getaddresses
from itertools import islice
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from django_rgpd import signals
from django_rgpd.consent import addressees, permission
from django_rgpd.core import addresses, clock, conf, mail
from django_rgpd.core.errors import Misconfigured, Refused
from django_rgpd.core.mail_class import Asked, Marketing, Service, mark
from django_rgpd.marketing import letters, opens, refusals, sorting
from django_rgpd.marketing.classes import OUTCOME, Outcome
from django_rgpd.marketing.letters import Reader
from django_rgpd.outbox import door

PATH = "django_rgpd.marketing.backend.EmailBackend"
PAGE = 100
"""Readers who are asked about at once; what they get is handed over, or they are asked about again, before the next."""

TWICE = "twice"
"""Left out because the same address stands in the mail already."""
NOT_ACCEPTED = "not_accepted"
"""Left out by the mail server or the provider, which takes no mail for her."""

FRESH = timedelta(seconds=1)
"""How old an answer may be when the mail that rests on it is handed over."""


@dataclass(slots=True)
class _Readers:
    """To whom a mail may go, and the others by address, with the reason."""

    may: list[Reader] = field(default_factory=list, repr=False)
    left_out: dict[str, str] = field(default_factory=dict, repr=False)


class EmailBackend(BaseEmailBackend):
    """Django's ``EMAIL_BACKEND`` for a shop whose marketing is not all sent by the library; ``RGPD["MAIL_BACKEND"]`` sends.

    A mail without a class passes as it is unless it looks like a mailing. Marketing (``marketing.classes``) is asked about
    reader by reader when it leaves; who may not be written to is left out and counted. This is where such mails enter, so the
    clock is read here.
    """

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        """Take what the inner backend takes. Raises ``Misconfigured`` without one."""
        super().__init__()
        self.fail_silently = fail_silently
        if problem := inner_problem():
            raise Misconfigured(f'RGPD["MAIL_BACKEND"]: {problem}')
        silently = (
            {"fail_silently": True} if fail_silently else {}
        )  # what is not asked for is not passed on (Django 6.1)
        self._inner: BaseEmailBackend = import_string(conf.get().MAIL_BACKEND)(**options, **silently)
        self._refusals = refusals.kinds(self.esp_name)

    @property
    def esp_name(self) -> str:
        """The provider, by anymail's name; empty where the inner backend is none of anymail's."""
        return str(getattr(self._inner, "esp_name", ""))

    def open(self) -> bool | None:
        """Open the inner backend's connection."""
        return self._inner.open()

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send what may go; returns how many mails were handed over, one a reader where it is marketing.

        What is wrong with a message raises ``Misconfigured``, and a shut door ``Refused``, before any message is sent, whatever
        ``fail_silently`` says: that is for errors of the inner backend. ``marketing.classes.outcome(message)`` counts afterwards,
        also where the inner backend raised on the way.
        """
        sorted_ = [(message, sorting.sort(message, self.esp_name)) for message in email_messages]
        sorting.demand_no_mass([message for message, what in sorted_ if what is None])
        if any(isinstance(what, Marketing | Asked) for _message, what in sorted_):
            self._demand_that_marketing_may_leave()
        if not sorted_:
            return 0
        opened = self.open()
        try:
            return sum(self._send(message, what) for message, what in sorted_)
        finally:
            if opened:
                self.close()

    def _demand_that_marketing_may_leave(self) -> None:
        if words := door.shut():
            raise Refused(words)
        defaults = getattr(self._inner, "send_defaults", {})
        added = any(defaults.get(name) for name in ("to", "cc", "bcc", "send_at"))
        if added or sorting.name_readers(defaults.get("extra_headers") or {}):
            raise Misconfigured(
                "ANYMAIL's SEND_DEFAULTS add recipients or a delay: no marketing can be sent so."
            )

    def _send(self, message: EmailMessage, what: Marketing | Asked | Service | None) -> int:
        if isinstance(what, Marketing) or (isinstance(what, Asked) and what.broken):
            return self._send_marketing(message, what.purpose, now=clock.now())
        if isinstance(what, Asked):
            self._break_the_seal(message, what)
        return self._inner.send_messages([message]) or 0

    def _break_the_seal(self, message: EmailMessage, what: Asked) -> None:
        if not what.opens:
            opens.switch_off(message, self.esp_name)
        # Sent again, it or a copy is asked about again: she may have left meanwhile.
        what.broken = True
        mark(message, Marketing(what.purpose))

    @sensitive_variables()
    def _send_marketing(self, message: EmailMessage, purpose: str, *, now: datetime) -> int:
        outcome, made, refused = Outcome(), [], []
        setattr(message, OUTCOME, outcome)
        try:
            for one, number in self._letters(message, purpose, outcome, moment=clock.running(now)):
                made.append(one)
                try:
                    self._hand_over(one, number, outcome)
                except self._refusals as error:
                    outcome.dropped[NOT_ACCEPTED] += number
                    refused.append(error)
        finally:
            refusals.report(message, made)
            signals.marketing_sent.send_robust(
                sender=type(self), purpose=purpose, sent=outcome.sent, dropped=dict(outcome.dropped)
            )
        if refused and not outcome.sent:
            raise refused[-1]
        return outcome.sent

    @sensitive_variables()
    def _letters(
        self, message: EmailMessage, purpose: str, outcome: Outcome, *, moment: Callable[[], datetime]
    ) -> Iterator[tuple[EmailMessage, int]]:
        """What is to be handed over, and for how many; who would wait for it longer than ``FRESH`` is asked about again."""
        names = _names(message, outcome)
        while names:
            asked_at = moment()
            readers = _readers(dict(islice(names.items(), PAGE)), purpose, now=asked_at)
            for address, reason in readers.left_out.items():
                outcome.dropped[reason] += 1
                del names[address]
            written = letters.written(message, readers.may, purpose, self.esp_name)
            for place, (one, some) in enumerate(written):
                if place and moment() - asked_at > FRESH:  # the first goes, however long asking took
                    break
                for reader in some:
                    del names[reader.address]
                yield one, len(some)

    def _hand_over(self, one: EmailMessage, number: int, outcome: Outcome) -> None:
        if self._inner.send_messages([one]):
            refused = refusals.number(one)
            outcome.sent += number - refused
            outcome.dropped.update({NOT_ACCEPTED: refused} if refused else {})


def inner_problem() -> str:
    """Why ``RGPD["MAIL_BACKEND"]`` cannot send, as a sentence; empty where it can."""
    path = conf.get().MAIL_BACKEND
    if not path:
        return "It is not set: the mail backend has nothing to hand mails on to."
    try:
        found = import_string(path)
    except ImportError as error:
        return f"{path!r} cannot be imported ({type(error).__name__})."
    if not isinstance(found, type) or issubclass(found, EmailBackend):
        return "It must name the backend that sends, not the one that asks."
    return ""


@sensitive_variables()
def _readers(names: Mapping[str, str], purpose: str, *, now: datetime) -> _Readers:
    """To whom of ``names`` (canonical address → name) it may go at ``now``."""
    found = _Readers()
    for address, asked in addressees.ask(list(names), purpose, now=now).items():
        if not asked.answer or asked.person is None:
            found.left_out[address] = asked.answer.reason
            continue
        found.may.append(
            Reader(
                name=names[address],
                address=address,
                person=asked.person,
                reason=asked.answer.reason,
                opens=opens.allowed(asked.states, now=now),
            )
        )
    return found


@sensitive_variables()
def _names(message: EmailMessage, outcome: Outcome) -> dict[str, str]:
    """Canonical address → the name that stands with it; what is not one address is nobody's, and in nobody's way."""
    names: dict[str, str] = {}
    for entry in filter(None, message.to):
        read = getaddresses([mail.clean_header(str(entry))])
        try:
            ((name, text),) = read
            address = addresses.canonical(addresses.EMAIL, text)
        except ValueError:  # BadAddress among them
            outcome.dropped[permission.NO_ADDRESS] += 1
            continue
        if address in names:
            outcome.dropped[TWICE] += 1
        names.setdefault(address, name)
    return names
