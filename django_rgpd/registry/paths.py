"""Lookup paths of declarations: where they lead, forwards or backwards, and whether they leave the row's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, ManyToManyField
from django.db.models.fields.reverse_related import ForeignObjectRel

from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry.columns import stored_as

if TYPE_CHECKING:
    from django.db.models import Model

    AnyField = Field[Any, Any]


class BadPath(Misconfigured):
    """A path of a declaration that leads nowhere; the message says at which word."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path that was followed: ``hops`` are the relations passed, ``field`` the column at its end.

    ``many`` says whether one row can lead to several ends.
    """

    text: str
    hops: tuple[AnyField | ForeignObjectRel, ...]
    field: AnyField
    target: type[Model] | None
    many: bool

    @property
    def models(self) -> tuple[type[Model], ...]:
        """The models that the path passes through, the declared one aside."""
        return tuple(_model_of(hop) for hop in self.hops)

    @property
    def key(self) -> str:
        """The path as it is compared with a key: by the primary key of a relation's target."""
        if self.target is None:
            return self.text
        field = self.field
        by_pk = isinstance(field, ForeignKey) and field.target_field is self.target._meta.pk
        return self.text if by_pk else f"{self.text}__pk"

    @property
    def key_field(self) -> AnyField:
        """The column that holds the key at the end, relations followed to what they refer to."""
        return stored_as(self.target._meta.pk if self.target is not None else self.field)


def follow(model: type[Model], text: str) -> Path:
    """Where ``text`` leads from ``model``.

    Raises ``BadPath`` where a word of it is no field of the model reached so far.
    """
    here: type[Model] = model
    hops: list[AnyField | ForeignObjectRel] = []
    words = text.split("__")
    for number, word in enumerate(words):
        part = _part(here, word, model, text)
        last = number == len(words) - 1
        if isinstance(part, ForeignObjectRel):
            hops.append(part)
            here = part.related_model
            if last:
                return _end(text, hops, here._meta.pk, here)
        elif part.is_relation and part.related_model is not None:
            by_column = word != part.name
            if last:
                many = [part] if isinstance(part, ManyToManyField) else []
                return _end(text, [*hops, *many], part, None if by_column else part.related_model)
            hops.append(part)
            here = part.related_model
        elif last:
            return _end(text, hops, part, None)
        else:
            msg = f"{model._meta.label}: {text!r} goes on after {word!r}, which is no relation."
            raise BadPath(msg)
    raise BadPath(f"{model._meta.label}: an empty path.")


def passed(model: type[Model], text: str) -> tuple[type[Model], ...]:
    """The models that a path or a lookup (``order__status__in``) passes through, as far as it can be followed."""
    words = text.split("__")
    while words:
        try:
            return follow(model, "__".join(words)).models
        except BadPath:
            words.pop()
    return ()


def _part(here: type[Model], word: str, model: type[Model], text: str) -> AnyField | ForeignObjectRel:
    if word == "pk":
        return here._meta.pk
    try:
        return here._meta.get_field(word)
    except FieldDoesNotExist:
        msg = f"{model._meta.label}: {text!r} cannot be followed, {here._meta.label} has no {word!r}."
        raise BadPath(msg) from None


def _end(
    text: str, hops: list[AnyField | ForeignObjectRel], field: AnyField, target: type[Model] | None
) -> Path:
    many = any(hop.one_to_many or hop.many_to_many for hop in hops)
    return Path(text=text, hops=tuple(hops), field=field, target=target, many=many)


def _model_of(hop: AnyField | ForeignObjectRel) -> type[Model]:
    found = hop.related_model
    if found is None or isinstance(found, str):
        raise BadPath(f"{hop} leads to no model.")
    return found
