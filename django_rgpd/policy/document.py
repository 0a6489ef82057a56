"""The policy: one document that says what the shop promises, and the place where the current one is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from django_rgpd.core import conf
from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import shape
from django_rgpd.policy.own import beside
from django_rgpd.policy.purposes import Purpose
from django_rgpd.policy.terms import FiscalYear, Term, months

if TYPE_CHECKING:
    from django_rgpd.policy.purposes import Text
    from django_rgpd.policy.recipients import Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the data (art. 4.7, 13.1 a-b)."""

    name: Text
    address: Text = ""
    email: str = ""
    dpo: str = ""
    representative: Text = ""


def _ending(term: object) -> bool:
    return isinstance(term, Term) and not term.endless


_WRITTEN: shape.Tests = {
    "version": (shape.a(date), "date(2026, 11, 1)"),
    "controller": (shape.a(Controller), "Controller(name=…)"),
    "purposes": (shape.some(Purpose), "a list: [Purpose(…), Purpose(…)]"),
    "answer_within": (_ending, "days(15) or months(1)"),
    "fiscal_year": (shape.a(FiscalYear), "FiscalYear(month=6, day=30)"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a shop promises; every page, term and register reads this one value."""

    version: date
    controller: Controller
    purposes: Iterable[Purpose]
    recipients: Iterable[Recipient] = ()
    answer_within: Term = field(default_factory=lambda: months(1))
    fiscal_year: FiscalYear = field(default_factory=FiscalYear)
    authority: Text = "CNIL"
    authority_url: str = "https://www.cnil.fr/fr/plaintes"
    notice_url: str = ""
    _own: tuple[Purpose, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "purposes", tuple(self.purposes))
        shape.refuse("Policy", self, _WRITTEN)
        object.__setattr__(self, "_own", beside(self.purposes))
        object.__setattr__(self, "recipients", tuple(self.recipients))

    @property
    def all_purposes(self) -> tuple[Purpose, ...]:
        """The shop's purposes, then the library's own for its own tables."""
        return (*self.purposes, *self._own)

    def purpose(self, key: str) -> Purpose:
        """The purpose called ``key``. Raises ``KeyError`` where there is none."""
        for purpose in self.all_purposes:
            if purpose.key == key:
                return purpose
        raise KeyError(key)

    @property
    def marketing(self) -> tuple[Purpose, ...]:
        """Purposes whose messages go out over a channel."""
        return tuple(purpose for purpose in self.purposes if purpose.marketing)


@cache
def current() -> Policy:
    """The policy that ``RGPD["POLICY"]`` names.

    Raises ``Misconfigured`` where the setting is missing or names something else.
    """
    path = conf.get().POLICY
    if not path:
        msg = 'RGPD["POLICY"] is not set: give the dotted path of your Policy.'
        raise Misconfigured(msg)
    try:
        found = import_string(path)
    except ImportError as error:
        msg = f'RGPD["POLICY"] = {path!r} cannot be imported.'
        raise Misconfigured(msg) from error
    if not isinstance(found, Policy):
        msg = f'RGPD["POLICY"] = {path!r} is a {type(found).__name__}, not a Policy.'
        raise Misconfigured(msg)
    return found


def _forget(*, setting: str, **_: object) -> None:
    if setting == "RGPD":
        current.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_rgpd.policy")
