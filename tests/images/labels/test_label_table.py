"""Text with columns, as spreadsheets and scripts write it."""

from __future__ import annotations

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import LabelRow, read_label_rows
from unpool.images.labels.label_table import read_table


def knows(text: str) -> bool:
    return text.strip().endswith(".png")


def rows(text: str) -> list[tuple[int, str, str]]:
    return [(row.line, row.path, row.label) for row in read_label_rows(read_table(text, knows)).rows]


PLAIN = [(2, "a.png", "cat"), (3, "b.png", "dog")]


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.png,cat\nb.png,dog\n",
        "path,label\r\na.png,cat\r\nb.png,dog",
        "path,label\ra.png,cat\rb.png,dog\r",
        "path;label\na.png;cat\nb.png;dog\n",
        "path\tlabel\na.png\tcat\nb.png\tdog\n",
        "path|label\na.png|cat\nb.png|dog\n",
        "path label\na.png cat\nb.png   dog\n",
        '"path","label"\n"a.png","cat"\n"b.png","dog"\n',
        "path,label,\na.png,cat,\nb.png,dog,,,\n",
        "n,label,path\n1,cat,a.png\n2,dog,b.png\n",
        "#path,label\na.png,cat\nb.png,dog\n",
    ],
)
def test_every_form_gives_the_same_rows(text: str) -> None:
    assert rows(text) == PLAIN


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "\n\n# a note\npath,label\n\na.png,cat\n , \n# b\nb.png,dog\n",
            [(4 + 2, "a.png", "cat"), (9, "b.png", "dog")],
        ),
        ("sep=;\npath;label\na.png;cat\nb.png;dog\n", [(3, "a.png", "cat"), (4, "b.png", "dog")]),
        ("a.png,cat\nb.png,dog\n", [(1, "a.png", "cat"), (2, "b.png", "dog")]),
        ("a b.png 3\n", [(1, "a b.png", "3")]),
        ("path;label\na,b.png;x,y\n", [(2, "a,b.png", "x,y")]),
        ('path,label\n"a\nb.png","c""d"\nb.png,e\n', [(2, "a\nb.png", 'c"d'), (4, "b.png", "e")]),
        ('path, label\na.png, "big, cat"\n', [(2, "a.png", "big, cat")]),
        ("path,label\na.png\nb.png,\n", [(2, "a.png", ""), (3, "b.png", "")]),
        ("path,label\n#1.png,cat\n", [(2, "#1.png", "cat")]),  # an image, no comment
        ("path,label\n./=1.png,'=A1\n=2.png,'cat'\n", [(2, "./=1.png", "=A1"), (3, "=2.png", "'cat'")]),
        ("path,label\na.png,007\nb.png,NaN\n", [(2, "a.png", "007"), (3, "b.png", "NaN")]),
    ],
)
def test_lines_keep_their_numbers_and_cells_their_letters(
    text: str, found: list[tuple[int, str, str]]
) -> None:
    assert rows(text) == found


def test_comments_are_counted() -> None:
    assert read_table("# x\npath,label\n#y,z\na.png,b\n", knows).remarks == [
        "2 lines that begin with # were taken for comments"
    ]
    assert read_label_rows(read_table("path,label\na.png,b\n", knows)).rows == [LabelRow(2, "a.png", "b")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty; give it the heading path,label"),
        ("\n \n", "it is empty"),
        ("words\nmore\n", "its first line is 'words', which has no two columns"),
        ("path,label\na,b.png,cat\n", "line 2 has 3 cells, but the heading has 2; put quotes"),
        ('path,label\n"a.png,cat\nb.png,dog\n', "line 2: unexpected end of data; look at its quotes"),
        ("path,x,y1\na.png,1,2\n", "none of the columns path, x, y1 is known to hold labels"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(text: str, message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        read_label_rows(read_table(text, knows))


def test_every_column_is_a_field() -> None:
    table = read_table(
        'path;label;weight;tags;weight;;\na.png;cat;1,5;["x", "y"];;;\nb.png;;\'=A1;;2;3\n', knows
    )
    assert table.paths == ["a.png", "b.png"]
    assert table.columns == {
        "label": ["cat", None], "weight": ["1,5", "=A1"], "tags": [["x", "y"], None], "weight (2)": [None, "2"],
    }  # fmt: skip
    assert table.left_out == ["a column without a heading"]


def test_a_table_without_labels_has_fields() -> None:
    table = read_table("path,weight,height\na.png,1,2\n", knows)
    assert (table.label, list(table.columns)) == ("", ["weight", "height"])
    assert read_table("a.png,cat\n", knows).columns == {"label": ["cat"]}
