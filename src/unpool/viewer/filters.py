"""Which images a filter lets through, and in which order.

Shapes: N images; a row is an image's place among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unpool.actions.sharing.snapshot import Snapshot
from unpool.viewer.schemas import Select

Rows = NDArray[np.int64]


def filter_rows(seen: Snapshot, problems: dict[str, Rows], wish: Select) -> Rows:
    """The rows that meet every condition, by path or by the wished measure; those without a value come last."""
    chosen_N = np.ones(len(seen), bool)
    if wish.rows is not None:
        row_K = np.asarray(wish.rows, np.int64)
        chosen_N[:] = False
        chosen_N[row_K[row_K < len(seen)]] = True
    if wish.group is not None:
        chosen_N &= np.maximum(seen.group_N, -1) == wish.group
    if wish.label is not None:
        chosen_N &= _labelled(seen, wish.label)
    if wish.problem is not None:
        chosen_N &= _among(problems[wish.problem], len(seen))
    if wish.folder is not None:
        chosen_N &= _in_folder(seen, wish.folder)
    if wish.since is not None or wish.to is not None:
        chosen_N &= _between(seen.numbers["modified"], wish.since, wish.to)
    if wish.text:
        chosen_N &= _matching(seen, wish.text)
    return _ordered(seen, np.flatnonzero(chosen_N), wish)


def _labelled(seen: Snapshot, label: str) -> NDArray[np.bool_]:
    names, code_N = seen.words["label"]
    code = -1 if not label else names.index(label) if label in names else len(names)
    return np.asarray(code_N == code)


def _among(row_K: Rows, count: int) -> NDArray[np.bool_]:
    chosen_N = np.zeros(count, bool)
    chosen_N[row_K] = True
    return chosen_N


def _in_folder(seen: Snapshot, folder: str) -> NDArray[np.bool_]:
    """Images in the folder and in those inside it; of the top folder, "", its own alone."""
    import pyarrow.compute as pc

    if not folder:
        return np.asarray(pc.equal(seen.folders, "").to_numpy(zero_copy_only=False))
    return np.asarray(pc.starts_with(seen.paths, folder.rstrip("/") + "/").to_numpy(zero_copy_only=False))


def _between(modified_N: NDArray[np.float64], since: float | None, to: float | None) -> NDArray[np.bool_]:
    low, high = -np.inf if since is None else since, np.inf if to is None else to
    return np.asarray((modified_N >= low) & (modified_N <= high))


def _matching(seen: Snapshot, text: str) -> NDArray[np.bool_]:
    import pyarrow.compute as pc

    found = pc.match_substring(seen.paths, text, ignore_case=True)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _ordered(seen: Snapshot, row_K: Rows, wish: Select) -> Rows:
    if wish.sort == "path":
        return row_K[::-1] if wish.descending else row_K
    value_K = seen.numbers[wish.sort][row_K]
    # NaN goes last whichever way the rest is sorted.
    key_K = np.where(np.isnan(value_K), np.inf, -value_K if wish.descending else value_K)
    return row_K[np.argsort(key_K, kind="stable")]
