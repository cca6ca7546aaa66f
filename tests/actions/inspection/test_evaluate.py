"""Figures of an inspector that sees darkness, against those worked out from its scores."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from support.inspector import write_inspector, write_parts
from support.messages import Messages
from unpool.actions.inspection.evaluate import inspect_evaluate
from unpool.actions.inspection.predict import inspect_predict
from unpool.actions.inspection.settings import InspectEvaluateSettings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection.inspector import load_inspector, resize_heat


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_inspector(tmp_path_factory.mktemp("model") / "model", threshold=0.6, heat_threshold=0.5)


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Seven good parts, and three of each of two kinds, the third of each no darker than a good part."""
    folder = write_parts(tmp_path / "parts", good=7)
    for kind in ("spot", "bar"):
        pixels = np.asarray(Image.open(folder / "test" / kind / "002.png")).copy()
        pixels[pixels < 200] = 190
        Image.fromarray(pixels).save(folder / "test" / kind / "002.png")
    return folder


def truth_of(folder: Path, model: Path) -> tuple[dict[str, float], Mapping[str, np.ndarray]]:
    """The score of each image and its heat map, as the inspector alone says."""
    inspector = load_inspector(model)
    seen = {
        file.relative_to(folder / "test").as_posix(): inspector.inspect(np.asarray(Image.open(file)))
        for file in sorted((folder / "test").rglob("*.png"))
    }
    return {path: each.score for path, each in seen.items()}, {
        path: each.heat_hw for path, each in seen.items()
    }


def test_figures_are_those_of_scikit_learn(parts: Path, model: Path) -> None:
    scores, heats = truth_of(parts, model)
    is_bad = [not path.startswith("good") for path in scores]
    called = [score > 0.6 for score in scores.values()]
    found = inspect_evaluate(parts, model=model)
    assert (found["images"], found["good"], found["bad"], found["skipped"]) == (13, 7, 6, 0)
    assert found["image_auroc"] == pytest.approx(roc_auc_score(is_bad, list(scores.values())))
    assert 0.5 < found["image_auroc"] < 1
    assert found["image_ap"] == pytest.approx(average_precision_score(is_bad, list(scores.values())))
    assert found["f1"] == pytest.approx(f1_score(is_bad, called))
    assert (found["recall"], found["precision"]) == (pytest.approx(4 / 6), 1.0)
    assert (found["false_alarm_rate"], found["false_alarm_interval"][0]) == (0.0, 0.0)
    assert (found["threshold"], found["false_alarms"], found["method"]) == (0.6, 0.01, "memory")
    for kind in ("spot", "bar"):
        rows = [path for path in scores if path.startswith(("good", kind))]
        expected = roc_auc_score([path.startswith(kind) for path in rows], [scores[path] for path in rows])
        assert found["per_kind"][kind] == pytest.approx(expected)
    assert found["kinds"] == {"bar": {"images": 3, "found": 2}, "spot": {"images": 3, "found": 2}}
    heat_N, bad_N = [], []
    for path, heat_hw in heats.items():
        mask = parts / "ground_truth" / path.replace(".png", "_mask.png")
        bad_N.append(np.asarray(Image.open(mask)) > 0 if mask.is_file() else np.zeros((64, 64), bool))
        heat_N.append(resize_heat(heat_hw, 64, 64))
    expected = roc_auc_score(np.stack(bad_N).ravel(), np.stack(heat_N).ravel())
    assert found["pixel_auroc"] == pytest.approx(expected, abs=1e-3)
    assert 0.5 < found["aupro"] < 1
    assert (found["masks"], found["regions"], found["notes"]) == (6, 6, [])


