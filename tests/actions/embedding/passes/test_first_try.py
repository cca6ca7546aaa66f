"""An encoder that does not work leaves no workspace and no space."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from support.two_towers import TwoTowers
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.core.user_cache import list_entries
from unpool.errors import UnpoolError
from unpool.images.isolation.trail import FILE as TRAIL
from unpool.networks.encoders import functions
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable

CODE = """CALLS = []

def never(images):
    raise ValueError("no luck")

def mean(images):
    CALLS.append(len(images))
    return [image.mean((0, 1)) for image in images]
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with images and a module; configuration and cache of its own."""
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(functions, "user_config_path", lambda _: tmp_path / "configuration")
    monkeypatch.setattr(functions, "_allowed", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (20 + number, 20), (60 * number, 9, 9)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "first_try.py").write_text(CODE)
    yield tmp_path
    sys.modules.pop("first_try", None)


def save_graph(path: Path) -> None:
    """The mean colour of 16×16 pixels."""
    nodes = [
        helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["y"], ["colour"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 16, 16, 3])],
        [helper.make_tensor_value_info("colour", TensorProto.FLOAT, ["n", 3])],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    path.with_suffix(".json").write_text('{"crop": "squash"}')


def break_graph(place: Path) -> str:
    save_graph(place / "own.onnx")
    (place / "own.onnx").write_bytes((place / "own.onnx").read_bytes()[:60])
    return "own.onnx"


def break_statement(place: Path) -> str:
    save_graph(place / "own.onnx")
    (place / "own.json").write_text('{"size": 9}')
    return "own.onnx"


def break_towers(place: Path, source: Path) -> str:
    """A folder of OpenCLIP whose weights were cut while they were copied."""
    folder = place / "clip"
    folder.mkdir()
    for file in source.iterdir():
        content = file.read_bytes()
        (folder / file.name).write_bytes(content if file.suffix == ".json" else content[: len(content) // 2])
    return "clip"


@pytest.mark.parametrize("kind", ["graph", "statement", "towers", "function"])
def test_a_new_workspace_is_not_left_empty(place: Path, request: pytest.FixtureRequest, kind: str) -> None:
    if kind == "towers":
        towers: TwoTowers = request.getfixturevalue("two_towers")
        name = break_towers(place, towers.source)
    else:
        name = {"graph": break_graph, "statement": break_statement}.get(kind, lambda _: "first_try:never")(
            place
        )
    with pytest.raises(UnpoolError):
        embed("photos", EmbedSettings(name), work=place / "a.unpool")
    assert not (place / "a.unpool").exists()
    assert not [each["name"] for each in list_entries() if each["name"].startswith("pretrained-")]


@pytest.mark.parametrize("name", ["own.onnx", "first_try:never"])
def test_a_space_is_not_left_empty_and_the_workspace_as_it_was(place: Path, name: str) -> None:
    work = place / "a.unpool"
    embed("photos", EmbedSettings("first_try:mean"), work=work)
    before = ImageTable(work).version
    break_graph(place)
    with pytest.raises(UnpoolError):
        embed("photos", EmbedSettings(name), work=space_folder(work, "new"))
    assert not (work / "spaces").exists()
    assert ImageTable(work).version == before
    assert "new@vector" not in ImageTable(work).arrow().column_names


def test_images_that_cannot_be_read_say_nothing_of_the_function(place: Path) -> None:
    for file in (place / "photos").iterdir():
        file.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UnpoolError, match=r"no image in .*photos can be read \(0.png: .*\); name others"):
        embed("photos", EmbedSettings("first_try:mean"), work=place / "a.unpool")
    assert not (place / "a.unpool").exists()


def test_an_encoder_that_the_workspace_has_is_not_tried_again(place: Path) -> None:
    work = place / "a.unpool"
    embed("photos", EmbedSettings("first_try:mean"), work=work)
    calls = sys.modules["first_try"].CALLS
    calls.clear()
    embed("photos", EmbedSettings("first_try:mean"), work=work)
    assert calls == []


def test_a_graph_is_written_once_per_user(place: Path) -> None:
    save_graph(place / "own.onnx")
    for work in ("a.unpool", "b.unpool"):
        embed("photos", EmbedSettings("own.onnx"), work=place / work)
    (kept,) = [each["name"] for each in list_entries() if each["name"].startswith("pretrained-")]
    assert "own.onnx" in kept
    found = [ImageTable(place / work).vectors()[1] for work in ("a.unpool", "b.unpool")]
    assert np.array_equal(*found)
    (place / "own.json").write_text(
        json.dumps({"crop": "centre"})
    )  # another encoder, which is kept beside it
    embed("photos", EmbedSettings("own.onnx"), work=place / "a.unpool")
    assert len([each for each in list_entries() if each["name"].startswith("pretrained-")]) == 2


def test_while_it_is_tried_the_trail_names_what_is_decoded(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(images: list[np.ndarray]) -> list[np.ndarray]:
        seen.append((place / "a.unpool" / TRAIL).is_file())
        return [image.mean((0, 1)) for image in images]

    name = functions.give_function(look)
    embed("photos", EmbedSettings(name), work=place / "a.unpool")
    assert seen
    assert all(seen)
    assert not (place / "a.unpool" / TRAIL).exists()
