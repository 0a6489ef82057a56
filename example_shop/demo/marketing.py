"""Somebody who writes the newsletter, and the one that she began."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import Group, Permission

from django_rgpd.marketing import campaigns
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product

MARKETER = "marketing@example.com"
MAY = [
    "add_campaign",
    "change_campaign",
    "delete_campaign",
    "view_campaign",
    "send_campaign",
    "add_wording",
    "view_wording",
    "import_consents",
    "record_objection",
]

TEXTS = {
    "en": {
        "subject": "Paper lanterns are back",
        "text": "Hello!\n\nThe paper lanterns are back, in time for the long evenings.\n\nSee you soon,\nyour Ribambelle",
        "html": "<h1 style='color: #7a1f5c'>Paper lanterns are back</h1><p>In time for the long evenings.</p>"
        "<p>See you soon,<br>your Ribambelle</p>",
    },
    "fr": {
        "subject": "Les lampions sont de retour",
        "text": "Bonjour !\n\nLes lampions sont de retour, à temps pour les longues soirées.\n\nÀ bientôt,\nvotre Ribambelle",
    },
}


def marketer(password: str, *, now: datetime, products: Sequence[Product]) -> None:
    """Who writes campaigns and the texts beside boxes, brings lists and records objections; nobody's data is hers to read."""
    group = Group.objects.create(name="Marketing")
    group.permissions.set(Permission.objects.filter(content_type__app_label="django_rgpd", codename__in=MAY))
    user = User.objects.create_user(MARKETER, is_staff=True, first_name="Maxime", last_name="Petit")
    User.objects.filter(pk=user.pk).update(password=password)
    user.groups.add(group)
    campaigns.draft("Lanterns", "newsletter", TEXTS, now=now, by=user)
