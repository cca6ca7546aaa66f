"""What `segment predict` writes, and what it must not touch or take for its own: files of others, rests of runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.masks import make_undecided, scene
from support.messages import Messages
from support.pretended_ray import pretended_workers
from support.training import segment_predict
from unpool.actions.segmentation import output_files as segment_files
from unpool.actions.segmentation import predict_image as module
from unpool.actions.segmentation.output_record import PredictionRecord
from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.pairing import find_labelled_pairs
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.inference import segmenter_model as segment_model
from unpool.networks.segmentation.scales import learn_scales
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.model_file import save_model

MODELS = {"three": (3, 0), "other": (3, 1), "five": (5, 2)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Untrained segmenters: what they say has no meaning, but is never the same all over an image."""
    folder = tmp_path_factory.mktemp("models")
    for name, (num_classes, seed) in MODELS.items():
        network = Segmenter("fcn4s", backbone="conv", num_classes=num_classes, size=32, seed=seed)
        make_undecided(network)
        classes = classes_by_value([str(number) for number in range(num_classes)])
        save_model(folder / name, network, classes=classes.names, masks=classes.to_dict())
    return {name: folder / name for name in MODELS}


@pytest.fixture(autouse=True)
def on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the export, which takes seconds."""

    def no(*_: Any) -> None:
        raise UnpoolError("not in this test")

    monkeypatch.setattr(segment_model, "export_segmenter", no)


def picture(file: Path, seed: int = 0, height: int = 60, width: int = 50) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(seed, height, width)[0]).save(file)
    return file


def content(folder: Path) -> dict[str, bytes]:
    """All files but the record, whose lines tell more than the last run."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.name != "predictions.jsonl"]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def stop(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def stopped(
    report: dict[str, Any], model: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    """Predict, and be stopped where the function of that name would be called."""
    with monkeypatch.context() as patch:
        patch.setattr(where, name, stop)
        with pytest.raises(KeyboardInterrupt):
            segment_predict(**report, model=model)


# What is not ours


def test_an_image_is_never_replaced_by_its_labels(models, tmp_path: Path) -> None:
    file = picture(tmp_path / "photo.png")
    before = content(tmp_path)
    with pytest.raises(UsageError, match=r"what is made of photo\.png would replace the image .*photo\.png"):
        segment_predict(file, model=models["three"], out=tmp_path)
    assert content(tmp_path) == before
    report = segment_predict(file, model=models["three"], out=tmp_path / "labels")
    assert report["predicted"] == 1


def test_names_that_several_images_share_are_changed_and_said(models, tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "b.png"):
        picture(tmp_path / "images" / name)
    messages = Messages()
    where = {"images": tmp_path / "images", "out": tmp_path / "out", "model": models["three"]}
    segment_predict(**where, progress=messages)
    said = [text for text in messages.texts if "names are shared" in text]
    assert len(said) == 1
    assert said[0].startswith("2 names are shared by several images, or too long, and were changed: a.")
    assert {"a.png.png", "a.jpg.png", "b.png"} <= {file.name for file in (tmp_path / "out").iterdir()}


def test_an_image_named_like_labels_of_our_own_is_not_replaced_either(models, tmp_path: Path) -> None:
    picture(tmp_path / "photo.jpg")
    segment_predict(tmp_path / "photo.jpg", model=models["three"], out=tmp_path)
    assert (tmp_path / "photo.png").is_file()
    with pytest.raises(UsageError, match="would replace the image"):
        segment_predict(tmp_path / "photo.png", model=models["three"], out=tmp_path)


