"""Save what can be read of a damaged table.

The newest version that is whole is restored; where there is none, what can be read of the newest is kept. What people
said of images is taken from the newest wherever it can be read, and their rows stay.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.core.markers import WORKSPACE_TABLE
from unpool.store.columns import SKIPPED, names_from
from unpool.store.fields.names import PREFIX
from unpool.store.lance_rows import overwrite_dataset
from unpool.store.remote.mirror import remote_of
from unpool.store.rescue.manifests import (
    FileChecks,
    describe_failure,
    find_reason,
    find_whole_version,
    open_newest,
)
from unpool.store.spaces.paths import SIGN, space_folder, spaces_of
from unpool.store.table import ImageTable
from unpool.store.versions import restore_version

if TYPE_CHECKING:
    import lance
    import pyarrow as pa

GROUPED = ("group", "group_name", "probability", "leaf")  # perhaps by hand; unpool.yaml speaks of the newest
LOST, LOST_DETAIL = "lost", "its row was lost with a file of the table; the next run embeds it anew"


@dataclass
class Rescue:
    """What was damaged, and what is left.

    Attributes:
        files: Damaged files, with the reason.
        version: The version that was restored; None where none was whole.
        lost: Paths whose rows are gone, as far as they are known.
        num_lost: How many rows are gone.
        is_saved: Whether there is a table again.
    """

    files: dict[str, str] = field(default_factory=dict)
    version: int | None = None
    lost: list[str] = field(default_factory=list)
    num_lost: int = 0
    is_saved: bool = True


def rescue_table(work: Path, checks: FileChecks) -> Rescue | None:
    """Make the table of a workspace whole.

    Args:
        work: The workspace.
        checks: Which files can be read.

    Returns:
        What was done; None where the table is whole.
    """
    dataset, aside = open_newest(work)
    found = Rescue({str(file.relative_to(work)): "it cannot be read as a manifest" for file in aside})
    if dataset is None:
        found.is_saved = False
        return found
    damage = checks.find_damage(dataset)
    if not damage:
        if not aside:
            return None
        found.version = int(dataset.version)
        _count_lost(work, found, _list_paths(work, dataset), 0)
        return found
    found.files |= _name_files(work, dataset, damage)
    listed, grouped = _list_paths(work, dataset), _grouped_columns(work, dataset)
    personal = _read_personal(dataset, chain.from_iterable(grouped.values()))
    known = sum(each.count_rows() for each in dataset.get_fragments())
    found.version = find_whole_version(work, dataset, checks)
    if found.version is None:
        overwrite_dataset(work, _readable_rows(dataset, damage))
    else:
        restore_version(work, found.version)
    _count_lost(work, found, listed, known)
    _bring_back_groups(work, personal, grouped)
    _bring_back_personal(work, personal, _personal_columns(dataset))
    return found


def _name_files(work: Path, dataset: lance.LanceDataset, damage: dict[int, str]) -> dict[str, str]:
    """The data files of damaged fragments that are missing, or all of them where none is."""
    remote, folder = remote_of(work), work / WORKSPACE_TABLE / "data"
    there = {file.name for file in folder.glob("*")} if remote is None else remote.list_data_files()
    named = {}
    for number, reason in damage.items():
        files = [file.path for file in dataset.get_fragment(number).data_files()]
        missing = [name for name in files if name not in there]
        for name in missing or files:
            named[f"{WORKSPACE_TABLE}/data/{name}"] = "it is missing" if missing else reason
    return named


def _list_paths(work: Path, dataset: lance.LanceDataset) -> set[str]:
    """The paths of all rows that can be read, and those that groups.csv and problems.csv name."""
    paths = set()
    for fragment in dataset.get_fragments():
        rows = _try_read(fragment, ["path"])
        paths |= set() if rows is None else set(rows["path"].to_pylist())
    for name in ("groups.csv", "problems.csv"):
        try:
            with (work / name).open(encoding="utf-8", newline="") as stream:
                paths |= {row["path"].removeprefix("./") for row in csv.DictReader(stream)}
        except (OSError, ValueError, KeyError, csv.Error):
            continue
    return paths


def _try_read(fragment: lance.LanceFragment, columns: list[str]) -> pa.Table | None:
    try:
        return fragment.to_table(columns=columns)
    except BaseException as error:
        describe_failure(error)
        return None


def _personal_columns(dataset: lance.LanceDataset) -> list[str]:
    return [*names_from("person"), *(name for name in dataset.schema.names if name.startswith(PREFIX))]


def _grouped_columns(work: Path, dataset: lance.LanceDataset) -> dict[Path, dict[str, str]]:
    """Of the workspace and each space the columns that say its groups, by their names in the table."""
    found = {}
    for space in (None, *spaces_of(work)):
        prefix = "" if space is None else f"{space}{SIGN}"
        names = {f"{prefix}{name}": name for name in GROUPED}
        found[space_folder(work, space)] = {k: name for k, name in names.items() if k in dataset.schema.names}
    return found


def _read_personal(dataset: lance.LanceDataset, grouped: Iterable[str]) -> list[dict[str, Any]]:
    """What people said, by path, wherever it can be read."""
    sought = {*_personal_columns(dataset), *grouped}
    known = [name for name in dataset.schema.names if name in {"path", "id", *sought}]
    found: list[dict[str, Any]] = []
    for fragment in dataset.get_fragments():
        names = [name for name in known if find_reason(fragment, [name]) is None]
        if "path" in names and sought & set(names):
            found += fragment.to_table(columns=names).to_pylist()
    return found


def _readable_rows(dataset: lance.LanceDataset, damage: dict[int, str]) -> pa.Table:
    """The rows whose path can be read, with what else can."""
    import pyarrow as pa

    parts = []
    for fragment in dataset.get_fragments():
        names = dataset.schema.names
        if fragment.fragment_id in damage:
            names = [name for name in names if find_reason(fragment, [name]) is None]
        if "path" in names:
            parts.append(fragment.to_table(columns=names))
    empty = dataset.schema.empty_table()
    return pa.concat_tables([empty, *parts], promote_options="default")


def _count_lost(work: Path, found: Rescue, listed: set[str], known: int) -> None:
    table = ImageTable(work)
    kept = set(table.arrow(["path"])["path"].to_pylist())
    found.lost = sorted(listed - kept)
    found.num_lost = max(len(found.lost), known - len(kept))


def _bring_back_groups(
    work: Path, rows: list[dict[str, Any]], grouped: Mapping[Path, Mapping[str, str]]
) -> None:
    """Write groups as the damaged version has them, where all of it can be read."""
    kept = set(ImageTable(work).arrow(["path"])["path"].to_pylist())
    there = [row for row in rows if row["path"] in kept]
    paths = [row["path"] for row in there]
    for place, columns in grouped.items():
        if columns and all(name in row for row in there for name in columns):
            values = {own: [row[name] for row in there] for name, own in columns.items()}
            ImageTable(place).update(paths, values)


def _bring_back_personal(work: Path, rows: list[dict[str, Any]], personal: Sequence[str]) -> None:
    """Write what people said as the damaged version has it; images without a row get one."""
    table = ImageTable(work)
    kept = set(table.arrow(["path"])["path"].to_pylist())
    personal = [name for name in personal if any(name in row for row in rows)]
    for name in personal:
        known = [row for row in rows if row["path"] in kept and name in row]
        table.update([row["path"] for row in known], {name: [row[name] for row in known]})
    gone = [
        row for row in rows if row["path"] not in kept and any(row.get(name) is not None for name in personal)
    ]
    table.upsert([
        {name: row.get(name) for name in ("path", "id", *personal)}
        | {"status": SKIPPED, "problem": LOST, "detail": LOST_DETAIL}
        for row in gone
    ])  # fmt: skip
