"""First drafts of declarations, guessed from the models: ready to paste, every guess marked."""

from django_rgpd.registry.drafts.writing import draft

__all__ = ["draft"]
