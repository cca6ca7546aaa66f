"""Names of fields, and of their columns in the table.

The column's name says field and kind, so that it needs no list beside the table: `field:number:Weight (kg)`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from unpool.errors import UsageError
from unpool.store.columns import COLUMNS, VECTOR
from unpool.store.fields.kinds import DESCRIPTIONS, KINDS, Kind

if TYPE_CHECKING:
    import pyarrow as pa

LABEL = "label"
PREFIX = "field:"
MAX_NAME_LENGTH = 100
PLAIN_SIGNS = " ()_-+"  # beside letters and digits; all others are written as percent and number


@dataclass(frozen=True)
class Field:
    """What people call a field, and what its values are."""

    name: str
    kind: Kind

    @property
    def column(self) -> str:
        """Its column in the table.

        >>> Field("Weight (kg)", "number").column, Field("a.b", "text").column, Field("label", "choice").column
        ('field:number:Weight (kg)', 'field:text:a%2Eb', 'label')
        """
        if self.name == LABEL:
            return LABEL
        return f"{PREFIX}{self.kind}:{''.join(map(_write_sign, self.name))}"

    def describe(self) -> str:
        """Say what it is, in a few words."""
        return f"{self.name}: {self.kind}, {DESCRIPTIONS[self.kind]}"


def field_of_column(column: str) -> Field | None:
    """Return the field of a column; None for others.

    >>> field_of_column("field:text:a%2Eb")
    Field(name='a.b', kind='text')
    >>> field_of_column("width")
    """
    if column == LABEL:
        return Field(LABEL, "choice")
    kind, _, written = column.removeprefix(PREFIX).partition(":")
    known = next((each for each in KINDS if each == kind), None)
    return Field(unquote(written), known) if known and written and column.startswith(PREFIX) else None


def check_field_name(name: str) -> str:
    """Return the name of a field without blanks around it.

    Raises:
        UsageError: It is empty, too long, more than a line, or the name of a column of the table.

    >>> check_field_name(" species ")
    'species'
    """
    stripped = unicodedata.normalize("NFC", name).strip()
    if not stripped or len(stripped) > MAX_NAME_LENGTH or not stripped.isprintable():
        raise UsageError(
            f"field {stripped[:MAX_NAME_LENGTH]!r} must have 1 to {MAX_NAME_LENGTH} signs in one line; rename it"
        )
    if is_own_column(stripped) and stripped != LABEL:
        raise UsageError(f"field {stripped!r} has the name of a column of the table; give it another name")
    return stripped


def is_own_column(name: str) -> bool:
    """Whether the table has such a column by itself.

    Capitals do not matter."""
    return name.lower() in COLUMNS or name.lower() in (VECTOR, LABEL)


def arrow_field(field: Field) -> pa.Field:
    """The column of a field in the table's schema."""
    import pyarrow as pa

    types = {"number": pa.float64(), "date": pa.float64(), "tags": pa.list_(pa.string())}
    return pa.field(field.column, types.get(field.kind, pa.string()))


def _write_sign(sign: str) -> str:
    """A sign as the names of columns hold it: Lance takes a dot and a backtick for its own."""
    if sign.isalnum() or sign in PLAIN_SIGNS:
        return sign
    return "".join(f"%{byte:02X}" for byte in sign.encode())
