"""One image of a workspace at a time.

Original, segmentation and reconstruction, as pictures.

Shapes: H, W height and width of the picture as shown; S side of a network's input, C its channels.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from unpool.actions.curation.reconstruction_error import has_trained_decoder
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.datasets import is_named_set
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.exif import read_metadata
from unpool.images.reading.scan import ImageFile
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import NamedSource, Source
from unpool.images.values.rules import ValueRules
from unpool.inference.model import LoadedEncoder, load_encoder
from unpool.networks.segmentation.scales import LearntScales, describe_outside, resolve_scale
from unpool.report.segments import paint, painted
from unpool.store.origin import folder_of, known_location, source_of
from unpool.store.state import MODEL, SEGMENTER, read_state
from unpool.training.model_file import JSON, SCALES, describe_model, has_model

MAX_SIDE = 2048  # pixels of the longer side of a picture that is sent
MAX_LOSSLESS_SIDE = 256  # up to here pictures are sent without loss
NUM_CACHED = 8  # reconstructions


@dataclass(frozen=True)
class ReconstructionView:
    """A network's input, its reconstruction and the error map.

    All three as PNGs.
    """

    mse: float
    psnr: float | None
    input: bytes
    output: bytes
    error: bytes


class Pictures:
    """The images of a workspace, read one at a time.

    Networks are loaded on first use.

    May be used from several threads. Methods raise `UnpoolError` where an image or a network is missing.
    """

    def __init__(self, work: Path, *, segmenter: Path | None = None) -> None:
        self.work = work
        self._segmenter = segmenter or work / SEGMENTER
        self._opened_with = self._current_files()
        self._lock = threading.Lock()
        self._reconstructed: OrderedDict[str, ReconstructionView] = OrderedDict()

    @cached_property
    def source(self) -> Source:
        """The folder or named set of the images."""
        return source_of(self.work)

    @cached_property
    def encoder(self) -> LoadedEncoder:
        """The model of the workspace, loaded."""
        return load_encoder(self.work / MODEL, "cpu", Progress())

    @cached_property
    def has_mirror(self) -> bool:
        """Whether the model was trained to reconstruct images.

        Found without loading it.
        """
        try:
            return has_trained_decoder(self.work / MODEL)
        except UnpoolError:  # a damaged model: the images can be seen without it
            return False

    @property
    def has_segmenter(self) -> bool:
        """Whether there is a segmenter for overlays."""
        return has_model(self._segmenter)

    @cached_property
    def _learnt(self) -> LearntScales | None:
        """The sizes that the segmenter was trained on, without loading it."""
        if not self.has_segmenter:
            return None
        try:
            stored = describe_model(self._segmenter).get(SCALES)
            return None if stored is None else LearntScales.from_dict(stored)
        except UnpoolError:  # said where an image is labelled
            return None

    @property
    def folder(self) -> Path | None:
        """The folder of the images, where they lie in one."""
        return folder_of(self.work)

    def is_outdated(self) -> bool:
        """Whether images were moved or networks replaced since."""
        return self._current_files() != self._opened_with

    def _current_files(self) -> tuple[object, ...]:
        state = read_state(self.work)
        return state.get("images"), state.get("embedded_by"), _stamp(self._segmenter / JSON)

    def read(self, path: str, side: int = MAX_SIDE // 2) -> Picture:
        """Decode an image, upright.

        Its smaller side may come reduced to twice `side` pixels.
        """
        try:
            return self.source.read(self._file(path), side)
        except UnreadableImageError as error:
            raise UnpoolError(f"{path} cannot be shown: {error.detail}") from error
        except KeyError as error:
            raise UnpoolError(f"{path} is not among the images") from error

    def _read_for(self, rules: ValueRules, path: str) -> Picture:
        """The image as a model was trained on it, where its values have more than 8 bits."""
        if not rules or isinstance(self.source, NamedSource):
            return self.read(path)
        assert isinstance(self.source, Fetcher)
        try:
            with self.source.fetch(self._file(path)) as file:
                return read_picture(file, min_side=MAX_SIDE // 2, rules=rules)
        except UnreadableImageError as error:
            raise UnpoolError(f"{path} cannot be shown: {error.detail}") from error

    def encode_original(self, path: str) -> tuple[bytes, str]:
        """Encode an image for browsers, with its media type.

        At most 2,048 pixels a side.
        """
        image = Image.fromarray(self.read(path).pixels)
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        if max(image.size) <= MAX_LOSSLESS_SIDE:
            return _png(image), "image/png"
        content = io.BytesIO()
        image.save(content, "JPEG", quality=90)
        return content.getvalue(), "image/jpeg"

    def metadata(self, path: str) -> list[tuple[str, str]]:
        """EXIF and other entries of the file.

        None for images of a named set.
        """
        if is_named_set(known_location(self.work) or ""):
            return []
        assert isinstance(self.source, Fetcher)
        try:
            with self.source.fetch(self._file(path)) as file:
                return read_metadata(file)
        except UnreadableImageError:
            return []

    def scale_note(self, width: int, height: int) -> str | None:
        """Say that an image is of no size learnt.

        None where it is, or there is no segmenter that says what it learnt.
        """
        learnt = self._learnt
        if learnt is None or not width or not height:
            return None
        # As it is shown, and labelled.
        part = min(1.0, MAX_SIDE / max(width, height))
        if learnt.covers(height, width, part):
            return None
        return describe_outside(learnt, round(height * part), round(width * part))

    def segment(self, path: str, *, scaled: bool = False) -> bytes:
        """Segment an image.

        Args:
            path: The image.
            scaled: Bring it to the sizes that the segmenter learnt.

        Returns:
            The class of each pixel in its colour, a PNG the size of the original's; transparent where nothing is
            laid over the image.

        Raises:
            UnpoolError: There is no segmenter, or it does not say what it learnt.
        """
        from unpool.inference.predict_mask import choose_windows, label_pixels

        if not self.has_segmenter:
            raise UnpoolError(
                f"there is no segmenter for these images; train one with --out {self._segmenter}"
            )
        with self._lock:
            ready = self._ready_segmenter
        picture = self._read_for(ready.rules, path)
        image = Image.fromarray(picture.pixels)
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
        pixels_HW3 = np.asarray(image)
        height, width = pixels_HW3.shape[:2]
        scale = resolve_scale("auto" if scaled else None, ready.learnt, picture.height, picture.width)
        if scaled:
            scale *= max(picture.height, picture.width) / max(height, width)
        with self._lock:
            windows = choose_windows(ready.runtime.network, height, width, scale=scale)
            label_HW = label_pixels(ready.runtime, pixels_HW3, windows)[0]
        colours = ready.classes.colours
        opaque_HW = painted(colours)[label_HW].astype(np.uint8) * 255
        return _png(Image.fromarray(np.dstack([paint(label_HW, colours), opaque_HW])))

    def reconstruct(self, path: str) -> ReconstructionView:
        """Reconstruct an image from its code alone.

        The last few are cached.
        """
        with self._lock:
            if path not in self._reconstructed:
                self._reconstructed[path] = self._reconstruct(path)
                while len(self._reconstructed) > NUM_CACHED:
                    self._reconstructed.popitem(last=False)
            return self._reconstructed[path]

    def embed(self, picture: Picture) -> np.ndarray:
        """Embed a picture by the workspace's model.

        Returns a vector (D,).
        """
        model = self.encoder
        vector_D: np.ndarray = model.encoder(model.preprocessing.fit(picture)[None])[0]
        return vector_D

    def embed_file(self, file: Path) -> np.ndarray:
        """Embed an image from elsewhere.

        Raises `UnpoolError` where it cannot be read.
        """
        try:
            size = self.encoder.preprocessing.needed_side
            return self.embed(read_picture(file, min_side=size, rules=self.source.rules))
        except UnreadableImageError as error:
            raise UnpoolError(f"this file cannot be searched for: {error.detail}") from error

    def embed_region(self, path: str, box: tuple[float, float, float, float]) -> np.ndarray:
        """Embed a part of an image.

        Args:
            path: The image.
            box: Left, top, right and bottom, from 0 to 1.

        Raises:
            UnpoolError: The part is smaller than two pixels a side.
        """
        picture = self.read(path)
        height, width = picture.pixels.shape[:2]
        left, right = sorted((round(box[0] * width), round(box[2] * width)))
        top, bottom = sorted((round(box[1] * height), round(box[3] * height)))
        if right - left < 2 or bottom - top < 2:
            raise UnpoolError(f"the region is {right - left} by {bottom - top} pixels; draw a larger one")
        pixels = np.ascontiguousarray(picture.pixels[top:bottom, left:right])
        return self.embed(Picture(pixels, right - left, bottom - top, picture.mode, picture.grey, ""))

    @cached_property
    def _network(self) -> Any:
        """The whole autoencoder, by torch; None where the model has no decoder."""
        from unpool.networks.decoders.base import NoDecoder
        from unpool.training.model_file import load_model

        network = load_model(self.work / MODEL)
        return None if isinstance(getattr(network, "decoder", NoDecoder()), NoDecoder) else network

    @cached_property
    def _ready_segmenter(self) -> Any:
        from unpool.inference.segmenter_model import load_segmenter

        return load_segmenter(self._segmenter, "cpu", Progress())

    def _reconstruct(self, path: str) -> ReconstructionView:
        from unpool.inference.reconstruction import psnr, reconstruct

        network = self._network
        if network is None:
            raise UnpoolError("the model of these images has no decoder; train one with unpool train")
        prep = network.preprocessing
        pixels_SSC = prep.fit(self.read(path, prep.size))
        network.use_indices = False  # they would carry the image past its code
        output = next(reconstruct(network, [pixels_SSC[None]]))
        output_SSC = output.output_BSSC[0]
        error_SS = np.abs(pixels_SSC.astype(np.float32) - output_SSC).mean(axis=2)
        mse = float(output.mse_B[0])
        return ReconstructionView(
            mse, psnr(mse), _as_png(pixels_SSC), _as_png(output_SSC), _png(_heat(error_SS))
        )

    def _file(self, path: str) -> ImageFile:
        """The file of a path in the table; `UnpoolError` where it would lie outside the images' folder."""
        way = PurePosixPath(path)
        is_outside = way.is_absolute() or ".." in way.parts or not path
        if is_outside and not isinstance(self.source, NamedSource):
            raise UnpoolError(f"{path} does not lie in the folder of the images")
        return self.source.locate(path)


def _stamp(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return None


def _as_png(pixels_SSC: np.ndarray) -> bytes:
    return _png(Image.fromarray(pixels_SSC[:, :, 0] if pixels_SSC.shape[2] == 1 else pixels_SSC))


def _heat(error_HW: np.ndarray) -> Image.Image:
    """Errors from 0 to 64 grey levels as colours: black, red, yellow, white."""
    level_HW = np.clip(error_HW / 64, 0, 1) * 3
    rgb = np.stack([np.clip(level_HW - step, 0, 1) for step in range(3)], axis=2)
    return Image.fromarray((rgb * 255).round().astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=3)
    return content.getvalue()
