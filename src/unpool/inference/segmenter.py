"""A trained segmenter as a fast function, pixels to scores.

On a CPU it runs on ONNX Runtime, elsewhere, or where it cannot be exported, on torch.

B batch, H height, W width, C channels, K classes, h and w of the decoder's finest map.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.inference.encoder import open_session
from unpool.inference.exports import VERSION_KEY, Export, describe_structure, write_onnx
from unpool.inference.tiles import Scorer
from unpool.networks.layers.bilinear import Upsample
from unpool.networks.segmentation.fpn import FeaturePyramidDecoder
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.data.masked_datasets import FromColour

if TYPE_CHECKING:
    from timm.layers import Conv2dSame

INPUT, OUTPUT = "images", "scores"
MAX_DIFFERENCE = 1e-3  # of scores of about 1, between torch and an export that is used
VERSION = "2"  # of exports: 1, which says none, enlarged maps by sizes that were computed
MAX_WORKERS = 8  # windows scored side by side, which take a fifth of a gigabyte each
MAX_SIDE = 8192  # pixels of an exported segmenter, in multiples of its reduction


class SegmenterRuntime:
    """Pixels (B, H, W, 3) uint8 → class scores (B, K, H, W) float32.

    Images have any size; the scores are on the CPU.

    Args:
        network: In evaluation mode from here on.
        device: Where it runs.
    """

    def __init__(self, network: Segmenter, device: str = "cpu") -> None:
        self.network = network.to(device).to(memory_format=torch.channels_last).eval()
        self.device = torch.device(device)
        self.num_classes = network.num_classes
        self._normalised = FromColour(network.preprocessing, self.device)

    @contextmanager
    def scoring(self, num_windows: int, side: int) -> Iterator[tuple[Scorer, int]]:
        """Prepare to score the windows of an image.

        Args:
            num_windows: How many there are.
            side: Of a window, pixels.

        Yields:
            A function, windows (B, H, W, 3) uint8 → class scores (B, K, H, W), and the number of threads that call it.
        """
        yield (lambda pixels_BHWC: self(pixels_BHWC).numpy()), 1

    @torch.inference_mode()
    def __call__(self, pixels_BHWC: np.ndarray) -> Tensor:
        raw_BCHW = torch.from_numpy(np.require(pixels_BHWC, requirements=["C", "W"])).permute(0, 3, 1, 2)
        prepared_BCHW = self.network.prepare(self._normalised(raw_BCHW))
        scores_BKhw = self._coarse(prepared_BCHW)
        size = (pixels_BHWC.shape[1], pixels_BHWC.shape[2])
        scores_BKHW: Tensor = self.network.enlarge_scores(scores_BKhw, size)
        return scores_BKHW.float().cpu()

    def _coarse(self, prepared_BCHW: Tensor) -> Tensor:
        scores_BKhw: Tensor = self.network.coarse(prepared_BCHW.contiguous(memory_format=torch.channels_last))
        return scores_BKhw


class OnnxSegmenterRuntime(SegmenterRuntime):
    """A segmenter whose encoder and decoder run on ONNX Runtime.

    That is two to three times as fast on a CPU.

    Args:
        network: Prepares images and enlarges scores.
        path: The ONNX file.
        threads: Number of threads of one run.
    """

    def __init__(self, network: Segmenter, path: Path, threads: int, *, keeps_memory: bool = False) -> None:
        super().__init__(network)
        self._path, self._threads = path, threads
        # Pictures of a folder each have their own size: memory that is kept would be of no use to the next.
        self._session = open_session(path, threads, "segmenter", keeps_memory=keeps_memory)
        # Of one side and number of threads, which come again and again.
        self._for_windows: tuple[tuple[int, int], OnnxSegmenterRuntime] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the file is of this version.

        Files of earlier versions give the same scores, in more time.
        """
        return bool(self._session.get_modelmeta().custom_metadata_map.get(VERSION_KEY) == VERSION)

    @contextmanager
    def scoring(self, num_windows: int, side: int) -> Iterator[tuple[Scorer, int]]:
        """Prepare to score windows side by side.

        Each has one thread, as threads that share a window wait for each other, and those of torch for those of ONNX
        Runtime. Where there are more cores than windows, these share them.
        """
        workers = min(self._threads, num_windows, MAX_WORKERS)
        if workers < 2:
            with super().scoring(num_windows, side) as scoring:
                yield scoring
            return
        kind = side, self._threads // workers
        if self._for_windows is None or self._for_windows[0] != kind:
            self._for_windows = (
                kind,
                OnnxSegmenterRuntime(self.network, self._path, kind[1], keeps_memory=True),
            )
        runtime, threads = self._for_windows[1], torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield (lambda pixels_BHWC: runtime(pixels_BHWC).numpy()), workers
        finally:
            torch.set_num_threads(threads)

    def _coarse(self, prepared_BCHW: Tensor) -> Tensor:
        (scores_BKhw,) = self._session.run([OUTPUT], {INPUT: prepared_BCHW.contiguous().numpy()})
        return torch.from_numpy(scores_BKhw)


