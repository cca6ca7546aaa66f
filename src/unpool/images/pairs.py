"""Which mask belongs to which image: by name, in the layouts that people and published data sets use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unpool.errors import UnpoolError
from unpool.images.folder import ImageFile, Problem, scan_folder

# What is added to the common part of the two names: image's, mask's. The first that fits most images is taken.
SUFFIXES = (
    ("", ""), ("", "_mask"), ("", "_L"), ("", "_label"), ("", "_labels"), ("", "_seg"), ("", "_segmentation"),
    ("", "_gt"), ("", "_GT"), ("", "_annotation"), ("", "-mask"), ("", ".mask"), ("_image", "_mask"), ("_img",
    "_mask"), ("_image", "_label"), ("_sat", "_mask"), ("_leftImg8bit", "_gtFine_labelIds"),
    ("_leftImg8bit", "_gtFine_labelTrainIds"), ("_leftImg8bit", "_gtFine_color"),
)  # fmt: skip
VOC_LISTS = Path("ImageSets") / "Segmentation"
NO_PREFERENCE = 9
EXACT = {".png": 0, ".tif": 1, ".tiff": 1, ".bmp": 2, ".gif": 3}


@dataclass(frozen=True)
class Pair:
    """An image and its mask; `path` is the image's key."""

    image: ImageFile
    mask: ImageFile

    @property
    def path(self) -> str:
        return self.image.path


@dataclass(frozen=True)
class Pairs:
    """What two folders hold: the pairs, images without a mask, and what cannot be used.

    `suffix` is what the masks' names end in.
    """

    pairs: list[Pair]
    without: list[str]
    problems: list[Problem]
    suffix: str = ""


def find_pairs(images: Path, masks: Path, *, leave_out: Path | None = None) -> Pairs:
    """Images and masks whose relative paths agree but for the ending and a known suffix; else whose names alone do.

    Raises `UnpoolError` where a folder cannot be read, or no image has a mask.
    """
    found = scan_folder(images, leave_out=leave_out)
    answer = found if _same(images, masks) else scan_folder(masks, leave_out=leave_out)
    for folder, scan in ((images, found), (masks, answer)):
        if not scan.files:
            raise UnpoolError(
                f"{folder} holds no image that can be used{_first(scan.problems)}; check the folder"
            )
    pairs, suffix = _matched(found.files, answer.files)
    if not pairs:
        first, other = found.files[0].path, answer.files[0].path
        raise UnpoolError(
            f"no image of {images} has a mask in {masks}: they are matched by name, but the first are {first} and "
            f"{other}; name the masks like the images"
        )
    used = {pair.image.path for pair in pairs}
    as_mask = {pair.mask.path for pair in pairs} if _same(images, masks) else set()
    without = [file.path for file in found.files if file.path not in used | as_mask]
    problems = [*found.problems, *([] if found is answer else answer.problems)]
    return Pairs(pairs, without, problems, suffix)


def voc_split(images: Path, name: str) -> set[str] | None:
    """The names of Pascal VOC's list `train`, `val` or `trainval` beside a folder JPEGImages; None elsewhere."""
    listed = images.parent / VOC_LISTS / f"{name}.txt"
    if images.name != "JPEGImages" or not listed.is_file():
        return None
    return set(listed.read_text("utf-8").split())


def _same(images: Path, masks: Path) -> bool:
    return images.exists() and masks.exists() and images.samefile(masks)


def _first(problems: Sequence[Problem]) -> str:
    return f" ({problems[0].path}: {problems[0].detail})" if problems else ""


def _matched(images: Sequence[ImageFile], masks: Sequence[ImageFile]) -> tuple[list[Pair], str]:
    best: tuple[list[Pair], str] = ([], "")
    for by_name in (False, True):
        for suffixes in SUFFIXES:
            pairs = _by_suffix(images, masks, *suffixes, by_name)
            if len(pairs) > len(best[0]):
                best = pairs, suffixes[1]
        if best[0]:
            break
    return best


def _by_suffix(
    images: Sequence[ImageFile], masks: Sequence[ImageFile], of_image: str, of_mask: str, by_name: bool
) -> list[Pair]:
    known: dict[str, ImageFile] = {}
    for mask in sorted(
        masks, key=lambda file: EXACT.get(PurePosixPath(file.path).suffix.lower(), NO_PREFERENCE)
    ):
        key = _key(mask.path, of_mask, by_name)
        if key is not None:
            known.setdefault(key, mask)
    pairs = []
    for image in images:
        key = _key(image.path, of_image, by_name)
        answer = known.get(key) if key is not None else None
        if answer is not None and answer.file != image.file:
            pairs.append(Pair(image, answer))
    return pairs


def _key(path: str, suffix: str, by_name: bool) -> str | None:
    plain = PurePosixPath(path)
    stem = plain.stem
    if not stem.endswith(suffix):
        return None
    name = stem[: len(stem) - len(suffix)] if suffix else stem
    return name if by_name else str(plain.parent / name)
