"""The good images that an inspector learns from.

N pictures, S side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.core.file_identity import stamp_of
from unpool.core.file_names import find_typed, to_key
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.opening import find_archive
from unpool.images.archives.path_list import is_path_list
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.scan import ImageFile, Problem, Scan, scan_folder
from unpool.images.remote.fetching import Fetcher, InPlace
from unpool.images.source import Source, open_source
from unpool.images.value_survey import describe_ranges, survey_values
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.inference.inspection.inspector import OVERLAP, fit_square
from unpool.inference.tiles import window_starts
from unpool.networks.preprocessing import WHOLE

MIN_IMAGES = 10
LEARNT_IMAGES = "learnt_images"  # key of the record's details: digests of the images learnt from
MAX_PICTURES = 2000  # learnt from: more say little new, and cost time and memory


@dataclass
class GoodImages:
    """Good images, as the network sees them.

    Args:
        pictures: (S, S, 3) uint8 each.
        owners: Which image each picture is of; several pictures of one are its windows.
        num_images: Number of images read and kept.
        problems: Files that could not be read.
        num_repeated: Images equal to another one, which were left out.
        num_left_out: Pictures beyond those learnt from.
        rules: By which values of more than 8 bits were scaled.
    """

    pictures: list[np.ndarray] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    num_images: int = 0
    problems: list[Problem] = field(default_factory=list)
    num_repeated: int = 0
    num_left_out: int = 0
    rules: ValueRules = NO_RULES


class _TypedPaths(InPlace):
    """Images, or folders of them, as somebody typed them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths, self.rules = paths, NO_RULES

    def scan(self) -> Scan:
        files: list[ImageFile] = []
        problems: list[Problem] = []
        for path in map(find_typed, self._paths):
            if path.is_dir():
                found = scan_folder(path)
                files += found.files
                problems += found.problems
            elif path.is_file():
                status = path.stat()
                key = to_key(path.name)
                files.append(ImageFile(key, path, status.st_size, status.st_mtime, stamp_of(status)))
            else:
                raise UnpoolError(f"there is no image or folder '{path}'; check the path")
        return Scan(files, problems)

    def read(self, file: ImageFile, min_side: int) -> Picture:
        return read_picture(file.file, min_side=min_side, rules=self.rules)

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Nothing is read ahead of a disk."""


def _open(good: Path | Sequence[Path]) -> Source | _TypedPaths:
    if not isinstance(good, Path):
        return _TypedPaths(good)
    typed = find_typed(good)
    if typed.is_file() and find_archive(typed) is None and not is_path_list(typed):
        return _TypedPaths([typed])
    return open_source(str(good))


def read_good_images(
    good: Path | Sequence[Path],
    size: int,
    tile: int | None,
    progress: Progress,
    *,
    seed: int = 0,
    least: int = MIN_IMAGES,
    rules: ValueRules = NO_RULES,
) -> GoodImages:
    """Read good images, cut into windows with a `tile`.

    Args:
        good: A folder of images, or one image, or a list of both; whatever else lies there is left alone.
        size: Side of the pictures, pixels.
        tile: Side of the windows in pixels of the images; None: images are seen whole.
        progress: Receives a stage.
        seed: Of the choice where there are more than can be learnt from.
        least: Fewest images.
        rules: By which values of more than 8 bits are scaled; kinds without one get one.

    Returns:
        Pictures, with counts of what was left out.

    Raises:
        UnpoolError: fewer images than `least` can be used.
    """
    scan = (source := _open(good)).scan()
    found, files = GoodImages(problems=list(scan.problems)), list(scan.files)
    if tile is None and len(files) > MAX_PICTURES:
        kept = np.sort(np.random.default_rng(seed).permutation(len(files))[:MAX_PICTURES])
        found.num_left_out, files = len(files) - MAX_PICTURES, [files[number] for number in kept]
    found.rules = _find_rules(source, files, rules, progress)
    seen: set[bytes] = set()
    with progress.stage("reading", len(files), "images") as stage:
        for one in _read(source, files, size, tile):
            stage.advance()
            if isinstance(one, Problem):
                found.problems.append(one)
            elif (digest := _digest(one)) in seen:
                found.num_repeated += 1
            else:
                seen.add(digest)
                found.pictures += one
                found.owners += [found.num_images] * len(one)
                found.num_images += 1
    if found.num_images < least:
        raise UnpoolError(_too_few(good, found, least))
    _limit(found, seed)
    return found


def digest_images(images: GoodImages) -> list[str]:
    """Return what each image is known again by, in order."""
    digests = [sha256() for _ in range(images.num_images)]
    for owner, picture in zip(images.owners, images.pictures, strict=True):
        digests[owner].update(picture.tobytes())
    return [digest.hexdigest()[:16] for digest in digests]


def _digest(pictures: list[np.ndarray]) -> bytes:
    return blake2b(b"".join(picture.tobytes() for picture in pictures)).digest()


def _find_rules(
    source: Source | _TypedPaths, files: list[ImageFile], rules: ValueRules, progress: Progress
) -> ValueRules:
    """Give a source the ranges of deep values."""
    if not isinstance(source, Fetcher):
        return rules
    survey = survey_values(files, rules, usable_cores(), progress, source)
    if survey.new:
        progress.message(describe_ranges(survey, remedy=""))
    source.rules = survey.rules
    return survey.rules


def _too_few(place: Path | Sequence[Path], good: GoodImages, least: int) -> str:
    name = str(place) if isinstance(place, Path) else ", ".join(map(str, place[:3])) or "an empty list"
    reasons = []
    if good.problems:
        first = good.problems[0]
        reasons.append(f"{len(good.problems)} cannot be read, the first {first.path}: {first.detail}")
    if good.num_repeated:
        reasons.append(f"{good.num_repeated} repeat another")
    why = f" ({'; '.join(reasons)})" if reasons else ""
    if not good.num_images:
        needed = f", which needs at least {least} good images" if least > 1 else ""
        return f"{name} holds no image that can be used{why}; check the folder{needed}"
    images = "image" if good.num_images == 1 else "images"
    return (
        f"{name} holds {good.num_images} good {images} that can be used{why}, but at least {least} are needed; "
        f"{least - good.num_images} more will do"
    )


def _limit(good: GoodImages, seed: int) -> None:
    num = len(good.pictures)
    if num <= MAX_PICTURES:
        return
    counts = np.bincount(good.owners)
    order = np.random.default_rng(seed).permutation(len(counts))
    # Whole images: the largest of fewer windows than are inspected later would be too low a score.
    fitting = max(MIN_IMAGES, int(np.searchsorted(counts[order].cumsum(), MAX_PICTURES, side="right")))
    kept = np.flatnonzero(np.isin(good.owners, order[:fitting]))
    good.num_left_out += num - len(kept)
    good.pictures = [good.pictures[number] for number in kept]
    good.owners = [good.owners[number] for number in kept]
    good.num_images = len(set(good.owners))


def _read(
    source: Source | _TypedPaths, files: list[ImageFile], size: int, tile: int | None
) -> Iterator[list[np.ndarray] | Problem]:
    def read_one(file: ImageFile) -> list[np.ndarray] | Problem:
        try:
            pixels_HW3 = in_colour(source.read(file, WHOLE).pixels)
        except UnreadableImageError as error:
            return Problem(file.path, error.problem, error.detail)
        return cut_pictures(pixels_HW3, size, tile)

    source.expect(files)
    try:
        yield from map_ordered(read_one, files, usable_cores())
    finally:
        source.expect([])


def in_colour(pixels: np.ndarray) -> np.ndarray:
    """Return pixels (H, W, 3), also of a grey image."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3]


def cut_pictures(pixels_HW3: np.ndarray, size: int, tile: int | None) -> list[np.ndarray]:
    """Cut an image into what the network sees.

    Args:
        pixels_HW3: uint8.
        size: Side of the pictures, pixels.
        tile: Side of windows in pixels of the image; None for the whole.

    Returns:
        (S, S, 3) each, row by row.
    """
    if tile is None:
        return [fit_square(pixels_HW3, size)]
    height, width = pixels_HW3.shape[:2]
    return [
        fit_square(pixels_HW3[top : top + tile, left : left + tile], size)
        for top in window_starts(height, tile, OVERLAP)
        for left in window_starts(width, tile, OVERLAP)
    ]