def test_a_table_and_other_masks_give_the_same_figures(parts: Path, model: Path) -> None:
    expected = inspect_evaluate(parts, model=model)
    shutil.move(parts / "ground_truth", parts / "masks")
    moved = inspect_evaluate(parts / "test", InspectEvaluateSettings(masks=parts / "masks"), model=model)
    rows = ["path,label,mask"]
    for file in sorted((parts / "test").rglob("*.png")):
        mask = f"masks/{file.parent.name}/{file.stem}_mask.png"
        rows.append(
            f"test/{file.parent.name}/{file.name},{file.parent.name},{mask if (parts / mask).is_file() else ''}"
        )
    (parts / "parts.csv").write_text("\n".join(rows))
    listed = inspect_evaluate(parts / "parts.csv", model=model)
    for other in (moved, listed):
        assert {**other, "seconds": 0} == {**expected, "seconds": 0}


def test_without_masks_pixel_figures_are_none(parts: Path, model: Path) -> None:
    shutil.rmtree(parts / "ground_truth")
    found = inspect_evaluate(parts, model=model)
    assert (found["pixel_auroc"], found["aupro"], found["masks"], found["regions"]) == (None, None, 0, 0)
    assert found["image_auroc"] is not None
    assert len(found["without_mask"]) == 6
    assert found["notes"] == ["no image that is not good has a mask; figures of pixels are left out"]


def test_what_cannot_be_used_is_skipped_and_reported(parts: Path, model: Path) -> None:
    (parts / "test/good/000.png").write_bytes(b"no picture")
    (parts / "test/spot/empty.png").touch()
    (parts / "test/bar/001.png").unlink()
    (parts / "ground_truth/spot/000_mask.png").write_bytes(b"no picture")
    (parts / "ground_truth/spot/001_mask.png").unlink()
    Image.new("L", (64, 64)).save(parts / "ground_truth/spot/002_mask.png")
    messages = Messages()
    found = inspect_evaluate(parts, model=model, progress=messages)
    assert (found["images"], found["good"], found["bad"], found["skipped"]) == (11, 6, 5, 2)
    assert (found["without_mask"], found["extra_masks"]) == (["spot/001.png"], ["bar/001_mask.png"])
    assert (found["masks"], found["regions"]) == (3, 2)
    assert len(found["notes"]) == 4
    for note, words in zip(
        found["notes"],
        (
            "1 of 5 images that are not good have no mask; pixel figures leave them out (the first is spot/001.png)",
            "1 masks belong to no image (the first is bar/001_mask.png)",
            "1 masks cannot be used",
            "1 masks of images that are not good mark nothing; all their pixels count as good (the first is spot/002",
        ),
        strict=True,
    ):
        assert note.startswith(words)
        assert note in messages.texts
    assert any(line.startswith("skipped good/000.png") for line in messages.texts)


def test_large_masks_count_by_their_own_pixels_and_good_images_with_them(parts: Path, model: Path) -> None:
    expected = inspect_evaluate(parts, model=model)
    for mask in (parts / "ground_truth").rglob("*.png"):
        Image.open(mask).resize((256, 256), Image.Resampling.NEAREST).save(mask)
    found = inspect_evaluate(parts, model=model)
    assert found["notes"] == [
        "6 of 6 masks are not of their image's size; heat maps are compared at the masks' size"
    ]
    # Were good images counted at their own size, they would weigh a sixteenth.
    assert found["pixel_auroc"] == pytest.approx(expected["pixel_auroc"], abs=5e-3)
    assert found["aupro"] == pytest.approx(expected["aupro"], abs=2e-2)


def test_good_images_alone_have_false_alarms_alone(parts: Path, model: Path) -> None:
    for kind in ("spot", "bar"):
        shutil.rmtree(parts / "test" / kind)
        shutil.rmtree(parts / "ground_truth" / kind)
    found = inspect_evaluate(parts, model=model)
    assert [found[key] for key in ("image_auroc", "image_ap", "f1", "pixel_auroc", "aupro", "per_kind")] == [
        None, None, None, None, None, {},
    ]  # fmt: skip
    assert found["false_alarm_rate"] == 0
    assert found["notes"] == ["all 7 images are good: AUROC needs both"]


