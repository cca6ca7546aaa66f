"""Images of a workspace are copied, added and inspected again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unpool.actions.inspection.judging import addition
from unpool.actions.inspection.judging.addition import add_good_images
from unpool.actions.inspection.judging.judge import call
from unpool.errors import UnpoolError
from unpool.inference.inspection.inspector import load_inspector
from unpool.store.inspection.inspector import found_not_good, read_inspector


def test_without_paths_those_that_were_called_good_wrongly_are_added(work: Path) -> None:
    call(work, ["striped0.png", "good0.png"], "good")
    assert add_good_images(work)["added"] == 1  # good0 was called good anyway


def test_many_are_added_in_parts(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = addition.inspect_more

    def note(folder: Path, **rest: object) -> dict[str, object]:
        sizes.append(len(list(folder.iterdir())))
        return real(folder, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(addition, "inspect_more", note)
    monkeypatch.setattr(addition, "MAX_PICTURES", 2)
    result = add_good_images(work, ["striped0.png", "striped1.png", "striped2.png"])
    assert (sizes, result["added"]) == ([2, 1], 3)


def test_what_a_kill_left_unnoted_is_not_added_twice(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    call(work, ["striped0.png"], "good")
    with monkeypatch.context() as patch:
        patch.setattr(addition, "add_to_added", die)
        with pytest.raises(KeyboardInterrupt):
            add_good_images(work)
    model = load_inspector(work.parent / "model")
    add_good_images(work)
    assert load_inspector(work.parent / "model").record.num_good == model.record.num_good
    seen = read_inspector(work)
    assert seen is not None
    assert (seen.model, len(seen.added)) == (model.id, 1)


def test_a_file_or_a_model_that_is_gone_is_an_error(work: Path) -> None:
    (work.parent / "parts" / "striped1.png").unlink()
    before = load_inspector(work.parent / "model").id
    with pytest.raises(UnpoolError, match=r"striped1\.png cannot be added"):
        add_good_images(work, ["striped1.png"])
    assert load_inspector(work.parent / "model").id == before
    shutil.rmtree(work.parent / "model")
    with pytest.raises(UnpoolError, match="no model"):
        add_good_images(work, ["striped0.png"])
    assert len(found_not_good(work)) == 5
