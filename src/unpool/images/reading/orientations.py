"""How pictures are turned upright, by EXIF's numbers."""

from __future__ import annotations

from PIL import Image

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
# From upright back to how a file has it: the same, but for the two quarter turns.
AS_STORED = UPRIGHT | {6: UPRIGHT[8], 8: UPRIGHT[6]}
