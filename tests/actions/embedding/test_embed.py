"""Vectors follow the folder: of new and changed files only, each at its own path, labels along with their content.

The encoder is replaced by the mean colour, so that every vector is known; nothing is exported.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import unpool.actions.embedding.passes.embedding_pass as pass_module
import unpool.engines.embedding as engine_module
from support.archives import write_parquet, write_tar, write_zip
from support.messages import Messages
from unpool.actions.curation import edit
from unpool.actions.embedding.embed import embed, report_lists, sync_embeddings
from unpool.actions.embedding.passes.embedding_pass import Embedding
from unpool.actions.embedding.prepare_model import Preparation
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.encoders.model_request import ModelRequest
from unpool.actions.fields.import_fields import import_fields
from unpool.actions.fields.settings import ImportSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.inference.model import LoadedEncoder
from unpool.networks.catalogue import build_network
from unpool.networks.preprocessing import Preprocessing
from unpool.store.fields.values import read_field
from unpool.store.origin import folder_of
from unpool.store.reading import read_reading
from unpool.store.state import read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, model_id, save_model

COLOURS = {
    "red.png": (250, 0, 0),
    "green.png": (0, 240, 0),
    "blue.png": (0, 0, 230),
    "a/grey.png": (99, 99, 99),
}


def save_colour(path: Path, colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 12), colour).save(path)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name, colour in COLOURS.items():
        save_colour(tmp_path / "images" / name, colour)
    return tmp_path / "images"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "w.unpool"


def mean_colour(pixels_BHWC: np.ndarray) -> np.ndarray:
    vectors_BD: np.ndarray = pixels_BHWC.mean((1, 2), dtype=np.float32)
    return vectors_BD


@pytest.fixture(autouse=True)
def _encode_by_mean_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(folder: Path, device: str, progress: Progress) -> LoadedEncoder:
        preprocessing = Preprocessing.from_dict(describe_model(folder)["preprocessing"])
        return LoadedEncoder(mean_colour, preprocessing, model_id(folder), preprocessing.channels)

    monkeypatch.setattr(pass_module, "load_encoder", load)


def save_network(folder: Path, channels: int = 3, seed: int = 0) -> Path:
    save_model(folder, build_network("conv", size=8, channels=channels, width=4, decoder="none", seed=seed))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_network(tmp_path / "model")


def run(
    images: Path, model: Path, work: Path, progress: Progress | None = None, **options: bool
) -> Embedding:
    request = ModelRequest(str(model), may_train=False)
    return sync_embeddings(
        str(images), request, work=work, data=None, device="cpu", progress=progress or Progress(), **options
    )


def vectors(work: Path) -> dict[str, tuple[int, ...]]:
    rows = ImageTable(work).arrow(["path", "vector"], where="vector IS NOT NULL").to_pylist()
    return {row["path"]: tuple(round(value) for value in row["vector"]) for row in rows}


def test_each_image_gets_its_own_vector_and_all_is_counted(images: Path, model: Path, work: Path) -> None:
    result = embed(str(images), EmbedSettings(str(model), "cpu"), work=work)
    assert vectors(work) == COLOURS
    assert {name: result[name] for name in ("work", "images", "skipped", "embedded", "network", "dimension")} == {
        "work": str(work), "images": 4, "skipped": 0, "embedded": 4, "network": "conv", "dimension": 3,
    }  # fmt: skip
    assert set(result) == {
        "work", "images", "skipped", "embedded", "network", "dimension", "actors", "seconds", "images_per_second",
    }  # fmt: skip
    assert result["images_per_second"] > 0
    assert read_state(work)["images"] == str(images)


def test_only_new_and_changed_files_are_embedded_again(images: Path, model: Path, work: Path) -> None:
    run(images, model, work)
    unchanged = run(images, model, work)
    assert (unchanged.embedded, unchanged.removed, unchanged.images) == (0, 0, 4)
    save_colour(images / "red.png", (7, 8, 9))
    save_colour(images / "new.png", (1, 2, 3))
    (images / "blue.png").unlink()
    done = run(images, model, work)
    assert (done.embedded, done.removed, done.images) == (2, 1, 4)
    assert vectors(work) == {
        "red.png": (7, 8, 9), "new.png": (1, 2, 3), "green.png": COLOURS["green.png"],
        "a/grey.png": COLOURS["a/grey.png"],
    }  # fmt: skip


def test_parts_are_those_of_the_folders_that_images_are_in(tmp_path: Path, model: Path, work: Path) -> None:
    images = tmp_path / "images"
    for number, name in enumerate(("train/a.png", "train/b.png", "train/c.png", "test/d.png")):
        save_colour(images / name, (number, 0, 0))
    run(images, model, work)
    (images / "train" / "a.png").rename(images / "test" / "a.png")
    (images / "train" / "b.png").unlink()
    run(images, model, work)
    parts = {"test/a.png": "test", "test/d.png": "test", "train/c.png": "train"}
    assert read_field(work, "split") == parts
    assert sorted(ImageTable(work).arrow(["path"])["path"].to_pylist()) == sorted(parts)


def test_another_model_embeds_all_again(images: Path, model: Path, work: Path, tmp_path: Path) -> None:
    run(images, model, work)
    other = save_network(tmp_path / "other", channels=1, seed=1)
    done = run(images, other, work)
    assert (done.embedded, done.dimension) == (4, 1)
    assert read_state(work)["embedded_by"] == model_id(other)
    assert vectors(work)["a/grey.png"] == (99,)


def test_unreadable_files_are_skipped_and_listed(images: Path, model: Path, work: Path) -> None:
    (images / "broken.png").write_bytes(b"\x89PNG broken")
    messages = Messages()
    done = run(images, model, work, messages)
    assert (done.images, done.skipped, done.embedded) == (4, 1, 4)
    report_lists(done, messages)
    assert f"1 skipped: {work / 'problems.csv'} says why" in messages.texts
    with (work / "problems.csv").open(encoding="utf-8") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ["broken.png"]
    embedded_by = ImageTable(work).frame(["path", "model"]).set_index("path")["model"]
    assert embedded_by.dropna().to_dict() == dict.fromkeys(COLOURS, model_id(model))


def test_a_folder_without_any_usable_image_is_an_error(images: Path, model: Path, work: Path) -> None:
    (images.parent / "empty").mkdir()
    with pytest.raises(UnpoolError, match=r"there is no image in .*empty; name a folder that holds some"):
        run(images.parent / "empty", model, work)
    assert not work.exists()
    (images.parent / "broken").mkdir()
    (images.parent / "broken" / "a.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(UnpoolError, match=r"no image in .*broken can be used: 1 skipped"):
        run(images.parent / "broken", model, work)


def test_rows_go_where_only_empty_files_are_left(images: Path, model: Path, work: Path) -> None:
    run(images, model, work)
    for name in COLOURS:
        (images / name).unlink()
    (images / "empty.png").touch()
    with pytest.raises(UnpoolError, match="can be used"):
        run(images, model, work, forget=True)
    assert ImageTable(work).arrow(["path"])["path"].to_pylist() == ["empty.png"]


def test_a_workspace_holds_the_images_of_one_folder(images: Path, model: Path, work: Path) -> None:
    run(images, model, work)
    with pytest.raises(UnpoolError, match=r"holds the images of .*, not of .*; name another with --work"):
        run(images / "a", model, work)
    assert vectors(work) == COLOURS


def test_settings_are_checked_before_anything_is_written(images: Path, model: Path, work: Path) -> None:
    with pytest.raises(UsageError, match="unknown --device 'gpu'"):
        embed(str(images), EmbedSettings(str(model), "gpu"), work=work)
    assert not work.exists()


def test_a_table_that_was_about_to_be_made_is_made(images: Path, model: Path, work: Path) -> None:
    (work / "images.lance" / "_versions").mkdir(parents=True)  # by a command that was killed at once
    result = embed(str(images), EmbedSettings(model=str(model)), work=work)
    assert result["embedded"] == result["images"]


def test_labels_follow_a_renamed_file(images: Path, model: Path, work: Path) -> None:
    run(images, model, work)
    edit.label(work, "red.png", "warm")
    (images / "red.png").rename(images / "scarlet.png")
    run(images, model, work)
    frame = ImageTable(work).frame(["path", "label"]).set_index("path")
    assert frame["label"].dropna().to_dict() == {"scarlet.png": "warm"}


def test_labels_follow_content_that_took_the_name_of_another_file(
    images: Path, model: Path, work: Path
) -> None:
    run(images, model, work)
    edit.label(work, "red.png", "warm")
    (images / "blue.png").unlink()
    (images / "red.png").rename(images / "blue.png")
    (images / "green.png").rename(images / "red.png")
    run(images, model, work)
    frame = ImageTable(work).frame(["path", "label"]).set_index("path")
    assert frame["label"].dropna().to_dict() == {"blue.png": "warm"}


def test_images_that_training_decoded_are_embedded_from_memory(
    images: Path, model: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are grey, so the buffer holds one channel, and the network takes three."""
    for value, name in enumerate(COLOURS, start=1):
        Image.new("L", (12, 12), 40 * value).save(images / name)
    prepare = Preparation.prepare

    def prepare_and_decode(self: Preparation, request: ModelRequest) -> None:
        prepare(self, request)
        self.store = self._decode(Preprocessing(8, 3), self.folder)

    monkeypatch.setattr(Preparation, "prepare", prepare_and_decode)
    monkeypatch.setattr(engine_module, "embed_chunks", None)  # no file is read a second time
    done = run(images, model, work)
    assert (done.embedded, done.images) == (4, 4)
    assert vectors(work) == {name: (40 * value,) * 3 for value, name in enumerate(COLOURS, start=1)}


