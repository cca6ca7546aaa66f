"""ONNX Runtime computes the same probabilities as the head."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from unpool.analysis.classification.heads import HEADS, Head, fit_head, softmax
from unpool.inference.head_export import build_onnx


def fitted(kind: str, num: int = 30, classes: int = 3) -> Head:
    rng = np.random.default_rng(0)
    class_N = np.arange(num) % classes
    return fit_head(rng.normal(size=(classes, 8))[class_N] + 0.5 * rng.normal(size=(num, 8)), class_N, kind)


@pytest.mark.parametrize(("num", "classes"), [(30, 3), (6, 2)])
@pytest.mark.parametrize("kind", HEADS)
def test_probabilities_are_those_of_the_head(kind, num, classes):
    head = fitted(kind, num, classes)
    graph = build_onnx(head, 0.7, ["a", "b", "c"][:classes])
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (1, 17):
        vector_MD = (5 * np.random.default_rng(count).normal(size=(count, 8))).astype(np.float32)
        found = session.run(["probability"], {"vector": vector_MD})[0]
        np.testing.assert_allclose(found, softmax(head.logits(vector_MD), 0.7), atol=1e-5)


def test_zero_vector_gives_finite_probabilities():
    graph = build_onnx(fitted("linear"), 1.0, ["a", "b", "c"])
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    assert np.isfinite(session.run(None, {"vector": np.zeros((1, 8), np.float32)})[0]).all()


def test_names_of_classes_are_in_the_file():
    graph = build_onnx(fitted("linear"), 1.0, ["ä", "b,c", "d"])
    assert json.loads(graph.metadata_props[0].value) == ["ä", "b,c", "d"]
