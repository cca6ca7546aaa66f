"""A plan holds what may go, and nothing else."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from support.archives import jpeg, write_zip
from support.checked_photos import make_checked_photos, row_of
from unpool.actions.cleaning.plan import CHOICES, is_unchanged, make_plan, write_plan
from unpool.actions.cleaning.settings import KEEP
from unpool.core.atomic_files import write_json
from unpool.core.file_identity import content_digest, stamp_of
from unpool.errors import UnpoolError, UsageError
from unpool.store.findings import FILE, FORMAT
from unpool.store.state import REPORT, write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_checked_photos(tmp_path)


def going(work: Path, problem: str, keep: str = "best") -> list[str]:
    return [file.path for file in make_plan(work, problem, keep).files]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("best", ["b/a.jpg", "b/copy.jpg", "d.jpg"]),
        ("first", ["b/a.jpg", "b/copy.jpg", "d.jpg"]),
        ("largest", ["b/a.jpg", "b/copy.jpg", "d.jpg"]),
        ("oldest", ["a.jpg", "b/a.jpg", "c.jpg"]),
    ],
)
def test_one_of_each_set_stays(work: Path, keep: str, expected: list[str]) -> None:
    assert going(work, "duplicates", keep) == expected
    assert make_plan(work, "duplicates", keep).num_kept == 2


def test_the_largest_has_most_pixels(work: Path) -> None:
    assert going(work, "near-duplicates", "best") == ["large.jpg"]
    assert going(work, "near-duplicates", "largest") == ["small.jpg"]


def test_pairs_that_were_not_compared_are_left_and_counted(work: Path) -> None:
    plan = make_plan(work, "near_duplicates", "first")
    assert "unsure.jpg" not in [file.path for file in plan.files]
    assert plan.left == {"compared by thumbnails only": 1}


def test_single_images_all_go(work: Path) -> None:
    plan = make_plan(work, "dark", "best")
    assert ([file.path for file in plan.files], plan.num_kept) == (["dark.jpg"], 0)


def test_what_changed_or_went_is_left_and_another_stays(work: Path) -> None:
    photos = work.parent / "photos"
    (photos / "a.jpg").unlink()
    (photos / "c.jpg").write_bytes(jpeg(91))
    plan = make_plan(work, "duplicates", "best")
    assert [file.path for file in plan.files] == ["b/copy.jpg"]
    assert [stack.stays and stack.stays.path for stack in plan.stacks] == ["b/a.jpg"]
    assert plan.left == {"gone already": 1, "changed since they were embedded": 1}


def test_links_never_go_nor_stay(work: Path) -> None:
    photos = work.parent / "photos"
    (photos / "d.jpg").unlink()
    (photos / "d.jpg").symlink_to(photos / "c.jpg")
    plan = make_plan(work, "duplicates", "best")
    assert plan.left == {"links": 1}
    assert "c.jpg" not in [file.path for file in plan.files]


def test_a_file_that_is_reached_by_two_paths_stays(work: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (tmp_path / "link").symlink_to(photos)
    (photos / "list.txt").write_text("c.jpg\n../link/c.jpg\n")
    write_state(work, images=str(photos / "list.txt"))
    again = (tmp_path / "link" / "c.jpg").as_posix().lstrip("/")
    ImageTable(work).upsert([row_of(photos, "c.jpg") | {"path": again}])
    digest = content_digest(photos / "c.jpg")
    entry = {"path": again, "id": digest, "of": "c.jpg", "of_id": digest}
    write_json(work / REPORT / FILE, {"format": FORMAT, "model": "m", "problems": {"duplicates": [entry]}})
    plan = make_plan(work, "duplicates", "best")
    assert (plan.files, plan.left) == ([], {"the same file by another path": 1})


def test_the_same_time_and_size_prove_nothing(work: Path) -> None:
    file = work.parent / "photos" / "d.jpg"
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(0, before.st_mtime_ns))
    assert going(work, "duplicates") == ["b/a.jpg", "b/copy.jpg"]


def test_a_plan_is_a_table(work: Path, tmp_path: Path) -> None:
    write_plan(make_plan(work, "duplicates", "best"), tmp_path / "plan.csv")
    rows = list(csv.DictReader((tmp_path / "plan.csv").open(newline="")))
    assert [(row["set"], row["action"], row["path"]) for row in rows] == [
        ("0", "stays", "a.jpg"), ("0", "goes", "b/a.jpg"), ("0", "goes", "b/copy.jpg"),
        ("1", "stays", "c.jpg"), ("1", "goes", "d.jpg"),
    ]  # fmt: skip


def test_wrong_words_and_places_are_refused(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'duplicates'"):
        make_plan(work, "duplicate", "best")
    with pytest.raises(UsageError, match="unknown choice"):
        make_plan(work, "duplicates", "newest")
    write_zip(tmp_path / "a.zip", {"a.jpg": jpeg()})
    write_state(work, images=str(tmp_path / "a.zip"), inside=True)
    with pytest.raises(UnpoolError, match=r"a\.zip, which is only read; unpack"):
        make_plan(work, "duplicates", "best")


def test_without_a_check_nothing_is_known(work: Path) -> None:
    (work / REPORT / "check.json").unlink()
    for problem in ("duplicates", "dark"):
        with pytest.raises(UnpoolError, match=r"nothing of .* was checked yet; `unpool check"):
            make_plan(work, problem, "best")


def test_choices_are_those_of_the_option() -> None:
    assert tuple(CHOICES) == KEEP


def test_a_stamp_spares_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert is_unchanged(file, str(content_digest(file)), 3)
    assert not is_unchanged(file, "other", 3, stamp_of(file.stat()))  # written just now: it proves nothing
    monkeypatch.setattr("unpool.actions.cleaning.plan.stamp_of", lambda status: "1-2")
    assert is_unchanged(file, "other", 3, "1-2")
    assert not is_unchanged(file, "other", 3, "1-3")
