"""Scores, verdicts and pictures of a folder: whole, again, after a kill, with files that are broken or not ours."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from support.inspector import write_inspector
from support.messages import Messages
from unpool.actions.inspection import inspect_image, predict
from unpool.actions.inspection.inspect_image import ImageInspector
from unpool.actions.inspection.predict import inspect_predict
from unpool.actions.inspection.settings import InspectPredictSettings
from unpool.actions.outputs.record import OutputRecord
from unpool.errors import UnpoolError, UsageError

GREY = 217  # of good images: a heat of 0.15


def picture(file: Path, dark: int | None = None, grey: int = GREY) -> Path:
    """An image of one grey; `dark` is the side of a black corner."""
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((64, 96, 3), grey, np.uint8)
    if dark is not None:
        pixels[:dark, :dark] = 0
    Image.fromarray(pixels).save(file)
    return file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_inspector(tmp_path / "model")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for number in range(4):
        picture(tmp_path / "in" / "good" / f"{number}.png", grey=GREY + number)
    picture(tmp_path / "in" / "scratch" / "0.jpg", dark=24)
    return tmp_path / "in"


def run(images: Path, model: Path, out: Path, **more: Any) -> dict[str, Any]:
    progress = more.pop("progress", None)
    return inspect_predict(images, InspectPredictSettings(**more), model=model, out=out, progress=progress)


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "scores.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row for row in csv.DictReader(stream)}


def content(folder: Path) -> dict[str, bytes]:
    """All files but the record, whose lines tell more than the last run."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "predictions.jsonl"]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


# A folder


