"""``{% rgpd_newsletter_form %}``: the newsletter's form, wherever a shop wants it."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from django_rgpd.marketing.forms import NewsletterForm

register = template.Library()


@register.inclusion_tag("django_rgpd/marketing/_newsletter_form.html", takes_context=True)
def rgpd_newsletter_form(context: Context, *purposes: str, prefix: str = "newsletter") -> dict[str, Any]:
    """The form with a box for each of ``purposes`` (for every one on consent, without); ``prefix`` begins the
    ids.
    """
    form = NewsletterForm(purposes=purposes, auto_id=f"{prefix}_%s")
    return {"form": form, "csrf_token": context.get("csrf_token")}
