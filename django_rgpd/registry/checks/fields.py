"""Checks of a declaration's fields: each is personal, fact or internal, and each action is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.core.checks import CheckMessage

from django_rgpd.policy.bases import Occasion, Outcome
from django_rgpd.policy.terms import ACCOUNT_CLOSED, PERSONAL_CLOCKS
from django_rgpd.registry import looks
from django_rgpd.registry.checks.messages import caution, error
from django_rgpd.registry.columns import columns
from django_rgpd.registry.declaration import DeleteRow, KeepFacts, Unsettled

if TYPE_CHECKING:
    from django_rgpd.policy import Policy, Purpose
    from django_rgpd.registry.declaration import Personal
    from django_rgpd.registry.site import Entry


def findings(entry: Entry, policy: Policy | None) -> Iterator[CheckMessage]:
    """What is wrong with the fields of ``entry``; purposes are looked up where there is a policy."""
    yield from _named(entry)
    yield from _forgotten(entry)
    for name, personal in entry.declaration.fields.items():
        yield from _action(entry, name, personal)
        yield from _owner(entry, name, personal)
        if not personal.purposes:
            message = f"The personal field {name!r} serves no purpose."
            yield error(
                "E028", entry.model, message, 'Name one: Personal("orders", …), or let the column go.'
            )
        if policy is not None:
            yield from _carried(entry, name, personal, policy)
    if policy is not None:
        yield from _purposes(entry, policy)
    yield from _left_over(entry)


def _lists(entry: Entry) -> dict[str, tuple[str, ...]]:
    declaration = entry.declaration
    return {
        "fields": tuple(declaration.fields),
        "facts": tuple(declaration.facts),
        "internal": tuple(declaration.internal),
    }


def _named(entry: Entry) -> Iterator[CheckMessage]:
    known = {field.name for field in columns(entry.model)}
    key = entry.model._meta.pk.name
    said = Counter[str]()
    for where, names in _lists(entry).items():
        said.update(names)
        for name in names:
            if name not in known and name != key:
                message = f"{where} names {name!r}, and the model has no such column."
                yield error("E023", entry.model, message, f"Its columns are: {', '.join(sorted(known))}.")
    for role, who in entry.people.items():
        for name in who.sees:
            if name not in said:
                message = f"people[{role!r}].sees names {name!r}, which is no personal field and no fact."
                yield error("E023", entry.model, message, "Name fields or facts of this declaration.")
    for name, times in said.items():
        if times > 1:
            message = f"{name!r} is listed {times} times."
            yield error("E025", entry.model, message, "A field is personal, a fact or internal: one of them.")


def _forgotten(entry: Entry) -> Iterator[CheckMessage]:
    said = {name for names in _lists(entry).values() for name in names}
    for field in columns(entry.model):
        if field.name not in said:
            message = f"The field {field.name!r} is neither personal nor a fact nor internal."
            hint = f"Declare it: in fields, facts or internal of the declaration in {entry.origin}."
            yield error("E024", entry.model, message, hint)


def _action(entry: Entry, name: str, personal: Personal) -> Iterator[CheckMessage]:
    field = {one.name: one for one in columns(entry.model)}.get(name)
    if field is None:
        return
    action = type(personal.erase).__name__
    for problem in personal.erase.problems(field):
        message = f"{action}() cannot erase {name!r}: {problem}."
        yield error("E026", entry.model, message, "Take another action.")
    if personal.erase.with_row and not isinstance(entry.declaration.at_end, DeleteRow):
        message = f"{name!r} goes with its row, and the row is kept."
        yield error("E026", entry.model, message, "Say at_end = DeleteRow(), or take another action.")


def _owner(entry: Entry, name: str, personal: Personal) -> Iterator[CheckMessage]:
    if personal.of and personal.of not in entry.people:
        message = f"The field {name!r} is of {personal.of!r}, and no person of the row is called so."
        known = ", ".join(entry.people) or "none"
        yield error("E031", entry.model, message, f"Its people are: {known}.")


def _carried(entry: Entry, name: str, personal: Personal, policy: Policy) -> Iterator[CheckMessage]:
    """Art. 9: what may not be processed on any of the purpose's bases."""
    known = {purpose.key: purpose for purpose in policy.all_purposes}
    for key in personal.purpose_keys:
        bases = tuple(known[key].bases) if key in known else ()
        if bases and not any(basis.holds_for(personal.category) for basis in bases):
            message = f"No basis of the purpose {key!r} may carry {personal.category.key} data ({name!r})."
            hint = "Health data needs explicit consent (art. 9.2 a): give the purpose a Consent()."
            yield error("E040", entry.model, message, hint)


def _purposes(entry: Entry, policy: Policy) -> Iterator[CheckMessage]:
    known = {purpose.key: purpose for purpose in policy.all_purposes}
    used = [key for personal in entry.declaration.fields.values() for key in personal.purpose_keys]
    if isinstance(entry.declaration.unsettled, Unsettled):
        used += entry.declaration.unsettled.purposes
    for key in dict.fromkeys([*used, *entry.declaration.clocks]):
        if key not in known:
            message = f"There is no purpose {key!r} in the policy."
            yield error("E027", entry.model, message, f"Its purposes are: {', '.join(known)}.")
    for key in dict.fromkeys(used):
        purpose = known.get(key)
        if purpose is None or purpose.term.endless or key in entry.declaration.clocks:
            continue
        if purpose.clock in PERSONAL_CLOCKS:
            if _outlives_its_clock(entry, purpose):
                message = (
                    f"{key!r} outlives an erasure, and its clock does not: its fields would be kept for ever."
                )
                hint = f'Name a column that starts it here: clocks = {{"{key}": "created_at"}}.'
                yield error("E029", entry.model, message, hint)
        else:
            message = f"The term of {key!r} has no clock here: its fields would be kept for ever."
            hint = f'Name the column that starts it: clocks = {{"{key}": "created_at"}}.'
            yield error("E029", entry.model, message, hint)


def _outlives_its_clock(entry: Entry, purpose: Purpose) -> bool:
    """Whether what an erasure leaves under ``purpose`` has no end: whoever carried the clock is tied to no account any more.

    Only a row that knows her uuid still finds out when her account was closed.
    """
    if Outcome.STANDS not in purpose.outcomes(Occasion.ERASURE):
        return False
    by_uuid = all(who.person for who in entry.people.values())
    return not (purpose.clock is ACCOUNT_CLOSED and by_uuid)


def _left_over(entry: Entry) -> Iterator[CheckMessage]:
    """Facts stay with a row that stays; what looks personal among them would never go."""
    declaration = entry.declaration
    if not isinstance(declaration.at_end, KeepFacts) and declaration.ask is None:
        return
    stays = {*declaration.facts, *declaration.internal}
    for field in columns(entry.model):
        if field.name in stays and not field.is_relation and looks.is_personal(field):
            message = f"{field.name!r} looks personal and stays with the row: it is a fact or internal."
            hint = f'Declare it: fields = {{"{field.name}": Personal("…", erase=…)}}.'
            yield caution("W062", entry.model, message, hint)
