"""Guessing what a column is: personal with its action and category, a fact, or internal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DecimalField,
    FileField,
    ForeignKey,
    JSONField,
    TextField,
)

from django_rgpd.registry import looks
from django_rgpd.registry.actions import Blank, DeleteFile, EmptyJson, Fixed, Null, Placeholder, WithRow
from django_rgpd.registry.columns import columns
from django_rgpd.registry.drafts import people

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_rgpd.registry.actions import Action

    AnyField = Field[Any, Any]

WRITTEN = (
    "note, notes, comment, comments, message, text, body, subject, title, remark, remarks, instructions, "
    "description, feedback, content, reason, commentaire, remarque, texte, sujet, titre, consigne, avis"
)
PLACES = (
    "city, town, country, state, region, county, province, address, address line, line, building, company, "
    "ville, pays, departement, batiment, societe, complement"
)
PERSON = "name, nom, label, recipient, destinataire, signature"
PROVIDERS = {"stripe", "paypal", "mollie", "adyen", "braintree", "mangopay", "payplug", "mailchimp"}
RANKS = "score, risk, rank, segment, rating internal, is staff, is superuser, is active, staff, superuser"
HARMLESS = (
    "number, code, sku, slug, ref, reference, currency, status, state, type, kind, language, locale, size, color, colour, "
    "numero, devise, statut, langue, taille, couleur"
)
MONEY = "total, amount, price, montant, prix, net, gross, tax, vat"


@dataclass(frozen=True, slots=True)
class Personal:
    """A guessed personal column, as text of a declaration; ``why`` is printed where it is no more than a guess."""

    erase: str
    category: str = ""
    origin: str = ""
    of: str = ""
    hidden: bool = False
    """Whether no export shows it."""
    why: str = ""


@dataclass(slots=True)
class Columns:
    """What the columns of one model were taken for."""

    personal: dict[str, Personal] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    internal: list[str] = field(default_factory=list)
    keeps: bool = False
    """Whether the row stays with its facts."""
    unsure: list[str] = field(default_factory=list)
    """Texts among the facts of which nothing tells what is in them."""


def guess(model: type[Model], roles: dict[str, people.Guess], *, by_law: bool = False) -> Columns:
    """What each column of ``model`` looks like; ``by_law``: its rows are kept by law, and go whole."""
    found = Columns(keeps=keeps(model) and not by_law)
    main = roles.get(people.MAIN, people.Guess())
    with_address = any(looks.says(one.name, looks.CONTACTS) for one in columns(model))
    for column in columns(model):
        one = _personal(column, main, with_address=with_address, keeps=found.keeps)
        if one is not None:
            prefix = people.prefix_of(column)
            of = prefix if prefix in roles else ("" if people.MAIN in roles else next(iter(roles), ""))
            found.personal[column.name] = replace(one, of=of)
        elif _internal(column):
            found.internal.append(column.name)
        else:
            found.facts.append(column.name)
    found.unsure = [one.name for one in columns(model) if one.name in found.facts and _anything(one)]
    if roles and not found.personal and not found.keeps:
        _with_row(model, main, found)
    return found


def _with_row(model: type[Model], main: people.Guess, found: Columns) -> None:
    """A row of keys alone: the first of the keys that lead to the person goes with it."""
    word = (main.user or "").split("__")[0]
    for names in (found.internal, found.facts):
        if word in names:
            names.remove(word)
            found.personal[word] = Personal(erase="WithRow()")
            return
    if found.facts:
        name = found.facts.pop(0)
        found.personal[name] = Personal(erase="WithRow()", why="nothing else of the row can be erased")


def _personal(column: AnyField, main: people.Guess, *, with_address: bool, keeps: bool) -> Personal | None:
    if column.name == main.session:
        return Personal(erase="Blank()", category="TECHNICAL", origin="OBSERVED", hidden=True)
    if isinstance(column, ForeignKey):
        own = column.name == main.user and column.null
        return Personal(erase="Null()") if own else None
    if looks.is_secret(column) or isinstance(column, BooleanField):
        return None
    kind = _kind(column, with_address=with_address)
    if kind is None:
        return None
    category, origin, why = kind
    return Personal(erase=_erase(column, keeps=keeps), category=category, origin=origin, why=why)


def _kind(column: AnyField, *, with_address: bool) -> tuple[str, str, str] | None:
    """Category, origin and doubt of a column that looks personal."""
    name = column.name
    if looks.is_card(column):
        return "PAYMENT", "", "it looks like a card number, which only the payment provider may have"
    if looks.is_bank(column):
        return "BANK", "", ""
    if looks.is_trace(column) or name == "last_login":
        return "TECHNICAL", "OBSERVED", ""
    if looks.is_personal(column):
        contact = looks.says(name, looks.CONTACTS) or looks.is_address(column) or looks.is_phone(column)
        return "CONTACT" if contact else "", "", ""
    if PROVIDERS.intersection(looks.words(name)) and isinstance(column, CharField):
        return "PAYMENT", "OBSERVED", "a provider's key to the person?"
    if isinstance(column, FileField):
        return "CONTENT", "", "is the file the person's?"
    if isinstance(column, JSONField):
        return "TECHNICAL", "OBSERVED", "what is in it?"
    if not isinstance(column, CharField | TextField):
        return None
    if with_address and looks.says(name, PLACES):
        return "CONTACT", "", ""
    if column.choices:
        return None
    if with_address and looks.says(name, PERSON):
        return "", "", "the person's name?"
    if looks.says(name, WRITTEN) or isinstance(column, TextField):
        return "CONTENT", "", "did the person write it?"
    return None


def _anything(column: AnyField) -> bool:
    """A text that a name may stand in as well as anything else."""
    text = isinstance(column, CharField | TextField) and not column.choices and not column.unique
    return text and not looks.says(column.name, HARMLESS)


def _internal(column: AnyField) -> bool:
    if looks.is_secret(column) or looks.says(column.name, RANKS):
        return True
    if not isinstance(column, ForeignKey):
        return False
    target = column.related_model
    return (
        target._meta.app_label == "contenttypes"
        or target is column.model
        or target._meta.concrete_model is get_user_model()._meta.concrete_model
        or any(people.guess(target))
    )


def keeps(model: type[Model]) -> bool:
    """Rows with amounts are what the books are read by."""
    return any(isinstance(one, DecimalField) and looks.says(one.name, MONEY) for one in columns(model))


def _erase(column: AnyField, *, keeps: bool) -> str:
    """The first action that the column can take, as text."""
    written: list[tuple[str, Action]] = []
    if isinstance(column, FileField):
        written.append(("DeleteFile()", DeleteFile()))
    if isinstance(column, JSONField):
        written.append(("EmptyJson()", EmptyJson()))
    mandatory = looks.is_address(column) and not column.blank
    written += [("Placeholder()", Placeholder())] if mandatory and not column.null else []
    if isinstance(column, CharField | TextField) and not column.null:
        written.append(("Blank()", Blank()))
    written += [("Null()", Null()), ("Blank()", Blank()), ("Placeholder()", Placeholder())]
    if not keeps:
        written.append(("WithRow()", WithRow()))
    elif isinstance(column, DateField):
        written.append(("Fixed(date(1900, 1, 1))", Fixed(date(1900, 1, 1))))
    written.append(("Fixed(0)", Fixed(0)))
    for text, action in written:
        if not action.problems(column):
            return text
    return "Blank()"
