"""For shops' tests: that nobody forgot to say what a mail is."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.mail import EmailMessage

from django_rgpd.core import mail_class


def assert_each_mail_has_a_class(messages: Iterable[EmailMessage]) -> None:
    """Fail where one of ``messages`` (``mail.outbox``) was marked neither as marketing nor as service.

    It does not read what a mail says: whether a service mail advertises something is for whoever reviews its template.
    """
    without = [str(one.subject) for one in messages if mail_class.of(one) is None]
    assert not without, (
        f"{len(without)} mails have no class (marketing.classes.marketing or service); the first is called"
        f" {without[0]!r}."
    )
