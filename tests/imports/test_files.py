"""Files that are handed in: how they may be written, and that no file does harm."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.consent.models import Wording
from django_rgpd.core.errors import Refused
from django_rgpd.imports import batches, files, reading, trial
from django_rgpd.imports.malformed import Malformed
from django_rgpd.imports.models import ConsentImport, Stage
from tests.imports import conftest
from tests.imports.conftest import good, judged, sheet

pytestmark = pytest.mark.django_db

TEXT = "email;date;how;wording\r\nada@example.com;02/05/2024;réponse à la fête;newsletter fr 1\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(
    encoding: str, delimiter: str, wording: Wording, now: datetime
) -> None:
    """With or without a mark, in whatever way columns are separated."""
    content = TEXT.replace(";", delimiter).encode(encoding)

    found = judged(content, now)

    [one] = files.consents(found.accepted, after=0)
    assert (one.address, one.how) == ("ada@example.com", "réponse à la fête")


MALFORMED = {
    "empty": b"",
    "blank lines": b"\n\n",
    "no header": good().encode(),
    "a header without evidence": b"email,opt_in\nada@example.com,yes\n",
    "a header that names a column twice": b"email,date,how,mail\nada@example.com,2024-05-02,form,ada@example.com\n",
    "a quote that is never closed": sheet(good(), '"ada@example.com,2024-05-02,form,newsletter fr 1'),
    "a quote in the middle": sheet('"ada"@example.com,2024-05-02,form,newsletter fr 1'),
    "a spreadsheet itself": b"PK\x03\x04" + bytes(range(256)),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-32": TEXT.encode("utf-32"),
    "half of UTF-16": TEXT.encode("utf-16")[:-1],
    "bytes that no encoding has": TEXT.encode() + b"\x81\x8d",
    "NUL": sheet(good("a\0da@example.com")),
    "a line without an end": sheet("x" * 300_000),
    "a cell without an end": sheet('"' + "line\n" * 30_000 + '",,,'),
    "very many columns": b"," * 500 + b"email,date,how\n",
}


@pytest.mark.fault("H07")
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_is_no_list_is_refused_as_a_whole(
    content: bytes, private: Path, wording: Wording, now: datetime
) -> None:
    """In words, with nothing written and no file left."""
    before = conftest.database()

    with pytest.raises(Malformed) as refusal:
        judged(content, now)

    assert str(refusal.value.reason)
    assert "ada" not in str(refusal.value.reason)
    assert conftest.database() == before
    assert conftest.files(private) == []


def test_a_refused_file_is_gone_and_its_page_says_why(private: Path, now: datetime) -> None:
    """The job ends, nothing is tried again, and the upload is deleted."""
    batch = batches.receive([b"nonsense"], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)

    batch.refresh_from_db()
    assert batch.stage == Stage.REFUSED
    assert "first line" in batch.note
    assert conftest.files(private) == []
    assert not batches.confirm(batch.uuid, actor="user:1", now=now)


def test_a_file_that_is_too_large_is_refused_before_it_is_kept(
    private: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its declared size was."""
    monkeypatch.setattr(files, "LARGEST", 1_000)

    with pytest.raises(Malformed, match="50 MB"):
        batches.receive([b"x" * 600] * 2, purpose="newsletter", channel="email", actor="user:1", now=now)

    assert conftest.files(private) == []
    assert not ConsentImport.objects.exists()


def test_quoted_line_breaks_belong_to_their_line(wording: Wording, now: datetime) -> None:
    """And the numbers are those that an editor shows."""
    rows = [
        'ada@example.com,2024-05-02,"form\non the home page",newsletter fr 1',
        "",
        "nonsense",
        good("eve@example.com"),
    ]

    found = judged(sheet(*rows), now)

    assert [line for line, _words in files.refused(found.report)] == [5]
    assert [(one.line, one.how) for one in files.consents(found.accepted, after=0)] == [
        (2, "form on the home page"),
        (6, "form on the home page"),
    ]


def test_other_columns_are_named_and_kept_nowhere(private: Path, wording: Wording, now: datetime) -> None:
    """Of a column whose name holds an address not even the name."""
    content = sheet(
        good() + ",Lovelace,192.0.2.7,x", header="email,date,how,wording,last name,IP,eve@example.com\n"
    )

    found = judged(content, now)

    assert found.told["ignored"] == ["last name", "IP", "…"]
    kept = b"".join(path.read_bytes() for path in conftest.files(private))
    assert b"ada@example.com" in kept
    for value in (b"Lovelace", b"192.0.2.7", b"eve@example.com"):
        assert value not in kept


def test_files_are_for_the_process_alone(private: Path, wording: Wording, now: datetime) -> None:
    """Nobody else on the machine reads the list, and no name says what it is."""
    batches.receive([sheet(good())], purpose="newsletter", channel="email", actor="user:1", now=now)

    [path] = conftest.files(private)
    assert path.stat().st_mode & 0o777 == 0o600
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.fault("X08")
def test_the_report_holds_no_cell_of_the_file(wording: Wording, now: datetime) -> None:
    """So that no spreadsheet that opens it runs a formula of somebody else's."""
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "\u200b=1"]
    rows = [f'"{one}","{one}","{one}","{one}"' for one in evil]

    found = judged(sheet(*rows), now)

    text = "".join(files.report(files.refused(found.report)))
    cells = [cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) for cell in row]
    assert len(cells) == 2 * (len(evil) + 1)
    assert not [cell for cell in cells if not cell[:1].isalnum()]
    assert "1+1" not in text


def test_lines_are_read_one_at_a_time(now: datetime) -> None:
    """A file is never in memory whole: only a block of it was read when its first line is there."""
    content = sheet(*[good(f"p{number}@example.com") for number in range(20_000)])

    class Counted(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            block = super().read(size)
            self.taken += len(block)
            return block

    file = Counted(content)
    listing = reading.look(file, "email")
    file.taken = 0
    next(reading.lines(file, listing))
    assert 0 < file.taken < len(content) / 4


@pytest.mark.fault("H07")
@given(
    st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(lambda text: sheet(text)),
        st.lists(st.text(max_size=30), max_size=6).map(lambda cells: sheet(",".join(cells))),
        st.lists(
            st.sampled_from(
                [
                    "ada@example.com",
                    "2024-05-02",
                    "form",
                    "newsletter fr 1",
                    '"',
                    ",",
                    "\r",
                    "\n",
                    "\0",
                    "é",
                    "=1",
                ]
            )
        ).map(lambda parts: sheet("".join(parts))),
    )
)
def test_whatever_the_bytes_they_are_judged_or_refused_in_words(content: bytes) -> None:
    """Never a traceback, and nothing is written."""
    now = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    before = conftest.database()
    with suppress(Refused):
        found = judged(content, now, wording="fr Oui.")
        files.drop(found.accepted, found.report)
    assert conftest.database() == before


def test_the_trial_says_how_far_it_is(wording: Wording, now: datetime) -> None:
    """A page or a bar hears of it."""
    heard: list[int] = []
    content = io.BytesIO(sheet(*[good(f"p{number}@example.com") for number in range(600)]))

    trial.judge(content, "newsletter", "email", now=now, tell=heard.append)

    assert heard == [500, 600]
