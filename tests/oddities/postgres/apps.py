"""The app's name."""

from django.apps import AppConfig


class OddPostgres(AppConfig):
    """Odd columns of PostgreSQL."""

    name = "tests.oddities.postgres"
    label = "odd_postgres"
