"""A workspace whose images have labels and fields of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.store.fields.kinds import Kind, Value
from unpool.store.fields.values import write_field
from unpool.store.state import write_state
from unpool.store.table import ImageTable

PATHS = ("cat/a.png", "dog/b b.png", "café.png", "dog/c.png")
FIELDS: tuple[Kind, ...] = ("number", "date", "tags", "text")


def make_labelled_workspace(folder: Path, paths: Sequence[str] = PATHS) -> ImageTable:
    """Four images: the first has everything, the second some of it, the third no label, the last nothing."""
    for path in paths:
        (folder / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "photos" / path).write_bytes(path.encode())
    table = ImageTable.create(folder / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "width": 8, "height": 6} for path in paths])
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    write_state(table.work, place=str(folder / "photos"))
    for name, (kind, values) in values_of(paths).items():
        write_field(table.work, name, values, kind)
    return ImageTable(table.work)


def values_of(paths: Sequence[str] = PATHS) -> dict[str, tuple[Kind, dict[str, Value]]]:
    """The kind of each field, and its values by path; one has a name that other tools keep for themselves."""
    first, second, third, _ = paths
    return {
        "label": ("choice", {first: "cat", second: "dög & co"}),
        "weight (kg)": ("number", {first: 3.0, third: 2.5}),
        "shot": ("date", {first: 86400.0, third: 3661.0}),
        "colours": ("tags", {first: ["red", "sea green"], second: ["red"]}),
        "image": ("text", {second: 'a "note", with <signs>'}),
    }
