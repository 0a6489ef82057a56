"""A project of odd models, with the user model that ``ODDITY`` names."""

import os

import dj_database_url

ODDITY = os.environ.get("ODDITY", "default")
USERS = {
    "default": "auth.User",
    "uuid": "odd_accounts.UuidUser",
    "code": "odd_accounts.CodeUser",
    "inherited": "odd_accounts.InheritedUser",
}

SECRET_KEY = "odd"  # noqa: S105
DEBUG = True
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "tests.oddities.accounts",
    "tests.oddities.zoo",
    "django_rgpd",
    "django_tasks",
]
MIGRATION_MODULES = dict.fromkeys(
    ("auth", "contenttypes", "sessions", "odd_accounts", "zoo", "django_rgpd", "django_tasks")
)
AUTH_USER_MODEL = USERS[ODDITY]
DATABASES = {"default": dj_database_url.config(default="sqlite://:memory:")}
USE_TZ = True
TIME_ZONE = "Europe/Paris"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = os.environ.get("ODD_MEDIA", "")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
RGPD = {"POLICY": "tests.oddities.policy.policy", "BASE_URL": "https://odd.example.com"}
