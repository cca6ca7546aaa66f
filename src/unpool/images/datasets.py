"""Named data sets: digits, MNIST, Fashion-MNIST, CIFAR-10."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unpool.core.environment import user_folder
from unpool.core.user_cache import cache_folder
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.images.idx import read_cifar_binary, read_cifar_python, read_idx

DIGITS = tuple(str(digit) for digit in range(10))
CLOTHES = (
    "t-shirt-top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot",
)  # fmt: skip
CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SPLITS = "train", "test"


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A data set in memory.

    `pixels` are (N, H, W, C) uint8, `labels` (N,) positions in `classes`, `paths` `CLASS/INDEX.png`. The index
    counts through the whole set, the test images after the training images, so that an image has the same path in
    every split.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray
    classes: list[str]
    paths: list[str]


# Pixels and labels of one split, or None where its files are not there.
Split = tuple[np.ndarray, np.ndarray]
Reader = Callable[[Path, str], Split | None]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One data set: its classes, how a split is read, its torchvision class, its training images."""

    classes: tuple[str, ...]
    read: Reader
    torchvision: str
    num_train: int


def is_named_set(text: str) -> bool:
    """Return whether a text names a data set or split.

    >>> is_named_set("mnist:train"), is_named_set("holiday")
    (True, False)
    """
    return text.split(":")[0] in KNOWN


def load_named_set(text: str, data: Path | None) -> NamedSet:
    """Load a named data set, or one split of it.

    Pixels are grey (C = 1) but for CIFAR-10; the 8×8 digits are scaled from 0..16 to 0..255.

    Args:
        text: `digits`, `mnist`, `fashion-mnist` or `cifar10`, or one split, such as `mnist:train`. Without a split
            all files that are there are used.
        data: The folder that holds the files in torchvision's layout; None stands for the user's cache. Only
            where there are none are they fetched, into this folder.

    Returns:
        The images with their labels.

    Raises:
        UsageError: For an unknown name or split.
        UnpoolError: For damaged files, or without a network.

    >>> digits = load_named_set("digits", None)
    >>> digits.pixels.shape, digits.paths[-1]
    ((1797, 8, 8, 1), '8/01796.png')
    """
    name, _, split = text.partition(":")
    if name not in KNOWN:
        raise unknown_name("data set", name, KNOWN)
    if name == "voc2012":
        raise UnpoolError("data set 'voc2012' has masks instead of classes; it serves `unpool segment` only")
    if name == "digits":
        return _digits(text, split)
    if ":" in text and split not in SPLITS:
        raise unknown_name(f"split of {name}", split, SPLITS)
    kind, splits = _KINDS[name], (split,) if split else SPLITS
    parts = _find(kind, splits, data)
    if not parts:
        _fetch(kind, text, data or _cache())
        parts = _find(kind, splits, data)
    if not parts:
        raise UnpoolError(f"data set '{text}' was fetched but not found; pass --data DIR")
    return _join_splits(text, kind, parts)


def _digits(text: str, split: str) -> NamedSet:
    if split or ":" in text:
        raise UsageError(f"data set 'digits' has no split '{split}'; write 'digits'")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return NamedSet(text, pixels, labels, list(DIGITS), _paths(DIGITS, labels, 0))


def _join_splits(text: str, kind: _Kind, parts: dict[str, Split]) -> NamedSet:
    paths: list[str] = []
    for split, (_, labels) in parts.items():
        if labels.max(initial=0) >= len(kind.classes):
            raise UnpoolError(
                f"the labels of '{text}' go beyond its {len(kind.classes)} classes; fetch it again"
            )
        paths += _paths(kind.classes, labels, kind.num_train if split == "test" else 0)
    pixels = np.concatenate([pixels for pixels, _ in parts.values()])
    labels = np.concatenate([labels for _, labels in parts.values()]).astype(np.int64)
    return NamedSet(text, pixels, labels, list(kind.classes), paths)


def _paths(classes: tuple[str, ...], labels: np.ndarray, first: int) -> list[str]:
    return [f"{classes[label]}/{index:05}.png" for index, label in enumerate(labels.tolist(), first)]


def _find(kind: _Kind, splits: tuple[str, ...], data: Path | None) -> dict[str, Split]:
    """The splits that are there, in `data` or else in the cache."""
    for folder in ([data] if data is not None else []) + [_cache()]:
        found = {split: kind.read(folder, split) for split in splits}
        there = {split: part for split, part in found.items() if part is not None}
        if there:
            return there
    return {}


def _read_mnist(folder: Path, split: str, name: str) -> Split | None:
    prefix = {"train": "train", "test": "t10k"}[split]
    raw = [folder / name / "raw"]
    # The raw folder itself will do, unless it belongs to the sister set, whose files have the same names.
    if name in folder.parts or not {"MNIST", "FashionMNIST"} & set(folder.parts):
        raw += [folder / "raw", folder]
    for place in raw:
        images = _plain_or_gzipped(place / f"{prefix}-images-idx3-ubyte")
        labels = _plain_or_gzipped(place / f"{prefix}-labels-idx1-ubyte")
        if images and labels:
            pixels, classes = read_idx(images, 3)[..., None], read_idx(labels, 1)
            if len(pixels) != len(classes):
                raise UnpoolError(
                    f"'{images}' has {len(pixels)} images and {len(classes)} labels; fetch it again"
                )
            return pixels, classes
    return None


def _plain_or_gzipped(file: Path) -> Path | None:
    return next((each for each in (file, file.with_name(f"{file.name}.gz")) if each.is_file()), None)


def _read_cifar10(folder: Path, split: str) -> Split | None:
    names = [f"data_batch_{number}" for number in range(1, 6)] if split == "train" else ["test_batch"]
    for place, ending, read in (
        (folder / "cifar-10-batches-bin", ".bin", read_cifar_binary),
        (folder / "cifar-10-batches-py", "", read_cifar_python),
    ):
        files = [place / f"{name}{ending}" for name in names]
        if all(file.is_file() for file in files):
            parts = [read(file) for file in files]
            return np.concatenate([each for each, _ in parts]), np.concatenate([each for _, each in parts])
    return None


def _fetch(kind: _Kind, text: str, folder: Path) -> None:
    """Let torchvision download the set; its own checksums guard what arrives."""
    try:
        import torchvision.datasets

        getattr(torchvision.datasets, kind.torchvision)(folder, download=True)
    except Exception as error:  # no network, no space, no permission, a mirror gone: many kinds
        reason = " ".join(str(error).split())[:120]
        raise UnpoolError(
            f"data set '{text}' is not in '{folder}' and could not be fetched ({reason}); "
            "pass --data DIR where DIR holds it in torchvision's layout"
        ) from error


def _cache() -> Path:
    """Where the user's other programs keep what they could fetch again."""
    user = user_folder()
    if user is None:
        return cache_folder() / "data"
    if sys.platform == "darwin":
        base = user / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", user))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or user / ".cache")
    return base / "unpool" / "data"


_KINDS = {
    "mnist": _Kind(DIGITS, lambda folder, split: _read_mnist(folder, split, "MNIST"), "MNIST", 60_000),
    "fashion-mnist": _Kind(
        CLOTHES, lambda folder, split: _read_mnist(folder, split, "FashionMNIST"), "FashionMNIST", 60_000
    ),
    "cifar10": _Kind(CIFAR10, _read_cifar10, "CIFAR10", 50_000),
}
KNOWN = ("digits", "mnist", "fashion-mnist", "cifar10", "voc2012")
