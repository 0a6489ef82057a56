"""One member of one audience: what is known of her there, and what is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Declined
from django_rgpd.processors.base import Call, Contact, Evidence
from django_rgpd.processors.mailchimp_answers import Unclear
from django_rgpd.processors.mailchimp_calls import Account
from django_rgpd.processors.mailchimp_many import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The audience called ``id``, for one ``call``."""

    account: Account
    id: str
    call: Call

    @sensitive_variables()
    def known(self, contact: Contact, fields: Sequence[str] = ("status", "last_changed")) -> Body:
        """The ``fields`` of her; nothing where she is not there."""
        return self.account.read(
            self.call,
            lambda api: api.get_list_member(self.id, _member(contact), fields=list(fields)),
            absent={},
        )

    @sensitive_variables()
    def put(self, contact: Contact, body: Body) -> Evidence:
        """Have her there as ``body`` says, new or not."""
        return self.account.ask(
            self.call,
            lambda api: api.set_list_member(self.id, _member(contact), body, skip_merge_validation=True),
        )

    @sensitive_variables()
    def leave(self, contact: Contact, more: Body) -> Evidence:
        """Nothing is sent to her any more; ``more`` changes with it."""
        return self._change(contact, {"status": "unsubscribed", **more})

    @sensitive_variables()
    def move(self, former: Contact, body: Body) -> Evidence:
        """Give her the address of ``body``, with what else it says; where that one is known too, the former leaves."""
        try:
            return self._change(former, body)
        except Declined:
            if _member(former) == _member(Contact(address=str(body["email_address"]))):
                raise  # a field that they do not take is no reason to stop writing to her
            return self.leave(former, {})

    @sensitive_variables()
    def tag(self, contact: Contact, names: Sequence[str]) -> Evidence:
        """Give her the tags called ``names``, which are made where there are none."""
        told = {"tags": [{"name": name, "status": "active"} for name in names]}
        return self.account.ask(
            self.call, lambda api: api.update_list_member_tags(self.id, _member(contact), told)
        )

    @sensitive_variables()
    def delete(self, contact: Contact) -> Evidence:
        """Delete her for good."""
        try:
            return self.account.ask(
                self.call, lambda api: api.delete_list_member_permanent(self.id, _member(contact))
            )
        except Unclear:
            # An archived or deleted member may answer 405: gone is only who cannot be read any more.
            if self.known(contact):
                raise
            return Evidence(absent=True)

    @sensitive_variables()
    def _change(self, contact: Contact, body: Body) -> Evidence:
        return self.account.ask(
            self.call,
            lambda api: api.update_list_member(self.id, _member(contact), body, skip_merge_validation=True),
        )


def _member(contact: Contact) -> str:
    """The only name by which every endpoint knows a member."""
    return hashlib.md5(contact.address.strip().lower().encode(), usedforsecurity=False).hexdigest()
