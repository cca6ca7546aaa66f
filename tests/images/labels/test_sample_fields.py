from __future__ import annotations

from pathlib import Path

import pytest

from support.archives import jpeg, write_tar
from unpool.errors import UnpoolError
from unpool.images.archives.tar_file import TarContainer
from unpool.images.labels.image_fields import read_image_fields
from unpool.images.labels.sample_fields import read_samples
from unpool.images.source import open_source


def test_json_and_texts_beside_images_are_fields(tmp_path: Path) -> None:
    file = write_tar(
        tmp_path / "0.tar",
        {
            "a/0.jpg": jpeg(1), "a/0.cls": b"3",
            "a/0.json": b'{"caption": "one", "width": 32, "path": "x", "box": {"y": 1}}',
            "1.left.jpg": jpeg(2), "1.right.jpg": jpeg(3), "1.txt": b" two \n", "2.jpg": jpeg(4), "2.json": b"{broken",
        },
    )  # fmt: skip
    paths = [image.path for image in open_source(str(file)).scan().files]
    found = read_image_fields(paths, file)
    assert found.matched == ["1.left.jpg", "1.right.jpg", "2.jpg", "3/a-0.jpg"]
    assert found.values["caption"] == {"3/a-0.jpg": "one"}
    assert found.values["text"] == {"1.left.jpg": "two", "1.right.jpg": "two"}
    assert found.values["path of the sample"] == {"3/a-0.jpg": "x"}
    assert "box" not in found.values
    assert any("1 files beside images cannot be read, 2.json for one" in line for line in found.lines)


def test_without_any_there_is_nothing(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "0.tar", {"0.jpg": jpeg(1)})
    with pytest.raises(UnpoolError, match="no JSON or text beside its images"):
        read_samples(TarContainer(file), lambda _: True)
