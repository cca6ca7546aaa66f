from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from support.archives import jpeg
from unpool.errors import UnpoolError
from unpool.images.archives.arrow_file import ArrowContainer
from unpool.images.labels.splits import read_splits
from unpool.images.source import open_source

IMAGES = [jpeg(value) for value in range(5)]


def write_arrow(file: Path, images: list[bytes], *, as_stream: bool = True) -> Path:
    """As `Dataset.save_to_disk` does it, two rows a batch."""
    cells = [{"bytes": each, "path": None} for each in images]
    table = pa.table({"image": cells, "label": ["a", "b", "a", "b", "a"]})
    file.parent.mkdir(parents=True, exist_ok=True)
    new = pa.ipc.new_stream if as_stream else pa.ipc.new_file
    with pa.OSFile(str(file), "wb") as sink, new(sink, table.schema) as writer:
        for batch in table.to_batches(2):
            writer.write_batch(batch)
    return file


@pytest.mark.parametrize("as_stream", [True, False])
def test_rows_are_images_in_the_folders_of_their_classes(tmp_path: Path, as_stream: bool) -> None:
    container = ArrowContainer(write_arrow(tmp_path / "a.arrow", IMAGES, as_stream=as_stream))
    members = container.index.members
    assert [each.name for each in members] == [f"{'ab'[row % 2]}/{row:06}.jpg" for row in range(5)]
    again = pickle.loads(pickle.dumps(container))
    for row in (4, 0, 3):
        assert b"".join(container.parts(members[row])) == b"".join(again.parts(members[row])) == IMAGES[row]


def test_splits_of_a_saved_data_set_stay_apart(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write_arrow(tmp_path / part / "data-00000-of-00001.arrow", IMAGES)
        (tmp_path / part / "state.json").write_text("{}")
    source = open_source(str(tmp_path))
    paths = [file.path for file in source.scan().files]
    assert len(paths) == 10
    assert paths[0] == "test/data-00000-of-00001/a/000000.jpg"
    assert set(read_splits(paths)) == {"train", "test"}
    assert source.read(source.locate(paths[0]), 8).width == 32


def test_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"ARROW1 no more")
    with pytest.raises(UnpoolError, match=r"a\.arrow cannot be read"):
        _ = ArrowContainer(tmp_path / "a.arrow").index
