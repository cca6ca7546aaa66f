"""The versions of a table, and which are whole.

Lance writes a manifest for each version, and data files that several versions share. Nothing of it has a checksum: what
can be read from its first to its last byte counts as whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.core.markers import WORKSPACE_TABLE
from unpool.store.lance_rows import check_not_newer, is_panic, open_whole
from unpool.store.rescue.put_aside import put_aside

if TYPE_CHECKING:
    import lance
    from lance import LanceFragment

VERSIONS, HINT = "_versions", "latest_version_hint.json"
MAX_VERSION = 2**64 - 1  # manifests are numbered down from it, so that the newest is listed first
NUM_DIGITS = 20  # of such a number
BATCH = 256  # rows in memory while a file is read


class FileChecks:
    """Reads every fragment once, whichever versions it is part of."""

    def __init__(self) -> None:
        self._known: dict[str, str | None] = {}

    def find_damage(
        self, dataset: lance.LanceDataset, columns: Sequence[str] | None = None
    ) -> dict[int, str]:
        """Say why fragments cannot be read, by their numbers.

        Args:
            dataset: The table.
            columns: What is read of it; None for all.
        """
        unique = None if columns is None else dict.fromkeys(("path", *columns))
        names = None if unique is None else [name for name in unique if name in dataset.schema.names]
        reasons = {each.fragment_id: self._check(each, names) for each in dataset.get_fragments()}
        return {number: reason for number, reason in reasons.items() if reason is not None}

    def _check(self, fragment: LanceFragment, names: list[str] | None) -> str | None:
        parts = [file.path for file in fragment.data_files()]
        key = repr((sorted(parts), fragment.deletion_file(), names or sorted(fragment.schema.names)))
        if key not in self._known:
            self._known[key] = find_reason(fragment, names)
        return self._known[key]


def find_reason(fragment: LanceFragment, columns: list[str] | None = None) -> str | None:
    """Read columns of a fragment, all where none is named.

    Returns:
        Why they cannot be read; None where they can.
    """
    try:
        for _ in fragment.to_batches(columns=columns, batch_size=BATCH):
            pass
    except BaseException as error:
        return describe_failure(error)
    return None


def describe_failure(error: BaseException) -> str:
    """Say in a line why Lance failed.

    Raises:
        BaseException: the error itself, where it is an interruption.
    """
    if not isinstance(error, Exception) and not is_panic(error):
        raise error
    return " ".join(str(error).split(", /")[0].split())[:160]


def open_newest(work: Path) -> tuple[lance.LanceDataset | None, list[Path]]:
    """Open the newest version whose manifest can be read.

    Those that cannot be read are put aside.

    Args:
        work: The workspace.

    Returns:
        The table, None where no manifest can be read, and where the damaged ones are now.

    Raises:
        UnpoolError: A newer version of Lance has written the table.
    """
    aside: list[Path] = []
    while True:
        try:
            return open_whole(work), aside
        except BaseException as error:
            describe_failure(error)
            check_not_newer(work / WORKSPACE_TABLE, error)
            if isinstance(error, ImportError | MemoryError):
                raise
            newest = newest_manifest(work)
            if newest is None:
                return None, aside
            newest.read_bytes()  # an OSError is of the disk or of this process: nothing is put aside for it
            aside.append(put_aside(work, newest))
            (newest.parent / HINT).unlink(missing_ok=True)  # it names the newest version


def newest_manifest(work: Path) -> Path | None:
    """Find the manifest of the newest version."""
    numbered = {_version_of(file): file for file in _manifests(work)}
    return numbered[max(numbered)] if numbered else None


def _manifests(work: Path) -> Iterator[Path]:
    for file in (work / WORKSPACE_TABLE / VERSIONS).glob("*.manifest"):
        if file.stem.isdecimal():
            yield file


def _version_of(manifest: Path) -> int:
    number = int(manifest.stem)
    return MAX_VERSION - number if len(manifest.stem) == NUM_DIGITS else number


def find_whole_version(work: Path, dataset: lance.LanceDataset, checks: FileChecks) -> int | None:
    """Find the newest whole version before a damaged one.

    Args:
        work: The workspace.
        dataset: Its table, in the damaged version.
        checks: Which files can be read.

    Returns:
        Its number; None where no version is whole.
    """
    try:
        listed = {int(each["version"]) for each in dataset.version_refs()}
    except BaseException as error:
        describe_failure(error)
        listed = {_version_of(file) for file in _manifests(work)}
    older = sorted((number for number in listed if number < dataset.version), reverse=True)
    return next((number for number in older if is_whole(work, number, checks)), None)


def is_whole(work: Path, version: int, checks: FileChecks, columns: Sequence[str] | None = None) -> bool:
    """Whether a version can be read as a whole.

    Args:
        work: The workspace.
        version: Of its table.
        checks: Which files can be read.
        columns: What is to be read of it; None for all.

    Returns:
        True where every file of it can be.
    """
    try:
        return not checks.find_damage(open_whole(work, version), columns)
    except BaseException as error:
        describe_failure(error)
        return False
