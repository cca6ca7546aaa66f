"""Good images added to a model without learning again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from support.colour_inspector import NUM_GOOD, draw, learn_colours, write_pictures
from support.messages import Messages
from unpool.actions.inspection.more import inspect_more, learn_and_add
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection.inspector import load_inspector


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learn_colours(tmp_path_factory.mktemp("learnt") / "model")


@pytest.fixture
def model(learnt: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(learnt, tmp_path / "model"))


def share_bad(model: Path, kind: str) -> float:
    inspector = load_inspector(model)
    scores = [inspector.inspect(draw(5000 + number, kind)).score for number in range(12)]
    return float(np.mean(np.array(scores) > inspector.record.threshold))


@pytest.mark.parametrize("kind", ["striped", "green"])
def test_a_kind_is_good_once_it_was_added_and_defects_stay(model: Path, tmp_path: Path, kind: str) -> None:
    assert share_bad(model, kind) == share_bad(model, "stained") == 1.0
    before = load_inspector(model)
    result = inspect_more(write_pictures(tmp_path / "more", kind, 6), out=model)
    assert (result["images"], result["not_good"], result["still_not_good"]) == (6, 6, 0)
    after = load_inspector(model)
    assert result["old_threshold"] == before.record.threshold
    assert result["threshold"] == after.record.threshold
    assert len(after.record.good_scores) == after.record.num_good == NUM_GOOD + 6
    assert after.id != before.id
    assert share_bad(model, kind) <= 0.25
    assert share_bad(model, "stained") == 1.0
    assert share_bad(model, "good") <= 0.2


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


def test_one_image_counts_by_the_score_that_it_had(model: Path, tmp_path: Path) -> None:
    before = load_inspector(model)
    score = before.inspect(draw(1000, "striped")).score
    inspect_more(write_pictures(tmp_path / "more", "striped", 1), out=model)
    assert max(load_inspector(model).record.good_scores) == pytest.approx(score, abs=1e-4)


def test_the_memory_stays_bounded(model: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    first = len(load_file(model / "model.safetensors")["level0_memory_MD"])
    for turn in range(4):
        inspect_more(write_pictures(tmp_path / f"{turn}", "striped", 4, 100 * turn), out=model)
    assert first < len(load_file(model / "model.safetensors")["level0_memory_MD"]) <= 1.5 * first


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
