"""Read the entries of class files.

They are names with numbers or colours.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.errors import UsageError
from unpool.images.masks.class_entries.entry import OPTION, Entry, entry_of, strip_quotes
from unpool.images.masks.class_entries.lines import read_lines
from unpool.images.masks.class_entries.structures import read_structure

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ITEM = re.compile(r"item\s*\{([^{}]*)\}")


def read_entries(path: Path) -> list[Entry]:
    """Read the entries of a class file.

    Raises:
        UsageError: Naming the file, and the line where there are lines.
    """
    text = _read_text(path)
    start = text.lstrip()[:1]
    if start == "<":
        raise UsageError(
            f"{OPTION} {path} line 1: {text.split()[0]!r} begins XML or HTML; write one class a line"
        )
    if _ITEM.search(text):
        return [
            _entry_of_item(f"{path}, item {place}", item) for place, item in enumerate(_ITEM.findall(text), 1)
        ]
    suffix = path.suffix.lower()
    if (
        suffix in (".json", ".yaml", ".yml")
        or start == "{"
        or (start == "[" and suffix != ".csv" and _is_json(text))
    ):
        return read_structure(path, text, is_json=suffix not in (".yaml", ".yml"))
    return read_lines(path, text)


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"{OPTION} {path}: there is no such file, nor a published set of that name (voc, camvid, cityscapes)"
        ) from None
    except OSError as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {error}") from None
    try:
        text = decode_text(content).text
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{OPTION} {path} line {line}: byte {content[error.start]:#04x} is no text; save the file as UTF-8"
        ) from None
    if strange := _CONTROL.search(text):
        line = text[: strange.start()].count("\n") + 1
        raise UsageError(f"{OPTION} {path} line {line}: {strange[0]!r} is no text; is this a class file?")
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _entry_of_item(where: str, text: str) -> Entry:
    """An item of a label map in TensorFlow's text form."""
    found = dict(re.findall(r"(\w+)\s*:\s*(\"[^\"]*\"|'[^']*'|\S+)", text))
    name = strip_quotes(found.get("display_name") or found.get("name") or "")
    return entry_of(where, [name, found.get("id", "")] if found.get("id") else [name], name=name)
