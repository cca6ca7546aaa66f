"""A second run after ten photographs more, by each of the three ways."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.messages import Messages
from support.states import IMAGES, WORK
from support.walk import FACES, Faces, add_image, copy_walked, make_walked, read_rows
from unpool import Workspace
from unpool.actions.embedding import run as run_module
from unpool.core.atomic_files import write_text
from unpool.viewer.worker import call_verb

JOINED = "10 images joined the map and the groups that there are, and no other has moved; --rebuild makes both anew"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walked(tmp_path_factory.mktemp("again") / "base")


@pytest.fixture
def faces(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(
        run_module, "write_report", lambda work, **_: write_text(work / "report" / "index.html", "report")
    )
    faces = Faces(copy_walked(base, tmp_path / "copy"))
    yield faces
    faces.close()


def groups_of(work: Path) -> dict[str, int]:
    return {path: int(row["group"]) for path, row in read_rows(work).items()}


def run(faces: Faces, face: str, capsys: pytest.CaptureFixture[str], **groups: Any) -> list[str]:
    """Run, and return what was said."""
    if face == "page":
        messages = Messages()
        arguments = {"work": str(faces.work), "folder": str(faces.root / IMAGES), **groups}
        call_verb("run", arguments, messages)
        return messages.texts
    if face == "python":
        Workspace(faces.work, faces.root / IMAGES, verbose=True).run(**groups)
        return [line.removeprefix("unpool: ") for line in capsys.readouterr().err.splitlines()]
    words = [word for name, value in groups.items() for word in (f"--{name}", value)]
    faces.terminal("run", faces.root / IMAGES, "--no-open", *words)
    return [line.removeprefix("unpool: ") for line in faces.errors.splitlines()]


@pytest.mark.parametrize("face", FACES)
def test_groups_made_by_hand_stand_and_new_images_join_them(
    face: str, faces: Faces, capsys: pytest.CaptureFixture[str]
) -> None:
    split: Callable[[int], object] = faces.python.split
    faces.terminal("group", "--merge", 2)
    split(0)
    faces.edit("move", ["a/0.png"], group=2)
    faces.terminal("label", "a/0.png", "--as", "shoe")
    before = groups_of(faces.work)
    new = {add_image(faces.root, number) for number in range(10)}
    said = [line for line in run(faces, face, capsys) if "joined" in line]
    assert said[0] == JOINED
    assert [line.partition(" and joined")[0] for line in said[1:]] == [
        "10 of 18 images came after the groups were made,"
    ]
    after = groups_of(faces.work)
    assert {path: number for path, number in after.items() if path not in new} == before
    assert {after[path] for path in new} <= set(before.values())
    for wish, most in (("auto", 18), (5, 5)):
        said = run(faces, face, capsys, groups=wish)
        assert not [line for line in said if "joined" in line]
        found = groups_of(faces.work)
        assert len(set(found.values())) <= most
        assert found != after
        assert faces.step(face, "undo").startswith("undone: run: 0 images embedded, ")
        assert groups_of(faces.work) == after
    assert faces.step(face, "undo").startswith("undone: run: 10 images embedded, ")
    assert groups_of(faces.work) == before
    assert read_rows(faces.work)["a/0.png"]["label"] == "shoe"
    assert faces.work.name == WORK


def test_groups_that_another_network_cleared_stand_too(
    faces: Faces, capsys: pytest.CaptureFixture[str]
) -> None:
    from unpool.networks.catalogue import build_network
    from unpool.training.model_file import save_model

    faces.edit("move", ["a/0.png"], group=2)
    before = groups_of(faces.work)
    options = {"size": 8, "channels": 1, "width": 6}
    save_model(faces.root / "other", build_network("conv", seed=1, **options), options=options)
    faces.terminal("embed", faces.root / IMAGES, "--model", faces.root / "other")
    assert read_rows(faces.work)["a/0.png"]["group"] is None
    run(faces, "terminal", capsys)
    assert groups_of(faces.work) == before
