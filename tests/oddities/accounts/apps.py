"""The app's name."""

from django.apps import AppConfig


class OddAccounts(AppConfig):
    """Odd accounts."""

    name = "tests.oddities.accounts"
    label = "odd_accounts"
