"""ONNX files, functions and installed encoders go the whole way: typed, embedded, searched."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from support.two_towers import TwoTowers
from unpool.actions.curation.search import search
from unpool.actions.curation.settings import SearchSettings
from unpool.actions.curation.undo import undo
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.health.doctor import doctor
from unpool.errors import UnpoolError, UsageError
from unpool.inference.words.text import has_text
from unpool.networks.encoders import functions
from unpool.networks.encoders.door import ENCODERS, find_encoder
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model
from unpool.workspace import Workspace

COLOURS = {
    "a": (200, 10, 10),
    "b": (10, 200, 10),
    "c": (10, 10, 200),
    "d": (90, 90, 90),
    "e": (250, 240, 230),
}
CODE = """import numpy as np

def colour(images):
    if any(tuple(each[0, 0]) == (10, 10, 200) for each in images):
        raise ValueError("no blue, please")
    return np.stack([each.mean((0, 1)) for each in images])
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with images and a module, and a configuration of its own."""
    monkeypatch.setattr(functions, "user_config_path", lambda _: tmp_path / "configuration")
    monkeypatch.setattr(functions, "_allowed", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for number, (name, colour) in enumerate(COLOURS.items()):
        Image.new("RGB", (30 + number, 20), colour).save(tmp_path / "photos" / f"{name}.png")
    (tmp_path / "door_colours.py").write_text(CODE)
    yield tmp_path
    sys.modules.pop("door_colours", None)


def embed_photos(work: Path, **settings: object) -> dict[str, object]:
    return embed("photos", EmbedSettings(**settings), work=work)  # type: ignore[arg-type]


def vectors_of(work: Path) -> dict[str, list[float]]:
    paths, vectors_ND = ImageTable(work).vectors()
    return dict(zip(paths, vectors_ND.round(3).tolist(), strict=True))


def save_colour_graph(folder: Path) -> str:
    """A graph whose vector is the mean colour of pixels as they are."""
    nodes = [
        helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["y"], ["colour"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.UINT8, ["n", 16, 16, 3])],
        [helper.make_tensor_value_info("colour", TensorProto.FLOAT, ["n", 3])],
    )  # fmt: skip
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        folder / "own.onnx",
    )
    (folder / "own.json").write_text('{"crop": "squash"}')
    return "own.onnx"


def test_the_kinds_that_there_are() -> None:
    assert {"onnx", "open_clip", "function", "entry-point"} <= set(ENCODERS)
    assert all(name == kind.name and kind.description for name, kind in ENCODERS.items())


def test_an_onnx_file_embeds_and_searches(place: Path) -> None:
    name = save_colour_graph(place)
    work = place / "a.unpool"
    result = embed_photos(work, model=name)
    assert (result["embedded"], result["dimension"], result["network"]) == (5, 3, "own")
    assert vectors_of(work) == {
        f"{name}.png": [float(each) for each in colour] for name, colour in COLOURS.items()
    }
    Image.new("RGB", (9, 9), (190, 20, 5)).save(place / "new.png")
    assert search(place / "new.png", work=work)["results"][0]["path"] == "a.png"
    assert embed_photos(work, model=name)["embedded"] == 0
    (place / "own.json").write_text('{"crop": "squash", "name": "named"}')  # other than it was
    assert embed_photos(work, model=name)["network"] == "named"


def test_weights_beside_an_onnx_file_count_too(place: Path) -> None:
    """Exporters write them into a file of their own, and the graph stays as it was when they change."""
    name = save_colour_graph(place)
    model = onnx.load(name)
    model.graph.node.append(helper.make_node("Mul", ["colour", "weight"], ["scaled"]))
    model.graph.output[0].name = "scaled"
    model.graph.initializer.append(numpy_helper.from_array(np.full(3, 2, np.float32), "weight"))
    onnx.save(model, name, save_as_external_data=True, location="own.onnx.data", size_threshold=0)
    assert embed_photos(place / "a.unpool", model=name)["embedded"] == 5
    assert embed_photos(place / "a.unpool", model=name)["embedded"] == 0
    (place / "own.onnx.data").write_bytes(np.full(3, 0.5, np.float32).tobytes())
    assert embed_photos(place / "a.unpool", model=name)["embedded"] == 5
    assert vectors_of(place / "a.unpool")["a.png"] == [100, 5, 5]


def test_an_onnx_file_that_does_not_fit_leaves_nothing(place: Path) -> None:
    name = save_colour_graph(place)
    for text, message in (
        ('{"sice": 1}', "unknown key 'sice'"),
        ('{"size": 9}', "the graph takes images of 16"),
    ):
        (place / "own.json").write_text(text)
        with pytest.raises(UnpoolError, match=message):
            embed_photos(place / "a.unpool", model=name)
    assert not (place / "a.unpool" / "model").exists()


def test_a_function_that_never_works_leaves_the_model_before(place: Path) -> None:
    work = place / "a.unpool"
    embed_photos(work, model=save_colour_graph(place))
    before = describe_model(work / "model")
    (place / "door_colours.py").write_text("def colour(images):\n    return 0\n")
    with pytest.raises(UnpoolError, match="gives no vector for any image"):
        embed_photos(work, model="door_colours:colour")
    assert describe_model(work / "model") == before
    Image.new("RGB", (9, 9), (190, 20, 5)).save(place / "new.png")
    assert search(place / "new.png", work=work)["results"][0]["path"] == "a.png"


def test_a_function_that_raises_loses_that_image_alone(place: Path) -> None:
    work = place / "a.unpool"
    result = embed_photos(work, model="door_colours:colour")
    assert (result["images"], result["skipped"], result["embedded"]) == (4, 1, 4)
    assert "c.png" not in vectors_of(work)
    assert vectors_of(work)["a.png"] == [200, 10, 10]
    problems = pd.read_csv(work / "problems.csv")
    assert problems.values.tolist() == [
        ["c.png", "encoder", "door_colours:colour raised ValueError: no blue, please"]
    ]
    assert describe_model(work / "model")["dimension"] == 3
    Image.new("RGB", (9, 9), (190, 20, 5)).save(place / "new.png")
    assert search(place / "new.png", work=work)["results"][0]["path"] == "a.png"


def test_a_mended_function_embeds_all_anew(place: Path) -> None:
    work = place / "a.unpool"
    embed_photos(work, model="door_colours:colour")
    mended = CODE.replace("(10, 10, 200)", "None").replace("each.mean((0, 1))", "each.max((0, 1)) + 1.0")
    (place / "door_colours.py").write_text(mended)
    del sys.modules["door_colours"]
    assert embed_photos(work, model="door_colours:colour")["embedded"] == 5
    assert vectors_of(work)["c.png"] == [11, 11, 201]


def test_a_workspace_of_somebody_else_runs_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embed_photos(place / "a.unpool", model="door_colours:colour")
    shutil.copytree(place / "a.unpool", place / "b.unpool")
    sys.modules.pop("door_colours")
    (place / "door_colours.py").write_text("raise SystemExit('it ran')")
    Image.new("RGB", (9, 9), "red").save(place / "new.png")
    with pytest.raises(UnpoolError, match="give --model door_colours:colour to embed once more"):
        search(place / "new.png", work=place / "b.unpool")
    assert search("a.png", work=place / "b.unpool")["results"][0]["path"] == "a.png"
    assert "door_colours" not in sys.modules


def test_doctor_and_undo_know_encoders_without_weights(place: Path) -> None:
    work = place / "a.unpool"
    embed_photos(work, model=save_colour_graph(place))
    embed_photos(work, model="door_colours:colour")
    assert doctor(work)["problems"] == []
    undo(work)
    assert describe_model(work / "model")["network"] == "own"
    assert len(vectors_of(work)) == 5
    assert doctor(work)["problems"] == []
    (work / "model" / "encoder.onnx").write_bytes(b"cut")
    problems = doctor(work)["problems"]
    assert [(each["kind"], each["what"]) for each in problems] == [("model", "encoder.onnx is damaged")]


def test_any_callable_in_python(place: Path) -> None:
    def shapes(images: Sequence[np.ndarray]) -> list[list[int]]:
        return [[len(each), each.shape[1]] for each in images]

    workspace = Workspace(place / "a.unpool", "photos")
    assert len(workspace.embed(model=shapes)) == 5
    assert vectors_of(place / "a.unpool")["e.png"] == [20, 34]  # whole pictures
    assert workspace.embed_images(np.zeros((7, 8, 3), np.uint8)).tolist() == [[7, 8]]
    functions._given.clear()
    functions._allowed.clear()
    with pytest.raises(UnpoolError, match=r"has not been allowed|was given in Python"):
        workspace.embed_images(np.zeros((7, 8, 3), np.uint8))


def test_what_no_image_gets_a_vector_from_is_an_error(place: Path) -> None:
    (place / "door_colours.py").write_text("def none(images):\n    return None\n")
    with pytest.raises(UnpoolError, match="door_colours:none gives no vector for any image"):
        embed_photos(place / "a.unpool", model="door_colours:none")
    with pytest.raises(UnpoolError, match="no function other"):
        embed_photos(place / "b.unpool", model="door_colours:other")
    assert not (place / "b.unpool").exists()
    with pytest.raises(UsageError, match="is a function and runs in this process"):
        embed_photos(place / "b.unpool", model="door_colours:none", engine="ray")


def test_an_installed_package_offers_an_encoder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "door_colours.py").write_text(CODE.replace("(10, 10, 200)", "None"))
    offered = [EntryPoint("colours", "door_colours:colour", functions.GROUP)]
    monkeypatch.setattr(functions, "entry_points", lambda group: offered)
    kind = find_encoder("colours")
    assert kind is not None
    assert kind.name == "entry-point"
    result = embed_photos(place / "a.unpool", model="colours")
    assert (result["embedded"], result["network"]) == (5, "colours")


def test_a_folder_of_openclip_embeds_images_and_words(place: Path, two_towers: TwoTowers) -> None:
    work = place / "a.unpool"
    result = embed(str(two_towers.images), EmbedSettings(str(two_towers.source)), work=work)
    assert result["embedded"] == result["images"] > 0
    assert has_text(work)
    found = search(None, SearchSettings(k=1, words="a red circle on white"), work=work)
    assert found["results"][0]["path"].startswith("red-circle-white")


def test_vectors_of_a_file_and_no_encoder(place: Path) -> None:
    work = place / "a.unpool"
    names = ["c.png", "a.png", "gone.png", "d.png"]
    np.save(place / "own.npy", np.arange(16.0).reshape(4, 4) ** 2)
    (place / "own.json").write_text(json.dumps(names))
    result = embed_photos(work, vectors=place / "own.npy")
    assert {key: result[key] for key in ("matched", "missing", "unknown", "embedded", "images")} == {
        "matched": 3, "missing": 2, "unknown": 1, "embedded": 3, "images": 5,
    }  # fmt: skip
    assert vectors_of(work)["a.png"] == [16, 25, 36, 49]
    assert set(vectors_of(work)) == {"a.png", "c.png", "d.png"}
    assert search("c.png", work=work)["results"][0]["path"] == "c.png"
    assert search(place / "photos" / "d.png", work=work)["results"][0]["path"] == "d.png"
    Image.new("RGB", (9, 9), "red").save(place / "new.png")
    with pytest.raises(UnpoolError, match=r"has no encoder, as its vectors were made elsewhere \(own\.npy\)"):
        search(place / "new.png", work=work)
    assert embed_photos(work, vectors=place / "own.npy")["embedded"] == 0


def test_vectors_that_cannot_be_change_nothing(place: Path) -> None:
    work = place / "a.unpool"
    np.save(place / "own.npy", np.eye(5))
    embed_photos(work, vectors=place / "own.npy")
    before = vectors_of(work)
    version = ImageTable(work).version
    wrong = {
        "nan": np.full((5, 5), np.nan),
        "flat": np.zeros(5),
        "short": np.eye(5)[:4],
        "narrow": np.eye(5)[:, :4],
    }
    messages = {
        "nan": "5 of 5 vectors hold NaN", "flat": r"shape \(5,\)", "short": "has 4 rows for 5 images",
        "narrow": "has vectors of 4 numbers, but those of .* have 5; keep both with --space NAME",
    }  # fmt: skip
    for name, array in wrong.items():
        np.save(place / f"{name}.npy", array)
        with pytest.raises(UnpoolError, match=messages[name]):
            embed_photos(work, vectors=place / f"{name}.npy")
        with pytest.raises(UnpoolError, match=r"NaN|shape|rows|no image"):
            embed_photos(
                place / f"{name}.unpool", vectors=place / ("nan.npy" if name == "narrow" else f"{name}.npy")
            )
        assert not (place / f"{name}.unpool").exists()
    assert vectors_of(work) == before
    assert ImageTable(work).version == version


def test_a_model_or_vectors_and_not_both(place: Path) -> None:
    with pytest.raises(UsageError, match="--model is missing"):
        embed_photos(place / "a.unpool")
    np.save(place / "own.npy", np.eye(5))
    with pytest.raises(UsageError, match="--model has nothing to do"):
        embed_photos(place / "a.unpool", vectors=place / "own.npy", model="resnet18")
