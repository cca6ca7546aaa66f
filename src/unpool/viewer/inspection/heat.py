"""Heat maps of images, made when they are looked at.

Shapes: H, W height and width of an image.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from unpool.actions.inspection.inspect_image import OpenedPicture, inspect_picture, open_picture
from unpool.actions.inspection.judging.verdicts import expect_inspector
from unpool.actions.inspection.output_files import SeenImage
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import Source
from unpool.images.values.rules import ValueRules
from unpool.inference.inspection.inspector import Inspector, load_inspector
from unpool.networks.preprocessing import WHOLE
from unpool.training.model_file import model_id, rules_of_model

NUM_CACHED = 64  # images whose pictures are kept
MAX_CACHED_BYTES = 128 * 2**20


@dataclass(frozen=True)
class HeatView:
    """The pictures of a heat map, as PNG.

    Laid over the image, and alone.
    """

    overlay: bytes
    heat: bytes

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.overlay) + len(self.heat)


@dataclass(frozen=True)
class _Loaded:
    key: tuple[Path, str]
    inspector: Inspector
    rules: ValueRules


class HeatPictures:
    """Makes the heat maps of images, one at a time.

    May be used from several threads. The inspector is loaded on first use, and again where it has changed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None
        self._views: OrderedDict[tuple[object, ...], HeatView] = OrderedDict()

    def view(self, work: Path, source: Source, path: str, digest: str | None) -> HeatView:
        """Draw the heat map of an image.

        Args:
            work: The workspace.
            source: Where its images are.
            path: The image.
            digest: Of its content.

        Returns:
            Its pictures.

        Raises:
            UnpoolError: No inspector has seen these images, it is gone, or the image is gone or cannot be read.
        """
        folder = expect_inspector(work).folder
        with self._lock:  # one at a time: each run takes all cores
            loaded = self._load(folder)
            key = (*loaded.key, work, path, digest)
            if key not in self._views:
                self._views[key] = _draw(loaded, source, path)
                self._forget()
            self._views.move_to_end(key)
            return self._views[key]

    def _load(self, folder: Path) -> _Loaded:
        key = (folder, model_id(folder))
        if self._loaded is None or self._loaded.key != key:
            self._loaded = None
            self._loaded = _Loaded(key, load_inspector(folder), rules_of_model(folder))
        return self._loaded

    def _forget(self) -> None:
        while len(self._views) > 1 and (
            len(self._views) > NUM_CACHED
            or sum(view.size for view in self._views.values()) > MAX_CACHED_BYTES
        ):
            self._views.popitem(last=False)


def _draw(loaded: _Loaded, source: Source, path: str) -> HeatView:
    inspector = loaded.inspector
    try:
        with _open(source, path, loaded) as picture:
            found = inspect_picture(inspector, picture)
            seen = SeenImage(
                picture.height, picture.width, picture.read, found.heat_hw, inspector.record.heat_threshold
            )
            heat, overlay = seen.draw_pictures(seen.find_region())
    except UnreadableImageError as error:
        raise UnpoolError(f"{path} cannot be inspected: {error.detail}") from error
    except (FileNotFoundError, KeyError) as error:
        raise UnpoolError(f"{path} cannot be inspected: its file is gone") from error
    return HeatView(_as_png(overlay), _as_png(heat))


@contextmanager
def _open(source: Source, path: str, loaded: _Loaded) -> Iterator[OpenedPicture]:
    file = source.locate(path)
    if not isinstance(source, Fetcher):
        image = Image.fromarray(source.read(file, WHOLE).pixels.squeeze()).convert("RGB")
        yield _in_memory(image)
        return
    with source.fetch(file) as found:
        by_rows = loaded.inspector.record.tile is not None
        with open_picture(replace(file, file=found), loaded.rules, by_rows=by_rows) as picture:
            yield picture


def _in_memory(image: Image.Image) -> OpenedPicture:
    import numpy as np

    pixels_HW3 = np.asarray(image)
    return OpenedPicture(image.height, image.width, lambda top, bottom: pixels_HW3[top:bottom], ())


def _as_png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=1)
    return content.getvalue()
