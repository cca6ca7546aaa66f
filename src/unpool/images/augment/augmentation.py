"""Augment images and masks for training and evaluation.

B batch, C channels, H height, W width before and h, w after the transforms, V views of one image.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors

from unpool.core.rng import uniform
from unpool.errors import UsageError, unknown_name
from unpool.images.augment.transform_specs import MULTI_CROPS, Step, TransformContext, build_transforms

OPTION = "--augment"
KEYS = ("train", "evaluate", "size")
_STREAM = 103  # of unpool.core.rng, apart from those of the corruptions
# torchvision draws from torch's global numbers, which are restored afterwards; one thread at a time.
_TORCH_NUMBERS = threading.RLock()


def _none(height: int, width: int) -> list[Step]:
    return []


def _flip(height: int, width: int) -> list[Step]:
    return ["horizontal-flip"]


def _shift(height: int, width: int) -> list[Step]:
    """What enters from outside repeats the border: paper stays white, and a black ground black."""
    border = math.ceil(0.3 * max(height, width))
    translate = [0.1 * width / (width + 2 * border), 0.1 * height / (height + 2 * border)]
    affine = {"degrees": 10, "translate": translate, "scale": [0.9, 1.1], "interpolation": "bilinear"}
    return [{"pad": {"padding": border, "padding_mode": "edge"}}, {"affine": affine}, "center-crop"]


def _photo(height: int, width: int) -> list[Step]:
    jitter = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}
    return ["random-resized-crop", "horizontal-flip", {"color-jitter": jitter}]


def _crops(height: int, width: int) -> list[Step]:
    return [{"random-crop": {"padding": 4, "padding_mode": "reflect"}}, "horizontal-flip"]


PRESETS: dict[str, Callable[[int, int], list[Step]]] = {
    "none": _none,
    "flip": _flip,
    "shift": _shift,
    "photo": _photo,
    "crops": _crops,
}


@dataclass(frozen=True)
class Augmentation:
    """Transforms for training and for evaluation.

    Both are lists for `transform_specs.build_transforms`. `train` may also be a function of the images' (height,
    width) that gives the list. `size` is the side in pixels at which images are to be kept before the transforms;
    None: the network's. Geometric transforms move a mask with the image, to the nearest pixel, and fill it with
    `mask_fill` where the image had nothing (`pad` with edge, reflect or symmetric repeats the mask as it does the
    image); others leave it alone.

    `normalise` is not needed: unpool normalises for its network by itself. In a list it works on the image in
    0..1 and makes the views float32, which the network's own (x - mean) / std then takes for images in 0..1.

    Raises `UsageError` for lists that are wrong, at construction.
    """

    train: Sequence[Step] | Callable[[int, int], Sequence[Step]] = ()
    evaluate: Sequence[Step] = ()
    size: int | None = None
    mask_fill: int = 255
    _built: dict[tuple[bool, int, int], list[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.size is not None and (type(self.size) is not int or not 1 <= self.size <= 8192):
            raise UsageError(f"size is {self.size!r}, but must be a whole number from 1 to 8192 pixels")
        for training in (True, False):
            self._transforms(training, self.size or 64, self.size or 64)

    def train_view(
        self, x_CHW: Tensor, seed: int, epoch: int, index: int, mask_HW: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Transform one image, and its mask, for training.

        The view is a function of (seed, epoch, index). torchvision and callables must draw from torch's global
        numbers, which are set for the image and restored afterwards. Another thread that draws from them at the
        same time disturbs both.

        Args:
            x_CHW: uint8 image.
            seed: Seed of the run.
            epoch: Number of the epoch.
            index: Number of the image.
            mask_HW: Its mask, which moves with the image.

        Returns:
            The image (C, h, w) uint8, with a mask also that, (h, w).

        >>> x_CHW = torch.arange(12, dtype=torch.uint8).view(1, 3, 4)
        >>> Augmentation([{"horizontal-flip": 1}]).train_view(x_CHW, seed=0, epoch=1, index=5)[0, 0]
        tensor([3, 2, 1, 0], dtype=torch.uint8)
        """
        with _seed_each(seed, epoch, np.array([index])) as starts:
            return self._view(x_CHW, starts[0], mask_HW)

    def train_views(self, x_BCHW: Tensor, index_B: np.ndarray, seed: int, epoch: int) -> Tensor:
        """Transform a batch for training, each image as `train_view` does.

        Args:
            x_BCHW: uint8 images.
            index_B: Their numbers.
            seed: Seed of the run.
            epoch: Number of the epoch.

        Returns:
            (B, C, h, w) uint8.

        Raises:
            UsageError: Where the views differ in shape.
        """
        with _seed_each(seed, epoch, index_B) as starts:
            views = [self._view(x_CHW, start) for x_CHW, start in zip(x_BCHW, starts, strict=True)]
        return _stack([view for view in views if isinstance(view, Tensor)], x_BCHW)

    def evaluate_views(self, x_CHW: Tensor) -> Tensor:
        """Transform one image for evaluation, (V, C, h, w).

        V is 5 or 10 after five-crop or ten-crop, else 1.

        >>> Augmentation(evaluate=[{"ten-crop": 4}]).evaluate_views(torch.zeros(3, 8, 8)).shape
        torch.Size([10, 3, 4, 4])
        """
        view: Any = tv_tensors.Image(x_CHW)
        with _seed_each(0, 0, np.array([0])) as starts:
            torch.default_generator.manual_seed(starts[0])
            for transform in self._transforms(False, *x_CHW.shape[-2:]):
                view = transform(view)
        views = view if isinstance(view, tuple) else (view,)
        return torch.stack([each.as_subclass(Tensor) for each in views])

    @property
    def has_multi_crop(self) -> bool:
        """Whether images are evaluated by several crops of each.

        Only class scores can be averaged over these.
        """
        built = self._transforms(False, self.size or 64, self.size or 64)
        return bool(built) and getattr(built[-1], "name", None) in MULTI_CROPS

    def _view(
        self, x_CHW: Tensor, start: int, mask_HW: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        torch.default_generator.manual_seed(start)
        image: Any = tv_tensors.Image(x_CHW)
        mask: Any = None if mask_HW is None else tv_tensors.Mask(mask_HW)
        for transform in self._transforms(True, *x_CHW.shape[-2:]):
            if mask is None:
                image = transform(image)
            else:
                image, mask = transform(image, mask)
        if mask is None:
            return image.as_subclass(Tensor)  # type: ignore[no-any-return]
        return image.as_subclass(Tensor), mask.as_subclass(Tensor)

    def _transforms(self, training: bool, height: int, width: int) -> list[Any]:
        """Built once for images of this size."""
        key = (training, height, width)
        if key not in self._built:
            steps = self.train if training else self.evaluate
            listed = steps(height, width) if callable(steps) else steps
            context = TransformContext((height, width), self.mask_fill, allows_multi_crop=not training)
            self._built[key] = build_transforms(listed, context)
        return self._built[key]


def read_augmentation(text: str, mask_fill: int = 255) -> Augmentation:
    """Read an augmentation by a preset's name, or from YAML.

    Presets: `none`; `flip`, mirror images; `shift`, small shifts, rotations and scales without mirror images,
    for digits and letters; `photo`, crops resized to the image's own size, mirror images and colour jitter;
    `crops`, crops of the own size after 4 reflected pixels are added, and mirror images. They evaluate the image
    as it is. A file holds the list for training, or `train`, `evaluate` and `size` (pixels).

    Args:
        text: The name of a preset, or the path of a file that ends in .yaml or .yml.
        mask_fill: What masks hold where the image has nothing.

    Returns:
        The augmentation.

    Raises:
        UsageError: For an unknown name, or a file that is missing or wrong.

    >>> read_augmentation("flip").evaluate_views(torch.zeros(3, 8, 8)).shape
    torch.Size([1, 3, 8, 8])
    """
    if text in PRESETS:
        return Augmentation(PRESETS[text], mask_fill=mask_fill)
    if Path(text).suffix not in (".yaml", ".yml"):
        raise unknown_name(OPTION, text, [*PRESETS, "FILE.yaml"])
    try:
        return Augmentation(**_read_yaml(Path(text)), mask_fill=mask_fill)
    except UsageError as error:
        raise UsageError(f"{OPTION} {text}: {error}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    from unpool.core.text.yaml_files import describe_error, load_yaml

    try:
        held = load_yaml(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UsageError("there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"cannot be read as YAML: {describe_error(error)}") from None
    if isinstance(held, list):
        return {"train": held}
    if not isinstance(held, dict):
        raise UsageError("must hold a list of transforms, or `train:`, `evaluate:` and `size:`")
    for key in held:
        if key not in KEYS:
            raise unknown_name("key", str(key), KEYS)
    return {key: value for key, value in held.items() if value is not None}


@contextmanager
def _seed_each(seed: int, epoch: int, index_B: np.ndarray) -> Iterator[list[int]]:
    """A seed of torch's numbers for each image; afterwards they go on as if nothing had been drawn."""
    halves_B2 = ((uniform(seed, epoch, index_B, 2, _STREAM) + 1) * 2**23).astype(np.int64)
    with _TORCH_NUMBERS, torch.random.fork_rng(devices=[]):
        yield (halves_B2[:, 0] << 24 | halves_B2[:, 1]).tolist()


def _stack(views: Sequence[Tensor], x_BCHW: Tensor) -> Tensor:
    if not views:
        return x_BCHW
    for view in views:
        if view.shape != views[0].shape:
            raise UsageError(
                f"{OPTION}: views of shape {tuple(views[0].shape)} and {tuple(view.shape)} are no batch; "
                "end the list with a resize or crop to one size"
            )
    return torch.stack(list(views))
