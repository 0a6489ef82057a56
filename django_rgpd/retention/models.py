"""How far the sweep came with each declared model, and the rows that it had to set aside."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SweepMark(models.Model):
    """One declared model: everything in it that was due by the end of ``day`` is released, or cut into jobs that do it.

    ``terms`` is a hash of what decided then; where something else decides now, the sweep leaves the model alone until that is
    approved; ``withdrawn`` in its place keeps the model waiting. Rows with a key above ``top`` came after the last look at the
    whole table, whatever their clocks say.
    """

    site = models.PositiveIntegerField(default=1)
    label = models.CharField(max_length=255)
    terms = models.CharField(max_length=64, blank=True, default="")
    day = models.DateField(null=True, blank=True)
    top = models.BigIntegerField(null=True, blank=True)
    full_at = models.DateTimeField(null=True, blank=True)
    resets = models.PositiveIntegerField(default=0)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        verbose_name = _("sweep of a model")
        verbose_name_plural = _("sweeps of models")
        constraints = [models.UniqueConstraint(fields=["site", "label"], name="rgpd_sweep_mark_one")]

    def __str__(self) -> str:
        return self.label


class SetAside(models.Model):
    """A row that the database refused to release: its key and the kind of the error, and nothing of what it holds."""

    mark = models.ForeignKey(SweepMark, on_delete=models.CASCADE, related_name="aside")
    key = models.CharField(max_length=255)
    why = models.CharField(max_length=100)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("row set aside")
        verbose_name_plural = _("rows set aside")
        constraints = [models.UniqueConstraint(fields=["mark", "key"], name="rgpd_set_aside_one")]

    def __str__(self) -> str:
        return f"{self.mark_id} {self.key}"
