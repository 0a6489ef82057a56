"""Names in place of keys in the admin: of purposes and languages, in lists and in the filters beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.admin import AllValuesFieldListFilter
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_rgpd.policy import current


def purpose(key: str) -> str:
    """The label of a purpose, or its key where the policy does not name it any more."""
    return _purposes().get(key, key)


def language(code: str) -> str:
    """The name of a language, or its code where the site does not have it any more."""
    return _languages().get(code, code)


def _purposes() -> dict[str, str]:
    return {one.key: capfirst(str(one.label)) for one in current().purposes}


def _languages() -> dict[str, str]:
    return {code: capfirst(_(str(name))) for code, name in settings.LANGUAGES}


class _Named(AllValuesFieldListFilter):
    """Every value that there is, by its name."""

    names: Callable[[], Mapping[str, str]]
    """Key → name."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """As Django's, with other words."""
        names = self.names()
        for one in super().choices(changelist):
            yield {**one, "display": names.get(str(one["display"]), one["display"])}


class Purposes(_Named):
    """A filter by purpose."""

    names = staticmethod(_purposes)


class Languages(_Named):
    """A filter by language."""

    names = staticmethod(_languages)
