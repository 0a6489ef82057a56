"""Where personal data lives: declarations, the people they lead to, and the rule that says how long a value lives."""

from django_rgpd.registry.actions import (
    Blank,
    DeleteFile,
    EmptyJson,
    Fixed,
    Null,
    Placeholder,
    Rewrite,
    WithRow,
)
from django_rgpd.registry.contacts import contacted
from django_rgpd.registry.declaration import (
    DERIVED,
    GIVEN,
    OBSERVED,
    Ask,
    Declaration,
    DeleteRow,
    Follows,
    KeepFacts,
    OpenBusiness,
    Personal,
    Sales,
    Unsettled,
    When,
)
from django_rgpd.registry.site import Entry, not_personal, register, registry
from django_rgpd.registry.who import Subject, Who

__all__ = [
    "DERIVED",
    "GIVEN",
    "OBSERVED",
    "Ask",
    "Blank",
    "Declaration",
    "DeleteFile",
    "DeleteRow",
    "EmptyJson",
    "Entry",
    "Fixed",
    "Follows",
    "KeepFacts",
    "Null",
    "OpenBusiness",
    "Personal",
    "Placeholder",
    "Rewrite",
    "Sales",
    "Subject",
    "Unsettled",
    "When",
    "Who",
    "WithRow",
    "contacted",
    "not_personal",
    "register",
    "registry",
]
