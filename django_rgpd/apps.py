"""The one entry of INSTALLED_APPS: gathers, decides nothing."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RgpdConfig(AppConfig):
    """Discovers declarations, wires checks and receivers."""

    name = "django_rgpd"
    label = "django_rgpd"
    verbose_name = _("Privacy")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect every room that listens, then find the shop's declarations."""
        from importlib import import_module
        from importlib.util import find_spec

        from django_rgpd.registry.site import discover

        for room in (
            "core",
            "policy",
            "registry",
            "outbox",
            "processors",
            "ledger",
            "holds",
            "consent",
            "erasure",
            "export",
            "retention",
            "marketing",
            "imports",
            "reviews",
            "centre",
        ):
            for part in ("checks", "receivers", "tasks"):
                if find_spec(f"django_rgpd.{room}.{part}"):
                    import_module(f"django_rgpd.{room}.{part}")
        discover()
