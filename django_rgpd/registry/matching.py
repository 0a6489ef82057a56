"""Rows and people joined in SQL: a row is somebody's by account, else by address, else by the person's uuid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, TextField, UUIDField

from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry.conditions import NEVER, all_of, any_of, not_, on_row
from django_rgpd.registry.expressions import address_text, key_of_text
from django_rgpd.registry.generic import tied
from django_rgpd.registry.paths import follow
from django_rgpd.registry.within import HasAccount

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Who


def who_of(entry: Entry, role: str) -> Who:
    """How ``role`` is found in the rows of ``entry``. Raises ``Misconfigured`` for a role that it does not declare."""
    try:
        return entry.people[role]
    except KeyError:
        msg = f"{entry.label} ({entry.origin}) declares no person called {role!r}."
        raise Misconfigured(msg) from None


def limited(entry: Entry, role: str) -> Q:
    """Rows in which ``role`` is at all (``Who(where=…)``)."""
    return only(entry.model, who_of(entry, role).where)


def only(model: type[Model], where: Q | None) -> Q:
    """``where`` as a condition of the row, or every row where nothing is said."""
    return all_of() if where is None else on_row(model, where)


def no_account(entry: Entry, role: str) -> Q:
    """Rows that lead to no account: there alone an address says whose they are."""
    user = who_of(entry, role).user
    if user is None:
        return all_of()
    path = follow(entry.model, user)
    has = Q(**{f"{user}__isnull": False})
    if isinstance(path.field, CharField | TextField) and path.target is None:
        has &= ~Q(**{user: ""})
    return not_(on_row(entry.model, has))


def matching(
    entry: Entry,
    role: str,
    table: QuerySet[Any],
    *,
    user: str | None = None,
    addresses: Mapping[str, str] | None = None,
    person: str | None = None,
) -> Q:
    """Rows of ``entry`` whose person in ``role`` has a row in ``table``.

    ``user``: the column of ``table`` with ``str()`` of an account's key; ``addresses``: kind of address → column with its
    canonical form; ``person``: the column with a person's uuid. Columns left out are not compared.
    """
    who = who_of(entry, role)
    found: list[Q] = []
    if user and who.user:
        found.append(on_row(entry.model, Q(HasAccount(table, user, follow(entry.model, who.user)))))
    for kind, text in who.addresses.items():
        column = (addresses or {}).get(kind)
        if column:
            same = _has(entry.model, table.filter(**{column: address_text(kind, OuterRef(text))}))
            found.append(all_of(no_account(entry, role), same))
    if person and who.person:
        found.append(_has(entry.model, table.filter(**{person: uuid_at(entry.model, who.person)})))
    if who.generic:
        found.append(
            tied(
                entry,
                role,
                lambda target: matching(
                    target, target.main_role, table, user=user, addresses=addresses, person=person
                ),
            )
        )
    return all_of(limited(entry, role), any_of(*found)) if found else NEVER


def uuid_at(model: type[Model], text: str) -> Any:
    """A reference to the uuid at the end of ``text``, from inside a subquery."""
    field = follow(model, text).key_field
    return OuterRef(text) if isinstance(field, UUIDField) else key_of_text(OuterRef(text), UUIDField())


def _has(model: type[Model], table: QuerySet[Any]) -> Q:
    return on_row(model, Q(Exists(table)))
