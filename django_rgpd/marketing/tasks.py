"""What this room does later: importing it registers the jobs, the mails and the daily duties."""

from django_rgpd.marketing import (  # noqa: F401 - they register their jobs
    building,
    double_optin,
    ends,
    inbound,
    mailing,
    pulling,
    repermission,
    send,
    sync,
    sync_many,
    unconfirmed,
)
