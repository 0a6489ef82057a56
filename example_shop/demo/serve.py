"""Serves the shop on this machine, with the library's background work beside it in a thread."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import CommandError, call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, close_old_connections, connections

HOST = "127.0.0.1"
log = logging.getLogger(__name__)


class _Quiet(WSGIRequestHandler):
    """Answers without a line in the log for each file."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Server(ThreadedWSGIServer):
    """The shop's pages and static files. ``port`` 0 takes a free one."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Quiet)
        self.set_app(StaticFilesHandler(get_wsgi_application()))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_address[1]}"


@contextmanager
def background(every: float) -> Iterator[None]:
    """Have ``rgpd_run`` do what is due every so many seconds while the block runs."""
    stop = threading.Event()
    worker = threading.Thread(target=_work, args=(every, stop), daemon=True, name="rgpd_run")
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=30)


def _work(every: float, stop: threading.Event) -> None:
    while not stop.wait(every):
        close_old_connections()
        try:
            call_command("rgpd_run", stdout=io.StringIO(), stderr=io.StringIO())
        except DatabaseError as error:
            log.warning("The database does not answer (%s); trying again.", type(error).__name__)
        except CommandError:
            log.warning("A job failed, or waits for staff: the jobs in the admin say which.")
        except Exception as error:  # a demonstration goes on, and says so
            log.warning("Background work failed: %s.", type(error).__name__)
    connections.close_all()


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """Answer requests in a thread while the block runs; gives the URL."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def serve(server: Server) -> None:
    """Answer requests until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()
