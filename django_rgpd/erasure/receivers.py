"""Enters logins in the index of sessions, and takes logouts out of it; notes what processors answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.erasure import replay, sessions, telling  # noqa: F401 - it applies what a replay brings back

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


@receiver(user_logged_in, dispatch_uid="django_rgpd.erasure.signed_in")
def signed_in(*, request: HttpRequest | None, user: AbstractBaseUser, **_: object) -> None:
    """Note the session that just began."""
    session = getattr(request, "session", None)
    if session is not None:
        sessions.note(session, str(user.pk), now=clock.now())


@receiver(user_logged_out, dispatch_uid="django_rgpd.erasure.signed_out")
def signed_out(*, request: HttpRequest | None, **_: object) -> None:
    """Forget the session that is about to end."""
    session = getattr(request, "session", None)
    if session is not None:
        sessions.drop(session.session_key)


@receiver(signals.processor_answered, dispatch_uid="django_rgpd.erasure.answered")
def answered(
    *, processor: str, about: str, state: str, evidence: Mapping[str, object], at: datetime, **_: object
) -> None:
    """A processor did what an erasure asked, or needs someone."""
    if about:
        with transaction.atomic():
            telling.note(about, processor, told=state, evidence=evidence, at=at)
