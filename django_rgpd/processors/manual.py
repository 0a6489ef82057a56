"""The processor without an API (the accountant, the carrier): a task for staff with a deadline, or a mail to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.outbox import jobs, mail
from django_rgpd.outbox.outcomes import NeedsSomeone
from django_rgpd.processors.base import Call, Capability, Contact, Evidence, Problems, Processor

REQUEST = "processors/request"
WRITTEN = "written_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(Processor):
    """Somebody does it, and notes the evidence in the admin.

    ``instructions``: what to do, for colleagues. ``to``: their mail address, to which the request is then written once;
    without it staff tell them. ``language``: that of the mail.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.ERASE, Capability.OPT_OUT, Capability.UPDATE}
    )
    by_hand: ClassVar[bool] = True
    at_once: ClassVar[int] = 1_000

    instructions: str
    to: str = ""
    language: str = ""

    def problems(self) -> Problems:
        """There is something to do, and an address if any is one."""
        if not str(self.instructions).strip():
            yield "lacks instructions: say what somebody has to do."
        if self.to:
            try:
                addresses.canonical(addresses.EMAIL, self.to)
            except BadAddress:
                yield "has no mail address in 'to'."

    def erase(self, contact: Contact, *, call: Call) -> Evidence:
        """Ask, then wait for the tick."""
        return self._ask(Capability.ERASE, contact, call=call)

    def opt_out(self, contact: Contact, purpose: str, *, call: Call) -> Evidence:
        """Ask, then wait for the tick."""
        return self._ask(Capability.OPT_OUT, contact, call=call)

    def update(self, former: Contact, contact: Contact, *, call: Call) -> Evidence:
        """Ask, then wait for the tick."""
        return self._ask(Capability.UPDATE, former, call=call, becomes=contact.address)

    @sensitive_variables()
    def _ask(self, step: Capability, contact: Contact, *, call: Call, becomes: str = "") -> Evidence:
        if self.to and WRITTEN not in call.job.progress:
            names = dict.fromkeys([contact.address, *contact.references])
            context = {
                "step": step.value,
                "address": ", ".join(one for one in names if one),
                "becomes": becomes,
                "due": call.job.due_at,
            }
            # In one transaction, so that they are written to once, whatever dies when.
            with transaction.atomic():
                mail.send(REQUEST, context=context, to=self.to, language=self.language, now=call.now)
                progress = {**call.job.progress, WRITTEN: clock.legal_day(call.now).isoformat()}
                jobs.renew(call.job, now=call.now, progress=progress)
        if self.to:
            raise NeedsSomeone(
                _("They were written to. When they have answered, note it here: “Done, with evidence”.")
            )
        raise NeedsSomeone(_("Do what the instructions say, then note it here: “Done, with evidence”."))
