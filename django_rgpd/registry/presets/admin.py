"""The admin's log: who of the staff changed what, and what the log says of a customer's account."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import TECHNICAL
from django_rgpd.registry.actions import Blank, WithRow
from django_rgpd.registry.declaration import DERIVED, OBSERVED, Personal
from django_rgpd.registry.presets.entering import enter, installed
from django_rgpd.registry.who import Who

CUSTOMER = "customer"
STAFF = "staff"


def declare(*, purpose: str) -> None:
    """Declare the log under ``purpose``, whose term counts from each entry where its clock is a column.

    The text of an entry about an account holds the name of the account: it is the customer's, and goes with her.
    """
    model = installed("admin.LogEntry")
    if model is None:
        return
    meta = get_user_model()._meta
    about_accounts = Q(content_type__app_label=meta.app_label, content_type__model=meta.model_name)
    said = Personal(purpose, erase=Blank(), of=CUSTOMER, origin=DERIVED, category=TECHNICAL)
    enter(
        model,
        __name__,
        "What our staff changed in your account.",
        label=_("What our staff changed in your account"),
        people={
            CUSTOMER: Who(user="object_id", where=about_accounts, sees=("action_time", "action_flag")),
            STAFF: Who(user="user"),
        },
        clocks={purpose: "action_time"},
        fields={
            "object_repr": said,
            "change_message": said,
            "user": Personal(
                purpose, erase=WithRow(), of=STAFF, origin=OBSERVED, category=TECHNICAL, export=False
            ),
        },
        facts=["action_time", "action_flag"],
    )
