"""What really leaves of a marketing mail: one mail a reader, or one batch for which the provider makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from email.utils import quote

from django.core.mail import EmailMessage, EmailMultiAlternatives

from django_rgpd.core import addresses, mail
from django_rgpd.core.errors import BadAddress
from django_rgpd.marketing import labels, links, opens, sorting, way_out
from django_rgpd.policy import EMAIL, current
from django_rgpd.registry.models import Person

SIZE = 50
"""Readers of one batch: what the strictest provider takes (Mailjet, Amazon SES)."""

_BATCHES = frozenset(
    {"Amazon SES", "Brevo", "Mailgun", "Mailjet", "Mailtrap", "Postmark", "SendGrid", "SparkPost", "Test"}
)
"""Where each reader of a batch can have headers of her own (anymail's ``merge_headers``) and her own link in a template."""

_PLACEHOLDERS = {
    "Brevo": ("{{ params.unsubscribe_url }}", "{{params.unsubscribe_url}}"),
    "Mailgun": ("%recipient.unsubscribe_url%",),
    "SparkPost": ("{{ unsubscribe_url }}", "{{unsubscribe_url}}"),
}
"""What these put each reader's link for, in a text that is no template of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody to whom the mail may go, why, and whether it may be seen that she opens it."""

    name: str
    address: str = field(repr=False)
    person: Person = field(repr=False)
    reason: str
    opens: bool

    @property
    def to(self) -> str:
        """As she stands in the mail."""
        return f'"{quote(self.name)}" <{self.address}>' if self.name else self.address

    def links(self, purpose: str) -> dict[str, str]:
        """Her links, by the names that templates use."""
        return {
            "unsubscribe_url": links.unsubscribe_url(self.person.uuid, purpose, EMAIL),
            "preferences_url": links.preferences_url(self.person.uuid),
        }


def written(
    message: EmailMessage, readers: Sequence[Reader], purpose: str, esp: str
) -> Iterator[tuple[EmailMessage, Sequence[Reader]]]:
    """The messages to hand over for ``readers``, and for which of them each is.

    One a reader, with a footer where a part does not show her link. A batch only where the provider ``esp`` gives each reader
    headers and a link of her own: the text is a template there, or holds its placeholder of ``unsubscribe_url``. ``message``
    itself is left as it is. Raises ``Misconfigured`` where a part cannot show the link.
    """
    if not _in_batches(message, esp):
        for reader in readers:
            yield _single(message, reader, purpose, esp), [reader]
        return
    for seen in (True, False):
        alike = [one for one in readers if one.opens is seen]
        for start in range(0, len(alike), SIZE):
            some = alike[start : start + SIZE]
            yield _batch(message, some, purpose, esp), some


def _in_batches(message: EmailMessage, esp: str) -> bool:
    if esp not in _BATCHES:
        return False
    if sorting.template_of(message) is not None:
        return True
    return esp in _PLACEHOLDERS and not way_out.missing(message, *_PLACEHOLDERS[esp])


def _single(message: EmailMessage, reader: Reader, purpose: str, esp: str) -> EmailMessage:
    made = _copy(message, [reader], purpose, esp)
    own = {name: _of(message, name, [reader]).get(reader.address, {}) for name in sorting.MERGED}
    headers = {name: str(value) for name, value in own["merge_headers"].items()}
    made.extra_headers |= way_out.without(headers) | way_out.headers(reader.person.uuid, purpose)
    for name in sorting.MERGED:
        vars(made).pop(name, None)
    for name in ("merge_data", "merge_metadata"):
        if own[name]:
            setattr(made, name, {reader.address: own[name]})
    urls = reader.links(purpose)
    if esp and sorting.template_of(message) is not None:
        made.merge_data = {reader.address: {**own["merge_data"], **urls}}  # type: ignore[attr-defined]
        return made
    way_out.add_footer(made, urls["unsubscribe_url"], *_footer(reader, purpose, urls))
    way_out.demand(made, urls["unsubscribe_url"], purpose=purpose)
    return made


def _batch(message: EmailMessage, readers: Sequence[Reader], purpose: str, esp: str) -> EmailMessage:
    made = _copy(message, readers, purpose, esp)
    data, headers = _of(message, "merge_data", readers), _of(message, "merge_headers", readers)
    merged: dict[str, dict[str, str]] = {}
    for one in readers:
        hers = {name: str(value) for name, value in headers.get(one.address, {}).items()}
        # All of them for each reader: some providers let a reader's headers stand in for the common ones.
        merged[one.address] = way_out.without(hers) | way_out.headers(one.person.uuid, purpose)
    values = {
        "merge_headers": merged,
        "merge_data": {one.address: {**data.get(one.address, {}), **one.links(purpose)} for one in readers},
    }
    if metadata := _of(message, "merge_metadata", readers):
        values["merge_metadata"] = metadata
    for name in sorting.MERGED:
        vars(made).pop(name, None)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _copy(message: EmailMessage, readers: Sequence[Reader], purpose: str, esp: str) -> EmailMessage:
    made = copy(message)
    made.to, made.cc, made.bcc = [one.to for one in readers], [], []
    made.subject = mail.clean_header(str(message.subject))
    made.extra_headers = way_out.without(message.extra_headers)
    if len(message.to) > 1:  # no two mails have the same
        made.extra_headers = {
            name: value for name, value in made.extra_headers.items() if name.lower() != "message-id"
        }
    made.attachments = list(message.attachments)
    if isinstance(made, EmailMultiAlternatives):
        made.alternatives = list(made.alternatives)
    labels.label(made, purpose=purpose)
    if not readers[0].opens:
        opens.switch_off(made, esp)
    return made


def _of(message: EmailMessage, name: str, readers: Sequence[Reader]) -> dict[str, Mapping[str, object]]:
    """What is merged under ``name`` for each of ``readers``, by her canonical address."""
    found = {}
    for written_as, value in sorting.merged(message, name).items():
        try:
            found[addresses.canonical(addresses.EMAIL, written_as)] = value
        except BadAddress:
            continue
    return {one.address: found[one.address] for one in readers if one.address in found}


def _footer(reader: Reader, purpose: str, urls: Mapping[str, str]) -> tuple[str, str]:
    policy = current()
    context = {
        "purpose": policy.purpose(purpose),
        "controller": policy.controller,
        "reason": reader.reason,
        **urls,
    }
    return mail.fragment(way_out.FOOTER, context, language=reader.person.language)
