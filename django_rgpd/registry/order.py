"""The order in which models are worked on: who refers to a row goes before the row; who reads a path goes before it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django_rgpd.registry.columns import foreign_keys
from django_rgpd.registry.declaration import Follows, OpenBusiness, Unsettled, When
from django_rgpd.registry.generic import targets
from django_rgpd.registry.paths import BadPath, follow, passed
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model, Q

    from django_rgpd.registry.site import Entry


def children_first(entries: Iterable[Entry]) -> list[Entry]:
    """``entries`` so that a model with a key to another comes before the other: the order in which rows are deleted.

    A cycle of keys is cut where it is met; the order is the same in every run.
    """
    return list(_children_first(tuple(entries)))


@lru_cache(maxsize=8)  # each erasure asks it of the same declarations
def _children_first(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return tuple(_sorted(entries, _referred))


def readers_first(entries: Iterable[Entry]) -> list[Entry]:
    """``entries`` so that a model whose declaration reads a path comes before the models on that path.

    The order in which fields are released: no path is cut before everybody who needs it has followed it, backwards or forwards.
    """
    return _sorted(entries, _read)


def models_read(entry: Entry) -> set[type[Model]]:
    """The other tables that the declaration of ``entry`` reads through its paths and conditions."""
    return _read(entry)


def _sorted(entries: Iterable[Entry], needs: Callable[[Entry], set[type[Model]]]) -> list[Entry]:
    left = sorted(entries, key=lambda entry: entry.label)
    waits_for = {entry: needs(entry) - {_table(entry.model)} for entry in left}
    done: list[Entry] = []
    while left:
        free = [
            e
            for e in left
            if not any(_table(e.model) in waits_for[other] for other in left if other is not e)
        ]
        # In a cycle the model that the fewest others need goes first.
        chosen = free or [
            min(
                left,
                key=lambda e: sum(_table(e.model) in waits_for[other] for other in left if other is not e),
            )
        ]
        done += chosen
        left = [entry for entry in left if entry not in chosen]
    return done


def _referred(entry: Entry) -> set[type[Model]]:
    return {_table(key.related_model) for key in foreign_keys(entry.model)}


def _read(entry: Entry) -> set[type[Model]]:
    """What the declaration reads, and what decides on the open business that it borrows."""
    first, *followed = _followed(entry)
    found = {
        _table(model)
        for one in (first, *followed)
        for path in _paths(one)
        for model in passed(one.model, path)
    }
    found |= {_table(one.model) for one in followed}
    for who in entry.people.values():
        for target in targets(who):
            found |= {_table(target.model)} | _read(target)
    return found


def _followed(entry: Entry) -> list[Entry]:
    """``entry``, and those whose business it borrows, one from the other."""
    found = [entry]
    for one in found:
        for declared in (one.declaration.open_business, one.declaration.unsettled):
            other = _target(one, declared) if isinstance(declared, Follows) else None
            if other is not None and other not in found:
                found.append(other)
    return found


def _target(entry: Entry, declared: Follows) -> Entry | None:
    try:
        target = follow(entry.model, declared.path).target
    except BadPath:  # a system check says so
        return None
    return registry.of(target) if target is not None else None


def _table(model: type[Model]) -> type[Model]:
    return model._meta.concrete_model or model


def _paths(entry: Entry) -> list[str]:
    declaration = entry.declaration
    found = list(declaration.clocks.values())
    conditions: list[Q | None] = []
    for who in entry.people.values():
        found += who.paths
        conditions.append(who.where)
    for personal in declaration.fields.values():
        conditions += [one.condition for one in personal.purposes if isinstance(one, When)]
    if isinstance(declaration.open_business, OpenBusiness):
        conditions.append(declaration.open_business.condition)
        found += [declaration.open_business.until] if declaration.open_business.until else []
    elif isinstance(declaration.open_business, Follows):
        found.append(declaration.open_business.path)
    if isinstance(declaration.unsettled, Unsettled):
        conditions.append(declaration.unsettled.condition)
        found += [declaration.unsettled.since] if declaration.unsettled.since else []
    elif isinstance(declaration.unsettled, Follows):
        found.append(declaration.unsettled.path)
    for condition in conditions:
        found += _leaves(condition) if condition is not None else []
    return found


def _leaves(condition: Any) -> Iterator[str]:
    """The lookup paths of a Q."""
    for child in condition.children:
        if isinstance(child, tuple):
            yield str(child[0])
        elif hasattr(child, "children"):
            yield from _leaves(child)