class _Coarse(nn.Module):
    def __init__(self, network: Segmenter) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.network.coarse(images)
        return scores


def export_segmenter(network: Segmenter, path: Path) -> None:
    """Write encoder and decoder of a segmenter as ONNX.

    The file takes prepared images (B, C, H, W) float32, any B, H and W that are multiples of the encoder's
    reduction, and gives class scores of the finest map.

    Raises:
        UnpoolError: the export fails, or gives other scores than torch.
    """
    if network.architecture == "segnet":
        raise UnpoolError("segnet cannot be exported to ONNX: pooling indices are counted otherwise there")
    module = _Coarse(_with_fixed_sizes(network)).eval()
    step = network.reduction
    low = -(-2 * network.smallest // step)
    example_BCHW = torch.rand(2, network.channels, (low + 1) * step, (low + 2) * step) * 2 - 1
    sides = {
        axis: torch.export.Dim(name, min=low, max=MAX_SIDE) for axis, name in ((2, "rows"), (3, "columns"))
    }

    export = Export(
        module, example_BCHW, INPUT, OUTPUT,
        {0: torch.export.Dim("batch"), **{axis: step * side for axis, side in sides.items()}},
        describe_structure(network), VERSION,
    )  # fmt: skip
    other_BCHW = torch.rand(1, network.channels, (low + 3) * step, (low + 1) * step) * 2 - 1
    with torch.inference_mode():
        expected = network.coarse(other_BCHW)

    def check(file: Path) -> None:
        exported = OnnxSegmenterRuntime(network, file, threads=1)._coarse(other_BCHW)
        if not float((expected - exported).abs().max()) <= MAX_DIFFERENCE * (1 + float(expected.abs().max())):
            raise UnpoolError("the ONNX export disagrees with torch")

    write_onnx(export, path, check)


def _with_fixed_sizes(network: Segmenter) -> Segmenter:
    """A copy of which the exporter need not reason about sizes, as they are multiples of the reduction.

    Its "same" convolutions pad by fixed numbers: found out, they take the exporter minutes. Its maps are enlarged by
    fixed factors: otherwise ONNX Runtime reorders each before and after, and decodes in three times the time.
    """
    from timm.layers import Conv2dSame

    fixed = copy.deepcopy(network)
    for module in list(fixed.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv2dSame):
                setattr(module, name, _FixedPadding(child))
    if network.reduction > 1 and isinstance(fixed.decoder, FeaturePyramidDecoder):
        reductions = [level.reduction for level in fixed.pyramid.levels]
        for place, (fine, coarse) in enumerate(pairwise(reductions)):
            upsample = fixed.decoder.between[place]
            if isinstance(upsample, Upsample) and upsample.layer is None and (coarse / fine).is_integer():
                fixed.decoder.between[place] = _FixedEnlargement(coarse / fine)
    return fixed


class _FixedEnlargement(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor, _: tuple[int, int]) -> Tensor:
        return F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)

    def extra_repr(self) -> str:
        return f"{self.factor:g}"


class _FixedPadding(nn.Module):
    def __init__(self, same: Conv2dSame) -> None:
        super().__init__()
        self.weight, self.bias = same.weight, same.bias
        self.stride, self.dilation, self.groups = same.stride, same.dilation, same.groups
        border: list[int] = []
        for kernel, stride, dilation in zip(same.kernel_size, same.stride, same.dilation, strict=True):
            total = max(0, dilation * (kernel - 1) + 1 - stride)
            border = [total // 2, total - total // 2, *border]
        self.border = border

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(
            F.pad(x, self.border), self.weight, self.bias, self.stride, 0, self.dilation, self.groups
        )
