"""Classifiers in model folders.

The folder is that of the encoder, so that it embeds like any other; beside it lie head.safetensors and
classifier.onnx, and model.json says what the classes are and when no answer is given.

M images, D numbers a vector, K classes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.abstention import withhold
from unpool.analysis.classification.heads import HEADS, Head, softmax
from unpool.analysis.neighbours import Floats, Indices
from unpool.core.atomic_files import write_text, write_whole
from unpool.core.file_identity import digest_files
from unpool.errors import UnpoolError
from unpool.images.values.rules import VALUES, ValueRules
from unpool.inference.head_export import build_onnx
from unpool.inference.model import copy_model
from unpool.training.model_file import JSON, describe_model, expect_kind

SECTION = "classifier"  # of model.json
HEAD_FILE, HEAD_ONNX = "head.safetensors", "classifier.onnx"
REMEDY = "make it again with unpool classify train"


@dataclass(frozen=True)
class Answers:
    """The answers for some images.

    Attributes:
        number_M: the class of each.
        probability_M: how probable it is, 0…1.
        is_withheld_M: whether that is too little for an answer.
    """

    number_M: Indices
    probability_M: Floats
    is_withheld_M: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Classifier:
    """A head with the names of its classes, calibrated.

    Attributes:
        head: vectors → scores.
        classes: K names.
        temperature: what scores are divided by.
        abstain_below: answers of a lower probability are withheld; 1: all are.
        field: what was taught: label, or the name of another field.
        rules: by which values of more than 8 bits are scaled.
        record: what model.json keeps of how it was taught, and how good it is.
    """

    head: Head
    classes: tuple[str, ...]
    temperature: float
    abstain_below: float
    field: str
    rules: ValueRules
    record: Mapping[str, Any] = default(default_factory=dict)

    def probabilities(self, vector_MD: npt.ArrayLike) -> Floats:
        """Compute the probability of each class, (M, K) float32."""
        return softmax(self.head.logits(vector_MD), self.temperature)

    def answer(self, vector_MD: npt.ArrayLike) -> Answers:
        """Name images by their vectors."""
        probability_MK = self.probabilities(vector_MD)
        number_M: Indices = probability_MK.argmax(axis=1)
        best_M: Floats = probability_MK.max(axis=1)
        return Answers(number_M, best_M, withhold(best_M, self.abstain_below))


def save_classifier(folder: Path, classifier: Classifier, encoder: Path) -> None:
    """Write a classifier as a model folder, model.json last.

    Args:
        folder: Where to write.
        classifier: The head and its names.
        encoder: The model folder whose vectors the head was fitted to; its files are copied.

    Raises:
        UnpoolError: The encoder is no model, or a file cannot be written.
    """
    import onnx
    from safetensors.numpy import save_file

    copy_model(encoder, folder)
    arrays = {name: np.ascontiguousarray(value) for name, value in classifier.head.arrays.items()}
    write_whole(folder / HEAD_FILE, partial(save_file, arrays))
    graph = build_onnx(classifier.head, classifier.temperature, classifier.classes)
    write_whole(folder / HEAD_ONNX, lambda part: onnx.save(graph, part))
    described = {
        "head": classifier.head.kind, "classes": list(classifier.classes), "temperature": classifier.temperature,
        "abstain_below": classifier.abstain_below, "field": classifier.field, VALUES: classifier.rules.to_dict(),
        "weights": digest_files(folder / HEAD_FILE), "record": dict(classifier.record),
    }  # fmt: skip
    whole = {**json.loads((folder / JSON).read_text("utf-8")), SECTION: described}
    write_text(folder / JSON, json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def load_classifier(folder: Path) -> Classifier:
    """Read the head of a model folder.

    Raises:
        UnpoolError: There is none, or it is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    expect_kind(folder, "encoder")
    described = describe_model(folder).get(SECTION)
    if described is None:
        raise UnpoolError(f"{folder} holds a model that names nothing; make one with unpool classify train")
    path = folder / HEAD_FILE
    try:
        arrays = load_file(path)
        if described["weights"] != digest_files(path):
            raise ValueError(f"it is not the file that {JSON} was written for")
        if described["head"] not in HEADS:
            raise ValueError(f"head {described['head']!r} is of a newer version")
        return Classifier(
            Head(described["head"], len(described["classes"]), arrays), tuple(described["classes"]),
            float(described["temperature"]), float(described["abstain_below"]), str(described["field"]),
            ValueRules.from_dict(described[VALUES]), described["record"],
        )  # fmt: skip
    except FileNotFoundError as error:
        raise UnpoolError(f"{folder} is no complete classifier: it has no {HEAD_FILE}; {REMEDY}") from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise UnpoolError(f"{path} is damaged ({error}); {REMEDY}") from error
