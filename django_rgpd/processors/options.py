"""The shapes of the options that ``RGPD["PROCESSORS"]`` gives to a processor, told from the annotations of its class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields

from django.utils.functional import Promise

from django_rgpd.processors.base import Processor


def misshapen(kind: type[Processor], options: Mapping[str, object]) -> str:
    """What is wrong with the shape of the first option that has none of its own, as the end of a sentence; else empty.

    Options with other annotations than texts, lists and dicts of texts are the class's own to look at.
    """
    for one in fields(kind):
        fits, words = _SHAPES.get(str(one.type), (_anything, ""))
        if one.name in options and not fits(options[one.name]):
            return f"has an option of the wrong type: {one.name!r} is {words}."
    return ""


def _anything(value: object) -> bool:
    return True


def _text(value: object) -> bool:
    return isinstance(value, str | Promise)


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value)


def _by_name(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, Mapping) and all(isinstance(name, str) and fits(one) for name, one in value.items())
    )


_SHAPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "str": (_text, "a text"),
    "tuple[str, ...]": (_texts, "a list of texts"),
    "Sequence[str]": (_texts, "a list of texts"),
    "Mapping[str, str]": (_by_name(_text), "a dict of texts"),
    "Mapping[str, str | Sequence[str]]": (
        _by_name(lambda one: _text(one) or _texts(one)),
        "a dict of texts, or of lists of texts",
    ),
    "Mapping[str, Sequence[str]]": (_by_name(_texts), "a dict of lists of texts"),
}
