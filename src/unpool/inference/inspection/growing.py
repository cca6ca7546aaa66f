"""Add further good pictures to an inspector's memories.

N pictures, P patches of a picture, D numbers in a vector, M of them in a memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unpool.analysis.anomaly.coreset import choose_coreset
from unpool.analysis.anomaly.widening import choose_further, nearest_squares, widen_spread
from unpool.inference.inspection.inspector import EPSILON, InspectorRecord
from unpool.inference.inspection.memory_graph import Described, MemoryGraph

FOLDS = 3  # in which further pictures are scored by the others of them
MAX_ADDED = 0.5  # of the memory that was learnt, for what is added: it costs time
MIN_ADDED = 2000  # vectors that may be added, also to a small memory
GOAL = 0.5  # of the threshold, to which wholes of further pictures are brought
LEARNT = (
    "learnt_vectors"  # in the record: how many vectors each memory was learnt with; those added come after
)


class Growing:
    """Further good pictures, and what memories lack of them.

    Args:
        graph: The inspector's; it is not changed.
        record: What was learnt.
        pictures: (S, S, 3) uint8, at least one.
    """

    def __init__(self, graph: MemoryGraph, record: InspectorRecord, pictures: Sequence[np.ndarray]) -> None:
        self._graph, self._record, self._pictures = graph, record, pictures
        self.described = graph.describe(pictures)
        self._nearest = [
            nearest_squares(patches.reshape(-1, patches.shape[-1]), graph.memory(level)).reshape(
                patches.shape[:2]
            )
            for level, patches in enumerate(self.described.patches)
        ]

    def grow(self, rows: np.ndarray | None = None) -> MemoryGraph:
        """Return a graph that knows some of the pictures.

        Args:
            rows: Positions of the pictures; None for all.
        """
        taken = slice(None) if rows is None else rows
        described = self.described.take(taken)
        nearest = [each[taken] for each in self._nearest]
        return self._graph.replace({**self._memories(described, nearest), **self._wholes(described)})

    def unseen(self, owners_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score pictures by the model and the others of them.

        Args:
            owners_N: Which image each picture is of; an image's own pictures say nothing of it.

        Returns:
            Scores (N,), and largest heats (N,).
        """
        numbers_N = np.unique(owners_N, return_inverse=True)[1]
        fold_N = numbers_N % FOLDS
        scores_N, heats_N = self.described.scores_N.copy(), self.described.heats_N.copy()
        for fold in np.unique(fold_N) if numbers_N.max() else ():
            own = np.flatnonzero(fold_N == fold)
            widened = self.grow(np.flatnonzero(fold_N != fold))
            found = widened.describe([self._pictures[row] for row in own.tolist()], is_deep=False)
            scores_N[own], heats_N[own] = found.scores_N, found.heats_N
        return scores_N, heats_N

    def _memories(self, described: Described, nearest: list[np.ndarray]) -> dict[str, np.ndarray]:
        arrays = {}
        for level, patches in enumerate(described.patches):
            memory_MD, vectors_ND = self._graph.memory(level), patches.reshape(-1, patches.shape[-1])
            learnt = self._num_learnt(level)
            room = max(MIN_ADDED, int(MAX_ADDED * learnt))
            further = choose_further(vectors_ND, nearest[level].ravel(), self._graph.reach(level), room // 2)
            if not len(further):
                continue
            added = np.concatenate([memory_MD[learnt:], vectors_ND[further]])
            arrays[f"level{level}_memory_MD"] = np.concatenate(
                [memory_MD[:learnt], added[choose_coreset(added, room)]]
            )
        return arrays

    def _num_learnt(self, level: int) -> int:
        learnt = self._record.details.get(LEARNT)
        return len(self._graph.memory(level)) if learnt is None else int(learnt[level])

    def _wholes(self, described: Described) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        low_K, spread_K, used_K = self._graph.scales()
        first = len(low_K) - self._graph.num_wholes
        for place, wholes in enumerate(described.wholes):
            figure = first + place
            if not used_K[figure]:
                continue
            log_reach = low_K[figure] + GOAL * max(self._record.threshold, 0.0) * spread_K[figure]
            reach = float(np.sqrt(max(np.exp(2 * log_reach) - EPSILON, 0)))
            names = (f"whole{place}_mean_D", f"whole{place}_whitening_DD")
            widened = widen_spread(*self._graph.whole(place), self._record.num_good, wholes, reach)
            arrays |= dict(zip(names, widened, strict=True))
        return arrays


def count_vectors(graph: MemoryGraph) -> list[int]:
    """Count the vectors of each memory."""
    return [len(graph.memory(level)) for level in range(graph.num_levels)]