def test_a_folder_gets_scores_verdicts_and_pictures(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(images, model, out, heat_values=True)
    counts = {key: result[key] for key in ("images", "bad", "skipped", "predicted", "out", "threshold")}
    assert counts == {
        "images": 5, "bad": 1, "skipped": 0, "predicted": 5, "out": str(out), "threshold": 0.5,
    }  # fmt: skip
    assert result["seconds"] > 0
    assert result["images_per_second"] > 0
    json.dumps(result, allow_nan=False)
    table = rows(out)
    assert list(table) == [f"good/{number}.png" for number in range(4)] + ["scratch/0.jpg"]
    assert [row["verdict"] for row in table.values()] == ["good"] * 4 + ["not good"]
    bad, good = table["scratch/0.jpg"], table["good/0.png"]
    assert float(bad["score"]) == pytest.approx(1.0, abs=0.02)
    assert float(bad["probability"]) == pytest.approx(1 / 21, abs=1e-6)
    assert [int(bad[name]) for name in ("x", "y")] == [0, 0]
    assert int(bad["width"]) == pytest.approx(24, abs=9)
    assert int(bad["height"]) == pytest.approx(24, abs=9)
    assert int(bad["area"]) == pytest.approx(24**2, rel=0.5)
    assert [good[name] for name in ("x", "y", "width", "height", "area")] == ["0"] * 5
    assert float(good["probability"]) == pytest.approx((1 + 15) / 21, abs=0.06)
    names = {f"scratch/0{ending}" for ending in (".heat.png", ".overlay.png", ".heat.tif")}
    assert names < set(content(out))
    assert len(content(out)) == 5 * 3 + 1


def test_one_image(images: Path, model: Path, tmp_path: Path) -> None:
    result = run(images / "scratch" / "0.jpg", model, tmp_path / "out")
    assert (result["images"], result["bad"]) == (1, 1)
    assert set(content(tmp_path / "out")) == {"scores.csv", "0.heat.png", "0.overlay.png"}


def test_another_threshold_needs_no_image_again(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, model, out)
    result = run(images, model, out, threshold=0.1)
    assert (result["bad"], result["predicted"], result["threshold"]) == (5, 0, 0.1)
    assert result["images_per_second"] is None
    assert {row["verdict"] for row in rows(out).values()} == {"not good"}


def test_pictures_of_bad_images_alone(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, model, out, heat="bad")
    assert set(content(out)) == {"scores.csv", "scratch/0.heat.png", "scratch/0.overlay.png"}
    assert run(images, model, out, heat="bad")["predicted"] == 0
    assert run(images, model, out, heat="bad", threshold=0.1)["predicted"] == 4, (
        "their pictures are not there"
    )
    assert len(content(out)) == 11
    assert run(images, model, out, heat="bad")["predicted"] == 0
    assert set(content(out)) == {"scores.csv", "scratch/0.heat.png", "scratch/0.overlay.png"}
    assert run(images, model, out, heat="none")["predicted"] == 0
    assert run(images, model, out)["predicted"] == 4


def test_large_images_wait_and_are_inspected_like_small_ones(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_inspector(tmp_path / "windows", tile=32)
    run(images, model, tmp_path / "small")
    loaded: list[int] = []
    original = predict.load_inspector
    monkeypatch.setattr(
        predict,
        "load_inspector",
        lambda folder, progress, threads: loaded.append(threads) or original(folder, progress, threads),
    )
    monkeypatch.setattr(predict, "usable_cores", lambda: 3)
    monkeypatch.setattr(inspect_image, "LARGE_PIXELS", 1000)
    run(images, model, tmp_path / "large")
    assert content(tmp_path / "small") == content(tmp_path / "large")
    assert run(images, model, tmp_path / "large")["predicted"] == 0
    loaded.pop()
    assert loaded == [1, 3], "small images have a thread each, a large one has all"
    run(images / "good" / "0.png", model, tmp_path / "one")
    assert loaded == [1, 3, 3]


# Drift


def test_a_batch_that_is_darker_as_a_whole_is_said(model: Path, tmp_path: Path) -> None:
    for number in range(20):
        picture(tmp_path / "in" / f"{number}.png", grey=150 + number)
    messages = Messages()
    result = run(tmp_path / "in", model, tmp_path / "out", progress=messages, heat="none")
    assert result["bad"] == 0
    assert result["drift"]["off"]
    assert result["drift"]["share"] == 1.0
    said = [text for text in messages.texts if "as a whole lie off" in text]
    assert len(said) == 1
    assert result["notes"] == said


def test_some_defects_are_not_said_to_be_drift(model: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(30):  # the heat of good images, 0.1 to 0.29
        grey = round(255 * (1 - float(rng.choice(np.arange(0.1, 0.295, 0.01)))))
        picture(tmp_path / "in" / f"{number}.png", grey=grey, dark=20 if number % 10 == 0 else None)
    messages = Messages()
    result = run(tmp_path / "in", model, tmp_path / "out", progress=messages, heat="none")
    assert result["bad"] == 3
    assert not result["drift"]["off"]
    assert result["drift"]["compared"] == 27
    assert messages.texts == []


# Files that are broken


def test_broken_files_are_said_and_have_a_row(images: Path, model: Path, tmp_path: Path) -> None:
    (images / "good" / "broken.png").write_bytes((images / "good" / "0.png").read_bytes()[:60])
    (images / "good" / "text.jpg").write_text("no image")
    (images / "empty.png").touch()
    messages = Messages()
    result = run(images, model, tmp_path / "out", progress=messages)
    assert (result["images"], result["skipped"]) == (5, 3)
    table = rows(tmp_path / "out")
    assert list(table) == sorted(table)
    broken = [path for path, row in table.items() if row["verdict"] == "unreadable"]
    assert broken == ["empty.png", "good/broken.png", "good/text.jpg"]
    assert table["empty.png"]["score"] == ""
    assert [text.split(":")[0] for text in messages.texts[:3]] == [f"skipped {path}" for path in broken]
    assert not any("broken" in name for name in content(tmp_path / "out"))


def test_an_image_that_broke_since_has_no_pictures_any_more(
    images: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(images, model, out)
    for number, text in ((0, "no image any more"), (1, "\x89PNG\r\n\x1a\n damaged")):
        (images / "good" / f"{number}.png").write_text(text, "latin-1")
    result = run(images, model, out)
    assert (result["images"], result["skipped"], result["predicted"]) == (3, 2, 0)
    assert {name.split(".")[0] for name in content(out)} == {"scores", "good/2", "good/3", "scratch/0"}


def test_where_no_image_can_be_read_it_is_an_error(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_text("no image")
    with pytest.raises(UnpoolError, match=r"no image of .* can be used; the first, a\.png"):
        run(tmp_path / "in", model, tmp_path / "out")


def test_what_was_assumed_of_images_is_said(model: Path, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 64), (grey, grey, grey)) for grey in (230, 200)]
    (tmp_path / "in").mkdir()
    frames[0].save(tmp_path / "in" / "a.gif", save_all=True, append_images=frames[1:])
    picture(tmp_path / "in" / "=1.png")
    messages = Messages()
    result = run(tmp_path / "in", model, tmp_path / "out", progress=messages)
    assert (
        messages.texts
        == result["notes"]
        == [
            "read with assumptions: 1 shown by one frame",
            "paths that a spreadsheet would run as formulas, with ./ before them: 1",
        ]
    )
    assert set(rows(tmp_path / "out")) == {"./=1.png", "a.gif"}


# What is not ours


@pytest.mark.parametrize("name", ["scores.csv", "good/0.heat.png", "scratch/0.overlay.png"])
def test_files_of_others_are_refused_before_anything_is_inspected(
    name: str, images: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_bytes(b"of the user")
    with pytest.raises(UsageError, match=rf"{name} is there and was not made by unpool inspect predict"):
        run(images, model, out)
    assert content(out) == {name: b"of the user"}
    if name != "scores.csv":  # not asked for, so not in the way
        run(images, model, out, heat="none")
        assert content(out)[name] == b"of the user"


def test_an_image_is_never_replaced_by_a_picture_of_it(images: Path, model: Path, tmp_path: Path) -> None:
    picture(images / "good" / "0.heat.png")
    with pytest.raises(UsageError, match=r"0\.heat\.png is there and was not made by"):
        run(images / "good" / "0.png", model, images / "good")
    with pytest.raises(UsageError, match="is the folder of the images itself"):
        run(images, model, images)


def test_pictures_of_an_earlier_run_are_no_images(images: Path, model: Path, tmp_path: Path) -> None:
    run(images, model, images / "inspected")
    assert run(images, model, tmp_path / "out")["images"] == 5


# Again


def test_only_what_changed_is_inspected_again(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, model, out)
    first = content(out)
    assert run(images, model, out)["predicted"] == 0
    assert content(out) == first
    (out / "good" / "1.heat.png").unlink()
    picture(images / "good" / "2.png", dark=30)
    assert run(images, model, out)["predicted"] == 2
    assert rows(out)["good/2.png"]["verdict"] == "not good"
    other = write_inspector(tmp_path / "other", threshold=0.9, heat_threshold=0.3)
    assert run(images, other, out)["predicted"] == 5
    assert content(out) != first
    straight = tmp_path / "straight"
    run(images, other, straight)
    assert content(out) == content(straight)


@pytest.mark.parametrize("where", ["finish", "write_scores"])
def test_what_was_stopped_goes_on(
    where: str, images: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, calls = tmp_path / "out", []

    def stop(*args: Any, **more: Any) -> None:
        calls.append(args)
        if len(calls) == 3 or where == "write_scores":
            raise KeyboardInterrupt
        original(*args, **more)

    original = OutputRecord.finish
    with monkeypatch.context() as patch:
        patch.setattr(
            *((OutputRecord, "finish", stop) if where == "finish" else (predict, "write_scores", stop))
        )
        with pytest.raises(KeyboardInterrupt):
            run(images, model, out)
    assert not (out / "scores.csv").exists()
    assert run(images, model, out)["predicted"] == (3 if where == "finish" else 0)
    run(images, model, tmp_path / "straight")
    assert content(out) == content(tmp_path / "straight")


def test_half_a_file_of_a_killed_run_is_removed(model: Path, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "deep" / "down" / "a.png")
    half = tmp_path / "out" / "deep" / "down" / ".partial-1-a.heat.png"
    half.parent.mkdir(parents=True)
    half.touch()
    run(tmp_path / "in", model, tmp_path / "out")
    assert not half.exists()


SLOW = """
import sys, time
from unpool.actions.inspection.inspect_image import ImageInspector
from unpool.cli.main import main
original = ImageInspector.inspect
def slow(self, job, *args):
    time.sleep(0.15)
    return original(self, job, *args)
ImageInspector.inspect = slow
main(sys.argv[1:])
"""


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT], ids=["kill", "Ctrl-C"])
def test_a_killed_process_is_gone_on_with(kind: signal.Signals, model: Path, tmp_path: Path) -> None:
    for number in range(40):
        picture(tmp_path / "in" / f"{number:02}.png", dark=number)
    out, record = tmp_path / "out", tmp_path / "out" / "predictions.jsonl"
    command = [sys.executable, "-c", SLOW, "inspect", "predict", str(tmp_path / "in")]
    child = subprocess.Popen(
        [*command, "--model", str(model), "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    deadline = time.monotonic() + 60
    while not (record.is_file() and record.read_text().count('"score"') >= 6):
        assert child.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.send_signal(kind)
    _, said = child.communicate(timeout=60)
    assert "Traceback" not in said
    assert not (out / "scores.csv").exists()
    num_done = record.read_text().count('"score"')
    result = run(tmp_path / "in", model, out)
    assert result["predicted"] == 40 - num_done
    assert 6 <= num_done < 40
    run(tmp_path / "in", model, tmp_path / "straight")
    assert content(out) == content(tmp_path / "straight")


def test_images_are_inspected_in_several_threads_at_once(
    images: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=20)
    original = ImageInspector.inspect

    def meet(self: ImageInspector, job: Any, *args: Any) -> Any:
        if job.file.path in ("good/0.png", "good/1.png"):
            both.wait()
        return original(self, job, *args)

    monkeypatch.setattr(predict, "usable_cores", lambda: 2)
    monkeypatch.setattr(ImageInspector, "inspect", meet)
    assert run(images, model, tmp_path / "out")["images"] == 5
