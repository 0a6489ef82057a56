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


def told(url: str) -> dict[str, object]:
    """``RGPD`` where the newsletter's people are told to a Mailchimp at ``url``."""
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": "0123456789abcdef0123456789abcdef-us21",
        "audiences": {"newsletter": "a6b5da1054"},
        "host": url,
    }
    return {**RGPD, "PRODUCTION": True, "PROCESSORS": {**RGPD["PROCESSORS"], "mailchimp": setting}}


if "CROWD_MAILCHIMP" in os.environ:
    RGPD = told(os.environ["CROWD_MAILCHIMP"])
