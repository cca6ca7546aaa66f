"""Learn what good pictures look like, level by level.

N pictures, S side, C channels of a map, h, w of a map, D numbers in a vector, K figures, L levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.analysis.anomaly.calibration import FigureScale, moments_without_own, scale_figures
from unpool.analysis.anomaly.coreset import choose_coreset, find_deputies
from unpool.analysis.anomaly.whole import GoodSpread, fit_spread
from unpool.inference.inspection.graph import (
    InspectionGraph,
    Joining,
    LevelMemory,
    Whole,
    describe_patches,
    describe_wholes,
    join_heat,
    log_distance,
    relative_squares,
    worst_cells,
)
from unpool.inference.inspection.levels import LevelName

MEMORY = {256: 16000, 2000: 4000}  # vectors kept of maps of at most so many cells
FINE_MEMORY = 2000  # of larger maps
FLOOR = 0.3  # of the mean variance, added to each channel's: what never varied may do so a little
POSITION = 3 * 2**0.5  # of a place, on aligned parts: a third of the picture costs as much as another patch
POOLED_PICTURES = 20  # below as many, the spread of a place is rather that of all places
MIN_SPREAD = 1e-3
COLOURS = 1 / 3  # share in the heat of the colours that count: a faint stain shows in them alone
BATCH = 8

OnProgress = Callable[[float], None]


class Levels(Protocol):
    """Pictures (B, S, S, 3) uint8 → maps (B, C, h, w), one a name."""

    @property
    def names(self) -> list[LevelName]:
        """What the maps are called."""

    @property
    def size(self) -> int:
        """Side of the pictures, pixels."""

    def __call__(self, pixels_BSS3: Tensor) -> list[Tensor]: ...


@dataclass
class _LearntLevel:
    """One level: its memory, whose its vectors are, and the distances of all good pictures.

    `deputy_MD` are vectors of other pictures that stand in for a picture's own, where `has_deputy_M`.
    """

    shift_C: Tensor
    scale_C: Tensor
    position_weight: float
    memory_MD: Tensor
    owner_M: Tensor
    deputy_MD: Tensor
    has_deputy_M: Tensor
    log_Nhw: np.ndarray
    low_hw: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    spread_hw: np.ndarray = field(default_factory=lambda: np.ones((1, 1)))

    def distances(self, map_BChw: Tensor, leave_out: Sequence[int] | None = None) -> Tensor:
        """Logarithms of distances (B, h, w), without the vectors of one picture each."""
        vectors_BND = describe_patches(map_BChw, self.shift_C, self.scale_C, self.position_weight)
        found = []
        for place, vectors_ND in enumerate(vectors_BND):
            squared_NM = relative_squares(vectors_ND, self.memory_MD)
            if leave_out is not None:
                own = (self.owner_M == leave_out[place]).nonzero()[:, 0]
                squared_NM.index_fill_(1, own, torch.inf)
                stands_in = own[self.has_deputy_M[own]]
                squared_NM[:, stands_in] = relative_squares(vectors_ND, self.deputy_MD[stands_in])
            found.append(log_distance(squared_NM.amin(1) + (vectors_ND**2).sum(1)))
        return torch.stack(found).view(len(found), *map_BChw.shape[2:])


@dataclass
class Learnt:
    """What was learnt of good pictures.

    Args:
        levels: Pictures to maps.
        parts: One a level.
        whole_levels: Positions of those that are looked at as a whole.
        spreads: Of the colours, then of those levels.
        scale: Of the figures.
        z: Of the good pictures, (N, h, w) each: of all maps of the encoder joined, then of each map of colours.
        owner_N: Which image each good picture is a window of.
    """

    levels: Levels
    parts: list[_LearntLevel]
    whole_levels: list[int]
    spreads: list[GoodSpread]
    scale: FigureScale
    z: list[Tensor]
    owner_N: np.ndarray

    @property
    def names(self) -> list[str]:
        """Of the figures."""
        wholes = [f"whole {self.levels.names[place]}" for place in self.whole_levels]
        return [*(str(name) for name in self.levels.names), "heat", "whole colours", *wholes]

    @property
    def core(self) -> list[int]:
        """Positions of the figures that count on every material.

        Deep maps, and the finest for the smallest of defects.
        """
        names = self.levels.names
        deep = [place for place, name in enumerate(names) if name.is_deep]
        finest = [place for place in self.whole_levels[:1] if place not in deep]
        first = len(self.parts) + 2
        wholes = [first + place for place, level in enumerate(self.whole_levels) if level in deep]
        return finest + deep + wholes if deep else list(range(len(self.parts)))

    def figures(self, pictures: Sequence[np.ndarray], made_of: Sequence[int] | None = None) -> np.ndarray:
        """Compute the scaled figures (N, K) of pictures (S, S, 3).

        Args:
            pictures: uint8.
            made_of: For each the position of the good picture that it was made of: its image is not compared with.
        """
        every_K = np.ones(len(self.names), bool)
        return self.figures_and_heats(pictures, every_K, made_of)[0]

    def figures_and_heats(
        self, pictures: Sequence[np.ndarray], used_K: np.ndarray, made_of: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Compute figures and largest heats of pictures.

        Args:
            pictures: (S, S, 3) uint8.
            used_K: Which figures count: colours show in the heat where theirs do.
            made_of: As of `figures`.

        Returns:
            Scaled figures (N, K), and heats (N,).
        """
        found, hottest, names = [], [], self.levels.names
        for start in range(0, len(pictures), BATCH):
            pixels = torch.from_numpy(np.stack(pictures[start : start + BATCH]))
            made_of_B = None if made_of is None else np.asarray(made_of[start : start + BATCH])
            left = None if made_of_B is None else self.owner_N[made_of_B].tolist()
            with torch.inference_mode():
                maps = self.levels(pixels)
                z = [
                    _scaled(part.distances(one, left), part)
                    for part, one in zip(self.parts, maps, strict=True)
                ]
                wholes = describe_wholes(pixels, maps, self.whole_levels)
            heat = join_heat(z, share_heat(names, used_K))
            hottest.append(heat.flatten(1).max(1).values.numpy())
            patches = [worst_cells(each).numpy() for each in [*z, join_heat(z, share_heat(names))]]
            far = [
                _as_log(spread.distances(each.numpy(), made_of_B))
                for each, spread in zip(wholes, self.spreads, strict=True)
            ]
            found.append(np.stack([*patches, *far], 1))
        figures_NK = (np.concatenate(found) - self.scale.low_K) / self.scale.spread_K
        return figures_NK, np.concatenate(hottest)

    def good_heats(self, used_K: np.ndarray) -> np.ndarray:
        """Return the largest heat of each good picture.

        Args:
            used_K: Which figures count.

        Returns:
            (N,).
        """
        shares = share_heat(self.levels.names, used_K)
        colours = [place for place, name in enumerate(self.levels.names) if name.side == 0]
        of_encoder = 1 - shares[colours].sum()
        heat = join_heat(self.z, torch.cat([of_encoder[None], shares[colours]]))
        largest: np.ndarray = heat.flatten(1).max(1).values.numpy()
        return largest

    def build(self, used_K: np.ndarray) -> InspectionGraph:
        """Build the network whose score joins the used figures.

        Maps that neither count nor show in the heat are left out.
        """
        shares = share_heat(self.levels.names, used_K)
        places = [place for place in range(len(self.parts)) if used_K[place] or shares[place] > 0]
        memories = [
            LevelMemory(
                part.shift_C.numpy(), part.scale_C.numpy(), part.position_weight, part.memory_MD.numpy(),
                part.low_hw, part.spread_hw,
            )
            for part in (self.parts[place] for place in places)
        ]  # fmt: skip
        wholes = [Whole(spread.mean_D, spread.whitening_DD) for spread in self.spreads]
        kept_K = [*places, *range(len(self.parts), len(used_K))]
        joining = Joining(
            self.scale.low_K[kept_K], self.scale.spread_K[kept_K], used_K[kept_K],
            shares[places].numpy(), share_heat(self.levels.names)[places].numpy(),
        )  # fmt: skip
        assert isinstance(self.levels, torch.nn.Module)
        return InspectionGraph(self.levels, memories, self.whole_levels, wholes, joining, places).eval()


