"""Mails built from templates: clean headers, the reader's language, always a plain part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from django.conf import settings
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template import Context, TemplateDoesNotExist
from django.template.backends.django import Template as DjangoTemplate
from django.template.loader import get_template
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock, conf

_NOT_IN_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NOT_IN_HEADER = _NOT_IN_TEXT | {"Cf"}
_SPACES = re.compile(r"\s+")
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])


@sensitive_variables()
def message(
    template: str,
    context: Mapping[str, object],
    *,
    to: str,
    language: str = "",
    headers: Mapping[str, str] | None = None,
    from_email: str = "",
) -> EmailMultiAlternatives:
    """One mail, ready to be sent.

    ``template`` is ``"<room>/<name>"``: ``django_rgpd/<room>/mail/<name>.subject.txt``, ``.txt`` and, where
    it exists, ``.html``. Rendered in ``language`` (the site's where empty) and in the legal time zone. The
    plain part is not escaped, the HTML part is. Headers and subject lose line breaks, control and direction
    marks.

    Raises ``TemplateDoesNotExist``.
    """
    place = path(template)
    with translation.override(_language(language)), timezone.override(clock.legal_zone()):
        values = {**context, "base_url": conf.get().BASE_URL, "language": translation.get_language()}
        subject = clean_header(_plain(f"{place}.subject.txt", values))
        body = clean_text(_plain(f"{place}.txt", values))
        html = _html(f"{place}.html", values)
    mail = EmailMultiAlternatives(
        subject,
        body,
        clean_header(from_email or conf.get().FROM_EMAIL),
        [clean_header(to)],
        headers={clean_header(name): clean_header(value) for name, value in (headers or {}).items()},
    )
    if html:
        mail.attach_alternative(html, "text/html")
    return mail


def backend() -> str:
    """The dotted path of the backend that Django sends by: ``EMAIL_BACKEND``, or that of ``MAILERS`` (Django 6.1)."""
    mailers = getattr(settings, "MAILERS", None)
    if mailers is None:
        return settings.EMAIL_BACKEND
    return str(mailers.get("default", {}).get("BACKEND", "django.core.mail.backends.smtp.EmailBackend"))


def connection() -> BaseEmailBackend:
    """A connection to what Django sends by, not opened yet: of ``MAILERS`` where there is such a thing (Django 6.1)."""
    mailers = getattr(django_mail, "mailers", None)
    made: BaseEmailBackend = django_mail.get_connection() if mailers is None else mailers.default
    return made


def sends_by() -> str:
    """The dotted path of the backend that hands mails to a server or provider: the one behind ours, where ours comes first."""
    return conf.get().MAIL_BACKEND or backend()


def fragment(place: str, context: Mapping[str, object], *, language: str = "") -> tuple[str, str]:
    """A part of a mail, as text and as HTML: the templates ``<place>.txt`` and ``<place>.html``, rendered as a mail is.

    Raises ``TemplateDoesNotExist``.
    """
    with translation.override(_language(language)), timezone.override(clock.legal_zone()):
        values = {**context, "base_url": conf.get().BASE_URL, "language": translation.get_language()}
        return clean_text(_plain(f"{place}.txt", values)), _html(f"{place}.html", values)


def path(template: str) -> str:
    """Where the files of the mail ``<room>/<name>`` begin."""
    room, _, name = template.partition("/")
    return f"django_rgpd/{room}/mail/{name}"


def clean_header(text: str) -> str:
    """``text`` on one line, without control, direction, invisible or unpaired characters."""
    spaced = _SPACES.sub(" ", text)
    return "".join(one for one in spaced if unicodedata.category(one) not in _NOT_IN_HEADER).strip()


def clean_text(text: str) -> str:
    """``text`` without control and direction characters; line breaks and tabs stay."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BIDI)
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) not in _NOT_IN_TEXT)


def _language(asked: str) -> str:
    return asked if asked and translation.check_for_language(asked) else settings.LANGUAGE_CODE


def _plain(name: str, values: Mapping[str, object]) -> str:
    template = get_template(name)
    if isinstance(template, DjangoTemplate):
        return template.template.render(Context(dict(values), autoescape=False))
    return template.render(dict(values))


def _html(name: str, values: Mapping[str, object]) -> str:
    try:
        return clean_text(get_template(name).render(dict(values)))
    except TemplateDoesNotExist as error:
        if str(error) != name:  # the mail has its HTML, which includes or extends something missing
            raise
        return ""
