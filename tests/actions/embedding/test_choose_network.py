"""Which network a collection gets, by the size and the colour of its images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.actions.embedding.choose_network import (
    PRETRAINED,
    choose_compared,
    choose_network,
    has_colour,
    is_comparable,
    trained_size,
    typical_side,
)
from unpool.errors import UnpoolError
from unpool.images.source import FolderSource


def folder(path: Path, *sizes: tuple[int, int], grey: bool = False) -> FolderSource:
    path.mkdir()
    for number, (width, height) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 255, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels[..., 0] if grey else pixels).save(path / f"{number}.png")
    return FolderSource(path)


@pytest.mark.parametrize(
    ("side", "grey", "network"),
    [
        (64, True, PRETRAINED),
        (63, True, "conv"),
        (63, False, PRETRAINED),
        (16, False, PRETRAINED),
        (15, False, "conv"),
    ],
)
def test_size_and_colour_decide(tmp_path: Path, side: int, grey: bool, network: str) -> None:
    source = folder(tmp_path / "a", (side, side + 9), grey=grey)
    choice = choose_network("auto", source, source.scan().files)
    assert choice.network == network
    assert f"{side} px" in choice.reason


def test_the_typical_side_is_the_median_of_the_shorter_ones(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", (10, 90), (90, 30), (50, 50))
    files = source.scan().files
    assert typical_side(source, files) == 30
    assert is_comparable(source, files)
    assert has_colour(source, files)
    assert trained_size(source, files) == 30


def test_a_name_is_taken_as_it_is_and_a_folder_must_hold_a_model(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", (10, 10))
    assert choose_network("resnet18", source, source.scan().files).network == "resnet18"
    with pytest.raises(UnpoolError, match="is no model folder"):
        choose_network(str(tmp_path / "a"), source, source.scan().files)


def test_the_best_of_a_comparison_is_chosen() -> None:
    def row(way: str) -> dict[str, object]:
        return {"way": way, "images": 60}

    assert choose_compared([], 28) is None
    scratch = choose_compared([row("scratch"), row("adapted")], 28)
    assert scratch is not None
    assert (scratch.network, scratch.size, scratch.adapted) == ("conv", 28, False)
    adapted = choose_compared([row("adapted"), row("scratch")], 28)
    assert adapted is not None
    assert (adapted.network, adapted.size, adapted.adapted) == (PRETRAINED, None, True)
