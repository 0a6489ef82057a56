"""The mails about accounts."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from example_shop.accounts.models import User


def send(template: str, *, to: str, language: str, **context: object) -> None:
    """Send ``<template>.txt``, whose first line is the subject."""
    with translation.override(language):
        context["base_url"] = settings.RGPD["BASE_URL"]
        subject, _, body = render_to_string(f"{template}.txt", context).strip().partition("\n")
    EmailMessage(" ".join(subject.split()), body.strip() + "\n", to=[to]).send()


def confirm(user: User) -> None:
    """Ask a new customer for the click that makes her account hers."""
    with translation.override(user.language):
        link = reverse(
            "accounts:confirm",
            args=[urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)],
        )
    send("accounts/mail/confirm", to=user.email, language=user.language, link=link)


def already(user: User) -> None:
    """Tell a customer that somebody wanted to sign up with her address."""
    with translation.override(user.language):
        links = {"login": reverse("accounts:login"), "reset": reverse("accounts:password_reset")}
    send("accounts/mail/already", to=user.email, language=user.language, **links)


def closed(user: User) -> None:
    """Tell who signs up with the address of a closed account, whose row is still kept, why nothing comes of it."""
    send("accounts/mail/closed", to=user.email, language=user.language)
