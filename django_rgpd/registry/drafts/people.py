"""Guessing whose a row is: keys followed forwards, then backwards; addresses on the row or on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey
from django.db.models.fields.reverse_related import ForeignObjectRel

from django_rgpd.registry import looks
from django_rgpd.registry.columns import columns

if TYPE_CHECKING:
    from django.db.models import Field, Model

    AnyField = Field[Any, Any]

FARTHEST = 3
"""Relations that a guessed path passes at most."""

OWN = {
    "",
    "account",
    "billing",
    "buyer",
    "client",
    "contact",
    "customer",
    "facturation",
    "guest",
    "invite",
    "owner",
    "user",
    "utilisateur",
}
"""First words of a column that still speak of the row's main person."""

STAFF = {
    "agent",
    "approver",
    "assignee",
    "changed by",
    "created by",
    "editor",
    "history user",
    "modified by",
    "moderator",
    "operator",
    "reviewer",
    "staff",
    "updated by",
}
"""Names of keys to an account that mostly lead to whoever worked on the row; so does any that ends in "by"."""

MAIN = "subject"


@dataclass(slots=True)
class Guess:
    """How one person of a row is found; ``others``: paths that would lead to an account too."""

    user: str | None = None
    email: str | None = None
    phone: str | None = None
    session: str | None = None
    """The column with the key of the session that an anonymous visitor's row is found by."""
    others: list[str] = field(default_factory=list)
    backwards: bool = False

    @property
    def found(self) -> bool:
        """Whether anything leads to a person."""
        return bool(self.user or self.email or self.phone)


def guess(model: type[Model]) -> dict[str, Guess]:
    """Role → guess; the main person first, then those whose address stands under a name of their own ("gift_email")."""
    main = _account(model)
    main.email = _own_address(model) or (_address_on_the_way(model, main.user) if main.user else None)
    if not main.found:
        main.phone = next((one.name for one in columns(model) if looks.is_phone(one)), None)
    main.session = next(
        (one.name for one in columns(model) if looks.says(one.name, "session key, session id")), None
    )
    found = {MAIN: main} if main.found else {}
    for column in columns(model):
        prefix = prefix_of(column)
        if looks.is_address(column) and prefix not in OWN and column.name != main.email:
            found[prefix] = Guess(email=column.name)
    return found


def prefix_of(column: AnyField) -> str:
    """The word before the rest of the name, where there is one: "gift_street" → "gift"."""
    words = looks.words(column.name)
    if len(words) < 2 or words[0] in {"first", "last", "full", "postal", "zip", "e", "phone", "email"}:
        return ""
    return words[0]


def _account(model: type[Model]) -> Guess:
    account = get_user_model()._meta.concrete_model
    if model._meta.concrete_model is account:
        return Guess(user="pk")
    paths = sorted(_forwards(model, account), key=_likely)
    if version := _version_of_account(model):
        return Guess(user=version, others=paths)
    if paths:
        return Guess(user=paths[0], others=paths[1:])
    if not any(looks.is_personal(column) for column in columns(model)):
        return Guess()
    paths = sorted(_backwards(model, account), key=_likely)
    return Guess(user=paths[0], others=paths[1:], backwards=True) if paths else Guess()


def of_staff(path: str) -> bool:
    """Whether ``path`` rather leads to whoever worked on the row ("answered_by") than to whom it is about."""
    words = looks.words(path.split("__")[-1])
    return " ".join(words) in STAFF or words[-1:] == ("by",)


def _likely(path: str) -> tuple[bool, int, str]:
    return of_staff(path), path.count("__"), path


def _version_of_account(model: type[Model]) -> str | None:
    """The column with the account's key in a table that keeps its earlier versions, as simple-history makes it."""
    user = get_user_model()
    key = user._meta.pk.name
    copied = {key, user.USERNAME_FIELD}.issubset(one.name for one in columns(model))
    return key if copied and model._meta.pk.name != key else None


def _forwards(
    model: type[Model], account: object, before: str = "", seen: tuple[object, ...] = ()
) -> Iterator[str]:
    if before.count("__") >= FARTHEST:
        return
    for key in columns(model):
        if not isinstance(key, ForeignKey) or key.related_model in seen:
            continue
        target = key.related_model
        if target._meta.concrete_model is account:
            yield f"{before}{key.name}"
        else:
            yield from _forwards(target, account, f"{before}{key.name}__", (*seen, model, target))


def _backwards(model: type[Model], account: object) -> Iterator[str]:
    for relation in model._meta.get_fields():
        if not isinstance(relation, ForeignObjectRel):
            continue
        target = relation.related_model
        if target is model or isinstance(target, str):
            continue
        if target._meta.concrete_model is account:
            yield relation.name
        else:
            yield from _forwards(target, account, f"{relation.name}__", (model, target))


def _own_address(model: type[Model]) -> str | None:
    """The row's own address; the user model's is what the account is reached by, and no second path."""
    if model._meta.concrete_model is get_user_model()._meta.concrete_model or _version_of_account(model):
        return None
    found = [one.name for one in columns(model) if looks.is_address(one) and prefix_of(one) in OWN]
    return found[0] if found else None


def _address_on_the_way(model: type[Model], user: str) -> str | None:
    here, before = model, ""
    for word in user.split("__")[:-1]:
        here = here._meta.get_field(word).related_model  # type: ignore[assignment]
        before += f"{word}__"
        found = _own_address(here)
        if found:
            return before + found
    return None
