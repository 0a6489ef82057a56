"""Rows tied to another one by a generic key (content type and key): they are whose that row is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Q, QuerySet, TextField, UUIDField, Value
from django.db.models.functions import Replace

from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry.columns import stored_as
from django_rgpd.registry.conditions import NEVER, all_of, any_of, is_never
from django_rgpd.registry.expressions import key_text
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Who

    AnyField = Field[Any, Any]

_TEXT = (CharField, TextField)


def tied(entry: Entry, role: str, whose: Callable[[Entry], Q]) -> Q:
    """Rows of ``entry`` that the generic key of ``role`` ties to a row of which ``whose`` is true; none without such a key.

    ``whose`` is asked once for each model of ``Who(to=…)`` and answers with a condition on that model's rows.
    """
    who = entry.people[role]
    if who.generic is None:
        return NEVER
    found = []
    for target in targets(who):
        condition = whose(target)
        if not is_never(condition):
            found.append(_leads_to(entry.model, who.generic, target, condition))
    return any_of(*found)


def targets(who: Who) -> list[Entry]:
    """The declarations that a generic key may lead to.

    Raises ``Misconfigured`` for a label that nobody declared, and for one whose own people are found by a generic key.
    """
    found = []
    for label in who.to:
        entry = _labelled(label)
        if entry is None or entry.people[entry.main_role].generic:
            msg = f"Who(generic={who.generic!r}) leads to {label!r}, which declares no people by columns."
            raise Misconfigured(msg)
        found.append(entry)
    return found


def key_of(model: type[Model], name: str) -> Any | None:
    """The ``GenericForeignKey`` of ``model`` called ``name``, or nothing."""
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if hasattr(field, "ct_field") and hasattr(field, "fk_field") else None


def keys_of(model: type[Model]) -> list[str]:
    """The names of the generic keys of ``model``."""
    return [field.name for field in model._meta.private_fields if key_of(model, field.name) is not None]


def compares(key: AnyField, target: AnyField) -> bool:
    """Whether the column ``key`` can hold the keys of a table whose primary key is ``target``: as what they are, or as text."""
    if isinstance(key, _TEXT):
        return True
    return _kind(key) == _kind(target)


def _leads_to(model: type[Model], name: str, target: Entry, condition: Q) -> Q:
    from django.contrib.contenttypes.models import ContentType

    found = key_of(model, name)
    if found is None:
        msg = f"{model._meta.label}: {name!r} is no generic key."
        raise Misconfigured(msg)
    labels = any_of(
        *(
            Q(app_label=one._meta.app_label, model=one._meta.model_name)
            for one in {target.model, target.model._meta.concrete_model or target.model}
        )
    )
    kinds = ContentType._base_manager.filter(labels).values("pk")
    rows: QuerySet[Any] = QuerySet(target.model).filter(condition).order_by()
    same = any_of(
        *(Q(**{f"{found.fk_field}__in": keys}) for keys in _keys(model._meta.get_field(found.fk_field), rows))
    )
    return all_of(Q(**{f"{found.ct_field}__in": kinds}), same)


def _keys(column: Any, rows: QuerySet[Any]) -> list[QuerySet[Any]]:
    """The keys of ``rows`` as ``column`` may write them: a UUID in a text with hyphens or without."""
    if not isinstance(column, _TEXT):
        return [rows.values("pk")]
    key = stored_as(rows.model._meta.pk)
    text = key_text("pk", key)
    written = [rows.annotate(rgpd_key=text).values("rgpd_key")]
    if isinstance(key, UUIDField):
        bare = Replace(text, Value("-"), Value(""), output_field=CharField(max_length=255))
        written.append(rows.annotate(rgpd_key=bare).values("rgpd_key"))
    return written


def _kind(field: AnyField) -> str:
    """Integers of all sizes are one kind of key."""
    name = str(stored_as(field).get_internal_type())
    return "Integer" if name.endswith(("IntegerField", "AutoField")) else name


def _labelled(label: str) -> Entry | None:
    try:
        found = registry.labelled(label)
    except (LookupError, ValueError):
        return None
    return found if found is not None and found.people else None
