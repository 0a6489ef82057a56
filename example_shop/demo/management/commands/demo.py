"""Makes the shop, fills it, says what to try, and serves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.ledger import guard
from example_shop.demo.serve import Server, background, serve, serving

PORT = 8000


class Command(BaseCommand):
    """The whole demonstration in one command."""

    help = "Makes an example shop, fills it with made-up customers, says what to try, and serves it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--customers", type=_count, default=30, metavar="N", help="how many customers (default: 30)"
        )
        parser.add_argument("--port", type=int, default=None, help=f"where to serve (default: {PORT})")
        parser.add_argument(
            "--with-processors",
            action="store_true",
            help="with a Mailchimp of this machine, to see both sides",
        )
        parser.add_argument("--no-serve", action="store_true", help="make and fill the shop only")
        parser.add_argument("--fresh", action="store_true", help="begin again with an empty shop")
        parser.add_argument(
            "--check",
            action="store_true",
            help="walk the whole journey over HTTP instead, in a shop of its own",
        )

    def handle(
        self,
        *,
        customers: int,
        port: int | None,
        no_serve: bool,
        fresh: bool,
        check: bool,
        with_processors: bool = False,
        **options: Any,
    ) -> None:
        """Do it."""
        if check and "SHOP_VAR" not in os.environ:
            self._elsewhere(customers)
            return
        self._make(customers, fresh=fresh or check)
        if check:
            self._check(port or 0)
        elif not no_serve:
            self._serve(PORT if port is None else port, with_processors=with_processors)

    def _make(self, customers: int, *, fresh: bool) -> None:
        """The tables, then what is in them, unless it is there already."""
        from example_shop.accounts.models import User
        from example_shop.demo.fill import fill

        call_command("migrate", verbosity=0)
        if fresh:
            with guard.lifted():
                call_command("flush", interactive=False, verbosity=0)
            for name in ("invoices", "mailbox", "media", "exports"):
                shutil.rmtree(Path(settings.MEDIA_ROOT).parent / name, ignore_errors=True)
        if User.objects.exists():
            self.stdout.write(_("The shop is there already; --fresh begins again."))
            return
        # A shop that begins anew has a ledger that begins anew, whatever the one before it mirrored.
        shutil.rmtree(Path(settings.RGPD["MIRROR_ROOT"]), ignore_errors=True)
        fill(max(customers, 1), now=timezone.now())

    def _serve(self, port: int, *, with_processors: bool) -> None:
        server = self._server(port)
        self._say_what_to_try(server.url)
        with self._processors(server.url) if with_processors else nullcontext(), background(every=5):
            serve(server)
        self.stdout.write("")

    @contextmanager
    def _processors(self, url: str) -> Iterator[None]:
        if not find_spec("mailchimp_marketing"):
            raise CommandError('pip install "django-rgpd[mailchimp]"')
        from example_shop.demo.mailchimp import at_the_shop

        with at_the_shop(url) as (_peer, page):
            self.stdout.write(
                _("Mailchimp's side: %(url)s shows what it holds; who leaves there has left here.")
                % {"url": page}
            )
            yield

    def _check(self, port: int) -> None:
        """Walk the journey; raises ``CommandError`` at the first step that fails."""
        from example_shop.journey import walk

        server = self._server(port)
        with background(every=0.5), serving(server) as url:
            try:
                walk(url)
            except AssertionError as error:
                raise CommandError(_("The journey ends here: %(why)s") % {"why": error}) from error

    def _elsewhere(self, customers: int) -> None:
        """Check in a directory of its own, so that the shop that somebody plays with stays as it is."""
        manage = Path(__file__).resolve().parents[3] / "manage.py"
        with tempfile.TemporaryDirectory(prefix="shop-check-") as var:
            command = [sys.executable, str(manage), "demo", "--check", "--customers", str(customers)]
            done = subprocess.run(command, env={**os.environ, "SHOP_VAR": var}, check=False)  # noqa: S603
        if done.returncode:
            sys.exit(done.returncode)

    def _server(self, port: int) -> Server:
        try:
            server = Server(port)
        except OSError:
            told = {"port": port}
            raise CommandError(_("Port %(port)d is taken; choose another one with --port.") % told) from None
        settings.RGPD = {**settings.RGPD, "BASE_URL": server.url}
        conf.get.cache_clear()
        return server

    def _say_what_to_try(self, url: str) -> None:
        from example_shop.demo.fill import CUSTOMER, DPO, QUIET, STAFF
        from example_shop.demo.marketing import MARKETER
        from example_shop.factories import PASSWORD

        say = self.stdout.write
        say("")
        say(_("The shop is open: %(url)s") % {"url": f"{url}/"})
        say("")
        say(_("Everybody's password is %(password)s") % {"password": PASSWORD})
        say(f"  {CUSTOMER:22} {_('a customer: orders, one still on its way, a present, a review')}")
        say(f"  {QUIET:22} {_('not heard of for nearly three years: the mailbox asks whether offers go on')}")
        say(f"  {STAFF:22} {_('works for the shop')}: {url}/admin/")
        say(f"  {DPO:22} {_('the data-protection officer')}: {url}/admin/")
        say(
            f"  {MARKETER:22} {_('writes the newsletter and the texts beside boxes, records objections')}: {url}/admin/"
        )
        say("")
        say(_("Try:"))
        for text in (
            _("subscribe to the newsletter at the foot of a page, and confirm from the mailbox"),
            _("order as a guest, or as the customer"),
            _("as the customer: review a product, then see what the product page shows of your name"),
            _("as the customer: %(url)s, where you refuse offers, take a copy, delete the account")
            % {"url": f"{url}/privacy/"},
            _(
                "as staff: keep the data of an order in dispute, from its page, and read the customer's deletion page"
            ),
            _(
                "as staff: record an objection that came by letter; in the archive, find the invoices of who left"
            ),
            _(
                "as who writes the newsletter: look at the campaign that is a draft, send yourself a test, send it"
            ),
            _("as the data-protection officer: read in the ledger who read the archive"),
            _("in a terminal, with this shop's manage.py: rgpd_status, rgpd_report, rgpd_adopt, rgpd_verify"),
        ):
            say(f"  - {text}")
        say("")
        say(_("Mails do not leave this machine: %(url)s") % {"url": f"{url}/mailbox/"})
        say(_("Ctrl-C ends it."))


def _count(text: str) -> int:
    return max(int(text), 0)
