"""Encoders that are ONNX files, with their preprocessing beside them.

Every model folder has one contract: pixels (B, S, S, C) uint8 go into `encoder.onnx`, vectors (B, D) float32 come out.
A graph from elsewhere is wrapped in what leads from the one to the other, and its results are compared with its own.

B images in a batch, S side, C channels, D numbers in a vector, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.errors import UnpoolError, shorten_reason
from unpool.networks.encoders.agreement import MIN_COSINE, cosine
from unpool.networks.encoders.onnx_graph import (
    INPUT,
    OUTPUT,
    Layout,
    Pooling,
    Wiring,
    repeat_graph,
    wrap_graph,
)
from unpool.networks.encoders.onnx_statement import LAYOUTS, POOLINGS, read_preprocessing, read_statement
from unpool.networks.preprocessing import Preprocessing

if TYPE_CHECKING:
    import onnx
    from onnxruntime import InferenceSession

ENDING = ".onnx"
MIN_OPSET = 9  # of operators; before it, uint8 cannot be cast in every runtime
NUM_TRIED = 3  # images on which both are compared
INPUT_TYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}  # fmt: skip
MAX_BYTES = 2**31 - 2**20  # of one ONNX file with its weights


class OnnxFile:
    """A graph from elsewhere, ready to be wrapped.

    `notes` says what was assumed or added, a sentence each.

    Args:
        path: The ONNX file; its JSON has the same name with another ending.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.statement = path, read_statement(path)
        self.notes: list[str] = []
        self.model = _load(path)
        self._session = _open(path)
        self._input = self._find_input()
        self.layout = self._find_layout()
        self.preprocessing = self._read_preprocessing()
        self._output, output_B = self._find_output()
        self.pooling = self._find_pooling(output_B)

    def write(self, path: Path) -> int:
        """Write the wrapped graph; returns D.

        Raises:
            UnpoolError: its vectors are not those of the graph.
        """
        import onnx
        from onnx import helper

        wiring = Wiring(
            self._input.name, self._output, self.layout, helper.np_dtype_to_tensor_dtype(self._dtype),
            str(self.statement.values.get("channels", "")).lower() == "bgr", self.preprocessing, self.pooling,
        )  # fmt: skip
        side, channels = self.preprocessing.size, self.preprocessing.channels
        pixels = np.random.default_rng(0).integers(0, 256, (NUM_TRIED, side, side, channels), dtype=np.uint8)
        expected_BD = np.concatenate([self._embed_alone(each) for each in pixels])
        if not np.isfinite(expected_BD).all():
            raise UnpoolError(
                f"{self.path} gives numbers that are not finite; export it again, in single precision"
            )
        wrapped = wrap_graph(self.model, wiring)
        onnx.save(wrapped, path)
        if not _agrees(path, pixels, expected_BD):
            onnx.save(repeat_graph(wrapped, wiring), path)
            if not _agrees(path, pixels, expected_BD):
                raise UnpoolError(
                    f"{self.path} does not give the same vectors for several images as for one; export it with a "
                    "batch of any size"
                )
            self.notes.append("the graph takes one image at a time, which is slower than a batch of any size")
        return int(expected_BD.shape[1])

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.dtype(INPUT_TYPES[self._input.type])

    def _find_input(self) -> Any:
        inputs = self._session.get_inputs()
        shown = ", ".join(f"{each.name} {each.type} {each.shape}" for each in inputs)
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise UnpoolError(
                f"{self.path} takes {shown}, but an encoder takes one input of images with four axes; export the "
                "image side alone"
            )
        if inputs[0].type not in INPUT_TYPES:
            raise UnpoolError(f"{self.path} takes {shown}; expected {', '.join(INPUT_TYPES)}")
        return inputs[0]

    def _find_layout(self) -> Layout:
        stated: Layout | None = self.statement.word("layout", LAYOUTS)  # type: ignore[assignment]
        shape = self._input.shape
        fits: list[Layout] = [layout for layout in LAYOUTS if shape[1 if layout == "NCHW" else 3] in (1, 3)]
        if stated is None and len(fits) != 1:
            raise self.statement.error(f"layout is missing, NCHW or NHWC: the graph's input is {shape}")
        layout = stated or fits[0]
        if isinstance(shape[1 if layout == "NCHW" else 3], int) and layout not in fits:
            raise self.statement.error(f"layout is {layout}, but the graph's input is {shape}")
        return layout

    def _read_preprocessing(self) -> Preprocessing:
        height, width = self._input.shape[2:] if self.layout == "NCHW" else self._input.shape[1:3]
        if isinstance(height, int) and isinstance(width, int) and height != width:
            raise UnpoolError(
                f"{self.path} takes images of {width}×{height} pixels, but only squares can be given"
            )
        sides = [side for side in (height, width) if isinstance(side, int)]
        preprocessing = read_preprocessing(self.statement, sides[0] if sides else None)
        depth = self._input.shape[1 if self.layout == "NCHW" else 3]
        if isinstance(depth, int) and depth != preprocessing.channels:
            raise self.statement.error(
                f"channels is {self.statement.values.get('channels', 3)!r}, but the graph takes {depth} channels"
            )
        keys = [key for key in ("mean", "std") if key in self.statement.values]
        if self._dtype == np.uint8 and keys:
            raise self.statement.error(
                f"{keys[0]} is set, but the graph takes uint8, pixels as they are; leave it out"
            )
        if self._dtype != np.uint8 and len(keys) < 2:
            self.notes.append("mean or std is not stated: 0 and 1 are assumed, for pixels from 0 to 1")
        return preprocessing

    def _find_output(self) -> tuple[str, np.ndarray]:
        """The output that becomes the vector, and what it is for one image."""
        outputs = self._session.get_outputs()
        names = [each.name for each in outputs]
        found = dict(zip(names, self._run(names, self._grey_image()), strict=True))
        shown = ", ".join(f"{name} {list(value.shape)}" for name, value in found.items())
        stated = self.statement.values.get("output")
        if stated is not None and stated not in found:
            raise self.statement.error(f"output is {stated!r}, but the graph gives {shown}")
        flat = [name for name, value in found.items() if value.ndim == 2]
        name = stated or (names[0] if len(names) == 1 else flat[0] if len(flat) == 1 else None)
        if name is None:
            raise self.statement.error(f"output is missing, the name of one of {shown}")
        if stated is None and len(names) > 1:
            self.notes.append(f"of the outputs {shown}, {name} is the vector")
        return str(name), found[str(name)]

    def _find_pooling(self, output_B: np.ndarray) -> Pooling:
        stated = self.statement.word("pooling", POOLINGS)
        if output_B.ndim == 2:
            return "none"
        shown = f"{self._output} {list(output_B.shape)}"
        if output_B.ndim == 3:
            note = "the first of them" if stated == "first" else "the mean of them"
            self.notes.append(
                f"the output {shown} has a vector for each of {output_B.shape[1]} tokens: {note} is taken"
            )
            return "first" if stated == "first" else "mean"
        if output_B.ndim == 4:
            height, width = output_B.shape[2:] if self.layout == "NCHW" else output_B.shape[1:3]
            if height * width > 1:
                self.notes.append(
                    f"the output {shown} is a map of features: the mean of its {height}×{width} places is taken"
                )
            return "map"
        raise UnpoolError(
            f"{self.path} gives {shown}; expected vectors (B, D), tokens (B, T, D) or a map (B, C, H, W)"
        )

    def _grey_image(self) -> np.ndarray:
        side, channels = self.preprocessing.size, self.preprocessing.channels
        return np.full((side, side, channels), 127, np.uint8)

    def _embed_alone(self, pixels_SSC: np.ndarray) -> np.ndarray:
        """The vector (1, D) of one image, by the graph as it is."""
        (found,) = self._run([self._output], pixels_SSC)
        if self.pooling == "first":
            found = found[:, 0]
        elif self.pooling == "mean":
            found = found.astype(np.float32).mean(1)
        elif self.pooling == "map":
            found = found.astype(np.float32).mean((2, 3) if self.layout == "NCHW" else (1, 2))
        return found.astype(np.float32)[:1].reshape(1, -1)

    def _run(self, names: Sequence[str], pixels_SSC: np.ndarray) -> list[np.ndarray]:
        prep = self.preprocessing
        x_SSC = (
            pixels_SSC[..., ::-1]
            if str(self.statement.values.get("channels", "")).lower() == "bgr"
            else pixels_SSC
        )
        if self._dtype != np.uint8:
            x_SSC = (x_SSC / 255 - np.array(prep.mean)) / np.array(prep.std)
        batch = self._input.shape[0]
        x_BSSC = np.repeat(x_SSC[None].astype(self._dtype), batch if isinstance(batch, int) else 1, axis=0)
        x = x_BSSC.transpose(0, 3, 1, 2) if self.layout == "NCHW" else x_BSSC
        try:
            return [np.asarray(each) for each in self._session.run(list(names), {self._input.name: x})]
        except Exception as error:
            raise UnpoolError(
                f"{self.path} cannot be run on an image of {prep.size}×{prep.size} pixels: {shorten_reason(error)}"
            ) from error


