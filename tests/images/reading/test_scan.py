"""The walk: what is found, what is reported, what is left alone."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from PIL import Image

from support.hostile_files import make_hostile_folder
from support.permissions import folder_of_another_user
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import Scan, scan_folder

DECODED = {"truncated", "corrupt", "not-an-image", "too-large", "unsupported", "needs-heic"}


def image(file: Path, colour: str = "red") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), colour).save(file)
    return file


def keys(folder: Path) -> list[str]:
    return [file.path for file in scan_folder(folder).files]


def left_out(folder: Path) -> dict[str, str]:
    return {each.path: each.note.kind for each in scan_folder(folder).left_out}


def test_the_hostile_folder_is_read_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("pi_heif")
    good, bad = make_hostile_folder(tmp_path / "in")
    scan = scan_folder(tmp_path / "in")
    found = {problem.path: problem.problem for problem in scan.problems}
    usable = set()
    for file in scan.files:
        try:
            read_picture(file.file, min_side=16)
            usable.add(file.path)
        except UnreadableImageError as error:
            found[file.path] = error.problem
    assert bad.pop("broken/phone.heic") == "needs-heic"
    assert usable == good | {"broken/phone.heic"}
    assert found == bad


def test_only_what_decoding_must_find_is_left_to_it(tmp_path: Path) -> None:
    _, bad = make_hostile_folder(tmp_path / "in")
    result = {problem.path for problem in scan_folder(tmp_path / "in").problems}
    assert result == {path for path, problem in bad.items() if problem not in DECODED}


def test_the_order_does_not_depend_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_hostile_folder(tmp_path / "in")
    first = scan_folder(tmp_path / "in")
    assert [file.path for file in first.files] == sorted(file.path for file in first.files)
    real, luck = os.scandir, random.Random(3)

    class Shuffled:
        def __init__(self, path: str) -> None:
            with real(path) as entries:
                self.entries = list(entries)
            luck.shuffle(self.entries)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert scan_folder(tmp_path / "in") == first


def test_a_file_tells_its_place_size_and_time(tmp_path: Path) -> None:
    file = image(tmp_path / "a b" / "c.png")
    os.utime(file, (5, 1234.5))
    (found,) = scan_folder(tmp_path).files
    assert (found.path, found.bytes, found.modified) == ("a b/c.png", file.stat().st_size, 1234.5)
    assert found.file.is_absolute()
    assert found.file.samefile(file)


def test_real_names_win_over_links_and_each_file_is_read_once(tmp_path: Path) -> None:
    image(tmp_path / "in" / "z" / "real.png")
    outside = image(tmp_path / "out" / "far.png")
    (tmp_path / "in" / "a.png").symlink_to(tmp_path / "in" / "z" / "real.png")
    (tmp_path / "in" / "a-folder").symlink_to(tmp_path / "in" / "z")
    (tmp_path / "in" / "b.png").symlink_to(outside)
    (tmp_path / "in" / "c-folder").symlink_to(outside.parent)
    (tmp_path / "in" / "d-folder").symlink_to(outside.parent)
    assert keys(tmp_path / "in") == ["b.png", "z/real.png"]
    assert left_out(tmp_path / "in") == {
        "a.png": "link", "a-folder": "link", "c-folder/far.png": "link", "d-folder": "link",
    }  # fmt: skip


def test_loops_end_and_never_lead_above_the_folder(tmp_path: Path) -> None:
    image(tmp_path / "in" / "sub" / "a.png")
    image(tmp_path / "neighbour.png")
    for name, target in (("sub/loop", "in"), ("sub/up", "."), ("self", "in/self"), ("ring", "in/sub")):
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    assert keys(tmp_path / "in") == ["sub/a.png"]


def test_hard_links_are_two_files(tmp_path: Path) -> None:
    os.link(image(tmp_path / "a.png"), tmp_path / "b.png")
    assert keys(tmp_path) == ["a.png", "b.png"]


def test_the_folder_itself_may_be_a_link_or_hidden(tmp_path: Path) -> None:
    image(tmp_path / ".photos" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / ".photos")
    assert keys(tmp_path / "link") == keys(tmp_path / ".photos") == ["a.png"]


def test_undecodable_names_get_keys_of_their_own(tmp_path: Path) -> None:
    odd = [os.fsdecode(b"\xe9.png"), "\\xe9.png"]
    try:
        for name in odd:
            image(tmp_path / name)
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    scan = scan_folder(tmp_path)
    assert [file.path for file in scan.files] == ["\\xe9.png", "\\xe9.png~"]
    assert all(file.file.exists() for file in scan.files)


@pytest.mark.parametrize("mode", [0, 0o111, 0o222, 0o444, 0o666])
def test_what_may_not_be_read_is_reported(mode: int) -> None:
    with folder_of_another_user() as folder:
        for name in ("shut/a.png", "open/b.png", "open/c.png"):
            image(folder / name)
        (folder / "open" / "a.png").symlink_to(folder / "shut" / "a.png")
        before = scan_folder(folder)
        (folder / "shut").chmod(mode)
        (folder / "open" / "c.png").chmod(0)
        scan = scan_folder(folder)
        found = [(each.path, each.problem) for each in scan.problems]
        with pytest.raises(UnpoolError, match=r"shut' cannot be read \(Permission denied\); check its perm"):
            scan_folder(folder / "shut")
    assert [file.path for file in before.files] == ["open/b.png", "open/c.png", "shut/a.png"]
    is_entered = mode & 0o100  # so that the link can be followed, though the folder cannot be listed
    linked = [] if is_entered else [("open/a.png", "no-permission")]
    assert found == [*linked, ("open/c.png", "no-permission"), ("shut", "no-permission")]
    assert [file.path for file in scan.files] == [*(["open/a.png"] if is_entered else []), "open/b.png"]
    assert scan.find_away(["shut/a.png", "open/gone.png"]) == {"shut/a.png"}


def test_a_file_that_cannot_be_looked_at_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        image(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    real = Path.stat

    def fail(path: Path, **options: bool) -> os.stat_result:
        if path.name in ("a.png", "notes.txt"):
            raise OSError(5, "Input/output error")
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", fail)
    scan = scan_folder(tmp_path)
    assert [file.path for file in scan.files] == ["b.png"]
    (problem,) = scan.problems
    assert (problem.path, problem.problem) == ("a.png", "unreadable")
    assert problem.detail == "the file cannot be read: Input/output error"


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image(tmp_path / "shut" / "a.png")
    real = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (problem,) = scan_folder(tmp_path).problems
    assert (problem.path, problem.problem) == ("shut", "no-permission")
    assert problem.detail == "the folder cannot be read: Permission denied"


def test_progress_counts_images(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    image(tmp_path / "b.png")
    seen: list[int] = []
    scan_folder(tmp_path, progress=seen.append)
    assert seen == [2]


def test_what_unpool_wrote_is_left_alone_and_what_looks_alike_is_not(tmp_path: Path) -> None:
    image(tmp_path / "a.png")
    for name, inside in (
        ("w", ("images.lance/x", "report/map.png")),
        ("w.unpool", ("report/map.png",)),
        ("deep/model", ("model.json", "model.safetensors", "loss.png")),
        ("begun", ("training/.unpool-training", "loss.png")),
        ("out", ("loss.png",)),
        ("toy", ("model.json", "kept.png")),  # a car, say, and what is said about it
        ("training", ("kept.png",)),
        ("linked", ("training/notes.txt", "kept.png")),
    ):
        for each in inside:
            file = tmp_path / name / each
            file.parent.mkdir(parents=True, exist_ok=True)
            image(file) if each.endswith(".png") else file.write_text("no image")
    (tmp_path / "model-link").symlink_to(tmp_path / "deep" / "model")
    users = ["a.png", "linked/kept.png", "toy/kept.png", "training/kept.png"]
    assert keys(tmp_path) == sorted([*users, "out/loss.png"])
    found = scan_folder(tmp_path, leave_out=tmp_path / "out").files
    assert [file.path for file in found] == users
    assert keys(tmp_path / "deep" / "model"), "a folder that was named is read"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", "there is no folder '{}'; check the path"),
        ("a.png", "'{}' is a file, not a folder; give the folder that holds the images"),
        ("work", "'{}' is a workspace of unpool; give the folder that holds the images"),
    ],
)
def test_a_wrong_folder_is_reported_in_one_line(tmp_path: Path, name: str, said: str) -> None:
    image(tmp_path / "a.png")
    (tmp_path / "work" / "images.lance").mkdir(parents=True)
    with pytest.raises(UnpoolError) as error:
        scan_folder(tmp_path / name)
    assert str(error.value) == said.format(tmp_path / name)


def test_links_that_share_an_object_are_images_of_their_own_names(tmp_path: Path) -> None:
    hidden = image(tmp_path / "in" / ".annex" / "0f3a.png")
    outside = tmp_path / "cache" / "77"
    outside.parent.mkdir()
    outside.write_bytes(hidden.read_bytes())
    for name, target in (
        ("cat/1.png", hidden),
        ("dog/2.png", hidden),
        ("3.png", outside),
        ("4.png", outside),
    ):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).symlink_to(target)
    assert keys(tmp_path / "in") == ["3.png", "4.png", "cat/1.png", "dog/2.png"]
    assert left_out(tmp_path / "in") == {}


def test_of_a_store_beside_its_links_the_links_have_the_names(tmp_path: Path) -> None:
    blob = image(tmp_path / "first.png").rename(tmp_path / "0f3a77")
    plain = image(tmp_path / "unlinked.png").rename(tmp_path / "1b22")
    (tmp_path / "blobs").mkdir()
    for file in (blob, plain):
        file.rename(tmp_path / "blobs" / file.name)
    (tmp_path / "snapshot").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "snapshot" / name).symlink_to(Path("..") / "blobs" / blob.name)
    assert keys(tmp_path) == ["blobs/1b22", "snapshot/a.png", "snapshot/b.png"]


def test_every_link_to_a_mask_is_a_mask(tmp_path: Path) -> None:
    image(tmp_path / "empty.png")
    for name in ("1.png", "2.png"):
        (tmp_path / name).symlink_to("empty.png")
    found = [file.path for file in scan_folder(tmp_path, as_masks=True).files]
    assert found == ["1.png", "2.png", "empty.png"]
    assert keys(tmp_path) == ["empty.png"]


def test_what_systems_keep_beside_photographs_is_left_alone_and_listed(tmp_path: Path) -> None:
    image(tmp_path / "a.jpg")
    for name in (
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/b.jpg",
        "sub/__MACOSX/c.jpg",
        ".thumbnails/d.png",
    ):
        image(tmp_path / name)
    image(tmp_path / "._a.jpg")
    image(tmp_path / "overview.tif").rename(tmp_path / "a.jpg.ovr")
    image(tmp_path / "old.jpg").rename(tmp_path / "a.jpg_original")
    image(tmp_path / "odd.jpg").rename(tmp_path / "odd.dat")
    (tmp_path / ".git").mkdir()
    assert keys(tmp_path) == ["a.jpg", "odd.dat"]
    assert left_out(tmp_path) == {
        "@eaDir": "system", "#recycle": "system", "sub/__MACOSX": "system", ".thumbnails": "system",
        "._a.jpg": "hidden", "a.jpg.ovr": "sidecar", "a.jpg_original": "sidecar",
    }  # fmt: skip
    assert keys(tmp_path / "@eaDir") == ["a.jpg/SYNOPHOTO_THUMB_M.jpg"], "a folder that was named is read"


def test_predictions_are_left_alone_one_by_one(tmp_path: Path) -> None:
    image(tmp_path / "a.jpg")
    for name in ("labels/a.png", "labels/a.overlay.png", "labels/mine.png"):
        image(tmp_path / name)
    record = {"path": "a.jpg", "files": ["a.png", "a.overlay.png"]}
    (tmp_path / "labels" / "predictions.jsonl").write_text(json.dumps(record) + "\n{half")
    assert keys(tmp_path) == ["a.jpg", "labels/mine.png"]
    assert left_out(tmp_path) == {"labels": "own"}
    assert len(scan_folder(tmp_path, as_masks=True).files) == 4
    (tmp_path / "labels" / "mine.png").unlink()
    assert keys(tmp_path / "labels") == ["a.overlay.png", "a.png"], (
        "nothing else is in the folder that was named"
    )


def test_names_in_either_unicode_form_have_one_key(tmp_path: Path) -> None:
    image(tmp_path / "cafe\u0301" / "u\u0308.png")
    assert keys(tmp_path) == ["caf\u00e9/\u00fc.png"]
    assert scan_folder(tmp_path).files[0].file.exists()


def test_folders_that_cannot_be_seen_are_away_and_others_are_not(tmp_path: Path) -> None:
    image(tmp_path / "here" / "a.png")
    image(tmp_path / "@eaDir" / "in" / "t.png")
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / ".DS_Store").touch()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "unmounted")
    paths = [
        "gone.png", "here/b.png", "here/deeper/c.png", "mount/d.png", "notes/e.png", "link/f.png", "drive/2020/g.png",
        "@eaDir/in/h.png",
    ]  # fmt: skip
    scan = scan_folder(tmp_path)
    assert scan.find_away(paths) == {"here/deeper/c.png", "mount/d.png", "link/f.png", "drive/2020/g.png"}
    assert Scan([], []).find_away(paths) == set()
