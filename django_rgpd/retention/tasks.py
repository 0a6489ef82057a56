"""What retention does by itself, once a day."""

from __future__ import annotations

from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _

from django_rgpd.core.errors import RgpdError
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.outcomes import Later
from django_rgpd.registry import people
from django_rgpd.retention import accounts, addresses, approval
from django_rgpd.retention.ranges import SIZE
from django_rgpd.retention.sweep import sweep

PUT_OFF = relativedelta(minutes=10)
"""When models that wait for the ranges of others are looked at again."""


class SweepIncomplete(RgpdError):
    """A sweep passed over a model that it could not release; the job is tried again, and then waits for staff."""


@daily("retention.sweep")
def release_what_is_due(*, now: datetime) -> None:
    """Release what no purpose holds any more, then forget the addresses that nothing needs."""
    report = sweep(now=now, share=True, size=SIZE)
    addresses.forget_addresses(now=now)
    if report.failed:
        raise SweepIncomplete(", ".join(sorted(report.failed)))
    if report.put_off:
        raise Later(now + PUT_OFF, _("Some models wait for the ranges of others."))


@daily("retention.accounts", waits=True)
def end_accounts(*, now: datetime) -> None:
    """Warn of the accounts that end soon, and end those whose time has come."""
    approval.settle(now=now)
    people.take_back_contacts_to_come(now=now)
    accounts.warn(now=now)
    accounts.end(now=now)
