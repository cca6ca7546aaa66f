"""Class files in the forms that programs write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unpool.errors import UsageError
from unpool.images.masks.class_entries import read_entries

GROUND, CAT, DOG = (0, 0, 0), (250, 50, 83), (51, 221, 255)
CVAT = (
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\nblack cat:250,50,83::\ndog:51,221,255:head,tail:\n"
)


def entries(folder: Path, text: str | bytes, name: str = "a.txt") -> list[tuple[object, ...]]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(entry.name, entry.number, entry.colour) for entry in read_entries(folder / name)]


def test_names_of_cvat_may_be_numbers(tmp_path: Path) -> None:
    text = "# label:color_rgb:parts:actions\n0:0,0,0::\n7 8:250,50,83::\n#12:51,221,255::\n"
    assert entries(tmp_path, text) == [("0", None, GROUND), ("7 8", None, CAT)]  # the last is a comment


@pytest.mark.parametrize(
    "text",
    [
        CVAT,
        CVAT.replace("\n", "\r\n"),
        CVAT.split("\n", 1)[1],
        "background 0 0 0\n'black cat' 250 50 83\ndog 51 221 255\n",
        "name,r,g,b\nbackground,0,0,0\nblack cat,250,50,83\ndog,51,221,255\n",
        "name, r, g, b\nbackground, 0, 0, 0\nblack cat, 250, 50, 83\ndog, 51, 221, 255\n",
        "Name;R;G;B\nbackground;0;0;0\nblack cat;250;50;83\ndog;51;221;255\n",
        "r\tg\tb\tclass\n0\t0\t0\tbackground\n250\t50\t83\tblack cat\n51\t221\t255\tdog\n",
        "background: 0, 0, 0\nblack cat: 250, 50, 83\ndog: 51, 221, 255\n",
        "background = (0, 0, 0)\nblack cat = (250, 50, 83)\ndog = (51, 221, 255)\n",
        "background [0, 0, 0]\nblack cat [250 50 83]\ndog rgb(51, 221, 255)\n",
        "(0, 0, 0) background\n(250, 50, 83) black cat\n(51, 221, 255) dog\n",
        "background,#000000\nblack cat,#FA3253\ndog,#33DDFF\n",
        "background: #000000\nblack cat: #fa3253\ndog: 0x33ddff\n",
        'class,color\nbackground,"0,0,0"\nblack cat,"(250, 50, 83)"\ndog,"51 221 255"\n',
    ],
)
def test_names_and_colours_by_line(text: str, tmp_path: Path) -> None:
    wanted = [("background", None, GROUND), ("black cat", None, CAT), ("dog", None, DOG)]
    assert entries(tmp_path, text) == wanted
    assert entries(tmp_path, text.encode("utf-8-sig")) == wanted
    assert entries(tmp_path, text.encode("utf-16")) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "0: ground\n1: black cat\n",
        "ground: 0\nblack cat: 1\n",
        "0 ground\n1 black cat\n",
        "ground=0\nblack cat=1\n",
        "0,ground\n1,black cat\n",
        "Pixel Value, Class\n0, ground\n1, black cat\n",
        "Idx,Ratio,Train,Val,Stuff,Name\n0,0.15,11,1,1,ground\n1,0.02,3,2,0,black cat\n",
        "id;name;supercategory\n0;ground;x\n1;black cat;y\n",
        "item {\n  id: 0\n  name: \"ground\"\n}\nitem {\n  id: 1\n  name: 'black cat'\n}\n",
        "- 0: ground\n- 1: black cat\n",
    ],
)
def test_names_and_numbers_by_line(text: str, tmp_path: Path) -> None:
    assert entries(tmp_path, text) == [("ground", 0, None), ("black cat", 1, None)]


@pytest.mark.parametrize(
    "text", ["ground\nblack\n", "- ground\n- black\n", "\nground\n\n  black\n", "name\nground\nblack\n"]
)
def test_names_alone(text: str, tmp_path: Path) -> None:
    assert entries(tmp_path, text) == [("ground", None, None), ("black", None, None)]


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (
            {"categories": [{"id": 1, "name": "cat", "supercategory": "animal"}, {"id": 17, "name": "dog"}]},
            [("background", 0, GROUND), ("cat", 1, None), ("dog", 17, None)],
        ),
        (
            {"classes": [{"title": "cat", "shape": "bitmap", "color": "#FA3253", "id": 33}], "tags": []},
            [("background", None, GROUND), ("cat", None, CAT)],
        ),
        ([{"name": "cat", "color": "#fa3253", "attributes": []}], [("cat", None, CAT)]),
        ({"labels": [{"name": "cat", "color": [250, 50, 83], "evaluate": True}]}, [("cat", None, CAT)]),
        ({"CLASSES": ["a", "cat"], "PALETTE": [GROUND, CAT]}, [("a", None, GROUND), ("cat", None, CAT)]),
        ({"id2label": {"0": "ground", "1": "cat"}}, [("ground", 0, None), ("cat", 1, None)]),
        ({"0": "ground", "1": "cat"}, [("ground", 0, None), ("cat", 1, None)]),
        ({"ground": 0, "cat": 1}, [("ground", 0, None), ("cat", 1, None)]),
        ({"names": ["ground", "cat"], "nc": 2, "train": "x"}, [("ground", None, None), ("cat", None, None)]),
        ([{"name": "cat", "id": 3, "color": "rgb(250, 50, 83)"}], [("cat", 3, CAT)]),
        ([{"class": "cat", "r": 250, "g": 50, "b": 83}], [("cat", None, CAT)]),
    ],
)  # fmt: skip
def test_structures(held: object, wanted: list[tuple[object, ...]], tmp_path: Path) -> None:
    assert entries(tmp_path, json.dumps(held), "a.json") == wanted
    assert entries(tmp_path, json.dumps(held), "a.txt") == wanted
    assert entries(tmp_path, json.dumps(held), "a.yaml") == wanted


def test_texts_in_encodings_of_other_programs(tmp_path: Path) -> None:
    wanted = [("Stra\xdfe", 0, None), ("sky", 1, None)]
    text = "Stra\xdfe 0\nsky 1\n"
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "cp1252"):
        assert entries(tmp_path, text.encode(encoding)) == wanted, encoding
        structured = text.replace(" ", ": ").encode(encoding)
        assert entries(tmp_path, structured, "a.yaml") == wanted, encoding


def test_words_of_yaml_are_names(tmp_path: Path) -> None:
    assert entries(tmp_path, "no: 0\nyes: 1\n", "a.yaml") == [("no", 0, None), ("yes", 1, None)]
    assert entries(tmp_path, "- off\n- on\n", "a.yaml") == [("off", None, None), ("on", None, None)]
    assert entries(tmp_path, "- name: road\n  id: 0x1\n", "a.yaml") == [("road", 1, None)]
    assert entries(tmp_path, "sky: 0x10\nroad: 0x11\n", "a.yaml") == [("sky", 16, None), ("road", 17, None)]
    assert entries(tmp_path, "- name: 5\n  color: null\n  id: 07\n", "a.yaml") == [("5", 7, None)]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "names:\n  1: road\n  1: car\n", "a.yaml cannot be read: 1 stands twice, on the lines 2 and 3"),
        ("a.json", '{"sky": 0, "road": 1, "sky": 2}', "a.json cannot be read: 'sky' stands twice in an object"),
        ("a.json", '{"sky": 0,\n"road" 1}', "a.json cannot be read: line 2: Expecting ':'"),
        ("a.yaml", "sky: 0\nroad: [\n", "a.yaml cannot be read: line 3: expected"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.yaml", "[" * 20_000, "nested too deeply"),
        ("a.yaml", "- 1\n- 2\n", "must hold a list of names"),
    ],
)  # fmt: skip
def test_structures_that_are_wrong_are_refused_in_a_line(
    name: str, text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        entries(tmp_path, text, name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_yaml_of_a_training(tmp_path: Path) -> None:
    text = "path: ../data\ntrain: images\nnames:\n  0: ground\n  1: cat\n"
    assert entries(tmp_path, text, "data.yaml") == [("ground", 0, None), ("cat", 1, None)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ground\nk\x81fer\n", r"a.txt line 2: byte 0x81 is no text; save the file as UTF-8"),
        ("<annotation>\n", "line 1: '<annotation>' begins XML"),
        ("ground 0\n\n# more\ncat 0.5\n", "line 4: 'cat 0.5' is no `name`"),
        ("ground,0,0,0\ncat,256,0,0\n", "line 2: the colour"),
        ("ground 0\n7\n", "line 2: '7' is no `name`"),
        ("ground,1,2\n", "line 1: 'ground 1 2' is no"),
        ('{"imagePath": "a.jpg", "shapes": []}', "labelme's file of one image"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        entries(tmp_path, text)


def test_names_in_json_may_be_digits(tmp_path: Path) -> None:
    assert [name for name, _, _ in entries(tmp_path, '["0", "1", "2"]', "a.json")] == ["0", "1", "2"]
    with pytest.raises(UsageError, match="must hold a list of names"):
        entries(tmp_path, "[0, 1, 2]", "a.json")


def test_hexadecimal_numbers_stand_anywhere(tmp_path: Path) -> None:
    wanted = [("road", 16, None), ("sky", 31, None)]
    for text in ("road: 0x10\nsky: 0X1F\n", "0x10: road\n0X1F: sky\n", "road;0x10\nsky;0X1F\n"):
        assert entries(tmp_path, text) == wanted, text
    assert entries(tmp_path, "road 0XFF0000\nsky #0000ff\n")[0] == ("road", None, (255, 0, 0))


def test_a_row_without_a_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 3: '1' is no `name`"):
        entries(tmp_path, "name,id\nsky,0\n,1\n")
