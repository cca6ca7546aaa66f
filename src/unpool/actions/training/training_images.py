"""The images of a training: found, decoded, labelled, split.

N images, S side, C channels, M some of the images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from unpool.actions.embedding.choose_network import trained_size
from unpool.actions.training.image_task import Labels
from unpool.actions.training.network_request import InputShape, NetworkRequest, input_shape_for
from unpool.actions.training.preflight import check_augmentation, check_size_matches
from unpool.actions.training.run import Parts
from unpool.core.cpu import cores_of_process, usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.labels.class_folders import (
    FOLDERS,
    check_classes_not_empty,
    is_folders,
    number_classes,
)
from unpool.images.labels.headings import normalise_name
from unpool.images.labels.splits import TEST_WORDS, TRAIN_WORDS
from unpool.images.labels.true_labels import TrueLabels, read_true_labels
from unpool.images.pixel_cache import DecodeTask, keep_channels, load_pixels
from unpool.images.reading.decode import Picture
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.remote.fetching import Fetcher, Fetchers
from unpool.images.source import FolderSource, NamedSource, Source
from unpool.images.value_survey import describe_ranges, survey_values
from unpool.images.values.rules import NO_RULES, ValueRules

if TYPE_CHECKING:
    import torch

    from unpool.images.augment.augmentation import Augmentation
    from unpool.networks.preprocessing import Preprocessing
    from unpool.training.data.datasets import PixelSet
    from unpool.training.data.shared_folder import SharedFolder


NUM_NAMED = 3  # classes named in a message


@dataclass
class FoundImages:
    """The files of the sources, those to train on first.

    Args:
        sources: the images to train on, and perhaps others to validate on.
        files: the files of all sources, (N,).
        source_number: which source each is of, (N,).
        problems: files that cannot be used.
        class_names: the class of each file, (N,), where classes were read.
        labels: how the classes of each source were found.
        rules: by which values of more than 8 bits are scaled.
    """

    sources: list[Source]
    files: list[ImageFile] = field(default_factory=list)
    source_number: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    class_names: list[str | None] = field(default_factory=list)
    labels: list[TrueLabels] = field(default_factory=list)
    rules: ValueRules = NO_RULES

    def keep(self, rows: Sequence[int] | np.ndarray) -> None:
        """Keep the files of some rows, in their order."""
        self.files = [self.files[row] for row in rows]
        self.source_number = [self.source_number[row] for row in rows]
        if self.class_names:
            self.class_names = [self.class_names[row] for row in rows]

    @property
    def fingerprint(self) -> str:
        """A digest of paths, sizes and times of the files."""
        digest = hashlib.blake2b(digest_size=12)
        for file in self.files:
            digest.update(repr((file.path, file.bytes, file.modified)).encode())
        return digest.hexdigest()


def find_images(sources: list[Source], progress: Progress) -> FoundImages:
    """List the files of all sources.

    Raises:
        UnpoolError: where a source has no usable image.
    """
    found = FoundImages(sources)
    for number, source in enumerate(sources):
        with progress.stage("scanning"):
            scan = source.scan()
        for line in describe_left_out(scan.left_out):
            progress.message(line)
        found.files += scan.files
        found.source_number += [number] * len(scan.files)
        found.problems += scan.problems
        if not scan.files:
            raise UnpoolError(f"{source.location} has no image that can be used; name a folder with images")
    find_rules(found, progress)
    return found


def find_rules(found: FoundImages, progress: Progress) -> None:
    """Give all sources one rule for deep values.

    It is found in the images of folders, here and on object stores.
    """
    numbered = zip(found.files, found.source_number, strict=True)
    fetchers = Fetchers(
        (file, source) for file, number in numbered if isinstance(source := found.sources[number], Fetcher)
    )
    survey = survey_values(fetchers.files, found.rules, usable_cores(), progress, fetchers)
    found.rules = survey.rules
    for source in found.sources:
        if isinstance(source, Fetcher):
            source.rules = survey.rules
    if survey.new:
        progress.message(describe_ranges(survey, remedy=""))


@dataclass(frozen=True)
class DecodedSize:
    """The sides at which images are decoded and seen.

    Args:
        shape: what the network takes.
        stored: side of the decoded images, pixels; an augmentation may crop them to the network's.
    """

    shape: InputShape
    stored: int


def decide_size(
    found: FoundImages, request: NetworkRequest, augment: str | None, augmentation: Augmentation | None
) -> DecodedSize:
    """Decide how images are decoded.

    Args:
        found: the images.
        request: the network.
        augment: as typed.
        augmentation: the transforms, which may need larger images.

    Returns:
        The side of decoded images, and what the network takes.

    Raises:
        UsageError: where the augmentation's images would not have the network's size.
    """
    shape = input_shape_for(request, lambda: trained_size(found.sources[0], found.files))
    stored = (augmentation and augmentation.size) or shape.size
    if augmentation is not None:
        check_augmentation(str(augment), augmentation, stored, shape)
    return DecodedSize(shape, stored)


def decode_images(
    found: FoundImages, size: DecodedSize, cache: Path, shared: SharedFolder | None, progress: Progress
) -> np.ndarray:
    """Decode every image once.

    Several processes each decode their share of the images.

    Args:
        found: the files; those that cannot be read are moved to its problems.
        size: sides and channels.
        cache: folder for arrays too large for memory.
        shared: the processes, and the folder that `cache` lies in; None: there is one process.
        progress: receives the stage, and how many files were skipped.

    Returns:
        The images, (N, S, S, C) uint8.

    Raises:
        UnpoolError: where no image can be read, or other processes see others.
    """
    from unpool.training.distributed import check_same_files

    if shared is not None:
        names = (f"{file.path}\0{file.bytes}" for file in found.files)
        check_same_files(names, found.sources[0].location, shared.accelerator)
    if (whole_NSSC := _decoded_set(found, size)) is not None:
        return whole_NSSC
    own = range(len(found.files)) if shared is None else shared.share(range(len(found.files)))
    for number, source in enumerate(found.sources):
        source.expect([found.files[row] for row in own if found.source_number[row] == number])
    with progress.stage("decoding", len(own), "images") as stage:
        pixels_NSSC, usable = _decode(
            found, size, cache, shared, lambda done: stage.reach(min(done, len(own)), len(own))
        )
    _report_skipped(found, len(pixels_NSSC), progress)
    found.keep(usable)
    return pixels_NSSC


def _decode(
    found: FoundImages,
    size: DecodedSize,
    cache: Path,
    shared: SharedFolder | None,
    progress: Callable[[int], None],
) -> tuple[np.ndarray, list[int]]:
    """The images, and which of the files they are."""
    from unpool.training.data.shared_pixels import load_shared_pixels

    source_of = {
        id(file): found.sources[number] for file, number in zip(found.files, found.source_number, strict=True)
    }

    def read(file: ImageFile, side: int) -> Picture:
        return source_of[id(file)].read(file, side)

    channels = cast(Literal[1, 3] | None, size.shape.channels)
    if shared is None:
        return load_pixels(
            found.files, size=size.stored, channels=channels, crop="centre", workers=usable_cores(), cache=cache,
            read=read, progress=progress, on_problem=found.problems.append,
        )  # fmt: skip
    task = DecodeTask(found.files, size.stored, channels or 3, "centre", cores_of_process(), read, progress)
    pixels_NSSC = load_shared_pixels(task, cache, shared)
    found.problems += task.problems
    return pixels_NSSC if channels else keep_channels(pixels_NSSC, task), task.usable


def _decoded_set(found: FoundImages, size: DecodedSize) -> np.ndarray | None:
    """The pixels of a named set that is used at its own size; None where there is something to decode."""
    if len(found.sources) > 1 or not isinstance(found.sources[0], NamedSource):
        return None
    pixels_NSSC = found.sources[0].pixels(found.files, size.stored)
    if pixels_NSSC is None or size.shape.channels in (None, pixels_NSSC.shape[3]):
        return pixels_NSSC
    return None


def _report_skipped(found: FoundImages, num_decoded: int, progress: Progress) -> None:
    if found.problems:
        first = found.problems[0]
        progress.message(f"{len(found.problems)} files skipped, the first: {first.path} ({first.detail})")
    if len(found.problems) >= len(found.files) and not num_decoded:
        raise UnpoolError(f"none of the {len(found.files)} images of {found.sources[0].location} can be read")


def assign_classes(found: FoundImages, labels: str | None, progress: Progress) -> None:
    """Give each image its class.

    Images that a label file leaves out are dropped.

    Args:
        found: the images, of one source or two.
        labels: folders, or a file of path,label; None for the folders that images lie in.
        progress: receives what was assumed, and which lines matched nothing.

    Raises:
        UnpoolError: for labels that fit no image, and for folders of images to train on beside those to test on.
    """
    number_N = np.array(found.source_number)
    names: list[str | None] = [None] * len(found.files)
    for number, source in enumerate(found.sources):
        rows = np.flatnonzero(number_N == number)
        places = [source.location] if isinstance(source, FolderSource) else []
        read = read_true_labels([found.files[row].path for row in rows], labels or FOLDERS, places)
        if labels is None:
            _check_no_parts(source, read)
        for line in read.lines:
            progress.message(line)
        found.labels.append(read)
        for row, name in zip(rows.tolist(), read.classes, strict=True):
            names[row] = name
    found.class_names = names
    if labels is not None and not is_folders(labels):
        found.keep([row for row, name in enumerate(names) if name is not None])


def _check_no_parts(source: Source, labels: TrueLabels) -> None:
    """Raise `UnpoolError` where images to test on would be trained on."""
    parts: dict[str, int] = labels.facts["parts"]
    if not parts:
        return
    folder = Path(source.location, labels.facts["parts_path"])
    train = next(name for name in parts if normalise_name(name) in TRAIN_WORDS)
    test = next(name for name in parts if normalise_name(name) in TEST_WORDS)
    listed = " and ".join(f"{name} ({count} images)" for name, count in sorted(parts.items()))
    raise UnpoolError(
        f"{folder} holds {listed}: all would be trained on; give {folder / train} --val {folder / test}, "
        f"or --labels {FOLDERS}:-1 to train on all"
    )


def read_labels(found: FoundImages) -> Labels:
    """Number the classes of the images.

    Raises:
        UnpoolError: for class folders without images, and classes that only one source has.
    """
    number_N = np.array(found.source_number)
    classes: list[str] | None = None
    label_N = np.zeros(len(found.files), np.int64)
    for number, source in enumerate(found.sources):
        rows = np.flatnonzero(number_N == number).tolist()
        paths = [found.files[row].path for row in rows]
        if isinstance(source, FolderSource) and is_folders(found.labels[number].source):
            check_classes_not_empty(source.folder, paths, source.leave_out)
        names = [found.class_names[row] for row in rows]
        classes, label_N[rows] = number_classes(names, paths, source.location, classes)
    facts = {
        "labelled": len(found.files),
        "unlabelled": sum(each.facts["unlabelled"] for each in found.labels),
    }
    return Labels(label_N, classes or [], facts=facts | {"labels": [each.facts for each in found.labels]})


def report_unvalidated(labels: Labels, parts: Parts, progress: Progress) -> Labels:
    """Find the classes that have no image to validate on.

    Args:
        labels: the class of each image.
        parts: indices to train on and to validate on.
        progress: receives a message where there are such classes.

    Returns:
        The labels with those classes; with none where nothing is validated.
    """
    trained_K, held_K = (
        np.bincount(labels.class_of_image[part], minlength=len(labels.classes)) for part in parts
    )
    missing = np.flatnonzero(held_K == 0).tolist() if held_K.any() else []
    if missing:
        named = [f"{labels.classes[k]} ({trained_K[k]} to train on)" for k in missing[:NUM_NAMED]]
        more = ", …" if len(missing) > NUM_NAMED else ""
        progress.message(f"classes without an image to validate on: {', '.join(named)}{more}")
    return replace(labels, not_validated=tuple(labels.classes[k] for k in missing))


def split_images(found: FoundImages, labels: Labels | None, share: float, seed: int) -> Parts:
    """Split the images for training and validation.

    Args:
        found: the images, of one source or two.
        labels: the share is then taken of each class.
        share: of one source's images that is validated on.
        seed: of the split.

    Returns:
        Indices to train on, and to validate on.

    Raises:
        UnpoolError: where no image of a source can be read.
    """
    from unpool.training.data.datasets import split

    if len(found.sources) > 1:
        number_N = np.array(found.source_number)
        parts = np.flatnonzero(number_N == 0), np.flatnonzero(number_N == 1)
        if not all(len(part) for part in parts):
            raise UnpoolError("none of the images to train on, or to validate on, can be read")
        return parts
    return split(len(found.files), share, seed, labels.class_of_image if labels else None)


def build_pixel_set(
    pixels_NSSC: np.ndarray,
    preprocessing: Preprocessing,
    device: torch.device,
    augment: str | None,
    augmentation: Augmentation | None,
) -> PixelSet:
    """Build batches of decoded images.

    Args:
        pixels_NSSC: the images, uint8.
        preprocessing: of the network.
        device: where batches go.
        augment: as typed.
        augmentation: the transforms of training images.

    Returns:
        The images, in batches.
    """
    from unpool.training.data.datasets import PixelSet

    if augmentation is not None:
        side, channels = pixels_NSSC.shape[1], pixels_NSSC.shape[3]
        check_size_matches(str(augment), augmentation, side, channels, preprocessing.size)
    return PixelSet(pixels_NSSC, preprocessing.mean, preprocessing.std, device, augmentation)
