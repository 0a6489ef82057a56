"""The example shop's settings, made fast and quiet for tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before the shop reads it: what tests write goes where the system throws things away.
os.environ["SHOP_VAR"] = tempfile.mkdtemp(prefix="shop-tests-")
atexit.register(shutil.rmtree, os.environ["SHOP_VAR"], ignore_errors=True)

from example_shop.config.settings import *  # noqa: E402, F403
from example_shop.config.settings import DATABASES, INSTALLED_APPS, RGPD  # noqa: E402

TESTS = Path(__file__).resolve().parent

if "DATABASE_URL" not in os.environ:
    DATABASES["default"]["NAME"] = ":memory:"
    DATABASES["default"]["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

INSTALLED_APPS = [*INSTALLED_APPS]

# A mirror outlives a test whose database is rolled back; the tests of the mirror have their own.
RGPD = {key: value for key, value in RGPD.items() if key not in {"MIRROR_ROOT", "PRODUCTION"}}
RGPD["MAIL_BACKEND"] = EMAIL_BACKEND

# So do processors; their tests say which there are. The carrier is a recipient, and no processor.
RGPD["PROCESSORS"] = {
    key: {"class": "django_rgpd.processors.nothing.NothingMore", "reason": "It is nobody while tests run."}
    for key in ("host", "mailchimp", "stripe")
}
