"""What customers say of products; published under the first name and an initial, on consent."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_rgpd.reviews.public_name import public_name
from example_shop.accounts.names import one_line
from example_shop.catalogue.models import Product


class ReviewStatus(models.TextChoices):
    """Where a review stands with the shop."""

    PENDING = "pending", _("waiting to be read")
    PUBLISHED = "published", _("published")
    REFUSED = "refused", _("refused")


class Review(models.Model):
    """A customer's opinion of a product; ``public_name`` is frozen as it was agreed to."""

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="reviews", verbose_name=_("product")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("author"),
    )
    public_name = models.CharField(_("published name"), max_length=120, blank=True, validators=[one_line])
    title = models.CharField(_("title"), max_length=120, validators=[one_line])
    text = models.TextField(_("review"), max_length=4000)
    rating = models.PositiveSmallIntegerField(
        _("rating"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    created_at = models.DateTimeField(_("written on"), default=timezone.now)
    experienced_on = models.DateField(_("date of the experience"), null=True, blank=True)
    publish_consent = models.BooleanField(_("may be published"), default=False)
    status = models.CharField(
        _("status"), max_length=10, choices=ReviewStatus.choices, default=ReviewStatus.PENDING, db_index=True
    )

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["author", "product"], name="shop_reviews_one_each"),
            models.CheckConstraint(
                condition=Q(rating__gte=1) & Q(rating__lte=5), name="shop_reviews_rating_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"

    @property
    def shown_name(self) -> str:
        """The name that every page, feed and file shows: as agreed to, or nobody's."""
        return self.public_name or public_name("", "")
