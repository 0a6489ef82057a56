"""What a shop may rely on, read from the code; ``python -m tests.house.surface`` writes it into its page."""

from __future__ import annotations

import os
import re

from tests.house.files import DOCS, PACKAGE

PAGE = DOCS / "reference" / "stability.md"
MARK = "<!-- lists: python -m tests.house.surface -->"


def surface() -> dict[str, list[str]]:
    """Each list of the page, by its title."""
    return {
        "Python": _python(),
        "Commands": sorted(path.stem for path in (PACKAGE / "management" / "commands").glob("rgpd_*.py")),
        "URL names": _url_names(),
        "Template names": _templates(),
        "Permissions": _permissions(),
    }


def written() -> dict[str, list[str]]:
    """The lists as the page has them."""
    _head, _mark, lists = PAGE.read_text(encoding="utf-8").partition(MARK)
    found: dict[str, list[str]] = {}
    for section in lists.split("\n## ")[1:]:
        title, _newline, body = section.partition("\n")
        found[title.strip()] = re.findall(r"^- `([^`]+)`$", body, re.MULTILINE)
    return found


def page() -> str:
    """The whole page with the lists as they ought to be."""
    head, _mark, _lists = PAGE.read_text(encoding="utf-8").partition(MARK)
    sections = [
        f"## {title}\n\n" + "\n".join(f"- `{name}`" for name in names) for title, names in surface().items()
    ]
    return head + MARK + "\n\n" + "\n\n".join(sections) + "\n"


def _python() -> list[str]:
    from django.dispatch import Signal

    import django_rgpd.policy
    import django_rgpd.registry
    from django_rgpd import signals

    names = [f"django_rgpd.policy.{name}" for name in django_rgpd.policy.__all__]
    names += [f"django_rgpd.registry.{name}" for name in getattr(django_rgpd.registry, "__all__", [])]
    news = [name for name, value in vars(signals).items() if isinstance(value, Signal)]
    names += [f"django_rgpd.signals.{name}" for name in news]
    try:
        import django_rgpd.testing as testing
    except ImportError:
        return sorted(names)
    return sorted([*names, *(f"django_rgpd.testing.{name}" for name in getattr(testing, "__all__", []))])


def _url_names() -> list[str]:
    from django.urls import URLPattern

    from django_rgpd import urls

    def walk(patterns: list[object]) -> list[str]:
        found: list[str] = []
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                found += [f"django_rgpd:{pattern.name}"] if pattern.name else []
            else:
                found += walk(pattern.url_patterns)  # type: ignore[attr-defined]
        return found

    return sorted(set(walk(urls.urlpatterns)))


def _templates() -> list[str]:
    place = PACKAGE / "templates"
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*.*") if path.is_file())


def _permissions() -> list[str]:
    from django.apps import apps

    models = apps.get_app_config("django_rgpd").get_models()
    return sorted(f"django_rgpd.{code}" for model in models for code, _label in model._meta.permissions)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
