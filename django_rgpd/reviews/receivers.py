"""Connects what is published to the consents that it rests on."""

from django_rgpd.reviews import publication  # noqa: F401 - it connects itself
