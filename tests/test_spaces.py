"""Two encoders in one workspace: each verb works in a space as in a workspace, and leaves the other vectors alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from unpool import Workspace
from unpool.cli.main import main
from unpool.errors import UsageError
from unpool.store.spaces.paths import space_folder
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.viewer.server import create_app

COLOURS = [
    (250, 0, 0),
    (240, 20, 0),
    (0, 240, 0),
    (10, 230, 0),
    (0, 0, 230),
    (0, 20, 250),
    (99, 99, 99),
    (90, 90, 99),
]


def mean_colour(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32)


def red_or_not(images: list[np.ndarray]) -> np.ndarray:
    """Two clusters far apart, of five numbers."""
    means = mean_colour(images)
    is_red = means[:, 0] > means[:, 1:].mean(1) + 50
    return np.column_stack([100 * is_red, 100 * ~is_red, means / 50]).astype(np.float32)


def save(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), colour).save(path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for number, colour in enumerate(COLOURS):
        save(tmp_path / "images" / f"{number}.png", colour)
    return tmp_path / "images"


@pytest.fixture
def work(tmp_path: Path, images: Path) -> Path:
    """Embedded by colour, and by another function in the space `look`."""
    work = tmp_path / "w.unpool"
    Workspace(work, images).embed(model=mean_colour)
    Workspace(work, images, space="look").embed(model=red_or_not)
    return work


def vectors(work: Path, space: str | None = None) -> np.ndarray:
    return ImageTable(space_folder(work, space)).vectors()[1]


def paths(work: Path, space: str | None = None) -> list[str]:
    return ImageTable(space_folder(work, space)).vectors()[0]


@pytest.fixture
def unpool(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, object], str]]:
    """A command with --json: its exit code, its object, and what it says beside."""

    def call(*words: object) -> tuple[int, dict[str, object], str]:
        with pytest.raises(SystemExit) as end:
            main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), json.loads(out) if out.startswith("{") else {}, err

    return call


def test_a_space_leaves_the_main_vectors_alone(work: Path) -> None:
    assert vectors(work).shape == (8, 3)
    assert vectors(work, "look").shape == (8, 5)
    assert read_state(work)["embedded_by"] != read_state(space_folder(work, "look"))["embedded_by"]
    assert not list((work / "spaces" / "look").glob("lock*"))


def test_groups_and_maps_are_of_each(work: Path) -> None:
    main_, look = Workspace(work), Workspace(work, space="look")
    main_.group(groups=4, method="kmeans")
    look.group(groups=2, method="kmeans")
    look.map()
    assert main_.table(["group"])["group"].nunique() == 4
    assert look.table(["group"])["group"].nunique() == 2
    assert main_.table(["x"])["x"].isna().all()
    assert look.table(["x"])["x"].notna().all()
    assert (work / "spaces" / "look" / "groups.csv").is_file()


def test_labels_are_of_both(work: Path) -> None:
    Workspace(work, space="look").label("0.png", "red")
    assert Workspace(work).table(["label"])["label"].tolist()[0] == "red"


def test_undo_goes_through_all_spaces_in_order(work: Path) -> None:
    main_, look = Workspace(work), Workspace(work, space="look")
    main_.group(groups=4, method="kmeans")
    look.group(groups=2, method="kmeans")
    assert look.move("7.png", 1) == 1
    main_.label("1.png", "red")
    assert "label" in main_.undo()
    main_.undo()  # of the move, in the space
    assert look.table(["group"])["group"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert main_.table(["group"])["group"].nunique() == 4
    look.undo()
    assert look.table(["group"])["group"].isna().all()
    assert main_.table(["group"])["group"].nunique() == 4
    main_.redo()
    assert look.table(["group"])["group"].nunique() == 2
    look.undo()
    main_.undo()
    assert main_.table(["group"])["group"].isna().all()
    main_.undo()  # of the embedding of the space
    assert vectors(work, "look").size == 0
    assert len(vectors(work)) == 8
    main_.redo()
    assert vectors(work, "look").shape == (8, 5)


def test_changed_files_are_cleared_in_all_and_filled_in_later(work: Path, images: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    Workspace(work, space="look").group(groups=2, method="kmeans")
    save(images / "3.png", (1, 2, 3))
    save(images / "new.png", (200, 200, 0))
    (images / "5.png").unlink()
    code, result, said = unpool("embed", images, "--work", work, "--model", work / "model")
    assert (code, result["embedded"], result["images"]) == (0, 2, 8), said
    assert "2 images have no vector in the space look" in said
    assert paths(work, "look") == [f"{n}.png" for n in (0, 1, 2, 4, 6, 7)]
    code, result, said = unpool("embed", images, "--work", work, "--space", "look")
    assert (code, result["embedded"]) == (0, 2), said
    assert "no vector" not in said
    assert paths(work, "look") == paths(work)
    np.testing.assert_allclose(vectors(work)[paths(work).index("3.png")], [1, 2, 3])


def test_a_moved_file_keeps_its_vectors_in_all(work: Path, images: Path) -> None:
    before = vectors(work, "look")
    (images / "0.png").rename(images / "zero.png")
    Workspace(work).embed()
    assert paths(work, "look") == [*(f"{n}.png" for n in range(1, 8)), "zero.png"]
    np.testing.assert_array_equal(vectors(work, "look"), np.roll(before, -1, axis=0))


def test_every_verb_takes_a_space(work: Path, images: Path, unpool, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    def call(*words: object) -> dict[str, object]:
        code, result, said = unpool(*words, "--work", work, "--space", "look")
        assert code == 0, said
        return result

    assert call("group", "--groups", 2, "--method", "kmeans")["groups"] == 2
    call("map")
    assert call("check")["images"] == 8
    call("evaluate")
    assert call("search", "0.png", "-k", 2)["results"][0]["path"] == "0.png"  # type: ignore[index]
    call("export", "--to", "csv", "--out", tmp_path / "out.csv")
    assert "outlier_score" in (tmp_path / "out.csv").read_text().splitlines()[0]
    call("suggest")
    table = Workspace(work).table(["group", "x", "outlier_score"])
    assert table.isna().all().all()


def test_a_run_is_of_a_space(work: Path, images: Path, unpool, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (images.parent / "run_in_space.py").write_text(
        "def mean(images):\n    return [i.mean((0, 1)) for i in images]\n"
    )
    monkeypatch.chdir(images.parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Workspace(work).group(groups=4, method="kmeans")
    before = Workspace(work).table(["path", "group", "x"])
    words = (
        "run",
        images,
        "--work",
        work,
        "--space",
        "third",
        "--model",
        "run_in_space:mean",
        "--groups",
        2,
        "--no-open",
    )
    code, result, said = unpool(*words)
    assert (code, result["groups"], result["embedded"]) == (0, 2, 8), said
    assert Path(str(result["report"])) == work / "spaces" / "third" / "report" / "index.html"
    pd.testing.assert_frame_equal(Workspace(work).table(["path", "group", "x"]), before)
    save(images / "new.png", (0, 250, 9))
    code, result, said = unpool(*words)
    assert (code, result["embedded"], result["joined"]) == (0, 1, 1), said
    assert Workspace(work, space="third").table(["group"])["group"].notna().all()
    code, _, said = unpool("run", images, "--work", work, "--space", "fourth", "--model", "run_in_space:none")
    assert (code, (work / "spaces" / "fourth").exists()) == (1, False), said


def test_a_classifier_of_a_space_names_its_images(work: Path, unpool, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    look = Workspace(work, space="look")
    look.label([f"{n}.png" for n in (0, 1)], "red")
    look.label([f"{n}.png" for n in (2, 3, 4, 5)], "other")
    look.classify_train(tmp_path / "model", head="knn")
    words = ("classify", "predict", "--model", tmp_path / "model", "--out")
    code, result, said = unpool(*words, tmp_path / "out.csv", "--work", work, "--space", "look")
    assert (code, result["images"]) == (0, 8), said
    found = pd.read_csv(tmp_path / "out.csv").set_index("path")["label"]
    assert (found["0.png"], found["7.png"]) == ("red", "other")
    code, _, said = unpool(*words, tmp_path / "own.csv", "--work", work)
    assert code == 1  # other vectors than those that it was taught on
    code, _, said = unpool(*words, tmp_path / "no.csv", tmp_path / "images", "--space", "look")
    assert (code, "name the workspace with --work DIR" in said) == (2, True), said


def test_labels_are_given_by_the_groups_of_a_space(work: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    Workspace(work).group(groups=4, method="kmeans")
    Workspace(work, space="look").group(groups=2, method="kmeans")
    code, result, said = unpool("label", "--group", 1, "--as", "red", "--work", work, "--space", "look")
    assert (code, result["changed"]) == (0, 2), said
    assert Workspace(work).table(["path", "label"]).dropna()["path"].tolist() == ["0.png", "1.png"]


def test_sure_suggestions_of_a_space_replace_no_label_given_elsewhere(work: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    look = ImageTable(space_folder(work, "look"))
    look.update(["0.png", "1.png"], {"suggestion": ["red", "red"], "suggestion_confidence": [0.9, 0.9]})
    Workspace(work).label("0.png", "rose")
    code, result, said = unpool("accept", "--above", 0, "--work", work, "--space", "look")
    assert (code, result["changed"]) == (0, 1), said
    assert Workspace(work).table(["label"])["label"].tolist()[:2] == ["rose", "red"]


def test_an_unknown_space_names_those_that_there_are(work: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    code, _, said = unpool("map", "--work", work, "--space", "lok")
    assert code == 2
    assert "there are look" in said
    assert len(said.strip().splitlines()) == 1
    with pytest.raises(UsageError, match="there are look"):
        Workspace(work, space="lok").search("0.png")
    with pytest.raises(UsageError, match="letters"):
        Workspace(work, space="a b")


def test_a_model_that_fails_makes_no_space(work: Path, images: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    code, _, said = unpool("embed", images, "--work", work, "--space", "more", "--model", "no-such-network")
    assert code in (1, 2), said
    assert not (work / "spaces" / "more").exists()
    code, _, said = unpool("embed", images, "--work", work, "--space", "more")
    assert (code, "--model" in said) == (2, True)
    assert not (work / "spaces" / "more").exists()


def test_embedding_by_its_own_model_keeps_what_was_requested(work: Path, images: Path) -> None:
    for space in (None, "look"):
        before = read_state(space_folder(work, space))
        Workspace(work, images, space=space).embed()
        assert read_state(space_folder(work, space)) == before


def test_a_space_may_come_first(tmp_path: Path, images: Path) -> None:
    work = tmp_path / "first.unpool"
    Workspace(work, images, space="look").embed(model=red_or_not)
    assert vectors(work, "look").shape == (8, 5)
    assert vectors(work).size == 0
    Workspace(work, images).embed(model=mean_colour)
    assert (vectors(work, "look").shape, vectors(work).shape) == ((8, 5), (8, 3))


def test_the_page_shows_one_space_or_another(work: Path) -> None:
    Workspace(work, space="look").group(groups=2, method="kmeans")
    app = create_app(work, token="t")
    with TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "t"}) as client:
        first = client.get("/api/collection").json()
        assert (first["spaces"], first["space"], len(first["groups"])) == (["look"], None, 0)
        shown = client.post("/api/space", json={"space": "look"}).json()
        assert (shown["space"], len(shown["groups"])) == ("look", 2)
        assert shown["revision"] > first["revision"]
        refused = client.post("/api/space", json={"space": "lok"})
        assert (refused.status_code, "there are look" in refused.json()["detail"]) == (422, True)
        assert client.post("/api/space", json={"space": None}).json()["space"] is None


def test_files_that_come_back_have_their_vectors_and_groups_in_all(work: Path, images: Path, unpool) -> None:  # type: ignore[no-untyped-def]
    shutil.copy(images / "0.png", images / "copy.png")
    for space in (None, "look"):
        workspace = Workspace(work, images, space=space)
        workspace.embed()
        workspace.group(groups=2, method="kmeans")
    before = Workspace(work, space="look").table(["path", "vector", "group", "model"])
    Workspace(work).check()
    moved = Workspace(work).clean(problem="duplicates", to=str(work.parent / "away"))
    assert len(paths(work, "look")) == 8, moved
    Workspace(work).clean(undo=moved["manifest"])
    pd.testing.assert_frame_equal(
        Workspace(work, space="look").table(["path", "vector", "group", "model"]), before
    )


def test_doctor_repairs_what_is_of_a_space(work: Path) -> None:
    assert Workspace(work).doctor().empty
    look = Workspace(work, space="look")
    look.group(groups=2, method="kmeans")
    folder = work / "spaces" / "look"
    (folder / "unpool.yaml").write_text("embedded_by: [")
    (folder / "groups.csv").unlink()
    (folder / "model" / "model.json").unlink()
    found = Workspace(work).doctor()
    assert set(found["where"]) >= {f"spaces/look/{name}" for name in ("unpool.yaml", "groups.csv", "model")}
    assert (folder / "groups.csv").is_file()
    assert read_state(folder)["images"] == read_state(work)["images"]
    assert look.table(["group"])["group"].nunique() == 2


def test_doctor_reads_the_vectors_of_a_space_that_lacks_some(tmp_path: Path, images: Path) -> None:
    work = tmp_path / "first.unpool"
    Workspace(work, images, space="look").embed(model=red_or_not)
    assert Workspace(work).doctor().empty  # there are no vectors of its own
    save(images / "3.png", (1, 2, 3))
    Workspace(work, images).embed(model=mean_colour)
    assert paths(work, "look") != paths(work)
    ImageTable(space_folder(work, "look")).update(["0.png"], {"vector": [[np.nan] * 5]})
    assert Workspace(work).doctor()["what"].tolist() == ["space look: vectors that are no numbers: 0.png"]