def is_onnx_name(name: str) -> bool:
    """Return whether a name is that of an ONNX file.

    >>> is_onnx_name("models/clip.onnx"), is_onnx_name("resnet18")
    (True, False)
    """
    return name.lower().endswith(ENDING)


def files_of_onnx(name: str) -> list[Path]:
    """List the files that decide what vectors are.

    They are the graph, its JSON, and weights that lie outside the graph, as torch writes them.

    Raises:
        UnpoolError: the graph cannot be read.
    """
    import onnx

    path = Path(name)
    try:
        graph = onnx.load(path, load_external_data=False).graph
    except Exception as error:
        raise UnpoolError(
            f"{path} cannot be read as ONNX: {shorten_reason(error)}; export it again"
        ) from error
    places = {
        entry.value
        for weight in graph.initializer
        for entry in weight.external_data
        if entry.key == "location"
    }
    return [path, path.with_suffix(".json"), *(path.parent / place for place in sorted(places))]


def check_onnx_file(name: str) -> None:
    """Check an ONNX file and its JSON, before any work.

    Raises:
        UnpoolError: one is missing, or the JSON says what cannot be.
    """
    path = Path(name)
    if not path.is_file():
        raise UnpoolError(f"there is no file {path}; check the path")
    read_statement(path)


@dataclass(frozen=True)
class WrittenEncoder:
    """What model.json is to say of an encoder.

    Args:
        network: Its name.
        preprocessing: How its images are prepared.
        dimension: Length of a vector.
        encoder: Its kind, where it comes from and what was assumed.
    """

    network: str
    preprocessing: Preprocessing
    dimension: int
    encoder: dict[str, Any]


