"""The example shop on a database that is a file, so that it can be killed, copied and opened again."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, RGPD, VAR

DATABASES["default"]["NAME"] = str(VAR / "shop.sqlite3")
EMAIL_BACKEND = "example_shop.mailbox.backend.MailboxBackend"  # a file a mail: handed over is handed over
RGPD = {**RGPD, "MIRROR_ROOT": str(VAR / "mirror"), "EXPORT_ROOT": str(VAR / "exports")}
