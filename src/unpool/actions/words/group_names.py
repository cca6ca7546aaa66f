"""Names of groups in words, beside the user's labels.

Each image carries the name of its group in the column `group_name`; a group has the name that two thirds of its images
carry. So names stay with images that move, and with groups that are joined or divided.

Shapes: N images, T names, G groups, D numbers in a vector.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.words.kept_vectors import embed_word_list
from unpool.actions.words.text_side import text_side_of
from unpool.actions.words.word_list import WordList, read_word_list
from unpool.actions.words.word_query import find_searched
from unpool.analysis.words.naming import GroupNames, find_names
from unpool.core.progress import Progress
from unpool.store.fields.group_names import NAME, read_group_names
from unpool.store.table import ImageTable, embedded_vectors


class GroupNaming:
    """Names groups by a list of words.

    Made before groups are found, so that a missing file or a text side that cannot be opened is known first.

    Args:
        work: The workspace.
        given: A file of a name a line, `auto` or `auto:zh`.
        progress: Where messages and stages go.

    Raises:
        UsageError: There is no such file.
        UnpoolError: It holds no names, or no vectors have a text side that can be opened.
    """

    def __init__(self, work: Path, given: str, progress: Progress) -> None:
        self._work, self._progress = work, progress
        self._words = read_word_list(given)
        for message in self._words.messages:
            progress.message(message)
        self._folder = find_searched(work, progress)
        self._encoder = text_side_of(ImageTable(self._folder)).encoder

    def write_names(self) -> dict[str, Any]:
        """Give each group its name.

        Returns:
            What the JSON object of `unpool group` says of names: of each group its name or None, what fits next best,
            and by how much the name fits better than the groups on average.
        """
        table = ImageTable(self._work)
        vectors_TD = embed_word_list(self._encoder, self._words, self._progress)
        if cut := self._encoder.find_cut(self._words.texts):
            self._progress.message(f"the model reads only the first words of {len(cut)} names")
        with self._progress.stage("naming groups"):
            group_N, vectors_ND = self._read_images(table)
            found = find_names(vectors_ND, group_N, vectors_TD, self._encoder.scale)
            _write(table, found, self._words)
        return self._describe(found)

    def _read_images(self, table: ImageTable) -> tuple[np.ndarray, np.ndarray]:
        """Groups and vectors of the images that have both."""
        named = table if self._folder == self._work else ImageTable(self._folder)
        paths, vectors_ND = embedded_vectors(named)
        rows = table.arrow(["path", "group"], where="`group` IS NOT NULL")
        group_of = dict(zip(rows["path"].to_pylist(), rows["group"].to_pylist(), strict=True))
        has_group_N = np.array([path in group_of for path in paths])
        if (missing := len(group_of) - int(has_group_N.sum())) > 0:
            self._progress.message(
                f"{missing} images in groups have no vector that words can be compared with, and have no say"
            )
        numbers = [group_of[path] for path in paths if path in group_of]
        return np.array(numbers, np.int64), vectors_ND[has_group_N]

    def _describe(self, found: GroupNames) -> dict[str, Any]:
        names = self._words.names
        described = [
            {
                "group": int(number), "name": None if term < 0 else names[term], "evidence": round(float(evidence), 3),
                "others": [names[other] for other in best if other != term],
            }
            for number, term, best, evidence in zip(
                found.number_G, found.term_G.tolist(), found.best_GK.tolist(), found.evidence_G, strict=True
            )
        ]  # fmt: skip
        num_unnamed = int((found.term_G < 0).sum())
        if num_unnamed:
            self._progress.message(
                f"{num_unnamed} groups have no name: no word of {self._words.source} fits them and no other"
            )
        return {"names": described, "unnamed": num_unnamed, "vocabulary": len(names)}


def _write(table: ImageTable, found: GroupNames, words: WordList) -> None:
    name_of = {
        int(number): words.names[term]
        for number, term in zip(found.number_G, found.term_G.tolist(), strict=True)
        if term >= 0
    }
    rows = table.arrow(["path", "group"])
    names = [name_of.get(number) for number in rows["group"].to_pylist()]
    table.update(rows["path"].to_pylist(), {NAME: names})


def forget_names(table: ImageTable, progress: Progress) -> None:
    """Clear the names of former groups."""
    if NAME not in table.stored_columns:
        return
    paths = table.arrow(["path"], where=f"{NAME} IS NOT NULL")["path"].to_pylist()
    if paths:
        table.update(paths, {NAME: [None] * len(paths)})
        progress.message("the names of the former groups are gone; --names gives the new ones names")


def name_new_images(table: ImageTable) -> None:
    """Give images that joined a group its name."""
    names = read_group_names(table)
    if not names:
        return
    rows = table.arrow(["path", "group"], where=f"`group` >= 0 AND {NAME} IS NULL")
    values = [names.get(number) for number in rows["group"].to_pylist()]
    paths = [path for path, name in zip(rows["path"].to_pylist(), values, strict=True) if name is not None]
    if paths:
        table.update(paths, {NAME: [name for name in values if name is not None]})
