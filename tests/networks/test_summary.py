"""The layer tables that `unpool networks NAME --json` prints, against the published networks."""

from __future__ import annotations

import json

import pytest

from unpool.cli.main import main

Rows = list[tuple[str, list[int], int]]

# Type, output and parameters of each layer with a window or with weights of its own, from first to last.
PUBLISHED: dict[str, tuple[int, Rows]] = {
    "conv-small": (
        50_161,
        [
            ("Conv2d", [32, 10, 10], 320),
            ("MaxPool2d", [32, 5, 5], 0),
            ("Conv2d", [64, 3, 3], 18_496),
            ("MaxPool2d", [64, 2, 2], 0),
            ("ConvTranspose2d", [32, 5, 5], 18_464),
            ("ConvTranspose2d", [16, 15, 15], 12_816),
            ("ConvTranspose2d", [1, 28, 28], 65),
        ],
    ),
    "lenet": (
        62_006,
        [
            ("Conv2d", [6, 28, 28], 456),
            ("MaxPool2d", [6, 14, 14], 0),
            ("Conv2d", [16, 10, 10], 2_416),
            ("MaxPool2d", [16, 5, 5], 0),
            ("Linear", [120], 48_120),
            ("Linear", [84], 10_164),
            ("Linear", [10], 850),
        ],
    ),
    "unpooling": (
        20,
        [
            ("Conv2d", [1, 26, 26], 10),
            ("MaxPool2d", [1, 13, 13], 0),
            ("Unpool", [1, 26, 26], 0),
            ("ConvTranspose2d", [1, 28, 28], 10),
        ],
    ),
    "strided": (
        30,
        [
            ("Conv2d", [1, 26, 26], 10),
            ("Conv2d", [1, 13, 13], 5),
            ("ConvTranspose2d", [1, 26, 26], 5),
            ("ConvTranspose2d", [1, 28, 28], 10),
        ],
    ),
    "denoiser": (
        3_267,
        [
            ("Conv2d", [16, 32, 32], 448),
            ("BatchNorm2d", [16, 32, 32], 32),
            ("MaxPool2d", [16, 16, 16], 0),
            ("Unpool", [16, 32, 32], 0),
            ("ConvTranspose2d", [16, 32, 32], 2_320),
            ("BatchNorm2d", [16, 32, 32], 32),
            ("ConvTranspose2d", [3, 32, 32], 435),
        ],
    ),
    "sequence": (
        11_707_999,
        [
            ("Conv1d", [32, 784], 832),
            ("BatchNorm1d", [32, 784], 64),
            ("MaxPool1d", [32, 262], 0),
            ("Conv1d", [64, 262], 51_264),
            ("BatchNorm1d", [64, 262], 128),
            ("MaxPool1d", [64, 88], 0),
            ("Linear", [1024], 5_768_192),
            ("Linear", [30], 30_750),
            ("Linear", [1024], 31_744),
            ("Linear", [5632], 5_772_800),
            ("Unpool", [64, 262], 0),
            ("BatchNorm1d", [64, 262], 128),
            ("ConvTranspose1d", [32, 262], 51_232),
            ("Unpool", [32, 784], 0),
            ("BatchNorm1d", [32, 784], 64),
            ("ConvTranspose1d", [1, 784], 801),
        ],
    ),
}


def table(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    with pytest.raises(SystemExit):
        main(["networks", *words, "--json"])
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_is_the_published_network(capsys, name) -> None:
    parameters, rows = PUBLISHED[name]
    result = table(capsys, name)
    shaping = [
        (layer["type"], layer["output"], layer["parameters"])
        for layer in result["layers"]
        if layer["parameters"] or layer["type"].startswith(("MaxPool", "Unpool"))
    ]
    assert shaping == rows
    assert result["parameters"] == result["trainable"] == parameters == sum(row[2] for row in rows)


def test_vgg16_shrinks_to_a_32nd_and_comes_back(capsys) -> None:
    result = table(capsys, "vgg16-bn", "--size", "64")
    assert result["parameters"] == 29_444_739
    assert result["input"] == result["output"] == [3, 64, 64]
    down = [layer["output"] for layer in result["layers"] if layer["type"] == "MaxPool2d"]
    assert down == [[64, 32, 32], [128, 16, 16], [256, 8, 8], [512, 4, 4], [512, 2, 2]]
    up = [layer["output"] for layer in result["layers"] if layer["type"] == "Unpool"]
    assert up == [[512, 4, 4], [512, 8, 8], [256, 16, 16], [128, 32, 32], [64, 64, 64]]
    kinds = [layer["type"] for layer in result["layers"]]
    assert (kinds.count("Conv2d"), kinds.count("ConvTranspose2d"), kinds.count("BatchNorm2d")) == (13, 13, 25)
    assert kinds[-1] == "ConvTranspose2d"
