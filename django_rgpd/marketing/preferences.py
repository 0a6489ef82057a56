"""The choices of one person, by purpose and channel: what is shown, and what saving changes.

Marketing comes first; then what else she may say yes or no to: partners, surveys, what is picked for her.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import decisions, permission, state, using, wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core.errors import Refused
from django_rgpd.marketing import double_optin, unconfirmed
from django_rgpd.marketing.why import reason
from django_rgpd.policy import EMAIL, Purpose, current
from django_rgpd.registry.models import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One box: a purpose on one channel (none, where it sends nothing), where it stands and why.

    ``until``: when it ends by itself. ``addable``: whether who sees the page can switch it on there.
    """

    purpose: Purpose
    channel: str
    channel_label: str
    wording: Wording
    on: bool
    pending: bool
    since: datetime | None
    why: str = ""
    until: date | None = None
    addable: bool = True

    @property
    def name(self) -> str:
        """What the form calls the box."""
        return f"{self.purpose.key}.{self.channel}"

    @property
    def section(self) -> str:
        """Under which heading it stands: ``"marketing"`` or ``"other"``."""
        return "marketing" if self.purpose.marketing else "other"

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


def choices(person: Person | None, *, now: datetime, proven: bool = True) -> list[Choice]:
    """Every marketing purpose on each of its channels, then every other one that people choose about, for ``person`` (None:
    somebody of whom nothing is known yet). ``proven`` as for ``save``.
    """
    waiting = unconfirmed.pending(person, now=now)
    language = get_language() or ""
    texts = {one.key: wordings.current(one.key, language, now=now) for one in asked_about()}
    found = []
    for purpose in asked_about():
        for channel in purpose.channels or ("",):
            where = reason(person, purpose, channel, now=now)
            found.append(
                Choice(
                    purpose=purpose,
                    channel=channel,
                    channel_label=wordings.channel_label(channel),
                    wording=texts[purpose.key],
                    on=where.on,
                    pending=channel == EMAIL and not where.on and purpose.key in waiting,
                    since=where.since,
                    why=where.words,
                    until=where.until,
                    addable=proven or channel == EMAIL,
                )
            )
    return found


def asked_about() -> list[Purpose]:
    """What people choose about: marketing, then what else rests on consent or on an interest that they can end."""
    policy = current()
    others = (one for one in policy.purposes if not one.marketing and using.chosen(one))
    return [*policy.marketing, *others]


def stop(person: Person, name: str, *, how: str, now: datetime) -> bool:
    """End the one box called ``name`` at once, and touch no other; whether there is such a box."""
    keys = {
        f"{one.key}.{channel}": (one.key, channel)
        for one in asked_about()
        for channel in one.channels or ("",)
    }
    if name not in keys:
        return False
    decisions.leave(person, *keys[name], how=how, now=now)
    return True


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
    boxes = {choice.name: choice for choice in choices(person, now=now, proven=proven)}
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
