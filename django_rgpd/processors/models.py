"""What processors told us of, by its number: no more is kept of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heard(models.Model):
    """One event of a processor, so that it is heard once however often it is sent; without what it was about."""

    processor = models.CharField(max_length=64)
    event = models.CharField(max_length=255)
    kind = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("news of a processor")
        verbose_name_plural = _("news of processors")
        constraints = [models.UniqueConstraint(fields=["processor", "event"], name="rgpd_heard_once")]
        indexes = [models.Index(fields=["at"], name="rgpd_heard_at")]

    def __str__(self) -> str:
        return f"{self.processor} {self.kind} {self.pk}"
