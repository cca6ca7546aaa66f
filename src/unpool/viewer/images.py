"""One image of a workspace at a time, as a person looks at it: the original, its labels, what a mirror makes of it.

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
from unpool.images.reading.decode import Picture, read_picture
from unpool.images.reading.exif import read_metadata
from unpool.images.reading.scan import ImageFile
from unpool.images.source import FolderSource, Source
from unpool.inference.embedding import Form
from unpool.inference.model import LoadedEncoder, load_encoder
from unpool.store.origin import folder_of, source_of
from unpool.store.state import MODEL, SEGMENTER, read_state
from unpool.training.model_file import JSON, has_model

SIDE = 2048  # pixels of the longer side, at most, that are shown
SMALL = 256  # up to here pictures are sent without loss
REMEMBERED = 8


@dataclass(frozen=True)
class ReconstructionView:
    """What a network takes of an image, what its mirror makes of the code, and where they differ: PNGs."""

    mse: float
    psnr: float | None
    input: bytes
    output: bytes
    error: bytes


class Pictures:
    """The images of a workspace, read one at a time; networks are opened when they are first needed.

    May be used from several threads. Methods raise `UnpoolError` where an image or a network is not there.
    """

    def __init__(self, work: Path, *, segmenter: Path | None = None) -> None:
        self.work = work
        self._segmenter = segmenter or work / SEGMENTER
        self._made_for = self._wanted()
        self._lock = threading.Lock()
        self._mirrored: OrderedDict[str, ReconstructionView] = OrderedDict()

    @cached_property
    def source(self) -> Source:
        """Where the images are."""
        return source_of(self.work)

    @cached_property
    def encoder(self) -> LoadedEncoder:
        """The model of the workspace, put to work."""
        return load_encoder(self.work / MODEL, "cpu", Progress())

    @cached_property
    def has_mirror(self) -> bool:
        """Whether the model was trained to rebuild images; told without opening it."""
        return has_trained_decoder(self.work / MODEL)

    @property
    def has_segmenter(self) -> bool:
        return has_model(self._segmenter)

    @property
    def folder(self) -> Path | None:
        """The folder of the images, where they lie in one."""
        return folder_of(self.work)

    def is_outdated(self) -> bool:
        """Whether the images lie elsewhere, or other networks look at them, than when this was made."""
        return self._wanted() != self._made_for

    def _wanted(self) -> tuple[object, ...]:
        state = read_state(self.work)
        return state.get("images"), state.get("embedded_by"), _stamp(self._segmenter / JSON)

    def read(self, path: str, side: int = SIDE // 2) -> Picture:
        """An image, decoded and upright; its smaller side may come reduced to twice `side`."""
        try:
            return self.source.read(self._file(path), side)
        except UnreadableImageError as error:
            raise UnpoolError(f"{path} cannot be shown: {error.detail}") from error
        except KeyError as error:
            raise UnpoolError(f"{path} is not among the images") from error

    def shown(self, path: str) -> tuple[bytes, str]:
        """A picture that any browser shows, at most 2,048 pixels a side, and its media type."""
        image = Image.fromarray(self.read(path).pixels)
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        if max(image.size) <= SMALL:
            return _png(image), "image/png"
        content = io.BytesIO()
        image.save(content, "JPEG", quality=90)
        return content.getvalue(), "image/jpeg"

    def metadata(self, path: str) -> list[tuple[str, str]]:
        """What the file says of itself; nothing for images of a named set."""
        return read_metadata(self._file(path).file) if self.folder is not None else []

    def labels(self, path: str) -> bytes:
        """The class of each pixel by the workspace's segmenter, in its colours, as a PNG the size of `shown`."""
        from unpool.inference.predict_mask import label_pixels, windows_for

        if not self.has_segmenter:
            raise UnpoolError(
                f"there is no segmenter for these images; train one with --out {self._segmenter}"
            )
        image = Image.fromarray(self.read(path).pixels)
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        pixels_HW3 = np.asarray(image)
        with self._lock:
            ready = self._ready_segmenter
            windows = windows_for(ready.scorer.network, *pixels_HW3.shape[:2])
            label_HW = label_pixels(ready.scorer, pixels_HW3, windows)[0]
        colours = np.zeros((256, 3), np.uint8)
        colours[: len(ready.classes)] = ready.classes.colours
        return _png(Image.fromarray(colours[label_HW]))

    def mirrored(self, path: str) -> ReconstructionView:
        """What the network's mirror makes of the image's code alone; the last few are remembered."""
        with self._lock:
            if path not in self._mirrored:
                self._mirrored[path] = self._mirror(path)
                while len(self._mirrored) > REMEMBERED:
                    self._mirrored.popitem(last=False)
            return self._mirrored[path]

    def vector(self, picture: Picture) -> np.ndarray:
        """The vector (D,) of a picture by the workspace's model."""
        model = self.encoder
        vector_D: np.ndarray = model.encoder(model.form.fit(picture)[None])[0]
        return vector_D

    def vector_of_file(self, file: Path) -> np.ndarray:
        """The vector (D,) of an image from elsewhere; `UnpoolError` where it cannot be read."""
        try:
            return self.vector(read_picture(file, min_side=self.encoder.form.size))
        except UnreadableImageError as error:
            raise UnpoolError(f"this file cannot be searched for: {error.detail}") from error

    def vector_of_region(self, path: str, box: tuple[float, float, float, float]) -> np.ndarray:
        """The vector (D,) of a part of an image; `box` is left, top, right, bottom in shares of it."""
        picture = self.read(path)
        height, width = picture.pixels.shape[:2]
        left, right = sorted((round(box[0] * width), round(box[2] * width)))
        top, bottom = sorted((round(box[1] * height), round(box[3] * height)))
        if right - left < 2 or bottom - top < 2:
            raise UnpoolError(f"the region is {right - left} by {bottom - top} pixels; draw a larger one")
        pixels = np.ascontiguousarray(picture.pixels[top:bottom, left:right])
        return self.vector(Picture(pixels, right - left, bottom - top, picture.mode, picture.grey, ""))

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

    def _mirror(self, path: str) -> ReconstructionView:
        from unpool.inference.reconstruction import psnr, reconstruct

        network = self._network
        if network is None:
            raise UnpoolError("the model of these images has no decoder; train one with unpool train")
        prep = network.preprocessing
        pixels_SSC = Form(prep.size, prep.channels, prep.crop).fit(self.read(path, prep.size))
        network.use_indices = False  # they would carry the image past its code
        made = next(reconstruct(network, [pixels_SSC[None]]))
        output_SSC = made.output_BSSC[0]
        error_SS = np.abs(pixels_SSC.astype(np.float32) - output_SSC).mean(axis=2)
        mse = float(made.mse_B[0])
        return ReconstructionView(
            mse, psnr(mse), _shown(pixels_SSC), _shown(output_SSC), _png(_heat(error_SS))
        )

    def _file(self, path: str) -> ImageFile:
        """The file of a path in the table, which must lie in the images' folder whatever the table says."""
        if not isinstance(self.source, FolderSource):
            return ImageFile(path, Path(path), 0, 0.0)
        way = PurePosixPath(path)
        if way.is_absolute() or ".." in way.parts or not path:
            raise UnpoolError(f"{path} does not lie in the folder of the images")
        return ImageFile(path, self.source.folder / path, 0, 0.0)


def _stamp(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return None


def _shown(pixels_SSC: np.ndarray) -> bytes:
    return _png(Image.fromarray(pixels_SSC[:, :, 0] if pixels_SSC.shape[2] == 1 else pixels_SSC))


def _heat(error_HW: np.ndarray) -> Image.Image:
    """Errors of 0 to 64 grey levels, black over red and yellow to white."""
    level_HW = np.clip(error_HW / 64, 0, 1) * 3
    rgb = np.stack([np.clip(level_HW - step, 0, 1) for step in range(3)], axis=2)
    return Image.fromarray((rgb * 255).round().astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=3)
    return content.getvalue()
