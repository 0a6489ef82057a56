"""The example shop with a mail server at ``CROWD_PORT``, in a database of its own, ``CROWD_DATABASE``."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, RGPD

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ.get("CROWD_PORT", "0"))
DATABASES = {"default": {**DATABASES["default"], "NAME": os.environ["CROWD_DATABASE"]}}
if "CROWD_FILES" in os.environ:  # of lists that are being imported, which several processes read
    RGPD = {**RGPD, "EXPORT_ROOT": f"{os.environ['CROWD_FILES']}/private"}
