"""The library's settings: one ``RGPD`` dict, read lazily into one frozen typed object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import PurePath
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signals import setting_changed

KEY_RINGS = ("DIGEST_KEYS", "LINK_KEYS", "SEAL_KEYS")
"""The settings that hold secrets, in the order in which the checks name them."""

RINGS_READ = frozenset({"DEBUG", "SECRET_KEY"})
_READ_FROM_DJANGO = frozenset({"RGPD", "SITE_ID", "TIME_ZONE", "DEFAULT_FROM_EMAIL", *RINGS_READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the library, with its default; ``docs/reference/settings.md`` says what each means."""

    POLICY: str = ""
    BASE_URL: str = ""
    SITE: int = 1
    DIGEST_KEYS: tuple[str, ...] = ()
    LINK_KEYS: tuple[str, ...] = ()
    SEAL_KEYS: tuple[str, ...] = ()
    EXPORT_ROOT: str = ""
    EXPORT_STORAGE: str = ""
    EXPORT_DAYS: int = 7
    MIRROR_ROOT: str = ""
    MIRROR_STORAGE: str = ""
    TIME_ZONE: str = ""
    COMPLETE: bool = False
    PROXIES: int = 0
    CACHE: str = "default"
    FROM_EMAIL: str = ""
    MAIL_BACKEND: str = ""
    OPEN_TRACKING: str = ""
    PRODUCTION: bool | None = None
    IMPERSONATED: str = ""
    REAUTH_SECONDS: int = 300
    SECOND_PASS_MINUTES: int = 10
    PROCESSORS: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)


NAMES = frozenset(field.name for field in fields(Settings))
"""Every key that ``RGPD`` may have."""

WHOLE_NUMBERS = frozenset({"SITE", "EXPORT_DAYS", "PROXIES", "REAUTH_SECONDS", "SECOND_PASS_MINUTES"})
ZERO_ALLOWED = frozenset({"PROXIES"})
FLAGS = frozenset({"COMPLETE", "PRODUCTION"})


@cache
def get() -> Settings:
    """The settings as they stand.

    Never raises: a value that cannot be used is replaced by its default, and a system check names it.
    """
    given = raw()
    read: dict[str, object] = {}
    for name in NAMES & set(given):
        value = _readable(name, given[name])
        if value is not None:
            read[name] = value
    for name, fallback in _fallbacks().items():
        if not read.get(name):
            read[name] = fallback
    return Settings(**read)  # type: ignore[arg-type]


def raw() -> Mapping[str, object]:
    """``settings.RGPD`` as the shop wrote it; empty where it is missing or no dict."""
    given: object = getattr(settings, "RGPD", None)
    if not isinstance(given, Mapping):
        return {}
    return {str(key): value for key, value in given.items()}


def in_production() -> bool:
    """Whether jobs may reach other people's systems: ``PRODUCTION``, where not set ``not DEBUG``."""
    told = get().PRODUCTION
    return not settings.DEBUG if told is None else told


def type_problem(name: str, value: object) -> str | None:
    """What is wrong with the type of ``value`` for the setting ``name``, as the end of a sentence."""
    if name in WHOLE_NUMBERS:
        return None if isinstance(value, int) and not isinstance(value, bool) else "must be a whole number"
    if name == "PRODUCTION":
        return None if value is None or isinstance(value, bool) else "must be True, False or None"
    if name in FLAGS:
        return None if isinstance(value, bool) else "must be True or False"
    if name in KEY_RINGS:
        return None
    if name == "PROCESSORS":
        return None if _is_dict_of_dicts(value) else "must be a dict of dicts"
    if name in {"EXPORT_ROOT", "MIRROR_ROOT"}:
        return None if isinstance(value, str | PurePath) else "must be a path"
    return None if isinstance(value, str) else "must be a text"


def is_origin(url: str) -> bool:
    """Whether ``url`` is a scheme and a host, with a port at most: what links of mails are built on."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and port != 0
        and "@" not in parts.netloc
        and parts.path in {"", "/"}
        and not (parts.query or parts.fragment)
        and url.isprintable()
        and " " not in url
    )


def is_zone(name: str) -> bool:
    """Whether ``name`` is a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError in name, a ValueError is a bad path
        return False
    except KeyError:
        return False
    return True


def _readable(name: str, value: object) -> object | None:
    if name in KEY_RINGS:
        return _secrets(value)
    if type_problem(name, value):
        return None
    if name in WHOLE_NUMBERS and isinstance(value, int):
        return value if value > 0 or (value == 0 and name in ZERO_ALLOWED) else None
    if name == "BASE_URL":
        return str(value).rstrip("/") if is_origin(str(value)) else None
    if name == "TIME_ZONE":
        return value if is_zone(str(value)) else None
    return str(value) if isinstance(value, str | PurePath) else value


def _is_dict_of_dicts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and isinstance(inner, Mapping) for key, inner in value.items()
    )


def _secrets(value: object) -> tuple[str, ...]:
    """What can be used of a ring: a list or bytes are a check error, and still better read than ignored."""
    given = value if isinstance(value, list | tuple) else (value,)
    texts = (entry.decode(errors="replace") if isinstance(entry, bytes) else entry for entry in given)
    return tuple(text for text in texts if isinstance(text, str) and text.strip())


def _fallbacks() -> dict[str, object]:
    site: object = getattr(settings, "SITE_ID", None)
    return {
        "SITE": site if isinstance(site, int) and site > 0 else 1,
        "TIME_ZONE": settings.TIME_ZONE,
        "FROM_EMAIL": settings.DEFAULT_FROM_EMAIL,
        "BASE_URL": "http://127.0.0.1:8000" if settings.DEBUG else "",
    }


def _forget(*, setting: str, **_: object) -> None:
    if setting in _READ_FROM_DJANGO:
        get.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_rgpd.core.conf")
