"""A small real shop that uses every feature of django_rgpd."""
