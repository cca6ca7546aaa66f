"""Names of the files written for each image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from unpool.core.file_names import MAX_NAME_BYTES, folded, printable, shorten
from unpool.core.markers import PREDICTIONS
from unpool.core.progress import Progress


def names_for(paths: Sequence[str], endings: Sequence[str]) -> dict[str, str]:
    """Name the files of each image.

    The name is the image's path without the ending; with it where two would be the same, also on a disk that ignores
    capitals, or where a file of one image would be a file of another. Names that are too long are shortened.

    Args:
        paths: Keys of the images.
        endings: Of all files that may be written for an image.

    Returns:
        The name of each image's files, without an ending.

    >>> names_for(["a.jpg", "b.jpg", "b.png", "c/b.png"], [".png"])
    {'a.jpg': 'a', 'b.jpg': 'b.jpg', 'b.png': 'b.png', 'c/b.png': 'c/b'}
    >>> names_for(["a.overlay.png", "a.png"], [".png", ".overlay.png"])
    {'a.overlay.png': 'a.overlay', 'a.png': 'a.png'}
    """
    stems = {path: str(PurePosixPath(path).with_suffix("")) for path in paths}
    counts = Counter(folded(stem) for stem in stems.values())
    used: set[str] = set()
    names = {}
    for path, stem in stems.items():
        numbered = (f"{path}-{number}" for number in range(2, len(stems) + 3))
        first = [stem] if counts[folded(stem)] == 1 else []
        for name in (_shorten_name(each, endings) for each in (*first, path, *numbered)):
            files = {folded(f"{name}{ending}") for ending in endings}
            if used.isdisjoint(files):
                used |= files
                names[path] = name
                break
    return names


def place_of(out: Path, name: str, ending: str) -> Path:
    """Place a file of an image in the output folder.

    Args:
        out: The output folder.
        name: Of the image's files, as `names_for` gives it.
        ending: Of the file.

    Returns:
        Its path.
    """
    folder = (out / name).parent
    return folder / f"{Path(name).name}{ending}"


def report_names(names: Mapping[str, str], progress: Progress) -> None:
    """Say which images cannot give their files their own names."""
    renamed = [path for path, name in names.items() if str(PurePosixPath(path).with_suffix("")) != name]
    if renamed:
        some = ", ".join(f"{printable(path)} → {printable(names[path])[-40:]}" for path in renamed[:3])
        progress.message(
            f"{len(renamed):,} names are shared by several images, or too long, and were changed: {some}; "
            f"{PREDICTIONS} lists all"
        )


def _shorten_name(name: str, endings: Sequence[str]) -> str:
    """A name that leaves room for the longest ending."""
    path = PurePosixPath(name)
    short = shorten(path.name, MAX_NAME_BYTES - max(map(len, endings)))
    return name if short == path.name else str(path.with_name(short))
