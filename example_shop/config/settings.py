"""The shop's settings: a first run needs nothing but SQLite; ``DATABASE_URL`` names another database."""

import os
from pathlib import Path

import dj_database_url
from django.utils.translation import gettext_lazy as _

ROOT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("SHOP_VAR", ROOT / "var"))
"""Everything that running the shop leaves behind."""
VAR.mkdir(parents=True, exist_ok=True)

DEBUG = True
SECRET_KEY = "the example shop is served on this machine only, and has no secrets"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "example_shop.theme",
    "example_shop.accounts",
    "example_shop.catalogue",
    "example_shop.basket",
    "example_shop.orders",
    "example_shop.invoices",
    "example_shop.payments",
    "example_shop.reviews",
    "example_shop.wishes",
    "example_shop.contact",
    "example_shop.newsletter",
    "example_shop.mailbox",
    "example_shop.demo",
    "django_rgpd",
    "django_tasks",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "example_shop.theme.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example_shop.config.urls"
WSGI_APPLICATION = "example_shop.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "example_shop.theme.context.shop",
            ],
        },
    },
]

FORM_RENDERER = "example_shop.theme.forms.ShopRenderer"

DATABASES = {
    "default": dj_database_url.config(default=f"sqlite:///{VAR / 'shop.sqlite3'}", conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Pages and the background loop write at the same time: the second waits instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:account"
LOGOUT_REDIRECT_URL = "theme:home"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "invoices": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(VAR / "invoices"),
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# Every mail passes the library's backend, which asks about marketing; RGPD["MAIL_BACKEND"] sends.
EMAIL_BACKEND = "django_rgpd.marketing.backend.EmailBackend"
MAILBOX_ROOT = VAR / "mailbox"
DEFAULT_FROM_EMAIL = "Ribambelle <shop@example.com>"

ANYMAIL = {
    "WEBHOOK_SECRET": os.environ.get("SHOP_WEBHOOK_SECRET", "provider:tells the demo on this machine only")
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

RGPD = {
    "POLICY": "example_shop.config.policy.policy",
    "BASE_URL": os.environ.get("SHOP_URL", "http://127.0.0.1:8000"),
    "EXPORT_ROOT": str(VAR / "exports"),
    "MIRROR_ROOT": str(VAR / "mirror"),
    "MAIL_BACKEND": "example_shop.mailbox.backend.MailboxBackend",
    "DIGEST_KEYS": ("demo:digests of the example shop's addresses",),
    "LINK_KEYS": ("demo:links in the example shop's mails",),
    # Nothing that the demo calls is outside of this machine.
    "PRODUCTION": True,
    "PROCESSORS": {
        "mailchimp": {
            "class": "django_rgpd.processors.dummy.Dummy",
            "name": "newsletter",
            "path": str(VAR / "processors" / "newsletter.json"),
        },
        "stripe": {
            "class": "django_rgpd.processors.stripe.Stripe",
            "api_key": os.environ["STRIPE_KEY"],
            "references": ("payments.Payment.stripe_customer", "payments.Payment.stripe_payment_intent"),
            "webhook_secrets": tuple(os.environ.get("STRIPE_WEBHOOK_SECRETS", "").split()),
            # A server of this machine that speaks Stripe's API, for who has no account.
            "host": os.environ.get("STRIPE_HOST", ""),
        }
        if "STRIPE_KEY" in os.environ
        else {
            "class": "django_rgpd.processors.manual.Manual",
            "instructions": "Stripe, Customers: search the address, open the customer, Actions, Delete customer.",
        },
        "host": {
            "class": "django_rgpd.processors.nothing.NothingMore",
            "reason": "It holds our own database and files, and copies of them for 30 days.",
        },
    },
    "SEAL_KEYS": ("demo:seals of the example shop's ledgers",),
    "OPEN_TRACKING": "openings",
}
