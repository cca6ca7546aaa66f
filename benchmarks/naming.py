"""Measure names of groups and suggestions by words, with three tiny models trained on captions of coloured shapes.

    python benchmarks/naming.py

Names of other kinds than the captions show what a model does with words that it was not trained on. Nouns are those
that come with unpool; none of them fits a picture.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.two_towers import CAPTIONS, COLOURS, CONFIG, GROUNDS, SHAPES, save_source, train, write_images
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.words.text_side import open_text_side
from unpool.actions.words.word_list import read_nouns
from unpool.actions.words.zero_shot import EVERY
from unpool.analysis.words.naming import find_names
from unpool.analysis.words.zero_shot import name_images
from unpool.store.table import ImageTable, embedded_vectors

RESNET = {"layers": [1, 1, 1, 1], "width": 8, "head_width": 32, "image_size": 32}
VIT = {"layers": 3, "width": 64, "head_width": 32, "image_size": 40, "patch_size": 8}
TEXT = {"vocab_size": 49408, "heads": 2, "layers": 1, "width": 32}
HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}
MODELS: dict[str, tuple[dict[str, Any], int, int]] = {
    "of the tests": (CONFIG, 170, 5),
    "another ResNet": (
        {
            "model_cfg": {
                "embed_dim": 24, "vision_cfg": RESNET, "text_cfg": TEXT | {"context_length": 12},
            },
            "preprocess_cfg": HALF | {"interpolation": "bicubic", "resize_mode": "longest"},
        }, 170, 21,
    ),
    "a transformer": (
        {
            "model_cfg": {
                "embed_dim": 48, "custom_text": True, "vision_cfg": VIT,
                "text_cfg": TEXT | {"context_length": 20, "width": 48, "heads": 3, "layers": 2},
            },
            "preprocess_cfg": HALF | {"interpolation": "bilinear", "resize_mode": "squash"},
        }, 400, 9,
    ),
}  # fmt: skip

NOUNS = [english for english, _ in read_nouns()]
PARTS = ("colour", "shape", "ground")
# Names, and which of them is right for a colour, a shape and a ground; None where none is.
NAMES: dict[str, tuple[list[str], Callable[[str, str, str], str] | None]] = {
    "captions": ([str(each) for each in CAPTIONS], lambda colour, shape, ground: f"a {colour} {shape} on {ground}"),
    "a red shape": ([f"a {each} shape" for each in COLOURS], lambda colour, *_: f"a {colour} shape"),
    "red": (list(COLOURS), lambda colour, *_: colour),
    "square": (list(SHAPES), lambda _, shape, __: shape),
    "white": (list(GROUNDS), lambda *parts: parts[2]),
    "shoe, hat, dress": (["shoe", "hat", "dress"], None),
    "cat, dog": (["cat", "dog"], None),
}  # fmt: skip


class Measured(NamedTuple):
    """A model's vectors of pictures, and what embeds texts."""

    parts: list[list[str]]
    vectors_ND: np.ndarray
    encoder: Any


def prepare(config: dict[str, Any], steps: int, seed: int, folder: Path) -> Measured:
    """Train a model, and embed pictures that it has not seen."""
    source = save_source(train(config, steps=steps, seed=seed), config, folder / "source")
    images = write_images(folder / "images", each=6, seed=77, side=90)
    embed(str(images), EmbedSettings(model=str(source)), work=folder / "w.unpool")
    paths, vectors_ND = embedded_vectors(ImageTable(folder / "w.unpool"))
    return Measured(
        [path.split("-") for path in paths], vectors_ND, open_text_side(folder / "w.unpool").encoder
    )


def report_suggestions(model: Measured) -> None:
    """Print how many images get a suggestion, how many of these are right, and how many are called unlike."""
    reference_RD = model.encoder.embed(NOUNS[::EVERY])
    for kind, (names, right) in NAMES.items():
        names_KD = model.encoder.embed(names)
        line = f"  {kind:18}"
        for nouns in (reference_RD, ()):
            found = name_images(model.vectors_ND, names_KD, nouns, model.encoder.scale)
            is_named_N = found.class_N >= 0
            line += f"  suggested {is_named_N.mean():.2f}"
            if right is not None:
                true_N = np.array([names.index(right(*parts[:3])) for parts in model.parts])
                line += f" right {(found.class_N == true_N)[is_named_N].mean():.2f}"
            line += f" unlike {found.is_unlike_N.mean():.2f}"
        print(line)


def report_names(model: Measured) -> None:
    """Print how many groups get the right name, by what the groups are and which names there are."""
    words = [*COLOURS, *SHAPES, *GROUNDS]
    captions = NAMES["captions"][0]
    cases = [
        ("caption", captions),
        ("caption", captions + NOUNS),
        ("colour", list(COLOURS)),
        ("shape", list(SHAPES)),
    ]
    cases += [(part, words) for part in PARTS]
    for part, names in cases:
        key = [
            " ".join(parts[:3]) if part == "caption" else parts[PARTS.index(part)] for parts in model.parts
        ]
        distinct = sorted(set(key))
        group_N = np.array([distinct.index(each) for each in key])
        found = find_names(model.vectors_ND, group_N, model.encoder.embed(names), model.encoder.scale)
        chosen = [names[term] if term >= 0 else "" for term in found.term_G]
        right = sum(
            set(each.split()) <= set(name.split()) for each, name in zip(distinct, chosen, strict=True)
        )
        print(f"  groups by {part:8} {len(names):5} names: {right} of {len(distinct)} right")


def main() -> None:
    """Measure each model."""
    for name, (config, steps, seed) in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            print(name, flush=True)
            model = prepare(config, steps, seed, Path(folder))
            report_suggestions(model)
            report_names(model)


if __name__ == "__main__":
    main()
