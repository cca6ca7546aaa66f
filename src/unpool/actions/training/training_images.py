"""The images of a training: found, decoded, labelled, split.

N images, S side, C channels, M some of the images.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from unpool.actions.embedding.choose_network import trained_size
from unpool.actions.training.image_task import Labels
from unpool.actions.training.network_request import InputShape, NetworkRequest, input_shape_for
from unpool.actions.training.preflight import check_augmentation, check_size_matches
from unpool.actions.training.run import Parts
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.class_folders import check_classes_not_empty, class_labels
from unpool.images.pixel_cache import load_pixels
from unpool.images.reading.decode import Picture
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.source import FolderSource, NamedSource, Source

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator

    from unpool.images.augment.augmentation import Augmentation
    from unpool.networks.preprocessing import Preprocessing
    from unpool.training.data.datasets import PixelSet


@dataclass
class FoundImages:
    """The files of the sources, those to train on first.

    Args:
        sources: the images to train on, and perhaps others to validate on.
        files: the files of all sources, (N,).
        source_number: which source each is of, (N,).
        problems: files that cannot be used.
    """

    sources: list[Source]
    files: list[ImageFile] = field(default_factory=list)
    source_number: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

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
        found.files += scan.files
        found.source_number += [number] * len(scan.files)
        found.problems += scan.problems
        if not scan.files:
            raise UnpoolError(f"{source.location} has no image that can be used; name a folder with images")
    return found


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
    found: FoundImages, size: DecodedSize, cache: Path, accelerator: Accelerator, progress: Progress
) -> np.ndarray:
    """Decode every image once.

    Several processes share what the first one decoded.

    Args:
        found: the files; those that cannot be read are moved to its problems.
        size: sides and channels.
        cache: folder for arrays too large for memory.
        accelerator: the processes.
        progress: receives the stage, and how many files were skipped.

    Returns:
        The images, (N, S, S, C) uint8.

    Raises:
        UnpoolError: where no image can be read.
    """
    if (whole_NSSC := _decoded_set(found, size)) is not None:
        return whole_NSSC
    source_of = {
        id(file): found.sources[number] for file, number in zip(found.files, found.source_number, strict=True)
    }

    def read(file: ImageFile, side: int) -> Picture:
        return source_of[id(file)].read(file, side)

    options: dict[str, Any] = {"memory_limit": 0} if accelerator.num_processes > 1 else {}
    with (
        accelerator.main_process_first(),
        progress.stage("decoding", len(found.files), "images") as stage,
    ):
        pixels_NSSC, usable = load_pixels(
            found.files, size=size.stored, channels=cast(Literal[1, 3] | None, size.shape.channels),
            crop="centre", workers=usable_cores(), cache=cache, read=read,
            progress=lambda done: stage.reach(done, len(found.files)), on_problem=found.problems.append,
            **options,
        )  # fmt: skip
    _report_skipped(found, len(pixels_NSSC), progress)
    found.files = [found.files[index] for index in usable]
    found.source_number = [found.source_number[index] for index in usable]
    return pixels_NSSC


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


def read_labels(found: FoundImages) -> Labels:
    """Read each image's class from its folder.

    Raises:
        UnpoolError: for class folders without images, and classes that only one source has.
    """
    number_N = np.array(found.source_number)
    classes: list[str] | None = None
    label_N = np.zeros(len(found.files), np.int64)
    for number, source in enumerate(found.sources):
        rows = np.flatnonzero(number_N == number)
        paths = [found.files[row].path for row in rows]
        if isinstance(source, FolderSource):
            check_classes_not_empty(source.folder, paths, source.leave_out)
        classes, label_N[rows] = class_labels(paths, source.location, classes)
    return Labels(label_N, classes or [])


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
