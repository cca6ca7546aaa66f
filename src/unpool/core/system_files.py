"""What systems and programs keep beside photographs.

Thumbnails, deleted files, halves of archives, overviews, backups and unfinished downloads.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

SYSTEM_FOLDERS = {
    "@eadir": "thumbnails of a Synology disk",
    "#recycle": "deleted files of a Synology disk",
    "#snapshot": "former states of a Synology disk",
    "@tmp": "temporary files of a Synology disk",
    ".@__thumb": "thumbnails of a QNAP disk",
    "@recycle": "deleted files of a QNAP disk",
    "@recently-snapshot": "former states of a QNAP disk",
    "~snapshot": "former states of a NetApp disk",
    "$recycle.bin": "deleted files of Windows",
    "recycler": "deleted files of Windows",
    "system volume information": "Windows' own files",
    "lost+found": "what a repair of the file system found",
    "__macosx": "macOS' own halves of an archive's files",
    ".trashes": "deleted files of macOS",
    ".trash": "deleted files",
    ".dtrash": "deleted files of digiKam",
    ".thumbnails": "thumbnails",
    ".thumbs": "thumbnails",
    ".appledouble": "macOS' own halves of files",
    "thmbnl": "thumbnails of a camera's videos",
    "files_trashbin": "deleted files of Nextcloud",
    "files_versions": "former states of Nextcloud's files",
}
PREVIEWS_ENDING = ".lrdata"  # of the folders that Lightroom keeps previews in
PHOTOS_ENDING = ".photoslibrary"  # of Apple Photos' folders; only these folders in them hold originals:
ORIGINALS = frozenset({"originals", "masters"})

OVERVIEW_ENDINGS = (".ovr", ".msk", ".rrd", ".aux")
THUMBNAIL_ENDINGS = (".thm", ".scr")
BACKUP_ENDINGS = ("_original", "~", ".bak", ".orig", ".old")
DOWNLOAD_ENDINGS = (".part", ".partial", ".crdownload", ".download", ".filepart", ".opdownload", ".!ut")


def system_folder(name: str, parent: str = "") -> str:
    """Say what a folder of the system holds.

    Empty for a folder of people.

    >>> system_folder("@eaDir"), system_folder("holiday")
    ('thumbnails of a Synology disk', '')
    """
    lower = name.lower()
    if lower.startswith(".trash-"):
        return "deleted files"
    if lower.endswith(PREVIEWS_ENDING):
        return "previews of Lightroom"
    if parent.lower().endswith(PHOTOS_ENDING) and lower not in ORIGINALS:
        return "Apple Photos' own files"
    return SYSTEM_FOLDERS.get(lower, "")


def sidecar_of(name: str, names: Collection[str]) -> str:
    """Say whose companion a file is, by its name.

    Empty for none.

    Args:
        name: A file's name, not one that images have.
        names: All names in its folder.

    >>> sidecar_of("dem.tif.ovr", {"dem.tif", "dem.tif.ovr"}), sidecar_of("a.jpg_original", {"a.jpg"})
    ('overviews or a mask of dem.tif', 'a backup of a.jpg')
    >>> sidecar_of("odd.bin", {"odd.png"}), sidecar_of("MVI_1.THM", {"MVI_1.MP4"})
    ('', 'a thumbnail of MVI_1.MP4')
    """
    lower = name.lower()
    if ending := _ending(lower, DOWNLOAD_ENDINGS):
        return "an unfinished download"
    for endings, what in ((OVERVIEW_ENDINGS, "overviews or a mask"), (BACKUP_ENDINGS, "a backup")):
        ending = _ending(lower, endings)
        if ending and name[: -len(ending)] in names:
            return f"{what} of {name[: -len(ending)]}"
    if ending := _ending(lower, THUMBNAIL_ENDINGS + OVERVIEW_ENDINGS):
        stem = lower[: -len(ending)]
        what = "a thumbnail" if ending in THUMBNAIL_ENDINGS else "overviews or a mask"
        owners = sorted(
            other for other in names if PurePosixPath(other).stem.lower() == stem and other != name
        )
        return f"{what} of {owners[0]}" if owners else ""
    return ""


def _ending(lower: str, endings: tuple[str, ...]) -> str:
    return next((ending for ending in endings if lower.endswith(ending)), "")
