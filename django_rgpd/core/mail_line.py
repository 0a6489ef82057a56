"""One connection for the mails of a run: calling the mail server anew for each may cost more than the mail itself."""

from __future__ import annotations

import logging
import smtplib
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from django_rgpd.core import mail

log = logging.getLogger(__name__)

MOST = 50
"""Mails of one connection: mail servers hang up on who sends many more."""

IDLE = 5.0
"""Seconds of silence after which a connection is not trusted any more: other jobs take their time, and servers hang up."""


@dataclass(slots=True)
class _Line:
    """The connection while there is one; ``sent`` and ``at``: how many mails it took, and when it took the last one."""

    connection: BaseEmailBackend | None = None
    sent: int = 0
    at: float = 0.0

    def send(self, message: EmailMessage) -> None:
        """Send ``message`` by the connection, or by a new one where there is none, or where the server had hung up on it."""
        if self.sent >= MOST or time.monotonic() - self.at > IDLE:
            self.hang_up()
        used = self.connection is not None
        try:
            self._send(message)
        except (smtplib.SMTPException, OSError) as error:
            if not (used and _hung_up(error) and before_its_data(error)):
                raise
            self._send(message)

    def _send(self, message: EmailMessage) -> None:
        """After an error there is no connection, and the next mail has one of its own."""
        try:
            if self.connection is None:
                self.connection, self.sent = mail.connection(), 0
                self.connection.open()
            self.connection.send_messages([message])
        except BaseException:
            self.hang_up()
            raise
        self.sent, self.at = self.sent + 1, time.monotonic()

    def hang_up(self) -> None:
        """Close the connection, if there is one."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        try:
            connection.close()
        except Exception as error:  # what it was to send, it has sent, or has said so
            log.info("The connection for mails could not be closed: %s.", type(error).__name__)


_kept: ContextVar[_Line | None] = ContextVar("rgpd_mail_line", default=None)


@contextmanager
def kept() -> Iterator[None]:
    """Have the mails that ``leave`` inside of it share a connection, which is opened for the first of them."""
    if _kept.get() is not None:
        yield
        return
    line = _Line()
    before = _kept.set(line)
    try:
        yield
    finally:
        _kept.reset(before)
        line.hang_up()


def leave(message: EmailMessage) -> None:
    """Send ``message``, which brings no connection: by the one that is kept, or by its own.

    Raises what Django's ``send`` raises.
    """
    line = _kept.get()
    if line is None:
        message.send()
    else:
        line.send(message)


def before_its_data(error: Exception) -> bool:
    """Whether an SMTP session broke before the message itself was begun: then nobody can have got it.

    smtplib raises the same error at every step of ``sendmail``; only where it was raised tells which.
    """
    frames = [frame.f_code for frame, _line in traceback.walk_tb(error.__traceback__)]
    steps = {code.co_name for code in frames if code.co_filename == smtplib.__file__}
    return bool(steps) and "data" not in steps


def _hung_up(error: Exception) -> bool:
    """By going away, or by saying so first (421: RFC 5321, 3.8)."""
    return isinstance(error, smtplib.SMTPServerDisconnected) or getattr(error, "smtp_code", None) == 421
