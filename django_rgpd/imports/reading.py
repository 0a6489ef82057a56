"""Reading a file as a list: its encoding, its delimiter and its lines, one at a time, whatever its size."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from django.utils.translation import gettext as _

from django_rgpd.imports import columns
from django_rgpd.imports.columns import Header
from django_rgpd.imports.malformed import Malformed

LARGEST = 50 * 1024 * 1024
"""Bytes of the largest file: about half a million lines."""

_BLOCK = 64 * 1024
_LONGEST_LINE = 256 * 1024
_LONGEST_CELL = 32 * 1024
_DELIMITERS = (",", ";", "\t")
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the list; ``number`` is that of the line of the file on which it begins."""

    number: int
    cells: dict[str, str]
    fits: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A file that can be read as a list."""

    encoding: str
    delimiter: str
    header: Header


def look(file: IO[bytes], address: str) -> Listing:
    """How ``file`` is written: encoding and delimiter are recognised, the header is read.

    ``address``: the column that the addresses are in. Raises ``Malformed``, with what to do about it.
    """
    encoding = _encoding(file)
    found = [(columns.understood(cells), mark, cells) for mark, cells in _first_lines(file, encoding)]
    number, delimiter, cells = max(found, key=lambda one: one[0])
    if not number:
        raise Malformed(
            _("The first line must name the columns: email, date, how, wording; separated by “,” or “;”.")
        )
    return Listing(encoding, delimiter, columns.header(cells, address))


def lines(file: IO[bytes], listing: Listing) -> Iterator[Line]:
    """Every line below the header but empty ones. Raises ``Malformed`` where a quote is never closed, or the like."""
    places, width = listing.header.places, listing.header.width
    for number, cells in _records(file, listing.encoding, listing.delimiter):
        if number == 1 or not any(cell.strip() for cell in cells):
            continue
        found = {column: cells[place] if place < len(cells) else "" for column, place in places.items()}
        yield Line(number, found, not any(cell.strip() for cell in cells[width:]))


def _first_lines(file: IO[bytes], encoding: str) -> Iterator[tuple[str, list[str]]]:
    for delimiter in _DELIMITERS:
        _number, cells = next(_records(file, encoding, delimiter), (0, []))
        if not cells:
            raise Malformed(_("The file has no first line that names the columns."))
        yield delimiter, cells


def _records(file: IO[bytes], encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    file.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosed(file)), encoding=encoding, newline="")
    try:
        reader = csv.reader(_short_lines(text), delimiter=delimiter, strict=True)
        while True:
            number = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if any(len(cell) > _LONGEST_CELL for cell in cells):
                raise Malformed(_("Line %(line)d has a cell that is far too long.") % {"line": number})
            yield number, cells
    except csv.Error:  # its own words may quote nothing, but are for programmers
        words = _(
            "From line %(line)d on the file is no list: look for a quote that is opened and not closed."
        )
        raise Malformed(words % {"line": number}) from None
    except UnicodeError:
        raise Malformed(_unreadable()) from None
    finally:
        text.detach()


def _short_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Its lines; one that never ends is not read into memory."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise Malformed(_("The file has a line that is far too long."))
        yield line


def _encoding(file: IO[bytes]) -> str:
    """UTF-8, UTF-16 with its mark, or what Windows wrote where it is neither. Raises ``Malformed``."""
    file.seek(0)
    start = file.read(4)
    if not start:
        raise Malformed(_("The file is empty."))
    for mark, name in _MARKS.items():
        if start.startswith(mark) and not start.startswith(codecs.BOM_UTF32_LE):
            _decodes(file, name)
            return name
    for name in ("utf-8", "cp1252"):
        if _decodes(file, name, last=name == "cp1252"):
            return name
    raise Malformed(_unreadable())


def _decodes(file: IO[bytes], encoding: str, *, last: bool = True) -> bool:
    """Whether all of ``file`` is text in ``encoding``."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    size = 0
    try:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > LARGEST:
                raise Malformed(_("The file is larger than 50 MB: cut it in two."))
            if "\0" in decoder.decode(block):
                raise Malformed(_unreadable())
        decoder.decode(b"", final=True)
    except UnicodeError:
        if last:
            raise Malformed(_unreadable()) from None
        return False
    return True


def _unreadable() -> str:
    return _(
        "This is not a text file in UTF-8, UTF-16 or Windows-1252: save it as “CSV UTF-8” and try again."
    )


class _Unclosed(io.RawIOBase):
    """A file that another owner closes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is, at most as much as fits."""
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)
