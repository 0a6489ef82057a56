"""What this room does later: importing it registers the jobs, the mails and the daily duties."""

from django_rgpd.marketing import double_optin, send, sync  # noqa: F401 - they register their jobs
