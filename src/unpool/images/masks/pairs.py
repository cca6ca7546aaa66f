"""Match masks to images by name, in the usual layouts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from unpool.errors import UnpoolError
from unpool.images.annotations.drawings import Annotations, Drawing
from unpool.images.masks.known_palettes import is_of_camvid, is_of_voc
from unpool.images.masks.mask_file import Mask, read_mask
from unpool.images.reading.decode import read_size
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import ImageFile, Problem, scan_folder

# What stands around the common part of the two names: image's and mask's. The first that fits most images is used,
# then the others for what is left.
SUFFIXES = (
    ("", ""), ("", "_mask"), ("", "_L"), ("", "_label"), ("", "_labels"), ("", "_seg"), ("", "_segmentation"),
    ("", "_gt"), ("", "_GT"), ("", "_annotation"), ("", "-mask"), ("", ".mask"), ("_image", "_mask"), ("_img",
    "_mask"), ("_image", "_label"), ("_sat", "_mask"), ("_leftImg8bit", "_gtFine_labelIds"),
    ("_leftImg8bit", "_gtFine_labelTrainIds"), ("_leftImg8bit", "_gtFine_color"), ("", "_masks"), ("", "-label"),
    ("", "-seg"), ("", ".label"), ("", "_anno"), ("", "_semantic"), ("_image", "_seg"), ("_rgb", "_mask"), ("_rgb",
    "_label"), ("_RGB", "_label"), ("_img", "_label"), ("_img", "_seg"), ("_im", "_mask"), ("_image", "_gt"),
)  # fmt: skip
PREFIXES = (
    ("", "mask_"), ("", "mask-"), ("", "label_"), ("", "gt_"), ("", "seg_"), ("image_", "mask_"), ("img_", "mask_"),
    ("image_", "label_"), ("img_", "label_"), ("image", "mask"), ("img", "mask"), ("frame", "mask"), ("image",
    "label"), ("img", "label"), ("image-", "mask-"), ("images_", "masks_"), ("im", "gt"), ("rgb_", "mask_"),
)  # fmt: skip
VOC, VOC_FRAMES, CAMVID = "voc", "voc-frames", "camvid"
VOC_LISTS = Path("ImageSets") / "Segmentation"
NO_PREFERENCE = 9
EXACT = {".png": 0, ".tif": 1, ".tiff": 1, ".bmp": 2, ".gif": 3}


@dataclass(frozen=True)
class Pair:
    """An image and its mask; `path` is the image's key.

    Where the mask is drawn by annotations, `mask` is their file and `drawing` what they draw on this image.
    """

    image: ImageFile
    mask: ImageFile
    drawing: Drawing | None = None

    @property
    def path(self) -> str:
        """The image's key."""
        return self.image.path

    def read_mask(self) -> Mask:
        """Read the mask's values, or paint what is drawn.

        Raises:
            UnreadableImageError: Where the file cannot be used, or an area does not fit.
        """
        if self.drawing is None:
            return read_mask(self.mask.file)
        height, width = self.drawing.size or read_size(self.image.file)[::-1]
        number_HW, num_twice = self.drawing.paint(height, width)
        return Mask(number_HW, False, num_twice=num_twice)


@dataclass(frozen=True)
class Pairs:
    """The pairs of two folders, and what has no pair.

    `without` are images without a mask, `ambiguous` images for whose name there are masks in several folders, none
    of which lies as the image does; `unused` are masks without an image. `suffix` is what the masks' names end in,
    `remarks` say which names were matched though they differ, and which masks or images share a name.
    `layout` VOC where the folders are that data set's, VOC_FRAMES or CAMVID where the images' names are. `drawn` are
    the annotations that draw the masks, `class_file` names the classes where it belongs to the masks.
    """

    pairs: list[Pair]
    without: list[str]
    problems: list[Problem]
    suffix: str = ""
    ambiguous: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    layout: str = ""
    remarks: list[str] = field(default_factory=list)
    drawn: Annotations | None = None
    class_file: Path | None = None


