"""What these models hold of people."""

from django_rgpd.registry import Declaration, EmptyJson, KeepFacts, Null, Personal, Who, register
from tests.oddities.postgres import models


@register(models.Listed)
class ListedData(Declaration):
    """Lists."""

    who = Who(user="user")
    clocks = {"account": "created"}
    fields = {
        "user": Personal("account", erase=Null()),
        "names": Personal("account", erase=EmptyJson()),
        "notes": Personal("account", erase=EmptyJson()),
        "pairs": Personal("account", erase=EmptyJson()),
        "stay": Personal("account", erase=Null()),
    }
    facts = ["created"]
    at_end = KeepFacts()
