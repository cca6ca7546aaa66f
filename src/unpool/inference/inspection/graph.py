"""From maps of features to a score and heat map.

B pictures, S side, C channels of a map, h, w of a map, M vectors of a memory, L levels, K scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.analysis.anomaly.calibration import SOFTNESS
from unpool.inference.inspection.inspector import EPSILON

HEAT_SIDE = 64  # of the heat map, cells
WORST = 0.004  # share of a map's cells whose mean is the picture's
MIN_WORST = 3


def num_worst(cells: int) -> int:
    """How many cells a picture's figure is the mean of.

    >>> num_worst(4096), num_worst(64)
    (16, 3)
    """
    return min(cells, max(MIN_WORST, round(WORST * cells)))


@dataclass(frozen=True)
class LevelMemory:
    """What good pictures look like at one level.

    Args:
        shift_C: Mean of the features of good pictures.
        scale_C: Their spread, times the root of the number of channels.
        position_weight: How much a place counts, 0 where parts are not aligned.
        memory_MD: Vectors of good pictures, D = C + 2.
        low_hw: Mean of the logarithms of good pictures' distances, at each place.
        spread_hw: Their spread.
    """

    shift_C: np.ndarray
    scale_C: np.ndarray
    position_weight: float
    memory_MD: np.ndarray
    low_hw: np.ndarray
    spread_hw: np.ndarray


@dataclass(frozen=True)
class Whole:
    """How a level's mean and spread over pictures are compared.

    The distance of x (D,) is the length of (x - mean) @ whitening."""

    mean_D: np.ndarray
    whitening_DD: np.ndarray


@dataclass(frozen=True)
class Joining:
    """How figures become one score.

    Args:
        low_K: Mean of each figure of good pictures: of the levels' worst cells, the joint heat's, and the wholes'.
        spread_K: Its spread.
        used_K: Which figures count.
        heat_L: The share of each level in the heat map.
        figure_L: The share of each level in the heat whose worst cells are a figure.
    """

    low_K: np.ndarray
    spread_K: np.ndarray
    used_K: np.ndarray
    heat_L: np.ndarray
    figure_L: np.ndarray


def describe_patches(
    map_BChw: Tensor, shift_C: Tensor, scale_C: Tensor, position_weight: float | Tensor
) -> Tensor:
    """Turn a map into scaled vectors with their places.

    Args:
        map_BChw: Features.
        shift_C: Subtracted.
        scale_C: Divided by.
        position_weight: Of the place, in 0 to 1 from side to side.

    Returns:
        (B, h * w, C + 2).
    """
    batch, _, height, width = map_BChw.shape
    scaled = (map_BChw - shift_C.view(1, -1, 1, 1)) / scale_C.view(1, -1, 1, 1)
    row = torch.linspace(0, 1, height).view(1, 1, height, 1).expand(batch, 1, height, width)
    column = torch.linspace(0, 1, width).view(1, 1, 1, width).expand(batch, 1, height, width)
    placed = torch.cat([scaled, position_weight * row, position_weight * column], 1)
    return placed.flatten(2).transpose(1, 2)


def relative_squares(query_ND: Tensor, memory_MD: Tensor) -> Tensor:
    """Compute squared distances (N, M), less the squares of queries.

    By one pass over (N, M).
    """
    return torch.addmm((memory_MD**2).sum(1), query_ND, memory_MD.T, alpha=-2)


def nearest_squares(query_ND: Tensor, memory_MD: Tensor) -> Tensor:
    """Compute squared distances (N,) to the nearest.

    What is equal for all of the memory is added last: a pass over (N, M) takes half as long as the product.
    """
    squared_NM = (memory_MD**2).sum(-1) - 2 * query_ND @ memory_MD.T
    return squared_NM.min(-1).values + (query_ND**2).sum(-1)


def log_distance(squared: Tensor) -> Tensor:
    """Return the logarithm of the root of a squared distance."""
    return 0.5 * torch.log(squared.clamp(min=0) + EPSILON)


def worst_cells(map_Bhw: Tensor) -> Tensor:
    """Return the mean (B,) of the largest cells of maps."""
    flat_BN = map_Bhw.flatten(1)
    return flat_BN.topk(num_worst(flat_BN.shape[1]), dim=1).values.mean(1)


def describe_wholes(pixels_BSS3: Tensor, maps: list[Tensor], whole_levels: list[int]) -> list[Tensor]:
    """Describe pictures as a whole, by means and spreads.

    Args:
        pixels_BSS3: uint8.
        maps: Of the levels.
        whole_levels: Positions of the levels described.

    Returns:
        (B, D) each: first of the colours, then of the levels.
    """
    x_BN3 = pixels_BSS3.to(torch.float32).flatten(1, 2) / 255
    first = torch.cat([x_BN3.mean(1), spread(x_BN3, 1)], 1)
    return [
        first,
        *(torch.cat([maps[k].mean((2, 3)), spread(maps[k].flatten(2), 2)], 1) for k in whole_levels),
    ]


def spread(x: Tensor, axis: int) -> Tensor:
    """Return the standard deviation along an axis."""
    centred = x - x.mean(axis, keepdim=True)
    return ((centred * centred).mean(axis) + 1e-8).sqrt()


class InspectionGraph(nn.Module):
    """Pictures (B, S, S, 3) uint8 → scores (B,), heat maps (B, 64, 64).

    Args:
        levels: Pictures to maps.
        memories: One for each map that is compared.
        whole_levels: Positions of the levels that are looked at as a whole.
        wholes: Of the colours, then of those levels.
        joining: How their figures become one.
        places: Which maps are compared; None for all.
    """

    joining_low_K: Tensor
    joining_spread_K: Tensor
    joining_used_K: Tensor
    joining_heat_L: Tensor
    joining_figure_L: Tensor

    def __init__(
        self,
        levels: nn.Module,
        memories: list[LevelMemory],
        whole_levels: list[int],
        wholes: list[Whole],
        joining: Joining,
        places: list[int] | None = None,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.places = list(range(len(memories))) if places is None else list(places)
        self.num_levels, self.whole_levels = len(memories), list(whole_levels)
        for place, memory in enumerate(memories):
            for name in ("shift_C", "scale_C", "memory_MD", "low_hw", "spread_hw", "position_weight"):
                self._keep(f"level{place}_{name}", getattr(memory, name))
        for place, whole in enumerate(wholes):
            self._keep(f"whole{place}_mean_D", whole.mean_D)
            self._keep(f"whole{place}_whitening_DD", whole.whitening_DD)
        self.num_wholes = len(wholes)
        for name in ("low_K", "spread_K", "used_K", "heat_L", "figure_L"):
            self._keep(f"joining_{name}", getattr(joining, name))

    def _keep(self, name: str, value: object) -> None:
        self.register_buffer(name, torch.from_numpy(np.array(value, np.float32)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what was learnt, by name.

        Memories, wholes and the scales of figures, not the encoder.
        """
        kept = ("level", "whole", "joining")
        return {
            name: value.numpy()
            for name, value in self.state_dict().items()
            if name.startswith(kept) and not name.startswith("levels.")
        }

    def level_maps(self, maps: list[Tensor]) -> list[Tensor]:
        """Compare maps with the memories.

        Returns:
            Distances in spreads of good pictures, (B, h, w) each.
        """
        found = []
        for place, map_BChw in enumerate(maps):
            batch, _, height, width = map_BChw.shape
            own = {name: getattr(self, f"level{place}_{name}") for name in (
                "shift_C", "scale_C", "memory_MD", "low_hw", "spread_hw", "position_weight")}  # fmt: skip
            query_BND = describe_patches(map_BChw, own["shift_C"], own["scale_C"], own["position_weight"])
            nearest = nearest_squares(query_BND, own["memory_MD"])
            distance_Bhw = log_distance(nearest).view(batch, height, width)
            found.append((distance_Bhw - own["low_hw"]) / own["spread_hw"])
        return found

    def forward(self, pixels_BSS3: Tensor) -> tuple[Tensor, Tensor]:
        """Score pictures."""
        maps = self.levels(pixels_BSS3)
        found = self.level_maps([maps[place] for place in self.places])
        heat_Bhw = join_heat(found, self.joining_heat_L)
        figures = [worst_cells(each) for each in [*found, join_heat(found, self.joining_figure_L)]]
        for place, x_BD in enumerate(describe_wholes(pixels_BSS3, maps, self.whole_levels)):
            mean_D, whitening_DD = (
                getattr(self, f"whole{place}_mean_D"), getattr(self, f"whole{place}_whitening_DD"),
            )  # fmt: skip
            figures.append(log_distance((((x_BD - mean_D) @ whitening_DD) ** 2).sum(1)))
        figure_BK = (torch.stack(figures, 1) - self.joining_low_K) / self.joining_spread_K
        return join_softly(figure_BK, self.joining_used_K), heat_Bhw


def join_softly(figure_BK: Tensor, used_K: Tensor) -> Tensor:
    """Join the used figures to scores (B,), as `join_figures` does."""
    kept_BK = figure_BK + (used_K - 1) * 1e4
    largest_B1 = kept_BK.amax(1, keepdim=True)
    total_B = torch.exp((kept_BK - largest_B1) / SOFTNESS).sum(1)
    return largest_B1[:, 0] + SOFTNESS * torch.log(total_B / used_K.sum())


def join_heat(found: list[Tensor], heat_L: Tensor) -> Tensor:
    """Average the maps of levels by their shares, (B, 64, 64)."""
    size = (HEAT_SIDE, HEAT_SIDE)
    heat_Bhw = torch.zeros(())
    for place, map_Bhw in enumerate(found):
        grown = F.interpolate(map_Bhw[:, None], size, mode="bilinear", align_corners=False)[:, 0]
        heat_Bhw = heat_Bhw + heat_L[place] * grown
    return heat_Bhw
