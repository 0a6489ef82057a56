"""System checks of the settings; their ids are permanent and documented in ``docs/reference/checks.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.db import connections, router
from django.utils.module_loading import import_string

from django_rgpd.core import conf, keys

TAG = "rgpd"
"""The tag of all the library's checks: ``manage.py check --tag rgpd``."""

VENDORS = ("postgresql", "sqlite")
"""The databases that the engine knows, as Django names them."""

_SHORTEST_SECRET = 32


@register(TAG)
def check_settings(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Everything that is wrong with ``RGPD``, whatever was written there."""
    given: object = getattr(settings, "RGPD", None)
    if given is None or not hasattr(given, "keys"):
        return [_error("E001", "RGPD", "The setting RGPD is missing or no dict.", 'RGPD = {"POLICY": "…"}')]
    return [
        *_unknown(),
        *_types(),
        *_numbers(),
        *_policy(),
        *_base_url(),
        *_rings(),
        *_export_root(),
        *_names(),
        *_impersonated(),
        *_time(),
        *_vendors(),
    ]


@register(TAG, deploy=True)
def check_deployment(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """What is fine on a desk and not in a shop: part of ``manage.py check --deploy``."""
    return [*_hosts(), *_plain_http(), *_weak_keys(), *_store(), *_sender(), *_nowhere_to_export()]


def _error(number: str, name: str, message: str, hint: str) -> CheckMessage:
    return Error(message, hint=hint, obj=name, id=f"django_rgpd.{number}")


def _caution(number: str, name: str, message: str, hint: str) -> CheckMessage:
    return Caution(message, hint=hint, obj=name, id=f"django_rgpd.{number}")


def _setting(name: str) -> str:
    return f'RGPD["{name}"]'


def _unknown() -> Iterator[CheckMessage]:
    for name in sorted(set(conf.raw()) - conf.NAMES):
        known = ", ".join(sorted(conf.NAMES))
        yield _error("E002", _setting(name), "There is no such setting.", f"The settings are: {known}.")


def _types() -> Iterator[CheckMessage]:
    for name, value in _given():
        if problem := conf.type_problem(name, value):
            is_a = type(value).__name__
            yield _error("E003", _setting(name), f"It {problem}, and is of type {is_a}.", "Correct its type.")


def _numbers() -> Iterator[CheckMessage]:
    for name, value in _given():
        least = 0 if name in conf.ZERO_ALLOWED else 1
        if name in conf.WHOLE_NUMBERS and not conf.type_problem(name, value) and value < least:  # type: ignore[operator]
            yield _error("E004", _setting(name), f"It must be at least {least}.", "Give a larger number.")


def _policy() -> Iterator[CheckMessage]:
    path = conf.get().POLICY
    if not path:
        hint = 'Give the dotted path of your Policy: "config.policy.policy".'
        yield _error("E005", _setting("POLICY"), "It is not set.", hint)
    elif problem := _import_problem(path):
        hint = "Give the dotted path of your Policy, and import nothing there that needs models."
        yield _error("E005", _setting("POLICY"), problem, hint)


def _base_url() -> Iterator[CheckMessage]:
    given = conf.raw().get("BASE_URL", "")
    hint = 'Give the scheme and host that people see: "https://shop.example.com".'
    if isinstance(given, str) and given and not conf.is_origin(given):
        yield _error("E006", _setting("BASE_URL"), "It is not a scheme and a host.", hint)
    elif not given and not settings.DEBUG:
        yield _error("E006", _setting("BASE_URL"), "It is not set: links in mails are built from it.", hint)


def _rings() -> Iterator[CheckMessage]:
    hint = 'Give a tuple of texts, newest first: ("2026:" + a secret of 32 characters or more,).'
    for name in conf.KEY_RINGS:
        given = conf.raw().get(name, ())
        if not given and not settings.DEBUG:
            yield _error("E007", _setting(name), "It is not set, and required where DEBUG is off.", hint)
        elif not isinstance(given, tuple) or not all(isinstance(key, str) and key.strip() for key in given):
            yield _error("E008", _setting(name), "It is not a tuple of texts.", hint)
        elif len({keys.parse(key).id for key in given}) < len(given):
            yield _error("E009", _setting(name), "Two of its keys have the same id.", "Give each its own id.")


def _export_root() -> Iterator[CheckMessage]:
    for key in ("EXPORT_ROOT", "MIRROR_ROOT"):
        text = getattr(conf.get(), key)
        if text:
            yield from _private_directory(key, Path(text))


def _private_directory(key: str, root: Path) -> Iterator[CheckMessage]:
    if not root.is_absolute():
        yield _error("E010", _setting(key), "It is not an absolute path.", "Give an absolute path.")
        return
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        served = getattr(settings, name, None)
        if served and root.resolve().is_relative_to(Path(str(served)).resolve()):
            hint = f"Give a directory outside {name}, which no web server serves."
            yield _error("E011", _setting(key), f"It is inside {name}: anyone could collect.", hint)


def _names() -> Iterator[CheckMessage]:
    read = conf.get()
    if read.CACHE not in settings.CACHES:
        yield _error("E012", _setting("CACHE"), "No cache has this name.", _choices(settings.CACHES))
    for key in ("EXPORT_STORAGE", "MIRROR_STORAGE"):
        if getattr(read, key) and getattr(read, key) not in settings.STORAGES:
            hint = _choices(settings.STORAGES)
            yield _error("E013", _setting(key), "No storage of STORAGES has this name.", hint)
    zone = conf.raw().get("TIME_ZONE", "")
    if isinstance(zone, str) and zone and not conf.is_zone(zone):
        hint = 'Give a name such as "Europe/Paris".'
        yield _error("E014", _setting("TIME_ZONE"), "No time zone has this name.", hint)


def _impersonated() -> Iterator[CheckMessage]:
    path = conf.get().IMPERSONATED
    if not path:
        return
    problem = _import_problem(path)
    if problem is None and not callable(import_string(path)):
        problem = f"{path!r} cannot be called."
    if problem:
        hint = "Give the dotted path of a function that takes a request and answers True or False."
        yield _error("E015", _setting("IMPERSONATED"), problem, hint)


def _time() -> Iterator[CheckMessage]:
    if not settings.USE_TZ:
        yield _error("E016", "USE_TZ", "It is off: no legal day can be told.", "Set USE_TZ = True.")


def _vendors() -> Iterator[CheckMessage]:
    models = apps.get_app_config("django_rgpd").get_models()
    ours = {router.db_for_write(model) for model in models}
    for connection in connections.all():
        if connection.vendor in VENDORS:
            continue
        place, name = f'DATABASES["{connection.alias}"]', connection.display_name
        if connection.alias in ours:
            message = f"It is {name}: the ledger would be unguarded, and no erasure could be carried out."
            hint = "Keep people, and what is declared of them, in PostgreSQL (or SQLite), by DATABASES or a router."
            yield _error("E017", place, message, hint)
        else:
            message = f"It is {name}: what is left of a person there is not searched for."
            yield _caution(
                "W008", place, message, "Keep nothing about people there, or look there yourselves."
            )


def _hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name your hosts: a forged Host header poisons links that other apps build from requests."
        yield _caution("W001", "ALLOWED_HOSTS", 'It contains "*".', hint)


def _plain_http() -> Iterator[CheckMessage]:
    if conf.get().BASE_URL.startswith("http:"):
        hint = "Give an https address: one-click unsubscribe requires it (RFC 8058)."
        yield _caution("W002", _setting("BASE_URL"), "It is plain http.", hint)


def _weak_keys() -> Iterator[CheckMessage]:
    seen: set[bytes] = {str(settings.SECRET_KEY).encode()}
    for name in conf.KEY_RINGS:
        secrets = [keys.parse(text).secret for text in getattr(conf.get(), name)]
        if any(len(secret) < _SHORTEST_SECRET for secret in secrets):
            hint = 'Make one by: python -c "import secrets; print(secrets.token_urlsafe(48))"'
            yield _caution("W003", _setting(name), "A key is shorter than 32 characters.", hint)
        if seen.intersection(secrets):
            hint = "Give each ring keys of its own, so that one can be changed without the others."
            yield _caution("W004", _setting(name), "A key is used elsewhere too.", hint)
        seen.update(secrets)


def _store() -> Iterator[CheckMessage]:
    backend = str(settings.CACHES.get(conf.get().CACHE, {}).get("BACKEND", ""))
    if backend.endswith((".LocMemCache", ".DummyCache")):
        hint = "Name a cache that all processes share: the limits against bombing are counted there."
        yield _caution("W005", _setting("CACHE"), "Its cache belongs to one process, or is none.", hint)


def _sender() -> Iterator[CheckMessage]:
    if conf.get().FROM_EMAIL == "webmaster@localhost":
        hint = "Set it, or DEFAULT_FROM_EMAIL, to an address of the shop that people can answer."
        yield _caution("W006", _setting("FROM_EMAIL"), "Mails would come from webmaster@localhost.", hint)


def _nowhere_to_export() -> Iterator[CheckMessage]:
    if not (conf.get().EXPORT_ROOT or conf.get().EXPORT_STORAGE):
        hint = "Set EXPORT_ROOT to a directory outside MEDIA_ROOT, or EXPORT_STORAGE to a private storage."
        yield _caution("W007", _setting("EXPORT_ROOT"), "Exports have no place of their own.", hint)


def _given() -> Iterator[tuple[str, object]]:
    given = conf.raw()
    return ((name, given[name]) for name in sorted(conf.NAMES & set(given)))


def _import_problem(path: str) -> str | None:
    try:
        import_string(path)
    except Exception as error:  # whatever the shop's module raises is one finding, not a crash of all checks
        return f"{path!r} cannot be imported ({type(error).__name__})."
    return None


def _choices(names: Iterable[str]) -> str:
    return f"The choices are: {', '.join(sorted(names))}."
