"""Mailchimp: subscriptions, opt-outs, corrected addresses and permanent deletion, by the vendor's own client."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Declined, NeedsSomeone
from django_rgpd.processors import mailchimp_pages
from django_rgpd.processors.base import (
    Call,
    Capability,
    Contact,
    Evidence,
    Members,
    Problems,
    Processor,
    Still,
    Told,
    Unreachable,
)

try:
    from django_rgpd.processors import mailchimp_many
    from django_rgpd.processors.mailchimp_answers import together
    from django_rgpd.processors.mailchimp_audience import Audience
    from django_rgpd.processors.mailchimp_calls import Account
    from django_rgpd.processors.mailchimp_many import ALONE, Body, Post, joining, values
    from django_rgpd.processors.mailchimp_tags import tag
except ImportError as missing:
    msg = 'its client is not installed: pip install "django-rgpd[mailchimp]"'
    raise ImportError(msg) from missing

_KEY = re.compile(r"[0-9A-Za-z]{8,}-(?P<place>[a-z]{2,4}[0-9]{1,3})")
_ID = re.compile(r"[0-9A-Za-z]{4,20}")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MOST_AUDIENCES = 1_000
_HELD = (
    "email_address",
    "status",
    "last_changed",
    "timestamp_opt",
    "unsubscribe_reason",
    "merge_fields",
    "tags",
)
NOT_WRITTEN_TO = frozenset({"unsubscribed", "cleaned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailchimp(Processor):
    """One Mailchimp account.

    ``audiences``: purpose → id of the audience that is written to for it, one of its own. ``tags``: purpose → names of tags.
    ``permissions``: purpose → ids of the audience's marketing permissions (GDPR fields). ``webhook_secrets``: each
    is the end of an address at which their webhooks are heard. ``signing_secrets``: with one, no body is heard without its
    signature; several while they change, or one an audience. ``proxy``: of an outgoing proxy; the
    environment's is not read. ``host``: another server that speaks the same API, for tests.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(set(Capability) - {Capability.RESTRICT})
    # Mailchimp allows ten connections to a user, and other programs of the shop want some.
    at_once: ClassVar[int] = 4

    api_key: str = field(repr=False)
    audiences: Mapping[str, str]
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    permissions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    webhook_secrets: Sequence[str] = field(default=(), repr=False)
    signing_secrets: Sequence[str] = field(default=(), repr=False)
    proxy: str = field(default="", repr=False)
    host: str = ""

    def problems(self) -> Problems:
        """The client finds out about a wrong key at the first call only, by a host that does not exist."""
        if not _KEY.fullmatch(self.api_key):
            yield "has no API key: it ends in a dash and the place of the account, as in -us21."
        ids = [str(one) for one in self.audiences.values()]
        if not ids or not all(_ID.fullmatch(one) for one in ids):
            yield "has no audiences: give each purpose the id of its own, as in a6b5da1054."
        if len(set(ids)) < len(ids):
            yield "has one audience for two purposes: who left one would be written to for the other."
        if strange := sorted({*self.tags, *self.permissions} - set(self.audiences)):
            yield f"has tags or permissions for {strange[0]!r}, which has no audience."
        if not all(self.signing_secrets):
            yield "has an empty text among its signing_secrets: anybody could sign with it."
        place = urlsplit(self.host)
        if self.host and place.scheme != "https" and place.hostname not in _LOOPBACK:
            yield "has a host without https."

    def serves(self, purpose: str) -> bool:
        """Whether it has an audience."""
        return purpose in self.audiences

    @sensitive_variables()
    def subscribe(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """Put her on the audience. Who left it there after she had agreed here is not put back."""
        audience = self._audience(self.audiences[purpose], call)
        known = audience.known(contact)
        if known.get("status") in NOT_WRITTEN_TO and not _agreed_since(
            contact.stands_since, known.get("last_changed")
        ):
            raise Declined(_("She left the list there after she had agreed here, or her address bounces."))
        body: Body = {
            **joining(contact),
            "status_if_new": "subscribed",
            **self._permissions(purpose, enabled=True),
        }
        put = audience.put(contact, body)
        if put.absent:
            raise NeedsSomeone(_("The audience of the setting does not exist there."))
        if names := self.tags.get(purpose):
            audience.tag(contact, names)
        return put

    @sensitive_variables()
    def opt_out(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """Nothing is sent to her any more; who is not there is not written to either."""
        audience = self._audience(self.audiences[purpose], call)
        return audience.leave(contact, self._permissions(purpose, enabled=False))

    def many(self, purpose: str) -> bool:
        """Their call about many has no room for marketing permissions."""
        return not self.permissions.get(purpose)

    @sensitive_variables()
    def subscribe_many(self, contacts: Sequence[Contact], purpose: str, still: Still, *, call: Call) -> Told:
        """Newcomers are put on the audience; whoever is a member already only where she has not left it since she agreed."""
        told = mailchimp_many.subscribe(
            self._post(purpose, call),
            lambda page: self.members(purpose, page=page, call=call),
            contacts,
            still=still,
        )
        there = [one for one in contacts if one.address not in told.refused]
        if not there or self._tagged(there, purpose, call):
            return told
        return Told(evidence=told.evidence, refused={**told.refused, **{one.address: ALONE for one in there}})

    @sensitive_variables()
    def opt_out_many(self, contacts: Sequence[Contact], purpose: str, *, call: Call) -> Told:
        """Who may not be subscribed there is not written to either, and is done."""
        return mailchimp_many.opt_out(self._post(purpose, call), contacts)

    @sensitive_variables()
    def members(self, purpose: str, *, page: Mapping[str, object] | None = None, call: Call) -> Members:
        """By ``GET /lists/{id}/members``, one status after the other."""
        at = mailchimp_pages.Place.read(page or {})
        if at is None:
            return Members(members=(), next={})
        audience = self.audiences[purpose]
        answer = self._account.read(call, lambda api: api.get_list_members_info(audience, **at.query()))
        return at.page(answer.get("members"))

    @sensitive_variables()
    def export(self, contact: Contact, *, call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
        """What each audience of the setting holds of her: its purpose, her status, since when, the values of fields, tags."""
        for purpose, audience in self.audiences.items():
            held = self._audience(audience, call).known(contact, _HELD)
            if held:
                yield "member", {"purpose": purpose, **held}

    @sensitive_variables()
    def update(self, former: Contact, contact: Contact, *, call: Call) -> Evidence:
        """In each audience that knows the former address the new one takes its place; where that one is known too, it leaves."""
        body: Body = {"email_address": contact.address, **values(contact)}
        return together([self._audience(one, call).move(former, body) for one in self.audiences.values()])

    @sensitive_variables()
    def erase(self, contact: Contact, *, call: Call) -> Evidence:
        """Delete her for good from every audience of the account, those too that the setting does not name.

        Each is asked: whether ``/lists?email=`` finds archived members is written nowhere, and the address would be in a URL.
        """
        found = [self._audience(one, call).delete(contact) for one in self._every_audience(call)]
        return together(found)

    def _every_audience(self, call: Call) -> list[str]:
        answer = self._account.read(
            call, lambda api: api.get_all_lists(fields=["lists.id"], count=MOST_AUDIENCES)
        )
        found = answer.get("lists")
        if not isinstance(found, list):
            raise Unreachable
        return sorted({*(str(one["id"]) for one in found), *self.audiences.values()})

    @sensitive_variables()
    def _tagged(self, contacts: Sequence[Contact], purpose: str, call: Call) -> bool:
        audience = self._audience(self.audiences[purpose], call)
        return tag(
            lambda what: self._account.read(call, what, many=True),
            lambda name: audience.tag(contacts[0], [name]),
            audience.id,
            self.tags.get(purpose, ()),
            [one.address for one in contacts],
        )

    def _permissions(self, purpose: str, *, enabled: bool) -> Body:
        ids = self.permissions.get(purpose)
        if not ids:
            return {}
        return {
            "marketing_permissions": [{"marketing_permission_id": one, "enabled": enabled} for one in ids]
        }

    def _post(self, purpose: str, call: Call) -> Post:
        return partial(self._account.post, call, self.audiences[purpose])

    def _audience(self, audience: str, call: Call) -> Audience:
        return Audience(account=self._account, id=audience, call=call)

    @property
    def _account(self) -> Account:
        found = _KEY.fullmatch(self.api_key)
        base = self.host or f"https://{found['place'] if found else 'invalid'}.api.mailchimp.com/3.0"
        return Account(base=base, api_key=self.api_key, proxy=self.proxy)


def _agreed_since(agreed: datetime | None, changed: object) -> bool:
    """Whether she agreed after what changed there; a time that cannot be read is not before anything."""
    try:
        at = parse_datetime(str(changed))
    except ValueError:
        at = None
    return agreed is not None and at is not None and at.tzinfo is not None and agreed > at
