"""The app's name."""

from django.apps import AppConfig


class OddKeys(AppConfig):
    """Odd keys."""

    name = "tests.oddities.keys"
    label = "odd_keys"
