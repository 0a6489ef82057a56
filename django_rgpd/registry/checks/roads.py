"""Checks of a declaration's paths: each can be followed, and ends at what it is meant to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.core.exceptions import FieldError
from django.db.models import (
    CharField,
    DateField,
    ForeignKey,
    IntegerField,
    Q,
    TextField,
    UUIDField,
)

from django_rgpd.registry.checks import ties
from django_rgpd.registry.checks.messages import error
from django_rgpd.registry.declaration import Follows, OpenBusiness, Unsettled, When
from django_rgpd.registry.paths import BadPath, Path, follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Field

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Who

    AnyField = Field[Any, Any]

_TEXT = (CharField, TextField)


def findings(entry: Entry) -> Iterator[CheckMessage]:
    """What is wrong with the paths and conditions of ``entry``."""
    yield from _people(entry)
    yield from _clocks(entry)
    yield from _open_business(entry)
    yield from _unsettled(entry)
    yield from _others(entry)
    yield from _conditions(entry)


def _people(entry: Entry) -> Iterator[CheckMessage]:
    declaration = entry.declaration
    if not entry.people and (declaration.fields or tuple(declaration.facts)):
        message = "It declares personal fields or facts, and no person whose they are."
        yield error("E032", entry.model, message, 'Say who: who = Who(user="…", email="…").')
    for role, who in entry.people.items():
        if not who.paths and not who.generic:
            message = f"No path leads to the person {role!r}."
            yield error("E032", entry.model, message, "Give user=, email=, phone=, person= or generic=.")
        yield from _who(entry, role, who)


def _who(entry: Entry, role: str, who: Who) -> Iterator[CheckMessage]:
    where = f"people[{role!r}]"
    if who.user:
        yield from _follow(entry, f"{where}.user", who.user, _leads_to_account, "the user model")
    for kind, text in who.addresses.items():
        yield from _follow(entry, f"{where}.{kind}", text, _is_text, "a text column")
    if who.person:
        yield from _follow(entry, f"{where}.person", who.person, _holds_uuid, "a column with a uuid")
    if who.session:
        yield from _follow(entry, f"{where}.session", who.session, _is_text, "a text column")
    if who.generic or who.to:
        yield from ties.findings(entry, where, who)


def _clocks(entry: Entry) -> Iterator[CheckMessage]:
    for purpose, text in entry.declaration.clocks.items():
        yield from _dated(entry, f"clocks[{purpose!r}]", text)
    contacts = entry.declaration.contacts
    if isinstance(contacts, str):
        message = f"contacts = {contacts!r} is one text, and read as a path a letter."
        yield error("E022", entry.model, message, f"Say contacts = [{contacts!r}].")
        return
    for text in contacts:
        yield from _dated(entry, "contacts", text)


def _open_business(entry: Entry) -> Iterator[CheckMessage]:
    business = entry.declaration.open_business
    if isinstance(business, OpenBusiness) and business.until:
        yield from _dated(entry, "open_business.until", business.until)
    if not isinstance(business, Follows):
        return
    yield from _follow(entry, "open_business", business.path)
    if not _ends_at(entry, business.path, lambda other: other.declaration.open_business is not None):
        message = f"open_business follows {business.path!r}, where nothing is declared to be open."
        hint = "Lead Follows() to a declared model that has open_business itself."
        yield error("E034", entry.model, message, hint)


def _unsettled(entry: Entry) -> Iterator[CheckMessage]:
    declared = entry.declaration.unsettled
    if isinstance(declared, Unsettled) and declared.since:
        yield from _dated(entry, "unsettled.since", declared.since)
    if not isinstance(declared, Follows):
        return
    yield from _follow(entry, "unsettled", declared.path)
    if not _ends_at(entry, declared.path, lambda other: True):
        message = f"unsettled follows {declared.path!r}, which leads to no declared model."
        yield error("E034", entry.model, message, "Lead Follows() to a declared model.")


def _ends_at(entry: Entry, path: str, serves: Callable[[Entry], bool]) -> bool:
    """Whether ``path`` ends at a declared model that ``serves``; one that cannot be followed at all is another finding."""
    try:
        target = follow(entry.model, path).target
    except BadPath:
        return True
    other = registry.of(target) if target is not None else None
    return other is not None and serves(other)


def _others(entry: Entry) -> Iterator[CheckMessage]:
    declaration = entry.declaration
    if declaration.sales is not None:
        yield from _dated(entry, "sales.paid_at", declaration.sales.paid_at)
    if declaration.currency:
        yield from _follow(entry, "currency", declaration.currency, _is_text, "a text column")


def _conditions(entry: Entry) -> Iterator[CheckMessage]:
    declaration = entry.declaration
    asked: list[tuple[str, Q | None]] = [
        (f"people[{role!r}].where", who.where) for role, who in entry.people.items()
    ]
    if isinstance(declaration.open_business, OpenBusiness):
        asked.append(("open_business", declaration.open_business.condition))
    if isinstance(declaration.unsettled, Unsettled):
        asked.append(("unsettled", declaration.unsettled.condition))
    if declaration.sales is not None:
        asked.append(("sales.where", declaration.sales.where))
    for name, personal in declaration.fields.items():
        for one in personal.purposes:
            if isinstance(one, When):
                asked.append((f"fields[{name!r}], When({one.purpose!r})", one.condition))
    for where, condition in asked:
        if condition is not None and (problem := _refused(entry, condition)):
            hint = "Correct the Q: it is asked of the declared model's own rows."
            yield error("E035", entry.model, f"{where}: {problem}", hint)


def _refused(entry: Entry, condition: Q) -> str | None:
    try:
        entry.model._base_manager.filter(condition)
    except FieldError as problem:
        return str(problem)
    except (TypeError, ValueError) as problem:  # what a column says of a value that it cannot compare
        return f"a value that its column cannot be compared with ({type(problem).__name__})."
    return None


def _follow(
    entry: Entry, where: str, text: str, ends_well: Any = None, wanted: str = ""
) -> Iterator[CheckMessage]:
    try:
        path = follow(entry.model, text)
    except BadPath as problem:
        hint = "Correct the path: field names joined by two underscores, as in filter()."
        yield error("E022", entry.model, f"{where}: {problem}", hint)
        return
    if ends_well is not None and not ends_well(entry, path):
        message = f"{where} = {text!r} does not end at {wanted}."
        yield error("E033", entry.model, message, f"Give the path of {wanted}.")


def _dated(entry: Entry, where: str, text: str) -> Iterator[CheckMessage]:
    try:
        path = follow(entry.model, text)
    except BadPath as problem:
        hint = "Correct the path: field names joined by two underscores, as in filter()."
        yield error("E022", entry.model, f"{where}: {problem}", hint)
        return
    if not isinstance(path.field, DateField) or path.target is not None:
        message = f"{where} = {text!r} is no date."
        yield error("E030", entry.model, message, "Give the path of a DateField or a DateTimeField.")


def _leads_to_account(entry: Entry, path: Path) -> bool:
    account = get_user_model()._meta.concrete_model
    if path.target is not None:
        return path.target._meta.concrete_model is account
    if isinstance(path.field, ForeignKey):
        return path.field.related_model._meta.concrete_model is account
    if path.field.primary_key:
        return path.field.model._meta.concrete_model is account
    return isinstance(path.field, (*_TEXT, UUIDField, IntegerField))


def _is_text(entry: Entry, path: Path) -> bool:
    return path.target is None and isinstance(path.field, _TEXT)


def _holds_uuid(entry: Entry, path: Path) -> bool:
    return path.target is None and isinstance(path.field, (*_TEXT, UUIDField))
