"""Good images added to a model without learning again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from support.colour_inspector import NUM_GOOD, draw, learn_colours, write_pictures
from support.messages import Messages
from unpool.actions.inspection.more import inspect_more, learn_and_add
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.analysis.anomaly.conformal import choose_threshold
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection import growing
from unpool.inference.inspection.inspector import METADATA, InspectorRecord, load_inspector
from unpool.inference.inspection.mirror_levels import MirrorLevels
from unpool.inference.inspection.mirror_training import build_mirror


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learn_colours(tmp_path_factory.mktemp("learnt") / "model")


@pytest.fixture
def model(learnt: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(learnt, tmp_path / "model"))


def change_record(model: Path, change: Callable[[InspectorRecord], object]) -> None:
    record = load_inspector(model).record
    change(record)
    graph = onnx.load(model / "inspector.onnx")
    onnx.helper.set_model_props(graph, {METADATA: json.dumps(record.to_dict())})
    onnx.save(graph, model / "inspector.onnx")


def share_bad(model: Path, kind: str) -> float:
    inspector = load_inspector(model)
    scores = [inspector.inspect(draw(5000 + number, kind)).score for number in range(12)]
    return float(np.mean(np.array(scores) > inspector.record.threshold))


def mean_score(model: Path, kind: str) -> float:
    inspector = load_inspector(model)
    return float(np.mean([inspector.inspect(draw(5000 + number, kind)).score for number in range(12)]))


@pytest.mark.parametrize(("kind", "share"), [("striped", 0.2), ("green", 0.5)])
def test_a_kind_scores_lower_once_it_was_added_and_defects_stay(
    model: Path, tmp_path: Path, kind: str, share: float
) -> None:
    assert share_bad(model, kind) == share_bad(model, "stained") == 1.0
    before, high = load_inspector(model), mean_score(model, kind)
    result = inspect_more(write_pictures(tmp_path / "more", kind, 6), out=model)
    assert (result["images"], result["not_good"], result["still_not_good"]) == (6, 6, 0)
    after = load_inspector(model)
    assert after.record.num_good == result["learnt_from"] == NUM_GOOD + 6
    assert after.id != before.id
    assert mean_score(model, kind) < share * high  # of others of the kind
    assert share_bad(model, "stained") == 1.0
    assert share_bad(model, "good") <= 0.2
    if kind == "green":
        assert share_bad(model, kind) <= 0.25


def test_a_mirror_takes_further_images_too(tmp_path: Path) -> None:
    model = learn_colours(tmp_path / "model", MirrorLevels(build_mirror(seed=0), 64).eval())
    high = mean_score(model, "green")
    result = inspect_more(write_pictures(tmp_path / "more", "green", 6), out=model)
    assert (result["not_good"], result["still_not_good"]) == (6, 0)
    assert mean_score(model, "green") < 0.5 * high
    assert share_bad(model, "stained") == 1.0


def test_picked_images_leave_the_thresholds_as_they_are(model: Path, tmp_path: Path) -> None:
    before = load_inspector(model).record
    result = inspect_more(write_pictures(tmp_path / "more", "striped", 6), out=model)
    after = load_inspector(model).record
    assert after.good_scores == before.good_scores
    assert after.threshold == result["threshold"] == result["old_threshold"] == before.threshold
    assert after.heat_threshold == result["heat_threshold"] == result["old_heat_threshold"]
    assert result["counted"] == 0
    assert any("--fair-sample" in note for note in result["notes"])


def test_a_fair_sample_moves_both_thresholds(model: Path, tmp_path: Path) -> None:
    before = load_inspector(model).record
    more = write_pictures(tmp_path / "more", "good", 20)
    scores = [load_inspector(model).inspect(draw(1000 + number)).score for number in range(20)]
    result = inspect_more(more, out=model, fair_sample=True)
    after = load_inspector(model).record
    assert result["counted"] == 20
    assert len(after.good_scores) == len(after.details["good_heats"]) == NUM_GOOD + 20
    for value, goods in [
        (after.threshold, after.good_scores),
        (after.heat_threshold, after.details["good_heats"]),
    ]:
        assert value == choose_threshold(np.array(goods), before.false_alarms).value
    assert (result["threshold"], result["heat_threshold"]) == (after.threshold, after.heat_threshold)
    assert (result["old_threshold"], result["old_heat_threshold"]) == (
        before.threshold,
        before.heat_threshold,
    )
    new = np.sort(after.good_scores)[~np.isin(np.sort(after.good_scores), before.good_scores)]
    assert len(new) == 20
    assert new.mean() < np.mean(scores)  # each by the others too


def test_a_fair_sample_holds_those_that_were_picked_before(model: Path, tmp_path: Path) -> None:
    before = load_inspector(model)
    score = before.inspect(draw(1000, "striped")).score
    one = write_pictures(tmp_path / "one", "striped", 1)
    assert inspect_more(one / "striped0.png", out=model)["counted"] == 0
    write_pictures(one, "good", 4)
    result = inspect_more(one, out=model, fair_sample=True)
    assert (result["images"], result["known"], result["counted"]) == (4, 1, 5)
    assert max(load_inspector(model).record.good_scores) == pytest.approx(score, abs=1e-4)
    again = inspect_more(one, out=model, fair_sample=True)
    assert (again["counted"], again["threshold"]) == (0, result["threshold"])


def test_a_model_without_heats_says_that_their_threshold_stays(model: Path, tmp_path: Path) -> None:
    change_record(model, lambda record: record.details.pop("good_heats"))
    result = inspect_more(write_pictures(tmp_path / "more", "good", 4), out=model, fair_sample=True)
    assert result["heat_threshold"] == result["old_heat_threshold"]
    assert any("threshold of the heat stays" in note for note in result["notes"])


def test_images_are_named_one_by_one(model: Path, tmp_path: Path) -> None:
    more = write_pictures(tmp_path / "more", "striped", 4)
    assert inspect_more(more / "striped0.png", out=model)["images"] == 1
    result = inspect_more([more / "striped0.png", more / "striped2.png"], out=model)
    assert (result["images"], result["known"]) == (1, 1)
    assert inspect_more([more], out=model)["images"] == 2
    with pytest.raises(UnpoolError, match=r"there is no image or folder .*gone\.png"):
        inspect_more([more / "gone.png"], out=model)


def test_the_file_alone_gives_the_same(model: Path, tmp_path: Path) -> None:
    inspect_more(write_pictures(tmp_path / "more", "striped", 3), out=model)
    session = ort.InferenceSession(str(model / "inspector.onnx"))
    pixels = draw(7, "striped")
    score = session.run(["score"], {"pixels": pixels[None]})[0][0]
    assert score == pytest.approx(load_inspector(model).inspect(pixels).score, abs=1e-4)
    stored = json.loads(session.get_modelmeta().custom_metadata_map["unpool.inspection"])
    assert stored["threshold"] == load_inspector(model).record.threshold


def test_the_same_images_count_once(model: Path, tmp_path: Path) -> None:
    more = write_pictures(tmp_path / "more", "striped", 2)
    inspect_more(more, out=model)
    files = {file.name: file.read_bytes() for file in model.iterdir()}
    result = inspect_more(more, out=model)
    assert (result["images"], result["known"], result["vectors_added"]) == (0, 2, 0)
    assert files == {file.name: file.read_bytes() for file in model.iterdir()}
    write_pictures(more, "green", 1)
    assert inspect_more(more, out=model)["images"] == 1


def test_the_memory_stays_bounded(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.numpy import load_file

    monkeypatch.setattr(growing, "MIN_ADDED", 8)
    first = load_file(model / "model.safetensors")["level0_memory_MD"]
    for turn in range(4):
        inspect_more(write_pictures(tmp_path / f"{turn}", "striped", 4, 100 * turn), out=model)
    last = load_file(model / "model.safetensors")["level0_memory_MD"]
    assert 1.4 * len(first) < len(last) <= 1.5 * len(first)
    np.testing.assert_array_equal(last[: len(first)], first)  # what was learnt is never given up


def test_errors_say_what_to_do(model: Path, tmp_path: Path) -> None:
    more = write_pictures(tmp_path / "more", "striped", 1)
    plain = InspectTrainSettings()
    with pytest.raises(UsageError, match="no model to add to"):
        learn_and_add(None, plain, more=more, out=tmp_path / "none")
    with pytest.raises(UsageError, match="--size 128 asks for another model"):
        learn_and_add(None, InspectTrainSettings(size=128), more=more, out=model)
    with pytest.raises(UsageError, match="--false-alarms is"):
        learn_and_add(None, InspectTrainSettings(false_alarms=0.3), more=more, out=model)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnpoolError):
        inspect_more(tmp_path / "empty", out=model)
    heard = Messages()
    assert learn_and_add(tmp_path / "gone", plain, more=more, out=model, progress=heard)["images"] == 1
    assert any("not learnt from again" in line for line in heard.texts)
