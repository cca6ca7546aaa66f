"""Names inside an archive as paths below it.

Nothing is ever written under such a name: they are keys alone. But a key must not lead out of its place.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_DRIVE = re.compile(r"^[A-Za-z]:(?=/|$)")
_SPLIT = re.compile(
    r"(?:^|[^a-z0-9])(train|training|valid|validation|val|dev|test|testing)(?=$|[^a-z0-9])", re.I
)
_SAMPLE_END = re.compile(r"[\\/\x00-\x1f]")


def clean_name(name: str) -> str:
    r"""Write a member's name as a path below its archive.

    Roots, drives and the parts `.` and `..` are left out.

    >>> clean_name("../../etc/a.png"), clean_name("/b.png"), clean_name("C:\\x\\c.png"), clean_name("./d//e.png")
    ('etc/a.png', 'b.png', 'x/c.png', 'd/e.png')
    """
    plain = _DRIVE.sub("", name.replace("\\", "/"))
    return "/".join(part for part in plain.split("/") if part not in ("", ".", ".."))


def leads_out(name: str) -> bool:
    r"""Whether a member's name leads out of its archive.

    >>> leads_out("/etc/a.png"), leads_out("a/../../b.png"), leads_out("C:\\a.png"), leads_out("a/../b.png")
    (True, True, True, False)
    """
    plain = name.replace("\\", "/")
    if plain.startswith("/") or _DRIVE.match(plain):
        return True
    depth = 0
    for part in plain.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0:
            return True
    return False


def split_in(stem: str) -> str:
    """Find the part of a data set in a name.

    Empty for none.

    >>> split_in("train-00000-of-00002"), split_in("imagenet-val-000012"), split_in("training day"), split_in("contest")
    ('train', 'val', 'training', '')
    """
    found = _SPLIT.search(stem)
    return found[1].lower() if found else ""


def as_folder(label: str) -> str:
    """Write a label as the name of one folder.

    Folders that begin with a dot are hidden, and are not read.

    >>> as_folder(" cat/tiger "), as_folder(".NET"), as_folder("")
    ('cat_tiger', '_NET', '_')
    """
    name = _SAMPLE_END.sub("_", label.strip())
    return f"_{name.lstrip('.')}" if name.startswith(".") or not name else name


def with_class(name: str, label: str | None) -> str:
    """Put a member into the folder of its class.

    >>> with_class("a/b.jpg", "cat"), with_class("a/b.jpg", None)
    ('cat/a-b.jpg', 'a/b.jpg')
    """
    return name if label is None else f"{as_folder(label)}/{name.replace('/', '-')}"


def claim(name: str, used: set[str]) -> str:
    """Use a name, or the next one that is free.

    >>> used: set[str] = set()
    >>> claim("a.png", used), claim("a.png", used), claim("a.png", used)
    ('a.png', 'a~2.png', 'a~3.png')
    """
    path, number, free = PurePosixPath(name), 1, name
    while free in used:
        number += 1
        free = str(path.with_name(f"{path.stem}~{number}{path.suffix}"))
    used.add(free)
    return free
