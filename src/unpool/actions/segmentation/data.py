"""Pairs of images and masks: found, their classes inferred, decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.actions.outputs.messages import report, report_problems
from unpool.core.cpu import cores_of_process
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.class_names import learn_names
from unpool.images.annotations.pairing import find_labelled_pairs
from unpool.images.masks.class_file import describe_encoding, read_classes
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.infer_classes import OBJECTS, add_palette_colours, infer_classes
from unpool.images.masks.mask_values import Values, count_values
from unpool.images.masks.pair_store import PairStore, join_pairs, load_pairs
from unpool.images.masks.pairs import Pair, Pairs, voc_split
from unpool.images.masks.pixel_classes import NEAREST, PixelClasses
from unpool.images.masks.value_shapes import find_objects, find_shades

if TYPE_CHECKING:
    from unpool.training.data.shared_folder import SharedFolder

MAX_LISTED = 1000  # images and masks without a counterpart, in results
NUM_NAMED = 3  # values that a sentence names
CLASS_FILES = ("labelmap.txt", "class_names.txt", "label_colors.txt", "class_dict.csv", "_classes.csv")


@dataclass(frozen=True)
class Learnt:
    """Classes, and sentences on what was understood."""

    classes: PixelClasses
    remarks: list[str]


def find_labelled(
    images: Path, masks: Path, *, split: str, progress: Progress, leave_out: Path | None = None
) -> Pairs:
    """Match the images and masks of two folders.

    Args:
        images: a folder.
        masks: a folder, or a file of annotations.
        split: of Pascal VOC, the list whose pairs are taken.
        progress: receives what has no counterpart or cannot be used.
        leave_out: a folder inside that is not searched.

    Returns:
        The pairs, and what was left out.

    Raises:
        UnpoolError: where no image of the list has a mask.
    """
    found = find_labelled_pairs(images, masks, leave_out=leave_out)
    report(describe_found(found), progress)
    report_problems(found.problems, progress)
    listed = voc_split(images, split)
    if listed is None:
        return found
    kept = [pair for pair in found.pairs if Path(pair.path).stem in listed]
    if not kept:
        raise UnpoolError(
            f"no image of {images} with a mask stands in its list {split}; check ImageSets/Segmentation"
        )
    return replace(found, pairs=kept)


def describe_found(found: Pairs) -> list[str]:
    """Say what lacks a counterpart, and what was assumed."""
    total = len(found.pairs) + len(found.without) + len(found.ambiguous)
    remarks = []
    for left_out, of, why in (
        (found.without, f"{total} images", "have no mask"),
        (
            found.ambiguous,
            f"{total} images",
            "have masks of their name in several folders, none in the image's own,",
        ),
        (found.unused, f"{len(found.unused) + len(found.pairs)} masks", "belong to no image"),
    ):
        if left_out:
            remarks.append(f"{len(left_out)} of {of} {why} and are left out (the first is {left_out[0]})")
    return remarks + found.remarks


def list_unmatched(found: Pairs) -> dict[str, Any]:
    """List images without a mask, and masks of no image.

    Args:
        found: the pairs.

    Returns:
        `unmatched` and `extra` are their numbers, `unmatched_images` and `extra_masks` the first of them.
    """
    images = sorted([*found.without, *found.ambiguous])
    return {
        "unmatched": len(images), "unmatched_images": images[:MAX_LISTED],
        "extra": len(found.unused), "extra_masks": found.unused[:MAX_LISTED],
    }  # fmt: skip


def count_masks(found: Pairs, progress: Progress, shared: SharedFolder | None = None) -> Values:
    """Count the values of all masks.

    Masks that cannot be read are reported by `load_labelled`.

    Args:
        found: the pairs.
        progress: receives the stage.
        shared: the processes, which count a share each; None: there is one.

    Raises:
        UnpoolError: where no mask can be read, or other processes see others.
    """
    own = found.pairs if shared is None else shared.share(found.pairs)
    with progress.stage("masks", len(own), "masks") as stage:
        values, problems = count_values(own, cores_of_process(), stage.advance)
    if shared is not None:
        counted = shared.gather((values, problems))
        values = sum((each for each, _ in counted), Values())
        problems = [problem for _, each in counted for problem in each]
    if not values.num_masks:
        raise UnpoolError(f"no mask can be read; the first, {problems[0].path}: {problems[0].detail}")
    return values


@dataclass(frozen=True)
class ClassChoice:
    """What is said of the classes.

    Args:
        file: the file of classes, or the name of a published set; None: they are inferred.
        ignore: the value that is no class; None: inferred.
        unknown: what to do with values that are no class.
        numbers: "classes" or "objects", which numbers stand for; None: found out.
    """

    file: Path | None = None
    ignore: int | None = None
    unknown: str = "refuse"
    numbers: str | None = None


def learn_classes(folders: Sequence[Pairs], values: Sequence[Values], choice: ClassChoice) -> Learnt:
    """Read the classes, or infer them from all masks.

    Args:
        folders: the pairs.
        values: what the masks of each folder hold.
        choice: what is said of the classes.

    Returns:
        The classes, and sentences on what was understood.

    Raises:
        UnpoolError: where the masks do not say what their classes are.
    """
    every = sum(values, Values())
    file = choice.file or next(filter(None, (folder.class_file for folder in folders)), None)
    if file is not None:
        if choice.numbers == OBJECTS:
            raise UsageError(
                f"--numbers objects says what the classes are, and so does --classes {file}; leave one out"
            )
        classes = add_palette_colours(read_classes(file, choice.ignore), every)
        own = [f"the classes are those of {file}"] if choice.file is None else []
        return Learnt(classes, own + describe_encoding(file))
    if any(folder.drawn is not None for folder in folders):
        return _learn_drawn(folders, values, choice)
    pairs = [pair for folder in folders for pair in folder.pairs]
    remarks = _check_objects(pairs, every) if choice.numbers is None else []
    shades = find_shades(pairs, every)
    if shades and choice.unknown == "refuse" and every.lossy is None:
        raise UnpoolError(
            f"{shades.text}: soft edges, no classes; save the masks without them, or give --unknown nearest (each "
            "pixel becomes the nearest class) or --unknown ignore"
        )
    layouts = {folder.layout for folder in folders}
    beside = next(filter(None, map(_class_file_beside, folders)), None)
    classes, meaning = infer_classes(
        every, ignore=choice.ignore, suffix=folders[0].suffix,
        layout=layouts.pop() if len(layouts) == 1 and beside is None else "", unknown=choice.unknown,
        numbers=choice.numbers, shades=shades.values if shades else frozenset(),
    )  # fmt: skip
    remarks.append(f"masks are understood as {meaning}")
    if beside is not None:
        remarks.append(
            f"{beside} lies beside them and may name the classes; it is not read without --classes {beside}"
        )
    return Learnt(classes, remarks)


def _learn_drawn(folders: Sequence[Pairs], values: Sequence[Values], choice: ClassChoice) -> Learnt:
    """The classes that annotations name."""
    drawn = [
        (folder.drawn, each) for folder, each in zip(folders, values, strict=True) if folder.drawn is not None
    ]
    if choice.numbers is not None:
        raise UsageError(
            f"--numbers {choice.numbers} is about numbers in masks, but {drawn[0][0].path} names its classes; leave it "
            "out"
        )
    if len(drawn) < len(folders):
        raise UnpoolError(
            f"{drawn[0][0].path} names its classes, but the masks of the other folder have numbers or colours; name "
            "both in a file, and give it with --classes"
        )
    classes, meaning = learn_names(drawn, choice.ignore)
    return Learnt(classes, [f"masks are understood as {meaning}"])


def _check_objects(pairs: Sequence[Pair], values: Values) -> list[str]:
    seen = find_objects(pairs, values)
    if seen is None:
        return []
    remedy = (
        "--numbers objects to separate objects from the ground, or --numbers classes if they are classes all the "
        "same"
    )
    if seen.is_certain:
        raise UnpoolError(
            f"the masks look as if they number objects, not classes: {seen.text}; give {remedy}"
        )
    return [f"do the masks number objects? {seen.text}; give {remedy}"]


def _class_file_beside(found: Pairs) -> Path | None:
    folder = found.pairs[0].mask.file.parent
    for place in (folder, folder.parent):
        for name in CLASS_FILES:
            if (place / name).is_file():
                return place / name
    return None


def load_labelled(
    pairs: Sequence[Pair],
    reading: FolderReading,
    *,
    file: Path | None,
    progress: Progress,
    shared: SharedFolder | None = None,
) -> PairStore:
    """Decode every pair once.

    Args:
        pairs: what to decode.
        reading: of the masks.
        file: where pairs lie that are too many for memory, or that several processes share.
        progress: receives the stage, and what cannot be used.
        shared: the processes, which decode a share each; None: there is one.

    Returns:
        The images with their label maps.

    Raises:
        UnpoolError: where no pair can be used.
    """
    own = pairs if shared is None else shared.share(pairs)
    own_file = file if shared is None or file is None else shared.name_own(file)
    with progress.stage("decoding", len(own), "pairs") as stage:
        store = load_pairs(own, reading, workers=cores_of_process(), file=own_file, progress=stage.advance)
        if shared is not None and file is not None and own_file is not None:
            shared.write(file, store.bytes_B)
            store = join_pairs(shared.gather(store.without_bytes()), file)
            own_file.unlink(missing_ok=True)
    report_problems(store.problems, progress)
    if not len(store):
        first = store.problems[0]
        raise UnpoolError(f"no pair of image and mask can be used; the first, {first.path}: {first.detail}")
    return store


def describe_ignored(num_ignored: int, num_pixels: int) -> list[str]:
    """Say how many pixels are no class.

    >>> describe_ignored(1, 40)
    ['1 of 40 pixels (2.5 %) are ignored: they are no class']
    """
    if not num_ignored:
        return []
    share = 100 * num_ignored / max(1, num_pixels)
    return [f"{num_ignored:,} of {num_pixels:,} pixels ({share:.3g} %) are ignored: they are no class"]


def describe_unknown(unknown: Mapping[str, int], masks: Sequence[str], what: str) -> list[str]:
    """Say which values of masks are no class.

    Args:
        unknown: pixels of each value.
        masks: those that hold any.
        what: "ignore" or "nearest".

    Returns:
        A sentence, or none.
    """
    if not unknown:
        return []
    common = sorted(unknown.items(), key=lambda pair: -pair[1])
    named = ", ".join(f"{value} ({count:,})" for value, count in common[:NUM_NAMED])
    more = f" and {len(common) - NUM_NAMED} others" if len(common) > NUM_NAMED else ""
    became = "become the nearest class" if what == NEAREST else "are ignored"
    return [
        f"{sum(unknown.values()):,} pixels of {len(masks)} masks hold values that are no class and {became}: "
        f"{named}{more}; the first mask is {masks[0]}"
    ]
