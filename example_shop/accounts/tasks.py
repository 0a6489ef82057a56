"""What the shop does about accounts once a day."""

from datetime import datetime

from django_rgpd.outbox.daily import daily
from example_shop.accounts.sign_up import never_confirmed


@daily("shop.accounts")
def forget_the_unconfirmed(*, now: datetime) -> None:
    """Accounts that nobody has confirmed in a week go: their addresses were perhaps somebody else's."""
    never_confirmed(now=now).delete()
