"""The short notice beside boxes: who, for what, how long, and how to stop (art. 13.1, 13.2, 7.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_rgpd.policy import LAST_CONTACT, Controller, Purpose, Term, current


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a form says about its boxes; ``lines``: each purpose, and how long its data is kept for it."""

    controller: Controller
    lines: tuple[tuple[str, str], ...]
    url: str


def notice(purposes: Iterable[Purpose]) -> Notice:
    """The notice of boxes about ``purposes``."""
    policy = current()
    lines = {one.key: (capfirst(str(one.label)), lasting(one)) for one in purposes}
    return Notice(controller=policy.controller, lines=tuple(lines.values()), url=policy.notice_url)


def lasting(purpose: Purpose) -> str:
    """How long ``purpose`` lasts for a person, in words."""
    if purpose.term.endless:
        return _("until you stop it")
    if purpose.clock is LAST_CONTACT:
        return _("until you stop it, %(length)s after we last heard from you at the latest") % {
            "length": length(purpose.term)
        }
    return _("until you stop it, %(length)s at the latest") % {"length": length(purpose.term)}


def length(term: Term) -> str:
    """A term in words: "3 years", "1 year, 6 months"."""
    parts = [
        ngettext("%(number)d year", "%(number)d years", term.years) % {"number": term.years}
        if term.years
        else "",
        ngettext("%(number)d month", "%(number)d months", term.months) % {"number": term.months}
        if term.months
        else "",
        ngettext("%(number)d day", "%(number)d days", term.days) % {"number": term.days} if term.days else "",
    ]
    return ", ".join(filter(None, parts))
