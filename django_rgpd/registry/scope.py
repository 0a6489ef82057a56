"""Which rows are a person's: by her account; by a proven address where a row has no account; by her uuid."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import idna
from django.db.models import CharField, Q, QuerySet, TextField
from django.db.models.functions import Lower
from django.db.models.lookups import In

from django_rgpd.registry import held
from django_rgpd.registry.conditions import NEVER, all_of, any_of, at_end, is_never, not_, on_row
from django_rgpd.registry.expressions import address_text
from django_rgpd.registry.generic import tied
from django_rgpd.registry.matching import limited, matching, no_account, who_of
from django_rgpd.registry.paths import follow
from django_rgpd.registry.who import PHONE, Held

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Subject

__all__ = ["by_accounts", "conditions", "matching", "no_account", "rows", "shared", "spellings"]


def conditions(entry: Entry, role: str, subject: Subject) -> list[Q]:
    """The ways in which rows of ``entry`` are ``subject``'s in ``role``: each a condition of its own, for a statement of its own.

    By account, then by address (only where the account path is NULL), then by uuid, then by what a generic key ties the
    row to, then by the keys that her erasure noted; what is not declared or what she does not have is left out, so that an
    empty list means no row at all. ``subject.held`` limits what addresses lead to.
    """
    limit = limited(entry, role)
    ways = (
        _by_account(entry, role, subject),
        _by_address(entry, role, subject),
        _by_uuid(entry, role, subject),
        tied(entry, role, lambda target: any_of(*conditions(target, target.main_role, subject))),
        _by_key(entry, role, subject),
    )
    return [all_of(way, limit) for way in ways if not is_never(way)]


def rows(entry: Entry, role: str, subject: Subject) -> QuerySet[Any]:
    """The rows of ``entry`` that are ``subject``'s in ``role``, hidden ones too; each once."""
    return entry.model._base_manager.filter(any_of(*conditions(entry, role, subject)))


def shared(entry: Entry, role: str, subject: Subject) -> Q:
    """Of those rows, the ones that lead to another account as well (a path to many): they go when hers and the others' do."""
    user = who_of(entry, role).user
    if user is None:
        return tied(entry, role, lambda target: shared(target, target.main_role, subject))
    if not follow(entry.model, user).many:
        return NEVER
    path = follow(entry.model, user)
    others = Q(**{f"{path.text}__isnull": False})
    if subject.user_key is not None:
        others = _account_of_others(path.key, subject.user_key)
    return on_row(entry.model, others)


def spellings(address: str) -> tuple[str, ...]:
    """How a shop's column may spell a canonical email, lower case: composed or decomposed, the domain in letters, a space beside.

    SQLite lowers ASCII only, so that a capital beyond ASCII stays one.
    """
    local, at, domain = address.rpartition("@")
    try:
        readable = idna.decode(domain)
    except UnicodeError:
        readable = domain
    capital = "".join(c if c.isascii() else c.upper() for c in local)
    whole = {f"{name}{at}{host}" for name in (local, capital) for host in (domain, readable)}
    forms = {unicodedata.normalize(form, one) for one in whole for form in ("NFC", "NFD")}
    return tuple(
        sorted({f"{before}{one}{after}" for one in forms for before in ("", " ") for after in ("", " ")})
    )


def by_accounts(entry: Entry, role: str, keys: Collection[object]) -> Q:
    """The rows of ``entry`` that are in ``role`` those of the accounts whose keys these are."""
    user = who_of(entry, role).user
    if user is None or not keys:
        return NEVER
    path = follow(entry.model, user)
    texts = isinstance(path.key_field, CharField | TextField)
    asked = [str(key) if texts else key for key in keys]
    end, value = ("", asked[0]) if len(asked) == 1 else ("__in", asked)
    same = at_end(entry.model, path.key, lambda name: Q(**{f"{name}{end}": value}))
    return all_of(same, limited(entry, role))


def _by_account(entry: Entry, role: str, subject: Subject) -> Q:
    return by_accounts(entry, role, [] if subject.user_key is None else [subject.user_key])


def _by_key(entry: Entry, role: str, subject: Subject) -> Q:
    limit = subject.held
    keys = limit.pinned.get(limit.pin(entry.label, role), ()) if limit is not None else ()
    return Q(pk__in=keys) if keys else NEVER


def _by_address(entry: Entry, role: str, subject: Subject) -> Q:
    same = [_at(entry, kind, text, subject) for kind, text in who_of(entry, role).addresses.items()]
    one_of_hers = any_of(*same)
    if is_never(one_of_hers):
        return NEVER
    spared = subject.spared.get(Held.pin(entry.label, role), ())
    others = not_(Q(pk__in=spared)) if spared else all_of()
    return all_of(no_account(entry, role), one_of_hers, others)


def _at(entry: Entry, kind: str, text: str, subject: Subject) -> Q:
    """Rows whose address at ``text`` is hers; once she was erased, without what somebody else did under it since."""
    at_hers = _same_address(entry.model, kind, text, subject.addresses.get(kind, frozenset()))
    limit = subject.held
    if limit is None or is_never(at_hers):
        return at_hers
    found = [all_of(at_hers, held.among(entry, text, limit))]
    free = _same_address(entry.model, kind, text, limit.free.get(kind, frozenset()))
    if limit.until is not None and not is_never(free):
        found.append(all_of(free, held.by_then(entry, text, limit.until)))
    return any_of(*found)


def _same_address(model: type[Model], kind: str, text: str, hers: Iterable[str]) -> Q:
    known = sorted(hers)
    if not known:
        return NEVER
    if kind == PHONE:
        return at_end(model, text, lambda name: Q(In(address_text(kind, name), known)))
    # Lower() alone is what a shop has an index on; spaces and spellings are put on the other side.
    written = sorted({spelling for address in known for spelling in spellings(address)})
    return at_end(model, text, lambda name: Q(In(Lower(name), written)))


def _by_uuid(entry: Entry, role: str, subject: Subject) -> Q:
    person = who_of(entry, role).person
    if person is None or not subject.uuids:
        return NEVER
    field = follow(entry.model, person).key_field
    text = isinstance(field, CharField | TextField)
    uuids = [str(uuid) if text else uuid for uuid in subject.uuids]
    return at_end(entry.model, person, lambda name: Q(**{f"{name}__in": uuids}))


def _account_of_others(key: str, own: object) -> Q:
    # "Not equal" without a negation, which over a relation to many would ask for rows without any of hers.
    return Q(**{f"{key}__lt": own}) | Q(**{f"{key}__gt": own})
