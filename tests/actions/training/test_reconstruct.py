"""`unpool reconstruct` as a whole: places to numbers and a picture; what is refused, and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from support.pictures import make_photograph, make_shapes
from support.training import reconstruct
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.decode import read_picture
from unpool.images.resizing import square
from unpool.inference import inputs as given
from unpool.networks.catalogue import build_network
from unpool.networks.preprocessing import Preprocessing
from unpool.training.model_file import load_model, save_model


class Heard(Progress):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that puts pooling indices to use; untrained."""
    folder = tmp_path_factory.mktemp("model")
    options = {"size": 16, "channels": 1, "decoder": "unpool"}
    save_model(folder, build_network("conv", seed=0, **options), options=options)
    return folder


def run(places: list[Any], model: Path, out: Path, **options: Any) -> dict[str, Any]:
    made = reconstruct([str(place) for place in places], model=model, out=out, device="cpu", **options)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    return made


def test_numbers_are_numpys_and_the_picture_is_there(model: Path, tmp_path: Path) -> None:
    paths = make_shapes(tmp_path / "shapes", each=3, size=20)
    made = run([tmp_path / "shapes"], model, tmp_path / "new" / "grid.png")
    network: Any = load_model(model)
    for path, row in zip(paths, made["images"], strict=True):
        pixels = square(read_picture(tmp_path / "shapes" / path).pixels, 16, channels=1)[..., 0] / 255
        x = torch.tensor((pixels - 0.5) / 0.5, dtype=torch.float32)[None, None]
        with torch.no_grad():
            output = (network(x)[0, 0].double().numpy() * 0.5 + 0.5).clip(0, 1)
        mse = np.square(output - pixels).mean()
        assert row == {
            "path": path, "mse": pytest.approx(mse, rel=1e-4),
            "psnr": pytest.approx(10 * np.log10(1 / mse), abs=1e-3), "psnr_input": None,
        }  # fmt: skip
    assert made["mean"]["mse"] == pytest.approx(np.mean([row["mse"] for row in made["images"]]), rel=1e-5)
    assert made["mean"]["psnr"] == pytest.approx(np.mean([row["psnr"] for row in made["images"]]), rel=1e-5)
    assert made["mean"]["psnr_input"] is None
    assert (made["network"], made["indices"], made["skipped"]) == ("conv", True, [])
    with Image.open(made["out"]) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 192


def test_without_indices_the_result_is_another(model: Path, tmp_path: Path) -> None:
    with_indices, without = (
        run(["digits"], model, tmp_path / "a.png", no_indices=no) for no in (False, True)
    )
    assert (with_indices["indices"], without["indices"]) == (True, False)
    assert with_indices["mean"] != without["mean"]
    assert len(without["images"]) == 1797
    assert without["images"][0]["path"] == "0/00000.png"


def test_corruption_is_the_same_for_the_same_seed_and_measured(model: Path, tmp_path: Path) -> None:
    make_shapes(tmp_path / "shapes", each=22, size=16)
    corruption = "salt-pepper:snr=0.5,p=1"
    one, same, other = (
        run([tmp_path / "shapes"], model, tmp_path / f"{number}.png", corruption=corruption, seed=seed)
        for number, seed in enumerate((0, 0, 1))
    )
    assert one["images"] == same["images"] != other["images"]
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "2.png").read_bytes()
    # Half the pixels become black or white: their mean square from a pixel v is (v² + (1 - v)²) / 2 on average.
    expected = []
    for row in one["images"]:
        v = square(read_picture(tmp_path / "shapes" / row["path"]).pixels, 16, channels=1) / 255
        expected.append(0.5 * np.mean((v**2 + (1 - v) ** 2) / 2))
    measured = [10 ** (-row["psnr_input"] / 10) for row in one["images"]]
    assert np.mean(measured) == pytest.approx(np.mean(expected), rel=0.03)


def test_a_corruption_of_nothing_is_exact(model: Path, tmp_path: Path) -> None:
    make_shapes(tmp_path / "shapes", each=1)
    made = run([tmp_path / "shapes"], model, tmp_path / "a.png", corruption="mask:share=0")
    assert [row["psnr_input"] for row in made["images"]] == [None] * 3
    clean = run([tmp_path / "shapes"], model, tmp_path / "b.png")
    assert [row["mse"] for row in made["images"]] == [row["mse"] for row in clean["images"]]