def test_what_is_trained_is_trained_on_the_chosen_device(
    images: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: Preparation, request: ModelRequest) -> None:
        raise UnpoolError(f"trains on {self.device}")

    monkeypatch.setattr(Preparation, "prepare", stop)
    monkeypatch.setattr(pass_module, "pick_device", lambda device: {"auto": "cuda"}[device])
    with pytest.raises(UnpoolError, match="trains on cuda"):
        sync_embeddings(str(images), ModelRequest(), work=work, data=None, device="auto", progress=Messages())


def test_files_that_change_names_keep_their_vectors_and_labels(images: Path, model: Path, work: Path) -> None:
    for name in COLOURS:
        os.utime(images / name, (1000, 1000))  # and all are of one size
    run(images, model, work)
    edit.label(work, "red.png", "first")
    (images / "red.png").rename(images / "x")
    (images / "blue.png").rename(images / "red.png")
    (images / "x").rename(images / "blue.png")
    assert run(images, model, work).embedded == 2
    assert vectors(work) == COLOURS | {"red.png": COLOURS["blue.png"], "blue.png": COLOURS["red.png"]}
    labels = ImageTable(work).frame(["path", "label"]).dropna().set_index("path")["label"].to_dict()
    assert labels == {"blue.png": "first"}


def test_a_folder_that_is_away_keeps_its_rows_until_it_is_forgotten(
    images: Path, model: Path, work: Path, tmp_path: Path
) -> None:
    run(images, model, work)
    edit.mark(work, "a/grey.png")
    (images / "a").rename(tmp_path / "away")
    progress = Messages()
    away = run(images, model, work, progress)
    assert (away.images, away.embedded, away.removed) == (4, 0, 0)
    assert any("1 image cannot be found, since the folder a is missing" in text for text in progress.texts)
    assert read_reading(work)["collection"]["away"]["folders"] == ["a"]
    (tmp_path / "away").rename(images / "a")
    assert run(images, model, work).embedded == 0
    assert "away" not in read_reading(work)["collection"]
    assert ImageTable(work).frame(["path", "wrong"]).set_index("path")["wrong"]["a/grey.png"]
    (images / "a").rename(images / "renamed")
    assert run(images, model, work).images == 4
    assert ImageTable(work).frame(["path", "wrong"]).set_index("path")["wrong"]["renamed/grey.png"]
    (images / "renamed" / "grey.png").unlink()
    (images / "renamed").rmdir()
    assert run(images, model, work, forget=True).images == 3
    with pytest.raises(UnpoolError, match="there is no folder"):
        run(images / "gone", model, work)


