"""Pairs are compared by their originals, and the one to keep is the one without losses."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from support.pictures import make_photograph
from unpool.actions.curation import originals
from unpool.actions.curation.check import check
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.analysis.checks.edge_widths import edge_width
from unpool.cli.main import main
from unpool.images.reading.decode import read_picture
from unpool.images.resizing import thumbnail
from unpool.images.source import FolderSource
from unpool.store.findings import found_problems, found_sets


def grainy(seed: int) -> Image.Image:
    grain = np.random.default_rng(seed).normal(0, 10, (180, 240, 1))
    return Image.fromarray((np.asarray(make_photograph(seed), float) + grain).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network, trained for a few steps."""
    root = tmp_path_factory.mktemp("model")
    (root / "images").mkdir()
    for seed in range(8):
        grainy(seed).save(root / "images" / f"{seed}.png")
    with pytest.raises(SystemExit):
        main(
            [
                "train",
                str(root / "images"),
                "--out",
                str(root / "m"),
                "--network",
                "conv",
                "--size",
                "16",
                "--steps",
                "2",
            ]
        )
    return str(root / "m")


def test_a_small_picture_is_as_soft_by_its_thumbnail_as_by_itself(tmp_path: Path) -> None:
    step = Image.fromarray(
        np.where(np.arange(240) < 120, 20, 200).astype(np.uint8) * np.ones((180, 1), np.uint8)
    )
    soft = step.convert("RGB").filter(ImageFilter.GaussianBlur(2))
    stored = SimpleNamespace(take=lambda rows: [thumbnail(np.asarray(soft)) for _ in rows])
    facts = originals.Facts(["a.png"], ["a"], ["RGB"], np.array([240.0 * 180]), np.array([1.0]))
    (by_thumbnail,) = originals.Originals(tmp_path, facts, stored).edge_widths([0], 0)
    # WebP softens or sharpens a little.
    assert by_thumbnail == pytest.approx(edge_width(np.asarray(soft.convert("L"))), rel=0.25)


def sets_of(root: Path, model: str) -> tuple[list[list[str]], dict[str, Any]]:
    embed(str(root / "images"), EmbedSettings(model), work=root / "w.unpool")
    result = check(root / "w.unpool")
    return found_sets(root / "w.unpool", "near_duplicates"), result


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(20, 26):
        grainy(seed).save(folder / f"other{seed}.png")
    return folder


