"""`unpool check`: what it finds, where it writes it, and what of it holds when images have gone or changed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from support.pictures import make_photograph, make_shapes
from support.training import reconstruct
from unpool.actions.curation.check import check
from unpool.actions.curation.settings import CheckSettings
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.analysis.checks.kinds import PROBLEM_KINDS
from unpool.cli.main import main
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.resizing import brightness, sharpness, thumbnail
from unpool.store.csv_files import write_problems
from unpool.store.findings import found_problems, found_sets
from unpool.store.table import ImageTable
from unpool.viewer.session import Session

KEYS = {"unreadable", "duplicates", "near_duplicates", "turned", "outliers", "blurred", "dark", "bright"}


def photograph(seed: int) -> Image.Image:
    """With grain, so that it has edges."""
    grain = np.random.default_rng(seed).integers(0, 256, (45, 60), dtype=np.uint8)
    fine = np.asarray(Image.fromarray(grain).resize((240, 180), Image.Resampling.NEAREST))
    pixels = np.asarray(make_photograph(seed), float) * 0.6 + fine[..., None] * 0.4
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=quality)
    return Image.open(content).convert("RGB")


def row(path: str, image: Image.Image, digest: str | None = None) -> dict[str, Any]:
    pixels = np.asarray(image)
    return {
        "path": path, "id": digest or f"id of {path}", "width": image.width, "height": image.height, "status": "ok",
        "thumbnail": thumbnail(pixels), "sharpness": sharpness(pixels), "brightness": brightness(pixels),
    }  # fmt: skip


def put(table: ImageTable, rows: list[dict[str, Any]]) -> None:
    """Rows with a small grey picture as their vector."""
    table.upsert(rows)
    if table.dimension is None:
        table.reset_vectors(64)
    vectors = []
    for one in rows:
        small = Image.open(io.BytesIO(one["thumbnail"])).convert("L").resize((8, 8))
        vectors.append(np.asarray(small, np.float32).ravel() - 100)
    table.update([one["path"] for one in rows], {"vector": np.stack(vectors)})


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Thirty photographs, and of the first few a copy, a compressed one, a blurred, a dark and a bright one."""
    table = ImageTable.create(tmp_path / "w.unpool")
    photos = [photograph(seed) for seed in range(30)]
    put(table, [row(f"p/{seed:02}.png", photo) for seed, photo in enumerate(photos)])
    put(table, [
        row("copy of 00.png", photos[0], "id of p/00.png"), row("p/zz.png", photos[0], "id of p/00.png"),
        row("small 01.png", photos[1].resize((120, 90))), row("z compressed 01.png", jpeg(photos[1], 40)),
        row("soft.png", photograph(40).filter(ImageFilter.GaussianBlur(6))),
        row("night.png", photograph(41).point(lambda value: value // 10)),
        row("snow.png", photograph(42).point(lambda value: 230 + value // 10)),
    ])  # fmt: skip
    table.upsert([{"path": "broken.png", "status": "skipped", "problem": "corrupt", "detail": "damaged"}])
    return table.work


def column(work: Path, name: str) -> dict[str, Any]:
    return ImageTable(work).frame(["path", name]).set_index("path")[name].dropna().to_dict()


def problems_csv(work: Path) -> list[list[str]]:
    return list(csv.reader((work / "problems.csv").open(encoding="utf-8")))


def test_the_command_counts_what_was_made_wrong(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["check", "--work", str(work), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert set(result) >= KEYS
    assert {name: result[name] for name in KEYS - {"outliers"}} == {
        "unreadable": 1, "duplicates": 2, "near_duplicates": 2, "turned": 0, "blurred": 1, "dark": 1, "bright": 1,
    }  # fmt: skip
    assert result["images"] == 37
    found = found_problems(work)
    assert found is not None
    assert {kind: len(paths) for kind, paths in found.items()} == {kind: result[kind] for kind in found}
    assert (found["blurred"], found["dark"], found["bright"]) == (["soft.png"], ["night.png"], ["snow.png"])
    assert found["duplicates"] == ["p/00.png", "p/zz.png"]


def test_people_read_a_count_a_line(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--work", str(work)])
    out = capsys.readouterr().out
    assert "near duplicates  2\n" in out
    assert str(work / "problems.csv") in out


def test_columns_and_files(work: Path) -> None:
    check(work)
    assert column(work, "duplicate_of") == dict.fromkeys(("p/00.png", "p/zz.png"), "copy of 00.png")
    scores = column(work, "outlier_score")
    assert len(scores) == 37
    assert "broken.png" not in scores
    sets = json.loads((work / "report" / "near_duplicates.json").read_text("utf-8"))
    assert sets == found_sets(work, "near_duplicates")
    assert [paths[0] for paths in sets] == ["p/01.png"]
    assert sorted(sets[0][1:]) == ["small 01.png", "z compressed 01.png"]
    rows = problems_csv(work)
    assert rows[:2] == [["path", "problem", "detail"], ["broken.png", "corrupt", "damaged"]]
    assert ["p/zz.png", "duplicate", "of copy of 00.png"] in rows
    assert ["small 01.png", "near duplicate", "of p/01.png; unsure, compared by thumbnails only"] in rows
    assert {problem for _, problem, _ in rows} >= {"blurred", "too dark", "too bright"}


def test_one_figure_in_the_file_the_table_and_the_page(work: Path) -> None:
    check(work)
    session = Session(work)
    details = {(path, problem): detail for path, problem, detail in problems_csv(work)}
    for kind in ("blurred", "dark", "bright"):
        entries = json.loads((work / "report" / "check.json").read_text())["problems"][kind]
        rows = session.problems()[kind]
        facts = session.facts(session.revision, rows.tolist())
        assert [entry["path"] for entry in entries] == [one["path"] for one in facts] != []
        for entry, one in zip(entries, facts, strict=True):
            assert one["figures"][kind] == entry["figure"]
            assert f"{entry['figure']:g} " in details[entry["path"], PROBLEM_KINDS[kind].word]


def test_the_same_seed_finds_the_same(work: Path) -> None:
    check(work, CheckSettings(seed=3))
    first = [(work / "report" / name).read_bytes() for name in ("check.json", "near_duplicates.json")]
    scores = column(work, "outlier_score")
    check(work, CheckSettings(seed=3))
    assert [(work / "report" / name).read_bytes() for name in ("check.json", "near_duplicates.json")] == first
    assert column(work, "outlier_score") == scores


def test_nothing_is_found_where_nothing_was_checked(work: Path) -> None:
    assert found_problems(work) is None
    assert found_sets(work, "near_duplicates") == []
    write_problems(work, ImageTable(work))
    assert len(problems_csv(work)) == 2


def test_images_that_go_are_no_longer_reported(work: Path) -> None:
    check(work)
    table = ImageTable(work)
    table.delete(["copy of 00.png", "p/01.png", "soft.png"])
    found = found_problems(work)
    assert found is not None
    # The image to keep has gone, so that the next of its set is kept.
    assert found["duplicates"] == ["p/zz.png"]
    (near,) = found_sets(work, "near_duplicates")
    assert sorted(near) == ["small 01.png", "z compressed 01.png"]
    assert found["near_duplicates"] == near[1:]
    assert found["blurred"] == []
    write_problems(work, table)
    assert not {"copy of 00.png", "p/01.png", "soft.png"} & {path for path, _, _ in problems_csv(work)}
    check(work)
    assert column(work, "duplicate_of") == {"p/zz.png": "p/00.png"}


def test_images_that_changed_are_no_longer_reported(work: Path) -> None:
    check(work)
    table = ImageTable(work)
    table.upsert([{"path": "night.png", "id": "another"}, {"path": "p/zz.png", "id": "another too"}])
    table.upsert([{"path": "snow.png", "status": "skipped"}])
    found = found_problems(work)
    assert found is not None
    assert found["dark"] == found["bright"] == []
    assert found["duplicates"] == ["p/00.png"]


def test_outliers_by_another_network_are_no_longer_reported(work: Path) -> None:
    check(work)
    result = json.loads((work / "report" / "check.json").read_text("utf-8"))
    result["problems"]["outliers"] = [{"path": "p/03.png", "id": "id of p/03.png"}]
    (work / "report" / "check.json").write_text(json.dumps(result), "utf-8")
    assert (found_problems(work) or {})["outliers"] == ["p/03.png"]
    (work / "unpool.yaml").write_text("embedded_by: another\n", "utf-8")
    assert (found_problems(work) or {})["outliers"] == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 99, "problems": {}}', '{"format": 1, "problems": []}', "\udcff"]
)
def test_a_damaged_file_is_as_none(work: Path, text: str) -> None:
    (work / "report").mkdir()
    (work / "report" / "check.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert found_problems(work) is None
    assert found_sets(work, "near_duplicates") == []


def test_damaged_entries_are_passed_over(work: Path) -> None:
    result = {"format": 1, "problems": {"dark": [{"path": "night.png"}, 3, None], "duplicates": 7, "bright": [
        {"path": "snow.png", "id": "id of snow.png"}, {"path": ["x"], "id": "y"},
    ]}}  # fmt: skip
    (work / "report").mkdir()
    (work / "report" / "check.json").write_text(json.dumps(result), "utf-8")
    found = found_problems(work)
    assert found is not None
    assert {kind: paths for kind, paths in found.items() if paths} == {"bright": ["snow.png"]}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_images(tmp_path: Path, count: int) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    put(table, [row(f"{seed}.png", photograph(seed)) for seed in range(count)])
    result = check(table.work)
    assert {result[name] for name in KEYS} == {0}
    assert result["images"] == count


def test_nothing_embedded_is_reported(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    with pytest.raises(UnpoolError, match="is embedded yet; run `unpool embed FOLDER --work"):
        check(table.work)
    with pytest.raises(UnpoolError, match="no workspace at"):
        check(tmp_path / "none")
    assert not (table.work / "report").exists()


def test_images_without_thumbnail_or_vector_are_passed_over(work: Path) -> None:
    table = ImageTable(work)
    table.upsert([{"path": "p/05.png", "thumbnail": None}, {"path": "p/06.png", "thumbnail": b"no picture"}])
    table.upsert([row("new.png", photograph(90))])
    result = check(work)
    assert result["images"] == 38
    assert (result["near_duplicates"], result["dark"], result["bright"]) == (2, 1, 1)
    assert "new.png" not in column(work, "outlier_score")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("digits") / "w.unpool"
    with pytest.raises(SystemExit):
        main(["train", "digits", "--out", str(work.parent / "model"), "--network", "conv", "--steps", "20"])
    with pytest.raises(SystemExit):
        main(["embed", "digits", "--model", str(work.parent / "model"), "--work", str(work)])
    return work


@pytest.mark.slow
def test_digits_are_neither_dark_nor_blurred(digits: Path) -> None:
    result = check(digits)
    assert (result["dark"], result["bright"], result["blurred"], result["duplicates"]) == (0, 0, 0, 0)
    assert result["outliers"] < 0.02 * 1797
    assert len(column(digits, "reconstruction_error")) == 1797


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    make_shapes(tmp_path / "images")
    words = ["train", str(tmp_path / "images"), "--out", str(tmp_path / "model"), "--network", "conv"]
    with pytest.raises(SystemExit):
        main([*words, "--size", "12", "--steps", "3", "--decoder", "unpool"])
    embed(str(tmp_path / "images"), EmbedSettings(str(tmp_path / "model")), work=tmp_path / "w.unpool")
    return tmp_path


def test_reconstruction_errors_are_those_of_reconstruct(shapes: Path) -> None:
    check(shapes / "w.unpool")
    result = reconstruct(
        [str(shapes / "images")], model=shapes / "model", out=shapes / "grid.png", no_indices=True, device="cpu"
    )  # fmt: skip
    expected = {image["path"]: image["mse"] for image in result["images"]}
    assert column(shapes / "w.unpool", "reconstruction_error") == pytest.approx(expected, rel=1e-4)


class Counted(Progress):
    """Remembers how much each stage had to do."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}

    def stage(self, name: str, total: float | None = None, unit: str = "") -> Any:
        self.totals[name] = total
        return super().stage(name, total, unit)


def test_errors_are_computed_once_and_anew_where_files_changed(shapes: Path) -> None:
    work, images = shapes / "w.unpool", shapes / "images"
    check(work)
    before = column(work, "reconstruction_error")
    again = Counted()
    check(work, progress=again)
    assert "reconstructing" not in again.totals
    Image.new("L", (12, 12), 255).save(images / "disc" / "000.png")
    (images / "disc" / "001.png").unlink()
    embed(str(images), EmbedSettings(str(work / "model")), work=work)
    check(work, progress=again)
    assert again.totals["reconstructing"] == 1
    after = column(work, "reconstruction_error")
    assert set(before) - set(after) == {"disc/001.png"}
    assert [path for path in after if after[path] != before[path]] == ["disc/000.png"]


def test_images_that_vanished_since_are_no_error(shapes: Path) -> None:
    shutil.rmtree(shapes / "images" / "disc")
    check(shapes / "w.unpool")
    assert len(column(shapes / "w.unpool", "reconstruction_error")) == 24
