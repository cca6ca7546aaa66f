"""Lists of names.

A file, or the nouns that come with unpool.
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.errors import UnpoolError, UsageError

AUTO, CHINESE = "auto", "auto:zh"
NOUNS = "nouns.tsv"  # English and Chinese, a pair a line
TABLES = {".csv": ",", ".tsv": "\t"}  # whose first column holds the names
HEADINGS = frozenset({"name", "names", "label", "class", "word", "words", "noun", "term"})
MAX_NAMES = 100_000
MAX_LENGTH = 200  # characters of a name, as of a label
MAX_BYTES = 32 * 2**20


@dataclass(frozen=True)
class WordList:
    """Names, and the text that stands for each.

    Args:
        source: Where they come from, for messages.
        names: What people see.
        texts: What the model reads, one a name.
        messages: What was left out.
    """

    source: str
    names: tuple[str, ...]
    texts: tuple[str, ...]
    messages: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Of the texts, in their order."""
        return hashlib.sha256("\n".join(self.texts).encode()).hexdigest()[:16]


def read_word_list(given: str) -> WordList:
    """Read the names that `--names` gives.

    Args:
        given: A file of a name a line, of CSV or TSV the first column; `auto` for plain nouns in English, `auto:zh` for
            the same ones in Chinese. The model reads the English nouns both times: few models know Chinese.

    Raises:
        UsageError: There is no such file.
        UnpoolError: It holds no names, or too many.
    """
    if given in (AUTO, CHINESE):
        pairs = read_nouns()
        shown = tuple(chinese if given == CHINESE else english for english, chinese in pairs)
        return WordList(f"the {len(pairs)} nouns of unpool", shown, tuple(english for english, _ in pairs))
    file = Path(given).expanduser()
    if not file.is_file():
        raise UsageError(
            f"--names is {given}, but there is no such file; give a file of a name a line, or auto"
        )
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UnpoolError(f"{file} has more than {MAX_BYTES >> 20} MiB; give a file of a name a line")
        text = decode_text(file.read_bytes()).text
    except (OSError, ValueError) as error:
        raise UnpoolError(f"{file} cannot be read ({error}); give a file of a name a line") from error
    return _check_names(file, _read_cells(file, text))


def read_nouns() -> list[tuple[str, str]]:
    """Read the nouns that come with unpool: English and Chinese."""
    text = files("unpool.actions.words").joinpath(NOUNS).read_text("utf-8")
    pairs = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [(english, chinese) for english, chinese in pairs]


def _read_cells(file: Path, text: str) -> list[str]:
    if (separator := TABLES.get(file.suffix.lower())) is None:
        return text.splitlines()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    cells = [row[0] if row else "" for row in rows]
    return cells[1:] if cells and cells[0].strip().lower() in HEADINGS else cells


def _check_names(file: Path, cells: list[str]) -> WordList:
    names: dict[str, str] = {}
    num_empty = num_twice = num_long = 0
    for cell in cells:
        name = " ".join(unicodedata.normalize("NFC", cell).split())
        if not name or not name.isprintable():
            num_empty += 1
        elif len(name) > MAX_LENGTH:
            num_long += 1
        elif name.casefold() in names:
            num_twice += 1
        else:
            names[name.casefold()] = name
    if not names:
        raise UnpoolError(f"{file} holds no names; give a file of a name a line")
    if len(names) > MAX_NAMES:
        raise UnpoolError(f"{file} holds {len(names)} names, but {MAX_NAMES} may be given; give fewer")
    counts = {
        "empty or unprintable": num_empty,
        "there twice": num_twice,
        f"longer than {MAX_LENGTH} characters": num_long,
    }
    messages = [f"{file}: {count} lines left out, {reason}" for reason, count in counts.items() if count]
    found = tuple(names.values())
    return WordList(str(file), found, found, tuple(messages))
