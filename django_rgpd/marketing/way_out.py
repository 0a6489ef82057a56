"""The way out in a marketing mail: its headers, its link in each part, and the footer that shows it (CPCE L34-5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from uuid import UUID

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import EmailAlternative

from django_rgpd.core import conf, mail
from django_rgpd.core.errors import Misconfigured
from django_rgpd.marketing import links
from django_rgpd.policy import EMAIL, current

ONE_CLICK = "List-Unsubscribe=One-Click"
FOOTER = mail.path("marketing/footer")
_OURS = frozenset({"list-unsubscribe", "list-unsubscribe-post", "list-id"})
_TEXTS = frozenset({"text/plain", "text/html"})
_END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)


def headers(person: UUID, purpose: str, channel: str = EMAIL) -> dict[str, str]:
    """The headers by which ``person`` leaves with one click, and the list's name (RFC 8058, 3.1; RFC 2369; RFC 2919)."""
    email = current().controller.email
    by_mail = f", <mailto:{email}?subject=unsubscribe%20{purpose}>" if email else ""
    return {
        "List-Unsubscribe": f"<{links.unsubscribe_url(person, purpose, channel)}>{by_mail}",
        "List-Unsubscribe-Post": ONE_CLICK,
        "List-Id": f"<{purpose}.{channel}.{host()}>",
    }


def without(given: Mapping[str, str]) -> dict[str, str]:
    """``given`` without these headers, however they are spelled: there must be one of each."""
    return {name: value for name, value in given.items() if name.lower() not in _OURS}


def demand(message: EmailMessage, *targets: str, purpose: str) -> None:
    """Raise ``Misconfigured`` where a part of ``message`` shows none of ``targets``: a way out must be in each message."""
    for kind in missing(message, *targets):
        msg = (
            f"A mail of {purpose!r} shows no unsubscribe link in its {kind} part: include"
            " django_rgpd/marketing/mail/footer.txt and footer.html, or show {{ unsubscribe_url }}."
        )
        raise Misconfigured(msg)


def missing(message: EmailMessage, *targets: str) -> list[str]:
    """The kinds of the parts of ``message`` that show none of ``targets``."""
    return [kind for kind, content in _parts(message) if not _shows(kind, content, targets)]


def add_footer(message: EmailMessage, url: str, text: str, html: str) -> None:
    """Put the footer under each part of ``message`` that does not show ``url``; its lists must be its own.

    Parts that cannot take it (an HTML that ends inside a comment) are left to ``demand``.
    """
    message.body = _footed(_kind(message), str(message.body), url, text, html)
    if isinstance(message, EmailMultiAlternatives):
        message.alternatives = [
            EmailAlternative(_footed(str(one[1]), str(one[0]), url, text, html), str(one[1]))
            if one[1] in _TEXTS
            else one
            for one in message.alternatives
        ]


def host() -> str:
    """The host of the shop, as lists and messages are named."""
    return conf.get().BASE_URL.partition("://")[2].partition(":")[0] or "localhost"


def _footed(kind: str, content: str, url: str, text: str, html: str) -> str:
    if _shows(kind, content, (url,)):
        return content
    if kind == "text/plain":
        return f"{content}\n\n{text}" if content else text
    ends = list(_END_OF_BODY.finditer(content))
    at = ends[-1].start() if ends else len(content)
    whole = f"{content[:at]}{html}{content[at:]}"
    # The last </body> may stand in a comment, where nobody would see the footer.
    return whole if _shows(kind, whole, (url,)) else f"{content}{html}"


def _parts(message: EmailMessage) -> Iterator[tuple[str, str]]:
    yield _kind(message), str(message.body)
    if isinstance(message, EmailMultiAlternatives):
        yield from ((str(one[1]), str(one[0])) for one in message.alternatives if str(one[1]) in _TEXTS)


def _kind(message: EmailMessage) -> str:
    return "text/plain" if message.content_subtype == "plain" else "text/html"


def _shows(kind: str, content: str, targets: tuple[str, ...]) -> bool:
    if kind == "text/plain":
        return any(target in content for target in targets)
    reader = _Links()
    reader.feed(content)
    return not reader.found.isdisjoint(targets)


class _Links(HTMLParser):
    """The targets of the links in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a link leads."""
        if tag == "a":
            self.found |= {value for name, value in attrs if name == "href" and value}
