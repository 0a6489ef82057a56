"""Why something is on or off for a person, since when, and when it ends by itself: in words that she reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import formats
from django.utils.translation import gettext as _

from django_rgpd.consent import customers, kinds, permission, state, using
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.consent.permission import Answer
from django_rgpd.core import clock
from django_rgpd.policy import Customer, Purpose
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Whether it is on, why, since when, and until when if nothing happens."""

    on: bool
    words: str
    since: datetime | None = None
    until: date | None = None


NOTHING = Reason(on=False, words="")
"""Of somebody of whom nothing is known."""


def reason(person: Person | None, purpose: Purpose, channel: str, *, now: datetime) -> Reason:
    """Where ``purpose`` on ``channel`` stands for ``person``; an empty channel is that of a purpose that sends nothing."""
    if person is None:
        return NOTHING
    holder = state.holder(person)
    row = state.standing(state.rows(holder), purpose.key, channel)
    answer = (
        permission.may_send(holder, purpose.key, channel, now=now)
        if purpose.marketing
        else using.may_use(holder, purpose.key, now=now)
    )
    if _agreed(purpose, holder, row, now) and answer.reason not in _REFUSED:
        return _on_consent(purpose, holder, row, answer)
    return _otherwise(purpose, holder, row, answer, channel=channel)


_REFUSED = frozenset({permission.REFUSED, permission.SUPPRESSED, permission.ERASED})


def _agreed(purpose: Purpose, holder: Person, row: ConsentState | None, now: datetime) -> bool:
    if row is None or not row.live or permission.over(purpose, holder, row, now):
        return False
    return row.expires_at is None or row.expires_at > now


def _on_consent(purpose: Purpose, holder: Person, row: ConsentState | None, answer: Answer) -> Reason:
    assert row is not None
    until: date | None
    words = [_("You agreed on %(day)s.") % {"day": _day(clock.legal_day(row.since))}]
    if row.expires_at:
        until = clock.legal_day(row.expires_at)
        words.append(_ends(until))
    else:
        until = permission.ends_on(purpose, holder, row)
        words.append(_ends_in_silence(until))
    if answer.reason == permission.NO_ADDRESS:
        words.append(_("Nothing is sent at the moment: we have no proven address of yours for it."))
    if answer.reason == permission.RESTRICTED:
        words.append(_("Nothing is done with it at the moment: you had the use of your data restricted."))
    return Reason(on=True, words=" ".join(filter(None, words)), since=row.since, until=until)


def _otherwise(
    purpose: Purpose, holder: Person, row: ConsentState | None, answer: Answer, *, channel: str
) -> Reason:
    if answer.reason == permission.CUSTOMER:
        return _of_a_customer(purpose, holder, row)
    if answer.reason == permission.INTEREST:
        words = (
            _("The law allows letters that nobody asked for until you say no, and you did not.")
            if channel
            else _("We have an interest in it, and you did not object.")
        )
        until = permission.ends_on(purpose, holder, row)
        return Reason(on=True, words=f"{words} {_ends_in_silence(until)}".strip(), until=until)
    return Reason(on=False, words=_off(row, answer))


def _of_a_customer(purpose: Purpose, holder: Person, row: ConsentState | None) -> Reason:
    """She bought: it ends with the time since the sale, or with that since her last contact, whichever is first."""
    bought = customers.last_sale(holder)
    if bought is None:
        return Reason(on=True, words=_("You are our customer, and did not say no."))
    within = [one.when.within for one in purpose.bases if isinstance(one.when, Customer)]
    ends = [one.due(bought) for one in within if not one.endless]
    ends += [end for end in [permission.ends_on(purpose, holder, row)] if end is not None]
    words = _("You bought from us on %(day)s, and did not say no.") % {"day": _day(bought)}
    until = min(ends, default=None)
    return Reason(on=True, words=words if until is None else f"{words} {_ends(until)}", until=until)


def _off(row: ConsentState | None, answer: Answer) -> str:
    if row is not None and row.standing in kinds.REFUSALS:
        return _("You said no on %(day)s.") % {"day": _day(clock.legal_day(row.since))}
    if answer.reason == permission.SUPPRESSED:
        return _("Your address is on our list of those that are not written to.")
    ended = row is not None and (row.live or row.standing == Standing.EXPIRED)
    if ended or answer.reason == permission.TERM_OVER:
        return _("It ended: for a long time we had not heard from you, or your agreement had run out.")
    return _("You have not agreed to it.")


def _ends(until: date) -> str:
    return _("It ends by itself on %(day)s.") % {"day": _day(until)}


def _ends_in_silence(until: date | None) -> str:
    """A term that counts from the last contact begins again with each."""
    if until is None:
        return ""
    return _("It ends by itself on %(day)s if we do not hear from you.") % {"day": _day(until)}


def _day(day: date) -> str:
    return formats.date_format(day, "DATE_FORMAT")
