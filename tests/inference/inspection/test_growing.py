"""What an inspector's memories lack of further pictures."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file

from support.colour_inspector import draw, learn_colours
from unpool.inference.inspection.growing import Growing, count_vectors
from unpool.inference.inspection.inspector import InspectorRecord, load_inspector
from unpool.inference.inspection.memory_graph import MemoryGraph, read_memory_graph


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryGraph, InspectorRecord]:
    model = learn_colours(tmp_path_factory.mktemp("learnt") / "model")
    graph = read_memory_graph(model / "inspector.onnx", load_file(model / "model.safetensors"))
    return graph, load_inspector(model).record


def striped(*seeds: int) -> list[np.ndarray]:
    return [draw(seed, "striped") for seed in seeds]


def test_pictures_score_low_once_they_are_known(opened: tuple[MemoryGraph, InspectorRecord]) -> None:
    graph, record = opened
    growing = Growing(graph, record, striped(1, 2))
    assert growing.described.scores_N.min() > record.threshold
    grown = growing.grow()
    assert grown.describe(striped(1, 2)).scores_N.max() < record.threshold
    assert all(
        after > before for before, after in zip(count_vectors(graph), count_vectors(grown), strict=True)
    )
    for level in range(graph.num_levels):
        np.testing.assert_array_equal(grown.memory(level)[: len(graph.memory(level))], graph.memory(level))


def test_what_is_known_adds_nothing(opened: tuple[MemoryGraph, InspectorRecord]) -> None:
    graph, record = opened
    grown = Growing(graph, record, striped(1, 2)).grow()
    again = Growing(grown, record, striped(1, 2)).grow()
    assert count_vectors(again) == count_vectors(grown)


def test_an_image_is_scored_by_the_others_alone(opened: tuple[MemoryGraph, InspectorRecord]) -> None:
    graph, record = opened
    pictures = striped(1, 2, 3)
    growing = Growing(graph, record, pictures)
    scores_N, heats_N = growing.unseen(np.arange(3))
    others = growing.grow(np.array([0, 2])).describe([pictures[1]], is_deep=False)
    assert scores_N[1] == pytest.approx(others.scores_N[0], abs=1e-4)
    assert heats_N[1] == pytest.approx(others.heats_N[0], abs=1e-4)
    assert (scores_N < growing.described.scores_N).all()
    windows = growing.unseen(np.zeros(3, int))[0]  # of one image: no other is known
    np.testing.assert_allclose(windows, growing.described.scores_N, atol=1e-4)
