"""The example shop with a task backend that has workers of its own: ``WORKERS`` says which, ``WORKERS_DATABASE`` where."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

BACKENDS = {
    "db": ("django_tasks_db.DatabaseBackend", ["django_tasks_db"]),
    "rq": ("django_tasks_rq.RQBackend", ["django_rq", "django_tasks_rq"]),
}
_path, _apps = BACKENDS[os.environ["WORKERS"]]

INSTALLED_APPS = [*INSTALLED_APPS, *_apps]
TASKS = {"default": {"BACKEND": _path, "QUEUES": ["default"]}}
RQ_QUEUES = {"default": {"URL": os.environ.get("WORKERS_REDIS", "redis://127.0.0.1:6379/0")}}
DATABASES = {"default": {**DATABASES["default"], "NAME": os.environ["WORKERS_DATABASE"]}}


class AsTheModelsSay(dict[str, None]):
    """No migrations: a run makes a database of its own, and the way there is tested elsewhere."""

    def __contains__(self, label: object) -> bool:
        return True

    def __missing__(self, label: str) -> None:
        return None


MIGRATION_MODULES = AsTheModelsSay()
