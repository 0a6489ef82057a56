"""The app's name."""

from django.apps import AppConfig


class Bench(AppConfig):
    """The measured shop."""

    name = "tests.benchmarks.shop"
    label = "bench"
