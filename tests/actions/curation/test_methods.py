"""What people say of images, from Python; errors and the reference name the methods of `Workspace`."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from support.edits import make_grouped_workspace
from unpool import Workspace
from unpool.actions.curation.methods import Edits
from unpool.errors import UsageError


def test_edits_are_methods_of_a_workspace(tmp_path: Path) -> None:
    public = [name for name in vars(Edits) if not name.startswith("_")]
    for name in public:
        assert getattr(Workspace, name) is getattr(Edits, name)
        with pytest.raises(UsageError, match=rf"^Workspace\.{name}\("):
            getattr(Workspace(tmp_path / "a.unpool"), name)(no_such_thing=1)
    page = (Path(__file__).parents[3] / "docs" / "reference" / "python.md").read_text("utf-8")
    assert [name for name in public if f"### Workspace.{name}\n" not in page] == []
    assert "### Workspace.table\n" in page
    assert inspect.getdoc(Workspace.label)


def test_what_people_say_is_counted_listed_and_taken_back(tmp_path: Path) -> None:
    workspace = Workspace(make_grouped_workspace(tmp_path / "a.unpool"))
    assert workspace.label(["00.png", "01.png"], "coat") == 2
    assert workspace.label("02.png", 7, field="size") == 1
    assert workspace.labels().to_dict("list") == {"name": ["coat"], "images": [2], "suggested": [0]}
    assert workspace.fields().set_index("name")["images"].to_dict() == {"label": 2, "size": 1}
    assert workspace.mark("03.png") == 1
    assert workspace.save_selection("few", ["00.png", "05.png"]) == 2
    assert workspace.selections() == {"few": ["00.png", "05.png"]}
    assert workspace.save_selection("few", None) == 2
    assert workspace.move("00.png", 1) == 1
    assert "moved" in workspace.undo()
    assert workspace.table(["path", "group"]).set_index("path")["group"]["00.png"] == 0
    assert workspace.redo() == "redone: moved 1 image to group 1"
    workspace.undo()
    assert workspace.merge([0, 1]) == 4