def learn(
    levels: Levels,
    pictures: Sequence[np.ndarray],
    *,
    is_aligned: Callable[[np.ndarray], bool],
    owner_N: np.ndarray | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Learnt:
    """Learn from good pictures.

    Every figure of a good picture is by the others alone, so that it is one of an unseen picture.

    Args:
        levels: Pictures to maps.
        pictures: (S, S, 3) uint8, at least two.
        is_aligned: Whether places count, from a map (N, C, h, w) of all pictures.
        owner_N: Which image each picture is a window of; None where each is its own.
        seed: Of the choice of vectors.
        on_progress: Called with the share just done.

    Returns:
        What builds an inspector, with figures of the good pictures.
    """
    report = on_progress or (lambda _: None)
    owners_N = np.arange(len(pictures)) if owner_N is None else owner_N
    whole_levels = [place for place, name in enumerate(levels.names) if name.side == levels.size]
    maps, wholes = _describe(levels, pictures, whole_levels, report)
    middle = next((place for place, name in enumerate(levels.names) if name.is_deep), 0)
    position_weight = POSITION if is_aligned(maps[middle]) else 0.0
    parts = []
    for place in range(len(maps)):
        parts.append(_learn_level(maps[place], owners_N, position_weight, seed))
        maps[place] = np.empty(0)  # its memory is needed for the next
        report(0.5 / len(maps))
    spreads = [fit_spread(each) for each in wholes]
    return _calibrate(levels, parts, whole_levels, spreads, owners_N)


def share_heat(names: Sequence[LevelName], used_K: np.ndarray | None = None) -> Tensor:
    """Compute the share of each level in heat, (L,).

    Args:
        names: Of the levels.
        used_K: Which figures count, those of levels first: colours show where they count. None for the encoder alone.
    """
    of_encoder = torch.tensor([float(name.side > 0) for name in names])
    if not of_encoder.sum():
        return torch.full((len(names),), 1 / len(names))
    counts = torch.zeros(len(names)) if used_K is None else torch.from_numpy(used_K[: len(names)]).float()
    colours = counts * (1 - of_encoder)
    share = COLOURS if colours.sum() else 0.0
    return (1 - share) * of_encoder / of_encoder.sum() + share * colours / colours.sum().clamp(min=1)


def _describe(
    levels: Levels, pictures: Sequence[np.ndarray], whole_levels: list[int], report: OnProgress
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All maps (N, C, h, w) float16, and all descriptions of wholes (N, D)."""
    maps: list[np.ndarray] = []
    wholes: list[list[np.ndarray]] = []
    for start in range(0, len(pictures), BATCH):
        pixels = torch.from_numpy(np.stack(pictures[start : start + BATCH]))
        with torch.inference_mode():
            found = levels(pixels)
            described = describe_wholes(pixels, found, whole_levels)
        if not maps:
            maps = [np.empty((len(pictures), *each.shape[1:]), np.float16) for each in found]
        for kept, each in zip(maps, found, strict=True):
            kept[start : start + len(each)] = each.numpy()
        wholes.append([each.numpy() for each in described])
        report(0.5 * len(pixels) / len(pictures))
    return maps, [np.concatenate(each) for each in zip(*wholes, strict=True)]


def _learn_level(
    map_NChw: np.ndarray, owner_N: np.ndarray, position_weight: float, seed: int
) -> _LearntLevel:
    maps = torch.from_numpy(map_NChw.astype(np.float32))
    num, channels, height, width = maps.shape
    variance_C = maps.var((0, 2, 3))
    scale_C = (variance_C + FLOOR * variance_C.mean() + 1e-12).sqrt() * channels**0.5
    shift_C, cells = maps.mean((0, 2, 3)), height * width
    vectors_ND = describe_patches(maps, shift_C, scale_C, position_weight).flatten(0, 1)
    count = next((count for most, count in MEMORY.items() if cells <= most), FINE_MEMORY)
    chosen_M = choose_coreset(vectors_ND.numpy(), count, seed)
    memory_MD, owner_M = vectors_ND[chosen_M].clone(), torch.from_numpy(owner_N[chosen_M // cells])
    deputies_M = find_deputies(vectors_ND.numpy(), owner_N.repeat(cells), chosen_M, seed)
    deputy_MD, has_deputy_M = vectors_ND[deputies_M].clone(), torch.from_numpy(deputies_M >= 0)
    level = _LearntLevel(
        shift_C, scale_C, position_weight, memory_MD, owner_M, deputy_MD, has_deputy_M, np.empty(0)
    )
    del vectors_ND
    with torch.inference_mode():
        found = [
            level.distances(maps[place : place + 1], [int(owner_N[place])]).numpy() for place in range(num)
        ]
    level.log_Nhw = np.concatenate(found)
    return level


def _calibrate(
    levels: Levels,
    parts: list[_LearntLevel],
    whole_levels: list[int],
    spreads: list[GoodSpread],
    owner_N: np.ndarray,
) -> Learnt:
    """Scale distances by those of good pictures at the same place, and figures by those of good pictures."""
    z = []
    for part in parts:
        num = len(part.log_Nhw)
        mean_Nhw, _ = moments_without_own(_smooth(part.log_Nhw))
        difference_Nhw = part.log_Nhw - mean_Nhw
        square_Nhw = difference_Nhw**2
        of_others_Nhw = (square_Nhw.sum(0) - square_Nhw) / (num - 1)
        part.low_hw = _smooth(part.log_Nhw.mean(0)[None])[0]
        part.spread_hw = _spread(square_Nhw.mean(0)[None], num)[0]
        z.append(torch.from_numpy((difference_Nhw / _spread(of_others_Nhw, num - 1)).astype(np.float32)))
        part.log_Nhw = np.empty(0)
    heat_Nhw = join_heat(z, share_heat(levels.names))
    patches = [worst_cells(each).numpy() for each in [*z, heat_Nhw]]
    wholes = [_as_log(spread.own_N) for spread in spreads]
    scale = scale_figures(np.stack([*patches, *wholes], 1))
    colours = [each for each, name in zip(z, levels.names, strict=True) if name.side == 0]
    return Learnt(levels, parts, whole_levels, spreads, scale, [heat_Nhw, *colours], owner_N)


def _spread(variance_Nhw: np.ndarray, num: int) -> np.ndarray:
    """The spread at each place, of `num` pictures: of few, rather that of all places."""
    weight = num / (num + POOLED_PICTURES)
    pooled_N11 = np.sqrt(variance_Nhw.mean((1, 2), keepdims=True))
    spread: np.ndarray = weight * np.sqrt(_smooth(variance_Nhw)) + (1 - weight) * pooled_N11 + MIN_SPREAD
    return spread


def _scaled(distance_Bhw: Tensor, part: _LearntLevel) -> Tensor:
    low = torch.from_numpy(part.low_hw.astype(np.float32))
    return (distance_Bhw - low) / torch.from_numpy(part.spread_hw.astype(np.float32))


def _smooth(map_Nhw: np.ndarray) -> np.ndarray:
    """Average each cell with its neighbours."""
    maps = torch.from_numpy(np.ascontiguousarray(map_Nhw, np.float32))[:, None]
    smoothed: np.ndarray = F.avg_pool2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), 3, 1)[:, 0].numpy()
    return smoothed


def _as_log(distances: np.ndarray) -> np.ndarray:
    logarithms: np.ndarray = log_distance(torch.from_numpy(np.asarray(distances, np.float32) ** 2)).numpy()
    return logarithms


def measure_alignment(map_NChw: np.ndarray, rng: np.random.Generator, pairs: int = 200) -> float:
    """Measure how much pictures agree at the same place.

    Args:
        map_NChw: Features of good pictures; a quarter at each border, where a network sees less, is left out.
        rng: Chooses pairs of pictures and places.
        pairs: Number of pairs of pictures.

    Returns:
        1 less the mean squared distance at the same place over that at different ones: 1 where all are equal, 0
        where places say nothing.
    """
    border = min(map_NChw.shape[2:]) // 4
    inner = map_NChw[:, :, border : map_NChw.shape[2] - border, border : map_NChw.shape[3] - border]
    inner = inner.astype(np.float32)
    inner /= inner.std((0, 2, 3), keepdims=True) + 1e-4
    num, _, height, width = inner.shape
    same, other = [], []
    for _ in range(pairs):
        first = int(rng.integers(num))
        second = (first + int(rng.integers(1, num))) % num
        row, row2 = rng.integers(height, size=(2, 40))
        column, column2 = rng.integers(width, size=(2, 40))
        far = np.maximum(abs(row - row2), abs(column - column2)) >= min(3, height - 1, width - 1)
        here = inner[first][:, row[far], column[far]]
        same.append(((here - inner[second][:, row[far], column[far]]) ** 2).mean(0))
        other.append(((here - inner[second][:, row2[far], column2[far]]) ** 2).mean(0))
    return float(1 - np.concatenate(same).mean() / max(float(np.concatenate(other).mean()), 1e-9))
