"""What an entry did is taken back where it still is as it left it."""

from __future__ import annotations

from pathlib import Path

from support.edits import groups_csv, make_grouped_workspace, seen
from unpool.actions.curation import edit
from unpool.actions.history.recording import recording
from unpool.actions.history.restore import restore, values_to_restore, write_values
from unpool.store.journal import Change
from unpool.store.table import ImageTable


def test_values_changed_since_stay(tmp_path: Path) -> None:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    table, paths = ImageTable(work), ["00.png", "01.png", "gone.png"]
    change = Change("moved", paths, {"group": [0, 0, 0]}, {"group": [1, 1, 1]})
    assert values_to_restore(table, change) == ([], {"group": []})
    write_values(work, table, paths[:2], {"group": [1, 3]}, False)
    assert groups_csv(work)["01.png"] == "3"
    assert values_to_restore(table, change) == (["00.png"], {"group": [0]})
    assert restore(work, change, undo=True) == 1
    assert seen(work)["group"].iloc[:2].tolist() == [0, 3]
    assert restore(work, change, undo=False) == 1
    assert (groups_csv(work)["00.png"], groups_csv(work)["01.png"]) == ("1", "3")


def test_a_report_that_cannot_be_written_hinders_no_redo(tmp_path: Path) -> None:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    (work / "report").mkdir()
    (work / "report" / "index.html").touch()
    with recording(work, None) as note:
        ImageTable(work).reset_vectors(6)
        note("run")
    edit.undo(work)
    edit.redo(work)
    assert ImageTable(work).dimension == 6
    edit.undo(work)
    assert ImageTable(work).dimension == 2