def test_paths_are_as_typed_and_unique(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_shapes(Path("a/deep"), each=1)
    make_shapes(Path("b/deep"), each=1)
    make_photograph().save("photo.jpg")
    made = run(["a", "b/", "photo.jpg", "a/deep/disc/000.png", "photo.jpg"], model, Path("grid.png"))
    kinds = ("cross", "disc", "stripes")
    wanted = [f"{folder}/deep/{kind}/000.png" for folder in "ab" for kind in kinds]
    assert [row["path"] for row in made["images"]] == [*wanted, "photo.jpg"]
    assert [row["path"] for row in run(["./photo.jpg"], model, Path("grid.png"))["images"]] == ["./photo.jpg"]


def test_what_cannot_be_read_is_skipped_and_reported(model: Path, tmp_path: Path) -> None:
    make_shapes(tmp_path / "shapes", each=1)
    (tmp_path / "shapes" / "empty.png").touch()
    (tmp_path / "shapes" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    heard = Heard()
    made = run([tmp_path / "shapes"], model, tmp_path / "a.png", progress=heard)
    assert len(made["images"]) == 3
    assert {row["path"]: row["problem"] for row in made["skipped"]}["empty.png"] == "empty"
    assert sorted(row["path"] for row in made["skipped"]) == ["broken.jpg", "empty.png"]
    assert "empty.png is skipped: the file is empty" in heard.messages
    (tmp_path / "bad.png").write_text("no image")
    with pytest.raises(UnpoolError) as caught:
        run([tmp_path / "bad.png"], model, tmp_path / "b.png")
    assert str(caught.value) == (
        "no image can be used: 1 skipped, the first is not-an-image; give image files or a folder of them"
    )
    assert not (tmp_path / "b.png").exists()


def test_places_and_pictures_that_cannot_be(model: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for places, out, error, result in (
        (
            ["nowhere"],
            "a.png",
            UnpoolError,
            "there is no image, folder or data set 'nowhere'; check the path",
        ),
        ([], "a.png", UsageError, "no images are given; name image files, a folder of them or a data set"),
        (["digits"], "a.jpg", UsageError, "a.jpg', but the picture is a PNG; give a name that ends in .png"),
        (
            ["digits"],
            "folder.png",
            UsageError,
            "folder.png', which is a folder; give the name of a file in it",
        ),
    ):
        with pytest.raises(error) as caught:
            run(places, model, tmp_path / out)
        assert result in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "result"),
    [
        ("lenet", {}, "(lenet) gives class scores and makes no images"),
        ("conv", {"decoder": "none", "size": 16}, "(conv) has no decoder"),
    ],
)
def test_a_model_that_makes_no_images(
    name: str, options: dict[str, Any], result: str, tmp_path: Path
) -> None:
    save_model(tmp_path / "m", build_network(name, **options), options=options)
    with pytest.raises(UnpoolError) as caught:
        run(["digits"], tmp_path / "m", tmp_path / "a.png")
    remedy = "name one trained with --objective reconstruct or denoise"
    assert str(caught.value) == f"model {tmp_path / 'm'} {result}; {remedy}"


def test_no_model_and_a_ruined_one(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"is no model folder: it has no model\.json"):
        run(["digits"], tmp_path, tmp_path / "a.png")
    network: Any = load_model(model)
    for parameter in network.decoder.parameters():
        torch.nn.init.constant_(parameter, float("nan"))
    save_model(tmp_path / "m", network, options={"size": 16, "channels": 1, "decoder": "unpool"})
    with pytest.raises(UnpoolError, match="gives values that are no numbers; train it with a smaller --lr"):
        run(["digits"], tmp_path / "m", tmp_path / "a.png")


def test_images_are_read_as_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: after the first batch most of the 1,797 images are still unread."""
    monkeypatch.setattr(given, "usable_cores", lambda: 2)
    images = given.list_inputs(["digits"], None, Progress())
    read = 0
    for path, reader in list(images.readers.items()):

        def counted(side: int, reader: Any = reader) -> Any:
            nonlocal read
            read += 1
            return reader(side)

        images.readers[path] = counted
    batches = images.batches(Preprocessing(8, 1, (0.5,), (0.5,)))
    assert len(next(batches)) == 64
    assert 64 <= read <= 64 + 4 * 2
    assert sum(len(batch) for batch in batches) == 1797 - 64
