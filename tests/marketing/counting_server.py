"""Run by a test in a process of its own: a mail server that writes down who got a mail, a line each, and its port first.

``python -m tests.marketing.counting_server FILE``
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Listening(Controller):
    """On whichever port is free."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Counting:
    """Notes the recipient before it says that it took the message."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a", buffering=1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take it."""
        self.file.writelines(f"{one}\n" for one in envelope.rcpt_tos)
        return "250 OK"


if __name__ == "__main__":
    controller = Listening(Counting(Path(sys.argv[1])), hostname="127.0.0.1", port=0)
    controller.start()
    sys.stdout.write(f"{controller.port}\n")
    sys.stdout.flush()
    signal.pause()
