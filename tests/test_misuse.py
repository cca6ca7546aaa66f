"""Python speaks as the terminal does, and impossible wishes are refused before any work, in all three ways in."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import unpool
from unpool import UnpoolError, Workspace, build_network, load_model, save_model
from unpool.cli.main import main
from unpool.errors import UsageError

NUM_IMAGES = 20


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/, photos.unpool and model/; nothing that is tried may change it."""
    root, rng = tmp_path_factory.mktemp("misuse"), np.random.default_rng(0)
    (root / "photos").mkdir()
    for number in range(NUM_IMAGES):
        pixels = rng.integers(0, 120, (12, 14, 3), np.uint8) + np.uint8(60 * (number % 3))
        Image.fromarray(pixels).save(root / "photos" / f"a{number:02}.png")
    save_model(root / "model", build_network("conv", size=8, channels=3, seed=0))
    workspace = Workspace(root / "photos.unpool", root / "photos")
    workspace.embed(model=root / "model")
    workspace.group(groups=3)
    (root / "notes.txt").write_text("no image")
    (root / "resnet.pth").write_bytes(b"weights")
    return root


def snapshot(root: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in sorted(root.rglob("*")) if file.is_file()}


TERMINAL = {
    "run photos --work new --groups 500": "--groups is 500, but there are only 20 images; give a smaller number",
    "run photos --work new --groups 0": "--groups is 0, but must be a number from 2",
    "run photos --work new --groups 1": "--groups is 1, but must be a number from 2",
    "run photos --work new --groups -3": "--groups is -3, but must be a number from 2",
    "run photos --work new --minutes 0": "--minutes is 0.0, but must be a number from 0.01",
    "run photos --work new --minutes -1": "--minutes is -1.0, but must be a number from 0.01",
    "run photos --work new --steps 0": "--steps is 0, but must be a number from 1",
    "run photos --work new --network convv": "unknown network 'convv'; did you mean 'conv'?",
    "run notes.txt --work new": "'notes.txt' is a file, not a folder",
    "run photos --work notes.txt": "notes.txt is a file",
    "embed photos --work new --model photos.unpool": "photos.unpool is a workspace, not a model folder; its model is",
    "embed photos --work new --model photos": "photos is no model folder: it has no model.json",
    "embed photos --work new --model notes.txt": "notes.txt is a file, but a model is a folder",
    "embed photos --work new --model resnet.pth": "resnet.pth is a file of weights, which does not say of which",
    "embed photos --work new --model conv": "conv has no weights of its own; train it with",
    "group --work photos.unpool --groups 500": "--groups is 500, but there are only 20 images",
    "group --work photos.unpool --split 77": "there is no group 77; the groups are 0 to 2",
    "group --work photos.unpool --merge 77": "--merge is 77, but there are 3 groups; ask for 1 to 3",
    "group --groups 3": "--work is missing; give --work DIR",
    "group --work photos --groups 3": "no workspace at photos: create one with",
    "group --work model --groups 3": "no workspace at model: create one with",
    "map --work photos.unpool --labels nowhere.csv": "there is no file nowhere.csv; give `folders` or a file",
    "search photos --work photos.unpool": "photos is a folder; give one image, such as photos/IMAGE.jpg",
    "search a0.png --work photos.unpool": "has no image of that path; did you mean 'a",
    "search photos/a00.png": "--work is missing; give --work DIR",
    "search photos/a00.png --work photos.unpool -k 0": "--k is 0, but must be a number from 1",
    "label a0.png --work photos.unpool --as x": "as in groups.csv; did you mean 'a",
    "label --work photos.unpool --group 77 --as x": "group is 77, but must be one of -1 to 2",
    "export --work photos.unpool --to csv --out x.csv --columns pth": "there is no --columns",
    "export --work photos.unpool --to csv --out photos": "photos is a folder; name a file with --out",
    "export --work photos.unpool --to html --out photos": "photos holds a00.png, which is no report of unpool",
    "export --work photos.unpool --to html --out photos/page": "among the images, and its pictures would",
    "export --work photos.unpool --to html --out notes.txt": "notes.txt is a file; name a new or empty",
    "train photos --out new --network conv --batch 0": "--batch is 0, but must be a number from 1",
    "train photos --out new --network conv --size 0": "--size is 0, but must be a number from 1",
    "train photos --out new --network vgg16-bn --size 3 --steps 1": "size 3 is too small for vgg16-bn; the smallest",
    "train photos --out notes.txt --network conv --steps 1": "--out notes.txt is a file, but must be a folder",
    "train photos --out photos --network conv --steps 1": "--out photos is no model and holds a00.png",
    "train photos --out new --from notes.txt --steps 1": "notes.txt is a file, but a model is a folder",
    "reconstruct photos --model notes.txt --out x.png": "notes.txt is a file, but a model is a folder",
    "reconstruct photos --model model --out photos/x.png": "--out photos/x.png lies in photos, among",
    "segment predict photos --model model --out new": "model holds conv, which is no segmenter",
    "inspect evaluate photos --model model": "which is no inspector; make one with unpool inspect train",
    "inspect evaluate photos --model model --out photos": "--out photos is the folder of the images itself",
    "inspect evaluate photos --model notes.txt": "notes.txt is a file, but a model is a folder",
    "segment predict photos --model photos.unpool --out new": "photos.unpool is a workspace, not a model folder",
}


