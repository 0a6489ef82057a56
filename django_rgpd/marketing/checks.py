"""System checks: an unsubscribe link must be final (RFC 8058, 3.1), the mail backend that asks must be able to send, and what
a mail provider tells must come from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from django_rgpd.core import conf, mail
from django_rgpd.core.checks import TAG
from django_rgpd.marketing import backend
from django_rgpd.policy import current


@register(TAG)
def check_unsubscribe_links(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """The unsubscribe link is the same in each language, and is answered without a redirect."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    return [*_outside_languages(), *_host()]


@register(TAG)
def check_webhooks(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """anymail's webhooks are there where its backend sends, and nobody else can call them."""
    if not find_spec("anymail") or not getattr(settings, "ROOT_URLCONF", None):
        return []
    return [*_deaf(), *_open_to_all(), *_ageless()]


@register(TAG)
def check_mail(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """The mail backend that asks has one that sends, and opens are tracked on consent alone."""
    return [*_inner_backend(), *_open_tracking()]


@register(TAG, deploy=True)
def check_mail_is_asked_about(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Who named a backend that sends meant to have the one that asks before it."""
    if not conf.get().MAIL_BACKEND or mail.backend() == backend.PATH:
        return []
    message = 'RGPD["MAIL_BACKEND"] is set, and mails do not pass the backend that reads it.'
    hint = f'Set EMAIL_BACKEND, or the BACKEND of MAILERS["default"], to "{backend.PATH}"; or take MAIL_BACKEND away.'
    return [Caution(message, hint=hint, obj="EMAIL_BACKEND", id="django_rgpd.W410")]


def _inner_backend() -> Iterator[CheckMessage]:
    used = mail.backend() == backend.PATH
    problem = backend.inner_problem()
    if problem and (used or conf.get().MAIL_BACKEND):
        hint = 'Name the backend that sends: "django.core.mail.backends.smtp.EmailBackend".'
        yield Error(problem, hint=hint, obj='RGPD["MAIL_BACKEND"]', id="django_rgpd.E410")


def _open_tracking() -> Iterator[CheckMessage]:
    named = conf.get().OPEN_TRACKING
    if not named:
        return
    try:
        found = any(one.key == named and one.on_consent for one in current().purposes)
    except ImproperlyConfigured:  # the policy's own checks say what is wrong with it
        return
    if not found:
        yield Error(
            "It names no purpose of the policy that rests on consent: no opens are tracked.",
            hint="Name a purpose with Consent() among its bases, or leave it out.",
            obj='RGPD["OPEN_TRACKING"]',
            id="django_rgpd.E411",
        )


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


UNSIGNED: Mapping[str, str] = {
    "amazon_ses": "",
    "brevo": "",
    "mailjet": "",
    "mailtrap": "tracking_secret",
    "postmark": "",
    "resend": "signing_secret",
    "sendgrid": "tracking_webhook_verification_key",
    "sendinblue": "",
    "sparkpost": "",
}
"""Webhooks that nothing but anymail's own secret protects → the setting that has the provider sign, if there is one."""
SIGNED = ("mailersend", "mailgun", "mandrill", "postal", "unisender_go")
"""Webhooks that take nothing without their provider's signature."""
_NOWHERE = ("anymail.backends.console.", "anymail.backends.test.", "anymail.backends.scaleway.")
"""Backends of anymail whose mails come back from nobody."""


def _deaf() -> Iterator[CheckMessage]:
    sender = mail.sends_by()
    if (
        not sender.startswith("anymail.backends.")
        or sender.startswith(_NOWHERE)
        or _mounted((*UNSIGNED, *SIGNED))
    ):
        return
    yield Caution(
        "Mail goes out by anymail, and its webhooks are in no urls.py: complaints and bounces never come back.",
        hint='Add path("anymail/", include("anymail.urls")), and tell your provider its address.',
        obj="urls",
        id="django_rgpd.W421",
    )


def _open_to_all() -> Iterator[CheckMessage]:
    """Also those of providers that the shop has never heard of: ``anymail.urls`` has them all."""
    from anymail.utils import get_anymail_setting

    if get_anymail_setting("webhook_secret", default=None):
        return
    unsigned = [
        name
        for name in _mounted(UNSIGNED)
        if not (UNSIGNED[name] and get_anymail_setting(UNSIGNED[name], esp_name=name, default=None))
    ]
    if unsigned:
        yield Caution(
            f"Anybody can tell the shop that an address unsubscribed or bounced: {', '.join(unsigned)}.",
            hint='Set ANYMAIL["WEBHOOK_SECRET"] = "user:password", also where your own provider signs.',
            obj="ANYMAIL",
            id="django_rgpd.W420",
        )


def _ageless() -> Iterator[CheckMessage]:
    from anymail.utils import get_anymail_setting

    mailgun = mail.sends_by().startswith("anymail.backends.mailgun.")
    if mailgun and _mounted(["mailgun"]) and not get_anymail_setting("webhook_secret", default=None):
        yield Info(
            "Mailgun's signature has no age: whoever has seen a call can send it again.",
            hint='That changes nothing here. ANYMAIL["WEBHOOK_SECRET"] keeps it out.',
            obj="ANYMAIL",
            id="django_rgpd.I422",
        )


def _mounted(names: Iterable[str]) -> list[str]:
    """Which of anymail's webhooks called ``names`` are in a ``urls.py``."""
    found = []
    for name in names:
        with suppress(NoReverseMatch):
            reverse(f"anymail:{name}_tracking_webhook")
            found.append(name)
    return found
