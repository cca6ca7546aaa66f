from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.object_store import in_memory, upload
from unpool.core.objects.client import ObjectDeniedError, StoreError
from unpool.errors import UnpoolError
from unpool.images.reading.scan import Scan, scan_folder
from unpool.images.remote.listing import scan_objects


def png(value: int = 0) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.full((8, 8), value, np.uint8)).save(content, "PNG")
    return content.getvalue()


def write(folder: Path, *names: str, content: bytes | None = None) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png() if content is None else content)


def both(folder: Path) -> tuple[Scan, Scan]:
    """The scan of a folder, and of the same files on a store."""
    objects = in_memory()
    upload(objects, folder)
    return scan_folder(folder), scan_objects(objects)


def seen(scan: Scan) -> object:
    return (
        [(file.path, file.bytes) for file in scan.files], scan.problems, scan.left_out, scan.folders,
    )  # fmt: skip


def test_the_same_files_are_found_as_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "b.png", "class a/a.png", "class a/deep/ä.png", "no-name", ".hidden.png", ".git/x.png")
    write(tmp_path, "@eaDir/t.png", "old.unpool/x.png", "class a/own/x.png", "class a/a.png_original")
    write(tmp_path, "empty.jpg", "class a/empty", content=b"")
    write(tmp_path, "notes.txt", "class a/own/images.lance/_versions/1.manifest", content=b"text")
    write(tmp_path, "trained/model.json", "trained/model.safetensors", "trained/x.png", content=b"x")
    write(tmp_path, "broken.jpg", "raw.cr2", content=b"no image")
    here, there = both(tmp_path)
    assert [file.path for file in there.files] == [
        "b.png", "broken.jpg", "class a/a.png", "class a/deep/ä.png", "no-name", "raw.cr2"
    ]  # fmt: skip
    assert seen(there) == seen(here)
    assert {each.note.kind for each in there.left_out} == {"hidden", "system", "own", "sidecar"}


def test_predictions_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "out/a.png", "out/a.overlay.png", "b.png")
    write(tmp_path, "out/predictions.jsonl", content=b'{"files": ["a.png", "a.overlay.png"]}\n')
    here, there = both(tmp_path)
    assert seen(there) == seen(here)
    assert [file.path for file in there.files] == ["b.png"]
    here, there = both(tmp_path / "out")  # which was asked for by name, and holds nothing else
    assert seen(there) == seen(here)


def test_names_become_keys(tmp_path: Path) -> None:
    write(tmp_path, "cafe\u0301.png")
    scan = both(tmp_path)[1]
    assert [(file.path, file.file.name) for file in scan.files] == [("caf\u00e9.png", "cafe\u0301.png")]


def test_a_tag_is_the_stamp() -> None:
    objects = in_memory()
    tag = objects.write("a.png", png())
    (file,) = scan_objects(objects).files
    assert file.stamp == f"tag-{str(tag).strip(chr(34))}"


def test_an_empty_address_and_a_workspace_are_refused() -> None:
    objects = in_memory()
    with pytest.raises(UnpoolError, match=r"there is no folder 's3://bucket/photos'; check the address"):
        scan_objects(objects)
    objects.write("images.lance/_versions/1.manifest", b"x")
    with pytest.raises(UnpoolError, match="is a workspace of unpool"):
        scan_objects(objects)


def test_progress_is_told() -> None:
    objects = in_memory()
    objects.write("a.png", png())
    counts: list[int] = []
    scan_objects(objects, counts.append)
    assert counts[-1] == 1


def test_a_store_that_gives_no_answer_hides_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = in_memory()
    objects.write("a.png", png())
    objects.write("0a1b2c", png())

    def fail(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(type(objects), "read_start", fail)
    error: Exception = ObjectDeniedError("0a1b2c may not be read")
    assert [file.path for file in scan_objects(objects).files] == ["a.png"]
    error = StoreError("0a1b2c cannot be reached")
    with pytest.raises(StoreError, match="cannot be reached"):
        scan_objects(objects)
