"""What is exported is what was chosen, under names that every system takes, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from support.messages import Messages
from unpool import Workspace
from unpool.actions.sharing import export as export_module
from unpool.actions.sharing.export import export
from unpool.actions.sharing.folders import UniqueNames, safe_name
from unpool.actions.sharing.settings import ExportSettings
from unpool.actions.sharing.static_page import PAGE_MARK
from unpool.core.markers import COPIES
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import scan_folder
from unpool.store.fields.values import write_field
from unpool.store.state import write_state
from unpool.store.table import ImageTable

FILES = {
    "a/1.png": b"a1",
    "b/1.png": b"b1",
    "b__1.png": b"other",
    "c/A.png": b"A",
    "d/a.png": b"a",
    "e.png": b"e",
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Six files in one group each or none, none of them a real image, and one that was skipped."""
    for path, content in FILES.items():
        (tmp_path / "images" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / path).write_bytes(content)
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {"path": path, "status": "ok", "group": group}
        for path, group in zip(FILES, (0, 0, 0, 1, 1, -1), strict=True)
    ])  # fmt: skip
    table.upsert([{"path": "broken.png", "status": "skipped"}])
    write_state(table.work, place=str(tmp_path / "images"))
    return table.work


def found(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_folders_hold_every_image_once(work: Path, tmp_path: Path) -> None:
    ImageTable(work).update(["a/1.png"], {"label": ["shoe"]})
    result = export(work, ExportSettings("folders", tmp_path / "new" / "out"))
    assert result == {"path": str(tmp_path / "new" / "out"), "images": 6}
    assert found(tmp_path / "new" / "out") == {
        "shoe/1.png": b"a1", "group-000/1.png": b"b1", "group-000/b__1.png": b"other",
        "group-001/A.png": b"A", "group-001/d__a.png": b"a", "noise/e.png": b"e",
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]


@pytest.mark.parametrize("to", ["csv", "parquet", "folders"])
def test_only_what_is_chosen(work: Path, tmp_path: Path, to: str) -> None:
    out = tmp_path / "out"
    assert export(work, ExportSettings(to, out, paths=["e.png", "a/1.png", "e.png"]))["images"] == 2
    if to == "folders":
        assert set(found(out).values()) == {b"a1", b"e"}
    else:
        frame = {"csv": pd.read_csv, "parquet": pd.read_parquet}[to](out)
        assert frame["path"].tolist() == ["a/1.png", "e.png"]
        whole = Workspace(work).export(to, tmp_path / "whole")
        columns = list({"csv": pd.read_csv, "parquet": pd.read_parquet}[to](whole))
        assert list(frame) == columns
    with pytest.raises(UnpoolError, match=r"'nothing.png' is no image of .*paths are relative"):
        export(work, ExportSettings(to, tmp_path / "x", paths=["e.png", "nothing.png"]))
    with pytest.raises(UnpoolError, match="no image is selected"):
        export(work, ExportSettings(to, tmp_path / "x", paths=[]))
    assert not (tmp_path / "x").exists()


def test_links_lead_to_the_originals(work: Path, tmp_path: Path) -> None:
    Workspace(work).export("folders", tmp_path / "out", link=True)
    links = [path for path in (tmp_path / "out").rglob("*") if path.is_symlink()]
    assert len(links) == 6
    assert (tmp_path / "out/noise/e.png").resolve() == (tmp_path / "images/e.png").resolve()
    (tmp_path / "out").rename(tmp_path / "moved")
    assert found(tmp_path / "moved")["group-001/d__a.png"] == b"a"


def test_links_where_there_can_be_none(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--link makes folders of links, but --to is csv"):
        export(work, ExportSettings("csv", tmp_path / "a.csv", link=True))

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", refuse)
        with pytest.raises(
            UnpoolError, match=r"makes no links there \(Operation not permitted\); leave out --link"
        ):
            export(work, ExportSettings("folders", tmp_path / "out", link=True))
    assert not (tmp_path / "out").exists()
    write_state(work, place="digits")
    with pytest.raises(UnpoolError, match="digits has no files that could be linked"):
        export(work, ExportSettings("folders", tmp_path / "out", link=True))


def test_an_original_that_is_gone_stops_no_other_and_is_reported(work: Path, tmp_path: Path) -> None:
    (tmp_path / "images/e.png").unlink()
    for link in (False, True):
        out, progress = tmp_path / f"out-{link}", Messages()
        assert export(work, ExportSettings("folders", out, link=link), progress=progress)["images"] == 5
        assert [path.name for path in sorted(out.iterdir())] == ["group-000", "group-001"]
        assert "1 left out, since the original is not there: e.png" in progress.texts


def test_without_any_original_nothing_is_written(work: Path, tmp_path: Path) -> None:
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    (tmp_path / "images").mkdir()
    with pytest.raises(
        UnpoolError, match=r"no image of .* can be read now, .*; if the folder has moved, give"
    ):
        export(work, ExportSettings("folders", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_copies_are_marked_without_a_file(work: Path, tmp_path: Path) -> None:
    export(work, ExportSettings("folders", tmp_path / "images" / "sorted"))
    assert len(scan_folder(tmp_path / "images" / "sorted").files) == 6, "a folder that is named is read"
    around = scan_folder(tmp_path / "images")
    assert [file.path for file in around.files] == sorted(FILES)
    assert [(each.path, each.note.kind) for each in around.left_out] == [("sorted", "own")]
    assert {path.name for path in (tmp_path / "images/sorted").glob("*/.*") if path.is_dir()} == {COPIES}


def test_a_file_of_an_odd_name_is_copied_by_its_key(work: Path, tmp_path: Path) -> None:
    odd = tmp_path / "images" / os.fsdecode(b"caf\xe9.png")
    try:
        odd.write_bytes(b"odd")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes Unicode names only")
    ImageTable(work).upsert([{"path": "caf\\xe9.png", "status": "ok", "label": "cup"}])
    progress = Messages()
    export(work, ExportSettings("folders", tmp_path / "out"), progress=progress)
    assert found(tmp_path / "out")["cup/caf_xe9.png"] == b"odd"
    assert any("written under another name" in text and "caf\\xe9.png" in text for text in progress.texts)


LABELS = ["../../x", "con", "a/b", "a_b", "A_B", "schöne 鞋 👟", "ü" * 200, "x" * 200, "..", "lpt1.txt", "noise",
          "group-000", " - ", "a\\b", "trail. "]  # fmt: skip


def test_hostile_labels_become_folders_of_their_own(work: Path, tmp_path: Path) -> None:
    (tmp_path / "images/many").mkdir()
    paths = [f"many/{i:02}.png" for i in range(len(LABELS))]
    for path in paths:
        (tmp_path / "images" / path).write_bytes(path.encode())
    table = ImageTable(work)
    table.upsert([{"path": p, "status": "ok", "label": name} for p, name in zip(paths, LABELS, strict=True)])
    before = set(tmp_path.rglob("*"))
    export(work, ExportSettings("folders", tmp_path / "out"))
    new = set(tmp_path.rglob("*")) - before
    assert all(path.is_relative_to(tmp_path / "out") for path in new)
    folders = [path.name for path in (tmp_path / "out").iterdir()]
    assert len(folders) == len(LABELS) + 3  # and those of the groups 0 and 1 and of none
    assert len({name.casefold() for name in folders}) == len(folders)
    assert all(len(name.encode()) <= 205 for name in folders)
    assert all(path.count("/") == 1 for path in found(tmp_path / "out"))
    assert len(found(tmp_path / "out")) == 6 + len(LABELS)


@pytest.mark.parametrize(
    ("text", "name"),
    [("../../x", "_.._x"), ("con", "con_"), ("CON.txt", "CON_.txt"), ("", "_"), ("...", "_"), ("a/b", "a_b"),
     ("a\nb\x7f", "a_b_"), ("x" * 200, "x" * 200), ("a ", "a"), ("console", "console"),
     (".png", "png")],
)  # fmt: skip
def test_safe_names(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_long_names_are_still_reported_apart() -> None:
    names = UniqueNames()
    given = [names.claim("y" * 300 + f"{i}.png") for i in range(3)]
    assert len(set(given)) == 3


def test_a_report_goes_into_a_folder_of_its_own(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(export_module, "write_report", lambda work, out: written.append(out))
    out = tmp_path / "site"
    out.mkdir()
    (out / "index.html").write_text("<p>mine</p>")
    for name, message in (
        ("index.html", "holds index.html, which is no report"),
        ("letter.txt", "holds letter.txt"),
    ):
        (out / name).write_text("mine")
        with pytest.raises(UnpoolError, match=f"{message}.*; name a new or empty folder"):
            export(work, ExportSettings("html", out))
    (out / "letter.txt").unlink()
    (out / "map.png").touch()
    (out / "index.html").write_text(f"<script {PAGE_MARK}>")  # an earlier export is replaced
    export(work, ExportSettings("html", out))
    export(work, ExportSettings("html", tmp_path / "new"))
    assert written == [out, tmp_path / "new"]


def test_a_report_may_lie_in_a_workspace_that_lies_in_the_folder_of_the_images(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    monkeypatch.setattr(export_module, "write_report", lambda _, out: written.append(out))
    write_state(work, place=str(work.parent))
    with pytest.raises(UsageError, match="among the images"):
        export(work, ExportSettings("html", work.parent / "page"))
    export(work, ExportSettings("html", work / "page"))
    assert written == [work / "page"]
    (work / "page").mkdir()
    (work / "page" / "map.png").write_bytes(b"map")
    assert not [file.path for file in scan_folder(work.parent).files if "w.unpool" in file.path]


def test_fields_are_exported_under_their_names(work: Path, tmp_path: Path) -> None:
    write_field(work, "seen", {"e.png": "2024-01-31"})
    write_field(work, "marks", {"e.png": ["x", "y"], "a/1.png": ["x"]})
    export(work, ExportSettings("csv", tmp_path / "all.csv"))
    row = pd.read_csv(tmp_path / "all.csv").set_index("path").loc["e.png"]
    assert (row["seen"], row["marks"]) == ("2024-01-31", "x; y")
    export(work, ExportSettings("parquet", tmp_path / "all.parquet", paths=["e.png"]))
    frame = pd.read_parquet(tmp_path / "all.parquet")
    assert frame["seen"].tolist() == [pd.Timestamp("2024-01-31")]
    assert list(frame["marks"][0]) == ["x", "y"]
    assert not [name for name in frame if ":" in name]