@dataclass(frozen=True)
class _Rule:
    """How a name is reduced to what image and mask share."""

    image: tuple[str, str]  # what stands before and behind it
    mask: tuple[str, str]
    with_ending: bool = False  # the mask's name holds the image's ending: a.jpg.png

    @property
    def suffix(self) -> str:
        return self.mask[1]


class _Parts(NamedTuple):
    """A path's folder, name without ending, and name."""

    folder: str
    stem: str
    name: str


RULES = (
    *(_Rule(("", image), ("", mask)) for image, mask in SUFFIXES),
    *(_Rule(("", ""), ("", mask), with_ending=True) for mask in ("", "_mask", "_seg", "_label")),
    *(_Rule((image, ""), (mask, "")) for image, mask in PREFIXES),
)


@dataclass(frozen=True)
class _Match:
    """The result of rules of matching names."""

    pairs: list[Pair]
    ambiguous: list[str]
    unused: list[str]
    suffix: str
    remarks: list[str] = field(default_factory=list)


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
    alone = [*found.left_out, *([] if found is mask_scan else mask_scan.left_out)]
    remarks = [*match.remarks, *describe_left_out(alone)]
    return Pairs(match.pairs, without, problems, match.suffix, match.ambiguous, unused, layout, remarks)


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
    for by_name in (False, True):
        exact = _match_by_rules(images, masks, by_name, tolerant=False)
        used = _used(exact)
        left = [file for file in images if file.file not in used and file.path not in exact.ambiguous]
        others = [file for file in masks if file.file not in used]
        near = _match_by_rules(left, others, by_name, tolerant=True)
        if exact.pairs or near.pairs or exact.ambiguous:
            match = _join(exact, near)
            if match.pairs or by_name:
                return match
    return exact


def _join(exact: _Match, near: _Match) -> _Match:
    """What names say exactly, and what they say but for capitals, blanks and dashes."""
    pairs = sorted([*exact.pairs, *near.pairs], key=lambda pair: pair.path)
    masks = {pair.mask.path for pair in near.pairs}
    remarks = [*exact.remarks, *near.remarks]
    if near.pairs:
        first = near.pairs[0]
        remarks.append(
            f"{len(near.pairs)} masks have names that differ from their images' in capitals, blanks or dashes, and "
            f"were matched all the same (the first: {first.image.path} and {first.mask.path})"
        )
    ambiguous = sorted({*exact.ambiguous, *near.ambiguous})
    unused = [path for path in exact.unused if path not in masks]
    return _Match(pairs, ambiguous, unused, exact.suffix or near.suffix, remarks)


def _match_by_rules(
    images: Sequence[ImageFile], masks: Sequence[ImageFile], by_name: bool, *, tolerant: bool
) -> _Match:
    """The rule that fits most images, then others for the images that it leaves."""
    rules = list(RULES)
    parts = {file.path: _parts_of(file.path, by_name, tolerant) for file in [*images, *masks]}
    total: _Match | None = None
    left, others = list(images), list(masks)
    while left and others and rules:
        best_rule, best = rules[0], _Match([], [], [], "")
        for rule in rules:
            match = _match_by_rule(left, others, rule, parts, tolerant)
            if (len(match.pairs), len(match.ambiguous)) > (len(best.pairs), len(best.ambiguous)):
                best_rule, best = rule, match
            if len(best.pairs) == len(left):
                break
        if not best.pairs:
            total = total or best
            break
        if total is None:
            total = best
        else:
            total = _Match(
                [*total.pairs, *best.pairs],
                sorted({*total.ambiguous, *best.ambiguous}),
                total.unused,
                total.suffix,
                [*total.remarks, *best.remarks],
            )
        rules.remove(best_rule)
        used = _used(total)
        left = [file for file in left if file.file not in used and file.path not in total.ambiguous]
        others = [file for file in others if file.file not in used]
    if total is None:
        return _Match([], [], [], "")
    masks_used = {pair.mask.path for pair in total.pairs}
    unused = [path for path in total.unused if path not in masks_used]
    return _Match(
        sorted(total.pairs, key=lambda pair: pair.path), total.ambiguous, unused, total.suffix, total.remarks
    )


