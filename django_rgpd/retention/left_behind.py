"""Rows that nobody's any more: an erasure, or a term, cut each road to their people and left them for the law alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q

from django_rgpd.erasure import reach, statements
from django_rgpd.registry import Entry, registry, rule
from django_rgpd.registry.conditions import NEVER, all_of, any_of, not_, on_row
from django_rgpd.registry.expressions import ERASED_DOMAIN
from django_rgpd.registry.matching import limited, matching, no_account, who_of
from django_rgpd.registry.paths import follow
from django_rgpd.registry.sales import here

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry import Personal

    Way = tuple[str, Entry, Mapping[str, Personal]]
    """A relation, the declaration of the rows that it leads to, and which of their fields are hers."""


def left_behind(entry: Entry) -> Q:
    """Rows of ``entry`` all of whose people are gone, where a purpose may outlive them; of other models none.

    Somebody is gone whose account is closed or not named, whose addresses are blank, and of whom the rows on the way to her
    hold nothing either: an order without an account that still has a name is hers.
    """
    outliving = {
        entry.role_of(personal)
        for personal in entry.declaration.fields.values()
        for one in personal.purposes
        if rule.purpose_of(entry, one).outlives_erasure
    }
    return all_of(*(_gone(entry, role) for role in sorted(outliving))) if outliving else NEVER


def _gone(entry: Entry, role: str) -> Q:
    who = who_of(entry, role)
    ways, open_ends = _followed(entry.model, who.paths)
    roads = [not_(_holding(entry.model, f"{way}__pk", other, fields)) for way, other, fields in ways]
    if who.user in open_ends:
        roads.append(_without_account(entry, role))
    roads += [_without_address(entry.model, text) for text in who.addresses.values() if text in open_ends]
    if who.person:
        erased = here().filter(erased_at__isnull=False)
        roads.append(matching(entry, role, erased, person="uuid"))
    return all_of(limited(entry, role), *roads)


def _followed(model: type[Model], paths: Iterable[str]) -> tuple[list[Way], set[str]]:
    """Each declared row that the paths pass (``order`` of ``order__customer``), and the paths whose end says something more.

    Where the end is a column of the last such row and hers, a row that holds nothing of hers has it empty.
    """
    ways: list[Way] = []
    open_ends = set()
    for text in paths:
        words, known = text.split("__"), False
        for number in range(1, len(words)):
            way, onward = "__".join(words[:number]), "__".join(words[number:])
            target = follow(model, way).target
            other = registry.of(target) if target is not None else None
            known = False
            if other is not None and other.declaration.fields:
                fields = _hers(other, onward)
                known = onward in fields
                if (way, other, fields) not in ways:
                    ways.append((way, other, fields))
        if not known:
            open_ends.add(text)
    return ways, open_ends


def _without_account(entry: Entry, role: str) -> Q:
    """No account, or one that was closed and stands there empty because this row refers to it."""
    user, account = who_of(entry, role).user, registry.of(get_user_model())
    if user is None or account is None or not account.declaration.fields:
        return no_account(entry, role)
    path = follow(entry.model, user)
    if path.target is not account.model:
        return no_account(entry, role)
    return not_(_holding(entry.model, path.key, account, account.declaration.fields))


def _without_address(model: type[Model], text: str) -> Q:
    erased = on_row(model, Q(**{f"{text}__endswith": f"@{ERASED_DOMAIN}"}))
    return any_of(erased, not_(on_row(model, Q(**{f"{text}__gt": ""}))))


def _hers(other: Entry, onward: str) -> Mapping[str, Personal]:
    """The fields of the person to whom ``onward`` leads from there; of everybody where the row declares no such road."""
    roles = [role for role, who in other.people.items() if onward in who.paths]
    fields = {name: one for role in roles for name, one in other.fields_of(role).items()}
    return fields or other.declaration.fields


def _holding(model: type[Model], key: str, other: Entry, fields: Mapping[str, Personal]) -> Q:
    """Rows of ``model`` whose ``key`` is that of a row of ``other`` in which one of ``fields`` is not erased."""
    rows = statements.rows_of(other, not_(reach.erased(other, fields)))
    return on_row(model, Q(Exists(rows.filter(pk=OuterRef(key)))))
