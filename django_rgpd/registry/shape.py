"""Refuses a declaration that is written in another form than it is read in: a class for its instance, a text for a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain

from django.db.models import Model, Q
from django.utils.functional import Promise

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy.shape import Tests, a, called, maybe, some, wrong
from django_rgpd.policy.terms import Term
from django_rgpd.registry.actions import Action
from django_rgpd.registry.declaration import (
    Ask,
    Declaration,
    DeleteRow,
    Follows,
    KeepFacts,
    OpenBusiness,
    Personal,
    Sales,
    Unsettled,
    When,
)
from django_rgpd.registry.who import Who


def _each(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, Mapping) and all(isinstance(one, kind) for one in value.values())


_READ: Tests = {
    "people": (_each(Who), '{"buyer": Who(user="customer")}'),
    "who": (maybe(Who), 'Who(user="customer")'),
    "clocks": (_each(str), '{"orders": "placed_at"}'),
    "contacts": (a(Iterable), '["placed_at"]'),
    "open_business": (maybe(OpenBusiness, Follows), "OpenBusiness(Q(…), at_most=days(60)) or Follows(…)"),
    "unsettled": (maybe(Unsettled, Follows), "Unsettled(Q(…), reason=…) or Follows(…)"),
    "fields": (_each(Personal), '{"email": Personal("orders", erase=Blank())}'),
    "facts": (some(str), '["number", "total"]'),
    "internal": (some(str), '["fraud_score"]'),
    "at_end": (a(DeleteRow, KeepFacts), "DeleteRow() or KeepFacts()"),
    "ask": (maybe(Ask), "Ask(…)"),
    "sales": (maybe(Sales), 'Sales(paid_at="paid_at")'),
    "row_by_row": (a(bool), "True or False"),
    "source": (a(str, Promise), "a text"),
    "label": (a(str, Promise), "a text"),
    "currency": (maybe(str), '"currency"'),
}

_BUSINESS: Tests = {
    "condition": (a(Q), "Q(…)"),
    "until": (maybe(str), '"expected_on"'),
    "since": (maybe(str), '"placed_at"'),
    "at_most": (maybe(Term), "days(60) or years(5)"),
}
"""What ``OpenBusiness`` and ``Unsettled`` say, each what it has of it."""


def refuse_models(models: Collection[object]) -> None:
    """Raise ``Misconfigured`` where ``models``, which one declaration is for, are none, or something else is among them."""
    others = [one for one in models if not (isinstance(one, type) and issubclass(one, Model))]
    given = [repr(one) if isinstance(one, str) else called(one) for one in others]
    if others or not models:
        msg = (
            f"register() is given {', '.join(given) or 'no model'}: above the class of the declaration it is written "
            "with the model itself: @register(Order)."
        )
        raise Misconfigured(msg)


def refuse(label: str, declaration: type[Declaration]) -> None:
    """Raise ``Misconfigured`` for the first thing in ``declaration``, of the model ``label``, that could not be read.

    What is passed over would not be kept or would not go, and nobody would notice: so it never gets into the registry.
    """
    if not (isinstance(declaration, type) and issubclass(declaration, Declaration)):
        kind = declaration if isinstance(declaration, type) else type(declaration)
        msg = f"{label} ({kind.__module__}.{kind.__qualname__}): it is written as class {kind.__name__}(Declaration)."
        raise Misconfigured(msg)
    for problem in chain(_unknown(declaration), _forms(declaration), _parts(declaration)):
        msg = f"{label} ({declaration.__module__}.{declaration.__qualname__}): {problem}"
        raise Misconfigured(msg)


def _unknown(declaration: type[Declaration]) -> Iterator[str]:
    bases = [base for base in declaration.__mro__ if base not in {Declaration, object}]
    for name, value in (item for base in bases for item in vars(base).items()):
        method = callable(value) or isinstance(value, staticmethod | classmethod | property)
        if name not in _READ and not name.startswith("_") and not method:
            yield (
                f"it says {name!r}, which no declaration says. It may say: {', '.join(_READ)}; "
                "what is only yours begins with an underscore."
            )


def _forms(declaration: type[Declaration]) -> Iterator[str]:
    for name, (fits, example) in _READ.items():
        value = getattr(declaration, name)
        if not fits(value):
            yield wrong(name, value, fits, example)


def _parts(declaration: type[Declaration]) -> Iterator[str]:
    for name, personal in declaration.fields.items():
        if not isinstance(personal.erase, Action):
            yield f"erase of {name!r} is {called(personal.erase)}, and is written as Blank(), with its brackets."
        if not all(isinstance(one, str | When) for one in personal.purposes):
            yield f'the purposes of {name!r} are written one after the other: Personal("orders", "accounting", erase=…).'
    for name in ("open_business", "unsettled"):
        yield from _business(name, getattr(declaration, name))


def _business(name: str, business: object) -> Iterator[str]:
    for part, (fits, example) in _BUSINESS.items():
        if hasattr(business, part) and not fits(value := getattr(business, part)):
            yield f"the {part} of {name} is {called(value)}, and is written as {example}."
    if isinstance(business, Unsettled) and (business.since is None) != (business.at_most is None):
        said, unsaid = ("at_most", "since") if business.since is None else ("since", "at_most")
        yield f"{name} says {said}, and no {unsaid}: the claim would never be barred. Say both, or neither."
