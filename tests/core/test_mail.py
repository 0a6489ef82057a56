"""Mails from templates."""

from __future__ import annotations

import email.policy
from email import message_from_bytes

import pytest
from django.template import TemplateDoesNotExist
from django.utils import translation

from django_rgpd.core import mail

TEMPLATES = {
    "django_rgpd/test/mail/hello.subject.txt": "Hello {{ name }},\n  and welcome\n",
    "django_rgpd/test/mail/hello.txt": "{{ language }} {{ name }}\n{{ base_url }}",
    "django_rgpd/test/mail/hello.html": "<p>{{ name }}</p>",
    "django_rgpd/test/mail/plain.subject.txt": "Plain",
    "django_rgpd/test/mail/plain.txt": "{% load tz %}{{ at|date:'H:i' }}",
    "django_rgpd/test/mail/broken.subject.txt": "Broken",
    "django_rgpd/test/mail/broken.txt": "Broken",
    "django_rgpd/test/mail/broken.html": "{% extends 'django_rgpd/test/mail/missing.html' %}",
}


@pytest.fixture(autouse=True)
def _templates(settings):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
        }
    ]


@pytest.mark.fault("M01")
@pytest.mark.fault("M03")
@pytest.mark.fault("M04")
@pytest.mark.parametrize("bad", ["\r\nBcc: x@example.com", "\n", "\x00", "\u2028", "\u202e", "\ud800"])
def test_message_of_a_hostile_name_has_one_clean_line_for_each_header(bad):
    context, headers = {"name": f"Marie{bad}Dupont"}, {"X-A": f"b{bad}"}
    built = mail.message("test/hello", context, to="marie@example.com", headers=headers)
    raw = message_from_bytes(built.message().as_bytes(), policy=email.policy.default)
    assert raw["Bcc"] is None
    assert built.subject.startswith("Hello Marie")
    assert built.subject.endswith("Dupont, and welcome")
    for text in (built.subject, built.extra_headers["X-A"]):
        assert text.isprintable()
    assert raw["To"] == "marie@example.com"
    for text in (built.body, str(built.alternatives[0][0])):
        assert not {"\x00", "\u2028", "\u202e", "\ud800", "\x1b", "\r"} & set(text)


@pytest.mark.fault("M05")
def test_message_escapes_a_name_in_html_and_not_in_the_plain_part():
    built = mail.message("test/hello", {"name": "<a href='//evil'>O'Brien & co"}, to="marie@example.com")
    assert "<a href='//evil'>O'Brien & co" in built.body
    assert "<a" not in built.alternatives[0][0]
    assert "&lt;a" in built.alternatives[0][0]


def test_message_is_in_the_readers_language_and_leaves_the_visitors_alone():
    with translation.override("en"):
        built = mail.message("test/hello", {"name": "x"}, to="marie@example.com", language="fr")
        assert built.body.startswith("fr ")
        assert translation.get_language() == "en"


@pytest.mark.parametrize("language", ["", "xx", "../../etc", "\x00"])
def test_message_in_a_language_that_there_is_not_is_in_the_sites(settings, language):
    built = mail.message("test/hello", {"name": "x"}, to="marie@example.com", language=language)
    assert built.body.startswith(settings.LANGUAGE_CODE)


def test_message_without_html_is_plain(settings, now):
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": "Europe/Paris"}
    built = mail.message("test/plain", {"at": now}, to="marie@example.com")
    assert built.alternatives == []
    assert built.body == "13:00"


def test_message_whose_html_extends_something_missing_fails():
    with pytest.raises(TemplateDoesNotExist, match="missing"):
        mail.message("test/broken", {}, to="marie@example.com")


def test_message_names_the_sender_of_the_settings(settings):
    settings.RGPD = {**settings.RGPD, "FROM_EMAIL": "Shop <shop@example.com>"}
    assert mail.message("test/plain", {}, to="marie@example.com").from_email == "Shop <shop@example.com>"
