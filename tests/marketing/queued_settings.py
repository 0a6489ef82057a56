"""The example shop with workers of a task backend, the mail backend that asks, and a file a mail in ``QUEUED_MAILS``."""

import os

from tests.retention.workers_settings import *  # noqa: F403
from tests.retention.workers_settings import RGPD

EMAIL_BACKEND = "django_rgpd.marketing.backend.EmailBackend"
EMAIL_FILE_PATH = os.environ["QUEUED_MAILS"]
RGPD = {**RGPD, "MAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
