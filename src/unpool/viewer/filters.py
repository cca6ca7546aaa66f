"""Which images a filter selects, and in which order.

Shapes: N images; K of them; a row is an image's place among the N.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unpool.actions.fields.shown_fields import ShownFields
from unpool.actions.sharing.snapshot import Snapshot
from unpool.store.fields.selections import SELECTIONS
from unpool.viewer.messages.requests import FieldCondition, Select

Rows = NDArray[np.int64]


def filter_rows(
    snapshot: Snapshot,
    problems: dict[str, Rows],
    request: Select,
    fields: Callable[[], ShownFields] | None = None,
) -> Rows:
    """Select the rows that meet every condition.

    Args:
        snapshot: The images.
        problems: The rows of each kind of problem.
        request: The conditions, and the order.
        fields: Gives the fields of these images, where there is a condition on one.

    Returns:
        Rows in the order of the request; where it names none those of a problem the worst first, others by path.
        Images without a value come last.
    """
    selected_N = np.ones(len(snapshot), bool)
    if request.rows is not None:
        row_K = np.asarray(request.rows, np.int64)
        selected_N = _mask(row_K[row_K < len(snapshot)], len(snapshot))
    if request.group is not None:
        selected_N &= np.maximum(snapshot.group_N, -1) == request.group
    if request.label is not None:
        selected_N &= _has_label(snapshot, request.label)
    if request.problem is not None:
        selected_N &= _mask(problems[request.problem], len(snapshot))
    if request.folder is not None:
        selected_N &= _is_in_folder(snapshot, request.folder)
    if request.since is not None or request.to is not None:
        selected_N &= _is_between(snapshot.measures["modified"], request.since, request.to)
    if request.text:
        selected_N &= _contains_text(snapshot, request.text)
    if fields is not None and (request.fields or request.saved is not None):
        selected_N &= _meets_fields(fields(), request)
    if request.problem is not None and "sort" not in request.model_fields_set:
        found_K = problems[request.problem]
        return found_K[selected_N[found_K]]
    return _sort(snapshot, np.flatnonzero(selected_N), request)


def _has_label(snapshot: Snapshot, label: str) -> NDArray[np.bool_]:
    distinct, code_N = snapshot.names["label"]
    code = -1 if not label else distinct.index(label) if label in distinct else len(distinct)
    return np.asarray(code_N == code)


def _meets_fields(shown: ShownFields, request: Select) -> NDArray[np.bool_]:
    """Which images meet all conditions on fields; none where there is no such field."""
    met_N = np.ones(len(shown.paths), bool)
    conditions = list(request.fields or [])
    if request.saved is not None:
        conditions.append(FieldCondition(name=SELECTIONS, any=[request.saved]))
    for condition in conditions:
        values = shown.values.get(condition.name)
        if values is None:
            met_N &= condition.missing
        elif condition.missing:
            met_N &= ~values.is_known()
        else:
            if condition.any is not None:
                met_N &= values.has_any(condition.any)
            if condition.low is not None or condition.high is not None:
                met_N &= values.is_between(condition.low, condition.high)
    return met_N


def _mask(row_K: Rows, count: int) -> NDArray[np.bool_]:
    selected_N = np.zeros(count, bool)
    selected_N[row_K] = True
    return selected_N


def _is_in_folder(snapshot: Snapshot, folder: str) -> NDArray[np.bool_]:
    """Images in a folder and its subfolders; for "" only those in no folder."""
    import pyarrow.compute as pc

    if not folder:
        return np.asarray(pc.equal(snapshot.folders, "").to_numpy(zero_copy_only=False))
    inside = pc.starts_with(snapshot.paths, folder.rstrip("/") + "/")
    return np.asarray(inside.to_numpy(zero_copy_only=False))


def _is_between(modified_N: NDArray[np.float64], since: float | None, to: float | None) -> NDArray[np.bool_]:
    low, high = -np.inf if since is None else since, np.inf if to is None else to
    return np.asarray((modified_N >= low) & (modified_N <= high))


def _contains_text(snapshot: Snapshot, text: str) -> NDArray[np.bool_]:
    import pyarrow.compute as pc

    found = pc.match_substring(snapshot.paths, text, ignore_case=True)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def _sort(snapshot: Snapshot, row_K: Rows, request: Select) -> Rows:
    if request.sort == "path":
        return row_K[::-1] if request.descending else row_K
    value_K = snapshot.measures[request.sort][row_K]
    # NaN goes last whichever way the rest is sorted.
    key_K = np.where(np.isnan(value_K), np.inf, -value_K if request.descending else value_K)
    return row_K[np.argsort(key_K, kind="stable")]
