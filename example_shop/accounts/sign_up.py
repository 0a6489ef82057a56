"""Signing up: the same answer and the same work whether the address is known or not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from django_rgpd.core import limits
from django_rgpd.core.errors import BadAddress, StoreDown
from example_shop.accounts import mails
from example_shop.accounts.models import User

FORGOTTEN_AFTER = timedelta(days=7)


def ask(email: str, *, first_name: str, last_name: str, language: str, ip: str) -> None:
    """Begin an account and mail the link that opens it; where there is one, tell its owner by mail.

    Nobody is told here which of the two it was. Nothing is sent past the limits against bombing.
    """
    email = email.strip().lower()
    user = User.objects.filter(email=email).first() or _begin(
        email, first_name=first_name, last_name=last_name, language=language
    )
    try:
        may_send = limits.mail_allowed(email, ip, what="sign-up")
    except (BadAddress, StoreDown):
        return
    if may_send:
        mails.confirm(user) if is_waiting(user) else mails.already(user)


def is_waiting(user: User) -> bool:
    """Whether this account was begun and never confirmed."""
    return not user.is_active and user.last_login is None and not user.has_usable_password()


def never_confirmed(*, now: datetime) -> QuerySet[User]:
    """Accounts that were begun more than a week ago and never confirmed.

    One with orders is none of them: it is what a deleted account leaves while an order is under way, and with it would go
    the way from the order to who is still to be erased.
    """
    begun_before = now - FORGOTTEN_AFTER
    return User.objects.filter(is_active=False, last_login=None, date_joined__lt=begun_before).filter(
        password__startswith=UNUSABLE_PASSWORD_PREFIX, orders=None
    )


def _begin(email: str, **fields: str) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(email, is_active=False, **fields)
    except IntegrityError:  # the same address a moment ago
        return User.objects.get(email=email)
