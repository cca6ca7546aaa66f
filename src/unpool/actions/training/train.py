"""`unpool train`: from a folder of images to a model folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from unpool.actions.embedding.choose_network import trained_size
from unpool.actions.training.frozen_head import train_head_alone
from unpool.actions.training.network_request import (
    InputShape,
    NetworkRequest,
    build_requested_network,
    input_shape_for,
    parse_network_spec,
)
from unpool.actions.training.output_folder import check_folder_is_free, check_no_mixing, check_writable
from unpool.actions.training.preflight import (
    check_options_have_effect,
    check_size_matches,
    check_weights_fit,
    try_augmentation,
    try_network,
)
from unpool.actions.training.run import (
    Labels,
    Run,
    finished,
    fit_run,
    result,
)
from unpool.actions.training.settings import (
    RANGE_CHECKED_OPTIONS,
    check_patience_has_validation,
    resolve_settings,
)
from unpool.core.cpu import usable_cores
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.class_folders import check_classes_not_empty, class_labels
from unpool.images.pixel_cache import load_pixels
from unpool.images.reading.decode import Picture
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.source import FolderSource, NamedSource, Source, open_source
from unpool.inference.model import pick_device
from unpool.options import COMPARING, check
from unpool.training.checkpoint import NAME as CHECKPOINT
from unpool.training.recipes import ADAPTED_SHARE, HEAD, recipe_for
from unpool.training.run_folder import PIXELS


def train(
    place: str,
    *,
    out: Path,
    objective: str | None = None,
    val: float | str | None = None,
    augment: str | None = None,
    resume: bool = False,
    freeze: bool = False,
    precision: str = "auto",
    data: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    network: str | None = None,
    from_model: Path | None = None,
    size: int | None = None,
    width: int | None = None,
    decoder: str | None = None,
    weights: str | None = None,
    init: str | None = None,
    no_indices: bool = False,
    **typed: Any,
) -> dict[str, Any]:
    """Train a network on the images of `place` and write the model folder `out`.

    `typed` are epochs, steps, minutes, batch, drop_last, optimizer, lr, weight_decay, schedule, loss, corruption
    and patience; None leaves them to the network's recipe. Returns the JSON object of `unpool train`. Raises
    `UsageError` for options that do not go together, `UnpoolError` for images or models that cannot be used.
    """
    import torch  # noqa: F401 - seconds are counted from the first file, not from the program's start

    from unpool.images.augment.augmentation import read_augmentation
    from unpool.training.distributed import build_accelerator

    progress = progress or Progress()
    check(seed=seed, device=device, size=size, precision=precision, **_checked(typed))
    check_folder_is_free(out)
    share = val if isinstance(val, float | int) else 0.0 if isinstance(val, str) else 0.1
    check(val=share)
    wanted = parse_network_spec(network, from_model, size, width, decoder, weights, init, no_indices, seed)
    only_head = freeze and objective in COMPARING
    recipe = HEAD if only_head else recipe_for(wanted.name, wanted.is_backbone)
    how = resolve_settings(
        recipe, objective,
        typed | {"val": float(share), "seed": seed, "augment": augment, "freeze": freeze, "precision": precision},
    )  # fmt: skip
    check_patience_has_validation(how.plan, validates=share > 0 or isinstance(val, str))
    by_views = how.objective in COMPARING and how.views is not None
    augmentation = None if by_views or augment in (None, "none") else read_augmentation(str(augment))
    if only_head and augmentation is not None:
        raise UsageError(
            f"--augment {augment}: with --freeze features are made once, of views by name; give one, such as crops"
        )
    check_options_have_effect(how, wanted, augmentation)
    check_weights_fit(wanted)
    check_writable(out)
    accelerator = build_accelerator(pick_device(device), precision)
    places = [place, val] if isinstance(val, str) else [place]
    sources = [open_source(each, data, leave_out=out) for each in places]
    check_no_mixing(out, [source.folder for source in sources if isinstance(source, FolderSource)])
    origin = wanted.asked() | {"location": [source.location for source in sources]}
    if resume and (record := finished(out, origin | how.asked())) is not None:
        progress.message(f"{out} is finished: nothing to do")
        return result(out, record["network"], record["parameters"], record)
    job = _Job(sources, wanted, how.objective, augment, augmentation, seed, progress)
    began = time.perf_counter()
    job.scan()
    try_network(wanted, job.frame, how)
    job.load(out / TRAINING / PIXELS, accelerator.main_process_first, accelerator.num_processes)
    job.split(float(share))
    frame = InputShape(job.frame.size, job.channels)
    goes_on = resume and (out / TRAINING / CHECKPOINT).exists()  # then the weights are the checkpoint's
    teller = Progress() if goes_on else progress
    made, adapts = build_requested_network(wanted, frame, how.objective, job.num_classes, freeze, teller)
    images = job.pixel_set(made, accelerator.device)
    origin |= {"files": job.fingerprint, "channels": job.channels}
    run = Run(made, images, how, out, accelerator, job.labels, job.parts, origin, began, progress)
    run.encoder_lr = how.plan.lr * ADAPTED_SHARE if adapts else None
    if only_head:
        train_head_alone(run, job.pixels_NSSC)
    record = fit_run(run, resume=resume)
    return result(out, made.architecture, record["parameters"], record) | {"skipped": len(job.problems)}


def _checked(typed: dict[str, Any]) -> dict[str, Any]:
    return {name: typed.get(name) for name in RANGE_CHECKED_OPTIONS if name not in ("seed", "precision")}


@dataclass
class _Job:
    """The images of a training: found, decoded, labelled, and parted for validation."""

    sources: list[Source]
    wanted: NetworkRequest
    objective: str
    augment: str | None
    augmentation: Any
    seed: int
    progress: Progress
    files: list[ImageFile] = field(default_factory=list)
    origin: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    labels: Labels | None = None

    def scan(self) -> None:
        """List the files of both folders, those to train on first; then it is known how they are decoded."""
        for number, source in enumerate(self.sources):
            with self.progress.stage("scanning"):
                scan = source.scan()
            self.files += scan.files
            self.origin += [number] * len(scan.files)
            self.problems += scan.problems
            if not scan.files:
                raise UnpoolError(
                    f"{source.location} has no image that can be used; name a folder with images"
                )
        self.frame = input_shape_for(self.wanted, lambda: trained_size(self.sources[0], self.files))
        self.stored = (self.augmentation and self.augmentation.size) or self.frame.size
        if self.augmentation is not None:
            try_augmentation(str(self.augment), self.augmentation, self.stored, self.frame)

    def load(
        self, cache: Path, first: Callable[[], AbstractContextManager[None]], num_processes: int
    ) -> None:
        """Decode everything once; several processes share what the first one decoded."""
        if (whole := self._at_once(self.stored)) is not None:
            self.pixels_NSSC, self.channels = whole, whole.shape[3]
            return
        reader = {
            id(file): self.sources[number] for file, number in zip(self.files, self.origin, strict=True)
        }

        def read(file: ImageFile, side: int) -> Picture:
            return reader[id(file)].read(file, side)

        options: dict[str, Any] = {"memory_limit": 0} if num_processes > 1 else {}
        with first(), self.progress.stage("decoding", len(self.files), "images") as stage:
            self.pixels_NSSC, usable = load_pixels(
                self.files, size=self.stored, channels=cast(Literal[1, 3] | None, self.frame.channels),
                crop="centre", workers=usable_cores(), cache=cache, read=read,
                progress=lambda done: stage.reach(done, len(self.files)), on_problem=self.problems.append,
                **options,
            )  # fmt: skip
        self._tell_skipped()
        self.files = [self.files[index] for index in usable]
        self.origin = [self.origin[index] for index in usable]
        self.channels = self.pixels_NSSC.shape[3]

    def _at_once(self, size: int) -> np.ndarray | None:
        """The pixels of a named set that is used at its own size; None where there is something to decode."""
        if len(self.sources) > 1 or not isinstance(self.sources[0], NamedSource):
            return None
        pixels_NSSC = self.sources[0].pixels(self.files, size)
        if pixels_NSSC is None or self.frame.channels in (None, pixels_NSSC.shape[3]):
            return pixels_NSSC
        return None

    def _tell_skipped(self) -> None:
        if self.problems:
            first = self.problems[0]
            self.progress.message(
                f"{len(self.problems)} files skipped, the first: {first.path} ({first.detail})"
            )
        if len(self.problems) >= len(self.files) and not len(self.pixels_NSSC):
            raise UnpoolError(
                f"none of the {len(self.files)} images of {self.sources[0].location} can be read"
            )

    def split(self, share: float) -> None:
        """Labels where the objective asks for them, and which images are validated on."""
        from unpool.training.data.datasets import split

        part_N = np.array(self.origin)
        if self.objective == "classify":
            self.labels = self._labels(part_N)
        if len(self.sources) > 1:
            self.parts = np.flatnonzero(part_N == 0), np.flatnonzero(part_N == 1)
            if not all(len(part) for part in self.parts):
                raise UnpoolError("none of the images to train on, or to validate on, can be read")
            return
        of_image = self.labels.of_image if self.labels else None
        self.parts = split(len(self.files), share, self.seed, of_image)

    def _labels(self, part_N: np.ndarray) -> Labels:
        classes: list[str] | None = None
        label_N = np.zeros(len(self.files), np.int64)
        for number, source in enumerate(self.sources):
            rows = np.flatnonzero(part_N == number)
            paths = [self.files[row].path for row in rows]
            if isinstance(source, FolderSource):
                check_classes_not_empty(source.folder, paths, source.leave_out)
            classes, label_N[rows] = class_labels(paths, source.location, classes)
        return Labels(label_N, classes or [])

    @property
    def num_classes(self) -> int | None:
        """How many classes the network must tell apart; None where it tells none."""
        return len(self.labels.classes) if self.labels else None

    @property
    def fingerprint(self) -> str:
        """The same for the same images: one that was replaced by another of its size has another time."""
        import hashlib

        digest = hashlib.blake2b(digest_size=12)
        for file in self.files:
            digest.update(repr((file.path, file.bytes, file.modified)).encode())
        return digest.hexdigest()

    def pixel_set(self, network: Any, device: Any) -> Any:
        """The decoded images as the network wants them."""
        from unpool.training.data.datasets import PixelSet

        prep = network.preprocessing
        if self.augmentation is not None:
            side = self.pixels_NSSC.shape[1]
            check_size_matches(str(self.augment), self.augmentation, side, self.channels, prep.size)
        return PixelSet(self.pixels_NSSC, prep.mean, prep.std, device, self.augmentation)


def read_val(text: str | None) -> float | str | None:
    """`--val`: a share from 0 up to 0.9, or else a folder or named set.

    >>> read_val("0.2"), read_val("held-out")
    (0.2, 'held-out')
    """
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        if not text:
            raise UsageError("--val is empty, but must be a share such as 0.1, or a folder") from None
        return text
