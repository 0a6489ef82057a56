"""Having a processor stop writing to many people whom it holds: together where it can be told so, else one by one."""

from __future__ import annotations

from collections.abc import Sequence

from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Alone, Declined
from django_rgpd.processors.base import Call, Capability, Contact, Processor


@sensitive_variables()
def opt_out(processor: Processor, addresses: Sequence[str], purpose: str, *, call: Call) -> list[str]:
    """Nothing is sent to ``addresses``, at most ``MANY``, for ``purpose`` any more; returns of whom they would not take it."""
    alone, refused = list(addresses), []
    if processor.can(Capability.OPT_OUT_MANY) and processor.many(purpose):
        told = processor.opt_out_many([Contact(address=one) for one in addresses], purpose, call=call)
        alone = [one for one, end in told.refused.items() if isinstance(end, Alone)]
        refused = [one for one in told.refused if one not in alone]
    for one in alone:
        try:
            processor.opt_out(Contact(address=one), purpose, call=call)
        except Declined:
            refused.append(one)
    return refused
