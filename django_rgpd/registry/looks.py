"""What looks personal: a key to a person, a column's type, or whole words of its name, English or French."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    EmailField,
    ForeignKey,
    GenericIPAddressField,
    IPAddressField,
    SlugField,
    TextField,
)

from django_rgpd.registry.columns import columns
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Field, Model

    AnyField = Field[Any, Any]

NAMES = (
    "first name, last name, middle name, full name, given name, family name, maiden name, surname, forename, "
    "nickname, username, real name, customer name, recipient name, contact name, billing name, "
    "shipping name, author name, display name, public name, nom auteur, nom public, "
    "prenom, prenoms, nom de famille, nom de naissance, nom d usage, nom complet, nom client, civilite, "
    "pseudo, pseudonyme, identifiant client"
)
CONTACTS = (
    "email, e mail, email address, mail address, phone, phone number, telephone, telephone number, tel, "
    "mobile, mobile phone, mobile number, cell phone, fax number, street, street address, postal address, postcode, "
    "postal code, zip code, zip, billing address, shipping address, home address, delivery address, "
    "courriel, adresse, adresse mail, adresse email, adresse postale, adresse de livraison, "
    "adresse de facturation, portable, numero de telephone, code postal, rue"
)
LIFE = (
    "birth date, birthdate, birthday, date of birth, dob, birth place, place of birth, gender, sex, "
    "nationality, marital status, date de naissance, naissance, lieu de naissance, anniversaire, sexe, nationalite, "
    "passport, passport number, national id, social security number, ssn, nir, numero de securite sociale, "
    "tax id, vat number, siret"
)
TRACES = "ip, ip address, remote addr, adresse ip, user agent, device id, fingerprint, latitude, longitude"
CARDS = (
    "card number, credit card, credit card number, creditcard, cardnumber, card pan, pan, cvv, cvv2, cvc, "
    "card code, card verification, numero de carte, numero carte, carte bancaire, carte bleue, "
    "numero cb, cryptogramme"
)
BANKS = (
    "iban, bic, swift, rib, bank account, bank account number, account iban, sort code, routing number, "
    "coordonnees bancaires, compte bancaire, numero de compte"
)
CARD_MODELS = re.compile(
    r"(?:bank|credit|debit|payment)_?cards?$|carte_?(?:bancaire|bleue)s?$", re.IGNORECASE
)
SECRETS = (
    "password, token, secret, hash, session key, api key, private key, salt, otp, mot de passe, jeton, cle"
)
"""Words of columns that no export may show."""
TYPES = re.compile(r"phone", re.IGNORECASE)
"""Types of columns that other packages bring (django-phonenumber-field and its like)."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERED = re.compile(r"(?:_?line)?_?\d+$", re.IGNORECASE)


def words(name: str) -> tuple[str, ...]:
    """The words of a column's name, lower case: "firstName2" and "first_name" are the same two."""
    plain = _CAMEL.sub("_", _NUMBERED.sub("", name) or name.rstrip("0123456789")).lower()
    return tuple(word for word in re.split(r"[^a-z0-9]+", plain) if word)


def says(name: str, phrases: str) -> bool:
    """Whether ``name`` ends in one of the phrases, whole words compared; the words before it say whose it is.

    "customer_email" is an address, "email_template" is none.
    """
    own = words(name)
    return any(own[-len(phrase) :] == phrase for phrase in _phrases(phrases))


def is_address(field: AnyField) -> bool:
    """Whether the column is an email address, by its type or its name."""
    text = isinstance(field, CharField | TextField) and not field.choices
    return isinstance(field, EmailField) or (
        text and says(field.name, "email, e mail, courriel, email address")
    )


def is_phone(field: AnyField) -> bool:
    """Whether the column is a phone number, by its type or its name."""
    if TYPES.search(type(field).__name__):
        return True
    said = says(field.name, "phone, phone number, telephone, tel, mobile, portable, numero de telephone")
    return said and isinstance(field, CharField)


def is_trace(field: AnyField) -> bool:
    """Whether the column is a network address, or something else that a browser leaves behind."""
    if isinstance(field, GenericIPAddressField | IPAddressField):
        return True
    return isinstance(field, CharField | TextField) and says(field.name, TRACES)


def is_secret(field: AnyField) -> bool:
    """Whether the column holds what no export may show."""
    return isinstance(field, CharField | TextField) and says(field.name, SECRETS)


def is_personal(field: AnyField) -> bool:
    """Whether a column looks personal by itself, its keys to other tables aside."""
    if is_address(field) or is_phone(field) or is_trace(field):
        return True
    if isinstance(field, DateField):
        return says(field.name, LIFE)
    if isinstance(field, BooleanField | SlugField) or not isinstance(field, CharField | TextField):
        return False
    return says(field.name, f"{NAMES}, {CONTACTS}, {LIFE}")


def is_card(field: AnyField) -> bool:
    """Whether the column looks like the number or the code of a payment card."""
    if isinstance(field, BooleanField) or field.is_relation:
        return False
    if says(field.name, CARDS):
        return True
    model: type[Model] | None = getattr(field, "model", None)
    on_card = model is not None and CARD_MODELS.search(model.__name__)
    return bool(on_card) and says(field.name, "number, numero, code")


def is_bank(field: AnyField) -> bool:
    """Whether the column looks like a bank account."""
    return isinstance(field, CharField | TextField) and says(field.name, BANKS)


def is_key_to_people(field: AnyField) -> bool:
    """Whether the column is a key to the user model or to a declared model that has people."""
    if not isinstance(field, ForeignKey):
        return False
    target = field.related_model
    if isinstance(target, str):
        return False
    concrete = target._meta.concrete_model
    if concrete is get_user_model()._meta.concrete_model:
        return True
    entry = registry.of(concrete) if concrete is not None else None
    return entry is not None and bool(entry.people)


def personal_columns(model: type[Model]) -> Iterator[AnyField]:
    """The columns for which ``model`` looks as if it held personal data."""
    for field in columns(model):
        if is_key_to_people(field) or is_personal(field):
            yield field


def _phrases(text: str) -> Iterator[tuple[str, ...]]:
    for phrase in text.split(","):
        yield tuple(phrase.split())