@pytest.mark.parametrize("line", TERMINAL)
def test_the_terminal_refuses_before_any_work(
    line: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    before = snapshot(place)
    with pytest.raises(SystemExit) as left:
        main(line.split())
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert TERMINAL[line] in message
    assert left.value.code in (1, 2)
    assert snapshot(place) == before
    assert not (place / "new").exists()


PYTHON: dict[str, tuple[Callable[[Workspace], Any], str]] = {
    "run": (
        lambda w: w.run(minuts=3),
        r"^Workspace\.run\(minuts=3\): no option minuts; did you mean minutes\?$",
    ),
    "groups": (lambda w: w.group(groups=500), "--groups is 500, but there are only 20 images"),
    "text": (lambda w: w.group(groups="three"), "--groups is 'three', but must be a number from 2"),
    "fraction": (lambda w: w.group(groups=2.5), "--groups is 2.5, but must be a whole number"),
    "network": (lambda w: w.run(network=3), "--network is 3, but must be text"),
    "embed": (lambda w: w.embed(model="resnet19"), "unknown network 'resnet19'; did you mean 'resnet18'"),
    "column": (lambda w: w.table(["pth"]), "unknown column 'pth'; did you mean 'path'?"),
    "format": (lambda w: w.export("cvs", "x.csv"), "unknown --to 'cvs'; did you mean 'csv'?"),
    "out": (lambda w: w.export("csv"), r"Workspace\.export: out is missing; give out=…"),
    "columns": (
        lambda w: w.export("csv", "x.csv", columns=["a"]),
        r"no option columns; it has to, out, link, paths",
    ),
    "folder": (lambda w: w.search(w.work.parent / "photos"), "photos is a folder; give one image"),
    "nothing": (lambda w: w.search(), "there is nothing to search for; give an IMAGE, --words TEXT or"),
    "none": (lambda w: w.search(None), "there is nothing to search for; give an IMAGE, --words TEXT or"),
    "floats": (lambda w: w.search(np.full((3, 3), 9.0)), "floats from 9 to 9 has no known black and white"),
    "label": (lambda w: w.label("a0.png", "x"), r"'a0\.png' is no image of .*; did you mean 'a"),
    "name": (lambda w: w.label("a00.png", 3), "name is 3, but must be text or None"),
    "paths": (lambda w: w.label(3, "x"), "paths is 3, but must be a path or a list of paths"),
    "group": (lambda w: w.move("a00.png", "x"), "group is 'x', but must be the number of a group"),
    "merge": (lambda w: w.merge(3), r"groups is 3, but must be a list of numbers"),
    "split": (lambda w: w.split(77), "group is 77, but must be one of 0 to 2"),
    "keyword": (
        lambda w: w.label("a00.png", nam="x"),
        r"label\(nam='x'\): no option nam; did you mean name\?",
    ),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python_says_what_the_terminal_says(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    before = snapshot(place)
    call, message = PYTHON[name]
    with pytest.raises(UnpoolError, match=message):
        call(Workspace(place / "photos.unpool"))
    assert snapshot(place) == before


def public_functions() -> dict[str, Callable[..., Any]]:
    """Everything that a program may call by keywords."""
    found = {name: getattr(unpool, name) for name in unpool.__all__ if name != "UnpoolError"}
    methods = inspect.getmembers(Workspace, callable)
    return found | {f"Workspace.{name}": method for name, method in methods if not name.startswith("_")}


@pytest.mark.parametrize("name", public_functions())
def test_every_public_function_names_an_unknown_keyword(name: str) -> None:
    arguments = (None,) if name.startswith("Workspace.") else ()
    with pytest.raises(UsageError, match=r"\(no_such_thing=1\): no option no_such_thing; "):
        public_functions()[name](*arguments, no_such_thing=1)


def test_an_unknown_public_name_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'fitt'; did you mean 'fit'"):
        unpool.fitt  # noqa: B018


def test_images_are_searched_and_embedded_as_people_have_them(place: Path) -> None:
    workspace, file = Workspace(place / "photos.unpool"), place / "photos" / "a05.png"
    picture = Image.open(file)
    pixels_HWC = np.asarray(picture)
    for way in (file, str(file), picture, pixels_HWC, pixels_HWC / 255):
        nearest = workspace.search(way, k=3)
        assert nearest["path"][0] == "a05.png"
        assert nearest["distance"][0] < 1e-5
    vectors = np.stack(workspace.table("vector")["vector"])
    paths = [place / "photos" / name for name in workspace.table("path")["path"]]
    np.testing.assert_allclose(workspace.embed_images(paths), vectors, atol=1e-4)
    assert workspace.embed_images(pixels_HWC).shape == (1, vectors.shape[1])
    network = load_model(place / "photos.unpool" / "model")
    np.testing.assert_allclose(network.embed(paths).numpy(), vectors, atol=1e-4)


def test_labels_are_given_by_paths_of_any_kind(place: Path) -> None:
    workspace = Workspace(place / "photos.unpool")
    assert workspace.label(Path("a00.png"), "hat") == 1
    assert workspace.label((Path(name) for name in ("a01.png", "a02.png")), "hat") == 2
    assert workspace.undo()
    assert workspace.undo()


def test_more_neighbours_than_images_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit):
        main(["search", "photos/a00.png", "--work", "photos.unpool", "-k", "500", "--json"])
    out, err = capsys.readouterr()
    assert len(json.loads(out)["results"]) == NUM_IMAGES
    assert "-k is 500, but 20 images are embedded: all of them are listed" in err


def test_the_page_says_the_same(place: Path) -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from unpool.viewer.server import create_app

    before = snapshot(place)
    app = create_app(place / "photos.unpool", token="t")
    with TestClient(app, base_url="http://127.0.0.1", headers={"x-unpool-token": "t"}) as client:
        revision = {"revision": client.get("/api/collection").json()["revision"]}

        def refused(address: str, **body: Any) -> str:
            answer = client.post(f"/api/{address}", json=body)
            assert 400 <= answer.status_code < 500, answer.text
            return str(answer.json()["detail"])

        assert "--groups is 1, but must be" in refused("jobs", kind="group", options={"groups": 1})
        assert "77, but must be one of 0 to 2" in refused("edit", action="split", group=77, **revision)
        assert "sort: Input should be 'path', " in refused("select", sort="pth", **revision)
        assert "to: Input should be 'csv'" in refused("export", to="cvs", **revision)
    assert snapshot(place) == before
