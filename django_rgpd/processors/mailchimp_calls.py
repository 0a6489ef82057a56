"""One call on a Mailchimp account, for what it does or for what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import NeedsSomeone
from django_rgpd.processors.base import Call, Evidence, Unreachable
from django_rgpd.processors.mailchimp_answers import meant
from django_rgpd.processors.mailchimp_client import Refusal, lists
from django_rgpd.processors.mailchimp_many import Answer, Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where an account answers, and its key; ``proxy`` as in ``Mailchimp``."""

    base: str
    api_key: str = field(repr=False)
    proxy: str = field(repr=False)

    def ask(self, call: Call, what: Callable[[Any], object]) -> Evidence:
        """Make one call, for what it does."""
        api = lists(self.base, self.api_key, proxy=self.proxy, now=call.now)
        try:
            what(api)
        except Refusal as no:
            return meant(no)
        return Evidence(status=api.api_client.status, reference=api.api_client.reference, places=1)

    def read(
        self, call: Call, what: Callable[[Any], object], *, absent: Body | None = None, many: bool = False
    ) -> Body:
        """Make one call, for what it answers; ``absent`` where there is nobody, ``many`` where it is about many members."""
        api = lists(self.base, self.api_key, proxy=self.proxy, now=call.now, many=many)
        try:
            answer = what(api)
        except Refusal as no:
            if meant(no).absent and absent is not None:
                return absent
            raise NeedsSomeone(
                _("They answer that an audience does not exist: look at the setting.")
            ) from None
        if not isinstance(answer, dict):
            raise Unreachable
        return answer

    @sensitive_variables()
    def post(self, call: Call, audience: str, body: Body) -> Answer:
        """Send many members at once, for both; raises ``Refusal`` where the whole of it was refused."""
        api = lists(self.base, self.api_key, proxy=self.proxy, now=call.now, many=True)
        answer = api.batch_list_members(audience, body, skip_merge_validation=True)
        if not isinstance(answer, dict):
            raise Unreachable
        client = api.api_client
        return answer, Evidence(status=client.status, reference=client.reference, places=1)
