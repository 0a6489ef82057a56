"""A project of odd models, with the user model that ``ODDITY`` names."""

import os

import dj_database_url

ODDITY = os.environ.get("ODDITY", "default")
USERS = {
    "default": "auth.User",
    "uuid": "odd_accounts.UuidUser",
    "code": "odd_accounts.CodeUser",
    "card": "odd_accounts.CardUser",
    "inherited": "odd_accounts.InheritedUser",
}

ON_POSTGRESQL = os.environ.get("DATABASE_URL", "").startswith("postgres")

SECRET_KEY = "odd"  # noqa: S105
DEBUG = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "tests.oddities.accounts",
    "tests.oddities.zoo",
    "tests.oddities.keys",
    "tests.oddities.names",
    *(["django.contrib.postgres", "tests.oddities.postgres"] if ON_POSTGRESQL else []),
    "django_rgpd",
    "django_tasks",
]
MIGRATION_MODULES = dict.fromkeys(
    (
        "auth",
        "contenttypes",
        "sessions",
        "odd_accounts",
        "odd_keys",
        "odd_names",
        "odd_postgres",
        "zoo",
        "django_rgpd",
        "django_tasks",
    )
)
AUTH_USER_MODEL = USERS.get(ODDITY, "auth.User")
DATABASES = {"default": dj_database_url.config(default="sqlite://:memory:")}
if ODDITY == "elsewhere":  # one declared model, and the accounts themselves, in a second database
    DATABASES["archive"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    DATABASE_ROUTERS = ["tests.oddities.elsewhere.Router"]
USE_TZ = True
TIME_ZONE = "Europe/Paris"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = os.environ.get("ODD_MEDIA", "")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
RGPD = {"POLICY": "tests.oddities.policy.policy", "BASE_URL": "https://odd.example.com"}
