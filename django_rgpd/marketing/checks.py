"""System checks: an unsubscribe link must be final, for one click follows no redirect (RFC 8058, 3.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from django_rgpd.core import conf
from django_rgpd.core.checks import TAG


@register(TAG)
def check_unsubscribe_links(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """The unsubscribe link is the same in each language, and is answered without a redirect."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    return [*_outside_languages(), *_host()]


def _outside_languages() -> Iterator[CheckMessage]:
    paths = set()
    for language in {code for code, _name in settings.LANGUAGES}:
        with translation.override(language):
            try:
                paths.add(reverse("django_rgpd:unsubscribe", args=["p", "email", "token"]))
            except NoReverseMatch:
                yield Error(
                    "The library's pages are in no urls.py: links in mails would lead nowhere.",
                    hint='Add path("privacy/", include("django_rgpd.urls")) to the root urls.py.',
                    obj="urls",
                    id="django_rgpd.E401",
                )
                return
    if len(paths) > 1:
        yield Error(
            "The library's pages are inside i18n_patterns: one-click unsubscribe would be redirected.",
            hint='Include "django_rgpd.urls" outside i18n_patterns.',
            obj="urls",
            id="django_rgpd.E402",
        )


def _host() -> Iterator[CheckMessage]:
    base = urlsplit(conf.get().BASE_URL)
    if settings.PREPEND_WWW and base.hostname and not base.hostname.startswith("www."):
        yield Caution(
            "PREPEND_WWW redirects the host of BASE_URL: one-click unsubscribe follows no redirect.",
            hint='Let RGPD["BASE_URL"] begin with https://www.',
            obj='RGPD["BASE_URL"]',
            id="django_rgpd.W401",
        )
    if settings.SECURE_SSL_REDIRECT and base.scheme == "http":
        yield Caution(
            "SECURE_SSL_REDIRECT redirects the links of mails, which are plain http.",
            hint='Let RGPD["BASE_URL"] begin with https://.',
            obj='RGPD["BASE_URL"]',
            id="django_rgpd.W402",
        )