@pytest.mark.parametrize("name", ["b.png", "b.overlay.png", "b.probabilities.tif"])
def test_files_of_others_are_refused_before_anything_is_predicted(name: str, models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.jpg")
    picture(tmp_path / "in" / "b.jpg")
    out = tmp_path / "masks"
    out.mkdir()
    (out / name).write_bytes(b"drawn by hand")
    with pytest.raises(UsageError, match=rf"{name} is there and was not made by unpool segment predict"):
        segment_predict(tmp_path / "in", model=models["three"], out=out, probabilities=True)
    assert content(out) == {name: b"drawn by hand"}
    if name == "b.probabilities.tif":  # not asked for, so not in the way
        segment_predict(tmp_path / "in", model=models["three"], out=out)
        assert content(out)[name] == b"drawn by hand"


def test_the_label_map_of_another_size_is_not_in_the_way(models, tmp_path: Path, monkeypatch) -> None:
    tifffile.imwrite(tmp_path / "photo.tif", scene(0, 60, 50)[0], photometric="rgb")
    before = content(tmp_path)["photo.tif"]
    segment_predict(tmp_path / "photo.tif", model=models["three"], out=tmp_path)
    assert content(tmp_path)["photo.tif"] == before
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    with pytest.raises(UsageError, match="would replace the image"):
        segment_predict(tmp_path / "photo.tif", model=models["other"], out=tmp_path)
    assert content(tmp_path)["photo.tif"] == before


@pytest.mark.parametrize("held", ["images.lance", "model.json model.safetensors"])
def test_no_label_maps_go_into_a_workspace_or_a_model(held: str, models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    for name in held.split():
        (tmp_path / "out" / name).mkdir(parents=True)
    with pytest.raises(UsageError, match=r"is a workspace or a model; name .*labels"):
        segment_predict(tmp_path / "in", model=models["three"], out=tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == held.split()


# What is ours


def test_our_own_files_are_replaced_by_another_model_and_other_options(models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "deep" / "b.jpg")
    report = {"images": tmp_path / "in", "out": tmp_path / "out"}
    assert segment_predict(**report, model=models["three"])["predicted"] == 2
    assert segment_predict(**report, model=models["three"])["predicted"] == 0
    first = content(tmp_path / "out")
    assert segment_predict(**report, model=models["other"])["predicted"] == 2
    second = content(tmp_path / "out")
    assert set(first) == {"a.png", "a.overlay.png", "deep/b.png", "deep/b.overlay.png"} == set(second)
    assert first["a.png"] != second["a.png"]
    assert segment_predict(**report, model=models["other"], overlap=0.5)["predicted"] == 2
    assert segment_predict(**report, model=models["three"])["predicted"] == 2
    assert content(tmp_path / "out") == first


@pytest.mark.parametrize("place", ["finish", "output_value_table"])
def test_what_a_killed_run_wrote_is_ours_and_made_anew(
    place: str, models, tmp_path: Path, monkeypatch
) -> None:
    picture(tmp_path / "in" / "a.png")
    report = {"images": tmp_path / "in", "out": tmp_path / "out"}
    where = (
        PredictionRecord if place == "finish" else segment_files
    )  # the overlay is there, the labels are not
    stopped(report, models["three"], monkeypatch, where, place)
    assert (tmp_path / "out" / "a.overlay.png").is_file()
    assert segment_predict(**report, model=models["three"])["predicted"] == 1
    straight = tmp_path / "straight"
    segment_predict(tmp_path / "in", model=models["three"], out=straight)
    assert content(tmp_path / "out") == content(straight)


def test_a_killed_run_with_another_model_leaves_nothing_that_counts_as_done(
    models, tmp_path: Path, monkeypatch
) -> None:
    picture(tmp_path / "in" / "a.png")
    report = {"images": tmp_path / "in", "out": tmp_path / "out"}
    segment_predict(**report, model=models["three"])
    first = content(tmp_path / "out")
    stopped(report, models["other"], monkeypatch, segment_files, "output_value_table")
    assert content(tmp_path / "out") != first  # one file is of the other model
    assert segment_predict(**report, model=models["three"])["predicted"] == 1
    assert content(tmp_path / "out") == first


def test_a_line_that_was_cut_off_does_not_hide_the_next(models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    out = tmp_path / "out"
    out.mkdir()
    (out / "predictions.jsonl").write_text('{"path": "a.png", "nam')
    segment_predict(tmp_path / "in", model=models["three"], out=out)
    assert segment_predict(tmp_path / "in", model=models["three"], out=out)["predicted"] == 0
    begun, done = (json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()[1:])
    assert begun == {"path": "a.png", "files": ["a.png", "a.overlay.png"]}
    assert done["path"] == "a.png"


# Probabilities


def test_probabilities_of_another_model_do_not_count_as_done(models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    report = {"images": tmp_path / "in", "out": tmp_path / "out"}
    file = tmp_path / "out" / "a.probabilities.tif"
    segment_predict(**report, model=models["three"], probabilities=True)
    first = file.read_bytes()
    assert segment_predict(**report, model=models["three"])["predicted"] == 0
    assert file.read_bytes() == first  # more than was asked for, and right
    segment_predict(**report, model=models["other"])
    assert not file.exists()
    assert segment_predict(**report, model=models["other"], probabilities=True)["predicted"] == 1
    assert file.read_bytes() != first
    file.unlink()
    assert segment_predict(**report, model=models["other"])["predicted"] == 0
    assert segment_predict(**report, model=models["other"], probabilities=True)["predicted"] == 1


def large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The words of a prediction by rows, which begins with a stop after some of them."""
    tifffile.imwrite(folder / "a.tif", scene(0, 300, 80)[0], photometric="rgb")
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    return {"images": folder / "a.tif", "out": folder / "out", "tile": 64, "probabilities": True}


def straight(report: dict[str, Any], model: Path) -> dict[str, bytes]:
    out = report["out"].with_name("straight")
    segment_predict(**(report | {"out": out}), model=model)
    return content(out)


def test_a_stopped_run_with_another_number_of_classes_is_not_gone_on_with(
    models, tmp_path: Path, monkeypatch
) -> None:
    report = large(tmp_path, monkeypatch)
    stopped(report, models["three"], monkeypatch, module, "write_large")
    assert tifffile.imread(tmp_path / "out" / ".a.tif").shape == (3, 300, 80)
    segment_predict(**report, model=models["five"])
    assert content(report["out"]) == straight(report, models["five"])


def test_without_probabilities_those_of_a_stopped_run_are_removed(
    models, tmp_path: Path, monkeypatch
) -> None:
    report = large(tmp_path, monkeypatch)
    stopped(report, models["three"], monkeypatch, module, "write_large")
    segment_predict(**(report | {"probabilities": False}), model=models["three"])
    assert set(content(report["out"])) == {"a.tif", "a.overlay.png"}


@pytest.mark.parametrize("half", [b"", b"II*\0", b"no TIFF"])
def test_half_a_file_of_probabilities_is_made_anew(half: bytes, models, tmp_path: Path, monkeypatch) -> None:
    report = large(tmp_path, monkeypatch)
    report["out"].mkdir()
    (report["out"] / ".a.tif").write_bytes(half)
    segment_predict(**report, model=models["three"])
    assert content(report["out"]) == straight(report, models["three"])


def test_a_kill_after_the_probabilities_were_moved_loses_none_of_them(
    models, tmp_path: Path, monkeypatch
) -> None:
    report = large(tmp_path, monkeypatch)
    stopped(report, models["three"], monkeypatch, segment_files, "state_file")  # called right after
    assert (report["out"] / "a.probabilities.tif").is_file()
    assert (report["out"] / ".a.json").is_file()
    segment_predict(**report, model=models["three"])
    assert content(report["out"]) == straight(report, models["three"])


# Sizes that the model did not learn


@pytest.fixture(scope="module")
def scenes_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says on images of which size it was trained."""
    network = Segmenter("fcn4s", backbone="conv", num_classes=3, finest_width=None, size=32, seed=0)
    make_undecided(network)
    network.learnt = learn_scales([(48, 64)], factors=(0.6, 1.8))
    classes = classes_by_value(["0", "1", "2"])
    folder = tmp_path_factory.mktemp("scenes") / "model"
    save_model(folder, network, classes=classes.names, masks=classes.to_dict())
    return folder


def enlarged(file: Path, times: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    small = Image.fromarray(scene(3)[0])
    small.resize((64 * times, 48 * times), Image.Resampling.BICUBIC).save(file)
    return file


def label_map(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file))


def test_with_auto_an_enlarged_scene_is_labelled_like_the_scene(scenes_model: Path, tmp_path: Path) -> None:
    enlarged(tmp_path / "in" / "a.png", 1)
    enlarged(tmp_path / "in" / "b.png", 4)
    plain = segment_predict(tmp_path / "in", model=scenes_model, out=tmp_path / "plain")
    (line,) = plain["notes"]
    assert (plain["scale"], plain["resized"], plain["outside"]) == (None, 0, 1)
    assert "256×192 pixels are 4 times the 64×48 that the model was trained on" in line
    assert "--scale auto" in line
    scaled = segment_predict(tmp_path / "in", model=scenes_model, out=tmp_path / "auto", scale="auto")
    assert (scaled["resized"], scaled["outside"]) == (1, 0)
    small = label_map(tmp_path / "auto" / "a.png")
    large, unscaled = (label_map(tmp_path / part / "b.png") for part in ("auto", "plain"))
    assert large.shape == (192, 256)
    agreement, without = ((labels[2::4, 2::4] == small).mean() for labels in (large, unscaled))
    assert agreement > 0.75
    assert without < agreement - 0.2


def test_files_of_another_scale_do_not_count_as_done(scenes_model: Path, tmp_path: Path) -> None:
    enlarged(tmp_path / "in" / "a.png", 1)
    enlarged(tmp_path / "in" / "b.png", 4)
    report = {"images": tmp_path / "in", "model": scenes_model, "out": tmp_path / "out"}
    assert segment_predict(**report)["predicted"] == 2
    assert segment_predict(**report, scale=1)["predicted"] == 0
    again = segment_predict(**report, scale="auto")
    assert (again["predicted"], again["resized"]) == (1, 1), "a.png has the size learnt"
    assert segment_predict(**report, scale=0.25)["predicted"] == 1, "of b.png the scale is that of auto"
    assert segment_predict(**report)["predicted"] == 2


def test_a_resized_large_image_has_the_labels_of_a_small_one(
    scenes_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enlarged(tmp_path / "b.tif", 4)
    report = {"images": tmp_path / "b.tif", "model": scenes_model, "scale": "auto", "probabilities": True}
    segment_predict(**report, out=tmp_path / "small")
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    segment_predict(**report, out=tmp_path / "large")
    small = label_map(tmp_path / "small" / "b.png")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "large" / "b.tif"), small)
    probabilities = [tifffile.imread(tmp_path / part / "b.probabilities.tif") for part in ("small", "large")]
    np.testing.assert_array_equal(*probabilities)


def test_a_model_that_does_not_say_its_sizes_cannot_be_met(models, tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png")
    with pytest.raises(UnpoolError, match=r"--scale auto: the model does not say on images of which size"):
        segment_predict(file, model=models["three"], out=tmp_path / "out", scale="auto")
    with pytest.raises(UsageError, match=r"--scale is 0, but must be a number from 0.01 to 100 or auto"):
        segment_predict(file, model=models["three"], out=tmp_path / "out", scale=0)
    assert segment_predict(file, model=models["three"], out=tmp_path / "out")["outside"] is None


# Images that cannot be read, packages that are not there


def test_a_damaged_large_tiff_is_skipped_and_the_others_are_labelled(
    models, tmp_path: Path, monkeypatch
) -> None:
    report = large(tmp_path, monkeypatch)
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "a.tif").rename(inside / "good.tif")
    damaged = inside / "damaged.tif"
    tifffile.imwrite(damaged, scene(1, 300, 80)[0], photometric="rgb", compression="zlib", rowsperstrip=50)
    with tifffile.TiffFile(damaged) as tiff:
        place = tiff.pages[0].dataoffsets[3]
    whole = bytearray(damaged.read_bytes())
    whole[place : place + 200] = bytes(200)
    damaged.write_bytes(whole)
    result = segment_predict(**(report | {"images": inside}), model=models["three"])
    assert (result["images"], result["skipped"]) == (1, 1)
    assert (report["out"] / "good.tif").is_file()
    assert not (report["out"] / "damaged.tif").exists()


def test_a_large_tiff_that_is_turned_is_read_whole(models, tmp_path: Path, monkeypatch) -> None:
    pixels = scene(0, 300, 80)[0]
    for name, turned, orientation in (("turned", np.rot90(pixels, -1), 8), ("upright", pixels, 1)):
        tifffile.imwrite(
            tmp_path / f"{name}.tif", np.ascontiguousarray(turned), photometric="rgb",
            extratags=[(274, "H", 1, orientation, True)],
        )  # fmt: skip
    monkeypatch.setattr(module, "LARGE_PIXELS", 1000)
    report = {"model": models["three"], "out": tmp_path / "out", "tile": 64}
    for name in ("turned", "upright"):
        segment_predict(tmp_path / f"{name}.tif", **report)
    turned, upright = (tifffile.imread(tmp_path / "out" / f"{name}.tif") for name in ("turned", "upright"))
    assert turned.shape == (300, 80)
    assert (turned == upright).all()
    monkeypatch.setattr(module, "MAX_PIXELS", 1000)
    with pytest.raises(UnpoolError, match="this one is turned; save it again upright"):
        segment_predict(tmp_path / "turned.tif", **(report | {"model": models["other"]}))


def test_without_tifffile_it_is_reported_before_anything_is_predicted(
    models, tmp_path: Path, monkeypatch
) -> None:
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "b.png", height=300)
    report = {"images": tmp_path / "in", "out": tmp_path / "out", "model": models["three"]}
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(UnpoolError, match=r"written by tifffile: pip install tifffile imagecodecs"):
        segment_predict(**report, probabilities=True)
    with monkeypatch.context() as patch:
        patch.setattr(module, "LARGE_PIXELS", 10_000)
        with pytest.raises(UnpoolError, match=r"b\.png is so large that .* pip install"):
            segment_predict(**report)
    assert not (tmp_path / "out").exists()
    assert segment_predict(**report)["predicted"] == 2


# In other formats


def test_other_formats_hold_the_label_maps(models, tmp_path: Path, monkeypatch) -> None:
    for number, name in enumerate(("a.png", "sub/b.png")):
        picture(tmp_path / "in" / name, number)
    where = {"images": tmp_path / "in", "out": tmp_path / "out", "model": models["three"]}
    plain = segment_predict(**where)
    assert plain["labels"] == {}
    monkeypatch.setattr(segment_files, "TILE", 32)
    monkeypatch.setattr(module, "LARGE_PIXELS", 2_900)  # a large image, too
    picture(tmp_path / "in" / "c.png", 2, 70, 50)
    result = segment_predict(**where, to="coco,cvat")
    assert result["predicted"] == 1
    assert set(result["labels"]) == {"coco", "cvat"}
    assert any("coco.json" in note and "holes" in note for note in result["notes"])
    for file in result["labels"].values():
        found = find_labelled_pairs(tmp_path / "in", Path(file))
        assert [pair.path for pair in found.pairs] == ["a.png", "c.png", "sub/b.png"]
        names = {number: int(name) for number, name in found.drawn.names.items()} | {0: 9}
        for pair in found.pairs:
            label = tmp_path / "out" / pair.path
            large = label.with_suffix(".tif")
            expected_HW = tifffile.imread(large) if large.is_file() else np.asarray(Image.open(label))
            number_HW = pair.read_mask().value_HW
            assert (np.vectorize(names.__getitem__)(number_HW) == expected_HW).all()


def test_a_file_of_another_that_has_the_name_of_a_format_stays(models, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png")
    where = {"images": tmp_path / "in", "out": tmp_path / "out", "model": models["three"]}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "coco.json").write_text("drawn by hand")
    with pytest.raises(UsageError, match=r"coco\.json is there and was not made by unpool segment predict"):
        segment_predict(**where, to="coco")
    assert content(tmp_path / "out") == {"coco.json": b"drawn by hand"}
    (tmp_path / "out" / "coco.json").unlink()
    segment_predict(**where, to="coco")
    assert segment_predict(**where, to="coco")["predicted"] == 0  # its own file is replaced
    with pytest.raises(UsageError, match="unknown format 'cocoa'"):
        segment_predict(**where, to="cocoa")


# By workers of Ray


def test_workers_write_what_one_process_writes(models, tmp_path: Path, monkeypatch) -> None:
    from unpool.actions.segmentation import predict

    monkeypatch.setattr(predict, "ray_workers", pretended_workers)
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        picture(tmp_path / "in" / f"{number}.png", number)
    picture(tmp_path / "in" / "cut.png").write_bytes((tmp_path / "in" / "1.png").read_bytes()[:900])
    here = segment_predict(Path("in"), model=models["three"], out=tmp_path / "here")
    by_ray = segment_predict(Path("in"), model=models["three"], out=Path("out"), engine="ray")
    assert content(tmp_path / "out") == content(tmp_path / "here")
    assert (here["actors"], by_ray["actors"]) == (0, 2)
    same = set(here) - {"actors", "out", "seconds"}
    assert {name: by_ray[name] for name in same} == {name: here[name] for name in same}
    assert (by_ray["images"], by_ray["skipped"]) == (4, 1)
    monkeypatch.setattr(predict, "ray_workers", None)  # nothing is left to do but what cannot be read
    (tmp_path / "in" / "cut.png").unlink()
    assert segment_predict(Path("in"), model=models["three"], out=Path("out"), engine="ray")["predicted"] == 0


def test_files_that_only_a_worker_sees_end_the_prediction(models, tmp_path: Path, monkeypatch) -> None:
    from unpool.actions.segmentation import predict

    picture(tmp_path / "in" / "a.png")
    monkeypatch.setattr(predict, "ray_workers", pretended_workers)
    monkeypatch.setattr(predict, "SEEN_SECONDS", 0.1)
    monkeypatch.setattr(module, "write_small", lambda *_: None)  # on a disk of its own
    with pytest.raises(UnpoolError, match=r"written .*a\.png, which is not seen here; let --out be a folder"):
        segment_predict(tmp_path / "in", model=models["three"], out=tmp_path / "out", engine="ray")
