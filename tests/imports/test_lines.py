"""Lines of a list: what proves a consent, and what does not, with the reason."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from django_rgpd.consent.models import Wording
from django_rgpd.core.errors import Refused
from django_rgpd.imports import files, judging, reasons, trial
from django_rgpd.imports.malformed import Malformed
from tests.imports.conftest import good, judged, sheet

pytestmark = pytest.mark.django_db

LONG = "x" * 250
REFUSED = {
    "no address": (",2024-05-02,form,newsletter fr 1", reasons.BAD_ADDRESS),
    "no at sign": (good("ada.example.com"), reasons.BAD_ADDRESS),
    "an IP literal": (good("ada@[127.0.0.1]"), reasons.BAD_ADDRESS),
    "longer than mail servers carry": (good(f"{LONG}@example.com"), reasons.BAD_ADDRESS),
    "a line break in the address": ('"ada@example.com\r\nBcc: x",2024-05-02,form,x', reasons.BAD_ADDRESS),
    "no date": ("ada@example.com,,form,newsletter fr 1", reasons.NO_DATE),
    "yes for a date": ("ada@example.com,yes,form,newsletter fr 1", reasons.BAD_DATE),
    "a day that is none": (good(date="2023-02-29"), reasons.BAD_DATE),
    "month first": (good(date="05/31/2024"), reasons.BAD_DATE),
    "a spreadsheet's number": (good(date="45413"), reasons.BAD_DATE),
    "digits of another script": (good(date="٢٠٢٤-٠٥-٠٢"), reasons.BAD_DATE),
    "past the end of the calendar": (good(date="9999-12-31T23:59:59-14:00"), reasons.BAD_DATE),
    "the year zero": (good(date="0001-01-01"), reasons.BAD_DATE),
    "tomorrow": (good(date="2026-03-11"), reasons.FUTURE),
    "a minute ahead by its zone": (good(date="2026-03-10T12:01:00+00:00"), reasons.FUTURE),
    "before the law": (good(date="1994-12-31"), reasons.TOO_EARLY),
    "no way": ("ada@example.com,2024-05-02,,newsletter fr 1", reasons.NO_HOW),
    "yes alone": ("ada@example.com,2024-05-02,yes,newsletter fr 1", reasons.NO_HOW),
    "a way that names an address": ("ada@example.com,2024-05-02,told by eve@example.com,newsletter fr 1", reasons.PERSONAL_HOW),
    "a way that names a number": ("ada@example.com,2024-05-02,called 06 12 34 56 78,newsletter fr 1", reasons.PERSONAL_HOW),
    "a way without end": (f"ada@example.com,2024-05-02,{LONG},newsletter fr 1", reasons.PERSONAL_HOW),
    "no wording": ("ada@example.com,2024-05-02,form,", reasons.NO_WORDING),
    "a wording that is not there": ("ada@example.com,2024-05-02,form,newsletter fr 9", reasons.UNKNOWN_WORDING),
    "a wording that came later": (good(date="2015-01-01"), reasons.LATER_WORDING),
    "more cells than the header": (good() + ",and more", reasons.BAD_CELLS),
}  # fmt: skip


@pytest.mark.fault("E13")
@pytest.mark.fault("M01")
@pytest.mark.parametrize(("line", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_line_that_proves_nothing_is_left_out_with_its_reason(
    line: str, reason: str, wording: Wording, now: datetime
) -> None:
    """The line beside it is taken, and the reason is a sentence that quotes nothing of the line."""
    found = judged(sheet(line, good("grace@example.com")), now)

    assert found.told["refused"] == {reason: 1}
    assert found.told["accepted"] == 1
    [(number, words)] = files.refused(found.report)
    assert number == 2
    assert words == reasons.words(reason)
    assert "ada" not in words


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-02", datetime(2024, 5, 1, 22, tzinfo=UTC)),
        ("2024-05-02 10:00", datetime(2024, 5, 2, 8, tzinfo=UTC)),
        ("2024-05-02T10:00:30Z", datetime(2024, 5, 2, 10, 0, 30, tzinfo=UTC)),
        ("2024-05-02T10:00:00-05:00", datetime(2024, 5, 2, 15, tzinfo=UTC)),
        ("02/05/2024", datetime(2024, 5, 1, 22, tzinfo=UTC)),
        ("2.5.2024 9:05", datetime(2024, 5, 2, 7, 5, tzinfo=UTC)),
        ("02/05/2024 23:59:59", datetime(2024, 5, 2, 21, 59, 59, tzinfo=UTC)),
        ("2024-10-27 02:30", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_date_without_a_zone_is_legal_time(written: str, meant: datetime) -> None:
    """A bare day is its first moment: an objection of the same day weighs more."""
    assert judging.moment(written) == meant


def test_a_consent_whose_term_is_over_is_left_out(now: datetime) -> None:
    """Three years after the last contact nothing more may be sent, whenever the list is brought."""
    text = "fr Oui, des offres."
    for date, accepted in (("2023-03-10", 0), ("2023-03-11", 1)):
        content = sheet(f"ada@example.com,{date},form,", header="email,date,how,wording\n")
        found = trial.judge(io.BytesIO(content), "offers", "email", wording=text, now=now)
        assert found.told["accepted"] == accepted, date


@pytest.mark.parametrize("column", ["opt_in", "Consentement", "unsubscribed"])
def test_a_line_that_says_no_is_left_out(column: str, wording: Wording, now: datetime) -> None:
    """A list often holds those who left as well."""
    says = {"unsubscribed": ("no", "yes")}.get(column, ("yes", "no"))
    rows = [f"{good(f'p{number}@example.com')},{word}" for number, word in enumerate(says)]

    found = judged(sheet(*rows, header=f"email,date,how,wording,{column}\n"), now)

    assert found.told["refused"] == {reasons.NOT_AGREED: 1}
    assert [one.address for one in files.consents(found.accepted, after=0)] == ["p0@example.com"]


def test_of_two_lines_of_an_address_the_latest_date_counts(wording: Wording, now: datetime) -> None:
    """Whatever their order and spelling; a line that proves nothing beats none."""
    rows = [
        good("ada@example.com", date="2023-01-01"),
        good("ADA@Example.com", date="2024-01-01"),
        good("ada@example.com", date="2022-01-01"),
        good("ada@example.com", date="2031-01-01"),
    ]

    found = judged(sheet(*rows), now)

    assert [one.line for one in files.consents(found.accepted, after=0)] == [3]
    reported = dict(files.refused(found.report))
    assert reported[2] == reported[4] == reasons.words(reasons.TWICE, 3)
    assert reported[5] == reasons.words(reasons.FUTURE)


@pytest.mark.parametrize(
    ("column", "stays", "left"),
    [
        ("UNSUB_TIME", "", "2024-06-01 09:00:00"),
        ("Date de désinscription", "", "01/06/2024"),
        ("EMAIL_BLACKLISTED", "false", "true"),
        ("Status", "subscribed", "unsubscribed"),
        ("Statut", "Abonné", "désabonné"),
        ("status", "active", "bounced"),
    ],
)
def test_a_list_of_a_mailing_service_says_in_its_own_words_who_left(
    column: str, stays: str, left: str, wording: Wording, now: datetime
) -> None:
    """What such services export names those who left beside those who stay, with the date of their consent."""
    rows = [f"{good('p0@example.com')},{stays}", f"{good('p1@example.com')},{left}"]

    found = judged(sheet(*rows, header=f"email,date,how,wording,{column}\n"), now)

    assert found.told["refused"] == {reasons.NOT_AGREED: 1}
    assert [one.address for one in files.consents(found.accepted, after=0)] == ["p0@example.com"]


@pytest.mark.parametrize("said", [("yes", "no"), ("no", "yes"), ("yes", "yes", "no", "yes")])
def test_who_says_no_in_one_line_is_taken_by_none(
    said: tuple[str, ...], wording: Wording, now: datetime
) -> None:
    """A list of what happened holds her yes and her no, in whatever order, and does not say when she left."""
    rows = [f"{good('p1@example.com', date=f'202{at}-01-01')},{word}" for at, word in enumerate(said)]
    denying = said.index("no") + 2

    found = judged(
        sheet(*rows, f"{good('p2@example.com')},yes", header="email,date,how,wording,opt_in\n"), now
    )

    assert [one.address for one in files.consents(found.accepted, after=0)] == ["p2@example.com"]
    reported = dict(files.refused(found.report))
    assert reported.pop(denying) == reasons.words(reasons.NOT_AGREED)
    assert reasons.words(reasons.SAYS_NO_TOO, denying) in reported.values()


@pytest.mark.fault("Q02")
def test_a_text_of_the_file_is_proof_for_its_line_alone(wording: Wording, now: datetime) -> None:
    """Each line keeps the text that it brings; what stood elsewhere covers nothing else."""
    header = "email,date,how,wording_text,language\n"
    rows = [
        'ada@example.com,2020-05-02,form,"Yes, write to me.",en',
        "eve@example.com,2010-01-01,form,Oui !,fr",
    ]

    found = judged(sheet(*rows, header=header), now)

    assert found.texts == ["en Yes, write to me.", "fr Oui !"]
    assert [one.wording for one in files.consents(found.accepted, after=0)] == ["0", "1"]


def test_a_column_of_many_texts_is_no_column_of_wordings(now: datetime) -> None:
    """What people wrote themselves must not become wordings of the library."""
    rows = [f"p{number}@example.com,2020-05-02,form,text {number}" for number in range(101)]

    with pytest.raises(Malformed, match="right column"):
        judged(sheet(*rows, header="email,date,how,wording_text\n"), now)


@pytest.mark.parametrize(
    ("purpose", "channel"),
    [("nothing", "email"), ("orders", "email"), ("reviews", ""), ("newsletter", "sms"), ("offers", "post")],
)
def test_a_list_is_only_for_marketing_that_rests_on_consent(
    purpose: str, channel: str, now: datetime
) -> None:
    """And for channels that an address of the list is written to by."""
    with pytest.raises(Refused):
        trial.judge(io.BytesIO(sheet(good())), purpose, channel, now=now)


def test_a_list_of_numbers_is_for_text_messages(now: datetime) -> None:
    """The column is another, and so is what counts as an address."""
    content = sheet(
        "+33 6 12 34 56 78,2025-05-02,paper at the fair",
        header="Téléphone;Date d'inscription;Origine\n".replace(";", ","),
    )

    found = trial.judge(io.BytesIO(content), "offers", "sms", wording="fr Oui.", now=now)

    [one] = files.consents(found.accepted, after=0)
    assert (one.address, one.at) == ("+33612345678", datetime(2025, 5, 1, 22, tzinfo=UTC))
    assert now - one.at < timedelta(days=400)
