"""Marketing boxes on the shop's own forms: separate, unticked, with a short notice (art. 7.2, 13; CPCE
L34-5).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import decisions, state, wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress, StoreDown
from django_rgpd.marketing import double_optin
from django_rgpd.marketing.boxes import add_box, agreed_to
from django_rgpd.policy import EMAIL, SMS, LegitimateInterest, Purpose, current
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Kind, Person


@dataclass(frozen=True, slots=True)
class _Box:
    """One box of the form: to agree, or (``way_out``) to say no to offers that the sale would allow."""

    name: str
    purpose: Purpose
    channel: str
    way_out: bool


class MarketingBoxes(forms.Form):
    """Put before a form's class: adds the boxes, and ``record_marketing`` for when the form was saved.

    ``marketing_purposes`` and ``marketing_channels`` limit which are shown (all, where empty). ``at_a_sale``:
    the form is an order's: offers that the policy bases on the sale are announced with a box to refuse them.
    """

    marketing_purposes: ClassVar[Iterable[str]] = ()
    marketing_channels: ClassVar[Iterable[str]] = (EMAIL,)
    marketing_form: ClassVar[str] = "checkout"
    at_a_sale: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._now = clock.now()
        self._boxes = list(self._which_boxes())
        language = get_language() or ""
        for box in self._boxes:
            wording = wordings.current(box.purpose.key, language, now=self._now)
            if box.way_out:
                self.fields[box.name] = forms.BooleanField(
                    required=False, initial=False, label=_no_thanks(box)
                )
            else:
                add_box(self, box.name, wording, label=_yes_please(box, wording))

    @property
    def marketing_notice(self) -> str:
        """The short notice to show beside the boxes."""
        notice = _(
            "These boxes are optional and change nothing else. You can change your mind at any time:"
            " by the link in each message or on your privacy page."
        )
        offers = {capfirst(str(box.purpose.label)) for box in self._boxes if box.way_out}
        if not offers:
            return notice
        announced = _("We may write to you, as our customer, unless you tick “no, thank you”: %(offers)s.")
        return f"{announced % {'offers': ', '.join(sorted(offers))}} {notice}"

    @property
    def purposes_shown(self) -> list[Purpose]:
        """The purposes that the boxes are about, for the short notice."""
        return [box.purpose for box in self._boxes]

    @property
    def marketing_box_names(self) -> list[str]:
        """The names of the boxes, for a template that places them itself."""
        return [box.name for box in self._boxes]

    def clean(self) -> dict[str, Any]:
        """The text of each ticked box is one that was shown."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        asking = {box.name: box.purpose.key for box in self._boxes if not box.way_out}
        self._agreed = agreed_to(self, asking, now=self._now)
        return cleaned

    @sensitive_variables()
    def record_marketing(
        self,
        *,
        email: str,
        now: datetime,
        user: Any = None,
        phone: str = "",
        ip: str | None = None,
    ) -> None:
        """Record what was ticked, once the shop has saved its own part, in its transaction.

        ``user``: the account, where logged in. Her proven address agrees at once; every other address gets a
        mail to confirm. ``ip``: ``limits.client_ip(request)``. Where the limits cannot be counted, nothing is
        sent and the order goes on.
        """
        try:
            addresses.canonical(Kind.EMAIL, email)
        except BadAddress:  # whatever the shop takes as an address: nothing could be confirmed there
            return
        person = self._person(email, user, now)
        with transaction.atomic():
            for box in self._boxes:
                if box.way_out and person is not None:
                    self._way_out(person, box, now)
            if person is not None and phone and any(box.channel == SMS for box in self._boxes):
                with suppress(BadAddress):
                    people.note(Kind.PHONE, phone, person=person, now=now)
        waiting: dict[str, Wording] = {}
        proven = person is not None and user is not None and _proven(person, email)
        for box in self._boxes:
            wording = self._agreed.get(box.name)
            if wording is None:
                continue
            if proven and person is not None:
                decisions.give(
                    person,
                    box.purpose.key,
                    box.channel,
                    how=self.marketing_form,
                    now=now,
                    wording=wording,
                )
            elif box.channel == EMAIL:
                waiting[box.purpose.key] = wording
        if waiting:
            self._ask(email, waiting, now=now, ip=ip)

    def _which_boxes(self) -> Iterable[_Box]:
        wanted, by = set(self.marketing_purposes), set(self.marketing_channels)
        for purpose in current().marketing:
            if wanted and purpose.key not in wanted:
                continue
            way_out = self.at_a_sale and _on_a_sale(purpose)
            for channel in purpose.channels:
                if (not by or channel in by) and (way_out or purpose.on_consent):
                    yield _Box(f"marketing_{purpose.key}_{channel}", purpose, channel, way_out)

    def _person(self, email: str, user: Any, now: datetime) -> Person | None:
        if user is not None and user.is_authenticated:
            return people.person_of(user, now=now)
        if any(box.way_out for box in self._boxes):
            return people.note(Kind.EMAIL, email, now=now).person
        return None

    def _way_out(self, person: Person, box: _Box, now: datetime) -> None:
        key = (box.purpose.key, box.channel)
        if not self.cleaned_data.get(box.name):
            decisions.inform(person, *key, how=self.marketing_form, now=now)
        elif person.user_key is None or not state.live(person, *key):
            # Whoever types an address may keep it from offers, but not end what its holder agreed to herself.
            decisions.object_to(person, *key, how=self.marketing_form, now=now)

    def _ask(self, email: str, agreed: dict[str, Wording], *, now: datetime, ip: str | None) -> None:
        language = get_language() or ""
        try:
            double_optin.ask(email, agreed, now=now, form=self.marketing_form, language=language, ip=ip)
        except StoreDown:  # logged where it happened; an order must not fail for want of a newsletter
            return


class SignUpBoxes(MarketingBoxes):
    """The boxes of a form without a sale: only those by which people agree.

    It stands by itself beside the shop's form, in the same ``<form>``: ``{% rgpd_marketing_boxes %}``.
    """

    marketing_form = "sign_up"
    at_a_sale = False


def _on_a_sale(purpose: Purpose) -> bool:
    return any(isinstance(basis, LegitimateInterest) and basis.when is not None for basis in purpose.bases)


def _proven(person: Person, email: str) -> bool:
    canonical = addresses.canonical(Kind.EMAIL, email)
    return Address.objects.filter(
        person=person, kind=Kind.EMAIL, canonical=canonical, until__isnull=True, proven_at__isnull=False
    ).exists()


def _yes_please(box: _Box, wording: Wording) -> str:
    if box.channel == EMAIL:
        return wording.text
    return f"{wording.text} ({wordings.channel_label(box.channel)})"


def _no_thanks(box: _Box) -> str:
    values = {"purpose": capfirst(str(box.purpose.label)), "channel": wordings.channel_label(box.channel)}
    return _("%(purpose)s %(channel)s: no, thank you.") % values
