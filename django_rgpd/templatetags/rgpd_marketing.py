"""``{% load rgpd_marketing %}``: the newsletter's form, boxes for a form of the shop's own, and the short notice beside them."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from django_rgpd.marketing.checkout import MarketingBoxes, SignUpBoxes
from django_rgpd.marketing.forms import NewsletterForm
from django_rgpd.marketing.notice import notice

register = template.Library()


@register.inclusion_tag("django_rgpd/marketing/_newsletter_form.html", takes_context=True)
def rgpd_newsletter_form(context: Context, *purposes: str, prefix: str = "newsletter") -> dict[str, Any]:
    """The form with a box for each of ``purposes`` (for every one on consent, without); ``prefix`` begins the
    ids.
    """
    form = NewsletterForm(purposes=purposes, auto_id=f"{prefix}_%s")
    return {"form": form, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("django_rgpd/marketing/_boxes.html")
def rgpd_marketing_boxes(form: MarketingBoxes | None = None) -> dict[str, Any]:
    """The boxes inside a form of the shop's own that is no ``MarketingBoxes``: unticked, with their notice.

    ``form``: the bound boxes, to be shown again with what is wrong; ``SignUpBoxes()`` without.
    """
    return {"form": SignUpBoxes() if form is None else form}


@register.inclusion_tag("django_rgpd/marketing/_notice.html")
def rgpd_marketing_notice(form: MarketingBoxes | NewsletterForm) -> dict[str, Any]:
    """Who uses the address, for what, how long, and how to stop: what stands beside the boxes of ``form``."""
    return {"notice": notice(form.purposes_shown)}
