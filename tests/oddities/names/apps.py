"""The app's name."""

from django.apps import AppConfig


class OddNames(AppConfig):
    """Odd names."""

    name = "tests.oddities.names"
    label = "odd_names"
