"""A function is found by its name, and runs only where a user of this machine allowed it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.networks.encoders import functions
from unpool.networks.encoders.functions import (
    allow_copy,
    allow_function,
    allowed_function,
    digest_function,
    find_function,
    give_function,
    is_function_name,
)

CODE = "import numpy as np\n\n\ndef colour(images):\n    return np.stack([each.mean((0, 1)) for each in images])\n"
IMAGE = np.full((4, 5, 3), 7, np.uint8)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module, and a configuration of its own."""
    monkeypatch.setattr(functions, "user_config_path", lambda _: tmp_path / "configuration")
    monkeypatch.setattr(functions, "_allowed", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_colours.py").write_text(CODE)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(("own_colours", "broken_colours"))]:
        del sys.modules[name]


def test_names_of_functions() -> None:
    assert is_function_name("own.colours:Mean.embed")
    for name in ("resnet18", "open_clip:ViT-B-32/laion2b", "hf-hub:timm/x", "C:\\models\\a.onnx", ":f", "a:"):
        assert not is_function_name(name), name


def test_a_module_of_the_current_folder_is_found() -> None:
    assert find_function("own_colours:colour")([IMAGE]).tolist() == [[7, 7, 7]]


def test_what_cannot_be_imported_is_one_line(place: Path) -> None:
    (place / "broken_colours.py").write_text("raise ValueError('no\\nweights')\n")
    (place / "json.py").write_text(CODE)
    wrong = {
        "nowhere:f": "there is no module nowhere in",
        "own_colours:other": r"own_colours\.py has no function other",
        "own_colours:np.pi": "own_colours:np.pi is float and no function",
        "broken_colours:f": "broken_colours cannot be imported: ValueError: no weights",
        "json:colour": r"json\.py has the name of a module that is in use already",
        "python:f": "was given in Python and is known there alone",
    }
    for name, message in wrong.items():
        with pytest.raises(UnpoolError, match=message) as caught:
            find_function(name)
        assert "\n" not in str(caught.value)


def test_a_folder_runs_no_function_until_it_is_allowed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "evil_colours.py").write_text("raise SystemExit('it ran')\n")
    folder = place / "a.unpool" / "model"
    folder.mkdir(parents=True)
    with pytest.raises(UnpoolError, match="give --model evil_colours:f to embed once more"):
        allowed_function(folder, "evil_colours:f")
    assert "evil_colours" not in sys.modules
    with pytest.raises(UnpoolError, match="was given in Python"):  # which no --model can name
        allowed_function(folder, "python:f")
    allow_function(folder, "own_colours:colour")
    with pytest.raises(UnpoolError, match="has not been allowed"):  # another one than was typed
        allowed_function(folder, "evil_colours:f")
    # Later, in another process and folder.
    monkeypatch.setattr(functions, "_allowed", {})
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    assert allowed_function(folder, "own_colours:colour")([IMAGE]).tolist() == [[7, 7, 7]]


def test_a_copy_may_what_its_folder_may(place: Path) -> None:
    allow_copy(place / "a", place / "b")
    with pytest.raises(UnpoolError, match="has not been allowed"):
        allowed_function(place / "b", "own_colours:colour")
    allow_function(place / "a", "own_colours:colour")
    allow_copy(place / "a", place / "b")
    assert allowed_function(place / "b", "own_colours:colour")([IMAGE]).tolist() == [[7, 7, 7]]


def test_a_configuration_that_is_damaged_allows_nothing(place: Path) -> None:
    allow_function(place, "own_colours:colour")
    functions._allowed.clear()
    (place / "configuration" / "functions.json").write_text('{"a": 1}')
    with pytest.raises(UnpoolError, match="has not been allowed"):
        allowed_function(place, "own_colours:colour")


def test_any_callable_gets_a_name() -> None:
    class Mean:
        def __call__(self, images: list[np.ndarray]) -> list[np.ndarray]:
            return [each.mean((0, 1)) for each in images]

    mean, short = Mean(), lambda images: images
    names = [give_function(mean), give_function(short), give_function(np.asarray)]
    assert all(is_function_name(name) for name in names)
    assert names[0].startswith("python:")
    assert find_function(names[0]) is mean
    assert find_function(names[1]) is short
    assert digest_function(names[0]) == digest_function(names[0]) != digest_function(names[1])


def test_the_digest_follows_the_module(place: Path) -> None:
    before = digest_function("own_colours:colour")
    assert digest_function("own_colours:colour") == before
    (place / "own_colours.py").write_text(CODE + "\n\nOTHER = 1\n")
    assert digest_function("own_colours:colour") != before
