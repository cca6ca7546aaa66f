"""`unpool inspect train` with a tiny encoder: what it learns, refuses and says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support import export_cache
from support.messages import Messages
from support.tiny_levels import build_encoder, build_preprocessing, good_pictures, with_spot
from unpool.actions.inspection import methods, train
from unpool.actions.inspection.more import inspect_more
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.actions.inspection.train import inspect_train
from unpool.analysis.anomaly.conformal import choose_threshold
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection import learning
from unpool.inference.inspection.inspector import Inspector, InspectorRecord, load_inspector

SIZE = 64
Trained = tuple[dict[str, Any], Inspector, Messages]


@pytest.fixture(scope="module", autouse=True)
def _tiny(session_folder: Path) -> Any:
    """A tiny encoder, and few made defects."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            methods, "load_encoder", lambda name, size: (build_encoder(), build_preprocessing(3, size))
        )
        patch.setattr(train, "MADE", 3)
        patch.setattr(
            learning, "MEMORY", {4096: 200}
        )  # of one size, so that graphs differ in their weights alone
        import torch.onnx  # noqa: F401 - its converter is kept

        export_cache.install(session_folder)
        yield


def write_good(
    folder: Path, count: int, *, seed: int = 0, grey: bool = False, part: int | None = None
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(good_pictures(count, seed, size=SIZE)):
        image = Image.fromarray(picture)
        (image.convert("L") if grey else image).save(folder / f"{number:02}.png")
    return folder


def learn(good: Path, out: Path, progress: Messages | None = None, **more: Any) -> dict[str, Any]:
    settings = InspectTrainSettings(**{"size": SIZE, "false_alarms": 0.1, **more})
    return inspect_train(good, settings, out=out, progress=progress)


@pytest.fixture
def unwritten(monkeypatch: pytest.MonkeyPatch) -> list[InspectorRecord]:
    """Records of models that are not written, since the conversion to ONNX takes seconds."""
    records: list[InspectorRecord] = []
    monkeypatch.setattr(train, "_save", lambda out, best, record, *_: records.append(record))
    return records


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_good(tmp_path_factory.mktemp("in") / "good", 20)


@pytest.fixture(scope="module")
def trained(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    out, progress = tmp_path_factory.mktemp("out") / "model", Messages()
    return learn(good, out, progress), load_inspector(out), progress


def test_the_result_says_what_was_learnt(trained: Trained) -> None:
    result, inspector, _ = trained
    assert list(result)[:6] == ["out", "images", "method", "threshold", "false_alarms", "seconds"]
    assert (result["images"], result["method"], result["false_alarms"]) == (20, "memory", 0.1)
    record = inspector.record
    assert result["threshold"] == record.threshold
    assert (record.num_good, record.size, record.tile, record.false_alarms) == (20, SIZE, None, 0.1)
    assert Path(result["out"]).name == "model"


def test_images_learnt_from_are_none_of_the_further_ones(
    good: Path, trained: Trained, tmp_path: Path
) -> None:
    """In a folder that grows they would count again, by scores of images that the memory holds."""
    model = Path(shutil.copytree(trained[0]["out"], tmp_path / "model"))
    more = Path(shutil.copytree(good, tmp_path / "more"))
    result = inspect_more(more, out=model, fair_sample=True)
    assert (result["images"], result["known"], result["counted"]) == (0, 20, 0)
    assert result["threshold"] == trained[0]["threshold"]
    Image.fromarray(good_pictures(1, 7, size=SIZE)[0]).save(more / "new.png")
    result = inspect_more(more, out=model, fair_sample=True)
    assert (result["images"], result["known"], result["counted"]) == (1, 20, 1)


def test_the_threshold_is_that_of_good_images_each_by_the_others(
    trained: Trained,
) -> None:
    result, inspector, _ = trained
    scores = inspector.record.good_scores
    assert len(scores) == 20
    assert list(scores) == sorted(scores)
    expected = choose_threshold(np.array(scores), 0.1)
    assert result["threshold"] == pytest.approx(expected.value)
    assert (result["expected_rate"], result["rate_low"], result["rate_high"]) == pytest.approx(
        (expected.rate, expected.low, expected.high)
    )


def test_defects_are_above_the_threshold_and_most_good_images_below(
    trained: Trained,
) -> None:
    result, inspector, _ = trained
    unseen = good_pictures(30, 9, size=SIZE)
    scores = [inspector.inspect(picture).score for picture in unseen]
    assert np.mean(np.array(scores) > result["threshold"]) <= 0.4
    bad = [inspector.inspect(with_spot(picture, 24, 30)) for picture in unseen]
    assert min(each.score for each in bad) > result["threshold"]
    assert min(each.heat_hw.max() for each in bad) > inspector.record.heat_threshold


def test_what_is_said_of_the_choice_and_the_threshold(
    trained: Trained,
) -> None:
    result, inspector, progress = trained
    text = "\n".join(progress.texts)
    assert result["notes"] == progress.texts[-len(result["notes"]) :]
    assert "of unseen good images 9.5% are expected above the threshold" in text
    assert "as 20 good images say" in text
    assert "made defects are found with an area below the ROC of" in text
    assert set(result["made_defects"]) == set(train.DEFECTS)
    assert set(result["figures"]) >= {"64/16"}
    assert inspector.record.details["figures"] == result["figures"]


def test_ten_images_work_and_say_what_they_cannot_promise(
    tmp_path: Path, unwritten: list[InspectorRecord]
) -> None:
    progress = Messages()
    result = learn(write_good(tmp_path / "good", 10), tmp_path / "out", progress, false_alarms=0.01)
    assert result["images"] == 10
    (line,) = [text for text in progress.texts if "cannot promise" in text]
    assert "10 good images cannot promise 1.0%, which takes 99" in line
    assert result["threshold"] > max(unwritten[0].good_scores)
    assert result["rate_high"] > 0.2


def test_too_few_further_images_are_said_before_learning(good: Path, tmp_path: Path) -> None:
    val, progress = write_good(tmp_path / "val", 9), Messages()
    with pytest.raises(UnpoolError, match=r"--val .*val holds 9 images, but at least 10 are needed$"):
        learn(good, tmp_path / "out", progress, val=val)
    assert progress.texts == []


def test_nine_images_are_one_line_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(
        UnpoolError, match="holds 9 good images that can be used, but at least 10 are needed"
    ) as caught:
        learn(write_good(tmp_path / "good", 9), tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("least", "said"), [(0.0, "places count"), (1.1, "places do not count")])
def test_places_count_where_images_agree_and_that_is_told(
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    unwritten: list[InspectorRecord],
    least: float,
    said: str,
) -> None:
    monkeypatch.setattr(train, "ALIGNED", least)
    progress = Messages()
    result = learn(good, tmp_path / "out", progress)
    assert result["aligned"] == (least == 0)
    assert f"good images agree in place by {result['alignment']:.2f}: {said}" in progress.texts


def test_grey_images_are_learnt_from(tmp_path: Path, unwritten: list[InspectorRecord]) -> None:
    result = learn(write_good(tmp_path / "good", 12, grey=True), tmp_path / "out")
    assert (result["images"], result["skipped"], len(unwritten[0].good_scores)) == (12, 0, 12)
    assert np.mean(list(result["made_defects"].values())) > 0.7  # of three images a kind
    assert np.isfinite(result["threshold"])


def test_broken_and_repeated_images_are_told(tmp_path: Path, unwritten: list[InspectorRecord]) -> None:
    folder, progress = write_good(tmp_path / "good", 14), Messages()
    (folder / "00.png").write_bytes(b"broken")
    (folder / "copy.png").write_bytes((folder / "01.png").read_bytes())
    result = learn(folder, tmp_path / "out", progress)
    assert (result["images"], result["skipped"], result["repeated"]) == (13, 1, 1)
    assert any(text.startswith("skipped 00.png: ") for text in progress.texts)
    assert "1 images repeat another one, and were left out" in progress.texts


def test_many_broken_images_are_counted_rather_than_listed(
    tmp_path: Path, unwritten: list[InspectorRecord]
) -> None:
    folder, progress = write_good(tmp_path / "good", 20), Messages()
    for number in range(8):
        (folder / f"{number:02}.png").write_bytes(b"broken")
    learn(folder, tmp_path / "out", progress)
    assert sum(text.startswith("skipped ") for text in progress.texts) == 5
    assert "and 3 more that cannot be read" in progress.texts


def test_folders_of_the_user_are_left_alone(good: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the folder of the images itself"):
        learn(good, good)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(
        UsageError, match=r"holds a\.txt, which is no part of a model; name a folder of its own"
    ):
        learn(good, tmp_path / "notes")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["a.txt"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file, but must be a folder"):
        learn(good, tmp_path / "file")
    assert len(list(good.iterdir())) == 20


def test_the_same_request_has_nothing_to_do_until_its_images_change(good: Path, tmp_path: Path) -> None:
    val = write_good(tmp_path / "val", 11, seed=7)
    first, progress = learn(good, tmp_path / "out", val=val), Messages()
    written = (tmp_path / "out" / "inspector.onnx").stat().st_mtime_ns
    again = learn(good, tmp_path / "out", progress, val=val)
    assert (tmp_path / "out" / "inspector.onnx").stat().st_mtime_ns == written
    said = [number for number, text in enumerate(progress.texts) if "nothing is to do" in text]
    assert len(said) == 1
    assert progress.texts[said[0] + 1 :] == again["notes"]
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    write_good(val, 12, seed=8)  # the threshold is chosen on these
    assert learn(good, tmp_path / "out", val=val)["threshold"] != first["threshold"]


def test_a_model_is_written_over_an_older_one(good: Path, tmp_path: Path) -> None:
    learn(good, tmp_path / "out")
    learn(good, tmp_path / "out", false_alarms=0.3)
    assert load_inspector(tmp_path / "out").record.false_alarms == 0.3


def test_a_threshold_from_further_images(good: Path, tmp_path: Path) -> None:
    """Brighter images are less good: their scores, not those learnt from, make the threshold."""
    val = tmp_path / "val"
    val.mkdir()
    for number, picture in enumerate(good_pictures(11, 7, size=SIZE)):
        Image.fromarray(np.clip(picture * 1.3, 0, 255).astype(np.uint8)).save(val / f"{number}.png")
    result = learn(good, tmp_path / "out", val=val)
    inspector = load_inspector(tmp_path / "out")
    scores = sorted(
        inspector.inspect(np.asarray(Image.open(file).convert("RGB"))).score for file in val.iterdir()
    )
    assert list(inspector.record.good_scores) == pytest.approx(scores, abs=0.02)
    assert result["threshold"] == pytest.approx(choose_threshold(np.array(scores), 0.1).value, abs=0.02)
    assert (result["images"], inspector.record.num_good) == (20, 20)


def test_windows_of_large_images(tmp_path: Path, unwritten: list[InspectorRecord]) -> None:
    folder = tmp_path / "good"
    folder.mkdir()
    for number, picture in enumerate(good_pictures(10, size=160)):
        Image.fromarray(picture[:80]).save(folder / f"{number}.png")
    result = learn(folder, tmp_path / "out", tile=80)
    (record,) = unwritten
    assert (record.tile, result["images"], len(record.good_scores)) == (80, 10, 10)  # a score an image
    assert not result["aligned"]
    whole = learn(folder, tmp_path / "out")
    assert whole["threshold"] != result["threshold"]


@pytest.mark.parametrize(
    ("name", "value"), [("size", 100), ("size", 32), ("false_alarms", 0.0), ("method", "magic")]
)
def test_options_out_of_range_are_refused_before_work(
    good: Path, tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(UsageError):
        learn(good, tmp_path / "out", **{name: value})
    assert not (tmp_path / "out").exists()


def test_the_same_seed_learns_the_same(good: Path, tmp_path: Path, trained: Trained) -> None:
    learn(good, tmp_path / "out")
    assert load_inspector(tmp_path / "out").record.good_scores == trained[1].record.good_scores
