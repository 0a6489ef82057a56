"""Going on by the link of the mail that asked: it says who, what and which question, and answers no other one.

The link is the MAC of the question's own event, so that nothing is stored for it and an old one brings nothing back: it works
until that end, and not after she said no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum

from django.db import transaction
from django.utils.translation import get_language

from django_rgpd import signals
from django_rgpd.consent import decisions, kinds, permission, state, wordings
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.core import links
from django_rgpd.core.errors import BadLink
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.ends import ending_of
from django_rgpd.marketing.links import preferences_token
from django_rgpd.marketing.preferences import TextChanged
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

GO_ON = "go-on"
"""The purpose of the link."""
HOW = "go_on"


class Where(Enum):
    """Where a question stands."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person was asked, and where it stands now.

    ``channels``: on which it goes on. ``end``: the first day on which it is over. ``as_it_was``: nothing was heard of her since.
    ``answer``: whether she may be written to, and why. ``wording``: the text beside the button, where a page is to show it.
    """

    person: Person
    purpose: Purpose
    where: Where
    channels: tuple[str, ...]
    answer: permission.Answer
    end: date | None
    as_it_was: bool
    wording: Wording | None = None

    @property
    def reference(self) -> str:
        """Which text stands beside the button."""
        return "" if self.wording is None else wordings.reference_of(self.wording)

    @property
    def channel_labels(self) -> list[str]:
        """The channels, in words."""
        return [wordings.channel_label(one) for one in self.channels]

    @property
    def state(self) -> str:
        """Where it stands, as a template asks."""
        return self.where.value

    @property
    def preferences_token(self) -> str:
        """Where all her choices are."""
        return preferences_token(self.person.uuid)


def token(event: Event) -> str:
    """The token that answers the question of ``event``."""
    return links.sign(GO_ON, event.uuid)


def language(token: str) -> str:
    """Which language the person reads whom a link's question is for, as far as it is known. Raises ``BadLink``."""
    event = _event(token)
    return people.language_of(event.person) if event.person else ""


def look(text: str, *, now: datetime) -> Asked:
    """What a link is about; changes nothing. Raises ``BadLink``."""
    found = about(_event(text), now=now)
    if found is None:
        raise BadLink
    return replace(found, wording=wordings.current(found.purpose.key, get_language() or "", now=now))


def go_on(text: str, *, reference: str, now: datetime) -> Asked:
    """She says that it shall go on: her consent is renewed, or a customer's is given, and she was in touch. Twice is once.

    ``reference``: of the wording that she saw. Where the question is not open nothing changes. Raises ``BadLink``, and
    ``TextChanged`` where the text is another one by now.
    """
    event = _event(text)
    with transaction.atomic():
        try:
            holder = state.lock(event.person) if event.person else None
        except Person.DoesNotExist:
            raise BadLink from None
        asked = look(text, now=now)
        if holder is None or asked.where is not Where.OPEN:
            return asked
        wording = wordings.agreed(asked.purpose.key, get_language() or "", reference, now=now)
        if wording is None:
            raise TextChanged
        for channel in asked.channels:
            _agree(holder, asked.purpose.key, channel, wording, now=now)
        signals.contacted.send(sender=Person, person=holder.uuid, at=now)
    return look(text, now=now)


def about(event: Event, *, now: datetime) -> Asked | None:
    """What ``event`` asked; None where the person or the purpose is gone."""
    purpose = next((one for one in current().marketing if one.key == event.purpose), None)
    holder = _holder(event)
    if purpose is None or holder is None:
        return None
    rows = state.rows(holder)
    row = state.standing(rows, purpose.key, EMAIL)
    answer = permission.may_send(holder, purpose.key, EMAIL, now=now)
    ending = None if row is None else ending_of(purpose, holder, row)
    return Asked(
        person=holder,
        purpose=purpose,
        where=_where(event, row, bool(answer)),
        channels=tuple(_channels(holder, purpose, rows, now)) if answer else (),
        answer=answer,
        end=None if ending is None else ending.end,
        as_it_was=ending is not None and ending.uuid == event.uuid and bool(answer),
    )


def _where(event: Event, row: ConsentState | None, may_send: bool) -> Where:
    if row is not None and row.standing in kinds.REFUSALS:
        return Where.REFUSED
    if row is None or not may_send:
        return Where.OVER
    return Where.ANSWERED if row.live and row.since > event.at else Where.OPEN


def _channels(
    holder: Person, purpose: Purpose, rows: Mapping[state.Key, ConsentState], now: datetime
) -> list[str]:
    """Where it goes on, of somebody who may be sent email."""
    return [
        channel
        for channel in purpose.channels
        if (row := rows.get((purpose.key, channel)))
        and row.standing in {Standing.LIVE, Standing.INFORMED}
        and (channel == EMAIL or permission.may_send(holder, purpose.key, channel, now=now))
    ]


def _agree(holder: Person, purpose: str, channel: str, wording: Wording, *, now: datetime) -> None:
    if state.live(holder, purpose, channel):
        decisions.renew(holder, purpose, channel, how=HOW, now=now, wording=wording)
    else:
        decisions.confirm(holder, purpose, channel, how=HOW, now=now, wording=wording)


def _holder(event: Event) -> Person | None:
    try:
        found = state.holder(event.person) if event.person else None
    except Person.DoesNotExist:
        return None
    return None if found is None or found.erased_at is not None else found


def _event(text: str) -> Event:
    found = Event.objects.filter(uuid=links.read(GO_ON, text), kind=kinds.ASKED_AGAIN).first()
    if found is None:
        raise BadLink
    return found
