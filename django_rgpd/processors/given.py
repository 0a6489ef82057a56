"""What a processor is given of an account: the columns that its setting names, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry import people

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.processors.base import Processor
    from django_rgpd.registry.models import Person


def columns(processor: Processor) -> Mapping[str, tuple[str, ...]]:
    """The vendor's name of each field → the columns that it is made of."""
    return {
        name: (given,) if isinstance(given, str) else tuple(given) for name, given in processor.fields.items()
    }


@sensitive_variables()
def of(processor: Processor, person: Person) -> dict[str, str]:
    """The vendor's names → what the account of ``person`` says now; those that say nothing are left out."""
    account = people.account_of(person) if processor.fields else None
    return {} if account is None else said(processor, account)


@sensitive_variables()
def of_many(processor: Processor, persons: Collection[Person]) -> dict[int, dict[str, str]]:
    """The same of each of ``persons`` who has an account, by the key of the person: one query."""
    if not processor.fields:
        return {}
    relations = {relation for _model, _name, relation in places(processor) if relation}
    accounts = people.accounts_of(persons, with_=sorted(relations))
    return {pk: said(processor, account) for pk, account in accounts.items()}


@sensitive_variables()
def said(processor: Processor, account: object) -> dict[str, str]:
    """The same of an account that was read."""
    made = {
        name: " ".join(filter(None, (_value(account, one) for one in paths)))
        for name, paths in columns(processor).items()
    }
    return {name: text for name, text in made.items() if text}


def places(processor: Processor) -> Iterator[tuple[type[Model], str, str]]:
    """Where each column stands: its model, its name there, and the relation that leads to it from the account ("" for its own).

    Raises ``Misconfigured`` for what is no column of the account, nor of what one relation of it leads to.
    """
    for path in {one for paths in columns(processor).values() for one in paths}:
        user = get_user_model()
        relation, _separator, name = path.rpartition("__")
        try:
            model = _reached(user, relation) if relation else user
            model._meta.get_field(name)  # type: ignore[union-attr]
        except (FieldDoesNotExist, AttributeError):
            label = f"{user._meta.label}.{path}"
            msg = f"is given {label}, which is no column of it, nor of what a relation of it leads to."
            raise Misconfigured(msg) from None
        yield model, name, relation  # type: ignore[misc]


def _reached(user: type[Model], relation: str) -> type[Model] | None:
    """The model of the one row to which ``relation`` leads from an account; None where it is none, or leads to several."""
    field = user._meta.get_field(relation)
    one = field.many_to_one or field.one_to_one
    return field.related_model if one else None


def _value(account: object, path: str) -> str:
    value: object = account
    for name in path.split("__"):
        try:
            value = getattr(value, name, None)
        except ObjectDoesNotExist:
            return ""
    return "" if value is None else str(value).strip()