def test_images_that_have_moved_are_gone_on_with(
    images: Path, model: Path, work: Path, tmp_path: Path
) -> None:
    run(images, model, work)
    moved, progress = images.rename(tmp_path / "disk2"), Messages()
    assert run(moved, model, work, progress).embedded == 0
    assert f"the images are in {moved} now, and were in {images} (4 of 4 files" in progress.texts[0]
    assert read_state(work)["images"] == str(moved)
    save_colour(tmp_path / "other" / "red.png", "navy")
    with pytest.raises(UnpoolError, match="give --relocate"):
        run(tmp_path / "other", model, work)
    assert run(tmp_path / "other", model, work, relocate=True).embedded == 1


def test_what_is_left_alone_is_said_with_names(images: Path, model: Path, work: Path) -> None:
    save_colour(images / "@eaDir" / "t.png", "red")
    progress = Messages()
    assert run(images, model, work, progress).images == 4
    assert "left alone: 1 folders of the system (@eaDir: thumbnails of a Synology disk)" in progress.texts


def png(colour: tuple[int, int, int]) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (12, 12), colour).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("write", [write_zip, write_tar], ids=["zip", "tar"])
def test_an_archive_is_a_folder_whose_changes_are_found(
    write: Callable[[Path, dict[str, bytes]], Path], model: Path, work: Path, tmp_path: Path
) -> None:
    contents = {name: png(colour) for name, colour in COLOURS.items()}
    archive = write(tmp_path / "a.bin", contents)
    assert run(archive, model, work).embedded == 4
    assert vectors(work) == COLOURS
    edit.label(work, "red.png", "warm")
    assert run(write(archive, contents), model, work).embedded == 0  # written anew, with the same content
    contents["moved/red.png"] = contents.pop("red.png")
    contents["blue.png"] = png((1, 2, 3))
    del contents["green.png"]
    done = run(write(archive, contents), model, work)
    assert (done.embedded, done.moved, done.removed, done.images) == (1, 1, 1, 3)
    assert vectors(work) == {
        "moved/red.png": COLOURS["red.png"], "blue.png": (1, 2, 3), "a/grey.png": COLOURS["a/grey.png"],
    }  # fmt: skip
    assert ImageTable(work).some(["moved/red.png"], ["label"])["label"].to_pylist() == ["warm"]


