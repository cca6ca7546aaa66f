"""A reader of PAM, which Pillow lacks.

Source: Netpbm, the PAM format specification.

H, W height and width, C channels.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile

from unpool.errors import UnreadableImageError

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

MAX_LINES = 1000  # of a head
MAX_LINE = 65_536  # bytes of a line
_NUMBERS = ("WIDTH", "HEIGHT", "DEPTH", "MAXVAL")
# By what the file calls its pixels: the channels that are read, and Pillow's mode.
_KINDS = {
    "BLACKANDWHITE": (1, "L"), "GRAYSCALE": (1, "L"), "RGB": (3, "RGB"), "CMYK": (4, "CMYK"),
    "BLACKANDWHITE_ALPHA": (2, "LA"), "GRAYSCALE_ALPHA": (2, "LA"), "RGB_ALPHA": (4, "RGBA"),
}  # fmt: skip
_KINDS_BY_DEPTH = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}


class PamFile(ImageFile.ImageFile):
    """A PAM, as a Pillow image.

    It has 8 bits, or 16 where it is grey and deep. `maxval` is the largest value that its samples may have; black and
    white ones, where that is 1, become a mode of one bit.
    """

    format = "PAM"
    maxval = 255
    _num_channels = 1

    def _open(self) -> None:
        assert self.fp is not None
        head = read_head(self.fp)
        width, height, depth, self.maxval = (int(head[name]) for name in _NUMBERS)
        kind = head.get("TUPLTYPE") or _KINDS_BY_DEPTH.get(depth, "")
        num_channels, mode = _KINDS.get(kind, (0, ""))
        if num_channels != depth:
            raise UnreadableImageError(
                "unsupported", f"a PAM of {depth} channels of type {kind or 'none'}; save it as TIFF or PNG"
            )
        if not (width > 0 and height > 0 and 0 < self.maxval < 65536):
            raise UnreadableImageError(
                "corrupt", f"the PAM head is damaged ({width} × {height}, {self.maxval})"
            )
        if mode == "L":
            is_bit = kind == "BLACKANDWHITE" and self.maxval == 1
            mode = "1" if is_bit else "L" if self.maxval < 256 else "I;16"
        self._size, self._mode, self._num_channels = (width, height), mode, depth
        self.tile = [ImageFile._Tile("pam", (0, 0, width, height), self.fp.seek(0, 1), ())]

    @property
    def is_deep_colour(self) -> bool:
        """Whether it has more bits than Pillow's mode.

        Of inks 8 are enough.
        """
        return self.maxval > 255 and self.mode not in ("I;16", "CMYK")

    def load(self) -> PixelAccess | None:
        """Decode the pixels.

        Those of deep colours are scaled to 8 bits, by the largest value.
        """
        if self.tile:
            values_HWC = self.read_values()
            if self.mode == "1":
                values_HWC = values_HWC > 0
            elif self.mode != "I;16" and self.maxval != 255:
                scaled_HWC = np.rint(values_HWC.astype(np.float32) * (255 / self.maxval))
                values_HWC = np.minimum(scaled_HWC, 255).astype(np.uint8)
            pixels = values_HWC[..., 0] if self._num_channels == 1 else values_HWC
            image = Image.fromarray(np.ascontiguousarray(pixels))
            if image.mode == "RGBA" and self.mode == "CMYK":
                image = Image.frombytes("CMYK", self.size, image.tobytes())
            self.im, self.tile = image.im, []
        return super().load()

    def read_values(self) -> np.ndarray:
        """Read the samples as they are, (H, W, C).

        Raises:
            UnreadableImageError: `truncated`.
        """
        assert self.fp is not None
        dtype = np.dtype(np.uint8 if self.maxval < 256 else ">u2")
        num_bytes = self.width * self.height * self._num_channels * dtype.itemsize
        self.fp.seek(self.tile[0].offset)
        content = self.fp.read(num_bytes)
        if len(content) < num_bytes:
            share = f"{len(content) / num_bytes:.0%} of its pixels are there"
            raise UnreadableImageError("truncated", f"the file ends before the image does ({share})")
        values = np.frombuffer(content, dtype).reshape(self.height, self.width, self._num_channels)
        return values.astype(dtype.newbyteorder("="), copy=False)


def read_head(stream: IO[bytes]) -> dict[str, str]:
    """Read the head of a PAM, up to its pixels.

    Raises:
        UnreadableImageError: `corrupt`, where it lacks a number or an end.
    """
    head: dict[str, str] = {}
    stream.readline(MAX_LINE)  # P7
    for _ in range(MAX_LINES):
        name, _, value = stream.readline(MAX_LINE).decode("latin-1").strip().partition(" ")
        if name == "ENDHDR":
            missing = [each for each in _NUMBERS if not head.get(each, "").isdecimal()]
            if missing:
                raise UnreadableImageError("corrupt", f"the PAM head is damaged (no {missing[0]})")
            return head
        if name and not name.startswith("#"):  # a second TUPLTYPE goes on with the first
            head[name] = (
                f"{head.get(name, '')} {value.strip()}".strip() if name == "TUPLTYPE" else value.strip()
            )
    raise UnreadableImageError("corrupt", "the PAM head is damaged (no ENDHDR)")
