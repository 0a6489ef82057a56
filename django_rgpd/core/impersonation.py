"""Whether a member of staff is looking at the site as somebody else: then nobody's rights are exercised."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.utils.module_loading import import_string

from django_rgpd.core import conf

log = logging.getLogger(__name__)


def impersonated(request: HttpRequest) -> bool:
    """Whether the request comes from someone who acts as another user.

    Asks ``RGPD["IMPERSONATED"]``; without it django-hijack and django-impersonate are recognised.
    Where the shop's function fails, the answer is yes: better one click refused than one done by another.
    """
    path = conf.get().IMPERSONATED
    if not path:
        return by_known_apps(request)
    try:
        return bool(import_string(path)(request))
    except Exception as error:
        log.error('RGPD["IMPERSONATED"] = %r fails: %s.', path, type(error).__name__)
        return True


def by_known_apps(request: HttpRequest) -> bool:
    """What django-hijack and django-impersonate leave on a request."""
    user = getattr(request, "user", None)
    if getattr(user, "is_hijacked", False) or getattr(user, "is_impersonate", False):
        return True
    session = getattr(request, "session", None)
    return session is not None and ("_impersonate" in session or bool(session.get("hijack_history")))