def test_nothing_usable_is_an_error(parts: Path, model: Path) -> None:
    for file in (parts / "test").rglob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(UnpoolError, match=r"no image can be used; the first, bar/000\.png"):
        inspect_evaluate(parts, model=model)


def test_scores_that_are_no_numbers_are_reported(
    parts: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = load_inspector(model)
    seen = broken.inspect

    def fail(pixels_HW3: np.ndarray) -> object:
        inspection = seen(pixels_HW3)
        inspection.heat_hw[0, 0] = np.nan if pixels_HW3[0, 0, 0] == 220 else 0
        return inspection

    monkeypatch.setattr(broken, "inspect", fail)
    monkeypatch.setattr("unpool.actions.inspection.evaluate.load_inspector", lambda *_, **__: broken)
    messages = Messages()
    found = inspect_evaluate(parts, model=model, progress=messages)
    assert (found["images"], found["skipped"]) == (12, 1)
    assert (
        "skipped good/000.png: no-score, the model gives no number for it; train it again" in messages.texts
    )


def test_pictures_and_a_table_are_written(parts: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = inspect_evaluate(parts, InspectEvaluateSettings(out=out), model=model)
    assert found["files"] == [str(out / name) for name in ("roc.png", "misses.png", "evaluation.csv")]
    assert all(Path(file).stat().st_size for file in found["files"])
    assert inspect_evaluate(parts, model=model)["files"] == []


def test_another_threshold_changes_verdicts_alone(parts: Path, model: Path, tmp_path: Path) -> None:
    own = inspect_evaluate(parts, model=model)
    found = inspect_evaluate(parts, InspectEvaluateSettings(threshold=0.3, out=tmp_path / "out"), model=model)
    changed = {key for key in found if found[key] != own[key]} - {"seconds", "files"}
    assert changed == {
        "threshold", "false_alarms", "false_alarm_rate", "false_alarm_interval", "precision", "f1",
    }  # fmt: skip
    assert (found["threshold"], found["false_alarms"]) == (0.3, None)
    assert found["false_alarm_rate"] == pytest.approx(2 / 7)
    assert (tmp_path / "out" / "evaluation.csv").read_text().count("not good") == 6


def test_scores_and_verdicts_are_those_of_predict(parts: Path, model: Path, tmp_path: Path) -> None:
    inspect_evaluate(parts, InspectEvaluateSettings(out=tmp_path / "measured"), model=model)
    inspect_predict(parts / "test", model=model, out=tmp_path / "out")
    both = []
    for file in (tmp_path / "measured" / "evaluation.csv", tmp_path / "out" / "scores.csv"):
        with file.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        both.append([(row["path"], float(row["score"]), row["probability"], row["verdict"]) for row in rows])
    assert both[0] == both[1]


def test_pictures_do_not_go_among_images_or_masks(parts: Path, model: Path) -> None:
    for out, words in (
        (parts, "is the folder of the images itself"),
        (parts / "test" / "out", "taken for images or masks; name another folder"),
        (parts / "ground_truth", "taken for images or masks"),
        (model, "is a workspace or a model"),
    ):
        with pytest.raises(UsageError, match=words):
            inspect_evaluate(parts, InspectEvaluateSettings(out=out), model=model)
    assert not (parts / "test" / "out").exists()


def test_good_images_unlike_those_of_the_training_are_reported(tmp_path: Path) -> None:
    parts = write_parts(tmp_path / "parts", good=18, bad=1)
    for good_scores, is_off in (((0.0, 0.01, 0.02) * 10, True), ((0.1, 0.3, 0.5, 0.7) * 5, False)):
        model = write_inspector(tmp_path / f"model-{is_off}", threshold=0.9, good_scores=good_scores)
        notes = inspect_evaluate(parts, model=model)["notes"]
        assert any("good images score higher here" in note for note in notes) is is_off
