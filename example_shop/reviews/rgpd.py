"""What reviews hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.registry import Ask, Blank, Declaration, Null, Personal, Who, register
from django_rgpd.reviews.publication import publishes
from example_shop.reviews.models import Review

publishes(Review, about="product")


@register(Review)
class ReviewData(Declaration):
    """Your reviews, under your first name and an initial; with your account they go, or stay nobody's."""

    who = Who(user="author")
    label = _("Your reviews")
    fields = {
        "author": Personal("reviews", erase=Null(), label=_("link to your account")),
        "public_name": Personal("reviews", erase=Blank()),
    }
    facts = [
        "product",
        "title",
        "text",
        "rating",
        "created_at",
        "experienced_on",
        "publish_consent",
        "status",
    ]
    ask = Ask(
        "reviews",
        _("What shall become of your reviews?"),
        keep=_("Keep them without my name; nothing will lead back to me"),
        delete=_("Delete them"),
    )
