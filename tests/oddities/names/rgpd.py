"""What these models hold of people."""

from django_rgpd.registry import Blank, Declaration, KeepFacts, Null, Personal, Placeholder, Who, register
from tests.oddities.names import models


class Odd(Declaration):
    """What they have in common."""

    clocks = {"account": "created", "law": "created"}
    facts = ["created"]
    who = Who(user="user")
    at_end = KeepFacts()


@register(models.Keyword)
class KeywordData(Odd):
    """Words of SQL."""

    fields = {
        "user": Personal("account", erase=Null()),
        "group": Personal("account", erase=Blank()),
        "order": Personal("account", erase=Null()),
    }


@register(models.Spaced)
class SpacedData(Declaration):
    """Rows that are found by an address alone."""

    who = Who(email="email")
    clocks = {"account": "created"}
    facts = ["created"]
    fields = {
        "email": Personal("account", erase=Placeholder()),
        "text": Personal("account", erase=Blank()),
    }


@register(models.Long)
class LongData(Odd):
    """Of two long columns, one is kept."""

    fields = {
        "user": Personal("law", erase=Null()),
        "text": Personal("account", erase=Blank()),
        "kept": Personal("law", erase=Blank()),
    }


@register(models.Qualified)
class QualifiedData(Odd):
    """In a schema."""

    internal = ["keyword"]
    who = Who(user="user", email="email")
    fields = {
        "user": Personal("account", erase=Null()),
        "email": Personal("account", erase=Null()),
        "text": Personal("account", erase=Null()),
    }


@register(models.Filled)
class FilledData(Odd):
    """Columns that the database fills."""

    who = Who(user="user", email="email")
    fields = {
        "user": Personal("account", erase=Null()),
        "email": Personal("account", erase=Placeholder()),
        "text": Personal("account", erase=Blank()),
    }
    internal = ["lowered"]
