#!/usr/bin/env python
"""The shop's commands; works from any directory, installed or not."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Put the repository root on the path and let Django do the rest."""
    here = Path(__file__).resolve().parent
    # Python puts a script's directory first, where our apps would hide modules of the same names.
    sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != here)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_shop.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
