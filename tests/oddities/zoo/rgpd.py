"""What the odd models hold of people."""

from django.db.models import Q

from django_rgpd.registry import (
    Blank,
    Declaration,
    DeleteFile,
    EmptyJson,
    Fixed,
    KeepFacts,
    Null,
    Personal,
    Placeholder,
    Rewrite,
    Who,
    not_personal,
    register,
)
from tests.oddities.zoo import models

not_personal("zoo.HarmlessNull", reason="Numbers.")
not_personal("zoo.Club", reason="Clubs.")


class Odd(Declaration):
    """What they have in common."""

    clocks = {"account": "created", "law": "created"}
    facts = ["created"]


@register(models.Note)
class NoteData(Odd):
    """Notes."""

    who = Who(user="user")
    fields = {"text": Personal("account", erase=Blank())}
    internal = ["user"]


@register(models.Marked)
class MarkedData(Declaration):
    """Remarks on notes, found by a generic key."""

    who = Who(user="note__user")
    clocks = {"account": "note__created"}
    fields = {"remark": Personal("account", erase=Blank())}
    internal = ["content_type", "object_id"]


@register(models.Loan)
class LoanData(Odd):
    """Loans."""

    who = Who(user="user")
    fields = {"contract": Personal("law", erase=Blank()), "phone": Personal("account", erase=Blank())}
    internal = ["user"]


@register(models.Hidden)
class HiddenData(Odd):
    """Hidden rows."""

    who = Who(user="user")
    fields = {"text": Personal("account", erase=Blank())}
    internal = ["user", "deleted"]


@register(models.Comment)
class CommentData(Odd):
    """Comments, of which one may answer another."""

    who = Who(user="author")
    fields = {"author": Personal("account", erase=Null()), "text": Personal("account", erase=Blank())}
    internal = ["parent"]


@register(models.Parcel)
class ParcelData(Odd):
    """Parcels."""

    who = Who(user="sender")
    fields = {"sender": Personal("account", erase=Null()), "street": Personal("account", erase=Blank())}


@register(models.Fragile)
class FragileData(Odd):
    """Fragile ones: rows in two tables."""

    who = Who(user="sender")
    fields = {
        "sender": Personal("account", erase=Null()),
        "street": Personal("account", erase=Blank()),
        "warning": Personal("account", erase=Blank()),
    }


@register(models.Kept)
class KeptData(Odd):
    """Rows in two tables that stay."""

    who = Who(user="sender")
    fields = {
        "sender": Personal("account", erase=Null()),
        "street": Personal("account", erase=Blank()),
        "remark": Personal("account", erase=Blank()),
    }
    at_end = KeepFacts()


@register(models.Settings)
class SettingsData(Odd):
    """Settings."""

    who = Who(user="user")
    fields = {"wishes": Personal("account", erase=EmptyJson()), "odd": Personal("account", erase=Blank())}
    internal = ["user"]


@register(models.Subscriber)
class SubscriberData(Odd):
    """Subscribers by address."""

    who = Who(email="email")
    fields = {
        "email": Personal("account", erase=Placeholder()),
        "sign": Personal("account", erase=Blank()),
        "level": Personal("account", erase=Fixed("none")),
        "height": Personal("account", erase=Null()),
        "born": Personal("account", erase=Null()),
    }
    at_end = KeepFacts()


@register(models.Membership)
class MembershipData(Odd):
    """Memberships."""

    who = Who(user="user")
    fields = {"nickname": Personal("account", erase=Blank())}
    internal = ["user", "club"]


@register(models.Place)
class PlaceData(Declaration):
    """Places that a trip leads to."""

    who = Who(user="trips__user")
    clocks = {"account": "trips__created"}
    fields = {"street": Personal("account", erase=Blank())}


@register(models.Trip)
class TripData(Odd):
    """Trips."""

    who = Who(user="user")
    fields = {"user": Personal("account", erase=Null()), "place": Personal("account", erase=Null())}
    at_end = KeepFacts()


@register(models.LoudOnly)
class LoudData(Odd):
    """Declared by its proxy, released row by row."""

    who = Who(user="user")
    fields = {
        "user": Personal("account", erase=Null()),
        "title": Personal("account", erase=Blank()),
        "text": Personal("account", erase=Rewrite(lambda old: "*" * len(old), done=Q(text__startswith="*"))),
    }
    at_end = KeepFacts()
    row_by_row = True


@register(models.Elsewhere)
class ElsewhereData(Declaration):
    """A table that Django does not make."""

    who = Who(email="login")
    fields = {"login": Personal("account", erase=Blank()), "text": Personal("account", erase=Blank())}
    clocks = {"account": "created"}
    facts = ["created"]


@register(models.Photo)
class PhotoData(Odd):
    """Photos."""

    who = Who(user="user")
    fields = {"picture": Personal("account", erase=DeleteFile())}
    internal = ["user"]


@register(models.Strict)
class StrictData(Odd):
    """What the database will refuse."""

    who = Who(user="user")
    fields = {"name": Personal("account", erase=Blank()), "user": Personal("account", erase=Null())}
    at_end = KeepFacts()
