"""The choices of one person, by purpose and channel: what is shown, and what saving changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import decisions, permission, state, wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core.errors import Refused
from django_rgpd.marketing import double_optin
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One box: a purpose on one channel, and where it stands."""

    purpose: Purpose
    channel: str
    channel_label: str
    wording: Wording
    on: bool
    pending: bool
    since: datetime | None

    @property
    def name(self) -> str:
        """What the form calls the box."""
        return f"{self.purpose.key}.{self.channel}"

    @property
    def key(self) -> state.Key:
        """The purpose and channel."""
        return self.purpose.key, self.channel

    @property
    def reference(self) -> str:
        """Which text stood beside the box."""
        return wordings.reference_of(self.wording)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What saving did: what was agreed to, what was left, and what waits for a click in a mail."""

    given: tuple[state.Key, ...] = ()
    left: tuple[state.Key, ...] = ()
    asked: tuple[state.Key, ...] = ()


def choices(person: Person | None, *, now: datetime) -> list[Choice]:
    """Every marketing purpose on each of its channels, for ``person`` (None: somebody of whom nothing is
    known yet).
    """
    rows = {} if person is None else state.rows(person)
    waiting = double_optin.pending(person, now=now)
    language = get_language() or ""
    found = []
    for purpose in current().marketing:
        text = wordings.current(purpose.key, language, now=now)
        for channel in purpose.channels:
            row = state.standing(rows, purpose.key, channel)
            live = row is not None and row.live
            on = live or (
                person is not None and permission.may_send(person, purpose.key, channel, now=now).yes
            )
            found.append(
                Choice(
                    purpose=purpose,
                    channel=channel,
                    channel_label=wordings.channel_label(channel),
                    wording=text,
                    on=on,
                    pending=channel == EMAIL and not on and purpose.key in waiting,
                    since=row.since if row is not None and live else None,
                )
            )
    return found


def save(
    person: Person,
    *,
    wanted: Collection[str],
    shown: Collection[str],
    texts: Collection[str],
    how: str,
    now: datetime,
    proven: bool,
    ip: str | None = None,
    email: str = "",
) -> Saved:
    """Do what the person changed on the page: boxes that were on and are now off end at once, new ones are
    agreed to.

    ``wanted`` and ``shown`` are names of boxes: ticked when sent, ticked when the page was shown; what she
    did not touch is left alone, however old the page. ``texts`` are the references of the wordings that she
    saw. ``proven``: whether she is known to be the holder of the address (logged in, with a proven address);
    where not, what she adds by email waits for a click in a mail to ``email`` (or her proven address), and
    nothing is added on other channels.

    Raises ``Refused`` where a text changed meanwhile, ``StoreDown``, ``BadAddress``.
    """
    boxes = {choice.name: choice for choice in choices(person, now=now)}
    leaving = [boxes[name] for name in shown if name in boxes and name not in wanted]
    adding = [boxes[name] for name in wanted if name in boxes and name not in shown]
    with transaction.atomic():
        for box in leaving:
            decisions.leave(person, *box.key, how=how, now=now)
    # Leaving is done by now, whatever becomes of the rest.
    if any(box.reference not in texts for box in adding):
        raise TextChanged
    if proven:
        with transaction.atomic():
            for box in adding:
                decisions.give(person, *box.key, how=how, now=now, wording=box.wording)
        return Saved(given=_keys(adding), left=_keys(leaving))
    return Saved(left=_keys(leaving), asked=_ask(person, adding, how=how, now=now, ip=ip, email=email))


class TextChanged(Refused):
    """The text beside a box is another one than the person saw."""

    def __init__(self) -> None:
        super().__init__(_("The text beside a box has changed. Please read it again."))


def _ask(
    person: Person, boxes: list[Choice], *, how: str, now: datetime, ip: str | None, email: str
) -> tuple[state.Key, ...]:
    by_email = [box for box in boxes if box.channel == EMAIL]
    address = permission.address_for(person, EMAIL)
    to = str(address.canonical) if address is not None else email
    if not by_email or not to:
        return ()
    agreed = {box.purpose.key: wordings.freeze(box.wording) for box in by_email}
    double_optin.ask(to, agreed, now=now, form=how, language=get_language() or "", ip=ip)
    return _keys(by_email)


def _keys(boxes: Collection[Choice]) -> tuple[state.Key, ...]:
    return tuple(box.key for box in boxes)
