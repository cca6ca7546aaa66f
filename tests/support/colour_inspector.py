"""An inspector that is really learnt, in a moment: it sees colours alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from unpool.analysis.anomaly.calibration import join_figures
from unpool.inference.inspection.inspector import InspectorRecord
from unpool.inference.inspection.learning import Levels, learn
from unpool.inference.inspection.levels import LevelName, describe_colours
from unpool.inference.inspection.model_folder import save_inspector

SIDE = 64
NUM_GOOD = 20


class Colours(nn.Module):
    """Maps of colours, without a network."""

    names = (LevelName(0, 8), LevelName(0, 16))
    size = SIDE

    def forward(self, pixels_BSS3: Tensor) -> list[Tensor]:
        """Compute two maps."""
        x_BCSS = pixels_BSS3.permute(0, 3, 1, 2).to(torch.float32) / 255
        return [describe_colours(x_BCSS, name.stride) for name in self.names]


def draw(seed: int, kind: str = "good") -> np.ndarray:
    """A noisy grey picture; "striped" has a bright stripe, "stained" a dark spot, "green" is greener."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(128, 12, (SIDE, SIDE, 3)) + rng.normal(0, 4, 3)
    if kind == "striped":
        pixels[:, 20:32] += 60
    if kind == "stained":
        pixels[36:52, 36:52] -= 70
    if kind == "green":
        pixels[..., 1] += 40
    return np.clip(pixels, 0, 255).astype(np.uint8)


def write_pictures(folder: Path, kind: str, count: int, first: int = 1000) -> Path:
    """Write pictures as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(draw(first + number, kind)).save(folder / f"{kind}{number}.png")
    return folder


def learn_colours(folder: Path, levels: Levels | None = None) -> Path:
    """Learn from good pictures, and write the model folder; `levels` are what is compared, if not colours."""
    pictures = [draw(seed) for seed in range(NUM_GOOD)]
    learnt = learn(levels or Colours(), pictures, is_aligned=lambda _: False)
    used_K = np.ones(len(learnt.names), bool)
    graph = learnt.build(used_K)
    score_N = np.sort(join_figures(learnt.scale.good_NK))
    heat_N = np.sort(learnt.good_heats(used_K))
    details = {"good_heats": heat_N.tolist()}
    record = InspectorRecord(
        "memory", float(score_N[-1]), float(heat_N[-1]), 0.1, tuple(score_N.tolist()), NUM_GOOD, SIDE,
        details=details,
    )  # fmt: skip
    save_inspector(folder, graph, record, network="colours", options={"method": "auto"}, state=graph.arrays())
    return folder