def write_onnx_encoder(name: str, folder: Path) -> WrittenEncoder:
    """Write `encoder.onnx` of an ONNX file from elsewhere.

    Args:
        name: The ONNX file; its JSON has the same name with another ending.
        folder: The model folder.

    Returns:
        What model.json is to say of it.

    Raises:
        UnpoolError: the files do not fit together, or the graph cannot be run or wrapped.
    """
    check_onnx_file(name)
    file = OnnxFile(Path(name))
    dimension = file.write(folder / "encoder.onnx")
    values = file.statement.values
    stated = {key: values[key] for key in ("licence",) if key in values}
    encoder = {"kind": "onnx", "file": file.path.name, "notes": file.notes, **stated}
    return WrittenEncoder(str(values.get("name") or file.path.stem), file.preprocessing, dimension, encoder)


def _load(path: Path) -> onnx.ModelProto:
    import onnx

    try:
        model = onnx.load(path)
    except Exception as error:
        raise UnpoolError(
            f"{path} cannot be read as ONNX: {shorten_reason(error)}; export it again"
        ) from error
    if sum(len(each.raw_data) for each in model.graph.initializer) > MAX_BYTES:
        raise UnpoolError(
            f"{path} has more than 2 GB of weights, which one ONNX file cannot hold; export it in float16"
        )
    opset = max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=0)
    if opset < MIN_OPSET:
        raise UnpoolError(f"{path} uses operators of set {opset}; export it with opset {MIN_OPSET} or newer")
    return model


def _open(path: Path) -> InferenceSession:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UnpoolError(
            f"{path} cannot be opened by ONNX Runtime: {shorten_reason(error)}; export it again"
        ) from error


def _agrees(path: Path, pixels_BSSC: np.ndarray, expected_BD: np.ndarray) -> bool:
    try:
        found_BD = _open(path).run([OUTPUT], {INPUT: pixels_BSSC})[0]
    except Exception:  # a graph of one image fails in many ways when it gets several
        return False
    return found_BD.shape == expected_BD.shape and cosine(found_BD, expected_BD) >= MIN_COSINE
