"""Numbers that mean nothing are refused by every command, in words, before anything is done."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from django_rgpd.outbox.models import Job

NUMBERS = {
    ("rgpd_report", "--months"): ["-3", "x", "1.5", "99999999"],
    ("rgpd_sweep", "--max-seconds"): ["nan", "-1", "inf", "soon"],
    ("rgpd_run", "--limit"): ["-1", "x"],
    ("rgpd_run", "--loop"): ["-1", "nan", "0", "inf"],
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "option", "given"),
    [(*option, given) for option, wrong in NUMBERS.items() for given in wrong],
)
def test_a_number_that_means_nothing_is_refused(command: str, option: str, given: str) -> None:
    with pytest.raises(CommandError, match=f"argument {option}: (a|at most) "):
        call_command(command, f"{option}={given}")
    assert not Job.objects.exists()
