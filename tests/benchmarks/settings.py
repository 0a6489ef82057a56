"""A shop of thirty models that is installed in the benchmark's process only."""

import os
from pathlib import Path

import dj_database_url

SECRET_KEY = "benchmarks"  # noqa: S105
DEBUG = False
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "tests.benchmarks.shop",
    "django_rgpd",
    "django_tasks",
]
MIGRATION_MODULES = dict.fromkeys(
    ("auth", "contenttypes", "sessions", "bench", "django_rgpd", "django_tasks")
)
DATABASES = {"default": dj_database_url.config(default="sqlite://:memory:")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as a shop has it: in memory neither the pages read nor the commits would cost anything.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ.get("BENCH_VAR", "")) / "bench.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
USE_TZ = True
TIME_ZONE = "Europe/Paris"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = os.environ.get("BENCH_VAR", "")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
RGPD = {
    "POLICY": "tests.benchmarks.policy.policy",
    "BASE_URL": "https://bench.example.com",
    "PRODUCTION": False,
    "DIGEST_KEYS": ("bench:digests of nobody's addresses",),
    "LINK_KEYS": ("bench:links to nowhere",),
    "SEAL_KEYS": ("bench:seals of nothing",),
}
