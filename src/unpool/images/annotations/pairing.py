"""Match what annotations draw to the images."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.annotations.detection import find_annotations
from unpool.images.annotations.drawings import Annotations, Drawing
from unpool.images.labels.path_matching import PathMatcher, describe_bases
from unpool.images.masks.pairs import Pair, Pairs, find_pairs
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import ImageFile, scan_folder

CVAT_MASKS = "SegmentationClass"
CVAT_CLASSES = "labelmap.txt"


def find_labelled_pairs(images: Path, masks: Path, *, leave_out: Path | None = None) -> Pairs:
    """Find the mask of each image, file or drawing.

    Args:
        images: Folder of images.
        masks: Folder of masks, or a file or folder of annotations, which content shows.
        leave_out: A folder that is not read.

    Returns:
        The pairs, and what has no pair.

    Raises:
        UnpoolError: Where nothing can be read, or no image has a mask.
    """
    if (exported := _find_cvat_masks(masks)) is not None:
        found = find_pairs(images, exported, leave_out=leave_out)
        return replace(found, class_file=exported.parent / CVAT_CLASSES)
    annotations = None
    if masks.is_file() or (masks.is_dir() and not _holds_masks(images, masks, leave_out)):
        annotations = find_annotations(masks)
    if annotations is None:
        return find_pairs(images, masks, leave_out=leave_out)
    return _match(images, annotations, leave_out)


def _find_cvat_masks(masks: Path) -> Path | None:
    """The masks of the export "Segmentation mask 1.1" of CVAT, whose folder has its classes beside it.

    Programs that pack the export again put one more folder around it.
    """
    wrapped = list(masks.glob(f"*/{CVAT_MASKS}"))
    for folder in (masks / CVAT_MASKS, masks, *(wrapped if len(wrapped) == 1 else [])):
        if folder.name == CVAT_MASKS and folder.is_dir() and (folder.parent / CVAT_CLASSES).is_file():
            return folder
    return None


def _holds_masks(images: Path, masks: Path, leave_out: Path | None) -> bool:
    """Whether a folder holds pictures that are not the images themselves."""
    if images.exists() and masks.samefile(images):
        return False
    inner = Path(os.path.realpath(images))
    outer = Path(os.path.realpath(masks))
    every = scan_folder(masks, leave_out=leave_out, as_masks=True).files
    return any(
        not (outer / file.path).is_relative_to(inner) and not _is_image_of_set(Path(file.path))
        for file in every
    )


def _is_image_of_set(path: Path) -> bool:
    """Whether a file lies in a folder called images, as those of YOLO do."""
    return "images" in path.parts[:-1]


def _match(images: Path, annotations: Annotations, leave_out: Path | None) -> Pairs:
    found = scan_folder(images, leave_out=leave_out)
    if not found.files:
        problem = f" ({found.problems[0].path}: {found.problems[0].detail})" if found.problems else ""
        raise UnpoolError(f"{images} holds no image that can be used{problem}; check the folder")
    image_of = _match_names([file.path for file in found.files], images, annotations)
    mask = _describe_file(annotations.path)
    files = {file.path: file for file in found.files}
    drawn: dict[str, Drawing] = {}
    num_twice = 0
    for place, drawing in enumerate(annotations.drawings):
        path = image_of.get(place)
        if path is not None:
            num_twice += path in drawn
            drawn.setdefault(path, drawing)
    if not drawn:
        first = annotations.drawings[0].names[0] if annotations.drawings else "nothing"
        raise UnpoolError(
            f"no image of {images} is named in {annotations.path}, {annotations.title}: the first are "
            f"{found.files[0].path} and {first}; give the folder that the names belong to"
        )
    pairs = [Pair(files[path], mask, drawn[path]) for path in sorted(drawn)]
    unused = [drawing.names[0] for place, drawing in enumerate(annotations.drawings) if place not in image_of]
    return Pairs(
        pairs, [path for path in files if path not in drawn], list(found.problems), unused=sorted(unused),
        remarks=[*_describe(annotations, pairs, num_twice), *describe_left_out(found.left_out)],
        drawn=annotations,
    )  # fmt: skip


def _match_names(paths: list[str], images: Path, annotations: Annotations) -> dict[int, str]:
    """The image of each drawing, by its place: by the first of its names that fits one."""
    root, folder = (Path(os.path.realpath(each)) for each in (images, annotations.path))
    folder = folder if folder.is_dir() else folder.parent
    matcher = PathMatcher(paths, [root.as_posix()], describe_bases(annotations.path))
    names_of = {place: _list_names(root, folder, each) for place, each in enumerate(annotations.drawings)}
    found: dict[int, str] = {}
    for level in range(max(map(len, names_of.values()), default=0)):
        named = {
            place: names[level]
            for place, names in names_of.items()
            if place not in found and len(names) > level
        }
        matches = matcher.match(list(named.values()))
        taken = set(found.values())
        for place, name in named.items():
            if (path := matches.image_of.get(name)) is not None and path not in taken:
                found[place] = path
    return found


def _list_names(root: Path, folder: Path, drawing: Drawing) -> list[str]:
    """The names of a drawing's image, each first as it is below the folder of the images, where it leads there."""
    names: dict[str, None] = {}
    for name in drawing.names:
        full = Path(os.path.normpath(folder / name))
        if full.is_relative_to(root):
            names[full.relative_to(root).as_posix()] = None
        names[name] = None
    return list(names)


def _describe_file(path: Path) -> ImageFile:
    status = path.stat()
    return ImageFile(path.name, path, status.st_size, status.st_mtime)


def _describe(annotations: Annotations, pairs: list[Pair], num_twice: int) -> list[str]:
    areas = [pair.drawing.areas for pair in pairs if pair.drawing is not None]
    remarks = [
        f"masks are the {sum(map(len, areas)):,} areas that {annotations.path} ({annotations.title}) draws on "
        f"{len(pairs):,} images",
        *annotations.remarks,
    ]
    if empty := sum(not each for each in areas):
        remarks.append(f"{empty:,} of these images have no area: all their pixels are ground")
    kinds: Counter[str] = annotations.passed_over
    remarks += [f"{count:,} {kind} are no masks and were left out" for kind, count in sorted(kinds.items())]
    if num_twice:
        remarks.append(f"{num_twice:,} images are drawn on twice, and the first time counts")
    return remarks
