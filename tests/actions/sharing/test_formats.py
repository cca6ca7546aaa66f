"""Export formats: declared once, their writers found and called."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from unpool.actions.sharing.export import export
from unpool.actions.sharing.formats import (
    EXPORT_FORMATS,
    ExportFormat,
    ExportRequest,
    file_formats,
    folder_formats,
)
from unpool.actions.sharing.settings import ExportSettings
from unpool.errors import UsageError
from unpool.store.table import ImageTable


@pytest.mark.parametrize("one", EXPORT_FORMATS.values(), ids=lambda one: one.name)
def test_a_format_names_a_function_that_exists(one: ExportFormat) -> None:
    module, _, function = one.writer.partition(":")
    assert callable(getattr(import_module(module), function))
    assert one.title
    assert one.description


def test_a_format_is_a_file_or_a_folder() -> None:
    assert file_formats() == ("csv", "parquet", "html")
    assert folder_formats() == ("folders", "imagefolder", "labelstudio", "cvat")
    assert [one.name for one in EXPORT_FORMATS.values() if one.takes_links] == ["folders", "imagefolder"]


def write_paths(request: ExportRequest) -> int:
    """A format as anybody could add it."""
    paths = request.table.arrow(["path"])["path"].to_pylist()
    request.out.write_text("\n".join(paths))
    return len(paths)


def test_a_format_that_is_registered_can_be_exported_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": name, "status": "ok"} for name in "ab"])
    with pytest.raises(UsageError, match="unknown --to 'list'"):
        export(table.work, ExportSettings("list", tmp_path / "list.txt"))
    one = ExportFormat("list", "List", "paths", "list_format:write_paths", "text/plain")
    monkeypatch.setitem(EXPORT_FORMATS, "list", one)
    monkeypatch.setitem(sys.modules, "list_format", sys.modules[__name__])
    assert export(table.work, ExportSettings("list", tmp_path / "list.txt"))["images"] == 2
    assert (tmp_path / "list.txt").read_text() == "a\nb"
