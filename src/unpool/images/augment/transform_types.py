"""The transforms by name: torchvision's, some corrected for masks.

C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from unpool.images.augment.noise import salt_pepper

Params = dict[str, Any]  # what `make_params` draws for one call
TVTensor = Any  # an Image or a Mask; torchvision has no types


class CentreCrop(v2.CenterCrop):  # type: ignore[misc]
    """torchvision's, filling masks with `mask_fill` outside the image.

    torchvision itself fills them with class 0.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__(size)
        self.mask_fill = 255

    def transform(self, inpt: TVTensor, params: Params) -> Any:
        """Transform an Image or a Mask, as torchvision calls it."""
        if isinstance(inpt, tv_tensors.Mask):
            missing = [max(0, side - have) for side, have in zip(self.size, inpt.shape[-2:], strict=True)]
            # The odd pixel goes to the right and below, as it does for the image.
            border = [missing[1] // 2, missing[0] // 2, (missing[1] + 1) // 2, (missing[0] + 1) // 2]
            inpt = v2.functional.pad(inpt, border, fill=self.mask_fill)
        return super().transform(inpt, params)


class Erasing(v2.RandomErasing):  # type: ignore[misc]
    """torchvision's, on the image alone.

    `value: random` gives 0 to 255 where the pixels are whole numbers.
    """

    _transformed_types = (tv_tensors.Image,)

    def make_params(self, flat_inputs: list[Tensor]) -> Params:
        """Draw what is erased, as torchvision asks."""
        params: dict[str, Any] = super().make_params(flat_inputs)
        if self.value is None and params["v"] is not None and not flat_inputs[0].is_floating_point():
            params["v"] = torch.randint(0, 256, params["v"].shape)
        return params


class SaltPepper(v2.Transform):  # type: ignore[misc]
    """Salt-and-pepper noise with probability p, on the image alone.

    A share 1 - snr of the pixels becomes black or white.
    """

    _transformed_types = (tv_tensors.Image,)

    def __init__(self, snr: float = 0.9, p: float = 1.0) -> None:
        super().__init__()
        for name, value in (("snr", snr), ("p", p)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value!r}, but must be a number from 0 to 1")
        self.snr, self.p = snr, p

    def transform(self, inpt: TVTensor, params: Params) -> Any:
        """Transform an Image or a Mask, as torchvision calls it."""
        if torch.rand(1) >= self.p:
            return inpt
        random_1HW = 2 * torch.rand(1, *inpt.shape[-2:]) - 1
        white = 1 if inpt.is_floating_point() else torch.iinfo(inpt.dtype).max
        noisy = salt_pepper(inpt, random_1HW, self.snr, torch.tensor(0), torch.tensor(white))
        return tv_tensors.wrap(noisy, like=inpt)


class Normalise(v2.Normalize):  # type: ignore[misc]
    """Normalise the image to (x - mean) / std.

    x is float32 in 0..1.
    The pipeline gives floats from here on.
    """

    _transformed_types = (tv_tensors.Image,)

    def transform(self, inpt: TVTensor, params: Params) -> Any:
        """Transform an Image or a Mask, as torchvision calls it."""
        return super().transform(v2.functional.to_dtype(inpt, torch.float32, scale=True), params)


class Function(v2.Transform):  # type: ignore[misc]
    """A user's callable of (C, H, W), on the image alone."""

    _transformed_types = (tv_tensors.Image,)

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def transform(self, inpt: TVTensor, params: Params) -> Any:
        """Transform an Image or a Mask, as torchvision calls it."""
        return tv_tensors.wrap(self.function(inpt.as_subclass(Tensor)), like=inpt)


class RandomScaleCrop(v2.Transform):  # type: ignore[misc]
    """A square crop of the randomly enlarged image.

    It lies anywhere in the image. Only the part that is seen is resized, so the cost does not grow with the image.
    Where the image is smaller than the crop, the rest is grey, and `mask_fill` in the mask: nothing is dropped, and
    nothing is learnt there.

    Args:
        size: Side, pixels.
        scale: Lowest and highest factor.
        logarithmic: The factor is drawn evenly by its logarithm, so that 1/2 is as likely as 2.

    Raises:
        ValueError: For another size or scale.
    """

    def __init__(self, size: int, scale: Sequence[float] = (0.6, 1.8), logarithmic: bool = False) -> None:
        super().__init__()
        if not isinstance(size, int):
            raise ValueError(f"size is {size!r}, but must be one number of pixels: the crop is square")
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ValueError(
                f"scale is {list(scale)}, but must be two factors above 0, the smaller one first"
            )
        self.size, self.scale, self.mask_fill = size, tuple(scale), 255
        self.logarithmic = logarithmic

    def make_params(self, flat_inputs: list[Tensor]) -> Params:
        """Draw the factor and the places."""
        height, width = flat_inputs[0].shape[-2:]
        low, high = self.scale
        share = float(torch.rand(1))
        factor = low * (high / low) ** share if self.logarithmic else low + (high - low) * share
        seen = [min(side, max(1, round(self.size / factor))) for side in (height, width)]
        kept = [min(self.size, max(1, round(side * factor))) for side in seen]
        return {
            "at": [
                int(torch.randint(side - part + 1, ()))
                for side, part in zip((height, width), seen, strict=True)
            ],
            "put": [int(torch.randint(self.size - part + 1, ())) for part in kept],
            "seen": seen,
            "kept": kept,
        }

    def transform(self, inpt: TVTensor, params: Params) -> Any:
        """Transform an Image or a Mask, as torchvision calls it."""
        (top, left), (height, width) = params["at"], params["seen"]
        part = inpt.as_subclass(Tensor)[..., top : top + height, left : left + width]
        is_mask = isinstance(inpt, tv_tensors.Mask)
        part = tv_tensors.wrap(part, like=inpt)
        # Masks would get NEAREST else, whose pixels are shifted by up to half of one against the image's.
        mode = v2.InterpolationMode.NEAREST_EXACT if is_mask else v2.InterpolationMode.BILINEAR
        part = v2.functional.resize(part, params["kept"], interpolation=mode, antialias=True)
        (above, before), (high, wide) = params["put"], params["kept"]
        border = [before, above, self.size - wide - before, self.size - high - above]
        return (
            v2.functional.pad(part, border, fill=self.mask_fill if is_mask else 127) if any(border) else part
        )


TRANSFORMS: dict[str, Any] = {
    "center-crop": CentreCrop,
    "random-scale-crop": RandomScaleCrop,
    "random-crop": v2.RandomCrop,
    "random-resized-crop": v2.RandomResizedCrop,
    "five-crop": v2.FiveCrop,
    "ten-crop": v2.TenCrop,
    "horizontal-flip": v2.RandomHorizontalFlip,
    "vertical-flip": v2.RandomVerticalFlip,
    "rotation": v2.RandomRotation,
    "pad": v2.Pad,
    "color-jitter": v2.ColorJitter,
    "grayscale": v2.Grayscale,
    "random-grayscale": v2.RandomGrayscale,
    "affine": v2.RandomAffine,
    "erasing": Erasing,
    "resize": v2.Resize,
    "normalise": Normalise,
    "random-choice": v2.RandomChoice,
    "random-apply": v2.RandomApply,
    "random-order": v2.RandomOrder,
    "salt-pepper": SaltPepper,
    "gaussian-blur": v2.GaussianBlur,
    "perspective": v2.RandomPerspective,
    "elastic": v2.ElasticTransform,
    "autocontrast": v2.RandomAutocontrast,
    "equalize": v2.RandomEqualize,
    "posterize": v2.RandomPosterize,
    "solarize": v2.RandomSolarize,
    "sharpness": v2.RandomAdjustSharpness,
    "invert": v2.RandomInvert,
}
ALIASES = {
    "centre-crop": "center-crop",
    "resized-crop": "random-resized-crop",
    "normalize": "normalise",
    "colour-jitter": "color-jitter",
    "greyscale": "grayscale",
    "random-greyscale": "random-grayscale",
}
