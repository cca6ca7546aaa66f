"""Names of files as keys, and keys as files again.

A key is valid Unicode in composed form (NFC): names that macOS stores decomposed and other systems composed have one
key, and bytes that are no text are written as escapes.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

MAX_NAME_BYTES = 255  # of one name, on all common file systems
NUM_DIGEST_SIGNS = 8  # by which shortened names differ
_SHARED = frozenset("\\~K;`")  # signs of plain keys that other names may have: K is also the sign of kelvin


def to_key(name: str) -> str:
    r"""Write a path as the key of its file.

    >>> to_key("caf\udce9.png"), to_key("cafe\u0301.png") == "caf\u00e9.png"
    ('caf\\xe9.png', True)
    """
    if name.isascii():
        return name
    return unicodedata.normalize("NFC", _escape_bytes(name))


def printable(name: str) -> str:
    r"""Write a name in one line for any terminal.

    >>> printable("new\nline\udce9.png")
    'new\\nline\\xe9.png'
    """
    signs = (
        sign.encode("unicode_escape").decode() if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in _escape_bytes(name)
    )
    return "".join(signs)


def folded(name: str) -> str:
    """Fold capitals and Unicode forms, as some file systems do.

    >>> folded("A.JPG") == folded("a.jpg")
    True
    """
    return unicodedata.normalize("NFC", name).casefold()


def unique_keys(names: Iterable[str]) -> dict[str, str]:
    r"""Map names that are no keys to keys.

    Every key is different from all others.

    >>> unique_keys(["a.png", "caf\udce9.png"])
    {'caf\udce9.png': 'caf\\xe9.png'}
    """
    known = list(names)
    odd = sorted(name for name in known if to_key(name) != name)
    used = set(known) if odd else set()
    keys = {}
    for name in odd:
        key = to_key(name)
        while key in used:
            key = f"{key}~"
        used.add(key)
        keys[name] = key
    return keys


def find_file(folder: Path, key: str) -> Path | None:
    """Find the file that has a key.

    Args:
        folder: The folder that keys are relative to.
        key: As a scan of the folder gave it.

    Returns:
        The file or folder; None where there is none of that key.
    """
    literal = folder / key
    if os.path.lexists(literal):
        return literal
    if key.isascii() and _SHARED.isdisjoint(key):  # no other name has this key
        return None
    for num_tildes in range(len(key) - len(key.rstrip("~")) + 1):
        plain = key[: len(key) - num_tildes]
        # The first of the names that share a key has the plain one, unless a file is really called so.
        number = num_tildes - os.path.lexists(folder / plain)
        found = sorted(_files_of_key(folder, PurePosixPath(plain).parts))
        if 0 <= number < len(found):
            return folder / found[number]
    return None


def find_typed(path: Path) -> Path:
    """Find a file that was typed, perhaps by its key.

    The path itself is returned where there is none. So a name can be typed in either Unicode form, and as the
    program writes one that is no text.
    """
    if os.path.lexists(path):
        return path
    start = Path(path.anchor) if path.anchor else Path()
    return find_file(start, path.relative_to(path.anchor).as_posix()) or path


def _files_of_key(folder: Path, parts: tuple[str, ...], below: str = "") -> Iterator[str]:
    """Files below a folder whose names make these parts of a key, without the one of just that name."""
    try:
        names = [name for name in os.listdir(folder / below) if to_key(name) == parts[0]]  # noqa: PTH208
    except (OSError, IndexError):
        return
    for name in names:
        path = f"{below}/{name}" if below else name
        if len(parts) > 1:
            yield from _files_of_key(folder, parts[1:], path)
        elif to_key(path) != path:
            yield path


def shorten(name: str, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Shorten a name that is too long, keeping its ending.

    A digest of the whole name takes the place of what is cut, so that different names stay different.

    >>> shorten("a.png"), len(shorten("m" * 300 + ".png")), shorten("m" * 300 + ".png")[-4:]
    ('a.png', 255, '.png')
    """
    content = os.fsencode(name)
    if len(content) <= max_bytes:
        return name
    digest = hashlib.blake2b(content, digest_size=NUM_DIGEST_SIGNS // 2).hexdigest()
    ending = os.fsencode(PurePosixPath(name).suffix)
    ending = ending if len(ending) < 16 else b""
    start = content[: max_bytes - len(ending) - len(digest) - 1]
    return f"{_without_broken_end(start)}~{digest}{os.fsdecode(ending)}"


def _without_broken_end(content: bytes) -> str:
    """Decode bytes, without the half of a character at their end."""
    for cut in range(4):
        try:
            return content[: len(content) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return os.fsdecode(content)


def is_text(name: str) -> bool:
    """Whether a name is valid Unicode.

    On Linux it may hold any bytes.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _escape_bytes(name: str) -> str:
    if is_text(name):
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
