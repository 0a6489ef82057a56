"""What these models hold of people."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import Q

from django_rgpd.policy import days
from django_rgpd.registry import (
    Blank,
    Declaration,
    DeleteFile,
    Fixed,
    KeepFacts,
    Null,
    OpenBusiness,
    Personal,
    Placeholder,
    Rewrite,
    Who,
    not_personal,
    register,
)
from tests.oddities.keys import models

not_personal("odd_keys.Shelf", reason="Shelves.")


class Odd(Declaration):
    """What they have in common."""

    who = Who(user="user")
    clocks = {"account": "created", "law": "created"}
    facts = ["created"]


@register(models.Album)
class AlbumData(Odd):
    """Albums."""

    fields = {"title": Personal("account", erase=Blank())}
    internal = ["user"]


@register(models.Protected, models.Restricted, models.Defaulted, models.Substituted, models.Untouched)
class OfAlbumData(Declaration):
    """What is in an album."""

    who = Who(user="album__user")
    clocks = {"account": "album__created"}
    fields = {"text": Personal("account", erase=Blank())}
    internal = ["album"]


@register(models.Print)
class PrintData(Declaration):
    """Receipts."""

    who = Who(user="album__user")
    clocks = {"law": "album__created"}
    fields = {"receipt": Personal("law", erase=Blank())}
    internal = ["album"]


@register(models.Tag)
class TagData(Odd):
    """Words about an album, a comment or an account."""

    who = Who(generic="target", to=("odd_keys.Album", "zoo.Comment", get_user_model()._meta.label))
    fields = {"word": Personal("account", erase=Blank())}
    internal = ["content_type", "object_id"]


@register(models.Pin)
class PinData(Odd):
    """Words about a comment."""

    who = Who(generic="target", to=("zoo.Comment",))
    fields = {"word": Personal("account", erase=Blank())}
    internal = ["content_type", "object_id"]


@register(models.Score)
class ScoreData(Odd):
    """Words about an album, which stay without their object."""

    who = Who(generic="target", to=("odd_keys.Album",))
    fields = {"word": Personal("account", erase=Blank()), "object_id": Personal("account", erase=Null())}
    internal = ["content_type"]
    at_end = KeepFacts()


@register(models.Cell)
class CellData(Odd):
    """Cells."""

    fields = {"text": Personal("account", erase=Blank())}
    internal = ["user", "sheet", "number"]


@register(models.KeptCell)
class KeptCellData(Odd):
    """Cells that stay, of two people."""

    who = None
    people = {"writer": Who(user="user"), "reader": Who(email="other")}
    fields = {
        "user": Personal("account", erase=Null()),
        "text": Personal("account", erase=Blank()),
        "other": Personal("account", erase=Blank(), of="reader"),
    }
    internal = ["album", "number"]
    at_end = KeepFacts()


@register(models.OpenCell)
class OpenCellData(Odd):
    """Cells that are not settled yet."""

    who = Who(email="email")
    open_business = OpenBusiness(Q(open=True), at_most=days(30))
    fields = {"email": Personal("account", erase=Placeholder())}
    facts = ["created", "open"]
    internal = ["sheet", "number"]
    at_end = KeepFacts()


@register(models.Friendly)
class FriendlyData(Odd):
    """Profiles."""

    fields = {"bio": Personal("account", erase=Blank())}
    internal = ["user"]


@register(models.HistoricalAlbum)
class HistoricalAlbumData(Odd):
    """Versions of albums, and who made them."""

    who = None
    people = {"owner": Who(user="user"), "editor": Who(user="history_user")}
    fields = {
        "user": Personal("account", erase=Null()),
        "title": Personal("account", erase=Blank()),
        "history_user": Personal("account", erase=Null(), of="editor"),
    }
    internal = ["id"]
    facts = ["created", "history_date"]


def without_customer(data: dict[str, object]) -> dict[str, object]:
    """The basket as it may stay."""
    return {key: value for key, value in data.items() if key != "customer"}


@register(models.Basket)
class BasketData(Odd):
    """Baskets."""

    fields = {
        "user": Personal("account", erase=Null()),
        "data": Personal("account", erase=Rewrite(without_customer, done=Q(data__customer__isnull=True))),
    }
    at_end = KeepFacts()


@register(models.Measured)
class MeasuredData(Odd):
    """Measures."""

    fields = {
        "user": Personal("account", erase=Null()),
        "sign": Personal("account", erase=Fixed("-")),
        "rank": Personal("account", erase=Fixed(1)),
        "weight": Personal("account", erase=Fixed(Decimal("0.01"))),
        "born": Personal("account", erase=Fixed(date(1900, 1, 1))),
        "token": Personal("account", erase=Fixed(uuid.UUID(int=0))),
        "blob": Personal("account", erase=Fixed(b"")),
        "slept": Personal("account", erase=Fixed(timedelta())),
        "flag": Personal("account", erase=Fixed(False)),
        "ip": Personal("account", erase=Null()),
        "link": Personal("account", erase=Blank()),
    }
    at_end = KeepFacts()


@register(models.Numbered)
class NumberedData(Odd):
    """Names."""

    fields = {"user": Personal("account", erase=Null()), "name": Personal("account", erase=Blank())}
    at_end = KeepFacts()


@register(models.Shelved)
class ShelvedData(Odd):
    """Names on a shelf."""

    fields = {"user": Personal("account", erase=Null()), "name": Personal("account", erase=Blank())}
    internal = ["shelf"]
    at_end = KeepFacts()


@register(models.Domestic)
class DomesticData(Odd):
    """Addresses of one domain."""

    fields = {"user": Personal("account", erase=Null()), "email": Personal("account", erase=Placeholder())}
    at_end = KeepFacts()


@register(models.Portrait)
class PortraitData(Odd):
    """Portraits."""

    fields = {
        "picture": Personal(
            "account",
            erase=DeleteFile(derivatives=("{name}.", "thumbs/{stem}-", "CACHE/{stem}/")),
        )
    }
    internal = ["user"]


if hasattr(models, "DatabaseCascade"):

    @register(models.DatabaseCascade)
    class DatabaseCascadeData(Odd):
        """Rows that the database deletes."""

        fields = {"text": Personal("account", erase=Blank())}
        internal = ["user"]
