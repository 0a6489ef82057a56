"""The app's name."""

from django.apps import AppConfig


class Zoo(AppConfig):
    """The zoo."""

    name = "tests.oddities.zoo"
    label = "zoo"
