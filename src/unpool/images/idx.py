"""Readers of idx files and of CIFAR's two forms."""

from __future__ import annotations

import gzip
import math
import pickletools
import zlib
from pathlib import Path

import numpy as np

from unpool.errors import UnpoolError

MAX_BYTES = 2 * 2**30  # bytes an idx file may claim to hold
CIFAR_SHAPE = 3, 32, 32


def read_idx(file: Path, num_dimensions: int) -> np.ndarray:
    """Read an idx file, gzipped or not, as uint8.

    Source: the description at the end of Y. LeCun's MNIST page.

    Args:
        file: The file; the ending `.gz` says that it is gzipped.
        num_dimensions: Dimensions that the array must have.

    Returns:
        The array.

    Raises:
        UnpoolError: On a damaged file, or one of other dimensions.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            head = stream.read(4 + 4 * num_dimensions)
            shape = tuple(int(each) for each in np.frombuffer(head[4:], ">u4"))
            # The head is believed only as far as it goes together with what follows.
            if head[:4] != bytes((0, 0, 8, num_dimensions)) or math.prod(shape) > MAX_BYTES:
                raise ValueError("its head is not that of such a file")
            content = stream.read(math.prod(shape) + 1)
        if len(shape) != num_dimensions or len(content) != math.prod(shape):
            raise ValueError(f"it should hold {math.prod(shape)} values and does not")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _damaged(file, error) from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_cifar_binary(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of CIFAR-10's binary version.

    Returns:
        Pixels (N, 32, 32, 3) uint8 and labels (N,).
    """
    records = np.fromfile(file, np.uint8)
    width = 1 + math.prod(CIFAR_SHAPE)
    if records.size == 0 or records.size % width:
        raise _damaged(file, ValueError(f"its size is no multiple of {width}"))
    records = records.reshape(-1, width)
    return _channels_last(records[:, 1:]), records[:, 0].astype(np.int64)


def read_cifar_python(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of CIFAR-10's Python version, without unpickling.

    Returns:
        Pixels (N, 32, 32, 3) uint8 and labels (N,).

    A pickle is a program, and loading one from a stranger runs it. Here its instructions are only listed,
    never carried out: the pixels are its longest string, the labels the numbers after the word `labels`.
    """
    pixels, labels, word = b"", [], ""
    try:
        for instruction, argument, _ in pickletools.genops(file.read_bytes()):
            if isinstance(argument, bytes):
                argument = argument.decode("latin-1")
            if isinstance(argument, str) and instruction.name != "GLOBAL":
                word = argument if len(argument) < 100 else word
                pixels = argument.encode("latin-1") if len(argument) > len(pixels) else pixels
            elif word == "labels" and instruction.name in ("BININT", "BININT1", "BININT2", "INT"):
                labels.append(int(str(argument)))
        flat = np.frombuffer(pixels, np.uint8).reshape(len(labels), math.prod(CIFAR_SHAPE))
    except (OSError, ValueError) as error:
        raise _damaged(file, error) from error
    return _channels_last(flat), np.array(labels, np.int64)


def _channels_last(flat: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(flat.reshape(-1, *CIFAR_SHAPE).transpose(0, 2, 3, 1))


def _damaged(file: Path, error: Exception) -> UnpoolError:
    return UnpoolError(f"'{file}' is damaged ({error}); delete it and fetch it again")