def test_an_archive_that_moved_is_known_by_its_images(model: Path, work: Path, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {name: png(colour) for name, colour in COLOURS.items()})
    run(archive, model, work)
    assert folder_of(work) is None
    done = run(archive.rename(tmp_path / "b.zip"), model, work)
    assert (done.embedded, done.images) == (0, 4)
    other = write_zip(tmp_path / "c.zip", {name: png((5, 6, 7)) for name in COLOURS})
    with pytest.raises(UnpoolError, match=r"holds the images of .*b\.zip"):
        run(other, model, work)


def test_columns_and_classes_of_parquet_come_with_the_images(model: Path, work: Path, tmp_path: Path) -> None:
    images = [png((9, 9, 9)), png((200, 0, 0)), None]
    columns = {"label": [0, 1, 1], "caption": ["x", "y", "z"]}
    archive = write_parquet(tmp_path / "train.parquet", images, class_names=("a", "b"), **columns)
    messages = Messages()
    done = run(archive, model, work, messages)
    assert (done.images, done.skipped) == (2, 1)
    assert vectors(work) == {"a/0.jpg": (9, 9, 9), "b/1.jpg": (200, 0, 0)}
    assert any("has the columns label, caption: `unpool label" in text for text in messages.texts)
    result = import_fields(work, ImportSettings(archive))
    assert (result["matched"], result["unmatched"]) == (2, 0)
    rows = ImageTable(work).some(["a/0.jpg", "b/1.jpg"], ["label"])
    assert rows["label"].to_pylist() == ["a", "b"]


def test_a_list_and_shards_are_embedded(images: Path, model: Path, work: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("images/red.png\nimages/a/grey.png\nimages/gone.png\n")
    done = run(tmp_path / "list.txt", model, work)
    assert (done.images, done.skipped) == (2, 1)
    assert set(vectors(work)) == {"images/red.png", "images/a/grey.png"}
    shards = tmp_path / "shards"
    shards.mkdir()
    for part in ("train", "test"):
        write_tar(shards / f"{part}-0.tar", {"0.png": png((3, 4, 5))})
    run(shards, model, tmp_path / "s.unpool")
    parts = {"test/test-0/0.png": "test", "train/train-0/0.png": "train"}
    assert list(vectors(tmp_path / "s.unpool")) == list(parts)
    assert read_field(tmp_path / "s.unpool", "split") == parts
