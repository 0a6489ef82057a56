"""Signing up: the same answer and the same work whether the address is known or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from django_rgpd.core import limits
from django_rgpd.core.errors import BadAddress, StoreDown
from example_shop.accounts import mails
from example_shop.accounts.models import User

FORGOTTEN_AFTER = timedelta(days=7)


def ask(email: str, *, first_name: str, last_name: str, language: str, ip: str, now: datetime) -> None:
    """Begin an account and mail the link that opens it; where there is one, tell its owner by mail.

    Nobody is told here which of the two it was. Nothing is sent past the limits against bombing.
    """
    email = email.strip().lower()
    user = User.objects.filter(email=email).first() or _begin(
        email, first_name=first_name, last_name=last_name, language=language, pending_since=now
    )
    try:
        may_send = limits.mail_allowed(email, ip, what="sign-up")
    except (BadAddress, StoreDown):
        return
    if may_send:
        _mail_for(user)(user)


def is_waiting(user: User) -> bool:
    """Whether this account was begun and never confirmed; one that was closed never waits again."""
    return user.pending_since is not None and not user.is_active


def never_confirmed(*, now: datetime) -> QuerySet[User]:
    """Accounts that were begun more than a week ago and never confirmed.

    What a deleted account leaves differs from them by ``pending_since`` alone: its row is kept because of an open order or a
    hold, and all that is kept with it would go by cascade.
    """
    return User.objects.filter(pending_since__lt=now - FORGOTTEN_AFTER, is_active=False)


def _mail_for(user: User) -> Callable[[User], None]:
    if is_waiting(user):
        return mails.confirm
    return mails.already if user.is_active else mails.closed


def _begin(email: str, **fields: Any) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(email, is_active=False, **fields)
    except IntegrityError:  # the same address a moment ago
        return User.objects.get(email=email)
