"""Gathers the pages of every room; include it outside ``i18n_patterns``."""

from importlib.util import find_spec

from django.urls import include, path

app_name = "django_rgpd"

urlpatterns = [
    path(prefix, include(f"django_rgpd.{room}.urls"))
    for prefix, room in (
        ("", "centre"),
        ("erasure/", "erasure"),
        ("export/", "export"),
        ("marketing/", "marketing"),
        ("processors/", "processors"),
        ("", "retention"),
        ("", "reviews"),
    )
    if find_spec(f"django_rgpd.{room}.urls")
]
