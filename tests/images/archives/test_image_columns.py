from __future__ import annotations

import json

import pyarrow as pa
import pytest

from support.archives import jpeg
from unpool.errors import UnpoolError
from unpool.images.archives.image_columns import Columns, find_columns, read_cells

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def find(table: pa.Table) -> Columns:
    return find_columns(table.schema, lambda name: table[name].to_pylist(), "a.parquet")


def test_metadata_say_which_column_has_the_classes() -> None:
    features = {"fine": {"_type": "ClassLabel", "names": ["x", "y"]}, "label": {"_type": "Value"}}
    images = pa.array([{"bytes": jpeg(), "path": "a.jpg"}], IMAGE)
    table = pa.table({"label": ["q"], "fine": [1], "img": images})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    columns = find(table)
    assert columns == Columns("img", "img.bytes", "img.path", "fine", ("x", "y"), (), ("label", "fine"))
    assert list(read_cells(table.to_batches()[0], columns)) == [(jpeg(), "a.jpg", "y")]


@pytest.mark.parametrize("metadata", ["", "{", "{}", "[]", '{"info": {"features": []}}'])
def test_other_metadata_are_passed_over(metadata: str) -> None:
    table = pa.table({"data": pa.array([jpeg()], pa.large_binary()), "class": ["c"], "code": [b"no image"]})
    columns = find(table.replace_schema_metadata({"huggingface": metadata}))
    assert columns == Columns("data", "data", "", "class", fields=("class",))


@pytest.mark.parametrize(("value", "name"), [(0, "x"), (-1, None), (2, None), (None, None)])
def test_numbers_have_names(value: int | None, name: str | None) -> None:
    table = pa.table({"data": [jpeg()], "label": pa.array([value], pa.int64())})
    columns = Columns("data", "data", "", "label", ("x", "y"))
    assert [label for _, _, label in read_cells(table.to_batches()[0], columns)] == [name]


def test_categories_are_classes() -> None:
    table = pa.table({"data": [jpeg(), jpeg()], "label": pa.array(["x", None]).dictionary_encode()})
    columns = find(table)
    assert columns.label == "label"
    assert [label for _, _, label in read_cells(table.to_batches()[0], columns)] == ["x", None]


def test_views_are_read_like_bytes_and_texts() -> None:
    table = pa.table({
        "data": pa.array([jpeg()], pa.binary_view()), "label": pa.array(["x"], pa.string_view())
    })  # fmt: skip
    columns = find(table)
    assert list(read_cells(table.to_batches()[0], columns)) == [(jpeg(), "", "x")]


def test_without_images_all_columns_are_named() -> None:
    with pytest.raises(UnpoolError, match=r"a\.parquet has no column of images among x, y"):
        find(pa.table({"x": [1], "y": [b""]}))
