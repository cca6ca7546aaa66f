"""Match masks to images by name, in the usual layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from unpool.errors import UnpoolError
from unpool.images.masks.known_palettes import is_of_camvid, is_of_voc
from unpool.images.reading.scan import ImageFile, Problem, scan_folder

# What is added to the common part of the two names: image's, mask's. The first that fits most images is used.
SUFFIXES = (
    ("", ""), ("", "_mask"), ("", "_L"), ("", "_label"), ("", "_labels"), ("", "_seg"), ("", "_segmentation"),
    ("", "_gt"), ("", "_GT"), ("", "_annotation"), ("", "-mask"), ("", ".mask"), ("_image", "_mask"), ("_img",
    "_mask"), ("_image", "_label"), ("_sat", "_mask"), ("_leftImg8bit", "_gtFine_labelIds"),
    ("_leftImg8bit", "_gtFine_labelTrainIds"), ("_leftImg8bit", "_gtFine_color"),
)  # fmt: skip
VOC, VOC_FRAMES, CAMVID = "voc", "voc-frames", "camvid"
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
        """The image's key."""
        return self.image.path


@dataclass(frozen=True)
class Pairs:
    """The pairs of two folders, and what has no pair.

    `without` are images without a mask, `ambiguous` images for whose name there are masks in several folders, none
    of which lies as the image does; `unused` are masks without an image. `suffix` is what the masks' names end in,
    `layout` VOC where the folders are that data set's, VOC_FRAMES or CAMVID where the images' names are.
    """

    pairs: list[Pair]
    without: list[str]
    problems: list[Problem]
    suffix: str = ""
    ambiguous: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    layout: str = ""


@dataclass(frozen=True)
class _Match:
    """The result of one rule of matching names."""

    pairs: list[Pair]
    ambiguous: list[str]
    unused: list[str]
    suffix: str


def find_pairs(images: Path, masks: Path, *, leave_out: Path | None = None) -> Pairs:
    """Find the mask of each image by name.

    Relative paths must agree but for the ending and a known suffix; where none do, names alone.

    Args:
        images: Folder of images.
        masks: Folder of masks; it may be the same.
        leave_out: A folder that is not read.

    Returns:
        The pairs, and what has no pair.

    Raises:
        UnpoolError: Where a folder cannot be read, or no image has a mask.
    """
    is_one = _same(images, masks)
    found = scan_folder(images, leave_out=leave_out, as_masks=is_one)
    mask_scan = found if is_one else scan_folder(masks, leave_out=leave_out, as_masks=True)
    for folder, scan in ((images, found), (masks, mask_scan)):
        if not scan.files:
            raise UnpoolError(
                f"{folder} holds no image that can be used{_first(scan.problems)}; check the folder"
            )
    match = _match_names(found.files, mask_scan.files)
    if not match.pairs:
        raise UnpoolError(_unmatched(images, masks, match, found.files[0].path, mask_scan.files[0].path))
    used = {pair.image.path for pair in match.pairs} | set(match.ambiguous)
    as_mask = {pair.mask.path for pair in match.pairs} if found is mask_scan else set()
    without = [file.path for file in found.files if file.path not in used | as_mask]
    problems = [*found.problems, *([] if found is mask_scan else mask_scan.problems)]
    unused = [] if found is mask_scan else match.unused
    layout = _layout(images, masks, match.pairs)
    return Pairs(match.pairs, without, problems, match.suffix, match.ambiguous, unused, layout)


def voc_split(images: Path, name: str) -> set[str] | None:
    """Read the names of one of Pascal VOC's lists.

    The list `train`, `val` or `trainval` lies beside the folder JPEGImages; None elsewhere.
    """
    listed = images.parent / VOC_LISTS / f"{name}.txt"
    if images.name != "JPEGImages" or not listed.is_file():
        return None
    return set(listed.read_text("utf-8").split())


def _layout(images: Path, masks: Path, pairs: Sequence[Pair]) -> str:
    if is_of_voc(pair.path for pair in pairs):
        return VOC_FRAMES
    is_voc = images.name == "JPEGImages" and masks.name.startswith("SegmentationClass")
    if is_voc and (images.parent / VOC_LISTS).is_dir():
        return VOC
    return CAMVID if is_of_camvid(pair.path for pair in pairs) else ""


def _unmatched(images: Path, masks: Path, match: _Match, image: str, mask: str) -> str:
    if match.ambiguous:
        return (
            f"{masks} holds several masks named like {match.ambiguous[0]} of {images}, in different folders, and "
            "it is the same with every other image; lay the masks out in the same folders as the images"
        )
    return (
        f"no image of {images} has a mask in {masks}: they are matched by name, but the first are {image} and "
        f"{mask}; name the masks like the images"
    )


def _same(images: Path, masks: Path) -> bool:
    return images.exists() and masks.exists() and images.samefile(masks)


def _first(problems: Sequence[Problem]) -> str:
    return f" ({problems[0].path}: {problems[0].detail})" if problems else ""


def _match_names(images: Sequence[ImageFile], masks: Sequence[ImageFile]) -> _Match:
    best = _Match([], [], [], "")
    for by_name in (False, True):
        for suffixes in SUFFIXES:
            match = _match_by_suffix(images, masks, *suffixes, by_name)
            if (len(match.pairs), len(match.ambiguous)) > (len(best.pairs), len(best.ambiguous)):
                best = match
        if best.pairs:
            break
    return best


def _match_by_suffix(
    images: Sequence[ImageFile], masks: Sequence[ImageFile], of_image: str, of_mask: str, by_name: bool
) -> _Match:
    known: dict[str, list[ImageFile]] = {}
    for mask in sorted(
        masks, key=lambda file: EXACT.get(PurePosixPath(file.path).suffix.lower(), NO_PREFERENCE)
    ):
        key = _key(mask.path, of_mask, by_name)
        if key is not None:
            known.setdefault(key, []).append(mask)
    pairs: list[Pair] = []
    ambiguous: list[str] = []
    image_keys: set[str | None] = set()
    for image in images:
        key = _key(image.path, of_image, by_name)
        candidates = known.get(key, []) if key is not None else []
        image_keys.add(key)
        if not candidates or candidates[0].file == image.file:
            continue
        others = [mask for mask in candidates if mask.file != image.file]
        if len({PurePosixPath(mask.path).parent for mask in others}) > 1:
            ambiguous.append(image.path)
        else:
            pairs.append(Pair(image, candidates[0]))
    unused = [mask.path for key, candidates in known.items() if key not in image_keys for mask in candidates]
    return _Match(pairs, ambiguous, sorted(unused), of_mask)


def _key(path: str, suffix: str, by_name: bool) -> str | None:
    plain = PurePosixPath(path)
    stem = plain.stem
    if not stem.endswith(suffix):
        return None
    name = stem[: len(stem) - len(suffix)] if suffix else stem
    return name if by_name else str(plain.parent / name)
