"""The memories inside an inspector's ONNX file, read and replaced.

Needs no torch: further good pictures are learnt through the file itself, and nothing is exported again.

N pictures, P patches of a picture, D numbers in a vector, M vectors of a memory, L levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from unpool.core.cpu import usable_cores
from unpool.errors import UnpoolError
from unpool.inference.inspection.inspector import HEAT, INPUT, SCORE

BATCH = 4


@dataclass(frozen=True)
class Described:
    """What a graph sees in pictures.

    Args:
        scores_N: Of the pictures.
        heats_N: The largest heat of each.
        patches: (N, P, D) float32 of each level, as its memory holds them.
        wholes: (N, D) of each look at the whole.
    """

    scores_N: np.ndarray
    heats_N: np.ndarray
    patches: list[np.ndarray]
    wholes: list[np.ndarray]

    def take(self, rows: np.ndarray | slice) -> Described:
        """Return some of the pictures."""
        return Described(
            self.scores_N[rows],
            self.heats_N[rows],
            [each[rows] for each in self.patches],
            [each[rows] for each in self.wholes],
        )


class MemoryGraph:
    """An inspector's graph whose memories can be replaced.

    Args:
        model: The graph; it is not changed.
        state: The arrays in it by name, as model.safetensors holds them.
        source: Where it was read from, for errors.

    Raises:
        UnpoolError: one of the arrays is not in the graph.
    """

    def __init__(self, model: onnx.ModelProto, state: Mapping[str, np.ndarray], source: Path) -> None:
        self._model, self.state, self._source = model, dict(state), source
        self.num_levels = sum(name.endswith("_memory_MD") for name in state)
        self.num_wholes = sum(name.endswith("_whitening_DD") for name in state)
        self._arrays = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}

    def memory(self, level: int) -> np.ndarray:
        """Return the memory (M, D) of a level."""
        return self.state[f"level{level}_memory_MD"]

    def reach(self, level: int) -> float:
        """Return a distance that good patches often have.

        It is one spread above their mean; what lies farther is what a memory lacks.
        """
        low, spread = (float(self.state[f"level{level}_{name}_hw"].mean()) for name in ("low", "spread"))
        return float(np.exp(low + spread))

    def whole(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and whitening of a whole."""
        return self.state[f"whole{place}_mean_D"], self.state[f"whole{place}_whitening_DD"]

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return {each.key: each.value for each in self._model.metadata_props}

    def describe(self, pictures: Sequence[np.ndarray], *, is_deep: bool = True) -> Described:
        """Describe pictures (S, S, 3) uint8.

        Args:
            pictures: At least one.
            is_deep: With patches and wholes; else scores alone.
        """
        queries = [self._query(level) for level in range(self.num_levels)] if is_deep else []
        wholes = [self._whole_query(place) for place in range(self.num_wholes)] if is_deep else []
        session = _open(self._model, [*queries, *wholes], self._source)
        runs = [
            session.run([SCORE, HEAT, *queries, *wholes], {INPUT: np.stack(pictures[start : start + BATCH])})
            for start in range(0, len(pictures), BATCH)
        ]
        scores_N, heats_Nhw, *rest = (np.concatenate(each) for each in zip(*runs, strict=True))
        patches = [0.5 * each for each in rest[: len(queries)]]  # the graph doubles them for its product
        heats_N = heats_Nhw.reshape(len(heats_Nhw), -1).max(1)
        return Described(scores_N, heats_N, patches, list(rest[len(queries) :]))

    def scales(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return mean, spread and use of each figure, wholes last."""
        names = ("joining_low_K", "joining_spread_K", "joining_used_K")
        if not all(name in self.state for name in names):
            raise self._is_other()
        low_K, spread_K, used_K = (self.state[name] for name in names)
        return low_K, spread_K, used_K > 0

    def replace(self, arrays: Mapping[str, np.ndarray]) -> MemoryGraph:
        """Return a graph with other arrays, also longer memories."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        del model.graph.value_info[:]  # it holds the former shapes
        place_of = {each.name: place for place, each in enumerate(model.graph.initializer)}
        for name, new in arrays.items():
            forms, news = _forms(self.state[name]), _forms(new)
            found = [(other, form) for form, old in forms.items() for other in self._equal(old)]
            if not found:
                raise self._is_other()
            for other, form in found:
                fresh = numpy_helper.from_array(np.ascontiguousarray(news[form], np.float32), other)
                model.graph.initializer[place_of[other]].CopyFrom(fresh)
        return MemoryGraph(model, {**self.state, **arrays}, self._source)

    def save(self, path: Path, properties: Mapping[str, str]) -> None:
        """Write the ONNX file, with metadata."""
        onnx.helper.set_model_props(self._model, {**properties})
        onnx.save(self._model, path)

    def _equal(self, array: np.ndarray) -> list[str]:
        """The constants of the graph of these values: exporters fold and rename small ones."""
        return [
            name
            for name, other in self._arrays.items()
            if other.shape == array.shape
            and other.dtype == array.dtype
            and np.allclose(other, array, 1e-5, 1e-6)
        ]

    def _query(self, level: int) -> str:
        """What is compared with a level's memory, doubled."""
        memory_MD = self.memory(level)
        turned = set(self._equal(memory_MD.T))
        names = set(self._equal(memory_MD))
        turned |= {
            node.output[0]
            for node in self._model.graph.node
            if node.op_type == "Transpose" and node.input[0] in names
        }
        for node in self._model.graph.node:
            if node.op_type == "MatMul" and node.input[1] in turned:
                return str(node.input[0])
        raise self._is_other()

    def _whole_query(self, place: int) -> str:
        """What a mean of wholes is taken from."""
        names = set(self._equal(self.whole(place)[0]))
        for node in self._model.graph.node:
            if node.op_type == "Sub" and node.input[1] in names:
                return str(node.input[0])
        raise self._is_other()

    def _is_other(self) -> UnpoolError:
        return UnpoolError(
            f"{self._source} is not as unpool writes it, and cannot be added to; train it again"
        )


def read_memory_graph(path: Path, state: Mapping[str, np.ndarray]) -> MemoryGraph:
    """Read an inspector's ONNX file.

    Args:
        path: The file.
        state: The arrays in it, as model.safetensors holds them.

    Raises:
        UnpoolError: it is damaged, or holds no memories.
    """
    try:
        model = onnx.load(path)
    except Exception as error:
        raise UnpoolError(f"{path} cannot be read as ONNX; train it again") from error
    graph = MemoryGraph(model, state, path)
    if not graph.num_levels:
        raise UnpoolError(f"{path.parent} holds no memories of good images to add to; train it again")
    return graph


def _forms(array: np.ndarray) -> dict[str, np.ndarray]:
    """The forms in which an exporter may keep an array; of a memory also its squares."""
    if array.ndim < 2:
        return {"itself": array}
    forms = {"itself": array}
    if array.shape[0] != array.shape[1]:
        forms |= {"turned": array.T, "squares": array**2, "lengths": (array**2).sum(1)}
    return forms


def _open(model: onnx.ModelProto, names: Sequence[str], source: Path):  # type: ignore[no-untyped-def]
    import onnxruntime as ort

    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    for name in names:
        opened.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = usable_cores(), 3
    try:
        return ort.InferenceSession(opened.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnpoolError(f"{source} cannot be run as ONNX; train it again") from error
