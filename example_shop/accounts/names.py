"""What a line of text that names somebody or something may hold."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> None:
    """Refuse line breaks, control characters and direction overrides: they forge headers or hide a text.

    Raises ``ValidationError``.
    """
    if any(unicodedata.category(sign) in _BREAKS or sign in _DIRECTIONS for sign in text):
        raise ValidationError(
            _("Line breaks and control characters cannot stand here."), code="control_characters"
        )
