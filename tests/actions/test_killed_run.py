"""A run that is killed at any moment can be undone, or goes on where it is given again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from support.death import Death
from support.states import WORK
from support.walk import add_image, copy_walked, make_walked, read_rows
from unpool.actions.curation import edit
from unpool.actions.curation.undo import last_edit
from unpool.actions.embedding import run as run_module
from unpool.actions.embedding.run import run
from unpool.actions.embedding.settings import RunSettings
from unpool.actions.history.recording import STOPPED, recover
from unpool.core.atomic_files import write_text
from unpool.networks.catalogue import build_network
from unpool.training.model_file import save_model


def prepare_run(root: Path) -> tuple[Path, dict[str, Any]]:
    """A workspace with groups made by hand, a label, and two photographs more."""
    make_walked(root)
    work = root / WORK
    edit.move(work, ["a/0.png"], 2)
    edit.label(work, ["a/2.png"], "shoe")
    before = read_rows(work)
    for number in range(2):
        add_image(root, number)
    return work, before


@pytest.mark.parametrize(
    ("verb", "every"),
    [("run", 48), *(pytest.param(verb, 2, marks=pytest.mark.slow) for verb in ("run", "run --network"))],
)
def test_a_run_that_is_killed_goes_on_or_is_undone(
    verb: str, every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        run_module, "write_report", lambda work, **_: write_text(work / "report" / "index.html", "report")
    )
    base = tmp_path / "base"
    before = prepare_run(base)[1]
    options = {"size": 8, "channels": 1, "width": 6}
    save_model(base / "other", build_network("conv", seed=1, **options), options=options)
    for moment in range(every // 4, 4000, every):
        root = copy_walked(base, tmp_path / str(moment))
        work = root / WORK
        settings = RunSettings(network=str(root / "other") if verb == "run --network" else "auto")
        with Death(moment) as death:
            run(str(root / "images"), settings, work=work)
        if not death.is_dead:
            break
        recover(work)
        said = last_edit(work)
        if said != "labelled 1 image ‘shoe’":
            assert said == STOPPED or str(said).startswith("run: "), moment
            edit.undo(work)
        assert read_rows(work) == before, moment
        if said == STOPPED:
            edit.redo(work)
        run(str(root / "images"), settings, work=work)  # given again, it comes to its end
        after = read_rows(work)
        assert {path: after[path]["group"] for path in before} == {
            p: row["group"] for p, row in before.items()
        }, moment
        assert after["a/2.png"]["label"] == "shoe"
        assert len(after) == len(before) + 2
        assert str(last_edit(work)).startswith("run: ")
        edit.undo(work)
        assert read_rows(work) == before, moment
        shutil.rmtree(root)
    assert moment > 3