FORMATS = {
    "a png before a jpeg": (["z.png", "a.jpg"], {}, "z.png"),
    "a jpeg with more bytes": (
        ["a.jpg", "z.jpg"],
        {"a.jpg": {"quality": 50}, "z.jpg": {"quality": 92}},
        "z.jpg",
    ),
    "without losses among webp": (["a.webp", "z.webp"], {"z.webp": {"lossless": True}}, "z.webp"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_one_without_losses_is_kept(images: Path, model: str, name: str) -> None:
    names, options, kept = FORMATS[name]
    for file in names:
        grainy(1).save(images / file, **options.get(file, {}))
    sets, result = sets_of(images.parent, model)
    assert [paths[0] for paths in sets] == [kept]
    assert result["near_duplicates_unsure"] == 0


def test_a_larger_one_is_kept_whatever_its_format(images: Path, model: str) -> None:
    grainy(1).save(images / "z.jpg", quality=90)
    grainy(1).resize((120, 90)).save(images / "a.png")
    sets, _ = sets_of(images.parent, model)
    assert sets == [["z.jpg", "a.png"]]


def test_a_png_made_of_a_jpeg_does_not_go_before_the_original(images: Path, model: str) -> None:
    grainy(1).save(images / "bad.jpg", quality=40)
    Image.open(images / "bad.jpg").save(images / "a.png")
    grainy(1).save(images / "z.png")
    sets, _ = sets_of(images.parent, model)
    assert sets[0][0] == "z.png"


def test_what_only_the_originals_show_is_seen(images: Path, model: str) -> None:
    frame = grainy(1).resize((480, 360))
    frame.save(images / "empty.png")
    ImageDraw.Draw(frame).ellipse((300, 200, 308, 208), fill=(10, 10, 10))
    frame.save(images / "animal.png")
    assert sets_of(images.parent, model)[0] == []


def test_pairs_whose_files_are_gone_are_unsure(
    images: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grainy(1).save(images / "z.png")
    grainy(1).save(images / "a.jpg", quality=60)
    sets, result = sets_of(images.parent, model)
    assert (sets, result["near_duplicates_unsure"]) == ([["z.png", "a.jpg"]], 0)
    work = images.parent / "w.unpool"
    monkeypatch.setattr(originals, "MAX_PAIRS", 0)
    assert check(work)["near_duplicates_unsure"] == 1
    monkeypatch.undo()
    (images / "a.jpg").unlink()
    assert check(work)["near_duplicates_unsure"] == 1
    (entry,) = json.loads((work / "report" / "check.json").read_text("utf-8"))["problems"]["near_duplicates"]
    assert entry["unsure"] is True
    assert "unsure, compared by thumbnails only" in (work / "problems.csv").read_text("utf-8")


@pytest.mark.parametrize(("draw", "kept"), [(False, "z.jpg"), (True, "a.gif")])
def test_few_colours_are_a_loss_for_photographs_alone(tmp_path: Path, draw: bool, kept: str) -> None:
    picture = Image.new("RGB", (240, 180), "white") if draw else grainy(1)
    ImageDraw.Draw(picture).ellipse((30, 30, 120, 120), fill="navy")
    picture.quantize(64).save(tmp_path / "a.gif")
    picture.save(tmp_path / "z.jpg")
    names = ["a.gif", "z.jpg"]
    ids = [read_picture(tmp_path / name).id for name in names]
    facts = originals.Facts(names, ids, ["P", "RGB"], np.full(2, 43200.0), np.array([9.0, 1.0]))
    judge = originals.Originals(tmp_path / "none.unpool", facts, SimpleNamespace(take=lambda rows: [None]))
    judge.source = FolderSource(tmp_path)
    assert names[judge.elect([0, 1])] == kept


def test_turned_copies_are_compared_by_their_originals(images: Path, model: str) -> None:
    picture = grainy(60)
    picture.save(images / "a.png")
    picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(images / "mirrored.jpg", quality=90)
    other = grainy(61)
    other.save(images / "b.png")
    turned = other.transpose(Image.Transpose.ROTATE_270)
    ImageDraw.Draw(turned).rectangle((60, 60, 75, 75), fill="white")  # something else is in it
    turned.save(images / "turned.png")
    _, result = sets_of(images.parent, model)
    assert (result["turned"], result["near_duplicates"]) == (1, 0)
    assert found_sets(images.parent / "w.unpool", "turned") == [["a.png", "mirrored.jpg"]]
    rows = (images.parent / "w.unpool" / "problems.csv").read_text("utf-8")
    assert "mirrored.jpg,turned copy,mirrored; of a.png" in rows.replace('"', "")


def test_a_sharp_subject_before_blurred_ground_is_not_blurred(images: Path, model: str) -> None:
    for seed in range(30, 50):
        grainy(seed).resize((480, 360)).save(images / f"sharp{seed}.png")
    soft = Image.new("RGB", (480, 360), "white")
    for seed in range(12):
        place = (seed % 4) * 120, (seed // 4) * 120
        soft.paste(grainy(seed).resize((110, 110)).point(lambda value: value // 2), place)
    soft = soft.filter(ImageFilter.GaussianBlur(9))
    soft.save(images / "soft.png")
    ImageDraw.Draw(soft).rectangle((200, 140, 250, 200), fill="black")
    soft.save(images / "subject.png")
    sets_of(images.parent, model)
    found = found_problems(images.parent / "w.unpool") or {}
    assert found["blurred"] == ["soft.png"]


def test_equal_thumbnails_need_no_comparison(tmp_path: Path) -> None:
    reads: list[list[int]] = []

    def take(rows: list[int]) -> list[None]:
        reads.append(rows)
        return [None]

    facts = originals.Facts(["a.png", "b.png", "c.png"], ["1", "2", "3"], [""] * 3, np.ones(3), np.ones(3))
    judge = originals.Originals(tmp_path / "none.unpool", facts, SimpleNamespace(take=take))
    judge.note_thumbnails(0, [b"same", b"same", None])
    assert judge.verify(np.array([[0, 1]])).tolist() == [True]
    assert reads == []
    assert not judge.was_compared(0, 1), "by their thumbnails alone"
    judge.verify(np.array([[0, 2]]))
    assert reads == [[0], [2]]
