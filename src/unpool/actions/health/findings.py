"""What the doctor found, one entry a problem."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import TypedDict


class Finding(TypedDict):
    """A problem of a workspace.

    `kind` is a stable word, `what` a sentence, `where` a file or folder relative to the workspace. `remedy` says what
    was done where it is `repaired`, else what to do.
    """

    kind: str
    what: str
    where: str
    repaired: bool
    remedy: str


class Findings:
    """Collects the problems of a workspace, in their order."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.entries: list[Finding] = []

    def repaired(self, kind: str, where: Path | str, what: str, done: str) -> None:
        """Add a problem that is repaired.

        Args:
            kind: A stable word.
            where: The file or folder.
            what: What is wrong.
            done: What was done.
        """
        self._add(kind, where, what, done, is_repaired=True)

    def left(self, kind: str, where: Path | str, what: str, remedy: str) -> None:
        """Add a problem that is left.

        Args:
            kind: A stable word.
            where: The file or folder.
            what: What is wrong.
            remedy: What to do.
        """
        self._add(kind, where, what, remedy, is_repaired=False)

    @property
    def num_left(self) -> int:
        """How many problems are not repaired."""
        return sum(not entry["repaired"] for entry in self.entries)

    def _add(self, kind: str, where: Path | str, what: str, remedy: str, *, is_repaired: bool) -> None:
        if isinstance(where, Path) and where.is_relative_to(self.work):
            where = where.relative_to(self.work)
        self.entries.append(
            Finding(kind=kind, what=what, where=str(where), repaired=is_repaired, remedy=remedy)
        )
