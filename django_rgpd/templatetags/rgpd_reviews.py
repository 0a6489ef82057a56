"""``{% load rgpd_reviews %}``: the one published form of a name, wherever a template shows it."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_rgpd.reviews.public_name import public_name as form_of

register = template.Library()


@register.filter
def public_name(person: object) -> str:
    """``{{ review.author|public_name }}``: first name and initial of whatever has a first and a last name."""
    return form_of(getattr(person, "first_name", ""), getattr(person, "last_name", ""))


@register.simple_tag
def rgpd_public_name(first: str | None = "", last: str | None = "") -> SafeString:
    """``{% rgpd_public_name first last %}``: the same in a ``<bdi>``, so that no name turns the line around."""
    return format_html("<bdi>{}</bdi>", form_of(first, last))
