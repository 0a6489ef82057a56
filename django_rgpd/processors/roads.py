"""The roads that the shop has: each recipient of the policy with the processor that its setting names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.core.errors import Misconfigured
from django_rgpd.outbox.outcomes import NeedsSomeone
from django_rgpd.policy import Occasion, Outcome, Purpose, Recipient, current
from django_rgpd.processors.base import Capability, Processor
from django_rgpd.processors.options import misshapen

CLASS = "class"


@dataclass(frozen=True, slots=True)
class Road:
    """One recipient and how it is told."""

    recipient: Recipient
    processor: Processor

    @property
    def key(self) -> str:
        """What jobs and pages call it by: the recipient's key."""
        return self.recipient.key

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        """What it gets data for."""
        return tuple(one for one in current().purposes if one.key in set(self.recipient.purposes))

    def marketing(self, channel: str) -> tuple[Purpose, ...]:
        """The marketing purposes that it gets data for and that go out over ``channel``."""
        return tuple(one for one in self.purposes if channel in one.channels)


def every() -> tuple[Road, ...]:
    """Every road that there is something to tell on, in the order of the policy.

    A setting that cannot be used is left out: the system checks name it, and ``of`` says so when it is needed.
    """
    found = []
    for recipient in current().recipients:
        try:
            processor = made().get(recipient.key)
        except Misconfigured:
            processor = None
        if processor is not None and processor.told:
            found.append(Road(recipient, processor))
    return tuple(found)


def of(key: str) -> Road:
    """The road called ``key``, for a job that has to take it.

    Raises ``NeedsSomeone``, in words for staff, where there is none any more or its setting cannot be used.
    """
    recipient = next((one for one in current().recipients if one.key == key), None)
    try:
        processor = build(key) if recipient is not None else None
    except Misconfigured:
        msg = _("The setting of %(name)s cannot be used: run manage.py check.")
        raise NeedsSomeone(msg % {"name": key}) from None
    if recipient is None or processor is None:
        msg = _(
            "%(name)s is no processor of the shop any more: tell them yourself, then note here that you did."
        )
        raise NeedsSomeone(msg % {"name": key})
    return Road(recipient, processor)


def needed(recipient: Recipient) -> frozenset[Capability]:
    """What a processor must be able to do because of the purposes that ``recipient`` gets data for.

    A purpose that falls with an erasure needs ``erase``; one that goes out by mail needs ``opt_out``.
    """
    purposes = [one for one in current().purposes if one.key in set(recipient.purposes)]
    found = set()
    if not purposes or any(not _outlives(one) for one in purposes):
        found.add(Capability.ERASE)
    if any(one.marketing for one in purposes):
        found.add(Capability.OPT_OUT)
    return frozenset(found)


def waits_for_business(road: Road) -> bool:
    """Whether open business may still need what the processor holds: one of its purposes stands while a row is open."""
    return any(Outcome.STANDS_WHILE_OPEN in one.outcomes(Occasion.ERASURE) for one in road.purposes)


@cache
def made() -> Mapping[str, Processor]:
    """The processors whose setting can be used, by key."""
    found = {}
    for key in conf.get().PROCESSORS:
        try:
            found[key] = build(key)
        except Misconfigured:
            continue
    return {key: one for key, one in found.items() if one is not None}


def build(key: str) -> Processor | None:
    """The processor that ``RGPD["PROCESSORS"][key]`` describes; None where there is none.

    Raises ``Misconfigured``, which says what is wrong and never what the options hold.
    """
    given = conf.get().PROCESSORS.get(key)
    if given is None:
        return None
    kind = class_of(given)
    options: dict[str, Any] = {name: value for name, value in given.items() if name != CLASS}
    names = {one.name for one in fields(kind)}
    if unknown := sorted(set(options) - names):
        msg = f"has no option {unknown[0]!r}; the options are: {', '.join(sorted(names))}."
        raise Misconfigured(msg)
    if missing := sorted(set(_required(kind)) - set(options)):
        msg = f"lacks the option {missing[0]!r}."
        raise Misconfigured(msg)
    if problem := misshapen(kind, options):
        raise Misconfigured(problem)
    try:
        processor = kind(**options)
        problem = next(processor.problems(), "")
    except (TypeError, ValueError, AttributeError) as error:
        msg = f"has an option of the wrong type ({type(error).__name__})."
        raise Misconfigured(msg) from None
    if problem:
        raise Misconfigured(problem)
    return processor


def class_of(given: Mapping[str, object]) -> type[Processor]:
    """The class that a setting names. Raises ``Misconfigured``."""
    path = given.get(CLASS)
    if not isinstance(path, str):
        msg = 'lacks "class": the dotted path of a Processor.'
        raise Misconfigured(msg)
    try:
        kind: Any = import_string(path)
    except ImportError as error:
        msg = f"names {path!r}, which cannot be imported ({error})."
        raise Misconfigured(msg) from None
    if not (isinstance(kind, type) and issubclass(kind, Processor)):
        msg = f"names {path!r}, which is no Processor."
        raise Misconfigured(msg)
    return kind


def _required(kind: type[Processor]) -> Iterator[str]:
    for one in fields(kind):
        if one.default is MISSING and one.default_factory is MISSING:
            yield one.name


def _outlives(purpose: Purpose) -> bool:
    return purpose.outcomes(Occasion.ERASURE) == {Outcome.STANDS}


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"RGPD", "DEBUG"}:
        made.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_rgpd.processors")
