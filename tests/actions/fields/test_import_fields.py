"""A file's columns become label and fields in one step, and whatever does not fit is said."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from support.messages import Messages
from unpool.actions.curation.undo import redo, undo
from unpool.actions.fields.edit_fields import set_field
from unpool.actions.fields.import_fields import Imported, import_fields
from unpool.actions.fields.settings import ImportSettings
from unpool.errors import UnpoolError, UsageError
from unpool.store.fields.names import Field
from unpool.store.fields.values import fields_of, find_field, read_field
from unpool.store.table import ImageTable

CSV = """path,label,species,weight,seen,marks,width
a.png,round,cat,1.5,2024-01-31,x|y,8
b.png,square,dog,,2024-02-01,x,8
d.png,,cat,heavy,,,8
gone.png,round,cat,2,2024-02-02,y,8
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": f"{name}.png", "status": "ok"} for name in "abcd"])
    return table.work


def read(
    work: Path, content: str, field: str | None = None, kind: str | None = None
) -> tuple[Imported, list[str]]:
    file, messages = work.parent / "given.csv", Messages()
    file.write_text(content, "utf-8")
    return import_fields(work, ImportSettings(file, field, kind), progress=messages), messages.texts


def test_every_column_becomes_a_field(work: Path) -> None:
    result, lines = read(work, CSV)
    assert {name: result[name] for name in ("matched", "unmatched", "extra", "changed")} == {
        "matched": 3, "unmatched": 1, "extra": 1, "changed": 3,
    }  # fmt: skip
    assert (result["unmatched_images"], result["extra_rows"]) == (["c.png"], ["gone.png (line 5)"])
    assert [(field["name"], field["kind"], field["images"]) for field in result["fields"]] == [
        ("label", "choice", 2), ("species", "choice", 3), ("weight", "choice", 2), ("seen", "date", 2),
        ("marks", "tags", 2),
    ]  # fmt: skip
    assert read_field(work, "label") == {"a.png": "round", "b.png": "square"}
    assert read_field(work, "marks") == {"a.png": ["x", "y"], "b.png": ["x"]}
    text = "\n".join(lines)
    assert "1 line matched no image: gone.png" in text
    assert "left out, being columns of the table itself: width" in text
    assert "seen is a new field, of the kind date; --kind sets another" in text


def test_it_is_one_step(work: Path) -> None:
    set_field(work, ["c.png"], "species", "owl")
    read(work, CSV)
    assert undo(work)["message"] == "undone: label, species, weight, seen, marks of 3 images from given.csv"
    assert fields_of(work) == [Field("label", "choice"), Field("species", "choice")]
    assert read_field(work, "species") == {"c.png": "owl"}
    redo(work)
    assert read_field(work, "species") == {"a.png": "cat", "b.png": "dog", "c.png": "owl", "d.png": "cat"}
    assert read(work, CSV)[0]["changed"] == 0


def test_one_column_with_a_kind(work: Path) -> None:
    result, lines = read(work, CSV, "weight", "number")
    assert result["fields"] == [
        {"name": "weight", "kind": "number", "column": "weight", "images": 1, "invalid": 1}
    ]
    assert read_field(work, "weight") == {"a.png": 1.5}
    assert any("values that are no number were left out: 1, such as 'heavy'" in line for line in lines)
    assert find_field(work, "species") is None


@pytest.mark.parametrize(
    ("heading", "field", "expected"),
    [
        ("filename,class", None, "label"),
        ("filename,species", None, "label"),  # the only column, and known to hold labels
        ("filename,species", "species", "species"),
        ("filename,class", "kind of thing", "kind of thing"),
        ("filename,colour", None, "colour"),
        ("filename,colour", "label", "label"),
        ("path,label", "label", "label"),
    ],
)
def test_the_column_of_labels_is_the_label(
    work: Path, heading: str, field: str | None, expected: str
) -> None:
    result, lines = read(work, f"{heading}\na.png,cat\nb.png,dog\nc.png,cat\n", field)
    assert [each["name"] for each in result["fields"]] == [expected]
    assert read_field(work, expected)["a.png"] == "cat"
    is_said = any("was taken for the label" in line for line in lines)
    assert is_said == (field is None and expected == "label")


def test_species_among_others_is_a_field_and_category_is_the_label(work: Path) -> None:
    read(work, "path,species,weight\na.png,cat,1\nb.png,dog,2\n")
    assert [field.name for field in fields_of(work)] == ["label", "species", "weight"]
    assert read_field(work, "label") == {}
    read(work, "path,category,age\na.png,cat,1\nb.png,dog,2\n")
    assert read_field(work, "label") == {"a.png": "cat", "b.png": "dog"}


def test_several_labels_of_an_image_are_a_field_of_tags(work: Path) -> None:
    result, lines = read(work, "path,label\na.png,cat\na.png,dog\nb.png,cat\n")
    assert [(each["name"], each["kind"]) for each in result["fields"]] == [("labels", "tags")]
    assert read_field(work, "labels") == {"a.png": ["cat", "dog"], "b.png": ["cat"]}
    assert read_field(work, "label") == {}
    assert any("they are the field 'labels'" in line for line in lines)


def test_many_columns_are_one_step_of_a_short_name(work: Path) -> None:
    names = [f"{'long ' * 19}{number}" for number in range(120)]
    read(work, f"path,{','.join(names)}\na.png,{','.join('x' * 120)}\n")
    assert len(fields_of(work)) == 121
    assert undo(work)["message"].endswith(" and 112 more fields of 1 image from given.csv")
    assert fields_of(work) == [Field("label", "choice")]


def test_empty_columns_and_twins_are_left_out(work: Path) -> None:
    result, lines = read(work, "path,Site,site,empty\na.png,x,y,\nb.png,y,z,\n")
    assert [each["name"] for each in result["fields"]] == ["Site"]
    assert read_field(work, "site") == {"a.png": "x", "b.png": "y"}
    text = "\n".join(lines)
    assert "'site' was left out, for its name differs from 'Site' in capitals alone" in text
    assert "'empty' has no value for any image" in text


def test_parquet_keeps_its_types(work: Path) -> None:
    file = work.parent / "given.parquet"
    rows = {"path": ["a.png", "b.png"], "marks": [["x", "y"], []], "age": [3, None]}
    parquet.write_table(pa.table(rows), file)
    result = import_fields(work, ImportSettings(file))
    assert [(each["name"], each["kind"]) for each in result["fields"]] == [
        ("marks", "tags"),
        ("age", "number"),
    ]
    assert (read_field(work, "marks"), read_field(work, "age")) == ({"a.png": ["x", "y"]}, {"a.png": 3.0})


def test_values_of_another_kind_and_wrong_names_are_refused(work: Path) -> None:
    set_field(work, ["a.png"], "weight", 3)
    with pytest.raises(
        UnpoolError, match=r"field 'weight' is of the kind number, and no value of 'weight' is, such as"
    ):
        read(work, "path,weight\na.png,light\n")
    with pytest.raises(UsageError, match=r"has no column 'wieght'; it has mark, .*did you mean 'weight'"):
        read(work, CSV.replace("label", "mark"), "wieght")
    with pytest.raises(UsageError, match="give --field NAME too"):
        read(work, CSV, None, "text")
    with pytest.raises(UsageError, match="name of a column of the table"):
        read(work, CSV, "width")
    with pytest.raises(UnpoolError, match="no column for a field"):
        read(work, "path,width,height\na.png,1,2\n")
    with pytest.raises(UnpoolError, match="names no image of this collection"):
        read(work, "path,label\nz.png,x\n")
    assert read_field(work, "weight") == {"a.png": 3.0}