def _used(match: _Match) -> set[Path]:
    return {file.file for pair in match.pairs for file in (pair.image, pair.mask)}


def _match_by_rule(
    images: Sequence[ImageFile],
    masks: Sequence[ImageFile],
    rule: _Rule,
    parts: Mapping[str, _Parts],
    tolerant: bool,
) -> _Match:
    known: dict[str, list[ImageFile]] = {}
    for mask in masks:
        key = _key(parts[mask.path], _around(rule.mask, tolerant))
        if key is not None:
            known.setdefault(key, []).append(mask)
    for candidates in known.values():
        candidates.sort(key=lambda file: EXACT.get(PurePosixPath(file.path).suffix.lower(), NO_PREFERENCE))
    pairs: list[Pair] = []
    ambiguous: list[str] = []
    image_keys: dict[str, list[ImageFile]] = {}
    several: list[Pair] = []
    for image in images:
        key = _key(parts[image.path], _around(rule.image, tolerant), rule.with_ending)
        if key is None:
            continue
        image_keys.setdefault(key, []).append(image)
        candidates = known.get(key, [])
        if not candidates or candidates[0].file == image.file:
            continue
        others = [mask for mask in candidates if mask.file != image.file]
        if len({PurePosixPath(mask.path).parent for mask in others}) > 1 or (tolerant and len(others) > 1):
            ambiguous.append(image.path)
            continue
        pairs.append(Pair(image, candidates[0]))
        if len(others) > 1:
            several.append(pairs[-1])
    unused = [mask.path for key, candidates in known.items() if key not in image_keys for mask in candidates]
    return _Match(pairs, ambiguous, sorted(unused), rule.suffix, _about_shared_names(pairs, several))


def _about_shared_names(pairs: Sequence[Pair], several: Sequence[Pair]) -> list[str]:
    remarks = []
    if several:
        first = several[0]
        remarks.append(
            f"{len(several)} images have several masks of their name, and the one that keeps values best was taken "
            f"(the first: {first.mask.path} for {first.image.path})"
        )
    by_mask: dict[str, list[str]] = {}
    for pair in pairs:
        by_mask.setdefault(pair.mask.path, []).append(pair.image.path)
    shared = [(mask, images) for mask, images in by_mask.items() if len(images) > 1]
    if shared:
        mask, images = shared[0]
        remarks.append(
            f"{len(shared)} masks belong to several images by their name, and are used for each (the first: {mask} for "
            f"{' and '.join(images[:3])}); where they differ, give masks the images' whole names, such as "
            f"{images[0]}.png"
        )
    return remarks


def _parts_of(path: str, by_name: bool, tolerant: bool) -> _Parts:
    plain = PurePosixPath(path)
    folder, stem, name = "" if by_name else str(plain.parent), plain.stem, plain.name
    return _Parts(*map(_tolerant, (folder, stem, name))) if tolerant else _Parts(folder, stem, name)


def _around(affixes: tuple[str, str], tolerant: bool) -> tuple[str, str]:
    return (_tolerant(affixes[0]), _tolerant(affixes[1])) if tolerant else affixes


def _key(parts: _Parts, affixes: tuple[str, str], with_ending: bool = False) -> str | None:
    """What a name shares with its counterpart; None where it is not of this kind."""
    name = parts.name if with_ending else parts.stem
    prefix, suffix = affixes
    if not (name.startswith(prefix) and name.endswith(suffix)) or len(name) <= len(prefix) + len(suffix):
        return None
    return f"{parts.folder}/{name[len(prefix) : len(name) - len(suffix)]}"


@lru_cache(1024)
def _tolerant(name: str) -> str:
    return re.sub(r"[\s\-]", "_", unicodedata.normalize("NFKC", name).casefold())
